//! What the backward passes of softmax and of its logarithm share: the walk over the rows.

use std::marker::PhantomData;

use ndarray::{ArrayRef2, ArrayView1, ArrayViewMut1};
use tensor_core::Float;
use tensor_core::functions::exponentials::{self, Exponentials};
use tensor_core::simd::{Loop, vectorized};

/// A gradient that needs the exponentials of a row of `Z`.
pub(crate) trait RowGradient {
    /// `dLdZ[n,·]` from `dLdA[n,·]` and the exponentials of `Z[n,·]`. `#[inline(always)]`, because
    /// it runs inside a vectorized loop.
    fn write<F: Float>(
        exponentials: &mut Exponentials<'_, F>,
        n: usize,
        dy: ArrayView1<'_, F>,
        dx: ArrayViewMut1<'_, F>,
    );
}

/// Whether a gradient that is made of this sum and any number of the type has not overflowed on the
/// way. A sum up to `2⁹⁶⁹` does not show beside the largest `f64`; numbers of `f32` never overflow.
#[inline(always)]
pub(crate) fn has_room<F: Float>(sum: f64) -> bool {
    const LARGEST: f64 = f64::MAX * f64::EPSILON / 8.0;
    F::NARROW || sum.abs() <= LARGEST
}

/// Writes `dLdZ` row by row; many rows on several threads.
pub(crate) fn write_rows<F: Float, G: RowGradient>(
    [z, da]: [&ArrayRef2<F>; 2],
    dz: &mut ArrayRef2<F>,
) {
    exponentials::for_each_part(z, da, dz, |x, dy, dx| {
        vectorized(Rows { x, dy, dx, gradient: PhantomData::<G> });
    });
}

struct Rows<'a, F, G> {
    x: &'a ArrayRef2<F>,
    dy: &'a ArrayRef2<F>,
    dx: &'a mut ArrayRef2<F>,
    gradient: PhantomData<G>,
}

impl<F: Float, G: RowGradient> Loop for Rows<'_, F, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut exponentials = Exponentials::new(self.x);
        for (n, (dy, dx)) in self.dy.rows().into_iter().zip(self.dx.rows_mut()).enumerate() {
            G::write(&mut exponentials, n, dy, dx);
        }
    }
}
