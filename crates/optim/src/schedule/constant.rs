//! `λ(t) = λ`.

use tensor_core::Error;

use super::Schedule;
use crate::rule::check_not_negative;

/// The same rate at every step.
///
/// (PyTorch's `ConstantLR` is another thing: a smaller rate for the first steps. That is
/// `ConstantLr::new(lr·factor)?.then(steps, ConstantLr::new(lr)?)`.)
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
        check_not_negative("constant lr", "lr", lr)?;
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
