//! What an update rule is: its numbers, and what it does to one parameter.
//!
//! A rule is its own configuration. [`Descent`](crate::Descent) walks over the parameters, keeps the state and knows the
//! groups, for every rule alike; a rule of your own is one `impl`:
//!
//! ```
//! use optim::{Buffers, Descent, Optimizer, Rule, Step};
//! use tensor_core::{Error, Float};
//! # use tensor_core::{Parameter, Role, Trainable};
//! # struct Line(f64);
//! # impl Trainable<f64> for Line {
//! #     type Workspace = f64;
//! #     fn parameters(&mut self, g: &mut f64, visit: &mut dyn FnMut(Parameter<'_, f64>)) -> Result<(), Error> {
//! #         visit(Parameter::new("slope", Role::Weight, std::slice::from_mut(&mut self.0), std::slice::from_mut(g)));
//! #         Ok(())
//! #     }
//! # }
//! # let (mut model, mut workspace) = (Line(1.0), -0.3);
//!
//! /// `w ← w − λ sign(g)`
//! #[derive(Debug, Clone, Copy)]
//! struct SignDescent {
//!     lr: f64,
//! }
//!
//! impl Rule for SignDescent {
//!     const NAME: &'static str = "sign descent";
//!     fn check(&self) -> Result<(), Error> {
//!         Ok(())
//!     }
//!     fn lr(&self) -> f64 {
//!         self.lr
//!     }
//!     fn set_lr(&mut self, lr: f64) {
//!         self.lr = lr;
//!     }
//!     fn weight_decay(&self) -> f64 {
//!         0.0
//!     }
//!     fn buffers(&self) -> &'static [&'static str] {
//!         &[]
//!     }
//!     fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], _: Buffers<'_, F>) {
//!         for (w, g) in w.iter_mut().zip(g) {
//!             *w -= F::of(step.lr) * g.signum();
//!         }
//!     }
//! }
//!
//! let mut optimizer = Descent::new(SignDescent { lr: 0.25 })?;
//! optimizer.step(&mut model, &mut workspace)?;
//! assert_eq!(model.0, 1.25);
//! # Ok::<(), Error>(())
//! ```

use std::fmt::Debug;

use tensor_core::{Error, Float};

/// An update rule, with its numbers.
pub trait Rule: Debug + Copy + Send + Sync {
    /// The name in messages.
    const NAME: &'static str;

    /// Whether the numbers lie in their ranges. Called once, when an optimizer is made; the rate has been checked before.
    ///
    /// # Errors
    /// If a number lies outside.
    fn check(&self) -> Result<(), Error>;

    /// The learning rate λ.
    fn lr(&self) -> f64;

    /// Replaces the learning rate by one that has been checked.
    fn set_lr(&mut self, lr: f64);

    /// The weight decay η.
    fn weight_decay(&self) -> f64;

    /// What is remembered of each parameter: the names of buffers as long as the parameter.
    fn buffers(&self) -> &'static [&'static str];

    /// What buffers hold before the first step.
    fn initial(&self) -> f64 {
        0.0
    }

    /// Moves a parameter `w` with gradient `g`, or a part of one: an element may not depend on others, because a large
    /// parameter is moved in parts, by several threads. `buffers` holds those that [`buffers`](Self::buffers) names, in that
    /// order, each as long as `w`; places behind them are empty.
    ///
    /// Marked `#[inline(always)]`, the loop is compiled for the processor at hand.
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>);
}

/// Most buffers a rule may have.
pub const MAX_BUFFERS: usize = 3;

/// The buffers of a parameter, or of a part of one.
pub type Buffers<'a, F> = [&'a mut [F]; MAX_BUFFERS];

/// What differs from step to step and from group to group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The number of the step, from 1.
    pub t: u64,
    /// The learning rate λ of this parameter's group.
    pub lr: f64,
    /// The weight decay η of this parameter's group.
    pub weight_decay: f64,
}

const NOT_NEGATIVE: &str = "a finite number ≥ 0";

pub(crate) fn check_not_negative(
    place: &'static str,
    name: &'static str,
    value: f64,
) -> Result<(), Error> {
    Error::check_hyperparameter(place, name, NOT_NEGATIVE, value, |v| v >= 0.0 && v.is_finite())
}

/// A factor by which something remembered fades.
pub(crate) fn check_decay(
    place: &'static str,
    name: &'static str,
    value: f64,
) -> Result<(), Error> {
    let range = "from 0 to below 1";
    Error::check_hyperparameter(place, name, range, value, |v| (0.0..1.0).contains(&v))
}

/// `g + η w`: weight decay as part of the gradient. Without decay `g` itself, even where `w` is not finite.
#[inline(always)]
pub(crate) fn decayed<F: Float>(g: F, w: F, weight_decay: F) -> F {
    if weight_decay == F::zero() { g } else { g + weight_decay * w }
}

/// `x`, or 0 where `x` is subnormal.
///
/// What an average or a velocity remembers of a unit that has died shrinks at each step, until rounding keeps it at a few units
/// of the smallest number there is, for ever: with these a processor takes a hundred cycles for each operation.
#[inline(always)]
pub(crate) fn normal_or_zero<F: Float>(x: F) -> F {
    if x.abs() < F::min_positive_value() { F::zero() } else { x }
}

/// `1 − β^t`, without the cancellation for β near 1.
pub(crate) fn one_minus_power(beta: f64, t: u64) -> f64 {
    -(t as f64 * beta.ln()).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::normal_or_zero;
    use tensor_core::Float;

    #[test]
    fn normal_numbers_stay_and_subnormal_ones_do_not() {
        fn check<F: Float>() {
            let smallest = F::min_positive_value();
            for x in [smallest, F::one(), F::infinity()] {
                assert_eq!((normal_or_zero(x), normal_or_zero(-x)), (x, -x));
            }
            for x in [F::zero(), smallest * F::of(0.5), -smallest * F::of(0.5)] {
                assert_eq!(normal_or_zero(x), F::zero());
            }
            assert!(normal_or_zero(F::nan()).is_nan());
        }
        check::<f32>();
        check::<f64>();
    }
}
