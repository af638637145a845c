//! The confusion matrix, and the scores that it holds.

use kernels::sums::Sum;
use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::Error;
use crate::rows::{Weights, check_classes, check_length, check_weight, counting};

/// How often each class was predicted for rows of each class: `C[i, j]` is the weight of the rows
/// of class `i` for which class `j` was predicted.
///
/// With `n` classes `C` is `(n, n)`. `C[i, i]` are the right ones; `Σ_j C[i, j]` is how many rows
/// of class `i` there are (its *support*), `Σ_i C[i, j]` how often `j` was predicted. Without
/// weights these are counts.
///
/// It is filled batch by batch with [`update`](Self::update), and two of them, of two parts of the
/// rows, are put together with [`merge`](Self::merge). Every score that needs nothing but predicted
/// classes is read from it:
///
/// | score | formula | scikit-learn |
/// |---|---|---|
/// | [`accuracy`](Self::accuracy) | `Σ_i C[i, i]/Σ C` | `accuracy_score` |
/// | [`balanced_accuracy`](Self::balanced_accuracy) | mean of the recalls | `balanced_accuracy_score` |
/// | [`matthews`](Self::matthews) | correlation of truth and prediction | `matthews_corrcoef` |
/// | [`scores`](Self::scores), [`average`](Self::average) | precision, recall, F1 | `precision_recall_fscore_support` |
/// | [`report`](Self::report) | all of these as a table | `classification_report` |
///
/// # Shapes
/// `truth (N)`, `predicted (N)`, `weights (N)`; `C (n, n)`.
///
/// # Examples
/// ```
/// use metrics::ConfusionMatrix;
/// use ndarray::array;
///
/// let mut confusion = ConfusionMatrix::new(3);
/// confusion.update(&[0, 0, 1, 2], &[0, 1, 1, 1])?; // one batch
/// confusion.update(&[2, 2], &[2, 2])?; // the next one
/// assert_eq!(confusion.counts(), array![[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 2.0]]);
/// assert_eq!(confusion.accuracy()?, 4.0 / 6.0);
/// // Recalls 1/2, 1 and 2/3.
/// assert!((confusion.balanced_accuracy()? - (0.5 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-15);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionMatrix {
    counts: Array2<f64>,
    /// Whether a class came up at all, as truth or as prediction, with whatever weight.
    occurs: Vec<bool>,
}

const NAME: &str = "confusion matrix";

impl ConfusionMatrix {
    /// An empty one for classes `0 … n_classes − 1`.
    pub fn new(n_classes: usize) -> Self {
        Self { counts: Array2::zeros((n_classes, n_classes)), occurs: vec![false; n_classes] }
    }

    counting!(
        [] NAME,
        [usize],
        [usize],
        "If the lengths differ, or a class is not one of the `n_classes`."
    );

    fn count(
        &mut self,
        truth: &[usize],
        predicted: &[usize],
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        let n_classes = self.n_classes();
        check_length(NAME, "predictions", truth.len(), predicted.len())?;
        check_classes(NAME, n_classes, truth)?;
        check_classes(NAME, n_classes, predicted)?;
        for (row, (&truth, &predicted)) in truth.iter().zip(predicted).enumerate() {
            self.counts[[truth, predicted]] += weights.of(row);
            self.occurs[truth] = true;
            self.occurs[predicted] = true;
        }
        Ok(())
    }

    /// Adds what another one has counted.
    ///
    /// # Errors
    /// If it has another number of classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        check_length(NAME, "classes", self.n_classes(), other.n_classes())?;
        self.counts += &other.counts;
        self.occurs.iter_mut().zip(&other.occurs).for_each(|(a, b)| *a |= b);
        Ok(())
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.occurs.len()
    }

    /// `C (n, n)`: rows are the true classes, columns the predicted ones.
    pub fn counts(&self) -> ArrayView2<'_, f64> {
        self.counts.view()
    }

    /// `C` as shares: of the rows of each true class (every row then adds up to 1), of the rows of
    /// each predicted class (every column does), or of all rows. A class without rows gives 0, as
    /// with scikit-learn.
    pub fn normalized(&self, of: Share) -> Array2<f64> {
        let mut shares = self.counts.clone();
        match of {
            Share::All => divide(shares.iter_mut(), self.counts.sum()),
            Share::Truth => {
                for mut row in shares.rows_mut() {
                    let sum = row.sum();
                    divide(row.iter_mut(), sum);
                }
            }
            Share::Predicted => {
                for mut column in shares.columns_mut() {
                    let sum = column.sum();
                    divide(column.iter_mut(), sum);
                }
            }
        }
        shares
    }

    /// The share of the rows whose class was predicted: `Σ_i C[i, i]/Σ C`.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn accuracy(&self) -> Result<f64, Error> {
        Ok(self.right().sum::<f64>() / self.total("accuracy")?)
    }

    /// The mean over the classes of the share of their rows that was predicted:
    ///
    /// ```text
    /// 1/K Σ_i C[i, i]/Σ_j C[i, j]        over the K classes that have rows
    /// ```
    ///
    /// Unlike the accuracy it cannot be high because one class is frequent: predicting always the
    /// same class gives `1/K`.
    ///
    /// Source: Brodersen, Ong, Stephan and Buhmann, *The balanced accuracy and its posterior
    /// distribution*, ICPR 2010, <https://doi.org/10.1109/ICPR.2010.764>.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn balanced_accuracy(&self) -> Result<f64, Error> {
        self.total("balanced accuracy")?;
        let support = self.counts.sum_axis(Axis(1));
        let recalls = self.right().zip(&support).filter(|(_, n)| **n > 0.0).map(|(tp, n)| tp / n);
        let (sum, n) = recalls.fold((0.0, 0.0), |(sum, n), recall| (sum + recall, n + 1.0));
        Ok(sum / n)
    }

    /// The correlation of true and predicted classes, Matthews' coefficient for any number of
    /// classes:
    ///
    /// ```text
    /// (c s − Σ_k p_k t_k) / √((s² − Σ_k p_k²)(s² − Σ_k t_k²))
    /// ```
    ///
    /// with `s` the weight of all rows, `c` of the right ones, `t_k` of those of class `k` and
    /// `p_k` of those for which `k` was predicted. 1 is perfect, 0 no better than chance, −1 the
    /// opposite for two classes. If all rows have one class, or one class is always predicted, it
    /// is 0 by definition, as with scikit-learn.
    ///
    /// Source: Gorodkin, *Comparing two K-category assignments by a K-category correlation
    /// coefficient*, Computational Biology and Chemistry 28, 2004,
    /// <https://doi.org/10.1016/j.compbiolchem.2004.09.006>.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn matthews(&self) -> Result<f64, Error> {
        // The coefficient does not depend on the unit of the weights. With a power of two near
        // their sum, no product overflows, and counts stay exact.
        let counts = &self.counts / power_of_two(self.total("Matthews correlation")?);
        let (t, p) = (counts.sum_axis(Axis(1)), counts.sum_axis(Axis(0)));
        let (s, c) = (counts.sum(), counts.diag().sum());
        // first − Σ_k a_k b_k
        let without = |first: f64, a: &Array1<f64>, b: &Array1<f64>| {
            let products = a.iter().zip(b).map(|(a, b)| -a * b);
            products.fold(Sum::<f64>::default().plus(first), Sum::plus).value()
        };
        let spreads = without(s * s, &p, &p) * without(s * s, &t, &t);
        Ok(if spreads > 0.0 { without(c * s, &p, &t) / spreads.sqrt() } else { 0.0 })
    }

    fn right(&self) -> impl Iterator<Item = f64> + '_ {
        self.counts.diag().into_iter().copied()
    }

    /// Classes that came up, as truth or as prediction.
    pub(crate) fn occurring(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.n_classes()).filter(|&class| self.occurs[class])
    }

    /// The weight of all rows.
    pub(crate) fn total(&self, metric: &'static str) -> Result<f64, Error> {
        check_weight(metric, self.counts.sum())
    }
}

/// The largest power of two that is not above `x > 0`: `x` without its digits.
fn power_of_two(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    f64::from_bits(x.max(f64::MIN_POSITIVE).to_bits() & EXPONENT)
}

fn divide<'a>(shares: impl Iterator<Item = &'a mut f64>, sum: f64) {
    if sum > 0.0 {
        shares.for_each(|share| *share /= sum);
    }
}

/// What the shares of [`ConfusionMatrix::normalized`] are of.
///
/// # Examples
/// ```
/// use metrics::{ConfusionMatrix, Share};
/// use ndarray::array;
///
/// let mut confusion = ConfusionMatrix::new(2);
/// confusion.update(&[0, 0, 1, 1], &[0, 0, 0, 1])?;
/// assert_eq!(confusion.normalized(Share::Truth), array![[1.0, 0.0], [0.5, 0.5]]);
/// assert_eq!(confusion.normalized(Share::All), array![[0.5, 0.0], [0.25, 0.25]]);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// Of the rows of each true class: the diagonal then holds the recalls.
    Truth,
    /// Of the rows of each predicted class: the diagonal then holds the precisions.
    Predicted,
    /// Of all rows.
    All,
}

/// The share of the rows whose class was predicted: [`ConfusionMatrix::accuracy`] in one call.
///
/// # Errors
/// If the lengths differ, or there are no rows.
///
/// # Examples
/// ```
/// assert_eq!(metrics::accuracy(&[0, 1, 2, 2], &[0, 1, 2, 0])?, 0.75);
/// # Ok::<(), metrics::Error>(())
/// ```
pub fn accuracy(truth: &[usize], predicted: &[usize]) -> Result<f64, Error> {
    check_length("accuracy", "predictions", truth.len(), predicted.len())?;
    check_weight("accuracy", truth.len() as f64)?;
    let right = truth.iter().zip(predicted).filter(|(truth, predicted)| truth == predicted).count();
    Ok(right as f64 / truth.len() as f64)
}
