//! Scores of classifiers and regressors, with the numbers of scikit-learn.
//!
//! The crate's one decision: **a metric is a value that counts**. It is given batch after batch,
//! two of them are merged, and it is read at any time; so the same code scores a table in memory, a
//! stream, and the parts that several threads have worked on. Functions on whole arrays alone were
//! rejected, because whoever has batches would then have to average averages. The two scores that
//! are asked for most are functions as well: [`accuracy`] and [`r2`].
//!
//! ```
//! use metrics::{Average, ConfusionMatrix};
//!
//! let mut confusion = ConfusionMatrix::new(3);
//! for (truth, predicted) in [([0, 1, 2], [0, 2, 2]), ([0, 1, 2], [0, 1, 2])] {
//!     confusion.update(&truth, &predicted)?; // a batch
//! }
//! assert_eq!(confusion.accuracy()?, 5.0 / 6.0);
//! println!("{}", confusion.report(&["Adelie", "Chinstrap", "Gentoo"])?);
//! # Ok::<(), metrics::Error>(())
//! ```
//!
//! # Metrics
//!
//! | metric | of | scikit-learn |
//! |---|---|---|
//! | [`accuracy`], [`ConfusionMatrix::accuracy`] | classes | `accuracy_score` |
//! | [`ConfusionMatrix`], [`ConfusionMatrix::normalized`] by [`Share`] | classes | `confusion_matrix` |
//! | [`ConfusionMatrix::balanced_accuracy`] | classes | `balanced_accuracy_score` |
//! | [`ConfusionMatrix::matthews`] | classes | `matthews_corrcoef` |
//! | [`Scores`], averaged by [`Average`] | classes | `precision_recall_fscore_support` |
//! | [`ClassificationReport`] | classes | `classification_report` |
//! | [`TopKAccuracy`] | scores | `top_k_accuracy_score` |
//! | [`LogLoss`] | probabilities | `log_loss` |
//! | [`BrierScore`] | probabilities | `brier_score_loss` |
//! | [`RocCurve`], [`RocAuc`] | scores of two classes | `roc_curve`, `roc_auc_score` |
//! | [`OneVsRestAuc`] | scores of several classes | `roc_auc_score(multi_class="ovr")` |
//! | [`ErrorMean`] of [`AbsoluteError`] | numbers | `mean_absolute_error` |
//! | [`ErrorMean`] of [`SquaredError`] | numbers | `mean_squared_error`, `root_mean_squared_error` |
//! | [`ErrorMean`] of [`PercentageError`] | numbers | `mean_absolute_percentage_error` |
//! | [`ErrorMean`] of [`PinballError`] | numbers | `mean_pinball_loss` |
//! | [`MedianAbsoluteError`] | numbers | `median_absolute_error` |
//! | [`r2`], [`ExplainedVariance`] | numbers | `r2_score`, `explained_variance_score` |
//! | [`each_output`] | several outputs | `multioutput="raw_values"` |
//!
//! # What they have in common
//!
//! - Classes are numbered from 0. Predictions with a column for each class are `(N, n_classes)`.
//! - `update_weighted` takes a weight for each row, as scikit-learn's `sample_weight`: a row of
//!   weight 2 counts as two, one of weight 0 not at all. Negative weights are refused.
//! - Where a score is undefined it has the number that scikit-learn gives beside its warning; each
//!   page says which. Where scikit-learn raises an error, so does this crate: [`Error`].
//! - All sums are in `f64`, compensated, whatever the type of the predictions.

#![forbid(unsafe_code)]

mod classes;
mod confusion;
mod error;
mod explained;
mod median;
mod probabilities;
mod regression;
mod report;
mod roc;
mod rows;
mod scores;
mod top_k;

pub use confusion::{ConfusionMatrix, Share, accuracy};
pub use error::Error;
pub use explained::{ExplainedVariance, r2};
pub use median::MedianAbsoluteError;
pub use probabilities::{BrierScore, LogLoss, Logarithm, Quadratic, RowMean, RowScore};
pub use regression::{
    AbsoluteError, ErrorMean, PercentageError, PinballError, RowError, SquaredError, each_output,
};
pub use report::ClassificationReport;
pub use roc::{OneVsRestAuc, RocAuc, RocCurve};
pub use scores::{Average, Scores};
pub use top_k::TopKAccuracy;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(ConfusionMatrix, ClassificationReport, Scores, Error)>();
const _: () = assert_send_sync::<(TopKAccuracy, LogLoss, BrierScore, RocAuc, OneVsRestAuc)>();
const _: () = assert_send_sync::<(ErrorMean<PinballError>, MedianAbsoluteError, RocCurve)>();
const _: () = assert_send_sync::<(ExplainedVariance, Average, Share)>();
