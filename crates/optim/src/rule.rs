//! The trait that an update rule implements.

use std::fmt::Debug;

use tensor_core::{Error, Float};

/// An update rule: a configuration, and what it does to one parameter in one step.
///
/// A rule is its own configuration: [`SgdConfig`](crate::SgdConfig) implements `Rule`, and
/// [`Sgd`](crate::Sgd) is [`Descent<F, SgdConfig>`](crate::Descent). `Descent` visits the
/// parameters, keeps the state, the groups and the learning rate, for every rule.
/// What it does with a rule:
///
/// ```text
/// once:       check::<F>()
/// step 1:     for each parameter:  buffers ← initial(), one for each name in buffers()
/// step t:     for each parameter:  update(Step { t, lr, weight_decay }, w, g, buffers)
/// ```
///
/// A rule has to say [`NAME`](Self::NAME), [`rates`](Self::rates) and [`update`](Self::update);
/// the other methods are for rules with options or with state.
///
/// # Examples
///
/// A rule of your own, `w ← w − λ sign(g)`:
///
/// ```
/// use optim::{Buffers, Descent, Optimizer, Rates, Rule, Step};
/// use tensor_core::Float;
#[doc = include_str!("../doc/weights.md")]
/// #[derive(Debug, Clone, Copy)]
/// struct SignDescent {
///     lr: f64,
/// }
///
/// impl Rule for SignDescent {
///     const NAME: &'static str = "sign descent";
///
///     fn rates(&self) -> Rates {
///         Rates { lr: self.lr, weight_decay: 0.0 }
///     }
///
///     fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], _: Buffers<'_, F>) {
///         for (w, g) in w.iter_mut().zip(g) {
///             *w -= F::of(step.lr) * g.signum(); // w ← w − λ sign(g)
///         }
///     }
/// }
///
/// let mut optimizer = Descent::new(SignDescent { lr: 0.25 })?;
/// let mut model = Weights([1.0, 1.0]);
/// optimizer.step(&mut model, &mut [-0.3, 40.0])?;
/// assert_eq!(model.0, [1.25, 0.75]);
/// # Ok::<(), Error>(())
/// ```
pub trait Rule: Debug + Copy + Send + Sync {
    /// The name in messages.
    const NAME: &'static str;

    /// The learning rate and the weight decay to start with.
    fn rates(&self) -> Rates;

    /// Whether the numbers lie in their ranges, as numbers of `F` too, in which the rule computes:
    /// `1 − 1e-9` is 1 in `f32`, `1e-50` is 0 and `1e39` is ∞. Called once, when an optimizer is
    /// made; the [`rates`](Self::rates) are checked for every rule.
    ///
    /// # Errors
    /// If a number lies outside its range.
    fn check<F: Float>(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The same rule with another momentum, μ or β₁, for [`Descent::set_momentum`]; `None` if it
    /// has none.
    ///
    /// [`Descent::set_momentum`]: crate::Descent::set_momentum
    fn with_momentum(self, momentum: f64) -> Option<Self> {
        let _ = momentum;
        None
    }

    /// The names of the buffers in which the rule keeps its state, at most [`MAX_BUFFERS`] of them.
    /// Each is as long as the parameter.
    fn buffers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Those of the buffers that hold no negative numbers: a saved state in which one of them does
    /// is refused.
    fn not_negative(&self) -> &'static [&'static str] {
        &[]
    }

    /// The value of every element of every buffer before the first step.
    fn initial(&self) -> f64 {
        0.0
    }

    /// Moves a parameter `w` with gradient `g = dL/dw`. `buffers` holds those that
    /// [`buffers`](Self::buffers) names, in that order, each as long as `w`; the slices after them
    /// are empty.
    ///
    /// A large parameter is moved in parts, by several threads: `w` may be such a part, so the
    /// update of an element may not depend on other elements.
    ///
    /// Marked `#[inline(always)]`, the loop is compiled for the vector instructions of the
    /// processor that runs it.
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>);
}

/// The two numbers that every rule has, as its configuration gives them: see [`Rule::rates`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The learning rate λ.
    pub lr: f64,
    /// The weight decay η; 0 for a rule without.
    pub weight_decay: f64,
}

/// The largest number of buffers that a [`Rule`] may have: as many as Adam's AMSGrad variant uses.
pub const MAX_BUFFERS: usize = 3;

/// The buffers of one parameter, or of a part of one, in the order of [`Rule::buffers`]; the slices
/// after the last of them are empty.
///
/// A rule takes the ones it has apart by a pattern: `let [m, v, ..] = buffers;`.
pub type Buffers<'a, F> = [&'a mut [F]; MAX_BUFFERS];

/// What differs from step to step and from group to group: an argument of [`Rule::update`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The number of the step, from 1: counted since the parameter is trained.
    pub t: u64,
    /// The learning rate λ of this parameter at this step: the optimizer's rate times the factor
    /// of the parameter's [`Group`](crate::Group).
    pub lr: f64,
    /// The weight decay η of this parameter.
    pub weight_decay: f64,
}
