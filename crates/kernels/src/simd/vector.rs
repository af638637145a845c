//! A vector register, with the operations that the matrix product needs.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use ndarray::NdFloat;

/// One vector register of `F`s.
///
/// # Safety
/// The methods of an implementation for a processor's registers may run only on a processor that
/// has them, and only inlined into a function compiled for them; `load` and `store` touch
/// [`LANES`](Vector::LANES) scalars at the pointer.
pub(super) unsafe trait Vector<F>: Copy {
    const LANES: usize;
    unsafe fn splat(value: F) -> Self;
    unsafe fn load(from: *const F) -> Self;
    unsafe fn store(self, to: *mut F);
    /// The first `n ≤ LANES` scalars, and zeros.
    unsafe fn load_part(from: *const F, n: usize) -> Self;
    /// The first `n ≤ LANES` lanes.
    unsafe fn store_part(self, to: *mut F, n: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// The sum of the lanes: halves added to each other until one scalar is left.
    unsafe fn sum(self) -> F;
    /// Prefetches the cache line at the pointer. It changes no value.
    fn expect(_at: *mut F) {}
    /// `self · factor + term`, in one rounding where the processor can.
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self;
}

/// Four scalars in an array: what compilers turn into a register of any processor.
// SAFETY: no instruction beyond the target's own; `load` and `store` touch four scalars.
unsafe impl<F: NdFloat> Vector<F> for [F; 4] {
    const LANES: usize = 4;

    #[inline(always)]
    unsafe fn splat(value: F) -> Self {
        [value; 4]
    }

    #[inline(always)]
    unsafe fn load(from: *const F) -> Self {
        // SAFETY: the caller vouches for four scalars; an array of them has their alignment.
        unsafe { from.cast::<Self>().read() }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut F) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<Self>().write(self) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const F, n: usize) -> Self {
        // SAFETY: the caller vouches for `n` scalars.
        std::array::from_fn(|lane| if lane < n { unsafe { *from.add(lane) } } else { F::zero() })
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut F, n: usize) {
        for (lane, value) in self.into_iter().enumerate().take(n) {
            // SAFETY: as in `load_part`.
            unsafe { *to.add(lane) = value }
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] + other[lane])
    }

    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        std::array::from_fn(|lane| self[lane] * other[lane])
    }

    #[inline(always)]
    unsafe fn sum(self) -> F {
        (self[0] + self[2]) + (self[1] + self[3])
    }

    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
        // Without the instruction a fused product is a slow call into the C library.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|lane| self[lane].mul_add(factor[lane], term[lane]))
        } else {
            std::array::from_fn(|lane| self[lane] * factor[lane] + term[lane])
        }
    }
}

/// A register of the processor, each of whose operations is an intrinsic.
#[cfg(target_arch = "x86_64")]
macro_rules! register {
    ($register:ident of $lanes:literal $F:ident: $splat:ident $load:ident $store:ident $add:ident $mul:ident $mul_add:ident, |$from:ident, $n:ident| $load_part:expr, |$to:ident, $count:ident, $value:ident| $store_part:expr) => {
        // SAFETY: each method is one instruction of the register's kind; loads and stores are the
        // unaligned ones.
        unsafe impl Vector<$F> for std::arch::x86_64::$register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(value: $F) -> Self {
                // SAFETY: of this and the following: the trait's contract, passed on.
                unsafe { std::arch::x86_64::$splat(value) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $F) -> Self {
                unsafe { std::arch::x86_64::$load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $F) {
                unsafe { std::arch::x86_64::$store(to, self) }
            }

            #[inline(always)]
            fn expect(at: *mut $F) {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                // SAFETY: a prefetch never faults, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast_const().cast()) }
            }

            #[inline(always)]
            unsafe fn load_part($from: *const $F, $n: usize) -> Self {
                unsafe { $load_part }
            }

            #[inline(always)]
            unsafe fn store_part(self, $to: *mut $F, $count: usize) {
                let $value = self;
                unsafe { $store_part }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { std::arch::x86_64::$add(self, other) }
            }

            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { std::arch::x86_64::$mul(self, other) }
            }

            #[inline(always)]
            unsafe fn sum(self) -> $F {
                let mut lanes = [0.0; $lanes];
                // SAFETY: as many places as lanes.
                unsafe { self.store(lanes.as_mut_ptr()) };
                let mut half = $lanes / 2;
                while half > 0 {
                    for lane in 0..half {
                        lanes[lane] += lanes[lane + half];
                    }
                    half /= 2;
                }
                lanes[0]
            }

            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
                unsafe { std::arch::x86_64::$mul_add(self, factor, term) }
            }
        }
    };
}

/// A mask for `n` lanes begins at the place `8 − n`: `-1` for those that take part.
#[cfg(target_arch = "x86_64")]
static FIRST_OF_8: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

/// The same for four lanes of twice the width.
#[cfg(target_arch = "x86_64")]
static FIRST_OF_4: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];

#[cfg(target_arch = "x86_64")]
register!(__m256 of 8 f32: _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_mul_ps _mm256_fmadd_ps,
    |from, n| _mm256_maskload_ps(from, _mm256_loadu_si256(FIRST_OF_8.as_ptr().add(8 - n).cast())),
    |to, n, value| _mm256_maskstore_ps(to, _mm256_loadu_si256(FIRST_OF_8.as_ptr().add(8 - n).cast()), value));
#[cfg(target_arch = "x86_64")]
register!(__m256d of 4 f64: _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_mul_pd _mm256_fmadd_pd,
    |from, n| _mm256_maskload_pd(from, _mm256_loadu_si256(FIRST_OF_4.as_ptr().add(4 - n).cast())),
    |to, n, value| _mm256_maskstore_pd(to, _mm256_loadu_si256(FIRST_OF_4.as_ptr().add(4 - n).cast()), value));
#[cfg(target_arch = "x86_64")]
register!(__m512 of 16 f32: _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_mul_ps _mm512_fmadd_ps,
    |from, n| _mm512_maskz_loadu_ps(u16::MAX >> (16 - n), from),
    |to, n, value| _mm512_mask_storeu_ps(to, u16::MAX >> (16 - n), value));
#[cfg(target_arch = "x86_64")]
register!(__m512d of 8 f64: _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_mul_pd _mm512_fmadd_pd,
    |from, n| _mm512_maskz_loadu_pd(u8::MAX >> (8 - n), from),
    |to, n, value| _mm512_mask_storeu_pd(to, u8::MAX >> (8 - n), value));
