//! What a trainer has been given: loss, optimizer, configuration, and what is added to them.

use std::fmt;

use data::Dataset;
use ndarray::ArrayRef2;
use optim::{Descent, Optimizer, Penalty, ReduceLrOnPlateau, Rule, Schedule};
use tensor_core::{Error as TensorError, Float};

use crate::Error;
use crate::config::TrainerConfig;

/// A number for the outputs of a model and the rows of a dataset.
pub(crate) type Score<F> =
    Box<dyn Fn(&ArrayRef2<F>, &Dataset<F>) -> Result<f64, Error> + Send + Sync>;

/// How often a [`Trainer`](crate::Trainer) asks its schedule for a rate, and what its schedule
/// counts from 0.
///
/// # Examples
/// ```
/// use losses::MseLoss;
/// use optim::{CosineAnnealingLr, Sgd, SgdConfig};
/// use training::{Every, Trainer, TrainerConfig};
///
/// let config = TrainerConfig { epochs: 50, ..TrainerConfig::default() };
/// let trainer = Trainer::new(MseLoss::default(), Sgd::<f32>::new(SgdConfig::default())?, config)?
///     .schedule(Every::Epoch, CosineAnnealingLr::new(0.1, 50, 0.0)?);
/// assert_eq!(trainer.config().epochs, 50);
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Steps of the optimizer.
    Step,
    /// Epochs.
    Epoch,
}

/// Where the learning rate comes from.
pub(crate) enum Rate {
    /// The optimizer has it.
    Fixed,
    Schedule(Every, Box<dyn Schedule + Send + Sync>),
    Plateau(ReduceLrOnPlateau),
}

/// All that a [`Trainer`](crate::Trainer) holds.
pub(crate) struct Plan<F, L, R> {
    pub(crate) loss: L,
    pub(crate) optimizer: Descent<F, R>,
    pub(crate) config: TrainerConfig,
    pub(crate) rate: Rate,
    pub(crate) momentum: Option<Box<dyn Schedule + Send + Sync>>,
    pub(crate) penalties: Vec<Penalty>,
    pub(crate) metrics: Vec<(String, Score<F>)>,
}

impl<F: Float, L, R: Rule> Plan<F, L, R> {
    pub(crate) fn names(&self) -> Vec<String> {
        self.metrics.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn plateau(&self) -> Option<ReduceLrOnPlateau> {
        match &self.rate {
            Rate::Plateau(plateau) => Some(*plateau),
            Rate::Fixed | Rate::Schedule(..) => None,
        }
    }

    /// The rate of the optimizer's step `step`, in epoch `epoch`; both are counted from 0. None if
    /// it is no function of them.
    pub(crate) fn lr(&self, epoch: u64, step: u64) -> Result<Option<f64>, TensorError> {
        match &self.rate {
            Rate::Schedule(Every::Step, schedule) => schedule.try_lr(step).map(Some),
            Rate::Schedule(Every::Epoch, schedule) => schedule.try_lr(epoch).map(Some),
            Rate::Fixed | Rate::Plateau(_) => Ok(None),
        }
    }
}

impl<F: Float, L: fmt::Debug, R: Rule> fmt::Debug for Plan<F, L, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("loss", &self.loss)
            .field("optimizer", &self.optimizer.config())
            .field("lr", &self.optimizer.lr())
            .field("config", &self.config)
            .field("penalties", &self.penalties)
            .field("metrics", &self.names())
            .finish_non_exhaustive()
    }
}
