//! Means over rows of what single predictions are off by.

use kernels::Float;
use ndarray::{ArrayRef1, ArrayRef2};

use crate::Error;
use crate::rows::{Mean, Weights, check_length, counting};

/// What a prediction costs that should have been `truth`; [`ErrorMean`] averages it over rows.
///
/// # Examples
///
/// A rule of your own, the share of predictions that are off by more than a tolerance:
///
/// ```
/// use metrics::{ErrorMean, RowError};
/// use ndarray::array;
///
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// struct Beyond(f64);
///
/// impl RowError for Beyond {
///     const NAME: &'static str = "beyond tolerance";
///
///     fn error(&self, truth: f64, predicted: f64) -> f64 {
///         f64::from(u8::from((predicted - truth).abs() > self.0))
///     }
/// }
///
/// let mut beyond = ErrorMean::of(Beyond(0.5));
/// beyond.update(&array![1.0, 2.0], &array![1.25, 3.0])?;
/// assert_eq!(beyond.value()?, 0.5);
/// # Ok::<(), metrics::Error>(())
/// ```
pub trait RowError: PartialEq {
    /// The name in messages.
    const NAME: &'static str;

    /// What the prediction costs.
    fn error(&self, truth: f64, predicted: f64) -> f64;
}

/// The rule of the mean absolute error: `|p − y|`. As good a summary as the typical error, in the
/// target's unit; the prediction that makes it smallest is the median.
///
/// scikit-learn's `mean_absolute_error`.
///
/// # Examples
/// ```
/// use metrics::{AbsoluteError, ErrorMean};
/// use ndarray::array;
///
/// let mut mae = ErrorMean::of(AbsoluteError);
/// mae.update(&array![1.0, 2.0], &array![1.5, 1.0])?;
/// assert_eq!(mae.value()?, 0.75); // (½ + 1)/2
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbsoluteError;

impl RowError for AbsoluteError {
    const NAME: &'static str = "mean absolute error";

    fn error(&self, truth: f64, predicted: f64) -> f64 {
        (predicted - truth).abs()
    }
}

/// The rule of the mean squared error: `(p − y)²`. Large errors count most; the prediction that
/// makes it smallest is the mean.
///
/// scikit-learn's `mean_squared_error`; the root of the mean, in the target's unit, is its
/// `root_mean_squared_error`.
///
/// # Examples
/// ```
/// use metrics::{ErrorMean, SquaredError};
/// use ndarray::array;
///
/// let mut mse = ErrorMean::of(SquaredError);
/// mse.update(&array![1.0, 2.0], &array![4.0, 6.0])?;
/// assert_eq!(mse.value()?, 12.5); // (3² + 4²)/2
/// assert_eq!(mse.root()?, 12.5_f64.sqrt());
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SquaredError;

impl RowError for SquaredError {
    const NAME: &'static str = "mean squared error";

    fn error(&self, truth: f64, predicted: f64) -> f64 {
        (predicted - truth) * (predicted - truth)
    }
}

/// The rule of the mean absolute percentage error: `|p − y|/max(|y|, 2⁻⁵²)`. A share, not a
/// percentage: 0.1 is ten percent.
///
/// A target of 0 makes it very large, which says that this is the wrong score for such targets.
/// scikit-learn's `mean_absolute_percentage_error`.
///
/// # Examples
/// ```
/// use metrics::{ErrorMean, PercentageError};
/// use ndarray::array;
///
/// let mut mape = ErrorMean::of(PercentageError);
/// mape.update(&array![1.0, -4.0], &array![1.5, -3.0])?;
/// assert_eq!(mape.value()?, 0.375); // (½ + ¼)/2
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PercentageError;

impl RowError for PercentageError {
    const NAME: &'static str = "mean absolute percentage error";

    fn error(&self, truth: f64, predicted: f64) -> f64 {
        // A NaN among the targets stays: `max` would drop it.
        let size = if truth.abs() < f64::EPSILON { f64::EPSILON } else { truth.abs() };
        (predicted - truth).abs() / size
    }
}

/// The rule of the mean pinball loss, which the quantile `α` makes smallest.
///
/// ```text
/// α (y − p)  if p ≤ y,        (1 − α)(p − y)  otherwise
/// ```
///
/// With `α = ½` it is half the absolute error. scikit-learn's `mean_pinball_loss`.
///
/// Source: Koenker and Bassett, *Regression quantiles*, Econometrica 46, 1978,
/// <https://doi.org/10.2307/1913643>.
///
/// # Examples
/// ```
/// use metrics::{ErrorMean, PinballError};
/// use ndarray::array;
///
/// let mut pinball = ErrorMean::of(PinballError::new(0.75)?);
/// pinball.update(&array![1.0, 2.0], &array![0.0, 3.0])?;
/// assert_eq!(pinball.value()?, 0.5); // (¾·1 + ¼·1)/2: too low costs three times as much
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PinballError {
    alpha: f64,
}

impl PinballError {
    /// The rule for the quantile `alpha`.
    ///
    /// # Errors
    /// If `alpha` is not from 0 to 1.
    pub fn new(alpha: f64) -> Result<Self, Error> {
        if (0.0..=1.0).contains(&alpha) {
            return Ok(Self { alpha });
        }
        let (name, expected) = ("alpha", "from 0 to 1");
        Err(Error::Choice { metric: Self::NAME, name, expected, found: alpha })
    }
}

impl RowError for PinballError {
    const NAME: &'static str = "mean pinball loss";

    fn error(&self, truth: f64, predicted: f64) -> f64 {
        let difference = truth - predicted;
        if difference < 0.0 { (self.alpha - 1.0) * difference } else { self.alpha * difference }
    }
}

/// The weighted mean of a [`RowError`] over rows that come in batches.
///
/// ```text
/// Σ_n w_n error(y_n, p_n)/Σ_n w_n
/// ```
///
/// Rules: [`AbsoluteError`], [`SquaredError`], [`PercentageError`], [`PinballError`]. NaN among
/// targets or predictions gives NaN.
///
/// # Shapes
/// `truth (N)`, `predicted (N)`, `weights (N)`. For several outputs: [`each_output`].
///
/// # Examples
/// ```
/// use metrics::{AbsoluteError, ErrorMean};
/// use ndarray::array;
///
/// let (mut first, mut second) = (ErrorMean::of(AbsoluteError), ErrorMean::of(AbsoluteError));
/// first.update(&array![1.0], &array![2.0])?;
/// second.update_weighted(&array![5.0], &array![1.0], &[2.0])?; // counts twice
/// first.merge(&second)?;
/// assert_eq!(first.value()?, (1.0 + 2.0 * 4.0) / 3.0);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ErrorMean<E> {
    rule: E,
    mean: Mean,
}

impl<E: RowError> ErrorMean<E> {
    /// One that has counted nothing yet.
    pub fn of(rule: E) -> Self {
        Self { rule, mean: Mean::default() }
    }

    counting!([F] E::NAME, ArrayRef1<F>, ArrayRef1<F>, "If the lengths differ.");

    fn count<F: Float>(
        &mut self,
        truth: &ArrayRef1<F>,
        predicted: &ArrayRef1<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_length(E::NAME, "predictions", truth.len(), predicted.len())?;
        for (row, (y, p)) in truth.iter().zip(predicted).enumerate() {
            self.mean.add(self.rule.error(y.as_f64(), p.as_f64()), weights.of(row));
        }
        Ok(())
    }

    /// Adds what another one has counted.
    ///
    /// # Errors
    /// If it counts by another rule: another quantile.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.rule != other.rule {
            return Err(Error::OtherRule { metric: E::NAME });
        }
        self.mean.merge(other.mean);
        Ok(())
    }

    /// The mean so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn value(&self) -> Result<f64, Error> {
        self.mean.value(E::NAME)
    }
}

impl ErrorMean<SquaredError> {
    /// The root of the mean: the root mean squared error, in the target's unit.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn root(&self) -> Result<f64, Error> {
        self.value().map(f64::sqrt)
    }
}

/// A score for each output of a model that has several: `score` of each column of `truth (N, C)`
/// and `predicted (N, C)`. scikit-learn's `multioutput="raw_values"`; their mean is its
/// `"uniform_average"`.
///
/// # Shapes
/// `truth (N, C)`, `predicted (N, C)`; `C` scores.
///
/// # Errors
/// If the numbers of columns differ, or `score` refuses a column.
///
/// # Examples
/// ```
/// use metrics::{each_output, r2};
/// use ndarray::array;
///
/// let truth = array![[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]];
/// let predicted = array![[1.0, 20.0], [2.0, 20.0], [3.0, 20.0]];
/// assert_eq!(each_output(&truth, &predicted, r2)?, [1.0, 0.0]);
/// # Ok::<(), metrics::Error>(())
/// ```
pub fn each_output<F: Float>(
    truth: &ArrayRef2<F>,
    predicted: &ArrayRef2<F>,
    score: impl FnMut(&ArrayRef1<F>, &ArrayRef1<F>) -> Result<f64, Error>,
) -> Result<Vec<f64>, Error> {
    check_length("score of each output", "columns", truth.ncols(), predicted.ncols())?;
    let mut score = score;
    truth.columns().into_iter().zip(predicted.columns()).map(|(y, p)| score(&y, &p)).collect()
}
