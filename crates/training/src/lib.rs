//! A training loop of public parts, and models that take tables.
//!
//! The crate's one decision: **a toolkit, not a framework**. [`Trainer`] is the loop that one would
//! write by hand, in one file (`run.rs`), and has nothing that a loop of your own could not use as
//! well: [batches](data::Batches), [early stopping](optim::EarlyStopping), [`Weights`],
//! [`History`], [`predict`](predict()). Who outgrows it writes the loop and keeps the parts.
//!
//! | | |
//! |---|---|
//! | [`Trainer`], [`TrainerConfig`], [`Stopping`], [`Every`] | trains a model on a dataset |
//! | [`History`], [`EpochRecord`] | losses, metrics, rate and seconds of each epoch |
//! | [`TrainingState`], [`Weights`], [`NamedTensor`], [`Setting`] | a run as plain data: cut anywhere, the same bits after |
//! | [`Observer`], [`Running`], [`StepRecord`], [`Flow`] | who is told of steps and epochs, and may stop the run |
//! | [`every_epoch`], [`every_step`], [`CsvLog`], [`JsonLines`] | observers; with the feature `progress`, [`Progress`] draws a bar |
//! | [`BatchLoss`], [`FromBatch`] | what makes a loss one that a trainer takes |
//! | [`ElementwiseLayer`], [`ElementwiseLoss`] | a layer and a loss of one's own, from two formulas |
//! | [`Classifier`], [`Regressor`], [`EstimatorConfig`] | from a table to predictions, in one value |
//! | [`cross_validate`], [`CrossValidation`] | scores of folds |
//! | [`predict`](predict()), [`Predictor`] | outputs for many rows, on several threads |
//! | [`accuracy`], [`balanced_accuracy`], [`confusion()`], [`r2`], [`mae`], [`rmse`], [`predicted_classes`] | scores of outputs |
//!
//! [`Trainer`]'s page has an example. [`pages`] are on what comes up in training: early stopping,
//! imbalance, resuming, freezing, own layers and losses, several heads.

#![forbid(unsafe_code)]

mod batch_loss;
mod classifier;
mod config;
mod cross_validation;
mod elementwise;
mod error;
mod estimator;
mod history;
mod observer;
mod observers;
pub mod pages;
mod plan;
mod predict;
#[cfg(feature = "progress")]
mod progress;
mod regressor;
mod resume;
mod run;
mod scores;
mod settings;
mod state;
mod trainer;
mod validation;
mod weights;

pub use batch_loss::{BatchLoss, FromBatch};
pub use classifier::Classifier;
pub use config::{Stopping, TrainerConfig};
pub use cross_validation::{CrossValidation, cross_validate};
pub use elementwise::{ElementwiseLayer, ElementwiseLoss};
pub use error::Error;
pub use estimator::EstimatorConfig;
pub use history::{EpochRecord, History};
pub use observer::{Flow, Observer, Running, StepRecord};
pub use observers::{CsvLog, EveryEpoch, EveryStep, JsonLines, every_epoch, every_step};
pub use plan::Every;
pub use predict::{Predictor, predict};
#[cfg(feature = "progress")]
pub use progress::Progress;
pub use regressor::Regressor;
pub use scores::{accuracy, balanced_accuracy, confusion, mae, predicted_classes, r2, rmse};
pub use settings::Setting;
pub use state::TrainingState;
pub use trainer::Trainer;
pub use weights::{NamedTensor, Weights};

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Trainer<f32, losses::MseLoss, optim::AdamConfig>>();
const _: () = assert_send_sync::<(TrainingState<f32>, History, TrainerConfig, Error)>();

/// The README's examples are compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
