//! Packing: a block of a matrix is copied in the order in which the micro-kernel reads it.

use ndarray::ArrayView2;

use crate::Float;
use crate::simd::transpose::{MAX_LANES, Transpose};
use crate::simd::{Loop, vectorized};

/// Lanes `(L, k)`, cut into panels of `(first, count)` lanes, one panel of `ld k` scalars after the
/// other: `out[ld p + l] = lanes[first + l][p]`.
///
/// What a panel has no lane for holds values of no meaning.
pub(super) fn pack<F: Float>(
    transpose: &Transpose<F>,
    lanes: &ArrayView2<'_, F>,
    panels: impl Iterator<Item = (usize, usize)> + Clone,
    ld: usize,
    out: &mut [F],
) {
    let k = lanes.ncols();
    match *lanes.strides() {
        // The lanes are neighbors in memory.
        [1, _] => vectorized(Across { lanes, panels, ld, out }),
        // Each lane runs along memory.
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

/// Lines of memory that are copied for one panel before the next panel gets its part of them.
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
    let ((from, from_remainder), (to, to_remainder)) =
        (from.as_chunks::<8>(), to.as_chunks_mut::<8>());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    for (to, &from) in to_remainder.iter_mut().zip(from_remainder) {
        *to = from;
    }
}
