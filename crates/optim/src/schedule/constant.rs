//! The same rate at every step.

use tensor_core::Error;

use super::Schedule;
use crate::check;

/// The same rate at every step: `λ(t) = λ`, where `t` is the step, from 0, and λ the rate given.
///
/// Alone it is what an optimizer does without a schedule; it serves as a part of a longer schedule,
/// before or after another ([`then`](Schedule::then)).
///
/// Difference to PyTorch: `ConstantLR` there is a smaller rate for the first steps, here
/// `ConstantLr::new(lr * factor)?.then(steps, ConstantLr::new(lr)?)`.
///
/// # Examples
///
/// ```
/// use optim::{ConstantLr, Schedule};
///
/// assert_eq!(ConstantLr::new(0.1)?.lr(1_000_000), 0.1);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConstantLr {
    lr: f64,
}

impl ConstantLr {
    /// A schedule that stays at `lr`.
    ///
    /// # Errors
    /// If `lr` is negative or not finite.
    pub fn new(lr: f64) -> Result<Self, Error> {
        check::not_negative("constant lr", "lr", lr)?;
        Ok(Self { lr })
    }
}

impl Schedule for ConstantLr {
    fn lr(&self, _step: u64) -> f64 {
        self.lr
    }
}

#[cfg(test)]
mod tests {
    use super::ConstantLr;

    #[test]
    fn the_rate_is_checked() {
        assert_eq!(
            ConstantLr::new(-0.1).unwrap_err().to_string(),
            "constant lr: expected lr to be a finite number ≥ 0, found -0.1"
        );
    }
}
