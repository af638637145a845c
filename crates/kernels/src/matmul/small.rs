//! Which products are tiny: the loop for them is in `simd::small`.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Float;
use crate::simd::Level;
use crate::simd::small::{MAX_K, Strided, product as run};
use crate::simd::tile::Start;

/// Most multiply-adds of a tiny product: from here on, packing pays.
const MAX_WORK: usize = 4096;

/// Whether a product is tiny: each element is then one chain of multiply-adds, by this loop or,
/// where something does not lie in memory as it needs, by blocks, which are the same chain.
#[inline]
pub(super) fn is_tiny(m: usize, k: usize, n: usize) -> bool {
    k <= MAX_K && m.saturating_mul(k).saturating_mul(n) <= MAX_WORK
}

/// Computes `C ← α A B + start` if it is tiny and everything lies in memory without gaps; says
/// whether it did.
#[inline]
pub(super) fn product<F: Float>(
    level: Level,
    alpha: F,
    a: &ArrayView2<'_, F>,
    b: &ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: &mut ArrayViewMut2<'_, F>,
) -> bool {
    let ((m, k), n) = (a.dim(), b.ncols());
    if !is_tiny(m, k, n) {
        return false;
    }
    let added = match start {
        Start::Scaled(beta) => (beta, None),
        Start::Row(row) => (F::one(), Some(row)),
        Start::Column(_) => return false,
    };
    let (Some(a), Some(b)) = (strided(a), strided(b)) else { return false };
    let c_row = match *c.strides() {
        [row, 1] if row >= 0 => row.unsigned_abs(),
        _ => return false,
    };
    match c.as_slice_memory_order_mut() {
        Some(c) => {
            run(level, (m, k, n), alpha, a, b, added, (c, c_row));
            true
        }
        None => false,
    }
}

/// The matrix as a slice with strides, if none of them is negative.
#[inline]
fn strided<'a, F>(x: &ArrayView2<'a, F>) -> Option<Strided<'a, F>> {
    match *x.strides() {
        [row, column] if row >= 0 && column >= 0 => Some(Strided {
            values: x.to_slice_memory_order()?,
            row: row.unsigned_abs(),
            column: column.unsigned_abs(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2, Axis, Slice};

    use super::{MAX_K, MAX_WORK, product};
    use crate::simd::Level;
    use crate::simd::tile::Start;

    fn taken(a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, c: &mut Array2<f32>) -> bool {
        product(Level::detect(), 1.0, &a, &b, Start::Scaled(0.0), &mut c.view_mut())
    }

    // What is refused is computed by another loop, to the same sums: no other test sees the choice.
    #[test]
    fn tiny_products_without_gaps_are_taken() {
        let rows = MAX_WORK / (8 * 8);
        for (m, k, n, tiny) in [
            (1, 1, 1, true),
            (rows, 8, 8, true),
            (8, 8, rows, true),
            (rows + 1, 8, 8, false),
            (8, 8, rows + 1, false),
            (2 * rows, 8, 8, false),
            (2, MAX_K, 2, true),
            (2, MAX_K + 1, 2, false),
        ] {
            let (a, b) = (Array2::zeros((m, k)), Array2::zeros((k, n)));
            let (a_t, b_t) = (Array2::zeros((k, m)), Array2::zeros((n, k)));
            for a in [a.view(), a_t.t()] {
                for b in [b.view(), b_t.t()] {
                    assert_eq!(taken(a, b, &mut Array2::zeros((m, n))), tiny, "{m} × {k} × {n}");
                }
            }
        }

        let x = Array2::zeros((8, 8));
        let mut gaps = Array2::zeros((8, 16));
        gaps.slice_axis_inplace(Axis(1), Slice::new(0, None, 2));
        assert!(!taken(gaps.view(), x.view(), &mut x.clone()));
        assert!(!taken(x.view(), gaps.view(), &mut x.clone()));
        assert!(!taken(x.view(), x.view(), &mut gaps));
        for axis in [Axis(0), Axis(1)] {
            let mut backward = x.clone();
            backward.invert_axis(axis);
            assert!(!taken(backward.view(), x.view(), &mut x.clone()));
            assert!(!taken(x.view(), backward.view(), &mut x.clone()));
            assert!(!taken(x.view(), x.view(), &mut backward));
        }
    }
}
