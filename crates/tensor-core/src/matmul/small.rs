//! Which products are tiny, and how they reach the loop for them, [`simd::small`](crate::simd).

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Float;
use crate::simd::Level;
use crate::simd::small::{MAX_K, Strided, product as run};
use crate::simd::tile::Start;

/// Most multiply-adds: beyond, the panels of `blocked` pay for their packing.
const MAX_WORK: usize = 4096;

/// Whether the product is tiny, and everything lies in memory without gaps. Then it is done.
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
    if m * k * n > MAX_WORK || k > MAX_K {
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
        _ if n == 1 && m == 1 => 1,
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
