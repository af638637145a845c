//! A schedule from a closure.

use std::fmt;

use tensor_core::Error;

use super::Schedule;
use crate::check;

/// A rate that a closure says, PyTorch's `LambdaLR`: `λ(t) = λ f(t)`.
///
/// `t` is the step, from 0, λ the rate given and `f` the closure. With `λ = 1` the closure says the
/// rate itself. A product of finite numbers that is too large for `f64` is [`f64::MAX`].
///
/// What a closure says is known only when it is asked. If `λ f(t)` is no rate, because `f(t)` is
/// NaN, infinite or negative, [`lr`](Schedule::lr) hands it on as it is, so that nothing hides it:
/// [`try_lr`](Schedule::try_lr) refuses it, and so does
/// [`set_lr`](crate::Optimizer::set_lr), which leaves the optimizer's rate as it was.
///
/// # Examples
///
/// `½·1/(t + 1)`:
///
/// ```
/// use optim::{LambdaLr, Schedule};
///
/// let schedule = LambdaLr::new(0.5, |t| 1.0 / (t as f64 + 1.0))?;
/// assert_eq!([0, 1, 3].map(|t| schedule.lr(t)), [0.5, 0.25, 0.125]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// A closure that is wrong from step 3 on:
///
/// ```
/// use optim::{LambdaLr, Schedule};
///
/// let schedule = LambdaLr::new(1.0, |t| 1.0 - 0.5 * t as f64)?;
/// assert_eq!(schedule.try_lr(2)?, 0.0);
/// let error = schedule.try_lr(3).unwrap_err().to_string();
/// assert_eq!(error, "schedule: expected lr to be a finite number ≥ 0, found -0.5");
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct LambdaLr<G> {
    lr: f64,
    factor: G,
}

impl<G: Fn(u64) -> f64> LambdaLr<G> {
    /// A schedule that multiplies `lr` by `factor(t)`.
    ///
    /// # Errors
    /// If `lr` is negative or not finite.
    pub fn new(lr: f64, factor: G) -> Result<Self, Error> {
        check::not_negative("lambda lr", "lr", lr)?;
        Ok(Self { lr, factor })
    }
}

impl<G: Fn(u64) -> f64> Schedule for LambdaLr<G> {
    fn lr(&self, step: u64) -> f64 {
        let factor = (self.factor)(step);
        let lr = self.lr * factor;
        if factor.is_finite() { lr.min(f64::MAX) } else { lr }
    }
}

impl<G> fmt::Debug for LambdaLr<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaLr").field("lr", &self.lr).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::LambdaLr;
    use crate::Schedule;

    // What is no rate is handed on and refused; ∞·0 is NaN, too.
    #[test]
    fn what_a_closure_says_is_checked() {
        for (lr, factor) in
            [(1.0, f64::NAN), (0.0, f64::INFINITY), (2.0, f64::INFINITY), (1.0, -1.0)]
        {
            let schedule = LambdaLr::new(lr, |_| factor).unwrap();
            assert!(schedule.try_lr(7).is_err(), "{lr}, {factor}: {}", schedule.lr(7));
        }
        assert_eq!(LambdaLr::new(1e300, |_| 1e300).unwrap().try_lr(0), Ok(f64::MAX));
        assert_eq!(
            LambdaLr::new(-1.0, |_| 1.0).unwrap_err().to_string(),
            "lambda lr: expected lr to be a finite number ≥ 0, found -1"
        );
    }
}
