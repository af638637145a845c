//! A rate that falls at given steps.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that is multiplied by γ at given steps, PyTorch's `MultiStepLR`: `λ(t) = λ γ^n(t)`.
///
/// `t` is the step, from 0, λ the rate before the first milestone, γ a factor `≥ 0`
/// (PyTorch's default: 0.1) and `n(t)` the number of milestones that are `≤ t`. It is
/// [`StepLr`](super::StepLr) with cuts where you want them, for instance where an earlier training
/// ceased to improve. With `γ > 1` the rate grows, up to [`f64::MAX`].
///
/// # Examples
///
/// From step 30 `½·½ = ¼`, from step 80 `½·½² = ⅛`:
///
/// ```
/// use optim::{MultiStepLr, Schedule};
///
/// let schedule = MultiStepLr::new(0.5, &[30, 80], 0.5)?;
/// assert_eq!([0, 29, 30, 79, 80].map(|t| schedule.lr(t)), [0.5, 0.5, 0.25, 0.25, 0.125]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MultiStepLr {
    lr: f64,
    milestones: Vec<u64>,
    gamma: f64,
}

impl MultiStepLr {
    /// A schedule that starts at `lr` and is multiplied by `gamma` at each of `milestones`, which
    /// may stand in any order; twice where a milestone stands twice.
    ///
    /// # Errors
    /// If `lr` or `gamma` is negative or not finite.
    pub fn new(lr: f64, milestones: &[u64], gamma: f64) -> Result<Self, Error> {
        check::not_negative("multi-step lr", "lr", lr)?;
        check::not_negative("multi-step lr", "gamma", gamma)?;
        Ok(Self { lr, milestones: milestones.to_vec(), gamma })
    }
}

impl Schedule for MultiStepLr {
    fn lr(&self, step: u64) -> f64 {
        let passed = self.milestones.iter().filter(|milestone| **milestone <= step).count();
        curve::grown(self.lr, self.gamma, passed as u64) // λ γ^n(t)
    }
}

#[cfg(test)]
mod tests {
    use super::MultiStepLr;
    use crate::Schedule;

    #[test]
    fn milestones_in_any_order_and_twice() {
        let schedule = MultiStepLr::new(1.0, &[4, 2, 4], 0.5).unwrap();
        assert_eq!([0, 1, 2, 3, 4, 9].map(|t| schedule.lr(t)), [1.0, 1.0, 0.5, 0.5, 0.125, 0.125]);
        assert_eq!(MultiStepLr::new(1.0, &[], 0.5).unwrap().lr(9), 1.0);
    }

    #[test]
    fn numbers_are_checked() {
        let message = "multi-step lr: expected gamma to be a finite number ≥ 0, found -2";
        assert_eq!(MultiStepLr::new(0.1, &[1], -2.0).unwrap_err().to_string(), message);
        let message = "multi-step lr: expected lr to be a finite number ≥ 0, found inf";
        let error = MultiStepLr::new(f64::INFINITY, &[1], 0.5).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
