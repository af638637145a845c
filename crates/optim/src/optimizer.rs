//! What every optimizer offers to a training loop.

use tensor_core::{Error, Float, Trainable};

/// What moves the parameters of a model against their gradients, once per batch.
///
/// Every optimizer of this crate is a [`Descent`](crate::Descent), which implements the trait for
/// any [`Rule`](crate::Rule); a training loop that takes any of them is generic over `Optimizer`.
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
}
