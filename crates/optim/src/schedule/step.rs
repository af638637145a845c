//! A rate that falls every so many steps.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that is multiplied by γ every `s` steps, PyTorch's `StepLR`: `λ(t) = λ γ^⌊t/s⌋`.
///
/// `t` is the step, from 0, λ the rate of the first step, `s` the number of steps between two cuts
/// (`step_size`), γ a factor `≥ 0` (PyTorch's default: 0.1) and `⌊t/s⌋` the quotient without
/// its fraction: the number of cuts up to step `t`.
///
/// Why: a large rate moves fast while the loss is far from its minimum, but near it the noise of
/// the gradients keeps the parameters at a distance that is proportional to the rate. Each cut
/// shortens it. With `γ > 1` the rate grows, up to [`f64::MAX`].
///
/// # Examples
///
/// After 30 steps `½·½ = ¼`, after 60 steps `½·½² = ⅛`:
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
    /// If `lr` or `gamma` is negative or not finite, or `step_size` is 0.
    pub fn new(lr: f64, step_size: u64, gamma: f64) -> Result<Self, Error> {
        check::not_negative("step lr", "lr", lr)?;
        check::steps("step lr", "step_size", step_size)?;
        check::not_negative("step lr", "gamma", gamma)?;
        Ok(Self { lr, step_size, gamma })
    }
}

impl Schedule for StepLr {
    fn lr(&self, step: u64) -> f64 {
        curve::grown(self.lr, self.gamma, step / self.step_size) // λ γ^⌊t/s⌋
    }
}

#[cfg(test)]
mod tests {
    use super::StepLr;

    #[test]
    fn numbers_are_checked() {
        let messages = [
            (-1.0, 1, 0.5, "step lr: expected lr to be a finite number ≥ 0, found -1"),
            (0.1, 0, 0.5, "step lr: expected step_size to be at least 1, found 0"),
            (0.1, 1, f64::NAN, "step lr: expected gamma to be a finite number ≥ 0, found NaN"),
        ];
        for (lr, step_size, gamma, message) in messages {
            assert_eq!(StepLr::new(lr, step_size, gamma).unwrap_err().to_string(), message);
        }
    }
}
