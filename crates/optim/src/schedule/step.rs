//! `λ(t) = λ γ^⌊t/s⌋`.

use tensor_core::Error;

use super::Schedule;
use super::exponential::check_gamma;
use crate::rule::check_not_negative;

/// A rate that falls by the factor γ every `s` steps, PyTorch's `StepLR` (whose γ is 0.1 by default).
///
/// ```
/// use optim::{Schedule, StepLr};
///
/// let schedule = StepLr::new(0.5, 30, 0.5)?;
/// assert_eq!([0, 29, 30, 60].map(|t| schedule.lr(t)), [0.5, 0.5, 0.25, 0.125]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepLr {
    lr: f64,
    step_size: u64,
    gamma: f64,
}

impl StepLr {
    /// A schedule that starts at `lr` and is multiplied by `gamma` every `step_size` steps.
    ///
    /// # Errors
    /// If `lr` is negative or not finite, `step_size` is 0, or `gamma` not from 0 to 1.
    pub fn new(lr: f64, step_size: u64, gamma: f64) -> Result<Self, Error> {
        check_not_negative("step lr", "lr", lr)?;
        check_steps("step lr", "step_size", step_size)?;
        check_gamma("step lr", gamma)?;
        Ok(Self { lr, step_size, gamma })
    }
}

impl Schedule for StepLr {
    fn lr(&self, step: u64) -> f64 {
        self.lr * self.gamma.powf((step / self.step_size) as f64)
    }
}

/// A number of steps that is divided by.
pub(super) fn check_steps(
    place: &'static str,
    name: &'static str,
    steps: u64,
) -> Result<(), Error> {
    Error::check_hyperparameter(place, name, "at least 1", steps as f64, |v| v >= 1.0)
}

#[cfg(test)]
mod tests {
    use super::StepLr;

    #[test]
    fn numbers_are_checked() {
        let messages = [
            (-1.0, 1, 0.5, "step lr: expected lr to be a finite number ≥ 0, found -1"),
            (0.1, 0, 0.5, "step lr: expected step_size to be at least 1, found 0"),
            (0.1, 1, f64::NAN, "step lr: expected gamma to be from 0 to 1, found NaN"),
        ];
        for (lr, step_size, gamma, message) in messages {
            assert_eq!(StepLr::new(lr, step_size, gamma).unwrap_err().to_string(), message);
        }
    }
}
