//! The product of a few rows with a matrix whose columns run along memory, as in `X Wᵀ`: each
//! element is a scalar product `C[i, j] = α Σ_p A[i, p] B[p, j] + start`, and `B` is not packed.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::Float;
use crate::simd::Level;
use crate::simd::dots::{MAX_ROWS, MAX_SUMS, MAX_TOGETHER, TOGETHER};
use crate::simd::tile::Start;

/// Multiply-adds that pay for handing them to another thread. Fewer than in blocks, because reading
/// `B` is what takes the time here.
pub(super) const PART: usize = 1 << 16;

/// Most rows.
const FEW_ROWS: usize = 2 * MAX_ROWS;

/// Shortest `K`, by the number of rows, from which scalar products are faster than packing `B`. For
/// a shorter one, adding up the lanes of the sums at the end costs more. Measured in `f32` with
/// AVX-512.
const LEAST_K: [usize; FEW_ROWS + 1] = [0, 0, 64, 256, 256, 512, 512, 512, 512];

/// Whether [`product`] computes this one: few rows. Its sums are added up in another order than
/// those of blocks, so only the shape decides, never where the matrices lie in memory.
pub(super) fn fits(m: usize, k: usize) -> bool {
    LEAST_K.get(m).is_some_and(|&least| k >= least)
}

/// Columns that are copied at a time where they do not run along memory.
const COPIED: usize = 16;

/// `C ← α A B + start`, on one thread. An `A` whose rows do not run along memory is copied first,
/// and so are columns of `B` that do not.
pub(super) fn product<F: Float>(
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: &mut ArrayViewMut2<'_, F>,
) {
    let (k, n) = b.dim();
    let along = |stride: isize| stride == 1 || k <= 1;
    let a_length = if along(a.strides()[1]) { 0 } else { a.len() };
    let b_length = if along(b.strides()[0]) { 0 } else { k * COPIED.min(n) };
    if a_length + b_length == 0 {
        return in_order(level, alpha, a, b, start, c);
    }
    F::with_packing(a_length, b_length, |a_copy, b_copy| {
        let a = if a_length == 0 { Some(a) } else { copied(a, a_copy) };
        let Some(a) = a else { return };
        if b_length == 0 {
            return in_order(level, alpha, a, b, start, c);
        }
        for j0 in (0..n).step_by(COPIED) {
            let range = j0..n.min(j0 + COPIED);
            let columns = b.slice_axis(Axis(1), range.clone().into()).reversed_axes();
            let Some(columns) = copied(columns, b_copy) else { return };
            let mut c = c.slice_axis_mut(Axis(1), range.into());
            in_order(level, alpha, a, columns.reversed_axes(), start.from(0, j0), &mut c);
        }
    });
}

/// The same matrix, row after row in other memory.
fn copied<'a, F: Float>(from: ArrayView2<'_, F>, to: &'a mut [F]) -> Option<ArrayView2<'a, F>> {
    let to = to.get_mut(..from.len())?;
    to.iter_mut().zip(from.iter()).for_each(|(to, &from)| *to = from);
    ArrayView2::from_shape(from.dim(), to).ok()
}

/// The same with an `A` whose rows run along memory, and a `B` whose columns do.
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
    let mut rows = [[].as_slice(); FEW_ROWS];
    for (slot, row) in rows.iter_mut().zip(a.rows()) {
        *slot = row.to_slice().unwrap_or_default();
    }
    let rows = &rows[..m];
    // The first rows are the most at a time; the last ones, fewer, may take as many columns.
    let together = TOGETHER[m.min(MAX_ROWS)];
    let mut remaining = b.columns().into_iter();
    for j0 in (0..n).step_by(together.max(1)) {
        let w = together.min(n - j0);
        let mut columns = [[].as_slice(); MAX_TOGETHER];
        for (slot, column) in columns.iter_mut().zip(remaining.by_ref().take(w)) {
            *slot = column.to_slice().unwrap_or_default();
        }
        // The columns stay in the first-level cache while all rows pass by.
        for (i0, rows) in (0..m).step_by(MAX_ROWS).zip(rows.chunks(MAX_ROWS)) {
            let mut sums = [F::zero(); MAX_SUMS];
            dots.run(rows, &columns[..w], &mut sums);
            for (i, sums) in (i0..).zip(sums.chunks_exact(w)).take(rows.len()) {
                for (j, &sum) in sums.iter().enumerate() {
                    start.add(alpha * sum, &mut c[[i, j0 + j]], (i, j0 + j));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW_ROWS, LEAST_K, fits};

    // Where scalar products do not fit, blocks give the same to a few units of the last place: no
    // other test sees the choice.
    #[test]
    fn a_few_long_rows_fit() {
        for m in 0..=FEW_ROWS + 1 {
            for k in [1, 2, 63, 64, 255, 256, 511, 512, 2000] {
                let long = LEAST_K.get(m).is_some_and(|&least| k >= least);
                assert_eq!(fits(m, k), long, "{m} × {k}");
            }
        }
    }
}
