//! Learning rates as functions of the step.
//!
//! | schedule | rate at step `t`, from 0 | PyTorch |
//! |---|---|---|
//! | [`ConstantLr`] | `λ` | |
//! | [`StepLr`] | `λ γ^⌊t/s⌋` | `StepLR` |
//! | [`MultiStepLr`] | `λ γ^(number of milestones ≤ t)` | `MultiStepLR` |
//! | [`ExponentialLr`] | `λ γ^t` | `ExponentialLR` |
//! | [`LinearLr`] | from `λ f₀` to `λ f₁` in `T` steps: a warm-up | `LinearLR` |
//! | [`CosineAnnealingLr`] | half a cosine from `λ` to `λ_min` | `CosineAnnealingLR` |
//! | [`CosineAnnealingWarmRestarts`] | that again and again | `CosineAnnealingWarmRestarts` |
//! | [`PolynomialLr`] | `λ (1 − t/T)^p` | `PolynomialLR` |
//! | [`CyclicLr`] | up and down between two bounds | `CyclicLR` |
//! | [`OneCycleLr`] | up to a peak, then far down | `OneCycleLR` |
//! | [`LambdaLr`] | `λ f(t)` with a closure `f` | `LambdaLR` |
//! | [`Schedule::then`] | one schedule, then another | `SequentialLR` |
//! | [`ReduceLrOnPlateau`] | falls when a metric stops improving | `ReduceLROnPlateau` |
//!
//! A schedule is **a pure function of the step**: it has no state, so there is nothing to save, and
//! training is resumed at step `t` by asking for step `t`. Schedules that count their own steps and
//! multiply the rate they find, as in PyTorch, were rejected: called once too often they are wrong
//! for good. Only [`ReduceLrOnPlateau`] has a state, which is plain data. A step may be a batch or
//! an epoch, as the loop chooses.
//!
//! [`Schedule`] shows one in use.

mod constant;
mod cosine;
mod curve;
mod cyclic;
mod exponential;
mod lambda;
mod linear;
mod multi_step;
mod one_cycle;
mod plateau;
mod polynomial;
mod step;
mod warm_restarts;

pub use constant::ConstantLr;
pub use cosine::CosineAnnealingLr;
pub use cyclic::{CycleMode, CyclicLr, CyclicLrConfig};
pub use exponential::ExponentialLr;
pub use lambda::LambdaLr;
pub use linear::{LinearLr, LinearLrConfig};
pub use multi_step::MultiStepLr;
pub use one_cycle::{Anneal, OneCycleLr, OneCycleLrConfig};
pub use plateau::{PlateauState, ReduceLrOnPlateau, ReduceLrOnPlateauConfig};
pub use polynomial::PolynomialLr;
pub use step::StepLr;
pub use warm_restarts::CosineAnnealingWarmRestarts;

use tensor_core::Error;

use crate::check;

/// A learning rate for each step: `λ(t)`, with the step `t` counted from 0.
///
/// At every step, up to `u64::MAX`, the rate is what the formula says up to a few roundings, and
/// never NaN, negative or infinite: constants that could lead there are refused when the schedule
/// is made. A growing rate that has become too large for `f64` stays at [`f64::MAX`].
///
/// # Examples
///
/// Ten steps of warm-up from 0 to ½, then a cosine from ½ to 0 over 90 steps: step 5 is in the
/// middle of the line, step 55 in the middle of the cosine.
///
/// ```
/// use optim::{CosineAnnealingLr, LinearLr, LinearLrConfig, Schedule};
///
/// let config =
///     LinearLrConfig { start_factor: 0.0, total_iters: 10, ..LinearLrConfig::default() };
/// let schedule = LinearLr::new(0.5, config)?.then(10, CosineAnnealingLr::new(0.5, 90, 0.0)?);
/// assert_eq!([0, 5, 10, 55, 100].map(|t| schedule.lr(t)), [0.0, 0.25, 0.5, 0.25, 0.0]);
/// // for t in 0.. { optimizer.set_lr(schedule.lr(t))?; … }
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// A schedule of your own, `λ(t) = 1/√(t + 1)`:
///
/// ```
/// use optim::Schedule;
///
/// struct InverseRoot;
///
/// impl Schedule for InverseRoot {
///     fn lr(&self, step: u64) -> f64 {
///         1.0 / (step as f64 + 1.0).sqrt()
///     }
/// }
///
/// assert_eq!([0, 3, 8].map(|t| InverseRoot.lr(t)), [1.0, 1.0 / 2.0, 1.0 / 3.0]);
/// ```
pub trait Schedule {
    /// The rate at step `step`, counted from 0: finite and not negative.
    fn lr(&self, step: u64) -> f64;

    /// The rate at step `step`, checked, for schedules that are not of this crate: a
    /// [`LambdaLr`]'s closure, or an own one.
    ///
    /// # Errors
    /// If it is negative or not finite.
    fn try_lr(&self, step: u64) -> Result<f64, Error> {
        let lr = self.lr(step);
        check::not_negative("schedule", "lr", lr)?;
        Ok(lr)
    }

    /// This schedule for the steps before `at`, and from there on `next`, from its own step 0:
    /// [`Then`].
    fn then<S: Schedule>(self, at: u64, next: S) -> Then<Self, S>
    where
        Self: Sized,
    {
        Then { first: self, at, next }
    }
}

/// One schedule, then another, made by [`Schedule::then`]: `λ(t) = first(t)` for `t < at`, and
/// `next(t − at)` from there on. PyTorch's `SequentialLR`.
///
/// # Examples
///
/// ```
/// use optim::{ConstantLr, ExponentialLr, Schedule, Then};
///
/// let schedule: Then<ConstantLr, ExponentialLr> =
///     ConstantLr::new(1.0)?.then(2, ExponentialLr::new(8.0, 0.5)?);
/// assert_eq!([0, 1, 2, 3, 4].map(|t| schedule.lr(t)), [1.0, 1.0, 8.0, 4.0, 2.0]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Then<A, B> {
    first: A,
    at: u64,
    next: B,
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn lr(&self, step: u64) -> f64 {
        match step.checked_sub(self.at) {
            Some(step) => self.next.lr(step),
            None => self.first.lr(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ConstantLr, ExponentialLr, Schedule};

    #[test]
    fn each_part_counts_from_its_own_start() {
        let half = ExponentialLr::new(8.0, 0.5).unwrap();
        let schedule = ConstantLr::new(1.0).unwrap().then(2, half).then(5, half);
        let rates: Vec<f64> = (0..8).map(|t| schedule.lr(t)).collect();
        assert_eq!(rates, [1.0, 1.0, 8.0, 4.0, 2.0, 8.0, 4.0, 2.0]);
    }
}
