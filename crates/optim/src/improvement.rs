//! When a metric counts as better than the best so far: for [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau) and
//! [`EarlyStopping`](crate::EarlyStopping).

use tensor_core::Error;

use crate::rule::{check_decay, check_not_negative};

/// Whether small or large metrics are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Goal {
    /// Small ones: a loss.
    #[default]
    Min,
    /// Large ones: an accuracy.
    Max,
}

/// By how much a metric must beat the best one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// A share θ of the best: below `best·(1 − θ)`, or above `best·(1 + θ)`. For metrics that are positive.
    Relative(f64),
    /// A difference θ: below `best − θ`, or above `best + θ`.
    Absolute(f64),
}

impl Threshold {
    pub(crate) fn check(self, place: &'static str) -> Result<(), Error> {
        match self {
            Self::Relative(theta) => check_decay(place, "threshold", theta),
            Self::Absolute(theta) => check_not_negative(place, "threshold", theta),
        }
    }
}

impl Goal {
    /// Worse than anything.
    pub(crate) fn worst(self) -> f64 {
        match self {
            Self::Min => f64::INFINITY,
            Self::Max => f64::NEG_INFINITY,
        }
    }

    /// Whether `metric` beats `best`. NaN never does.
    pub(crate) fn is_better(self, metric: f64, best: f64, threshold: Threshold) -> bool {
        match (self, threshold) {
            (Self::Min, Threshold::Relative(theta)) => metric < best * (1.0 - theta),
            (Self::Min, Threshold::Absolute(theta)) => metric < best - theta,
            (Self::Max, Threshold::Relative(theta)) => metric > best * (1.0 + theta),
            (Self::Max, Threshold::Absolute(theta)) => metric > best + theta,
        }
    }
}
