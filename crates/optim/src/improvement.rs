//! When a metric counts as better than the best one so far.

use tensor_core::Error;

use crate::check;

/// Whether small or large metrics are good, for [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) and
/// [`EarlyStopping`](crate::EarlyStopping).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
/// | `Relative(θ)` | `metric < best·(1 − θ)` | `metric > best·(1 + θ)` |
/// | `Absolute(θ)` | `metric < best − θ` | `metric > best + θ` |
///
/// Before the first metric `best` is +∞ or −∞, so the first number is better. NaN never is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// The fraction θ of the best one, `0 ≤ θ < 1`. For metrics that are positive.
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
        match (self, threshold) {
            (Self::Min, Threshold::Relative(theta)) => metric < best * (1.0 - theta),
            (Self::Min, Threshold::Absolute(theta)) => metric < best - theta,
            (Self::Max, Threshold::Relative(theta)) => metric > best * (1.0 + theta),
            (Self::Max, Threshold::Absolute(theta)) => metric > best + theta,
        }
    }
}
