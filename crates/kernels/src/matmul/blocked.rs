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

use super::blocks::blocks;
use crate::Float;
use crate::simd::tile::{Left, Lines, SCRATCH, Start};
use crate::simd::transpose::{MAX_LANES, Transpose};
use crate::simd::{Level, Loop, vectorized};

/// Multiply-adds that pay for handing them to another thread: some 4 µs.
pub(super) const PART: usize = 1 << 18;

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
    let b_along = b.strides()[0] == 1;
    let at_once = !b_in_place && reading != Reading::Packed;
    let (group, m_blocks) =
        blocks.cut((m, longest, n), (size_of::<F>(), kernel.columns()), at_once, b_along);
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
                            panel.tile((b, w), (alpha, start), c, place, scratch);
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
    let cost = |shape, b: isize, c: isize| blocks.cost(lanes, shape, b == 1, c == 1);
    cost((n, k, m), a.strides()[0], c.strides()[0])
        < cost((m, k, n), b.strides()[1], c.strides()[1])
}

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
    let k = lanes.ncols();
    match *lanes.strides() {
        [1, _] => vectorized(Across { lanes, panels, ld, out }),
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

/// [`pack`] of lanes that are neighbors in memory.
struct Across<'a, F, P> {
    lanes: &'a ArrayView2<'a, F>,
    panels: P,
    ld: usize,
    out: &'a mut [F],
}

/// Lines of memory that are copied for one panel before the next.
const LINES: usize = 8;

impl<F: Float, P: Iterator<Item = (usize, usize)> + Clone> Loop for Across<'_, F, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { lanes, panels, ld, out } = self;
        let (n, k) = lanes.dim();
        let mut remaining = lanes.columns().into_iter();
        for p0 in (0..k).step_by(LINES) {
            let mut lines = [[].as_slice(); LINES];
            let some = LINES.min(k - p0);
            for (line, across) in lines.iter_mut().zip(remaining.by_ref().take(some)) {
                *line = across.to_slice().unwrap_or_default();
            }
            for (panel, (first, _)) in panels.clone().enumerate() {
                for (p, line) in (p0..).zip(&lines[..some]) {
                    let from = &line[first..n.min(first + ld)];
                    copy(from, &mut out[(panel * k + p) * ld..][..from.len()]);
                }
            }
        }
    }
}

/// `to ← from`, without a call for the few scalars of a panel.
#[inline(always)]
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

    use super::{FEW_READS, PAGE, better_transposed, in_place};
    use crate::Float;
    use crate::simd::Level;

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
