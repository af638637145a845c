//! Who is told of a training: the trait [`Observer`].

use models::Sequential;
use tensor_core::Float;

use crate::Error;
use crate::config::TrainerConfig;
use crate::history::{EpochRecord, History};
use crate::state::TrainingState;

/// Who is told of each step and each epoch of a training, may look at everything, and may end it.
///
/// Every method does nothing by default. `()` observes nothing, a pair tells both. A closure is an
/// observer by [`every_epoch`](crate::every_epoch) and [`every_step`](crate::every_step).
///
/// # Examples
///
/// Ends a training after 3 epochs in a row that bring less than 1 %.
///
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{EpochRecord, Error, Flow, Observer, Running, Trainer, TrainerConfig};
///
/// #[derive(Default)]
/// struct Slow {
///     last: Option<f64>,
///     n_slow: usize,
/// }
///
/// impl Observer<f32> for Slow {
///     fn on_epoch(&mut self, epoch: &EpochRecord, _: &dyn Running<f32>) -> Result<Flow, Error> {
///         let slow = self.last.is_some_and(|last| epoch.train_loss > 0.99 * last);
///         self.n_slow = if slow { self.n_slow + 1 } else { 0 };
///         self.last = Some(epoch.train_loss);
///         Ok(if self.n_slow >= 3 { Flow::Stop } else { Flow::Continue })
///     }
/// }
///
/// let train = Dataset::new(array![[0.0_f32], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let sgd = Sgd::new(SgdConfig { lr: 0.0, ..SgdConfig::default() })?; // it does not learn
/// let trainer = Trainer::new(MseLoss::default(), sgd, TrainerConfig::default())?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let history = trainer.fit_observed(&mut model, &train, None, &mut Slow::default())?;
/// assert_eq!(history.epochs.len(), 4);
/// # Ok::<(), training::Error>(())
/// ```
pub trait Observer<F: Float> {
    /// Before the first step, also of a run that goes on.
    ///
    /// # Errors
    /// What keeps it from its work. The training ends with this error.
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        let _ = run;
        Ok(())
    }

    /// After each step.
    ///
    /// # Errors
    /// What keeps it from its work. The training ends with this error.
    fn on_step(&mut self, step: &StepRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        let _ = (step, run);
        Ok(Flow::Continue)
    }

    /// After each epoch, validation included.
    ///
    /// # Errors
    /// What keeps it from its work. The training ends with this error.
    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        let _ = (epoch, run);
        Ok(Flow::Continue)
    }
}

/// What an [`Observer`] wants after a step or an epoch. A run that is told to stop has the weights
/// that it would have at its end: the best ones, if they are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// That training goes on.
    Continue,
    /// That it ends.
    Stop,
}

/// What a step has shown, for an [`Observer`]: its loss, and the rate that it was made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRecord {
    /// The number of the epoch, from 1.
    pub epoch: u64,
    /// The number of the step since the beginning of the training, from 1.
    pub step: u64,
    /// The loss of its rows before the step.
    pub loss: f64,
    /// The learning rate of the step.
    pub lr: f64,
}

/// A training between two steps, for an [`Observer`] to look at: its model, its epochs so far, and
/// all of it as a [`TrainingState`].
pub trait Running<F: Float> {
    /// The model as it is trained.
    fn model(&self) -> &Sequential<F>;

    /// All that the run is, to be saved. A copy of everything: not for each step of a large model.
    fn state(&self) -> TrainingState<F>;

    /// The epochs so far.
    fn history(&self) -> &History;

    /// How the model is trained.
    fn config(&self) -> &TrainerConfig;

    /// Steps of an epoch.
    fn steps_per_epoch(&self) -> u64;
}

impl<F: Float> Observer<F> for () {}

impl<F: Float, O: Observer<F> + ?Sized> Observer<F> for &mut O {
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        (**self).on_start(run)
    }

    fn on_step(&mut self, step: &StepRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        (**self).on_step(step, run)
    }

    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        (**self).on_epoch(epoch, run)
    }
}

/// Both are told, whatever the first one wants.
impl<F: Float, A: Observer<F>, B: Observer<F>> Observer<F> for (A, B) {
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        self.0.on_start(run)?;
        self.1.on_start(run)
    }

    fn on_step(&mut self, step: &StepRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        Ok(either(self.0.on_step(step, run)?, self.1.on_step(step, run)?))
    }

    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        Ok(either(self.0.on_epoch(epoch, run)?, self.1.on_epoch(epoch, run)?))
    }
}

fn either(a: Flow, b: Flow) -> Flow {
    if a == Flow::Stop { a } else { b }
}
