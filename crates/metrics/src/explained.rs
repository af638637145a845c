//! How much of the targets' variance the predictions explain.

use kernels::Float;
use kernels::sums::{Sum, two_sum};
use ndarray::ArrayRef1;

use crate::Error;
use crate::rows::{Weights, check_length, check_weight, counting};

/// `R²` and the explained variance, of rows that come in batches.
///
/// ```text
/// R² = 1 − Σ w (y − p)²/Σ w (y − ȳ)²        explained variance = 1 − Var(y − p)/Var(y)
/// ```
///
/// with `ȳ = Σ w y/Σ w` and `Var(x) = Σ w (x − x̄)²/Σ w`. `R² = 1` is perfect; 0 is as good as
/// predicting the mean of these targets; it is negative if that would have been better. The
/// explained variance forgives a constant offset of all predictions.
///
/// Where a denominator is 0, because all targets are equal, the score is 1 if the numerator is 0
/// too and 0 otherwise: scikit-learn's `r2_score` and `explained_variance_score` with
/// `force_finite`. With fewer than two rows `R²` is NaN, as there. NaN among targets or predictions
/// gives NaN.
///
/// Variances are those of deviations from the batch's own mean, put together by Chan's formula, so
/// that targets far from 0 lose no digits. Squares overflow for targets above 1e154, and the score
/// is then NaN.
///
/// Source: Chan, Golub and LeVeque, *Algorithms for computing the sample variance*, The American
/// Statistician 37, 1983, <https://doi.org/10.1080/00031305.1983.10483115>, equation 2.1.
///
/// # Shapes
/// `truth (N)`, `predicted (N)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::ExplainedVariance;
/// use ndarray::array;
///
/// let mut explained = ExplainedVariance::default();
/// explained.update(&array![1.0, 2.0, 3.0], &array![2.0, 3.0, 4.0])?; // all too high by 1
/// assert_eq!(explained.r2()?, 1.0 - 3.0 / 2.0);
/// assert_eq!(explained.explained_variance()?, 1.0);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ExplainedVariance {
    n_rows: usize,
    truth: Moments,
    residual: Moments,
    squares: Sum<f64>,
}

const NAME: &str = "explained variance";

impl ExplainedVariance {
    counting!([F] NAME, ArrayRef1<F>, ArrayRef1<F>, "If the lengths differ.");

    fn count<F: Float>(
        &mut self,
        truth: &ArrayRef1<F>,
        predicted: &ArrayRef1<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_length(NAME, "predictions", truth.len(), predicted.len())?;
        let row = |row, y: &F, p: &F| (weights.of(row), y.as_f64(), y.as_f64() - p.as_f64());
        let all = || truth.iter().zip(predicted).enumerate().map(|(n, (y, p))| row(n, y, p));
        let rows = || all().filter(|(w, ..)| *w > 0.0);
        let batch = Self {
            n_rows: truth.len(),
            truth: Moments::of(|| rows().map(|(w, y, _)| (w, y))),
            residual: Moments::of(|| rows().map(|(w, _, r)| (w, r))),
            squares: rows().fold(Sum::default(), |sum, (w, _, r)| sum.plus(w * r * r)),
        };
        self.merge(&batch);
        Ok(())
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.n_rows += other.n_rows;
        self.truth.merge(other.truth);
        self.residual.merge(other.residual);
        self.squares = self.squares.plus_all(other.squares);
    }

    /// `R²` so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn r2(&self) -> Result<f64, Error> {
        check_weight("R²", self.truth.weight)?;
        if self.n_rows < 2 {
            return Ok(f64::NAN);
        }
        Ok(explained(self.squares.value(), self.truth.squares))
    }

    /// The explained variance so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn explained_variance(&self) -> Result<f64, Error> {
        check_weight(NAME, self.truth.weight)?;
        Ok(explained(self.residual.squares, self.truth.squares))
    }
}

fn explained(numerator: f64, denominator: f64) -> f64 {
    if numerator == 0.0 {
        1.0
    } else if denominator == 0.0 {
        0.0
    } else {
        1.0 - numerator / denominator
    }
}

/// `R²` in one call: [`ExplainedVariance::r2`].
///
/// # Errors
/// If the lengths differ, or there are no rows.
///
/// # Shapes
/// `truth (N)`, `predicted (N)`.
///
/// # Examples
/// ```
/// use ndarray::array;
///
/// let (truth, predicted) = (array![1.0, 2.0, 3.0], array![1.5, 2.0, 3.0]);
/// assert_eq!(metrics::r2(&truth, &predicted)?, 1.0 - 0.25 / 2.0);
/// # Ok::<(), metrics::Error>(())
/// ```
pub fn r2<F: Float>(truth: &ArrayRef1<F>, predicted: &ArrayRef1<F>) -> Result<f64, Error> {
    let mut explained = ExplainedVariance::default();
    explained.update(truth, predicted)?;
    explained.r2()
}

/// Weight, mean and sum of squared deviations of some rows.
///
/// The mean is a sum of two numbers: rounded to one, means of targets far from 0 would differ by
/// that rounding, which is not small beside the deviations.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    /// `Σ w`
    weight: f64,
    /// `Σ w x/Σ w`, rounded, and what it was rounded by.
    mean: (f64, f64),
    /// `Σ w (x − x̄)²`
    squares: f64,
}

impl Moments {
    /// Of rows `(w, x)` of positive weight, which are walked several times.
    fn of<I: Iterator<Item = (f64, f64)>>(rows: impl Fn() -> I) -> Self {
        let sum = |term: &dyn Fn(f64, f64) -> f64| {
            rows().fold(Sum::<f64>::default(), |sum, (w, x)| sum.plus(term(w, x))).value()
        };
        let weight = sum(&|w, _| w);
        if weight == 0.0 {
            return Self::default();
        }
        let mean = sum(&|w, x| w * x) / weight;
        let low = sum(&|w, x| w * (x - mean)) / weight;
        let deviation = |x: f64| (x - mean) - low;
        let squares = sum(&|w, x| w * deviation(x) * deviation(x));
        Self { weight, mean: two_sum(mean, low), squares }
    }

    /// Puts two parts together:
    ///
    /// ```text
    /// W = W₁ + W₂    δ = x̄₂ − x̄₁    x̄ = x̄₁ + δ W₂/W    Q = Q₁ + Q₂ + δ² W₁W₂/W
    /// ```
    fn merge(&mut self, other: Self) {
        if self.weight == 0.0 {
            *self = other;
        } else if other.weight > 0.0 {
            let weight = self.weight + other.weight;
            let delta = (other.mean.0 - self.mean.0) + (other.mean.1 - self.mean.1);
            let share = other.weight / weight;
            self.mean = two_sum(self.mean.0, self.mean.1 + delta * share);
            self.squares += other.squares + delta * delta * (self.weight * share);
            self.weight = weight;
        }
    }
}
