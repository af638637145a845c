//! The product of tiny matrices, where even a call for each tile would cost more than the sums.
//!
//! ```text
//! for i in 0..m { for j in 0..n { C[i][j] ← α Σ_p a[i][p] · b[p][j] + β old[i][j] } }
//! ```
//!
//! 1. The columns run in vectors, the last of which may be shorter.
//! 2. Up to four rows are computed at a time, because they use the same load of `B`.
//! 3. Where the rows of `B` do not run along memory, a strip of it is copied to the stack, because
//!    a vector is loaded from neighbors in memory.
//!
//! Every element is one chain of multiply-adds over `p`, as in [`tile`](super::tile).

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use std::mem::MaybeUninit;

use ndarray::NdFloat;

use super::level::Level;
use super::vector::Vector;

/// Longest inner dimension where the rows of `B` do not run along memory.
pub(crate) const MAX_K: usize = 32;

/// Most lanes of a vector.
const MAX_LANES: usize = 16;

/// A matrix in memory, with its strides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strided<'a, F> {
    pub(crate) values: &'a [F],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl<F> Strided<'_, F> {
    /// Whether every element of an `m × n` matrix lies within the memory.
    fn holds(&self, m: usize, n: usize) -> bool {
        m == 0 || n == 0 || (m - 1) * self.row + (n - 1) * self.column < self.values.len()
    }
}

/// Everything one product needs, checked.
struct Operands<F> {
    m: usize,
    k: usize,
    n: usize,
    a: *const F,
    a_strides: (usize, usize),
    b: *const F,
    b_strides: (usize, usize),
    alpha: F,
    beta: F,
    old: *const F,
    old_row: usize,
    c: *mut F,
    c_row: usize,
}

/// `C ← α A B + β old` for a `C (m, n)` in rows that are `c_row` apart. `old` is a row that is
/// added to every row; without one it is `C` itself, and not read where `β = 0`.
#[inline]
pub(crate) fn product<F: Tiny + NdFloat>(
    level: Level,
    (m, k, n): (usize, usize, usize),
    alpha: F,
    a: Strided<'_, F>,
    b: Strided<'_, F>,
    (beta, old): (F, Option<&[F]>),
    (c, c_row): (&mut [F], usize),
) {
    assert!(a.holds(m, k) && b.holds(k, n) && (b.column == 1 || k <= MAX_K));
    assert!(m == 0 || n == 0 || (m - 1) * c_row + n <= c.len());
    assert!(old.is_none_or(|row| row.len() >= n));
    // One pointer for both: a second borrow of `c` would end the first.
    let c = c.as_mut_ptr();
    let operands = Operands {
        m,
        k,
        n,
        a: a.values.as_ptr(),
        a_strides: (a.row, a.column),
        b: b.values.as_ptr(),
        b_strides: (b.row, b.column),
        alpha,
        beta,
        old: old.map_or(c.cast_const(), <[F]>::as_ptr),
        old_row: if old.is_some() { 0 } else { c_row },
        c,
        c_row,
    };
    // SAFETY: every element lies within its slice, as asserted, and the level is one that the
    // processor has.
    unsafe { F::run(level, &operands) }
}

/// All of `C`, strip by strip.
///
/// # Safety
/// That of [`Vector`]; the operands' pointers and strides stay within memory that may be read or,
/// for `c`, written.
#[inline(always)]
unsafe fn all<F: NdFloat, V: Vector<F>>(o: &Operands<F>) {
    // SAFETY: of all blocks here: the caller's.
    unsafe {
        // Not cleared, which would take longer than many a product: what is read has been written.
        let mut strip = MaybeUninit::<[F; MAX_K * MAX_LANES]>::uninit();
        let strip = strip.as_mut_ptr().cast::<F>();
        let mut j = 0;
        while j < o.n {
            let w = V::LANES.min(o.n - j); // 1
            let (b, ldb) = if o.b_strides.1 == 1 {
                // Without rows there is no place `j` in the memory of `B`.
                (o.b.wrapping_add(j), o.b_strides.0)
            } else {
                // 3
                for p in 0..o.k {
                    let row = o.b.add(p * o.b_strides.0 + j * o.b_strides.1);
                    for l in 0..w {
                        // Volatile, because compilers would scatter a few values at a time, which
                        // is slow.
                        strip.add(p * V::LANES + l).write_volatile(*row.add(l * o.b_strides.1));
                    }
                }
                (strip.cast_const(), V::LANES)
            };
            let mut i = 0;
            while i < o.m {
                // 2
                match o.m - i {
                    1 => rows::<F, V, 1>(o, i, j, w, b, ldb),
                    2 => rows::<F, V, 2>(o, i, j, w, b, ldb),
                    3 => rows::<F, V, 3>(o, i, j, w, b, ldb),
                    _ => rows::<F, V, 4>(o, i, j, w, b, ldb),
                }
                i += 4;
            }
            j += V::LANES;
        }
    }
}

/// `H` rows of a strip of `w` columns.
///
/// # Safety
/// That of [`all`].
#[inline(always)]
unsafe fn rows<F: NdFloat, V: Vector<F>, const H: usize>(
    o: &Operands<F>,
    i0: usize,
    j0: usize,
    w: usize,
    b: *const F,
    ldb: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut acc = [V::splat(F::zero()); H];
        let a = o.a.wrapping_add(i0 * o.a_strides.0);
        for p in 0..o.k {
            let row = V::load_part(b.add(p * ldb), w);
            for (i, acc) in acc.iter_mut().enumerate() {
                let scalar = V::splat(*a.add(i * o.a_strides.0 + p * o.a_strides.1));
                *acc = scalar.mul_add(row, *acc);
            }
        }
        let (alpha, beta) = (V::splat(o.alpha), V::splat(o.beta));
        for (i, &acc) in acc.iter().enumerate() {
            let mut value = alpha.mul(acc);
            if o.beta != F::zero() {
                let old = V::load_part(o.old.add((i0 + i) * o.old_row + j0), w);
                value = value.add(beta.mul(old));
            }
            value.store_part(o.c.add((i0 + i) * o.c_row + j0), w);
        }
    }
}

macro_rules! tiny {
    ($(#[$features:meta])* $name:ident: $F:ty, $V:ty) => {
        /// # Safety
        /// That of [`all`], on a processor with the features named.
        $(#[$features])*
        unsafe fn $name(operands: &Operands<$F>) {
            // SAFETY: the caller's, passed on.
            unsafe { all::<$F, $V>(operands) }
        }
    };
}

tiny!(portable_f32: f32, [f32; 4]);
tiny!(portable_f64: f64, [f64; 4]);
#[cfg(target_arch = "x86_64")]
tiny!(#[target_feature(enable = "avx2,fma")] avx2_f32: f32, __m256);
#[cfg(target_arch = "x86_64")]
tiny!(#[target_feature(enable = "avx2,fma")] avx2_f64: f64, __m256d);
#[cfg(target_arch = "x86_64")]
tiny!(#[target_feature(enable = "avx512f,avx512vl")] avx512_f32: f32, __m512);
#[cfg(target_arch = "x86_64")]
tiny!(#[target_feature(enable = "avx512f,avx512vl")] avx512_f64: f64, __m512d);

/// The scalars that have a tiny product.
pub(crate) trait Tiny: Sized + 'static {
    /// The loop for a level.
    ///
    /// # Safety
    /// That of [`all`], on a processor of that level.
    #[expect(private_interfaces, reason = "only this module calls it")]
    unsafe fn run(level: Level, operands: &Operands<Self>);
}

macro_rules! choose {
    ($F:ty: $portable:ident $avx2:ident $avx512:ident) => {
        impl Tiny for $F {
            #[inline]
            #[expect(private_interfaces, reason = "as above")]
            unsafe fn run(level: Level, operands: &Operands<Self>) {
                // SAFETY: the caller's, passed on.
                unsafe {
                    match level {
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx512 => $avx512(operands),
                        #[cfg(target_arch = "x86_64")]
                        Level::Avx2 => $avx2(operands),
                        _ => $portable(operands),
                    }
                }
            }
        }
    };
}

choose!(f32: portable_f32 avx2_f32 avx512_f32);
choose!(f64: portable_f64 avx2_f64 avx512_f64);

#[cfg(test)]
mod tests {
    use super::Strided;

    // The last element of a matrix of 3 × 4 lies at 2 row + 3 column.
    #[test]
    fn a_matrix_lies_within_its_memory_or_not() {
        let values = [0.0; 100];
        for (row, column) in [(4, 1), (1, 3), (10, 2), (0, 1), (5, 0)] {
            let last = 2 * row + 3 * column;
            let holds = |n| Strided { values: &values[..n], row, column }.holds(3, 4);
            assert!(holds(last + 1) && !holds(last), "{row}, {column}");
        }
        let nothing = Strided { values: &values[..0], row: 4, column: 1 };
        assert!(nothing.holds(0, 4) && nothing.holds(3, 0) && !nothing.holds(1, 1));
    }
}
