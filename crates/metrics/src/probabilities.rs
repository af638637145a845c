//! Means over rows of probabilities: log loss and Brier score.

use std::marker::PhantomData;

use kernels::Float;
use ndarray::{ArrayRef2, ArrayView1};

use crate::Error;
use crate::classes::check_probabilities;
use crate::rows::{Mean, Weights, counting};

/// The mean of the negative logarithm of the probability that the right class was given.
///
/// ```text
/// −Σ_n w_n ln p[n, y_n]/Σ_n w_n        p clipped to ε … 1 − ε
/// ```
///
/// It is the cross-entropy in nats: 0 if every right class has probability 1, `ln K` for `K` equal
/// probabilities. One confident mistake costs much; `ε`, the distance of 1 to the next number of
/// the type `F`, keeps it finite.
///
/// scikit-learn's `log_loss`. Rows that do not add up to 1 are computed as they are; scikit-learn
/// does the same and warns.
///
/// Source: Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952,
/// <https://doi.org/10.1111/j.2517-6161.1952.tb00104.x>.
///
/// # Shapes
/// `truth (N)`, `probabilities (N, n_classes)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::LogLoss;
/// use ndarray::array;
///
/// let mut loss = LogLoss::default();
/// loss.update(&[0, 1], &array![[0.5, 0.5], [0.75, 0.25]])?;
/// assert!((loss.value()? - (2.0_f64.ln() + 4.0_f64.ln()) / 2.0).abs() < 1e-15);
/// # Ok::<(), metrics::Error>(())
/// ```
pub type LogLoss = RowMean<Logarithm>;

/// The mean squared distance of the probabilities from those that would have been right.
///
/// ```text
/// Σ_n w_n Σ_k (p[n, k] − [y_n = k])²/Σ_n w_n        half of that for two classes
/// ```
///
/// For two classes it is the mean of `(p − y)²`, with `p` the probability of class 1: between 0 and
/// 1; for more classes it is between 0 and 2. It judges both whether the right class is told and
/// whether the probabilities can be believed, and unlike the log loss it stays finite.
///
/// scikit-learn's `brier_score_loss` with its own choice of scale.
///
/// Source: Brier, *Verification of forecasts expressed in terms of probability*, Monthly Weather
/// Review 78, 1950, <https://doi.org/10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2>.
///
/// # Shapes
/// `truth (N)`, `probabilities (N, n_classes)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::BrierScore;
/// use ndarray::array;
///
/// let mut brier = BrierScore::default();
/// brier.update(&[0, 1], &array![[0.5, 0.5], [0.75, 0.25]])?;
/// assert_eq!(brier.value()?, (0.25 + 0.5625) / 2.0); // ½², ¾²
/// # Ok::<(), metrics::Error>(())
/// ```
pub type BrierScore = RowMean<Quadratic>;

/// What one row of probabilities costs; [`LogLoss`] and [`BrierScore`] are means of it.
///
/// # Examples
///
/// A rule of your own, the probability that was missing:
///
/// ```
/// use kernels::Float;
/// use metrics::{RowMean, RowScore};
/// use ndarray::{ArrayView1, array};
///
/// #[derive(Debug, Clone, Copy)]
/// struct Missing;
///
/// impl RowScore for Missing {
///     const NAME: &'static str = "missing probability";
///
///     fn score<F: Float>(class: usize, p: ArrayView1<'_, F>) -> f64 {
///         1.0 - p[class].as_f64()
///     }
/// }
///
/// let mut missing = RowMean::<Missing>::default();
/// missing.update(&[0, 1], &array![[0.5, 0.5], [0.75, 0.25]])?;
/// assert_eq!(missing.value()?, (0.5 + 0.75) / 2.0);
/// # Ok::<(), metrics::Error>(())
/// ```
pub trait RowScore {
    /// The name in messages.
    const NAME: &'static str;

    /// What the probabilities `p (n_classes)` cost for a row of that class.
    fn score<F: Float>(class: usize, p: ArrayView1<'_, F>) -> f64;
}

/// The rule of [`LogLoss`]: `−ln p[y]`, with `p` clipped to `ε … 1 − ε` of its type.
///
/// # Examples
/// ```
/// use metrics::{Logarithm, RowScore};
/// use ndarray::aview1;
///
/// assert_eq!(Logarithm::score(1, aview1(&[0.75, 0.25])), 4.0_f64.ln());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Logarithm;

impl RowScore for Logarithm {
    const NAME: &'static str = "log loss";

    fn score<F: Float>(class: usize, p: ArrayView1<'_, F>) -> f64 {
        let eps = F::epsilon();
        -p[class].max(eps).min(F::one() - eps).as_f64().ln()
    }
}

/// The rule of [`BrierScore`]: `Σ_k (p[k] − [y = k])²`, halved for two classes.
///
/// # Examples
/// ```
/// use metrics::{Quadratic, RowScore};
/// use ndarray::aview1;
///
/// // ½² + ¼² + ¾²
/// assert_eq!(Quadratic::score(2, aview1(&[0.5, 0.25, 0.25])), 0.25 + 0.0625 + 0.5625);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Quadratic;

impl RowScore for Quadratic {
    const NAME: &'static str = "Brier score";

    fn score<F: Float>(class: usize, p: ArrayView1<'_, F>) -> f64 {
        let distance = |(k, p): (usize, &F)| {
            let right = if k == class { 1.0 } else { 0.0 };
            (p.as_f64() - right) * (p.as_f64() - right)
        };
        let sum: f64 = p.iter().enumerate().map(distance).sum();
        if p.len() < 3 { 0.5 * sum } else { sum }
    }
}

/// The weighted mean of a [`RowScore`] over rows that come in batches: [`LogLoss`], [`BrierScore`].
///
/// # Examples
///
/// Two parts of the rows, as two threads would count them:
///
/// ```
/// use metrics::LogLoss;
/// use ndarray::array;
///
/// let (mut first, mut second) = (LogLoss::default(), LogLoss::default());
/// first.update(&[0], &array![[0.5, 0.5]])?;
/// second.update_weighted(&[1], &array![[0.75, 0.25]], &[2.0])?;
/// first.merge(&second);
/// assert!((first.value()? - 5.0 / 3.0 * 2.0_f64.ln()).abs() < 1e-15); // (ln 2 + 2·ln 4)/3
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RowMean<S> {
    mean: Mean,
    score: PhantomData<S>,
}

impl<S> Default for RowMean<S> {
    fn default() -> Self {
        Self { mean: Mean::default(), score: PhantomData }
    }
}

impl<S: RowScore> RowMean<S> {
    counting!(
        [F] S::NAME,
        [usize],
        ArrayRef2<F>,
        "If the numbers of rows differ, a class has no column, or a number is no probability from 0 \
         to 1."
    );

    fn count<F: Float>(
        &mut self,
        truth: &[usize],
        probabilities: &ArrayRef2<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_probabilities(S::NAME, truth, probabilities)?;
        for (row, (&class, p)) in truth.iter().zip(probabilities.rows()).enumerate() {
            self.mean.add(S::score(class, p), weights.of(row));
        }
        Ok(())
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(other.mean);
    }

    /// The mean so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn value(&self) -> Result<f64, Error> {
        self.mean.value(S::NAME)
    }
}
