//! What a program has to do.

use std::error::Error;

/// Whatever goes wrong in a program.
pub type Failure = Box<dyn Error>;

/// One workload, ready to run.
pub trait Program {
    /// A training step, or a call of inference, with all rows of the data.
    ///
    /// # Errors
    /// If the library refuses it.
    fn step(&mut self) -> Result<(), Failure>;

    /// A training step with these rows of the data, gathered into a batch: a part of an epoch.
    ///
    /// # Errors
    /// If the library refuses it, or the program has no epochs.
    fn step_rows(&mut self, rows: &[usize]) -> Result<(), Failure>;

    /// The loss as the last step saw it; of inference, the mean square of the logits.
    ///
    /// # Errors
    /// If the library refuses to hand it out.
    fn loss(&mut self) -> Result<f32, Failure>;
}
