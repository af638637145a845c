//! A straight line: the linear warm-up.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that moves on a straight line and then stays, PyTorch's `LinearLR`:
/// `λ(t) = λ·(f₀ + (f₁ − f₀)·min(t, T)/T)`.
///
/// `t` is the step, from 0, λ the optimizer's rate, `f₀`
/// ([`start_factor`](LinearLrConfig::start_factor)) its factor at step 0, `f₁`
/// ([`end_factor`](LinearLrConfig::end_factor)) its factor from step `T`
/// ([`total_iters`](LinearLrConfig::total_iters)) on. A line of no steps, `T = 0`, is at its end
/// from the start: `λ(t) = λ f₁`.
///
/// Why: with `f₀ < f₁` it is the *warm-up* before another schedule. In the first steps the
/// parameters are random and gradients large, and the moments of [`Adam`](crate::Adam) are means of
/// few gradients; small steps do less harm.
///
/// Difference to PyTorch: computed from the step and not from the rate before, which adds up
/// rounding errors, and the factors may be any finite numbers `≥ 0`.
///
/// # Examples
///
/// From `½·¼ = ⅛` to ½ in 3 steps, `⅛` a step:
///
/// ```
/// use optim::{LinearLr, LinearLrConfig, Schedule};
///
/// let config = LinearLrConfig { start_factor: 0.25, total_iters: 3, ..LinearLrConfig::default() };
/// let schedule = LinearLr::new(0.5, config)?;
/// assert_eq!([0, 1, 3, 4].map(|t| schedule.lr(t)), [0.125, 0.25, 0.5, 0.5]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearLr {
    /// `λ f₀` and `λ f₁`.
    start: f64,
    end: f64,
    total_iters: u64,
}

/// Where the line of a [`LinearLr`] starts and ends; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LinearLrConfig {
    /// `f₀`: the factor of the rate at step 0.
    pub start_factor: f64,
    /// `f₁`: its factor from step `T` on.
    pub end_factor: f64,
    /// `T`: the length of the line in steps.
    pub total_iters: u64,
}

impl Default for LinearLrConfig {
    fn default() -> Self {
        Self { start_factor: 1.0 / 3.0, end_factor: 1.0, total_iters: 5 }
    }
}

impl LinearLr {
    /// A schedule for the rate `lr`.
    ///
    /// # Errors
    /// If a number is negative or not finite, or the rate at an end is.
    pub fn new(lr: f64, config: LinearLrConfig) -> Result<Self, Error> {
        check::not_negative("linear lr", "lr", lr)?;
        check::not_negative("linear lr", "start_factor", config.start_factor)?;
        check::not_negative("linear lr", "end_factor", config.end_factor)?;
        let (start, end) = (lr * config.start_factor, lr * config.end_factor);
        check::not_negative("linear lr", "lr · start_factor", start)?;
        check::not_negative("linear lr", "lr · end_factor", end)?;
        Ok(Self { start, end, total_iters: config.total_iters })
    }
}

impl Schedule for LinearLr {
    fn lr(&self, step: u64) -> f64 {
        if step >= self.total_iters {
            return self.end;
        }
        let parts = curve::parts(step.into(), self.total_iters.into());
        curve::line(self.start, self.end, parts) // λ·(f₀ + (f₁ − f₀)·t/T)
    }
}

#[cfg(test)]
mod tests {
    use super::{LinearLr, LinearLrConfig};
    use crate::{ConstantLr, Schedule};

    // ⅒ is not what 7/10 + (1/10 − 7/10) rounds to.
    #[test]
    fn the_line_ends_at_its_end_exactly() {
        let config = LinearLrConfig { start_factor: 0.7, end_factor: 0.1, total_iters: 4 };
        let schedule = LinearLr::new(1.0, config).unwrap();
        assert_ne!(0.7 + (0.1 - 0.7), 0.1, "the case is not met");
        assert_eq!([0, 4, 5].map(|t| schedule.lr(t)), [0.7, 0.1, 0.1]);
    }

    // A warm-up of no steps, alone and before another schedule.
    #[test]
    fn a_line_of_no_steps_is_at_its_end() {
        let config = LinearLrConfig { total_iters: 0, ..LinearLrConfig::default() };
        let schedule = LinearLr::new(0.5, config).unwrap();
        assert_eq!([0, 1, u64::MAX].map(|t| schedule.lr(t)), [0.5; 3]);
        assert_eq!(
            [0, 1].map(|t| schedule.then(0, ConstantLr::new(0.25).unwrap()).lr(t)),
            [0.25; 2]
        );
    }

    #[test]
    fn numbers_are_checked() {
        let default = LinearLrConfig::default;
        let refused = |lr, config| LinearLr::new(lr, config).unwrap_err().to_string();
        assert_eq!(
            refused(-1.0, default()),
            "linear lr: expected lr to be a finite number ≥ 0, found -1"
        );
        assert_eq!(
            refused(1e308, LinearLrConfig { end_factor: 10.0, ..default() }),
            "linear lr: expected lr · end_factor to be a finite number ≥ 0, found inf"
        );
        assert_eq!(
            refused(0.1, LinearLrConfig { start_factor: f64::NAN, ..default() }),
            "linear lr: expected start_factor to be a finite number ≥ 0, found NaN"
        );
        assert_eq!(
            refused(0.1, LinearLrConfig { end_factor: -2.0, ..default() }),
            "linear lr: expected end_factor to be a finite number ≥ 0, found -2"
        );
    }
}
