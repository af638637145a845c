//! The median of the absolute errors.

use kernels::Float;
use ndarray::ArrayRef1;

use crate::Error;
use crate::rows::{Weights, check_length, check_weight, counting};

const NAME: &str = "median absolute error";

/// The median of `|p − y|`, of rows that come in batches: half of the predictions are off by at
/// most as much. A few wild rows do not move it.
///
/// With weights, errors are sorted, and the median is the first at which the weights up to and with
/// it are more than half of all; if they are half of all exactly, it is the mean of that one and
/// the next. Without weights this is the ordinary median. scikit-learn's `median_absolute_error`.
/// NaN among targets or predictions gives NaN. It keeps every error.
///
/// # Shapes
/// `truth (N)`, `predicted (N)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::MedianAbsoluteError;
/// use ndarray::array;
///
/// let mut median = MedianAbsoluteError::default();
/// median.update(&array![1.0, 2.0, 3.0], &array![1.5, 2.0, 1000.0])?;
/// assert_eq!(median.value()?, 0.5); // of 0, ½ and 997
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MedianAbsoluteError {
    /// Error and weight of each row that counts.
    rows: Vec<(f64, f64)>,
}

impl MedianAbsoluteError {
    counting!([F] NAME, ArrayRef1<F>, ArrayRef1<F>, "If the lengths differ.");

    fn count<F: Float>(
        &mut self,
        truth: &ArrayRef1<F>,
        predicted: &ArrayRef1<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_length(NAME, "predictions", truth.len(), predicted.len())?;
        let errors = truth.iter().zip(predicted).map(|(y, p)| (p.as_f64() - y.as_f64()).abs());
        let rows = errors.enumerate().map(|(row, error)| (error, weights.of(row)));
        self.rows.extend(rows.filter(|(_, weight)| *weight > 0.0));
        Ok(())
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.rows.extend_from_slice(&other.rows);
    }

    /// The median so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn value(&self) -> Result<f64, Error> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = check_weight(NAME, rows.iter().map(|row| row.1).sum())?;
        if rows.iter().any(|row| row.0.is_nan()) {
            return Ok(f64::NAN);
        }
        let (mut below, half) = (0.0, 0.5 * all);
        for (i, &(error, weight)) in rows.iter().enumerate() {
            below += weight;
            // More than half, beyond what the sum of the weights is rounded by.
            if below - half > f64::EPSILON * all {
                return Ok(error);
            }
            if below >= half {
                let next = rows.get(i + 1).map_or(error, |row| row.0);
                return Ok((error + next) / 2.0);
            }
        }
        Ok(rows.last().map_or(f64::NAN, |row| row.0))
    }
}
