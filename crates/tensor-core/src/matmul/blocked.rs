//! The product of matrices that do not fit into registers, by blocks that fit into caches.
//!
//! ```text
//! for a block of K: for a block of M: pack A;
//!     for a group of panels of columns of C: pack B;
//!         for a panel of rows of C: for a panel of the group: tile
//! ```
//!
//! Packing copies a block so that the innermost loop reads memory in order. A block of `A` and a group of panels of `B` share
//! the second-level cache; a panel of `A` stays in the first-level cache while the panels of the group pass by. That is the
//! scheme of Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication*, ACM TOMS 34 (2008), but for `B`, which
//! is packed where it is used and not kept: the matrices of a network have few rows, and it would not be used again.
//!
//! An `A` whose rows run along memory is read where it is, and so is what is read a few times only. Then `B` is copied all at once
//! if it is small, and `A` passes by once.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use crate::Float;
use crate::simd::Level;
use crate::simd::tile::{Left, Lines, SCRATCH, Start};
use crate::simd::transpose::{MAX_LANES, Transpose};

/// How much is packed at once.
struct Blocks {
    /// Longest run of the inner dimension.
    k: usize,
    /// Bytes of a block of `A`: with a group of panels of `B` it has to fit into the second-level cache.
    a: usize,
    /// Bytes of a `B` that is copied all at once, so that `A` passes by once.
    b: usize,
    /// How many scalars are multiplied and added, in vectors of 16, while one of `C` is written transposed.
    turn_c: usize,
}

impl Blocks {
    /// Into how many runs an inner dimension is cut. It depends on nothing else, since it decides in which order a sum runs; one
    /// of half as much again is not cut, which saves 7 % of 128 × 784 × 512.
    fn runs(&self, k: usize) -> usize {
        if k <= self.k + self.k / 2 + self.k / 16 { 1 } else { k.div_ceil(self.k) }
    }
}

/// Measured for `f32` on 256 × 1024 × 2048 and 128 × 784 × 512. Processors with AVX-512 have second-level caches of 1 MiB or more:
/// twice the run halves how often `C` is read and written again, 8 % of the large product. Others have 256 or 512 KiB, and a
/// panel of `B` of 256 runs just fits into half of a first-level cache of 32 KiB.
fn blocks(level: Level) -> Blocks {
    match level {
        Level::Avx512 => Blocks { k: 512, a: 512 * 1024, b: 1024 * 1024, turn_c: 20 },
        _ => Blocks { k: 256, a: 256 * 1024, b: 256 * 1024, turn_c: 60 },
    }
}

/// Multiply-adds that pay for handing them to another thread: some 4 µs.
pub(super) const PART: usize = 1 << 18;

/// Panels of `B` packed at once, so that a row of `B` is read for several cache lines and a row of `C` written so.
const GROUP: usize = 8;

/// The same where the columns of `B` run along memory: they are read in whole lines anyway, and a smaller group stays in the
/// cache. 256 × 784 × 512 takes 3 % less than with `GROUP`, which the products of W4 that copy rows of `B` need.
const GROUP_ALONG: usize = 2;

/// Most times that a panel is read where it is. Measured for `f32` with AVX-512: `dY W` for 32 × 256 × 256 rises from 117 to
/// 156 GFLOP/s, `dYᵀ X` for 32 × 64 × 128 from 98 to 146; for 128 × 784 × 512, where 37 panels of `dYᵀ` read `X`, it would
/// fall from 155 to 137.
const FEW_READS: usize = 10;

/// Bytes of a page, beyond which neither lines nor pages are fetched ahead: `dY W` for 64 × 1024 × 1024 would fall from 122 to
/// 76 GFLOP/s.
const PAGE: usize = 4096;

/// Whether reading these lines where they are beats copying them first.
fn in_place<F>(lines: ArrayView2<'_, F>, reads: usize) -> bool {
    let (ld, column) = (lines.strides()[0], lines.strides()[1]);
    let near = ld >= 0 && ld.unsigned_abs() * size_of::<F>() < PAGE;
    near && column == 1 && reads <= FEW_READS
}

/// How the tiles of a product read `A`.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// Its rows, where they are.
    Rows,
    /// Its columns, where they are.
    Columns,
    /// Its columns, copied.
    Packed,
}

/// `C ← α A B + start`, on one thread.
pub(super) fn product<F: Float>(
    level: Level,
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    start: Start<'_, F>,
    c: &mut ArrayViewMut2<'_, F>,
) {
    let (kernel, transpose) = (F::kernel(level), F::transpose(level));
    let blocks = blocks(level);
    let ((m, k), n) = (a.dim(), b.ncols());
    if m == 0 || n == 0 {
        return;
    }
    let reading = if a.strides()[1] == 1 && a.strides()[0] >= 0 {
        Reading::Rows
    } else if in_place(a.reversed_axes(), n.div_ceil(kernel.columns())) {
        Reading::Columns
    } else {
        Reading::Packed
    };
    let b_in_place = in_place(b, m.div_ceil(kernel.rows));
    let k_blocks = blocks.runs(k);
    let longest = k.div_ceil(k_blocks);
    // Where B is copied all at once and A not at all, there are no blocks of A.
    let panels = n.div_ceil(kernel.columns());
    let b_bytes = panels * kernel.columns() * longest * size_of::<F>();
    let at_once = !b_in_place && reading != Reading::Packed && b_bytes <= blocks.b;
    let (group, m_blocks) = if at_once {
        (panels, 1)
    } else {
        let group = if b.strides()[0] == 1 { GROUP_ALONG } else { GROUP };
        (group, (m * longest * size_of::<F>()).div_ceil(blocks.a).max(1))
    };
    let width = group * kernel.columns();
    let highest = m.div_ceil(m_blocks);
    let lda = kernel.rows.min(highest).next_multiple_of(transpose.lanes);
    let a_room =
        if reading == Reading::Packed { highest.div_ceil(kernel.rows) * lda * longest } else { 0 };
    F::with_packing(a_room, SCRATCH + longest * width, |a_pack, b_pack| {
        let (scratch, b_pack) = b_pack.split_at_mut(SCRATCH);
        let mut start = start;
        for (p0, k) in cuts(k, k_blocks) {
            let a = a.slice_axis(Axis(1), (p0..p0 + k).into());
            let b = b.slice_axis(Axis(0), (p0..p0 + k).into()).reversed_axes();
            for (m0, m) in cuts(m, m_blocks) {
                let panels = m.div_ceil(kernel.rows);
                let rows = a.slice_axis(Axis(0), (m0..m0 + m).into());
                if reading == Reading::Packed {
                    pack(&transpose, &rows, cuts(m, panels), lda, a_pack);
                }
                for n0 in (0..n).step_by(width) {
                    let columns = b.slice_axis(Axis(0), (n0..n.min(n0 + width)).into());
                    let whole = kernel.columns();
                    let steps = (0..columns.nrows()).step_by(whole);
                    let steps = steps.map(|j0| (j0, whole.min(columns.nrows() - j0)));
                    let b_in_place = b_in_place && columns.nrows().is_multiple_of(kernel.lanes);
                    if !b_in_place {
                        pack(&transpose, &columns, steps.clone(), whole, b_pack);
                    }
                    for (i, (i0, h)) in cuts(m, panels).enumerate() {
                        let a = match reading {
                            Reading::Rows => Left::Rows(rows, i0),
                            Reading::Columns => {
                                Left::Columns(Lines::InPlace(rows.reversed_axes(), i0))
                            }
                            Reading::Packed => {
                                Left::Columns(Lines::Packed(&a_pack[i * lda * k..], lda))
                            }
                        };
                        let panel = kernel.panel(a, h, k);
                        for (j, (j0, w)) in steps.clone().enumerate() {
                            let b = if b_in_place {
                                Lines::InPlace(columns.reversed_axes(), j0)
                            } else {
                                Lines::Packed(&b_pack[j * k * whole..], whole)
                            };
                            let place = (m0 + i0, n0 + j0);
                            kernel.tile(&panel, (b, w), (alpha, start), c, place, scratch);
                        }
                    }
                }
            }
            start = Start::Scaled(F::one());
        }
    });
}

/// Whether `Cᵀ = Bᵀ Aᵀ` takes less time than `C = A B`: panels of the right operand are copied, and transposed if its columns run
/// along memory, while the left one is read where it is; vectors run along the rows of the product. In `X Wᵀ` it is better to
/// transpose a small `X` than a large `W`.
pub(super) fn better_transposed<F: Float>(
    level: Level,
    a: &ArrayView2<'_, F>,
    b: &ArrayView2<'_, F>,
    c: &ArrayViewMut2<'_, F>,
) -> bool {
    let (lanes, blocks) = (F::kernel(level).lanes, blocks(level));
    let ((m, k), n) = (a.dim(), b.ncols());
    // Per step of the inner dimension, in scalars of vectors: the tiles, and what is transposed.
    let cost = |m: usize, n: usize, b_step: isize, c_step: isize| {
        let tiles = m * n.next_multiple_of(lanes);
        let b_turned = if b_step == 1 { 0 } else { n * lanes * TURN_B };
        let c_turned =
            if c_step == 1 { 0 } else { m * n * lanes * blocks.turn_c * blocks.runs(k) / k.max(1) };
        tiles + (b_turned + c_turned) / 16
    };
    cost(n, m, a.strides()[0], c.strides()[0]) < cost(m, n, b.strides()[1], c.strides()[1])
}

/// How many scalars are multiplied and added, in vectors of 16, while one of `B` is transposed: some 0.2 ns for `f32` with AVX-512.
const TURN_B: usize = 22;

/// Cuts `0..n` into `parts` ranges whose lengths differ by at most one: `(first, length)` each.
pub(super) fn cuts(n: usize, parts: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
    let (short, longer) = (n / parts.max(1), n % parts.max(1));
    (0..parts).map(move |part| {
        let first = part * short + part.min(longer);
        (first, short + usize::from(part < longer))
    })
}

/// Lanes `(L, k)`, cut into panels of `(first, count)` lanes, one panel of `ld k` scalars after the other:
/// `out[ld p + l] = lanes[first + l][p]`.
///
/// What a panel has no lane for holds values of no meaning.
fn pack<F: Float>(
    transpose: &Transpose<F>,
    lanes: &ArrayView2<'_, F>,
    panels: impl Iterator<Item = (usize, usize)> + Clone,
    ld: usize,
    out: &mut [F],
) {
    let (n, k) = lanes.dim();
    match *lanes.strides() {
        [1, _] => {
            // Across all panels before the next p, because that is how memory runs.
            for (p, across) in lanes.columns().into_iter().enumerate() {
                let Some(across) = across.to_slice() else { continue };
                for (panel, (first, _)) in panels.clone().enumerate() {
                    let from = &across[first..n.min(first + ld)];
                    copy(from, &mut out[(panel * k + p) * ld..][..from.len()]);
                }
            }
        }
        [_, 1] => {
            let mut remaining = lanes.rows().into_iter();
            for (panel, (_, count)) in panels.enumerate() {
                for first in (0..count).step_by(transpose.lanes) {
                    let mut rows = [[].as_slice(); MAX_LANES];
                    let some = transpose.lanes.min(count - first);
                    for (row, lane) in rows.iter_mut().zip(remaining.by_ref().take(some)) {
                        *row = lane.to_slice().unwrap_or_default();
                    }
                    transpose.run(&rows[..some], k, &mut out[panel * k * ld + first..], ld);
                }
            }
        }
        _ => {
            for (panel, (first, count)) in panels.enumerate() {
                for l in 0..count {
                    for (p, &value) in lanes.row(first + l).iter().enumerate() {
                        out[(panel * k + p) * ld + l] = value;
                    }
                }
            }
        }
    }
}

/// `to ← from`, without a call for the few scalars of a panel.
fn copy<F: Float>(from: &[F], to: &mut [F]) {
    let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<8>(), to.as_chunks_mut::<8>());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, &from) in to_rest.iter_mut().zip(from_rest) {
        *to = from;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2, Axis, Slice};

    use super::{FEW_READS, PAGE, better_transposed, blocks, in_place};
    use crate::Float;
    use crate::simd::Level;

    // A sum may not depend on how C is cut, so a run depends on K alone.
    #[test]
    fn runs_are_at_most_half_as_long_again_as_the_blocks() {
        for level in [Level::Portable, Level::Avx512] {
            let blocks = blocks(level);
            let whole = 3 * blocks.k / 2 + blocks.k / 16;
            for (k, runs) in [
                (0, 1),
                (1, 1),
                (blocks.k, 1),
                (whole, 1),
                (whole + 1, 2),
                (2 * blocks.k, 2),
                (2 * blocks.k + 1, 3),
            ] {
                assert_eq!(blocks.runs(k), runs, "{level:?}, {k}");
            }
        }
    }

    // Which way it is computed changes no bit: no other test sees the choice.
    #[test]
    fn a_small_matrix_is_transposed_rather_than_a_large_one() {
        fn check<F: Float>(level: Level) {
            let array = |rows, columns| Array2::<F>::zeros((rows, columns));
            let transposed = |a: ArrayView2<'_, F>, b: ArrayView2<'_, F>| {
                let mut c = array(a.nrows(), b.ncols());
                better_transposed(level, &a, &b, &c.view_mut())
            };
            let (few, many, weights) = (array(64, 512), array(4096, 512), array(512, 512));
            // X Wᵀ, where W or X is the smaller one; dY W and dYᵀ X need no transposition.
            assert!(transposed(few.view(), weights.t()));
            assert!(!transposed(many.view(), weights.t()));
            assert!(!transposed(few.view(), weights.view()));
            assert!(!transposed(few.t(), few.view()));
            // Nor is anything gained between equals, unless C lies transposed itself.
            assert!(!transposed(weights.view(), weights.t()));
            let mut c = array(512, 512);
            let c = c.view_mut().reversed_axes();
            assert!(better_transposed(level, &weights.view(), &weights.t(), &c));
            // Vectors along two columns would be nearly empty.
            assert!(transposed(many.t(), array(4096, 2).view()));
        }
        for level in Level::available() {
            check::<f32>(level);
            check::<f64>(level);
        }
    }

    // What is copied first gives the same product: no other test sees the choice.
    #[test]
    fn near_lines_that_are_read_a_few_times_stay_in_place() {
        fn check<F: Default + Clone>() {
            let page = PAGE / size_of::<F>();
            let lines = |width| Array2::from_elem((3, width), F::default());
            for (width, reads, stays) in [
                (8, 0, true),
                (8, FEW_READS, true),
                (8, FEW_READS + 1, false),
                (page - 1, FEW_READS, true),
                (page, FEW_READS, false),
                (2 * page, 1, false),
            ] {
                assert_eq!(in_place(lines(width).view(), reads), stays, "{width}, {reads} times");
            }
            assert!(!in_place(lines(8).t(), 1));
            let mut gaps = lines(8);
            gaps.slice_axis_inplace(Axis(1), Slice::new(0, None, 2));
            assert!(!in_place(gaps.view(), 1));
            let mut upward = lines(8);
            upward.invert_axis(Axis(0));
            assert!(!in_place(upward.view(), 1));
        }
        check::<f32>();
        check::<f64>();
    }
}
