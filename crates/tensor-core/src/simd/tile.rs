//! The innermost loop of every large matrix product: a tile of `C`, held in registers while `p` runs.
//!
//! ```text
//! for p in 0..k { for i in 0..h { for j in 0..w { acc[i][j] += a[lda p + i] · b[ldb p + j] } } }
//! C[i][j] ← α acc[i][j] + β C₀[i][j]
//! ```
//!
//! [`micro`] differs from these lines in two things: `j` runs in vectors, and the loops over `i` and over the vectors of `j`
//! are unrolled, so that `acc` stays in registers. Every element of `C` is one chain of multiply-adds over `p = 0..k`,
//! wherever in the tile it lies and whatever the size of the tile: how `C` is cut into tiles never changes a bit.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

use ndarray::{ArrayView2, ArrayViewMut2};

use super::Level;
use super::vector::Vector;
use crate::Float;

/// Most rows of a tile, over all kernels.
const MAX_ROWS: usize = 14;

/// Most columns of a tile, over all kernels.
const MAX_COLUMNS: usize = 32;

/// The loop for one type on one processor.
#[derive(Clone, Copy)]
pub(crate) struct Kernel<F> {
    /// Most rows of a tile: as many as leave registers for two vectors of `B` and one scalar of `A`.
    pub(crate) rows: usize,
    /// Scalars of a vector; a tile is one or two of them wide.
    pub(crate) lanes: usize,
    run: unsafe fn(usize, usize, &Operands<F>),
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a, F> {
    /// `β C`, where `β = 0` means that `C` is not read.
    Scaled(F),
    /// A row added to every row of the product: one value a column.
    Row(&'a [F]),
    /// A column added to every column: one value a row.
    Column(&'a [F]),
}

/// One operand of a tile: the columns of `A` or the rows of `B`, `k` of them.
#[derive(Clone, Copy)]
pub(crate) enum Lines<'a, F> {
    /// Copied: the line `p` begins at `ld p`.
    Packed(&'a [F], usize),
    /// Where they are: the rows of a matrix whose columns are neighbors in memory, from a column on.
    InPlace(ArrayView2<'a, F>, usize),
}

impl<F: Float> Lines<'_, F> {
    /// Where the first line begins, and how far it is to the next one.
    ///
    /// # Panics
    /// If there are not `k` lines of `width` scalars each.
    #[inline(always)]
    fn start(&self, k: usize, width: usize) -> (*const F, usize) {
        match self {
            Lines::Packed(values, ld) => {
                assert!(k == 0 || values.len() >= ld * (k - 1) + width);
                (values.as_ptr(), *ld)
            }
            Lines::InPlace(rows, first) => {
                let (ld, column) = (rows.strides()[0], rows.strides()[1]);
                assert!(rows.nrows() >= k && rows.ncols() >= first + width);
                assert!(ld >= 0 && (column == 1 || rows.ncols() <= 1));
                // SAFETY: the element lies within the row, or just behind its last one.
                (unsafe { rows.as_ptr().add(*first) }, ld.unsigned_abs())
            }
        }
    }
}

/// Where `run` reads and writes.
struct Operands<F> {
    k: usize,
    a: *const F,
    lda: usize,
    b: *const F,
    ldb: usize,
    alpha: F,
    beta: F,
    old: *const F,
    ld_old: usize,
    c: *mut F,
    ldc: usize,
}

impl<F: Float> Kernel<F> {
    /// Columns of a full tile.
    pub(crate) fn columns(&self) -> usize {
        2 * self.lanes
    }

    /// One tile: `C[i0.., j0..] ← α A B + start` for `h` rows and `w` columns.
    pub(crate) fn tile(
        &self,
        (h, w): (usize, usize),
        (a, b, k): (Lines<'_, F>, Lines<'_, F>, usize),
        alpha: F,
        start: Start<'_, F>,
        c: &mut ArrayViewMut2<'_, F>,
        (i0, j0): (usize, usize),
    ) {
        let vectors = w.div_ceil(self.lanes);
        let width = vectors * self.lanes;
        assert!((1..=self.rows).contains(&h) && (1..=2).contains(&vectors));
        let ((a, lda), (b, ldb)) = (a.start(k, h), b.start(k, width));
        assert!(i0 + h <= c.nrows() && j0 + w <= c.ncols());
        let operands = Operands {
            k,
            a,
            lda,
            b,
            ldb,
            alpha,
            beta: F::zero(),
            old: std::ptr::null(),
            ld_old: 0,
            c: std::ptr::null_mut(),
            ldc: 0,
        };
        let (row_stride, column_stride) = (c.strides()[0], c.strides()[1]);
        // What a vector of a row of `C` starts from: itself, or a part of the row. A column has no such vectors.
        let from = match start {
            Start::Scaled(beta) => Some((beta, None)),
            Start::Row(row) => Some((F::one(), Some(&row[j0..j0 + w]))),
            Start::Column(_) => None,
        };
        let whole = w == width && column_stride == 1 && row_stride >= 0;
        if whole && let Some((beta, row)) = from {
            let ldc = row_stride.unsigned_abs();
            // SAFETY: the element (i0, j0) lies within `c`, as asserted above.
            let c = unsafe { c.as_mut_ptr().add(i0 * ldc + j0) };
            let (old, ld_old) = row.map_or((c.cast_const(), ldc), |row| (row.as_ptr(), 0));
            // SAFETY: the panels were measured above, the tile lies within `c` and has unit column stride, `old` is the tile
            // itself or `w` values of a row, and `run` belongs to a processor that was asked.
            unsafe {
                (self.run)(h, vectors, &Operands { beta, old, ld_old, c, ldc, ..operands });
            }
            return;
        }
        let mut tile = [F::zero(); MAX_ROWS * MAX_COLUMNS];
        // SAFETY: as above, but the tile written is the array here, large enough for `MAX_ROWS` rows of two vectors.
        unsafe {
            (self.run)(h, vectors, &Operands { c: tile.as_mut_ptr(), ldc: width, ..operands });
        }
        for (i, from) in tile.chunks_exact(width).take(h).enumerate() {
            for (j, &value) in from[..w].iter().enumerate() {
                start.add(value, &mut c[[i0 + i, j0 + j]], (i0 + i, j0 + j));
            }
        }
    }
}

impl<F: Float> Start<'_, F> {
    /// `C[i, j] ← value + start`: the same roundings as those of the vectors.
    #[inline(always)]
    pub(crate) fn add(self, value: F, c: &mut F, (i, j): (usize, usize)) {
        *c = match self {
            Start::Scaled(beta) if beta == F::zero() => value,
            Start::Scaled(beta) => value + beta * *c,
            Start::Row(row) => value + row[j],
            Start::Column(column) => value + column[i],
        };
    }

    /// The same for the transposed product.
    pub(crate) fn transposed(self) -> Self {
        match self {
            Start::Scaled(beta) => Start::Scaled(beta),
            Start::Row(values) => Start::Column(values),
            Start::Column(values) => Start::Row(values),
        }
    }

    /// The same for a product that begins at the row `i` and the column `j`.
    pub(crate) fn from(self, i: usize, j: usize) -> Self {
        match self {
            Start::Scaled(beta) => Start::Scaled(beta),
            Start::Row(values) => Start::Row(&values[j..]),
            Start::Column(values) => Start::Column(&values[i..]),
        }
    }
}

/// The tile of `H` rows and `N` vectors.
///
/// # Safety
/// That of [`Vector`]; `a` holds `k` columns of `H` scalars, `b` and `c` rows of `N` vectors, at their strides, `old` the same where `β ≠ 0`.
#[inline(always)]
unsafe fn micro<F: Float, V: Vector<F>, const H: usize, const N: usize>(o: &Operands<F>) {
    // SAFETY: every access is one that the caller vouches for.
    unsafe {
        let mut acc = [[V::splat(F::zero()); N]; H];
        for i in 0..H {
            for n in 0..N {
                V::expect(o.c.wrapping_add(i * o.ldc + n * V::LANES));
            }
        }
        let (mut a, mut b) = (o.a, o.b);
        if o.k % 2 == 1 {
            let row: [V; N] = std::array::from_fn(|n| V::load(b.add(n * V::LANES)));
            acc = std::array::from_fn(|i| {
                let scalar = V::splat(*a.add(i));
                row.map(|b| scalar.mul_add(b, V::splat(F::zero())))
            });
            a = a.add(o.lda);
            b = b.add(o.ldb);
        }
        // Two at a time: the steps of the pointers and of the counter would cost a sixteenth.
        for _ in 0..o.k / 2 {
            for p in 0..2 {
                let (a, b) = (a.add(p * o.lda), b.add(p * o.ldb));
                let mut row = [V::splat(F::zero()); N];
                for (n, vector) in row.iter_mut().enumerate() {
                    *vector = V::load(b.add(n * V::LANES));
                }
                for (i, acc) in acc.iter_mut().enumerate() {
                    let scalar = V::splat(*a.add(i));
                    for (acc, &b) in acc.iter_mut().zip(&row) {
                        *acc = scalar.mul_add(b, *acc);
                    }
                }
            }
            a = a.add(2 * o.lda);
            b = b.add(2 * o.ldb);
        }
        let (alpha, beta) = (V::splat(o.alpha), V::splat(o.beta));
        for (i, acc) in acc.iter().enumerate() {
            for (n, &acc) in acc.iter().enumerate() {
                let mut value = alpha.mul(acc);
                if o.beta != F::zero() {
                    let old = V::load(o.old.add(i * o.ld_old + n * V::LANES));
                    value = value.add(beta.mul(old));
                }
                value.store(o.c.add(i * o.ldc + n * V::LANES));
            }
        }
    }
}

/// A function that picks `micro` by its numbers of rows and vectors. Each of them is a function of its own: within one large
/// function the compiler moves the sums out of their registers.
macro_rules! kernel {
    ($(#[$features:meta])* $name:ident: $F:ty, $V:ty, rows $($h:literal)*) => {
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
                unsafe { micro::<$F, $V, H, N>(operands) }
            }
            // SAFETY: the caller's, passed on.
            unsafe {
                match (h, vectors) {
                    $(($h, 1) => one::<$h, 1>(operands),)*
                    $(($h, 2) => one::<$h, 2>(operands),)*
                    _ => unreachable!("a tile of {h} rows"),
                }
            }
        }
    };
}

kernel!(portable_f32: f32, [f32; 4], rows 1 2 3 4);
kernel!(portable_f64: f64, [f64; 4], rows 1 2 3 4);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f32: f32, __m256, rows 1 2 3 4 5 6);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx2,fma")] avx2_f64: f64, __m256d, rows 1 2 3 4 5 6);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f32: f32, __m512, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
#[cfg(target_arch = "x86_64")]
kernel!(#[target_feature(enable = "avx512f")] avx512_f64: f64, __m512d, rows 1 2 3 4 5 6 7 8 9 10 11 12 13 14);

/// The scalars that have kernels.
pub(crate) trait Tiled: Sized + 'static {
    /// The kernel for a level that the processor has been asked for.
    fn kernel(level: Level) -> Kernel<Self>;
}

macro_rules! tiled {
    ($F:ty: $portable:ident, $avx2:ident of $avx2_lanes:literal, $avx512:ident of $avx512_lanes:literal) => {
        impl Tiled for $F {
            #[inline]
            fn kernel(level: Level) -> Kernel<Self> {
                match level {
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512 => Kernel { rows: 14, lanes: $avx512_lanes, run: $avx512 },
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2 => Kernel { rows: 6, lanes: $avx2_lanes, run: $avx2 },
                    _ => Kernel { rows: 4, lanes: 4, run: $portable },
                }
            }
        }
    };
}

tiled!(f32: portable_f32, avx2_f32 of 8, avx512_f32 of 16);
tiled!(f64: portable_f64, avx2_f64 of 4, avx512_f64 of 8);
