//! Numbers for what is missing.

use ndarray::{Array2, ArrayRef2, Axis, Slice};
use tensor_core::sums::Sum;

use crate::Error;
use crate::quantiles::{quantile, sorted};
use crate::scaler::{check_columns, of_columns};

/// What a [`SimpleImputer`] puts in the place of a missing number.
///
/// # Examples
/// ```
/// use data::{Fill, SimpleImputer};
/// use ndarray::array;
///
/// let x = array![[1.0], [1.0], [2.0], [12.0]];
/// let fill = |fill| SimpleImputer::fit(&x, fill).map(|imputer| imputer.values()[0]);
/// assert_eq!(fill(Fill::Mean)?, 4.0);
/// assert_eq!(fill(Fill::Median)?, 1.5);
/// assert_eq!(fill(Fill::MostFrequent)?, 1.0);
/// assert_eq!(fill(Fill::Constant(-1.0))?, -1.0);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fill {
    /// The mean of the column.
    Mean,
    /// Its median.
    Median,
    /// The number that it has most often; of equally frequent ones the smallest.
    MostFrequent,
    /// This number, in every column.
    Constant(f64),
}

/// Replaces missing numbers, which are NaN, by one number a column, learned from training rows.
///
/// ```text
/// x ↦ x, or the column's mean, median, … where x is NaN
/// ```
///
/// [`with_indicators`](Self::with_indicators) adds, behind all columns, one for each column in
/// which a number was missing among the training rows: 1 where the number is missing, 0 where it is
/// there. That a number is missing often says more than the number in its place.
///
/// A column without any number is filled with 0 (but for [`Fill::Constant`]), so that the number of
/// columns does not depend on what is missing: scikit-learn's `SimpleImputer(keep_empty_features=
/// True)`, whose indicator columns these are too.
///
/// # Shapes
/// `(N, C)`, with the `C` columns that `fit` has seen, to `(N, C + indicators)`.
///
/// # Examples
/// ```
/// use data::{Fill, SimpleImputer};
/// use ndarray::array;
///
/// let nan = f64::NAN;
/// let train = array![[1.0, 5.0], [3.0, nan], [nan, 7.0], [5.0, 9.0]];
/// let imputer = SimpleImputer::fit(&train, Fill::Median)?.with_indicators();
/// let x = imputer.transform(&array![[nan, 1.0], [2.0, nan]])?;
/// assert_eq!(x, array![[3.0, 1.0, 1.0, 0.0], [2.0, 7.0, 0.0, 1.0]]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct SimpleImputer {
    values: Vec<f64>,
    /// Columns in which numbers were missing.
    missing: Vec<usize>,
    indicators: bool,
}

const NAME: &str = "SimpleImputer";

impl SimpleImputer {
    /// Learns from training rows what stands for a missing number in each column.
    ///
    /// # Errors
    /// If there are no rows, a number is infinite, or the constant is not finite.
    pub fn fit(x: &ArrayRef2<f64>, fill: Fill) -> Result<Self, Error> {
        if let Fill::Constant(found) = fill
            && !found.is_finite()
        {
            let (name, expected) = ("the constant", "finite");
            return Err(Error::Choice { place: NAME, name, expected, found });
        }
        let n_rows = x.nrows();
        let learned = of_columns(NAME, x, |x| (x.len() < n_rows, value(x, fill)))?;
        let missing = learned.iter().enumerate().filter(|(_, (missing, _))| *missing);
        Ok(Self {
            missing: missing.map(|(column, _)| column).collect(),
            values: learned.into_iter().map(|(_, value)| value).collect(),
            indicators: false,
        })
    }

    /// The same, with columns that say where a number was missing.
    #[must_use]
    pub fn with_indicators(self) -> Self {
        Self { indicators: true, ..self }
    }

    /// What stands for a missing number in each column.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The columns that have an indicator, in order; none without
    /// [`with_indicators`](Self::with_indicators).
    pub fn indicators(&self) -> &[usize] {
        if self.indicators { &self.missing } else { &[] }
    }

    /// Rows without missing numbers, then their indicators.
    ///
    /// # Errors
    /// If `x` has another number of columns.
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>, Error> {
        let n_columns = self.values.len();
        check_columns(NAME, n_columns, x)?;
        let indicators = self.indicators();
        let mut y = Array2::zeros((x.nrows(), n_columns + indicators.len()));
        y.slice_axis_mut(Axis(1), Slice::from(..n_columns)).assign(x);
        for mut row in y.rows_mut() {
            for (i, &column) in indicators.iter().enumerate() {
                row[n_columns + i] = f64::from(u8::from(row[column].is_nan()));
            }
            for (x, value) in row.iter_mut().zip(&self.values) {
                if x.is_nan() {
                    *x = *value;
                }
            }
        }
        Ok(y)
    }
}

/// What stands for a missing number in a column with these numbers.
fn value(x: Vec<f64>, fill: Fill) -> f64 {
    match fill {
        Fill::Constant(value) => value,
        _ if x.is_empty() => 0.0,
        Fill::Mean => {
            let sum = |unit: f64| {
                x.iter().fold(Sum::<f64>::default(), |sum, x| sum.plus(x * unit)).value()
            };
            let n = x.len() as f64;
            // A sum may be too large where the mean is not.
            let mean = sum(1.0) / n;
            if mean.is_finite() { mean } else { sum(0.5_f64.powi(64)) / n * 2.0_f64.powi(64) }
        }
        Fill::Median => quantile(&sorted(x), 0.5),
        Fill::MostFrequent => {
            let x = sorted(x);
            let mut runs = x.chunk_by(|a, b| a == b);
            let first = runs.next().unwrap_or_default();
            runs.fold(first, |most, run| if run.len() > most.len() { run } else { most })
                .first()
                .copied()
                .unwrap_or_default()
        }
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    values: Vec<f64>,
    missing: Vec<usize>,
    indicators: bool,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for SimpleImputer {
    type Error = &'static str;

    fn try_from(Parts { values, missing, indicators }: Parts) -> Result<Self, &'static str> {
        let rising =
            missing.is_sorted_by(|a, b| a < b) && missing.iter().all(|&i| i < values.len());
        let right = rising && values.iter().all(|value| value.is_finite());
        let message = "SimpleImputer: expected finite values, and columns with missing numbers among theirs, rising";
        if right { Ok(Self { values, missing, indicators }) } else { Err(message) }
    }
}
