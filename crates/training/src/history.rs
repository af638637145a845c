//! What a training has shown of itself, epoch by epoch.

use std::fmt;

/// The course of a training: a row for each epoch.
///
/// Two histories are equal if all but their seconds are: a run is a function of its inputs, its
/// time is not.
///
/// # Examples
/// ```
/// use training::{EpochRecord, History};
///
/// let record = EpochRecord { epoch: 1, steps: 30, train_loss: 0.5, ..EpochRecord::default() };
/// let history = History { epochs: vec![record], ..History::default() };
/// assert_eq!(history.best().map(|record| record.epoch), None); // nothing was watched
/// println!("{history}");
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct History {
    /// The names of the metrics in [`EpochRecord::metrics`].
    pub metrics: Vec<String>,
    /// One for each epoch.
    pub epochs: Vec<EpochRecord>,
    /// The epoch, from 1, with the best watched metric, if early stopping watches one.
    pub best_epoch: Option<u64>,
    /// Whether early stopping ended the training.
    pub stopped_early: bool,
}

/// What an epoch has shown: a row of a [`History`].
#[derive(Debug, Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EpochRecord {
    /// The number of the epoch, from 1.
    pub epoch: u64,
    /// Steps of the optimizer since the beginning of the training.
    pub steps: u64,
    /// The mean of the losses of the training rows, each as it was before the step on its batch.
    pub train_loss: f64,
    /// The loss of all validation rows after the epoch, if there are any.
    pub validation_loss: Option<f64>,
    /// The metrics of the validation rows, as [`History::metrics`] names them.
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number::each"))]
    pub metrics: Vec<f64>,
    /// The learning rate of the last step.
    pub lr: f64,
    /// How long the epoch took, in seconds. 0 if it was read from a file without.
    #[cfg_attr(feature = "serde", serde(default))]
    pub seconds: f64,
}

impl PartialEq for EpochRecord {
    fn eq(&self, other: &Self) -> bool {
        let losses = |r: &Self| (r.train_loss.to_bits(), r.validation_loss.map(f64::to_bits));
        let rest = |r: &Self| (r.epoch, r.steps, r.lr.to_bits());
        let metrics = |r: &Self| r.metrics.iter().map(|m| m.to_bits()).collect::<Vec<_>>();
        losses(self) == losses(other)
            && rest(self) == rest(other)
            && metrics(self) == metrics(other)
    }
}

impl History {
    /// The last epoch; none before the first one has ended.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.epochs.last()
    }

    /// The epoch with the best watched metric; none if nothing is watched.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.epochs.iter().find(|record| Some(record.epoch) == self.best_epoch)
    }

    /// A metric of an epoch by its name: `validation_loss`, or one of [`metrics`](Self::metrics).
    pub fn metric(&self, record: &EpochRecord, name: &str) -> Option<f64> {
        let i = self.metrics.iter().position(|metric| metric == name);
        match name {
            "train_loss" => Some(record.train_loss),
            "validation_loss" => record.validation_loss,
            _ => i.and_then(|i| record.metrics.get(i).copied()),
        }
    }

    /// The names of the columns of [`row`](Self::row): what a log writes first.
    pub fn header(&self) -> Vec<&str> {
        let fixed = ["epoch", "steps", "train_loss", "validation_loss"];
        let metrics = self.metrics.iter().map(String::as_str);
        fixed.into_iter().chain(metrics).chain(["lr", "seconds"]).collect()
    }

    /// The numbers of an epoch, in the order of [`header`](Self::header): none where there is no
    /// validation loss.
    pub fn row(&self, record: &EpochRecord) -> Vec<Option<f64>> {
        let r = record;
        let fixed =
            [Some(r.epoch as f64), Some(r.steps as f64), Some(r.train_loss), r.validation_loss];
        let metrics = r.metrics.iter().map(|&m| Some(m));
        fixed.into_iter().chain(metrics).chain([Some(r.lr), Some(r.seconds)]).collect()
    }
}

/// A table with a line for each epoch; the best one is marked by a star.
impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.header();
        for name in &names {
            write!(f, "{name:>width$}  ", width = name.len().max(10))?;
        }
        for record in &self.epochs {
            writeln!(f)?;
            for (i, (name, number)) in names.iter().zip(self.row(record)).enumerate() {
                let width = name.len().max(10);
                match number {
                    Some(x) if i < 2 => write!(f, "{x:>width$}  ")?,
                    Some(x) => write!(f, "{:>width$}  ", format!("{x:.4e}"))?,
                    None => write!(f, "{:>width$}  ", "")?,
                }
            }
            if Some(record.epoch) == self.best_epoch {
                write!(f, "*")?;
            }
        }
        Ok(())
    }
}
