//! What every optimizer offers to a training loop.

use tensor_core::{Error, Float, Trainable};

use crate::{Key, Penalty, clip};

/// What moves the parameters of a model against their gradients, once per batch.
///
/// Every optimizer of this crate is a [`Descent`](crate::Descent), which implements the trait for
/// any [`Rule`](crate::Rule); a training loop that takes any of them is generic over `Optimizer`.
///
/// **Frozen is frozen.** A parameter is frozen by the model, which says so of it, or by the
/// optimizer, as [`is_frozen`](Self::is_frozen) tells: in a [`Group`](crate::Group) whose rate has
/// the factor 0. It is not moved, whatever its gradient, ∞ and NaN included; it does not decay; it
/// counts in no norm and no penalty, is not clipped, and has no state. Running statistics of its
/// layer rest. An optimizer of your own has all that is computed between backward pass and step, as
/// methods of this trait.
///
/// # Examples
///
/// Gradient descent on `L = ½ (w − 3)²`, whose gradient is `w − 3`. With `λ = ½` the distance to 3
/// halves at each step.
///
/// ```
/// use optim::{Optimizer, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// fn train(optimizer: &mut impl Optimizer<f64>, steps: usize) -> Result<f64, Error> {
///     let mut model = Weights([1.0]);
///     for _ in 0..steps {
///         let mut gradient = [model.0[0] - 3.0]; // forward and backward pass
///         optimizer.step(&mut model, &mut gradient)?;
///     }
///     Ok(model.0[0])
/// }
///
/// let mut sgd = Sgd::new(SgdConfig { lr: 0.5, ..SgdConfig::default() })?;
/// assert_eq!(train(&mut sgd, 3)?, 3.0 - 0.25); // 1, 2, 5/2, 11/4
/// # Ok::<(), Error>(())
/// ```
pub trait Optimizer<F: Float> {
    /// Moves every parameter of `model` by the gradients in `workspace`, then settles the model's
    /// buffers: running statistics move here.
    ///
    /// The first step makes the state, one entry for each parameter; later ones allocate nothing.
    ///
    /// # Errors
    /// If the workspace holds no gradients for this model, or the state was made for other
    /// parameters. Nothing has been moved then.
    fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error>;

    /// The learning rate λ as it stands.
    fn lr(&self) -> f64;

    /// Replaces the learning rate from the next step on: what a loop with a
    /// [`Schedule`](crate::Schedule) calls before each step.
    ///
    /// # Errors
    /// If the rate is negative or not finite; the old one stays then.
    fn set_lr(&mut self, lr: f64) -> Result<(), Error>;

    /// Whether this optimizer leaves the parameter as it is, whatever its gradient. Of a buffer, it
    /// is asked with [`Role::Norm`](tensor_core::Role::Norm). No by default.
    fn is_frozen(&self, key: Key<'_>) -> bool {
        let _ = key;
        false
    }

    /// Scales all gradients by one factor if their norm is larger than `max_norm`, and returns the
    /// norm they had: PyTorch's `clip_grad_norm_`.
    ///
    /// ```text
    /// ‖g‖ = √(Σ_i g_i²)          g_i ← g_i·min(1, c/‖g‖)
    /// ```
    ///
    /// `g_i` are the gradients of all elements of all parameters that are not frozen, together, and
    /// `c` is `max_norm`. Call it between the backward pass and [`step`](Self::step).
    ///
    /// Why: a step is proportional to the gradients, and where the loss is steep, one batch could
    /// throw the parameters far away. One factor for all keeps the direction of the gradient and
    /// limits its length: the norm afterwards is `c`.
    ///
    /// Source: Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural
    /// networks*, ICML 2013, <https://proceedings.mlr.press/v28/pascanu13.html>, algorithm 1.
    ///
    /// The code departs from the formula: the norm is computed in `f64`, where the squares of `f32`
    /// neither overflow nor vanish, and where those of `f64` do, again as `‖g‖ = a √(Σ_i (g_i/a)²)`
    /// with `a` the largest `|g_i|`. So gradients are scaled rightly even where the norm of finite
    /// ones is too large for `F`, and ∞ is returned.
    ///
    /// Differences to PyTorch: the factor there is `c/(‖g‖ + 1e-6)`, which shrinks small gradients
    /// although the bound is not reached; here nothing changes then. If a gradient is NaN or
    /// infinite, so is the norm, and the gradients stay as they are, so that a loop that looks at
    /// the norm can leave the step out; PyTorch turns them into NaN and 0. With `f64::INFINITY` the
    /// norm is only measured. Gradients of frozen parameters count in no norm and stay as they are.
    ///
    /// # Shapes
    /// Gradients of any shape.
    ///
    /// # Errors
    /// If `max_norm` is negative or NaN, the workspace holds no gradients for this model, or a
    /// gradient has another length than its parameter. Nothing has been scaled then.
    ///
    /// # Examples
    ///
    /// `‖[30, −40]‖ = √(900 + 1600) = 50`; scaled to the norm 5 that is `[3, −4]`.
    ///
    /// ```
    /// use optim::{Optimizer, Sgd, SgdConfig};
    #[doc = include_str!("../doc/weights.md")]
    /// let mut model = Weights([0.0, 0.0]); // of one parameter; its workspace is the gradient
    /// let mut gradient = [30.0, -40.0];
    /// let sgd = Sgd::new(SgdConfig::default())?;
    /// assert_eq!(sgd.clip_grad_norm(&mut model, &mut gradient, 5.0)?, 50.0);
    /// assert!((gradient[0] - 3.0).abs() < 1e-15 && (gradient[1] + 4.0).abs() < 1e-15);
    /// # Ok::<(), Error>(())
    /// ```
    fn clip_grad_norm<M: Trainable<F>>(
        &self,
        model: &mut M,
        workspace: &mut M::Workspace,
        max_norm: f64,
    ) -> Result<F, Error> {
        clip::norm(&|key| self.is_frozen(key), model, workspace, max_norm)
    }

    /// Moves every gradient into the interval from `−c` to `c`: PyTorch's `clip_grad_value_`.
    ///
    /// ```text
    /// g ← −c if g < −c,   c if g > c,   g otherwise
    /// ```
    ///
    /// `g` is the gradient of an element of a parameter that is not frozen and `c` is `clip_value`,
    /// rounded to `F`. NaN stays NaN. Call it between the backward pass and [`step`](Self::step).
    ///
    /// Each element is clipped by itself, so unlike [`clip_grad_norm`](Self::clip_grad_norm) this
    /// changes the direction of the gradient: it is the remedy where single elements are too large.
    ///
    /// # Shapes
    /// Gradients of any shape.
    ///
    /// # Errors
    /// If `clip_value` is negative or NaN, the workspace holds no gradients for this model, or a
    /// gradient has another length than its parameter.
    ///
    /// # Examples
    ///
    /// ```
    /// use optim::{Optimizer, Sgd, SgdConfig};
    #[doc = include_str!("../doc/weights.md")]
    /// let mut model = Weights([0.0; 3]); // of one parameter; its workspace is the gradient
    /// let mut gradient = [3.0, -0.5, -4.0];
    /// Sgd::new(SgdConfig::default())?.clip_grad_value(&mut model, &mut gradient, 1.0)?;
    /// assert_eq!(gradient, [1.0, -0.5, -1.0]);
    /// # Ok::<(), Error>(())
    /// ```
    fn clip_grad_value<M: Trainable<F>>(
        &self,
        model: &mut M,
        workspace: &mut M::Workspace,
        clip_value: f64,
    ) -> Result<(), Error> {
        clip::value(&|key| self.is_frozen(key), model, workspace, clip_value)
    }

    /// The value of a [`Penalty`] over the parameters that are not frozen.
    ///
    /// # Errors
    /// If the workspace holds no gradients for this model, or a gradient has another length than
    /// its parameter.
    fn penalty<M: Trainable<F>>(
        &self,
        penalty: &Penalty,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        penalty.value(&|key| self.is_frozen(key), model, workspace)
    }

    /// Adds a [`Penalty`]'s gradient to the gradients in the workspace, of the parameters that are
    /// not frozen, and returns the value. Call it after the model's backward pass, which overwrites
    /// them, and once: a second call adds it again.
    ///
    /// # Errors
    /// As for [`penalty`](Self::penalty). Nothing has been added then.
    fn add_penalty<M: Trainable<F>>(
        &self,
        penalty: &Penalty,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        penalty.add(&|key| self.is_frozen(key), model, workspace)
    }
}
