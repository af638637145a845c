//! How a product is cut into parts for several threads.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::simd::tile::Start;
use crate::{Float, parallel};

/// Columns, or rows, that stay together: a whole number of vectors. Whole tiles would make parts of
/// less equal size.
const STEP: usize = 16;

/// Rows of a part of `dYᵀ X`, at least.
const LEAST_ROWS: usize = 32;

/// From so many times as many columns as rows on, `dYᵀ X` is cut along its columns in any case: cut
/// into rows, every thread reads all of `X`, which is then much larger than `dY`.
const WIDE: usize = 3;

/// Whether the parts of `C` are rows, and not columns.
///
/// `C` is cut along its longer side. The exception is `dYᵀ X`, which is cut into rows, because the
/// update of `W` and the next `X Wᵀ` are cut so as well: each thread then finds in its caches what
/// it wrote itself.
fn into_rows<F>(a: &ArrayView2<'_, F>, n: usize, parts: usize) -> bool {
    let m = a.nrows();
    let transposed = a.strides()[0] == 1 && a.strides()[1] != 1;
    n < m || (transposed && n < WIDE * m && m >= LEAST_ROWS * parts)
}

/// Cuts `C` into parts of at least `part` multiply-adds and runs `work` on them.
pub(super) fn in_parts<F: Float>(
    part: usize,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    mut c: ArrayViewMut2<'_, F>,
    work: impl Fn(ArrayView2<'_, F>, ArrayView2<'_, F>, Start<'_, F>, &mut ArrayViewMut2<'_, F>) + Sync,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    let parts = parallel::parts(m.saturating_mul(n).saturating_mul(k), part);
    if parts == 1 {
        work(a, b, start, &mut c);
        return;
    }
    let axis = Axis(usize::from(!into_rows(&a, n, parts)));
    let step = c.len_of(axis).div_ceil(parts).next_multiple_of(STEP);
    let chunks = c.axis_chunks_iter_mut(axis, step).enumerate();
    parallel::for_each(chunks, |(chunk, mut c)| {
        let first = chunk * step;
        let range = (first..first + c.len_of(axis)).into();
        if axis == Axis(1) {
            work(a, b.slice_axis(axis, range), start.from(0, first), &mut c);
        } else {
            work(a.slice_axis(axis, range), b, start.from(first, 0), &mut c);
        }
    });
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2};

    use super::{LEAST_ROWS, WIDE, into_rows};

    // How C is cut changes no bit: no other test sees the choice.
    #[test]
    fn the_longer_side_is_cut_or_the_rows_of_a_gradient() {
        let array = |rows, columns| Array2::<f32>::zeros((rows, columns));
        let rows = |a: ArrayView2<'_, f32>, n| into_rows(&a, n, 2);
        assert!(rows(array(65, 9).view(), 64));
        assert!(!rows(array(64, 9).view(), 64));
        let least = 2 * LEAST_ROWS;
        assert!(rows(array(9, least).t(), WIDE * least - 1));
        assert!(!rows(array(9, least).t(), WIDE * least));
        assert!(!rows(array(9, least - 1).t(), least - 1));
        assert!(rows(array(9, least - 1).t(), least - 2));
        // A single column lies in memory as a row does.
        assert!(!rows(array(least, 1).view(), least));
    }
}
