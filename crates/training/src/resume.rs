//! A run as plain data, and back.

use models::{Averaged, Sequential};
use optim::{EarlyStopping, Optimizer, ReduceLrOnPlateau, Rule};
use tensor_core::Float;

use crate::Error;
use crate::batch_loss::BatchLoss;
use crate::config::TrainerConfig;
use crate::history::History;
use crate::observer::Running;
use crate::plan::{Plan, Rate};
use crate::run::{Position, Run};
use crate::settings::{Setting, Settings, compare};
use crate::state::TrainingState;
use crate::weights::Weights;

impl<F: Float, L: BatchLoss<F>, R: Rule> Run<'_, F, L, R> {
    /// Goes on from a state: checks all of it, then takes it over.
    ///
    /// # Errors
    /// If it does not fit. The model is unchanged then.
    pub(crate) fn restore(&mut self, state: &TrainingState<F>) -> Result<(), Error> {
        let expected = self.settings(state.step)?;
        compare(&expected, &state.settings)?;
        let n_batches = self.batches.n_batches() as u64;
        let batch = state.batch as f64;
        Error::check_choice("batch", "one of the epoch", batch, state.batch <= n_batches)?;
        let loss_sum = state.loss_sum;
        Error::check_choice("loss_sum", "a finite number", loss_sum, loss_sum.is_finite())?;
        self.check_parts(state)?;
        state.weights.check(self.model)?;
        self.optimizer.restore(state.optimizer.clone())?;
        self.optimizer.set_lr(state.lr)?;
        if let (Some(plateau), Some(saved)) = (&mut self.plateau, state.plateau) {
            plateau.restore(saved)?;
        }
        if let (Some(stopping), Some(saved)) = (&mut self.stopping, state.stopping) {
            stopping.restore(saved)?;
        }
        if let Some(best) = &state.best {
            best.check(self.model)?;
        }
        if let (Some((weights, updates)), Some(config)) =
            (&state.averaged, self.plan.config.averaged)
        {
            let mut average = self.model.clone();
            weights.restore(&mut average)?;
            self.averaged = Some(Averaged::resume(average, *updates, config)?);
        }
        state.weights.restore(self.model)?;
        self.good = state.weights.clone();
        self.best.clone_from(&state.best);
        let TrainingState { epoch, batch, step, loss_sum, is_stopped, .. } = *state;
        self.position = Position { epoch, batch, step, loss_sum, is_stopped };
        self.history = state.history.clone();
        Ok(())
    }

    /// `Ok` if the state has what this run keeps, and nothing else.
    fn check_parts(&self, state: &TrainingState<F>) -> Result<(), Error> {
        let parts = [
            ("plateau", self.plateau.is_some(), state.plateau.is_some()),
            ("stopping", self.stopping.is_some(), state.stopping.is_some()),
            ("averaged", self.averaged.is_some(), state.averaged.is_some()),
        ];
        match parts.into_iter().find(|(_, expected, found)| expected != found) {
            Some((name, expected, found)) => {
                let [expected, found] =
                    [expected, found].map(|is_there| if is_there { "there" } else { "absent" });
                let (expected, found) = (expected.to_owned(), found.to_owned());
                Err(Error::Setting { name: name.to_owned(), expected, found })
            }
            None => Ok(()),
        }
    }

    /// Everything that two runs have to agree in, but for how long they last. A schedule is known
    /// by its rates: at 0, at powers of 2, and at `step`.
    fn settings(&self, step: u64) -> Result<Vec<Setting>, Error> {
        let Plan { loss, optimizer, config, penalties, .. } = self.plan;
        let mut settings = Settings::default();
        let limits = TrainerConfig { epochs: 0, max_steps: None, ..config.clone() };
        settings.add("config", &limits);
        settings.add("loss", loss);
        settings.add("optimizer", &optimizer.config());
        settings.add("optimizer: lr", &optimizer.lr());
        let groups = (0..).map_while(|i| optimizer.group_lr(i).ok());
        settings.add("optimizer: rates of groups", &groups.collect::<Vec<_>>());
        settings.add("penalties", penalties);
        settings.add("metrics", &self.history.metrics);
        settings.add("model: widths", &self.model.widths());
        settings.add("training rows", &self.batches.n_rows());
        settings.add("validation rows", &self.validation.as_ref().map_or(0, |v| v.rows.n_rows()));
        self.add_rates(&mut settings, step)?;
        Ok(settings.into_inner())
    }

    /// The rates of schedules, of which nothing else is known.
    fn add_rates(&self, settings: &mut Settings, step: u64) -> Result<(), Error> {
        let Plan { rate, momentum, .. } = self.plan;
        let known = (0..64).map(|i| 1_u64 << i).take_while(|&at| at < step).chain([0, step]);
        match rate {
            Rate::Fixed => settings.add("schedule", &"none"),
            Rate::Plateau(plateau) => settings.add("schedule", plateau),
            Rate::Schedule(every, schedule) => {
                settings.add("schedule", every);
                for at in known.clone() {
                    settings.add(&format!("schedule: lr at {at}"), &schedule.try_lr(at)?);
                }
            }
        }
        if let Some(momentum) = momentum {
            for at in known {
                settings.add(&format!("momentum at {at}"), &momentum.lr(at));
            }
        }
        Ok(())
    }
}

impl<F: Float, L: BatchLoss<F>, R: Rule> Running<F> for Run<'_, F, L, R> {
    fn model(&self) -> &Sequential<F> {
        self.model
    }

    fn state(&self) -> TrainingState<F> {
        let Position { epoch, batch, step, loss_sum, is_stopped } = self.position;
        TrainingState {
            settings: self.settings(step).unwrap_or_default(), // rates are checked before a step
            weights: Weights::of(self.model),
            optimizer: self.optimizer.state().clone(),
            epoch,
            batch,
            step,
            loss_sum,
            lr: self.optimizer.lr(),
            is_stopped,
            plateau: self.plateau.as_ref().map(ReduceLrOnPlateau::state),
            stopping: self.stopping.as_ref().map(EarlyStopping::state),
            best: self.best.clone(),
            averaged: self.averaged.as_ref().map(|a| (Weights::of(a.model()), a.updates())),
            history: self.history.clone(),
        }
    }

    fn history(&self) -> &History {
        &self.history
    }

    fn config(&self) -> &TrainerConfig {
        &self.plan.config
    }

    fn steps_per_epoch(&self) -> u64 {
        self.batches.n_batches().div_ceil(self.plan.config.accumulate) as u64
    }
}
