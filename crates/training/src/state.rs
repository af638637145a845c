//! All that a run is between two steps: [`TrainingState`].

use optim::{EarlyStoppingState, PlateauState, State};

use crate::history::History;
use crate::settings::Setting;
use crate::weights::Weights;

/// All that a training is between two steps, as plain data: two equal states go on to equal ends.
///
/// An observer is shown it by [`Running::state`](crate::Running::state);
/// [`Trainer::resume`](crate::Trainer::resume) goes on from it, in the middle of an epoch as well,
/// and gives the numbers of a run that was not interrupted, bit for bit. With the feature `serde`
/// it can be written in any format; one without infinities, such as JSON, holds it too.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Adam, AdamConfig};
/// use training::{Flow, Trainer, TrainerConfig, TrainingState, every_step};
///
/// let x = array![[0.0_f32], [1.0], [2.0], [3.0]];
/// let train = Dataset::new(x.clone(), Target::Values(&x * 2.0))?;
/// let model = Mlp::<f32>::new(&[1, 4, 1]).seed(1).build()?;
/// let config = TrainerConfig { epochs: 5, batch_size: 2, ..TrainerConfig::default() };
/// let trainer = Trainer::new(MseLoss::default(), Adam::new(AdamConfig::default())?, config)?;
///
/// // A power cut after 3 steps, in the middle of the second epoch.
/// let (mut whole, mut cut) = (model.clone(), model.clone());
/// let mut saved: Option<TrainingState<f32>> = None;
/// let mut save = every_step(|step, run| {
///     saved = Some(run.state()); // an observer would write it to a file
///     Ok(if step.step == 3 { Flow::Stop } else { Flow::Continue })
/// });
/// trainer.fit_observed(&mut cut, &train, None, &mut save)?;
///
/// let state = saved.expect("three steps");
/// assert_eq!((state.epoch, state.batch, state.step), (1, 1, 3));
/// let mut resumed = model;
/// let history = trainer.resume(&state, &mut resumed, &train, None, &mut ())?;
/// assert_eq!(history, trainer.fit(&mut whole, &train, None)?);
/// assert_eq!(resumed.tensor("0.weight")?, whole.tensor("0.weight")?);
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TrainingState<F> {
    /// Trainer, model and data that the state belongs to.
    pub settings: Vec<Setting>,
    /// The weights that are trained.
    pub weights: Weights<F>,
    /// What the optimizer keeps.
    pub optimizer: State<F>,
    /// Epochs that have ended.
    pub epoch: u64,
    /// Batches of the epoch that has begun.
    pub batch: u64,
    /// Steps of the optimizer.
    pub step: u64,
    /// The sum of the losses of these batches, each times its rows if the loss is a mean.
    pub loss_sum: f64,
    /// The learning rate as it stands: of the last step, or what a plateau has made of it.
    pub lr: f64,
    /// Whether training has ended by early stopping.
    pub is_stopped: bool,
    /// Of a rate that falls on a plateau.
    pub plateau: Option<PlateauState>,
    /// Of early stopping.
    pub stopping: Option<EarlyStoppingState>,
    /// The weights of the best epoch, if they are to be given back.
    pub best: Option<Weights<F>>,
    /// The average of the weights, and how many updates it is of.
    pub averaged: Option<(Weights<F>, u64)>,
    /// The epochs so far.
    pub history: History,
}
