//! A step along a line that satisfies the strong Wolfe conditions.
//!
//! Nocedal and Wright, *Numerical optimization*, 2006, algorithms 3.5 (a bracket) and 3.6 (zoom).
//! What is beyond them, as in PyTorch: bounds of the extrapolation, and the distance that a trial
//! keeps from the ends of the bracket.

use tensor_core::Error;

/// `c₁` of the first Wolfe condition: how much of the decrease that the slope promises has to come.
pub(super) const DECREASE: f64 = 1e-4;
/// `c₂` of the second: how much of the slope may be left.
pub(super) const CURVATURE: f64 = 0.9;

/// A point on the line: the loss `φ(t)`, the slope `φ′(t)`, and where its gradient is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) t: f64,
    /// +∞ where loss or slope is NaN or infinite: no such point is ever taken.
    pub(super) loss: f64,
    pub(super) slope: f64,
    pub(super) slot: usize,
}

/// Places for gradients: of both ends of the bracket and of the trial.
pub(super) const SLOTS: usize = 3;

/// What a search comes to: the lowest point that it saw, which may be the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) point: Point,
    pub(super) evaluations: u64,
}

/// What bounds a search: trials, at least one, and a length of the bracket at which it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) evaluations: u64,
    pub(super) width: f64,
}

/// Looks for a point from `start` on, beginning at `first`. `at(t, slot)` evaluates a point and
/// puts its gradient into the slot.
///
/// # Errors
/// If `at` fails.
pub(super) fn strong_wolfe(
    start: Point,
    first: f64,
    bounds: Bounds,
    mut at: impl FnMut(f64, usize) -> Result<Point, Error>,
) -> Result<Found, Error> {
    let enough = |point: Point| point.slope.abs() <= -CURVATURE * start.slope;
    let (mut previous, mut t) = (start, first);
    let mut evaluations = 0;
    let bracket = loop {
        let point = at(t, other_slot(start.slot, previous.slot))?;
        evaluations += 1;
        let rises = evaluations > 1 && point.loss >= previous.loss;
        if too_high(start, point) || rises {
            break (previous, point);
        }
        if enough(point) || evaluations == bounds.evaluations {
            return Ok(Found { point, evaluations });
        }
        if point.slope >= 0.0 {
            break (point, previous);
        }
        t = cubic(previous, point, [t + 0.01 * (t - previous.t), 10.0 * t]);
        previous = point;
    };
    let mut found = zoom(
        start,
        bracket,
        Bounds { evaluations: bounds.evaluations - evaluations, ..bounds },
        at,
    )?;
    found.evaluations += evaluations;
    Ok(found)
}

/// Algorithm 3.6: makes the bracket smaller until its low end satisfies both conditions. The low
/// end is the lowest point so far that satisfies the first one.
fn zoom(
    start: Point,
    (mut low, mut high): (Point, Point),
    bounds: Bounds,
    mut at: impl FnMut(f64, usize) -> Result<Point, Error>,
) -> Result<Found, Error> {
    let mut was_near = false;
    let mut evaluations = 0;
    while evaluations < bounds.evaluations && (high.t - low.t).abs() >= bounds.width {
        let ends = [low.t.min(high.t), low.t.max(high.t)];
        let t = away_from_ends(between(low, high, ends), ends, &mut was_near);
        let point = at(t, other_slot(low.slot, high.slot))?;
        evaluations += 1;
        if too_high(start, point) || point.loss >= low.loss {
            high = point;
            continue;
        }
        let done = point.slope.abs() <= -CURVATURE * start.slope;
        if !done && point.slope * (high.t - low.t) >= 0.0 {
            high = low;
        }
        low = point;
        if done {
            break;
        }
    }
    Ok(Found { point: low, evaluations })
}

/// Whether the first Wolfe condition fails: `φ(t) > φ(0) + c₁ t φ′(0)`.
fn too_high(start: Point, point: Point) -> bool {
    point.loss > start.loss + DECREASE * point.t * start.slope
}

fn other_slot(a: usize, b: usize) -> usize {
    (0..SLOTS).find(|slot| *slot != a && *slot != b).unwrap_or(0)
}

/// The next trial between the ends of a bracket: near the low one where the other end has no loss.
fn between(low: Point, high: Point, ends: [f64; 2]) -> f64 {
    if high.loss == f64::INFINITY {
        return low.t + 0.1 * (high.t - low.t);
    }
    if low.t <= high.t { cubic(low, high, ends) } else { cubic(high, low, ends) }
}

/// The minimum between bounds of the cubic with the losses and slopes of two points, `a` before `b`
/// (equation 3.59); the middle where there is none.
fn cubic(a: Point, b: Point, [least, most]: [f64; 2]) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.t - b.t);
    let square = d1 * d1 - a.slope * b.slope;
    let d2 = square.sqrt();
    let t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
    if t.is_nan() { (least + most) / 2.0 } else { t.max(least).min(most) }
}

/// `t`, or a tenth of the bracket away from the nearer end if it is the second time in a row that
/// it comes nearer than that, or it lies at the end.
fn away_from_ends(t: f64, [least, most]: [f64; 2], was_near: &mut bool) -> f64 {
    let distance = 0.1 * (most - least);
    let near = (most - t).min(t - least) < distance;
    if near && (*was_near || t >= most || t <= least) {
        *was_near = false;
        return if most - t < t - least { most - distance } else { least + distance };
    }
    *was_near = near;
    t
}

#[cfg(test)]
mod tests {
    use super::{Bounds, CURVATURE, DECREASE, Point, strong_wolfe};

    /// A function of one number and its derivative, searched from 0 with the first trial `first`.
    fn search(f: impl Fn(f64) -> [f64; 2], first: f64) -> (Point, u64) {
        let at = |t: f64, slot| {
            let [loss, slope] = f(t);
            let finite = loss.is_finite() && slope.is_finite();
            Point { t, loss: if finite { loss } else { f64::INFINITY }, slope, slot }
        };
        let bounds = Bounds { evaluations: 60, width: 1e-12 };
        let found = strong_wolfe(at(0.0, 0), first, bounds, |t, slot| Ok(at(t, slot))).unwrap();
        (found.point, found.evaluations)
    }

    // φ = (t − 1)²/2: the cubic through any two points is the parabola itself, so a trial that went
    // too far comes back to the minimum, 1. A slope of 0.899 at 0.101 is flat enough; one of 0.95
    // at 0.05 is not, and the next trial is ten times as far at most.
    #[test]
    fn a_parabola_takes_two_trials() {
        let parabola = |t: f64| [(t - 1.0) * (t - 1.0) / 2.0, t - 1.0];
        for (first, trials, t) in [(1.0, 1, 1.0), (0.101, 1, 0.101), (0.05, 2, 0.5), (3.0, 2, 1.0)]
        {
            let (point, evaluations) = search(parabola, first);
            assert_eq!(evaluations, trials, "from {first}");
            assert!((point.t - t).abs() < 1e-12, "from {first}: {}", point.t);
        }
    }

    // −ln(1 − t) − 3t has its minimum at t = 2/3 and no value beyond 1: the trial comes back until
    // there is one.
    #[test]
    fn a_trial_without_a_loss_is_shortened() {
        let barrier = |t: f64| [-(1.0 - t).ln() - 3.0 * t, 1.0 / (1.0 - t) - 3.0];
        for first in [1.0, 2.0, 1e6, 1e12] {
            let (point, _) = search(barrier, first);
            assert!(point.t > 0.0 && point.t < 1.0, "from {first}: {point:?}");
            assert!(point.loss <= -2.0 * DECREASE * point.t, "from {first}: {point:?}");
            assert!(point.slope.abs() <= 2.0 * CURVATURE, "from {first}: {point:?}");
        }
    }

    // −10⁻⁵ (1 − e^(−10⁵ t)) falls with the slope −1 at first and is flat from 10⁻⁴ on: what it
    // falls by is enough only for t ≤ 10⁻⁵/c₁ = 0.1, though every t is lower than 0 and flat
    // enough.
    #[test]
    fn a_decrease_that_is_too_small_is_not_taken() {
        let step = |t: f64| [1e-5 * (-1e5 * t).exp_m1(), -(-1e5 * t).exp()];
        for first in [0.2, 1.0, 1000.0] {
            let (point, _) = search(step, first);
            assert!(point.t > 0.0 && point.t <= 0.1, "from {first}: {point:?}");
        }
    }

    // Where no trial is lower the start is what is found.
    #[test]
    fn without_a_lower_point_the_start_stays() {
        let (point, _) = search(|t| [if t == 0.0 { 0.0 } else { f64::NAN }, -1.0], 1.0);
        assert_eq!((point.t, point.loss), (0.0, 0.0));
    }
}
