//! [`Error`]: why a training does not begin, or ends.

use std::fmt;

/// Why a training does not begin, or ends before its time.
///
/// A message reads `place: expected …, found …`.
///
/// # Examples
/// ```
/// use losses::MseLoss;
/// use optim::{Sgd, SgdConfig};
/// use training::{Trainer, TrainerConfig};
///
/// let config = TrainerConfig { batch_size: 0, ..TrainerConfig::default() };
/// let sgd = Sgd::<f32>::new(SgdConfig::default())?;
/// let error = Trainer::new(MseLoss::default(), sgd, config).unwrap_err();
/// assert_eq!(error.to_string(), "Trainer: expected batch_size to be at least 1, found 0");
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Of a layer, a loss, a model or an optimizer.
    Tensor(tensor_core::Error),
    /// Of a table, a dataset or a transformer.
    Data(data::Error),
    /// Of a metric.
    Metric(metrics::Error),
    /// A choice outside its range.
    Choice {
        /// What it is chosen for.
        place: &'static str,
        /// What is chosen.
        name: &'static str,
        /// The range: `"at least 1"`.
        expected: &'static str,
        /// The number that came.
        found: f64,
    },
    /// A number that ends the training, because nothing can be learned from it: a loss or a weight
    /// that is NaN or infinite. The model has the last good weights again.
    NotFinite {
        /// What it is: `"training loss"`.
        what: &'static str,
        /// The epoch, from 1.
        epoch: u64,
        /// Steps made before.
        step: u64,
        /// The number.
        found: f64,
    },
    /// Weights of rows that the loss does not take, or none where it needs them.
    Weights {
        /// What the loss takes.
        expected: &'static str,
        /// What the dataset has.
        found: &'static str,
    },
    /// A metric to be watched that nobody computes.
    UnknownMetric {
        /// The name that was asked for.
        found: String,
        /// The metrics there are.
        known: Vec<String>,
    },
    /// A state of another model, other data or another configuration.
    Setting {
        /// What differs: `"batch_size"`.
        name: String,
        /// Of the trainer, its model or its data.
        expected: String,
        /// Of the state.
        found: String,
    },
    /// An observer that cannot do its work.
    Observer {
        /// The observer.
        place: String,
        /// What the system says.
        found: String,
    },
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Tensor(error) => Some(error),
            Self::Data(error) => Some(error),
            Self::Metric(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tensor(error) => error.fmt(f),
            Self::Data(error) => error.fmt(f),
            Self::Metric(error) => error.fmt(f),
            Self::Choice { place, name, expected, found } => {
                write!(f, "{place}: expected {name} to be {expected}, found {found}")
            }
            Self::NotFinite { what, epoch, step, found } => write!(
                f,
                "epoch {epoch}, after {step} steps: expected a finite {what}, found {found} (a \
                 smaller learning rate or clipping helps most; the model has its last good weights)"
            ),
            Self::Weights { expected, found } => {
                write!(f, "Trainer: expected a dataset {expected}, found one {found}")
            }
            Self::UnknownMetric { found, known } => write!(
                f,
                "Trainer: expected one of the metrics [{}] to be watched, found \"{found}\"",
                known.join(", ")
            ),
            Self::Setting { name, expected, found } => {
                write!(f, "training state: expected {name} to be {expected}, found {found}")
            }
            Self::Observer { place, found } => {
                write!(f, "{place}: expected to be written, found {found}")
            }
        }
    }
}

impl From<tensor_core::Error> for Error {
    fn from(error: tensor_core::Error) -> Self {
        Self::Tensor(error)
    }
}

impl From<data::Error> for Error {
    fn from(error: data::Error) -> Self {
        Self::Data(error)
    }
}

impl From<metrics::Error> for Error {
    fn from(error: metrics::Error) -> Self {
        Self::Metric(error)
    }
}

impl Error {
    /// `Ok` if a choice of the trainer lies in its range.
    pub(crate) fn check_choice(
        name: &'static str,
        expected: &'static str,
        found: f64,
        is_right: bool,
    ) -> Result<(), Self> {
        match is_right {
            true => Ok(()),
            false => Err(Self::Choice { place: "Trainer", name, expected, found }),
        }
    }
}
