//! The product of matrices that do not fit into registers, by blocks that fit into caches.
//!
//! Plainly:
//!
//! ```text
//! for i in 0..M { for j in 0..N { C[i, j] ← α Σ_p A[i, p] B[p, j] + start[i, j] } }
//! ```
//!
//! Here:
//!
//! ```text
//! for a block of K:                                            1
//!     for a block of M: pack A;                                1, 3
//!         for a group of panels of columns of C: pack B;       2, 3, 4
//!             for a panel of rows of C:
//!                 for a panel of the group: micro-kernel       5
//! ```
//!
//! 1. The loops over `K` and `M` are cut into blocks, because a block of `A` and a group of panels
//!    of `B` have to fit into the second-level cache together, and a panel of `A` into the first.
//!    (Goto and van de Geijn, *Anatomy of High-Performance Matrix Multiplication*, ACM TOMS 34,
//!    2008, <https://doi.org/10.1145/1356052.1356053>.)
//! 2. `B` is packed where it is used and not kept, as that paper does it, because the matrices of
//!    a network have few rows: `B` would not be used again.
//! 3. Packing copies a block in the order in which the micro-kernel reads it. What is read in order
//!    anyway, or only a few times, is read in place, because the copy would cost more.
//! 4. A small `B` is packed all at once, because `A` then passes by once.
//! 5. The micro-kernel ([`Panel::tile`](crate::simd::tile::Panel::tile)) holds a tile of `C` in
//!    registers while `p` runs, because reading and writing `C` at each step would cost more than
//!    the sums. It adds `start` at the end of the first block of `K`; the later blocks are added to
//!    what `C` holds by then.

use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::blocks::blocks;
use super::pack::pack;
use crate::Float;
use crate::simd::Level;
use crate::simd::tile::{Kernel, Left, Lines, SCRATCH, Start};
use crate::simd::transpose::Transpose;

/// Multiply-adds that pay for handing them to another thread.
pub(super) const PART: usize = 1 << 18;

/// Most times that a panel is read in place: a panel that is read more often is packed first.
/// Measured on the products of a training step.
const FEW_READS: usize = 10;

/// Bytes of a page, beyond which the processor fetches neither lines nor pages ahead.
const PAGE: usize = 4096;

/// Whether reading these lines in place beats packing them first.
fn in_place<F>(lines: &ArrayView2<'_, F>, reads: usize) -> bool {
    let (ld, column) = (lines.strides()[0], lines.strides()[1]);
    let near = ld >= 0 && ld.unsigned_abs().saturating_mul(size_of::<F>()) < PAGE;
    near && column == 1 && reads <= FEW_READS
}

/// How the tiles of a product read `A`.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    /// Its rows, in place.
    Rows,
    /// Its columns, in place.
    Columns,
    /// Its columns, packed.
    Packed,
}

impl Reading {
    /// For an `A` of which each panel is read `reads` times.
    fn of<F>(a: &ArrayView2<'_, F>, reads: usize) -> Self {
        if a.strides()[1] == 1 && a.strides()[0] >= 0 {
            Self::Rows
        } else if in_place(&a.t(), reads) {
            Self::Columns
        } else {
            Self::Packed
        }
    }
}

/// How a product is computed, decided before its loops run.
struct Plan<F> {
    kernel: Kernel<F>,
    transpose: Transpose<F>,
    reading: Reading,
    b_in_place: bool,
    /// Into how many blocks `K` and `M` are cut.
    k_blocks: usize,
    m_blocks: usize,
    /// Columns of `C` in a group of panels.
    width: usize,
    /// From one step of a packed panel of `A` to the next.
    lda: usize,
}

impl<F: Float> Plan<F> {
    fn new(level: Level, a: &ArrayView2<'_, F>, b: &ArrayView2<'_, F>) -> Self {
        let (kernel, transpose, blocks) = (F::kernel(level), F::transpose(level), blocks(level));
        let ((m, k), n) = (a.dim(), b.ncols());
        // 3
        let reading = Reading::of(a, n.div_ceil(kernel.columns()));
        let b_in_place = in_place(b, m.div_ceil(kernel.rows));
        let k_blocks = blocks.k_blocks(k); // 1
        // 4
        let at_once = !b_in_place && reading != Reading::Packed;
        let (group, m_blocks) = blocks.cut(
            (m, k.div_ceil(k_blocks), n),
            (size_of::<F>(), kernel.columns()),
            at_once,
            b.strides()[0] == 1,
        );
        let width = group * kernel.columns();
        let lda = kernel.rows.min(m.div_ceil(m_blocks)).next_multiple_of(transpose.lanes);
        Self { kernel, transpose, reading, b_in_place, k_blocks, m_blocks, width, lda }
    }

    /// Scalars of the largest block of `A` and of the largest group of `B` that are packed.
    fn packed_lengths(&self, m: usize, k: usize) -> (usize, usize) {
        let (m, k) = (m.div_ceil(self.m_blocks), k.div_ceil(self.k_blocks));
        let a = m.div_ceil(self.kernel.rows) * self.lda * k;
        (if self.reading == Reading::Packed { a } else { 0 }, k * self.width)
    }
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
    let ((m, k), n) = (a.dim(), b.ncols());
    if m == 0 || n == 0 {
        return;
    }
    let plan = Plan::new(level, &a, &b);
    let (a_length, b_length) = plan.packed_lengths(m, k);
    F::with_packing(a_length, SCRATCH + b_length, |a_pack, b_pack| {
        let (scratch, b_pack) = b_pack.split_at_mut(SCRATCH);
        let mut start = start;
        for (p0, k) in cuts(k, plan.k_blocks) {
            let a = a.slice_axis(Axis(1), (p0..p0 + k).into());
            let b = b.slice_axis(Axis(0), (p0..p0 + k).into()).reversed_axes();
            for (m0, m) in cuts(m, plan.m_blocks) {
                let rows = a.slice_axis(Axis(0), (m0..m0 + m).into());
                let block = Block { plan: &plan, rows, first_row: m0 };
                if plan.reading == Reading::Packed {
                    // 3
                    pack(&plan.transpose, &rows, block.panels(), plan.lda, a_pack);
                }
                for n0 in (0..n).step_by(plan.width) {
                    let columns = b.slice_axis(Axis(0), (n0..n.min(n0 + plan.width)).into());
                    block.times((columns, n0), (alpha, start), (a_pack, b_pack, scratch), c);
                }
            }
            start = Start::Scaled(F::one()); // 5
        }
    });
}

/// A block of `A`.
struct Block<'a, F> {
    plan: &'a Plan<F>,
    /// `(M, K)` of the block.
    rows: ArrayView2<'a, F>,
    /// Where it begins in `C`.
    first_row: usize,
}

impl<F: Float> Block<'_, F> {
    /// Its panels: the first row and the number of rows of each.
    fn panels(&self) -> impl Iterator<Item = (usize, usize)> + Clone {
        let m = self.rows.nrows();
        cuts(m, m.div_ceil(self.plan.kernel.rows))
    }

    /// The product with a group of panels of `B`, whose columns `(N, K)` begin at `n0`.
    fn times(
        &self,
        (columns, n0): (ArrayView2<'_, F>, usize),
        (alpha, start): (F, Start<'_, F>),
        (a_pack, b_pack, scratch): (&[F], &mut [F], &mut [F]),
        c: &mut ArrayViewMut2<'_, F>,
    ) {
        let &Plan { kernel, transpose, b_in_place, lda, .. } = self.plan;
        let ((n, k), whole) = (columns.dim(), kernel.columns());
        let steps = (0..n).step_by(whole).map(|j0| (j0, whole.min(n - j0)));
        let b_in_place = b_in_place && n.is_multiple_of(kernel.lanes);
        if !b_in_place {
            // 2
            pack(&transpose, &columns, steps.clone(), whole, b_pack);
        }
        for (i, (i0, h)) in self.panels().enumerate() {
            let a = match self.plan.reading {
                Reading::Rows => Left::Rows(self.rows, i0),
                Reading::Columns => Left::Columns(Lines::InPlace(self.rows.reversed_axes(), i0)),
                Reading::Packed => Left::Columns(Lines::Packed(&a_pack[i * lda * k..], lda)),
            };
            let panel = kernel.panel(a, h, k);
            for (j, (j0, w)) in steps.clone().enumerate() {
                let b = if b_in_place {
                    Lines::InPlace(columns.reversed_axes(), j0)
                } else {
                    Lines::Packed(&b_pack[j * k * whole..], whole)
                };
                let place = (self.first_row + i0, n0 + j0);
                // 5
                panel.tile((b, w), (alpha, start), c, place, scratch);
            }
        }
    }
}

/// Whether `Cᵀ = Bᵀ Aᵀ` takes less time than `C = A B`.
///
/// Panels of the right operand are packed, and transposed if its columns run along memory, while
/// the left one is read in place; vectors run along the rows of the product. In `X Wᵀ` it is better
/// to transpose a small `X` than a large `W`.
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

    // What is packed first gives the same product: no other test sees the choice.
    #[test]
    fn near_lines_that_are_read_a_few_times_are_read_in_place() {
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
                assert_eq!(in_place(&lines(width).view(), reads), stays, "{width}, {reads} times");
            }
            assert!(!in_place(&lines(8).t(), 1));
            let mut gaps = lines(8);
            gaps.slice_axis_inplace(Axis(1), Slice::new(0, None, 2));
            assert!(!in_place(&gaps.view(), 1));
            let mut upward = lines(8);
            upward.invert_axis(Axis(0));
            assert!(!in_place(&upward.view(), 1));
        }
        check::<f32>();
        check::<f64>();
    }
}
