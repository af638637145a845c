//! The loop of a tile, for every size of tile, type and processor.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d};

#[cfg(target_arch = "x86_64")]
use ndarray::NdFloat;

use super::broadcast;
use super::epilogue::{expect, finish};
use super::{Kernel, Operands, Run, Tiled, Write, runs};
use crate::simd::level::Level;
use crate::simd::transpose::Transposed;
use crate::simd::vector::Vector;

/// The tile of `H` rows and `N` vectors. `ALONG` says that the rows of `A` run along memory, and
/// not its columns.
///
/// # Safety
/// That of [`Vector`]; `a` holds `k` columns of `H` scalars, `b` and `c` rows of `N` vectors, at
/// their strides, and so does `old` where `β ≠ 0`.
#[inline(always)]
unsafe fn micro<F: NdFloat, V: Vector<F>, const H: usize, const N: usize, const ALONG: bool>(
    o: &Operands<F>,
) {
    // SAFETY: every access is one that the caller vouches for.
    unsafe {
        let mut acc = [[V::splat(F::zero()); N]; H]; // 1, 2
        expect::<F, V, H, N>(o);
        let (row_step, step) = if ALONG { (o.lda, 1) } else { (1, o.lda) };
        let (mut a, mut b) = (o.a, o.b);
        if o.k % 2 == 1 {
            let row: [V; N] = std::array::from_fn(|n| V::load(b.add(n * V::LANES)));
            acc = std::array::from_fn(|i| {
                let scalar = V::splat(*a.add(i * row_step));
                row.map(|b| scalar.mul_add(b, V::splat(F::zero())))
            });
            // What is stepped over after the last line is no part of an allocation: such a pointer
            // may exist as one that has wrapped, but not as the result of `add`.
            (a, b) = (a.wrapping_add(step), b.wrapping_add(o.ldb));
        }
        // Two steps of `p` at a time, because the additions to pointers and counter cost time, too.
        for _ in 0..o.k / 2 {
            for p in 0..2 {
                let (a, b) = (a.add(p * step), b.add(p * o.ldb));
                let mut row = [V::splat(F::zero()); N];
                for (n, vector) in row.iter_mut().enumerate() {
                    *vector = V::load(b.add(n * V::LANES));
                }
                for (i, acc) in acc.iter_mut().enumerate() {
                    let scalar = V::splat(*a.add(i * row_step));
                    for (acc, &b) in acc.iter_mut().zip(&row) {
                        *acc = scalar.mul_add(b, *acc);
                    }
                }
            }
            (a, b) = (a.wrapping_add(2 * step), b.wrapping_add(2 * o.ldb));
        }
        finish(o, acc);
    }
}

/// A function that picks a loop by its numbers of rows and vectors. Each of them is a function of
/// its own, because within one large function the compiler moves the sums out of their registers.
macro_rules! kernel {
    ($(#[$features:meta])* $name:ident: $F:ty, rows $($h:literal)*, $($one:tt)*) => {
        /// # Safety
        /// That of [`micro`], on a processor with the features named.
        $(#[$features])*
        unsafe fn $name(h: usize, vectors: usize, operands: &Operands<$F>) {
            /// # Safety
            /// The same.
            #[inline(never)]
            $(#[$features])*
            unsafe fn one<const H: usize, const N: usize>(operands: &Operands<$F>) {
                // SAFETY: the caller's, passed on.
                unsafe { $($one)*(operands) }
            }
            // SAFETY: the caller's, passed on.
            unsafe {
                // 3
                match (h, vectors) {
                    $(($h, 1) => one::<$h, 1>(operands),)*
                    $(($h, 2) => one::<$h, 2>(operands),)*
                    _ => unreachable!("a tile of {h} rows"),
                }
            }
        }
    };
}

kernel!(portable_f32: f32, rows 1 2 3 4, micro::<f32, [f32; 4], H, N, false>);
kernel!(portable_f32_along: f32, rows 1 2 3 4, micro::<f32, [f32; 4], H, N, true>);
kernel!(portable_f64: f64, rows 1 2 3 4, micro::<f64, [f64; 4], H, N, false>);
kernel!(portable_f64_along: f64, rows 1 2 3 4, micro::<f64, [f64; 4], H, N, true>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f32: f32, rows 1 2 3 4 5 6, micro::<f32, __m256, H, N, false>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f32_along: f32, rows 1 2 3 4 5 6, micro::<f32, __m256, H, N, true>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f64: f64, rows 1 2 3 4 5 6, micro::<f64, __m256d, H, N, false>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f64_along: f64, rows 1 2 3 4 5 6, micro::<f64, __m256d, H, N, true>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f32: f32, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14, broadcast::columns_f32::<H, N>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f32_along: f32, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14, broadcast::rows_f32::<H, N>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f64: f64, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14, broadcast::columns_f64::<H, N>);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f64_along: f64, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14, broadcast::rows_f64::<H, N>);

macro_rules! tiled {
    ($F:ty: $portable:ident $portable_along:ident, $avx2:ident $avx2_along:ident of $avx2_lanes:literal, $avx512:ident $avx512_along:ident of $avx512_lanes:literal) => {
        impl Tiled for $F {
            #[inline]
            fn kernel(level: Level) -> Kernel<Self> {
                let (rows, lanes, [by_columns, by_rows], runs): (
                    _,
                    _,
                    [Run<Self>; 2],
                    Write<Self>,
                ) = match level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => (14, $avx512_lanes, [$avx512, $avx512_along], runs::$avx512),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => (6, $avx2_lanes, [$avx2, $avx2_along], runs::$avx2),
                    _ => (4, 4, [$portable, $portable_along], runs::$portable),
                };
                Kernel { rows, lanes, by_columns, by_rows, runs, transpose: Self::transpose(level) }
            }
        }
    };
}

tiled!(f32: portable_f32 portable_f32_along, avx2_f32 avx2_f32_along of 8, avx512_f32 avx512_f32_along of 16);
tiled!(f64: portable_f64 portable_f64_along, avx2_f64 avx2_f64_along of 4, avx512_f64 avx512_f64_along of 8);
