//! Matrices for tests, in every layout.

use ndarray::{Array2, Axis, Slice};

use crate::Float;
use crate::random::Rng;

pub(super) fn random<F: Float>(rng: &mut Rng, rows: usize, cols: usize) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()))
}

/// How the values of a matrix lie in memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Layout {
    Standard,
    Transposed,
    /// Rows without gaps, some of a larger matrix and not from its beginning on.
    Within,
    /// Every second row and every third column of a larger matrix.
    Gaps,
    /// The last row first.
    Upward,
    /// The last element of each row first.
    Leftward,
}

use Layout::{Gaps, Leftward, Standard, Transposed, Upward, Within};

impl Layout {
    pub(super) const ALL: [Self; 6] = [Standard, Transposed, Within, Gaps, Upward, Leftward];
}

/// The same values, laid out like that.
pub(super) fn laid_out<F: Float>(a: Array2<F>, layout: Layout) -> Array2<F> {
    let backward = |mut a: Array2<F>, axis| {
        a.invert_axis(axis);
        let mut same = a.as_standard_layout().into_owned();
        same.invert_axis(axis);
        same
    };
    let cut = |larger: (usize, usize), rows, columns| {
        let mut part = Array2::from_elem(larger, F::nan());
        part.slice_axis_inplace(Axis(0), rows);
        part.slice_axis_inplace(Axis(1), columns);
        part.assign(&a);
        part
    };
    let (m, n) = a.dim();
    match layout {
        Standard => a,
        Transposed => a.t().as_standard_layout().into_owned().reversed_axes(),
        Within => cut((m + 2, n + 3), (1..m + 1).into(), (2..n + 2).into()),
        Gaps => cut((2 * m, 3 * n), Slice::new(0, None, 2), Slice::new(0, None, 3)),
        Upward => backward(a, Axis(0)),
        Leftward => backward(a, Axis(1)),
    }
}
