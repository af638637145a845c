//! What is checked of a row of numbers with a column for each class.

use kernels::Float;
use ndarray::ArrayRef2;

use crate::Error;
use crate::rows::{check_classes, check_length};

/// # Errors
/// If the numbers of rows differ, a class has no column, or a score is NaN: it has no order.
pub(crate) fn check_scores<F: Float>(
    metric: &'static str,
    truth: &[usize],
    scores: &ArrayRef2<F>,
) -> Result<(), Error> {
    check_shape(metric, truth, scores)?;
    check_each(metric, scores, "a number", |score| !score.is_nan())
}

/// # Errors
/// If the numbers of rows differ, a class has no column, or a number is not from 0 to 1.
pub(crate) fn check_probabilities<F: Float>(
    metric: &'static str,
    truth: &[usize],
    probabilities: &ArrayRef2<F>,
) -> Result<(), Error> {
    check_shape(metric, truth, probabilities)?;
    let range = F::zero()..=F::one();
    check_each(metric, probabilities, "a probability from 0 to 1", |p| range.contains(&p))
}

fn check_shape<F>(
    metric: &'static str,
    truth: &[usize],
    scores: &ArrayRef2<F>,
) -> Result<(), Error> {
    let (n_rows, n_classes) = scores.dim();
    check_length(metric, "rows of predictions", truth.len(), n_rows)?;
    check_classes(metric, n_classes, truth)
}

fn check_each<F: Float>(
    metric: &'static str,
    numbers: &ArrayRef2<F>,
    expected: &'static str,
    ok: impl Fn(F) -> bool,
) -> Result<(), Error> {
    match numbers.indexed_iter().find(|(_, number)| !ok(**number)) {
        None => Ok(()),
        Some(((row, column), number)) => Err(Error::Value {
            metric,
            row,
            column: Some(column),
            expected,
            found: number.as_f64(),
        }),
    }
}
