//! A rate that falls by one factor at every step.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that is multiplied by γ at every step, PyTorch's `ExponentialLR`: `λ(t) = λ γ^t`.
///
/// `t` is the step, from 0, λ the rate of the first step and γ a factor `≥ 0`. It is
/// [`StepLr`](super::StepLr) with a cut at each step. For a rate that is halved in `h` steps,
/// `γ^h = ½`: `γ = 2^(−1/h)`. With `γ > 1` the rate grows, up to [`f64::MAX`].
///
/// Difference to PyTorch: the power is computed at once; PyTorch multiplies the rate it finds at
/// each step, which adds up rounding errors.
///
/// # Examples
///
/// `½`, `½·½ = ¼`, and at step 3 `½·½³ = 1/16`:
///
/// ```
/// use optim::{ExponentialLr, Schedule};
///
/// let schedule = ExponentialLr::new(0.5, 0.5)?;
/// assert_eq!([0, 1, 3].map(|t| schedule.lr(t)), [0.5, 0.25, 0.0625]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExponentialLr {
    lr: f64,
    gamma: f64,
}

impl ExponentialLr {
    /// A schedule that starts at `lr` and is multiplied by `gamma` at every step.
    ///
    /// # Errors
    /// If a number is negative or not finite.
    pub fn new(lr: f64, gamma: f64) -> Result<Self, Error> {
        check::not_negative("exponential lr", "lr", lr)?;
        check::not_negative("exponential lr", "gamma", gamma)?;
        Ok(Self { lr, gamma })
    }
}

impl Schedule for ExponentialLr {
    fn lr(&self, step: u64) -> f64 {
        curve::grown(self.lr, self.gamma, step) // λ γ^t
    }
}

#[cfg(test)]
mod tests {
    use super::ExponentialLr;
    use crate::Schedule;

    #[test]
    fn far_steps_are_zero_and_never_nan() {
        assert_eq!(ExponentialLr::new(1.0, 0.9).unwrap().lr(u64::MAX), 0.0);
        assert_eq!(ExponentialLr::new(1.0, 1.0).unwrap().lr(u64::MAX), 1.0);
        assert_eq!([0, 1].map(|t| ExponentialLr::new(2.0, 0.0).unwrap().lr(t)), [2.0, 0.0]);
    }

    // 10⁻³·2ᵗ: 2¹⁰ = 1024; far out the rate stays at the largest number.
    #[test]
    fn a_growing_rate_stays_finite() {
        let growing = ExponentialLr::new(1e-3, 2.0).unwrap();
        assert_eq!([0, 1, 10].map(|t| growing.lr(t)), [1e-3, 2e-3, 1.024]);
        assert_eq!([1100, u64::MAX].map(|t| growing.lr(t)), [f64::MAX; 2]);
    }

    #[test]
    fn numbers_are_checked() {
        let messages = [
            (f64::NAN, 0.5, "exponential lr: expected lr to be a finite number ≥ 0, found NaN"),
            (
                0.1,
                f64::INFINITY,
                "exponential lr: expected gamma to be a finite number ≥ 0, found inf",
            ),
            (0.1, -0.5, "exponential lr: expected gamma to be a finite number ≥ 0, found -0.5"),
        ];
        for (lr, gamma, message) in messages {
            assert_eq!(ExponentialLr::new(lr, gamma).unwrap_err().to_string(), message);
        }
    }
}
