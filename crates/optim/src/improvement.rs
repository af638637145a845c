//! When a metric counts as better than the best one so far.

use tensor_core::Error;

use crate::check;

/// Whether small or large metrics are good, for [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) and
/// [`EarlyStopping`](crate::EarlyStopping).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Goal {
    /// Small ones, as of a loss.
    #[default]
    Min,
    /// Large ones, as of an accuracy.
    Max,
}

/// By how much θ a metric must beat the best one to count as better, for
/// [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) and [`EarlyStopping`](crate::EarlyStopping).
///
/// | | [`Goal::Min`] | [`Goal::Max`] |
/// |---|---|---|
/// | `Relative(θ)` | `metric < best − θ·\|best\|` | `metric > best + θ·\|best\|` |
/// | `Absolute(θ)` | `metric < best − θ` | `metric > best + θ` |
///
/// The margin of a relative threshold is a share of the *size* of the best metric, so that it means
/// the same for metrics of either sign: a best of −3 is beaten with `θ = 0.1` by what lies below
/// −3.3. One goal is the other with the signs of all metrics changed.
///
/// Before the first metric `best` is +∞ or −∞, so the first number is better. NaN never is. An
/// infinity on the good side beats every number, and nothing beats it.
///
/// Difference to PyTorch: `ReduceLROnPlateau` compares with `best·(1 − θ)` or `best·(1 + θ)`, which
/// for a negative best lie on the wrong side of it: a worse metric counts as better.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Threshold {
    /// The fraction θ of the size of the best one, `0 ≤ θ < 1`.
    Relative(f64),
    /// The difference θ, `θ ≥ 0`.
    Absolute(f64),
}

impl Threshold {
    pub(crate) fn check(self, place: &'static str) -> Result<(), Error> {
        match self {
            Self::Relative(theta) => check::below_one(place, "threshold", theta),
            Self::Absolute(theta) => check::not_negative(place, "threshold", theta),
        }
    }
}

impl Goal {
    /// The metric that every number beats.
    pub(crate) fn worst(self) -> f64 {
        match self {
            Self::Min => f64::INFINITY,
            Self::Max => f64::NEG_INFINITY,
        }
    }

    /// Whether `metric` beats `best` by `threshold`. NaN never does.
    pub(crate) fn is_better(self, metric: f64, best: f64, threshold: Threshold) -> bool {
        match self {
            Self::Min => is_below(metric, best, threshold),
            Self::Max => is_below(-metric, -best, threshold),
        }
    }
}

/// What a run of metrics has led to, as plain data that comes from outside: see [`check`](Self::check).
pub(crate) struct Best {
    /// Metrics so far.
    pub(crate) steps: u64,
    /// The best one.
    pub(crate) metric: f64,
    /// The number of its step, from 1.
    pub(crate) step: u64,
}

impl Best {
    /// Whether the three fit each other and the goal.
    ///
    /// # Errors
    /// If `metric` is NaN, or the infinity that means "none yet" although there is one, or another
    /// number although there is none; if its step lies after the last one; if `steps` is so large
    /// that counting would end.
    pub(crate) fn check(&self, place: &'static str, goal: Goal) -> Result<(), Error> {
        check::count(place, "steps", self.steps, "below 2^63", 0..1 << 63)?;
        let range = "at most steps";
        check::count(place, "best_step", self.step, range, 0..self.steps.saturating_add(1))?;
        let none = self.step == 0;
        let range = match (none, goal) {
            (true, Goal::Min) => "inf, as there is no best step",
            (true, Goal::Max) => "-inf, as there is no best step",
            (false, Goal::Min) => "a number below inf",
            (false, Goal::Max) => "a number above -inf",
        };
        Error::check_hyperparameter(place, "best", range, self.metric, |best| {
            !best.is_nan() && (best == goal.worst()) == none
        })
    }
}

/// Whether `metric` lies below `best` by `threshold`.
fn is_below(metric: f64, best: f64, threshold: Threshold) -> bool {
    if metric == f64::NEG_INFINITY {
        return best > metric; // the bound of a finite best may round to −∞
    }
    match threshold {
        Threshold::Absolute(theta) => metric < best - theta,
        Threshold::Relative(theta) => {
            // best − θ|best|; a power of two keeps the product of a tiny best from losing digits.
            let scale = if best.abs() < 1e-250 { 2.0_f64.powi(600) } else { 1.0 };
            let share = if best < 0.0 { 1.0 + theta } else { 1.0 - theta };
            metric * scale < best * scale * share
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Goal, Threshold};

    const INF: f64 = f64::INFINITY;
    const TINY: f64 = 5e-324; // the smallest subnormal number

    // Each line: θ, best, a metric that is better, one that is not; for small metrics. By hand: of
    // −4 a quarter is 1, so the bound is −5; of 4 it is 3. 4·TINY less a quarter is 3·TINY.
    // −1.5e308 less a quarter lies below every number, so only −∞ is better.
    #[test]
    fn bounds_of_either_sign() {
        use Threshold::{Absolute, Relative};
        let table = [
            (Relative(0.25), 4.0, 2.9, 3.0),
            (Relative(0.25), -4.0, -5.1, -5.0),
            (Relative(0.25), 4.0, -INF, INF),
            (Relative(0.25), 4.0, -1e308, f64::NAN),
            (Relative(0.25), 0.0, -TINY, 0.0),
            (Relative(0.25), -0.0, -TINY, 0.0),
            (Relative(0.25), 0.0, -1.0, -0.0),
            (Relative(0.25), INF, 1e308, INF),
            (Relative(0.25), INF, -INF, f64::NAN),
            (Relative(0.5), TINY, 0.0, TINY),
            (Relative(0.25), 4.0 * TINY, 2.0 * TINY, 3.0 * TINY),
            (Relative(0.25), -4.0 * TINY, -6.0 * TINY, -5.0 * TINY),
            (Relative(0.25), -1.5e308, -INF, -f64::MAX),
            (Relative(0.25), f64::MAX, 1e308, 1.7e308),
            (Relative(0.0), -3.0, (-3.0_f64).next_down(), -3.0),
            (Relative(TINY), -3.0, (-3.0_f64).next_down(), -3.0),
            (Absolute(0.25), 4.0, 3.7, 3.75),
            (Absolute(0.25), -4.0, -4.3, -4.25),
            (Absolute(0.25), 0.0, -0.3, -0.25),
            (Absolute(0.0), -0.0, -TINY, 0.0),
            (Absolute(TINY), 0.0, -2.0 * TINY, -TINY),
            (Absolute(1e308), -1e308, -INF, -f64::MAX),
            (Absolute(1e308), INF, 1e308, INF),
        ];
        for (threshold, best, better, not_better) in table {
            let at = format!("{threshold:?}, best {best}: {better}, {not_better}");
            assert!(Goal::Min.is_better(better, best, threshold), "{at}");
            assert!(!Goal::Min.is_better(not_better, best, threshold), "{at}");
            assert!(Goal::Max.is_better(-better, -best, threshold), "large ones; {at}");
            assert!(!Goal::Max.is_better(-not_better, -best, threshold), "large ones; {at}");
            // Nothing beats the infinity on the good side, nor NaN, and NaN beats nothing.
            assert!(!Goal::Min.is_better(better, -INF, threshold), "{at}");
            assert!(!Goal::Min.is_better(better, f64::NAN, threshold), "{at}");
            assert!(!Goal::Min.is_better(f64::NAN, best, threshold), "{at}");
        }
    }

    // What counts as better lies on the good side of the best, for all pairs and thresholds.
    #[test]
    fn goals_mirror_each_other_and_better_is_never_worse() {
        let sizes = [0.0, TINY, 1e-310, 1e-300, 0.1, 0.95, 1.0, 3.0, 1e300, f64::MAX, INF];
        let metrics: Vec<f64> = sizes.iter().flat_map(|m| [*m, -m]).chain([f64::NAN]).collect();
        let thetas = [0.0, TINY, 1e-20, 1e-4, 0.1, 0.5, 0.999];
        let each = thetas.map(|theta| [Threshold::Relative(theta), Threshold::Absolute(theta)]);
        for threshold in each.into_iter().flatten() {
            for &metric in &metrics {
                for &best in &metrics {
                    let min = Goal::Min.is_better(metric, best, threshold);
                    let max = Goal::Max.is_better(-metric, -best, threshold);
                    assert_eq!(min, max, "{metric}, {best}, {threshold:?}");
                    assert!(!min || metric < best, "{metric}, {best}, {threshold:?}");
                }
            }
        }
    }
}
