//! Scalar products of rows: the matrix product of a few rows, whose `B` is read once and not worth
//! packing.
//!
//! ```text
//! for i in 0..h { for j in 0..w { out[i][j] = Σ_p a[i][p] · b[j][p] } }
//! ```
//!
//! Here:
//!
//! 1. A sum is as many partial sums as a register has lanes, the lane of `p` being `p mod LANES`,
//!    because a register adds all of them at once. The lanes are added at the end, and the
//!    remainder of `k` is filled up with zeros.
//! 2. Several rows of `a` and of `b` are multiplied at a time, because one sum alone would wait for
//!    each of its additions. Which rows are computed together changes no bit.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use ndarray::NdFloat;

use super::level::Level;
use super::vector::Vector;

/// Rows of `a` that are computed together, at most.
pub(crate) const MAX_ROWS: usize = 4;

/// Rows of `b` that are computed together, by the number of rows of `a`: enough independent sums to
/// keep the processor busy.
pub(crate) const TOGETHER: [usize; MAX_ROWS + 1] = [0, 4, 4, 3, 3];

/// The largest of these.
pub(crate) const MAX_TOGETHER: usize = 4;

/// Most sums computed together.
pub(crate) const MAX_SUMS: usize = 12;

type Run<F> = unsafe fn(
    usize,
    usize,
    usize,
    [*const F; MAX_ROWS],
    [*const F; MAX_TOGETHER],
    &mut [F; MAX_SUMS],
);

/// The loop for one type on one processor.
#[derive(Clone, Copy)]
pub(crate) struct Dots<F> {
    run: Run<F>,
}

impl<F: NdFloat> Dots<F> {
    /// `out[i w + j] = a[i] · b[j]` for at most `TOGETHER[a.len()]` rows `b`, `w = b.len()`.
    pub(crate) fn run(&self, a: &[&[F]], b: &[&[F]], out: &mut [F; MAX_SUMS]) {
        let (Some(first_a), Some(first_b)) = (a.first(), b.first()) else { return };
        let k = first_a.len();
        assert!(a.len() <= MAX_ROWS && b.len() <= TOGETHER[a.len()]);
        assert!(a.iter().chain(b).all(|row| row.len() == k));
        let (mut rows, mut columns) =
            ([first_a.as_ptr(); MAX_ROWS], [first_b.as_ptr(); MAX_TOGETHER]);
        for (pointer, row) in rows.iter_mut().zip(a) {
            *pointer = row.as_ptr();
        }
        for (pointer, row) in columns.iter_mut().zip(b) {
            *pointer = row.as_ptr();
        }
        // SAFETY: every pointer has `k` scalars behind it, and `run` belongs to a processor that
        // was asked.
        unsafe { (self.run)(a.len(), b.len(), k, rows, columns, out) }
    }
}

/// `H × W` scalar products.
///
/// # Safety
/// That of [`Vector`]; `k` scalars behind the first `H` and `W` pointers.
#[inline(always)]
unsafe fn micro<F: NdFloat, V: Vector<F>, const H: usize, const W: usize>(
    k: usize,
    a: [*const F; MAX_ROWS],
    b: [*const F; MAX_TOGETHER],
    out: &mut [F; MAX_SUMS],
) {
    // SAFETY: every access is one that the caller vouches for.
    unsafe {
        let mut acc = [[V::splat(F::zero()); W]; H];
        let whole = k - k % V::LANES;
        let mut p = 0;
        while p < whole {
            // 1
            add_products::<F, V, H, W, true>(&mut acc, a, b, (p, V::LANES));
            p += V::LANES;
        }
        if whole < k {
            add_products::<F, V, H, W, false>(&mut acc, a, b, (whole, k - whole));
        }
        for (i, acc) in acc.iter().enumerate() {
            for (j, acc) in acc.iter().enumerate() {
                out[i * W + j] = acc.sum(); // 1
            }
        }
    }
}

/// `acc[i][j] += a[i][p..p + n] · b[j][p..p + n]`, lane by lane. `WHOLE` says that `n` fills a
/// vector; what is missing of one is 0.
///
/// # Safety
/// That of [`micro`]; `n` scalars from the place `p` on.
#[inline(always)]
unsafe fn add_products<
    F: NdFloat,
    V: Vector<F>,
    const H: usize,
    const W: usize,
    const WHOLE: bool,
>(
    acc: &mut [[V; W]; H],
    a: [*const F; MAX_ROWS],
    b: [*const F; MAX_TOGETHER],
    (p, n): (usize, usize),
) {
    // SAFETY: the caller's.
    unsafe {
        let mut column = [V::splat(F::zero()); W];
        for (vector, row) in column.iter_mut().zip(b) {
            let from = row.add(p);
            *vector = if WHOLE { V::load(from) } else { V::load_part(from, n) };
            if WHOLE && W > 1 {
                // The same place of the rows that come next: where a matrix does not fit into the
                // second-level cache, a few streams far apart arrive late without it.
                let distance = b[1].addr().wrapping_sub(b[0].addr()) as isize;
                V::expect(from.wrapping_byte_offset(W as isize * distance).cast_mut());
            }
        }
        for (acc, row) in acc.iter_mut().zip(a) {
            let from = row.add(p);
            let row = if WHOLE { V::load(from) } else { V::load_part(from, n) };
            for (acc, &b) in acc.iter_mut().zip(&column) {
                *acc = row.mul_add(b, *acc);
            }
        }
    }
}

/// A function that picks `micro` by its numbers of rows.
macro_rules! dots {
    ($(#[$features:meta])* $name:ident: $F:ty, $V:ty) => {
        /// # Safety
        /// That of [`micro`], on a processor with the features named.
        $(#[$features])*
        unsafe fn $name(
            h: usize,
            w: usize,
            k: usize,
            a: [*const $F; MAX_ROWS],
            b: [*const $F; MAX_TOGETHER],
            out: &mut [$F; MAX_SUMS],
        ) {
            // SAFETY: the caller's, passed on; `w` is at most `TOGETHER[h]`.
            unsafe {
                // 2
                match (h, w) {
                    (1, 4) => micro::<$F, $V, 1, 4>(k, a, b, out),
                    (1, 3) => micro::<$F, $V, 1, 3>(k, a, b, out),
                    (2, 3) => micro::<$F, $V, 2, 3>(k, a, b, out),
                    (2, 4) => micro::<$F, $V, 2, 4>(k, a, b, out),
                    (3, 3) => micro::<$F, $V, 3, 3>(k, a, b, out),
                    (4, 3) => micro::<$F, $V, 4, 3>(k, a, b, out),
                    _ => {
                        // One by one: a remainder of a few columns.
                        for i in 0..h {
                            for j in 0..w {
                                let mut one = [0.0; MAX_SUMS];
                                micro::<$F, $V, 1, 1>(k, [a[i]; MAX_ROWS], [b[j]; MAX_TOGETHER], &mut one);
                                out[i * w + j] = one[0];
                            }
                        }
                    }
                }
            }
        }
    };
}

dots!(portable_f32: f32, [f32; 4]);
dots!(portable_f64: f64, [f64; 4]);
#[cfg(target_arch = "x86_64")]
dots!(#[target_feature(enable = "avx2,fma")] avx2_f32: f32, __m256);
#[cfg(target_arch = "x86_64")]
dots!(#[target_feature(enable = "avx2,fma")] avx2_f64: f64, __m256d);
#[cfg(target_arch = "x86_64")]
dots!(#[target_feature(enable = "avx512f")] avx512_f32: f32, __m512);
#[cfg(target_arch = "x86_64")]
dots!(#[target_feature(enable = "avx512f")] avx512_f64: f64, __m512d);

/// The scalars that have scalar products.
pub(crate) trait Dotted: Sized + 'static {
    /// The loop for a level that the processor has been asked for.
    fn dots(level: Level) -> Dots<Self>;
}

macro_rules! dotted {
    ($F:ty: $portable:ident $avx2:ident $avx512:ident) => {
        impl Dotted for $F {
            #[inline]
            fn dots(level: Level) -> Dots<Self> {
                let run: Run<Self> = match level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => $avx512,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => $avx2,
                    _ => $portable,
                };
                Dots { run }
            }
        }
    };
}

dotted!(f32: portable_f32 avx2_f32 avx512_f32);
dotted!(f64: portable_f64 avx2_f64 avx512_f64);
