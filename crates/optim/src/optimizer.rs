//! What every optimizer offers to a training loop.

use tensor_core::{Error, Float, Trainable};

/// A rule that moves parameters against their gradients.
pub trait Optimizer<F: Float> {
    /// Moves every parameter of `model` by the gradients in `workspace`, then settles the model's buffers.
    ///
    /// The first step makes the state, one entry for each parameter; later ones allocate nothing.
    ///
    /// # Errors
    /// If the workspace holds no gradients for this model, or the state was made for other parameters. Nothing has been
    /// moved then.
    fn step<M: Trainable<F>>(
        &mut self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<(), Error>;

    /// The learning rate λ.
    fn lr(&self) -> f64;

    /// Replaces the learning rate, between two steps: what a schedule calls.
    ///
    /// # Errors
    /// If the rate is negative or not finite; the old one stays.
    fn set_lr(&mut self, lr: f64) -> Result<(), Error>;
}
