//! [`Error`]: every way in which what is scored can be wrong.

use std::fmt;

/// What was wrong with the input of a metric. Every variant names the metric, what was expected and
/// what came; nothing has been added to the metric then.
///
/// A message reads `metric: expected …, found …`.
///
/// # Examples
/// ```
/// use metrics::accuracy;
///
/// let error = accuracy(&[0, 1, 1], &[0, 1]).unwrap_err();
/// assert_eq!(error.to_string(), "accuracy: expected 3 predictions, found 2");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Not one prediction, or one weight, for each true value.
    Length {
        /// The metric.
        metric: &'static str,
        /// What is counted: `"predictions"`.
        what: &'static str,
        /// How many true values came.
        expected: usize,
        /// How many of them came.
        found: usize,
    },
    /// No rows, or only rows of weight 0.
    Empty {
        /// The metric.
        metric: &'static str,
        /// What is needed: `"at least 1 row of positive weight"`.
        expected: &'static str,
    },
    /// A class that is not one of the metric's.
    Class {
        /// The metric.
        metric: &'static str,
        /// Row of the batch.
        row: usize,
        /// Number of classes: they are numbered from 0 to `n_classes − 1`.
        n_classes: usize,
        /// The class that came.
        found: usize,
    },
    /// A number outside its range.
    Value {
        /// The metric.
        metric: &'static str,
        /// Row of the batch.
        row: usize,
        /// Column of the batch, where rows have several.
        column: Option<usize>,
        /// The range: `"a probability from 0 to 1"`.
        expected: &'static str,
        /// The number that came.
        found: f64,
    },
    /// A choice outside its range: the `k` of [`TopKAccuracy`](crate::TopKAccuracy).
    Choice {
        /// The metric.
        metric: &'static str,
        /// What is chosen: `"k"`.
        name: &'static str,
        /// The range: `"at least 1"`.
        expected: &'static str,
        /// The number that came.
        found: f64,
    },
    /// Two metrics that count differently cannot be added.
    OtherRule {
        /// The metric.
        metric: &'static str,
    },
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { metric, what, expected, found } => {
                write!(f, "{metric}: expected {expected} {what}, found {found}")
            }
            Self::Empty { metric, expected } => {
                write!(f, "{metric}: expected {expected}, found none")
            }
            Self::Class { metric, row, n_classes, found } => {
                let last = n_classes.saturating_sub(1);
                write!(f, "{metric}: expected a class from 0 to {last} in row {row}, found {found}")
            }
            Self::Value { metric, row, column, expected, found } => {
                write!(f, "{metric}: expected {expected} in row {row}")?;
                if let Some(column) = column {
                    write!(f, ", column {column}")?;
                }
                write!(f, ", found {found}")
            }
            Self::Choice { metric, name, expected, found } => {
                write!(f, "{metric}: expected {name} to be {expected}, found {found}")
            }
            Self::OtherRule { metric } => {
                write!(f, "{metric}: expected one that counts by the same rule, found another")
            }
        }
    }
}
