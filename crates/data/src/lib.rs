//! From rows of a table to what a network is trained on: splits, folds, transformers.
//!
//! The crate's one decision: **a transformer exists only after it has learned.** `fit` makes it
//! from training rows; nothing else can change it. So no transformer is used before it has learned,
//! and none learns from validation or test rows by being fitted once more on all of them.
//!
//! ```
//! use data::{Preprocessor, Shares, Split, Table};
//!
//! let csv = "kind,mass,home\ncat,4,house\ndog,9,house\ncow,,barn\ncat,5,barn\n";
//! let table = Table::read_csv_from(csv.as_bytes(), "animals.csv")?;
//! let split = Split::random(table.n_rows(), Shares::default(), 7)?;
//! let (train, test) = (table.rows(&split.train)?, table.rows(&split.test)?);
//!
//! let learned = Preprocessor::fit(&train, "kind")?; // from training rows alone
//! let dataset = learned.transform::<f32>(&train)?;
//! let mut batches = dataset.batches(2, 7)?;
//! batches.start(0); // an epoch: one order of the rows
//! while let Some(batch) = batches.next_batch() {
//!     assert_eq!(batch.features.ncols(), learned.n_features());
//! }
//! let x = learned.features::<f32>(&test)?; // by what was learned
//! assert_eq!(x.nrows(), 1);
//! # Ok::<(), data::Error>(())
//! ```
//!
//! Every part can be used by itself:
//!
//! ```
//! use data::{Scaler, Shares, Split, StandardScaler};
//! use ndarray::{Array2, Axis};
//!
//! let table = Array2::from_shape_fn((8, 2), |(row, column)| (row * row + column) as f64);
//! let split = Split::random(table.nrows(), Shares::default(), 7)?;
//! let mut train = table.select(Axis(0), &split.train);
//! let mut test = table.select(Axis(0), &split.test);
//!
//! let scaler = StandardScaler::fit(&train)?; // learns from training rows alone
//! scaler.transform(&mut train)?;
//! scaler.transform(&mut test)?;
//! assert!(train.column(0).sum().abs() < 1e-12);
//! # Ok::<(), data::Error>(())
//! ```
//!
//! # What there is
//!
//! | | | scikit-learn |
//! |---|---|---|
//! | [`Table`], [`Column`], [`Values`], [`Text`] | named columns of numbers or text | pandas' `DataFrame` |
//! | [`CsvOptions`], [`ColumnType`], [`MISSING_WORDS`] | CSV files, `.gz` too | pandas' `read_csv` |
//! | [`Idx`], [`IdxValues`] | images and labels in the format of MNIST | |
//! | [`Split`], [`Shares`] | rows for training, validation, test | `train_test_split`, `GroupShuffleSplit` |
//! | [`KFold`], [`Fold`] | cross-validation | `KFold`, `StratifiedKFold`, `GroupKFold` |
//! | [`Scaler`] | what scalers have in common | |
//! | [`StandardScaler`] | mean 0, standard deviation 1 | `StandardScaler` |
//! | [`MinMaxScaler`] | from 0 to 1 | `MinMaxScaler` |
//! | [`RobustScaler`], [`RobustConfig`] | median 0, quartiles 1 apart | `RobustScaler` |
//! | [`QuantileTransformer`], [`QuantileConfig`] | to a [`Distribution`] | `QuantileTransformer` |
//! | [`Preprocessor`], [`PreprocessorBuilder`] | from a table to a [`Dataset`] | `ColumnTransformer` |
//! | [`Treatment`], [`NumberTreatment`], [`Scaling`], [`TextTreatment`] | what it does to a column | |
//! | [`SimpleImputer`], [`Fill`] | numbers for what is missing | `SimpleImputer` |
//! | [`OneHotEncoder`], [`Unknown`] | a column for each category | `OneHotEncoder` |
//! | [`OrdinalEncoder`], [`LabelEncoder`] | a number for each category, each class | the same |
//! | [`Dataset`], [`Target`] | features, what is to be predicted, weights | `X`, `y`, `sample_weight` |
//! | [`Batches`], [`Batch`], [`BatchTarget`] | the rows in batches, shuffled by seed and epoch | |
//!
//! The feature `samples` brings three small tables, in `data::samples`; `serde` makes tables,
//! configurations and what was learned plain data, and refuses what cannot have been learned.
//!
//! Missing numbers are NaN, missing text is `None`. Everything random is a function of a seed, the
//! same on every platform. Numbers of transformers are scikit-learn's within 1e-12 (`cargo xtask
//! fixtures --sklearn`).

#![forbid(unsafe_code)]

mod batches;
mod categories;
mod csv_column;
mod csv_file;
mod csv_number;
mod csv_options;
mod dataset;
mod entries;
mod error;
mod feature_column;
mod folds;
mod gzip;
mod idx;
mod imputer;
mod label;
mod listed;
mod min_max;
mod normal_quantile;
mod one_hot;
mod ordinal;
mod preprocessor;
mod preprocessor_builder;
mod quantile_transformer;
mod quantiles;
mod robust;
#[cfg(feature = "samples")]
pub mod samples;
mod scaler;
mod split;
mod standard;
mod strata;
mod table;
mod target_column;
mod text;
mod treatment;
mod word_hash;

pub use batches::{Batch, BatchTarget, Batches};
pub use csv_options::{ColumnType, CsvOptions, MISSING_WORDS};
pub use dataset::{Dataset, Target};
pub use error::Error;
pub use folds::{Fold, KFold};
pub use idx::{Idx, IdxValues};
pub use imputer::{Fill, SimpleImputer};
pub use label::LabelEncoder;
pub use min_max::MinMaxScaler;
pub use one_hot::{OneHotEncoder, Unknown};
pub use ordinal::OrdinalEncoder;
pub use preprocessor::Preprocessor;
pub use preprocessor_builder::PreprocessorBuilder;
pub use quantile_transformer::{Distribution, QuantileConfig, QuantileTransformer};
pub use robust::{RobustConfig, RobustScaler};
pub use scaler::Scaler;
pub use split::{Shares, Split};
pub use standard::StandardScaler;
pub use table::{Column, Table, Values};
pub use text::Text;
pub use treatment::{NumberTreatment, Scaling, TextTreatment, Treatment};

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(Table, Column, Values, Text, CsvOptions, ColumnType)>();
const _: () = assert_send_sync::<(Split, Shares, KFold, Fold, Error)>();
const _: () = assert_send_sync::<(StandardScaler, MinMaxScaler, RobustScaler)>();
const _: () = assert_send_sync::<(QuantileTransformer, SimpleImputer, Unknown)>();
const _: () = assert_send_sync::<(Dataset<f32>, Target<f64>, Batches<'_, f32>, Batch<'_, f64>)>();
const _: () = assert_send_sync::<(OneHotEncoder, OrdinalEncoder, LabelEncoder)>();
const _: () = assert_send_sync::<(Preprocessor, PreprocessorBuilder, Treatment, Idx)>();
