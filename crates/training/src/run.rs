//! The training loop.
//!
//! What a [`Trainer`](crate::Trainer) does, out of public parts alone: read it to know what happens
//! in which order, or to write a loop of your own.
//!
//! ```text
//! for each epoch:                                        epochs
//!     for each batch, in an order of seed and epoch:     step
//!         set the learning rate
//!         forward, loss, backward
//!         penalties, clipping
//!         move the weights, then their average
//!     validate                                           end_epoch
//!     lower the rate on a plateau
//!     keep the best weights, or stop
//! give back the best weights                             finish
//! ```

use std::time::Instant;

use data::{Batches, Dataset};
use layers::Mode;
use losses::Reduction;
use models::{Averaged, Sequential, Workspace};
use optim::{Descent, EarlyStopping, Optimizer, Progress, ReduceLrOnPlateau, Rule};
use tensor_core::Float;

use crate::Error;
use crate::batch_loss::BatchLoss;
use crate::config::{Stopping, TrainerConfig};
use crate::history::{EpochRecord, History};
use crate::observer::{Flow, Observer, StepRecord};
use crate::plan::Plan;
use crate::validation::Validation;
use crate::weights::{Weights, not_finite};

/// A training: what its trainer gives it, and all that changes.
pub(crate) struct Run<'r, F: Float, L, R: Rule> {
    pub(crate) plan: &'r Plan<F, L, R>,
    pub(crate) model: &'r mut Sequential<F>,
    ws: Workspace<F>,
    pub(crate) batches: Batches<'r, F>,
    pub(crate) validation: Option<Validation<'r, F>>,
    pub(crate) optimizer: Descent<F, R>,
    pub(crate) plateau: Option<ReduceLrOnPlateau>,
    pub(crate) stopping: Option<EarlyStopping>,
    pub(crate) averaged: Option<Averaged<F>>,
    pub(crate) best: Option<Weights<F>>,
    /// Weights that gave a finite loss: those before the first step of this epoch.
    pub(crate) good: Weights<F>,
    is_good_of_epoch: bool,
    pub(crate) position: Position,
    pub(crate) history: History,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Position {
    /// Epochs that have ended.
    pub(crate) epoch: u64,
    /// Batches of this epoch.
    pub(crate) batch: u64,
    /// Steps.
    pub(crate) step: u64,
    /// The sum of their losses.
    pub(crate) loss_sum: f64,
    pub(crate) is_stopped: bool,
}

impl Position {
    fn check_finite(self, what: &'static str, found: f64) -> Result<(), Error> {
        let Self { epoch, step, .. } = self;
        match found.is_finite() {
            true => Ok(()),
            false => Err(Error::NotFinite { what, epoch: epoch + 1, step, found }),
        }
    }
}

impl<'r, F: Float, L: BatchLoss<F>, R: Rule> Run<'r, F, L, R> {
    /// # Errors
    /// If model, data and plan do not fit.
    pub(crate) fn new(
        plan: &'r Plan<F, L, R>,
        model: &'r mut Sequential<F>,
        train: &'r Dataset<F>,
        validation: Option<&'r Dataset<F>>,
    ) -> Result<Self, Error> {
        let config = &plan.config;
        for dataset in [Some(train), validation].into_iter().flatten() {
            check_weights::<F, L>(dataset)?;
            tensor_core::Error::check_features("Trainer", model.widths()[0], dataset.n_features())?;
        }
        let batches = train.batches(config.batch_size, config.seed)?.drop_last(config.drop_last);
        let validation = validation.map(|rows| Validation::new(rows, model)).transpose()?;
        let n_reserved = usize::try_from(config.epochs.min(1 << 16)).unwrap_or(0);
        let history = History {
            metrics: if validation.is_some() { plan.names() } else { Vec::new() },
            epochs: Vec::with_capacity(n_reserved),
            ..History::default()
        };
        check_watched(config, &history, validation.is_some())?;
        let plateau = plan.plateau();
        let mut optimizer = plan.optimizer.clone();
        optimizer.set_lr(plateau.map_or(optimizer.lr(), |plateau| plateau.lr()))?;
        Ok(Self {
            ws: model.workspace(batches.batch_size())?,
            batches,
            validation,
            optimizer,
            plateau,
            stopping: config.stopping.as_ref().map(|s| EarlyStopping::new(s.when)).transpose()?,
            averaged: config.averaged.map(|config| Averaged::new(model, config)).transpose()?,
            best: None,
            good: Weights::of(model),
            is_good_of_epoch: true, // nothing has moved them yet
            position: Position::default(),
            history,
            plan,
            model,
        })
    }

    /// Trains to the end, and leaves the model as the configuration wants it.
    pub(crate) fn run(mut self, observer: &mut impl Observer<F>) -> Result<History, Error> {
        let result = observer.on_start(&self).and_then(|()| self.epochs(observer));
        self.finish(result)
    }

    fn epochs(&mut self, observer: &mut impl Observer<F>) -> Result<(), Error> {
        while !self.is_done() {
            let start = Instant::now();
            self.batches.start(self.position.epoch);
            self.batches.skip(self.position.batch as usize);
            while let Some(record) = self.step()? {
                if observer.on_step(&record, self)? == Flow::Stop {
                    return Ok(());
                }
                if self.is_last_step() {
                    break;
                }
            }
            let record = self.end_epoch(start)?;
            if observer.on_epoch(&record, self)? == Flow::Stop {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_last_step(&self) -> bool {
        self.plan.config.max_steps.is_some_and(|max| self.position.step >= max)
    }

    fn is_done(&self) -> bool {
        let Position { epoch, is_stopped, .. } = self.position;
        is_stopped || epoch >= self.plan.config.epochs || self.is_last_step()
    }

    /// One step of the optimizer, on one batch or on several; none at the end of the epoch.
    #[inline]
    fn step(&mut self) -> Result<Option<StepRecord>, Error> {
        let config = &self.plan.config;
        let left = self.batches.n_rows().saturating_sub(self.batches.n_done());
        let rows = left.min(self.batches.batch_size().saturating_mul(config.accumulate));
        if rows == 0 {
            return Ok(None);
        }
        if let Some(lr) = self.plan.lr(self.position.epoch, self.position.step)? {
            self.optimizer.set_lr(lr)?;
        }
        if let Some(momentum) = &self.plan.momentum {
            self.optimizer.set_momentum(momentum.lr(self.position.step))?;
        }
        let mut loss = self.gradients(rows)?;
        let Self { plan, model, ws, optimizer, position, .. } = self;
        for penalty in &plan.penalties {
            loss += optimizer.add_penalty(penalty, *model, ws)?.as_f64();
        }
        if let Some(bound) = config.clip_norm {
            optimizer.clip_grad_norm(*model, ws, bound)?;
        }
        if let Some(bound) = config.clip_value {
            optimizer.clip_grad_value(*model, ws, bound)?;
        }
        optimizer.step(*model, ws)?;
        if let Some(averaged) = &mut self.averaged {
            averaged.update(model)?;
        }
        position.step += 1;
        position.loss_sum += match config.reduction {
            Reduction::Mean => loss * rows as f64,
            Reduction::Sum => loss,
        };
        let (epoch, step) = (position.epoch + 1, position.step);
        Ok(Some(StepRecord { epoch, step, loss, lr: optimizer.lr() }))
    }

    /// Forward, loss and backward of the batches of one step, which have so many rows together;
    /// their loss.
    ///
    /// ```text
    /// L = Σ_p N_p/N L_p        of batches p with N_p of the N rows, if the loss is a mean
    /// ```
    #[inline]
    fn gradients(&mut self, rows: usize) -> Result<f64, Error> {
        let Self { plan, model, ws, batches, position, .. } = self;
        let config = &plan.config;
        let mut loss = 0.0;
        for _ in 0..config.accumulate {
            let Some(batch) = batches.next_batch() else { break };
            model.forward(&batch.features, ws, Mode::Train)?;
            let (a, mut da) = ws.output_and_gradient()?;
            let own = plan.loss.gradient(&a, &batch, &mut da)?.as_f64();
            position.check_finite("training loss", own)?;
            if !self.is_good_of_epoch {
                self.good.update(model)?;
                self.is_good_of_epoch = true;
            }
            let share = match config.reduction {
                Reduction::Mean => batch.n_rows() as f64 / rows as f64,
                Reduction::Sum => 1.0,
            };
            if config.accumulate == 1 {
                model.backward(ws)?;
            } else {
                da.mapv_inplace(|da| da * F::of(share));
                model.backward_add(ws)?;
            }
            loss += own * share;
            position.batch += 1;
        }
        Ok(loss)
    }

    /// Validates, and decides what follows from it.
    fn end_epoch(&mut self, start: Instant) -> Result<EpochRecord, Error> {
        if let Some(found) = not_finite(self.model) {
            self.position.check_finite("weight", found.as_f64())?;
        }
        let (validation_loss, metrics) = match &mut self.validation {
            Some(validation) => {
                let model = self.averaged.as_ref().map_or(&*self.model, Averaged::model);
                let (loss, metrics) = validation.scores(model, self.plan)?;
                self.position.check_finite("validation loss", loss)?;
                (Some(loss), metrics)
            }
            None => (None, Vec::new()),
        };
        let record = EpochRecord {
            epoch: self.position.epoch + 1,
            steps: self.position.step,
            train_loss: self.position.loss_sum / self.batches.n_done().max(1) as f64,
            validation_loss,
            metrics,
            lr: self.optimizer.lr(),
            seconds: start.elapsed().as_secs_f64(),
        };
        self.decide(&record)?;
        self.history.epochs.push(record.clone());
        self.is_good_of_epoch = false;
        let Position { epoch, .. } = self.position;
        self.position = Position { epoch: epoch + 1, batch: 0, loss_sum: 0.0, ..self.position };
        Ok(record)
    }

    /// What follows from an epoch: a lower rate, the best weights so far, or the end.
    fn decide(&mut self, record: &EpochRecord) -> Result<(), Error> {
        let loss = record.validation_loss.unwrap_or(record.train_loss);
        if let Some(plateau) = &mut self.plateau {
            self.optimizer.set_lr(plateau.step(loss))?;
        }
        if let (Some(stopping), Some(config)) = (&mut self.stopping, &self.plan.config.stopping) {
            let watched = config.watch.as_ref();
            let watched = watched.and_then(|name| self.history.metric(record, name));
            match stopping.step(watched.unwrap_or(loss)) {
                Progress::Improved => self.keep_best(record, config)?,
                Progress::Waiting => {}
                Progress::Stop => {
                    self.position.is_stopped = true;
                    self.history.stopped_early = true;
                }
            }
        }
        Ok(())
    }

    fn keep_best(&mut self, record: &EpochRecord, config: &Stopping) -> Result<(), Error> {
        self.history.best_epoch = Some(record.epoch);
        if !config.restore_best {
            return Ok(());
        }
        let model = self.averaged.as_ref().map_or(&*self.model, Averaged::model);
        match &mut self.best {
            Some(best) => best.update(model)?,
            best => *best = Some(Weights::of(model)),
        }
        Ok(())
    }

    /// Gives the model the best weights, if they are wanted, or their average, or the last good
    /// ones.
    fn finish(self, result: Result<(), Error>) -> Result<History, Error> {
        match (&self.best, &self.averaged, &result) {
            (Some(best), _, Ok(()) | Err(Error::NotFinite { .. })) => best.restore(self.model)?,
            (None, _, Err(Error::NotFinite { .. })) => self.good.restore(self.model)?,
            (None, Some(averaged), Ok(())) if averaged.updates() > 0 => {
                Weights::of(averaged.model()).restore(self.model)?;
            }
            _ => {}
        }
        result.map(|()| self.history)
    }
}

fn check_weights<F: Float, L: BatchLoss<F>>(dataset: &Dataset<F>) -> Result<(), Error> {
    match (L::TAKES_WEIGHTS, dataset.weights().is_some()) {
        (false, true) => Err(Error::Weights {
            expected: "without weights of rows, which this loss does not take (SampleWeighted(loss) \
                       does)",
            found: "with weights",
        }),
        (true, false) => Err(Error::Weights {
            expected: "with weights of rows, for a loss of weighted rows",
            found: "without",
        }),
        (false, false) | (true, true) => Ok(()),
    }
}

/// `Ok` if the watched metric is computed.
fn check_watched(
    config: &TrainerConfig,
    history: &History,
    has_validation: bool,
) -> Result<(), Error> {
    let watched = config.stopping.as_ref().and_then(|stopping| stopping.watch.as_ref());
    let mut known = vec!["train_loss".to_owned()];
    if has_validation {
        known.push("validation_loss".to_owned());
        known.extend(history.metrics.iter().cloned());
    }
    match watched {
        Some(name) if !known.contains(name) => {
            Err(Error::UnknownMetric { found: name.clone(), known })
        }
        _ => Ok(()),
    }
}
