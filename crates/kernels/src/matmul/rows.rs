//! The product of a few rows with a matrix whose columns run along memory, as in `X Wᵀ`: each
//! element is a scalar product `C[i, j] = α Σ_p A[i, p] B[p, j] + start`, and `B` is not packed.

use ndarray::{ArrayView2, ArrayViewMut2};

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

/// Whether [`product`] computes this one: few rows, and a `B` whose columns run along memory.
pub(super) fn fits<F>(a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>) -> bool {
    let (m, k) = a.dim();
    LEAST_K.get(m).is_some_and(|&least| k >= least) && (b.strides()[0] == 1 || b.nrows() <= 1)
}

/// `C ← α A B + start`, on one thread. An `A` whose rows do not run along memory is copied first.
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
    use ndarray::Array2;

    use super::{FEW_ROWS, LEAST_K, fits};

    // Where scalar products do not fit, blocks give the same to a few units of the last place: no
    // other test sees the choice.
    #[test]
    fn a_few_long_rows_fit() {
        for m in 0..=FEW_ROWS + 1 {
            for k in [1, 2, 63, 64, 255, 256, 511, 512, 2000] {
                let a = Array2::<f32>::zeros((m, k));
                let long = LEAST_K.get(m).is_some_and(|&least| k >= least);
                let along_k = Array2::zeros((5, k));
                assert_eq!(fits(&a.view(), &along_k.t()), long, "{m} × {k}");
                // A matrix of one row runs along K, too.
                let across_k = Array2::zeros((k, 5));
                assert_eq!(fits(&a.view(), &across_k.view()), long && k == 1, "{m} × {k}");
            }
        }
    }
}
