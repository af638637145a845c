//! How long and on what a model is trained: [`TrainerConfig`].

use losses::Reduction;
use models::AveragedConfig;
use optim::EarlyStoppingConfig;

use crate::Error;

/// How a [`Trainer`](crate::Trainer) trains. The defaults train for 100 epochs on shuffled batches
/// of 32, and nothing else.
///
/// # Examples
/// ```
/// use training::{Stopping, TrainerConfig};
///
/// let config = TrainerConfig {
///     epochs: 500,
///     batch_size: 64,
///     validation_share: 0.2,
///     stopping: Some(Stopping::default()), // on the validation loss; patience 10
///     clip_norm: Some(1.0),
///     ..TrainerConfig::default()
/// };
/// assert_eq!((config.accumulate, config.max_steps), (1, None));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrainerConfig {
    /// How often each row is trained on.
    pub epochs: u64,
    /// Steps of the optimizer after which training ends, whatever the epochs. The epoch of the
    /// last step then ends early.
    pub max_steps: Option<u64>,
    /// Rows of a batch.
    pub batch_size: usize,
    /// Whether a smaller last batch of an epoch is left out.
    pub drop_last: bool,
    /// Of the order of the rows, and of the validation rows.
    pub seed: u64,
    /// Batches whose gradients are added up for one step: for steps on more rows than memory holds.
    pub accumulate: usize,
    /// Whether the loss is a mean or a sum over the rows of a batch: how the batches of a step, and
    /// those of an epoch, are put together. Batches of a mean are weighted by their rows.
    pub reduction: Reduction,
    /// The largest norm of the gradient: [`clip_grad_norm`](optim::Optimizer::clip_grad_norm).
    pub clip_norm: Option<f64>,
    /// The largest size of an element of it: [`clip_grad_value`](optim::Optimizer::clip_grad_value).
    pub clip_value: Option<f64>,
    /// The share of the training rows that is put aside for validation, if no validation rows are
    /// given: of each class the same, if there are classes and each has two rows. 0 for none.
    pub validation_share: f64,
    /// When to stop, and whether to go back to the best weights.
    pub stopping: Option<Stopping>,
    /// An average of the weights, updated after each step. It is what is validated, and what the
    /// model becomes at the end; training itself goes on with its own weights.
    pub averaged: Option<AveragedConfig>,
}

/// When a [`Trainer`](crate::Trainer) stops early, and what it gives back.
///
/// # Examples
/// ```
/// use optim::{EarlyStoppingConfig, Goal};
/// use training::Stopping;
///
/// let stopping = Stopping {
///     watch: Some("accuracy".to_owned()), // a metric of the trainer
///     when: EarlyStoppingConfig { goal: Goal::Max, patience: 20, ..Default::default() },
///     ..Stopping::default()
/// };
/// assert!(stopping.restore_best);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stopping {
    /// The metric to be watched, by its name. None for the validation loss, or the training loss
    /// where there are no validation rows.
    pub watch: Option<String>,
    /// When training stops; [`goal`](EarlyStoppingConfig::goal) says whether small or large metrics
    /// are good.
    pub when: EarlyStoppingConfig,
    /// Whether the model gets the weights of the best epoch at the end, however training ends.
    pub restore_best: bool,
}

impl Default for Stopping {
    fn default() -> Self {
        Self { watch: None, when: EarlyStoppingConfig::default(), restore_best: true }
    }
}

impl Default for TrainerConfig {
    fn default() -> Self {
        Self {
            epochs: 100,
            max_steps: None,
            batch_size: 32,
            drop_last: false,
            seed: 0,
            accumulate: 1,
            reduction: Reduction::Mean,
            clip_norm: None,
            clip_value: None,
            validation_share: 0.0,
            stopping: None,
            averaged: None,
        }
    }
}

impl TrainerConfig {
    /// `Ok` if every choice lies in its range.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let at_least_1 = "at least 1";
        for (name, n) in [("batch_size", self.batch_size), ("accumulate", self.accumulate)] {
            Error::check_choice(name, at_least_1, n as f64, n > 0)?;
        }
        for (name, bound) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            let bound = bound.unwrap_or(1.0);
            Error::check_choice(name, "a number ≥ 0", bound, bound >= 0.0)?;
        }
        let share = self.validation_share;
        let is_share = (0.0..1.0).contains(&share);
        Error::check_choice("validation_share", "from 0 to below 1", share, is_share)?;
        let averaged = self.averaged.map_or(models::Average::Equal, |config| config.average);
        if let models::Average::Exponential { decay, .. } = averaged {
            let is_decay = (0.0..=1.0).contains(&decay);
            Error::check_choice("averaged: decay", "from 0 to 1", decay, is_decay)?;
        }
        if let Some(stopping) = &self.stopping {
            optim::EarlyStopping::new(stopping.when)?;
        }
        Ok(())
    }
}
