//! [`Trainer`]: a training loop that is given loss, optimizer and configuration.

use std::fmt;

use data::{Dataset, Shares, Split, Target};
use models::Sequential;
use ndarray::ArrayRef2;
use optim::{Descent, Penalty, ReduceLrOnPlateau, Rule, Schedule};
use tensor_core::Float;

use crate::Error;
use crate::batch_loss::BatchLoss;
use crate::config::TrainerConfig;
use crate::history::History;
use crate::observer::Observer;
use crate::plan::{Every, Plan, Rate};
use crate::run::Run;
use crate::state::TrainingState;

/// Trains a model on a dataset: the loop that one would write, out of the same public parts.
///
/// ```text
/// for each epoch:
///     for each batch, in an order of seed and epoch:
///         set the learning rate
///         forward, loss, backward
///         penalties, clipping
///         move the weights, then their average
///     validate
///     lower the rate on a plateau
///     keep the best weights, or stop
/// give back the best weights
/// ```
///
/// The file `run.rs` of this crate is that loop. A trainer is a description: it can fit many
/// models, one after the other or on several threads, and nothing of one is left in the next.
///
/// - **A run is a function of its inputs**: model, data, configuration with its seed. Neither clock
///   nor threads change a bit.
/// - A loss that is NaN or infinite ends the training with [`Error::NotFinite`], and so does such a
///   weight at the end of an epoch. The model then has the best weights, if they are kept, or those
///   at the beginning of the epoch.
/// - For a step that does not fit in here, of two models for instance, write the loop:
///   [`data::Batches`], [`optim::EarlyStopping`], [`Weights`](crate::Weights), [`History`] and
///   [`predict`](crate::predict()) are for it, too.
///
/// # Shapes
/// A model of `C` inputs and as many outputs as the loss takes; datasets of `C` columns.
///
/// # Examples
///
/// Points inside a circle: two numbers, two classes.
///
/// ```
/// use data::{Dataset, Target};
/// use losses::CrossEntropyLoss;
/// use models::Mlp;
/// use ndarray::Array2;
/// use optim::{Adam, AdamConfig};
/// use tensor_core::Rng;
/// use training::{Stopping, Trainer, TrainerConfig, accuracy};
///
/// let mut rng = Rng::new(1);
/// let x = Array2::from_shape_simple_fn((400, 2), || rng.uniform() as f32 * 2.0 - 1.0);
/// let inside = |row: ndarray::ArrayView1<f32>| usize::from(row.dot(&row) < 0.5);
/// let labels = x.rows().into_iter().map(inside).collect();
/// let train = Dataset::new(x, Target::classes(labels, ["outside", "inside"])?)?;
///
/// let config = TrainerConfig {
///     epochs: 60,
///     validation_share: 0.25,
///     stopping: Some(Stopping::default()),
///     ..TrainerConfig::default()
/// };
/// let adam = Adam::new(AdamConfig { lr: 0.01, ..AdamConfig::default() })?;
/// let trainer = Trainer::new(CrossEntropyLoss::default(), adam, config)?
///     .metric("accuracy", accuracy);
/// let mut model = Mlp::new(&[2, 16, 2]).seed(1).build()?;
/// let history = trainer.fit(&mut model, &train, None)?;
/// assert!(history.best().unwrap().metrics[0] > 0.9);
/// # Ok::<(), training::Error>(())
/// ```
pub struct Trainer<F, L, R> {
    plan: Plan<F, L, R>,
}

impl<F: Float, L: BatchLoss<F>, R: Rule> Trainer<F, L, R> {
    /// A trainer with the learning rate of its optimizer.
    ///
    /// # Errors
    /// If a choice lies outside its range.
    pub fn new(loss: L, optimizer: Descent<F, R>, config: TrainerConfig) -> Result<Self, Error> {
        config.check()?;
        let (penalties, metrics) = (Vec::new(), Vec::new());
        let (rate, momentum) = (Rate::Fixed, None);
        Ok(Self { plan: Plan { loss, optimizer, config, rate, momentum, penalties, metrics } })
    }

    /// With rates that are a function of the step, or of the epoch, from 0.
    #[must_use]
    pub fn schedule(
        mut self,
        every: Every,
        schedule: impl Schedule + Send + Sync + 'static,
    ) -> Self {
        self.plan.rate = Rate::Schedule(every, Box::new(schedule));
        self
    }

    /// With a rate that falls when the validation loss, or the training loss where there are no
    /// validation rows, stops improving.
    #[must_use]
    pub fn reduce_on_plateau(mut self, plateau: ReduceLrOnPlateau) -> Self {
        self.plan.rate = Rate::Plateau(plateau);
        self
    }

    /// With a momentum that is a function of the step: of a
    /// [`OneCycleLr`](optim::OneCycleLr::momentum) for instance. A schedule of momenta is a
    /// [`LambdaLr`](optim::LambdaLr) with the rate 1.
    #[must_use]
    pub fn momentum(mut self, momentum: impl Schedule + Send + Sync + 'static) -> Self {
        self.plan.momentum = Some(Box::new(momentum));
        self
    }

    /// With a penalty on the weights. Several can be added.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.plan.penalties.push(penalty);
        self
    }

    /// With a metric of the validation rows, after each epoch: a function of the model's outputs
    /// `(N, C)` and the rows. [`accuracy`](crate::accuracy()), [`r2`](crate::r2()) and others of
    /// this crate are such functions, and so is every closure.
    #[must_use]
    pub fn metric(
        mut self,
        name: impl Into<String>,
        score: impl Fn(&ArrayRef2<F>, &Dataset<F>) -> Result<f64, Error> + Send + Sync + 'static,
    ) -> Self {
        self.plan.metrics.push((name.into(), Box::new(score)));
        self
    }

    /// How it trains.
    pub fn config(&self) -> &TrainerConfig {
        &self.plan.config
    }

    /// Trains the model, from the weights that it has.
    ///
    /// Validation rows are not trained on. Without any, a
    /// [share](TrainerConfig::validation_share) of the training rows can stand in for them.
    ///
    /// # Errors
    /// If model, loss and data do not fit, or a loss is not finite: [`Error::NotFinite`].
    pub fn fit(
        &self,
        model: &mut Sequential<F>,
        train: &Dataset<F>,
        validation: Option<&Dataset<F>>,
    ) -> Result<History, Error> {
        self.fit_observed(model, train, validation, &mut ())
    }

    /// [`fit`](Self::fit), and tells an observer of it.
    ///
    /// # Errors
    /// As for `fit`, and those of the observer.
    pub fn fit_observed(
        &self,
        model: &mut Sequential<F>,
        train: &Dataset<F>,
        validation: Option<&Dataset<F>>,
        observer: &mut impl Observer<F>,
    ) -> Result<History, Error> {
        self.train(None, model, train, validation, observer)
    }

    /// Goes on from a state, to the end that a run without a break has, bit for bit: with a trainer
    /// of the same configuration, a model of the same structure, and the same data.
    ///
    /// `epochs` and `max_steps` may be others than those of the state's trainer: a training is
    /// prolonged by them. A loss, an optimizer, penalties and layers of the same names and numbers
    /// are taken to be the same; of the data, the numbers of rows and columns are compared.
    ///
    /// # Errors
    /// As for [`fit`](Self::fit), and if the state belongs to another run: [`Error::Setting`] names
    /// the first number that differs. The model is unchanged then.
    pub fn resume(
        &self,
        state: &TrainingState<F>,
        model: &mut Sequential<F>,
        train: &Dataset<F>,
        validation: Option<&Dataset<F>>,
        observer: &mut impl Observer<F>,
    ) -> Result<History, Error> {
        self.train(Some(state), model, train, validation, observer)
    }

    /// Trains from the beginning, or goes on from a state.
    fn train(
        &self,
        state: Option<&TrainingState<F>>,
        model: &mut Sequential<F>,
        train: &Dataset<F>,
        validation: Option<&Dataset<F>>,
        observer: &mut impl Observer<F>,
    ) -> Result<History, Error> {
        let own = self.own_validation(train, validation)?;
        let (train, validation) =
            own.as_ref().map_or((train, validation), |(t, v)| (t, v.as_ref()));
        let mut run = Run::new(&self.plan, model, train, validation)?;
        state.map_or(Ok(()), |state| run.restore(state))?;
        run.run(observer)
    }

    /// The rows without those that are put aside for validation, and these.
    #[allow(clippy::type_complexity)]
    fn own_validation(
        &self,
        train: &Dataset<F>,
        validation: Option<&Dataset<F>>,
    ) -> Result<Option<(Dataset<F>, Option<Dataset<F>>)>, Error> {
        let TrainerConfig { validation_share, seed, .. } = self.plan.config;
        if validation.is_some() || validation_share == 0.0 {
            return Ok(None);
        }
        let shares = Shares { validation: validation_share, test: 0.0 };
        let split = match train.target() {
            Target::Classes { labels, .. } => Split::stratified(labels, shares, seed)
                .or_else(|_| Split::random(train.n_rows(), shares, seed)),
            Target::Values(_) => Split::random(train.n_rows(), shares, seed),
        };
        Ok(Some(train.split(&split?)?))
    }
}

impl<F: Float, L: fmt::Debug, R: Rule> fmt::Debug for Trainer<F, L, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.fmt(f)
    }
}
