//! The product of a few rows with a matrix whose columns run along memory, as in `X Wᵀ`: scalar products, and `B` is not packed.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Float;
use crate::simd::Level;
use crate::simd::dots::{MAX_ROWS, MAX_SUMS, MAX_TOGETHER, TOGETHER};
use crate::simd::tile::Start;

/// Whether [`product`] can compute this: few rows, and a `B` that runs along `K`.
pub(super) fn fits<F>(a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>) -> bool {
    a.nrows() <= MAX_ROWS && (b.strides()[0] == 1 || b.nrows() <= 1)
}

/// `C ← α A B + start`, on one thread.
pub(super) fn product<F: Float>(
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: &mut ArrayViewMut2<'_, F>,
) {
    if a.strides()[1] == 1 || a.ncols() <= 1 {
        return in_order(level, alpha, a, b, start, c);
    }
    F::with_packing(a.len(), 0, |copy, _| {
        let copy = &mut copy[..a.len()];
        for (to, &from) in copy.iter_mut().zip(a.iter()) {
            *to = from;
        }
        if let Ok(a) = ArrayView2::from_shape(a.dim(), copy) {
            in_order(level, alpha, a, b, start, c);
        }
    });
}

/// The same with an `A` whose rows run along memory.
fn in_order<F: Float>(
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: &mut ArrayViewMut2<'_, F>,
) {
    let dots = F::dots(level);
    let (m, n) = c.dim();
    let mut rows = [[].as_slice(); MAX_ROWS];
    for (slot, row) in rows.iter_mut().zip(a.rows()) {
        *slot = row.to_slice().unwrap_or_default();
    }
    let rows = &rows[..m];
    let together = TOGETHER[m];
    let mut remaining = b.columns().into_iter();
    for j0 in (0..n).step_by(together.max(1)) {
        let w = together.min(n - j0);
        let mut columns = [[].as_slice(); MAX_TOGETHER];
        for (slot, column) in columns.iter_mut().zip(remaining.by_ref().take(w)) {
            *slot = column.to_slice().unwrap_or_default();
        }
        let mut sums = [F::zero(); MAX_SUMS];
        dots.run(rows, &columns[..w], &mut sums);
        for (i, sums) in sums.chunks_exact(w).take(m).enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                start.add(alpha * sum, &mut c[[i, j0 + j]], (i, j0 + j));
            }
        }
    }
}
