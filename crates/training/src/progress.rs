//! A bar on the terminal.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use tensor_core::Float;

use crate::Error;
use crate::history::EpochRecord;
use crate::observer::{Flow, Observer, Running, StepRecord};

/// Draws a bar on standard error that fills with the steps, with the losses of the last epoch and
/// the time that is left; nothing where standard error is no terminal. Behind the feature
/// `progress`.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{Progress, Trainer, TrainerConfig};
///
/// let train = Dataset::new(array![[0.0_f64], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let sgd = Sgd::new(SgdConfig::default())?;
/// let trainer = Trainer::new(MseLoss::default(), sgd, TrainerConfig::default())?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let history = trainer.fit_observed(&mut model, &train, None, &mut Progress::default())?;
/// assert_eq!(history.epochs.len(), 100);
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Default for Progress {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden() }
    }
}

impl<F: Float> Observer<F> for Progress {
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        if !stderr().is_terminal() {
            return Ok(());
        }
        let config = run.config();
        let steps = config.epochs.saturating_mul(run.steps_per_epoch());
        let template = "{wide_bar} {percent:3} % {msg} {eta} left";
        let style = ProgressStyle::with_template(template);
        self.bar = ProgressBar::new(steps.min(config.max_steps.unwrap_or(u64::MAX)))
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_position(run.history().last().map_or(0, |record| record.steps));
        Ok(())
    }

    fn on_step(&mut self, _: &StepRecord, _: &dyn Running<F>) -> Result<Flow, Error> {
        self.bar.inc(1);
        Ok(Flow::Continue)
    }

    fn on_epoch(&mut self, epoch: &EpochRecord, _: &dyn Running<F>) -> Result<Flow, Error> {
        let loss = match epoch.validation_loss {
            Some(loss) => format!("loss {:.4}, validation {loss:.4}", epoch.train_loss),
            None => format!("loss {:.4}", epoch.train_loss),
        };
        self.bar.set_message(format!("epoch {}, {loss}", epoch.epoch));
        Ok(Flow::Continue)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
