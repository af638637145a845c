//! The micro-kernel, the innermost loop of every large matrix product: it computes a tile of `C`.
//!
//! ```text
//! for p in 0..k { for i in 0..h { for j in 0..w { acc[i][j] += a[i, p] · b[p, j] } } }
//! C[i][j] ← α acc[i][j] + start[i][j]                                      the epilogue
//! ```
//!
//! 1. `acc` stays in registers while `p` runs, because `C` is then read and written once.
//! 2. `j` runs in vectors, because one instruction then multiplies and adds as many columns.
//! 3. The loops over `i` and over the vectors of `j` are unrolled, one loop for each size of tile,
//!    because a register has no index.
//!
//! | part | holds |
//! |---|---|
//! | `micro` | the loop |
//! | `broadcast` | the same loop in assembly, where compilers take `acc` out of its registers |
//! | `epilogue` | what stands before and after either of them |
//! | `runs` | the epilogue of a tile that cannot be written to `C` as it is |
//!
//! Every element of `C` is one chain of multiply-adds over `p = 0..k`, wherever in the tile it
//! lies, whatever the size of the tile and whichever operand is called `A`: how `C` is cut into
//! tiles never changes a bit.

#[cfg(target_arch = "x86_64")]
mod broadcast;
mod epilogue;
mod micro;
mod runs;

use std::marker::PhantomData;
use std::ptr;

use ndarray::{ArrayView2, ArrayViewMut2, NdFloat};

use super::level::Level;
use super::transpose::{MAX_LANES, Transpose};

/// Most rows of a tile, over all kernels.
const MAX_ROWS: usize = 14;

/// Most columns of a tile, over all kernels.
const MAX_COLUMNS: usize = 32;

/// A loop over `k`, for a tile of so many rows and vectors.
type Run<F> = unsafe fn(usize, usize, &Operands<F>);

/// The epilogue of a tile in an array, from its rows or columns, that many apart: how many there
/// are and how long they are, what is added, and where they go.
type Write<F> = unsafe fn(&[F], usize, (usize, usize), Start<'_, F>, (*mut F, usize));

/// The loops for one type on one processor.
#[derive(Clone, Copy)]
pub(crate) struct Kernel<F> {
    /// Most rows of a tile: as many as leave registers for two vectors of `B` and one scalar of
    /// `A`.
    pub(crate) rows: usize,
    /// Scalars of a vector; a tile is one or two of them wide.
    pub(crate) lanes: usize,
    /// For an `A` whose columns run along memory: rows, vectors and where they are.
    by_columns: Run<F>,
    /// For an `A` whose rows run along memory.
    by_rows: Run<F>,
    /// The epilogue of a tile in an array.
    runs: Write<F>,
    transpose: Transpose<F>,
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

/// One operand of a tile, as `k` lines: the columns of `A` or the rows of `B`, whose scalars are
/// neighbors in memory.
#[derive(Clone, Copy)]
pub(crate) enum Lines<'a, F> {
    /// Packed: the line `p` begins at `ld p`.
    Packed(&'a [F], usize),
    /// In place: the rows of a matrix whose columns are neighbors in memory, from a column on.
    InPlace(ArrayView2<'a, F>, usize),
}

/// The operand `A` of a tile.
#[derive(Clone, Copy)]
pub(crate) enum Left<'a, F> {
    /// Its columns run along memory.
    Columns(Lines<'a, F>),
    /// Its rows do: a matrix that holds them, from a row on.
    Rows(ArrayView2<'a, F>, usize),
}

impl<F: NdFloat> Lines<'_, F> {
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
                let ld = along(rows);
                assert!(rows.nrows() >= k && rows.ncols() >= first + width);
                (rows.as_ptr().wrapping_add(*first), ld)
            }
        }
    }
}

/// How far it is from a row to the next one.
///
/// # Panics
/// If the rows do not run along memory, or not one behind the other.
#[inline(always)]
fn along<F>(rows: &ArrayView2<'_, F>) -> usize {
    let (ld, column) = (rows.strides()[0], rows.strides()[1]);
    assert!(ld >= 0 && (column == 1 || rows.ncols() <= 1));
    ld.unsigned_abs()
}

/// Where a loop reads and writes.
struct Operands<F> {
    k: usize,
    a: *const F,
    /// From a column of `A` to the next one, or from a row.
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

/// Scalars of the array for a tile that cannot be written to `C` as it is: its rows, then its
/// columns, [`MAX_LANES`] apart.
pub(crate) const SCRATCH: usize = (MAX_ROWS + MAX_LANES) * MAX_COLUMNS;

/// A few rows of `A`, checked once for all tiles that are beside each other.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a, F> {
    kernel: &'a Kernel<F>,
    run: Run<F>,
    h: usize,
    k: usize,
    a: *const F,
    lda: usize,
    of: PhantomData<&'a F>,
}

impl<F: NdFloat> Kernel<F> {
    /// Columns of a full tile.
    pub(crate) fn columns(&self) -> usize {
        2 * self.lanes
    }

    /// `h` rows of `A`, and `k` of its columns.
    ///
    /// # Panics
    /// If there are not as many, or the kernel has no tile of `h` rows.
    pub(crate) fn panel<'a>(&'a self, a: Left<'a, F>, h: usize, k: usize) -> Panel<'a, F> {
        assert!((1..=self.rows).contains(&h));
        let of = PhantomData;
        match a {
            Left::Columns(lines) => {
                let (a, lda) = lines.start(k, h);
                Panel { kernel: self, run: self.by_columns, h, k, a, lda, of }
            }
            Left::Rows(rows, first) => {
                let lda = along(&rows);
                assert!(rows.nrows() >= first + h && rows.ncols() >= k);
                let a = rows.as_ptr().wrapping_add(first * lda);
                Panel { kernel: self, run: self.by_rows, h, k, a, lda, of }
            }
        }
    }
}

impl<F: NdFloat> Panel<'_, F> {
    /// One tile: `C[i0.., j0..] ← α A B + start` for the rows of the panel and `w` columns.
    #[inline]
    pub(crate) fn tile(
        &self,
        (b, w): (Lines<'_, F>, usize),
        (alpha, start): (F, Start<'_, F>),
        c: &mut ArrayViewMut2<'_, F>,
        (i0, j0): (usize, usize),
        scratch: &mut [F],
    ) {
        let &Self { kernel, h, k, .. } = self;
        let vectors = w.div_ceil(kernel.lanes);
        let width = vectors * kernel.lanes;
        assert!((1..=2).contains(&vectors));
        let b = b.start(k, width);
        assert!(i0 + h <= c.nrows() && j0 + w <= c.ncols());
        let (row_stride, column_stride) = (c.strides()[0], c.strides()[1]);
        if column_stride == 1
            && row_stride >= 0
            && w == width
            && let Some((beta, row)) = start.of_rows(j0, w)
        {
            let ldc = row_stride.unsigned_abs();
            // SAFETY: the element (i0, j0) lies within `c`, as asserted above.
            let c = unsafe { c.as_mut_ptr().add(i0 * ldc + j0) };
            let old = row.map_or((c.cast_const(), ldc), |row| (row.as_ptr(), 0));
            // SAFETY: `B` was measured above, the tile lies within `c` and has unit column stride,
            // and `old` is the tile itself or `w` values of a row.
            unsafe { self.call(vectors, b, (alpha, beta), old, (c, ldc)) }
            return;
        }
        let (tile, transposed) = scratch.split_at_mut(MAX_ROWS * MAX_COLUMNS);
        let to = (tile.as_mut_ptr(), width);
        // SAFETY: as above, but the tile written is the array, large enough for `MAX_ROWS` rows of
        // two vectors, and `old` is not read.
        unsafe { self.call(vectors, b, (alpha, F::zero()), (ptr::null(), 0), to) }
        kernel.add((tile, width), transposed, (h, w), start.from(i0, j0), c, (i0, j0));
    }

    /// Runs the loop: `C ← α A B + β old`, where `old` and `C` are pointers with their row strides.
    ///
    /// # Safety
    /// `b` and `c` hold the tile of that many vectors, and so does `old` where `β ≠ 0`.
    #[inline(always)]
    unsafe fn call(
        &self,
        vectors: usize,
        (b, ldb): (*const F, usize),
        (alpha, beta): (F, F),
        (old, ld_old): (*const F, usize),
        (c, ldc): (*mut F, usize),
    ) {
        let &Self { h, k, a, lda, .. } = self;
        let operands = Operands { k, a, lda, b, ldb, alpha, beta, old, ld_old, c, ldc };
        // SAFETY: the caller's; `A` was measured when the panel was made, and the loop belongs to a
        // processor that was asked.
        unsafe { (self.run)(h, vectors, &operands) }
    }
}

impl<F: NdFloat> Kernel<F> {
    /// `C[i0 + i, j0 + j] ← tile[width i + j] + start` for a tile in an array.
    fn add(
        &self,
        (tile, width): (&[F], usize),
        transposed: &mut [F],
        (h, w): (usize, usize),
        start: Start<'_, F>,
        c: &mut ArrayViewMut2<'_, F>,
        (i0, j0): (usize, usize),
    ) {
        let (row_stride, column_stride) = (c.strides()[0], c.strides()[1]);
        assert!(i0 + h <= c.nrows() && j0 + w <= c.ncols());
        let (row, column) = (row_stride.unsigned_abs(), column_stride.unsigned_abs());
        if column_stride == 1 && row_stride >= 0 {
            let c = c.as_mut_ptr().wrapping_add(i0 * row + j0);
            // SAFETY: `h` runs of `w` scalars lie within `c`, as asserted above, and run along
            // memory.
            unsafe { (self.runs)(tile, width, (h, w), start, (c, row)) }
        } else if row_stride == 1 && column_stride >= 0 {
            for first in (0..h).step_by(self.transpose.lanes) {
                let mut rows = [[].as_slice(); MAX_LANES];
                let some = self.transpose.lanes.min(h - first);
                for (row, from) in rows.iter_mut().zip(tile.chunks_exact(width).skip(first)) {
                    *row = from;
                }
                self.transpose.run(&rows[..some], w, &mut transposed[first..], MAX_LANES);
            }
            let c = c.as_mut_ptr().wrapping_add(i0 + j0 * column);
            // SAFETY: the same for `w` runs of `h` scalars.
            unsafe { (self.runs)(transposed, MAX_LANES, (w, h), start.transposed(), (c, column)) }
        } else {
            for (i, from) in tile.chunks_exact(width).take(h).enumerate() {
                for (j, &value) in from[..w].iter().enumerate() {
                    start.add(value, &mut c[[i0 + i, j0 + j]], (i, j));
                }
            }
        }
    }
}

impl<F: NdFloat> Start<'_, F> {
    /// `C[i, j] ← value + start`, rounded as in the vectors.
    #[inline(always)]
    pub(crate) fn add(self, value: F, c: &mut F, (i, j): (usize, usize)) {
        *c = match self {
            Start::Scaled(beta) if beta == F::zero() => value,
            Start::Scaled(beta) => value + beta * *c,
            Start::Row(row) => value + row[j],
            Start::Column(column) => value + column[i],
        };
    }

    /// What a vector of a row of `C` starts from, for `w` columns from `j` on: `β` times itself, or
    /// once the values of a row. A column has no such vectors.
    #[inline(always)]
    fn of_rows(&self, j: usize, w: usize) -> Option<(F, Option<&[F]>)> {
        match self {
            Start::Scaled(beta) => Some((*beta, None)),
            Start::Row(row) => Some((F::one(), Some(&row[j..j + w]))),
            Start::Column(_) => None,
        }
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

/// The scalars that have kernels.
pub(crate) trait Tiled: Sized + 'static {
    /// The kernel for a level that the processor has been asked for.
    fn kernel(level: Level) -> Kernel<Self>;
}
