//! What stands before and after the loop of a tile: prefetching `C`, and writing it.

use ndarray::NdFloat;

use super::Operands;
use crate::simd::vector::Vector;

/// Prefetches the tile of `C`, which the epilogue reads and writes.
#[inline(always)]
pub(super) fn expect<F: NdFloat, V: Vector<F>, const H: usize, const N: usize>(o: &Operands<F>) {
    for i in 0..H {
        for n in 0..N {
            V::expect(o.c.wrapping_add(i * o.ldc + n * V::LANES));
        }
    }
}

/// The epilogue `C ← α acc + β old`.
///
/// # Safety
/// That of [`micro`].
#[inline(always)]
pub(super) unsafe fn finish<F: NdFloat, V: Vector<F>, const H: usize, const N: usize>(
    o: &Operands<F>,
    acc: [[V; N]; H],
) {
    // SAFETY: the caller's.
    unsafe {
        let (alpha, beta) = (V::splat(o.alpha), V::splat(o.beta));
        for (i, acc) in acc.iter().enumerate() {
            for (n, &acc) in acc.iter().enumerate() {
                // A factor 1 changes nothing, and multiplying by it costs time where `k` is small.
                let mut value = if o.alpha == F::one() { acc } else { alpha.mul(acc) };
                if o.beta != F::zero() {
                    let old = V::load(o.old.add(i * o.ld_old + n * V::LANES));
                    value = value.add(beta.mul(old));
                }
                value.store(o.c.add(i * o.ldc + n * V::LANES));
            }
        }
    }
}
