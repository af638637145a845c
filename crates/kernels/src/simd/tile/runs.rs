//! The epilogue of a tile in an array: where the edge of `C` is no whole vector, or where the
//! columns of `C` run along memory.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use ndarray::NdFloat;

use super::Start;
use crate::simd::vector::Vector;

/// `C[r][i] ← from[ld r + i] + start` for `count` runs of `length` scalars, those of `C` `ldc`
/// apart: its rows, or its columns where these run along memory.
///
/// # Safety
/// That of [`Vector`]; `c` holds the runs.
#[inline(always)]
unsafe fn runs<F: NdFloat, V: Vector<F>>(
    from: &[F],
    ld: usize,
    (count, length): (usize, usize),
    start: Start<'_, F>,
    (c, ldc): (*mut F, usize),
) {
    assert!(from.len() >= ld * count && ld >= length.next_multiple_of(V::LANES));
    // SAFETY: `n` lanes from `i` on end within the run, and so do the values of a row.
    unsafe {
        match start {
            Start::Scaled(beta) if beta == F::zero() => {
                each::<F, V>(from, ld, (count, length), (c, ldc), |value, _, _| value);
            }
            Start::Scaled(beta) => {
                let beta = V::splat(beta);
                each::<F, V>(from, ld, (count, length), (c, ldc), |value, (r, i), n| {
                    value.add(beta.mul(V::load_part(c.add(r * ldc + i), n)))
                });
            }
            Start::Row(row) => {
                let row = &row[..length];
                each::<F, V>(from, ld, (count, length), (c, ldc), |value, (_, i), n| {
                    value.add(V::load_part(row.as_ptr().add(i), n))
                });
            }
            Start::Column(column) => {
                each::<F, V>(from, ld, (count, length), (c, ldc), |value, (r, _), _| {
                    value.add(V::splat(column[r]))
                });
            }
        }
    }
}

/// Writes every vector of every run, the last of which may be shorter: `add` gets its values, its
/// place `(r, i)` and its length.
///
/// # Safety
/// That of [`runs`], and `from` holds the runs.
#[inline(always)]
unsafe fn each<F: NdFloat, V: Vector<F>>(
    from: &[F],
    ld: usize,
    (count, length): (usize, usize),
    (c, ldc): (*mut F, usize),
    add: impl Fn(V, (usize, usize), usize) -> V,
) {
    for r in 0..count {
        for i in (0..length).step_by(V::LANES) {
            let n = V::LANES.min(length - i);
            // SAFETY: the caller's.
            unsafe {
                let value = V::load(from.as_ptr().add(ld * r + i));
                add(value, (r, i), n).store_part(c.add(r * ldc + i), n);
            }
        }
    }
}

macro_rules! writer {
    ($(#[$features:meta])* $name:ident: $F:ty, $V:ty) => {
        /// # Safety
        /// That of [`runs`], on a processor with the features named.
        $(#[$features])*
        pub(super) unsafe fn $name(
            from: &[$F],
            ld: usize,
            shape: (usize, usize),
            start: Start<'_, $F>,
            c: (*mut $F, usize),
        ) {
            // SAFETY: the caller's, passed on.
            unsafe { runs::<$F, $V>(from, ld, shape, start, c) }
        }
    };
}

writer!(portable_f32: f32, [f32; 4]);
writer!(portable_f64: f64, [f64; 4]);
#[cfg(target_arch = "x86_64")]
writer!(#[target_feature(enable = "avx2,fma")] avx2_f32: f32, __m256);
#[cfg(target_arch = "x86_64")]
writer!(#[target_feature(enable = "avx2,fma")] avx2_f64: f64, __m256d);
#[cfg(target_arch = "x86_64")]
writer!(#[target_feature(enable = "avx512f")] avx512_f32: f32, __m512);
#[cfg(target_arch = "x86_64")]
writer!(#[target_feature(enable = "avx512f")] avx512_f64: f64, __m512d);
