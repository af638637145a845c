//! Negative log-likelihood, on log-probabilities.

use ndarray::{ArrayRef1, ArrayRef2, Ix1};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::functions::product_or_zero;
use tensor_core::{Error, Float, Wide};

use crate::check::check_not_negative;
use crate::labels::Labels;
use crate::loss::{EachLoss, Loss, SampleWeightedLoss};
use crate::reduction::Reduction;
use crate::row::{Classes, RowLoss};

/// The negative log-likelihood of the correct classes, on log-probabilities: PyTorch's
/// `nn.NLLLoss`.
///
/// ```text
/// ℓ_n = −w[y[n]] A[n, y[n]]                              the loss of a sample
/// L   = Σ_n ℓ_n / Σ_n w[y[n]]                            the loss
/// dLdA[n, c] = −w[c]/Σ_m w[y[m]]  if c = y[n], else 0    its gradient
/// ```
///
/// - `A[n, c]`: the logarithm of the probability of class `c` for sample `n`, as `LogSoftmax`
///   computes it.
/// - `y[n]`: the correct class of sample `n`, from 0 to `C − 1`.
/// - `w[c]`: what a sample of class `c` counts, [`NllConfig::class_weights`]; 1 if left out, and
///   then the denominator is `N`.
///
/// Rows whose label is [`NllConfig::ignore_index`] are in none of the sums, and their gradient is
/// 0. With [`Reduction::Sum`] there are no denominators. If every row is ignored, or the classes of
/// all labels have weight 0, loss and gradient are 0: nothing can be learned from such a batch.
/// PyTorch returns NaN, which would spoil the parameters.
///
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) is this of `LogSoftmax`, in one and on logits;
/// take it unless the model's outputs are log-probabilities already.
///
/// # Derivation
///
/// Row `n` of `A` is in `ℓ_n` only, and there only its element `A[n, y[n]]`, times `−w[y[n]]`. The
/// denominator does not depend on `A`.
///
/// # Shapes
///
/// Predictions `A (N, C)`, labels `y (N)`, class weights `w (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If there are no predictions, if `y`, `w` or `dLdA` do not fit them, or if a label is neither a
/// class nor the ignored index.
///
/// # Examples
///
/// ```
/// use losses::{Labels, Loss, NllConfig, NllLoss};
/// use ndarray::{Array2, array};
///
/// // Row 1 is ignored: the mean is over the other two.
/// let a = array![[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]].mapv(f64::ln);
/// let nll = NllLoss::new(NllConfig { ignore_index: Some(-100), ..NllConfig::default() })?;
/// let mut da = Array2::zeros((3, 2));
/// let loss = nll.backward(&a, Labels::Signed(&[0, -100, 1]), &mut da)?;
/// assert_eq!(loss, -(0.5_f64.ln() + 0.9_f64.ln()) / 2.0);
/// assert_eq!(da, array![[-0.5, 0.0], [0.0, 0.0], [0.0, -0.5]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NllLoss {
    config: NllConfig,
}

/// Choices of an [`NllLoss`]; PyTorch's defaults, but for the ignored index: PyTorch ignores
/// [`IGNORE_INDEX`](crate::IGNORE_INDEX) unasked.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NllConfig {
    /// `w (C)`: what a sample of each class counts.
    pub class_weights: Option<Vec<f64>>,
    /// Rows with this label are left out. It need not be a class.
    pub ignore_index: Option<i64>,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

impl NllLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If a class weight is negative or not finite. That there are `C` of them is checked with each
    /// batch.
    pub fn new(config: NllConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "class_weights", config.class_weights.iter().flatten())?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &NllConfig {
        &self.config
    }

    #[inline(always)]
    fn classes(&self) -> Classes<'_> {
        let weights = self.config.class_weights.as_deref();
        Classes { weights, ignore_index: self.config.ignore_index }
    }
}

const PLACE: &str = "nll";

impl<F: Float> RowLoss<F> for NllLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = Labels<'a>;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check(
        &self,
        a: &ArrayRef2<F>,
        y: Labels<'_>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        self.classes().check(PLACE, a, y, sample_weights)
    }

    fn class_weights(&self) -> Option<&[f64]> {
        self.config.class_weights.as_deref()
    }

    #[inline(always)]
    fn count(&self, y: Labels<'_>, n: usize) -> Option<f64> {
        self.classes().count(y, n)
    }

    #[inline(always)]
    fn row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Labels<'_>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let class = y.class(n);
        let weight = self.classes().weight(class);
        if let Some((factor, da)) = gradient {
            // ∂ℓ_n/∂A[n, y[n]] = −w[y[n]], and 0 for all other classes; NaN where A[n, y[n]] is
            da.fill(F::zero());
            let a = a.values()[[n, class]];
            da[class] = if a.is_nan() { a } else { F::of(-product_or_zero(factor, weight)) };
        }
        // ℓ_n = −w[y[n]] A[n, y[n]]; 0 for a class of weight 0, even where it was ruled out.
        product_or_zero(0.0 - a.values()[[n, class]].as_f64(), weight)
    }

    fn wide_row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Labels<'_>,
        gradient: Option<(Wide, &mut ArrayRef1<F>)>,
    ) -> Wide {
        let class = y.class(n);
        let weight = Wide::from(self.classes().weight(class));
        if let Some((factor, da)) = gradient {
            da.fill(F::zero());
            let a = a.values()[[n, class]];
            da[class] = if a.is_nan() { a } else { F::of(-(factor * weight).value()) };
        }
        Wide::from(0.0 - a.values()[[n, class]].as_f64()).times_or_zero(weight)
    }
}

crate::row::row_loss!(NllLoss, Labels<'a>, Labels<'_>);

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::{NllConfig, NllLoss};
    use crate::{EachLoss, Labels, Loss, Reduction};

    fn weighted(reduction: Reduction) -> NllLoss {
        let class_weights = Some(vec![2.0, 0.5, 0.0]);
        NllLoss::new(NllConfig { class_weights, ignore_index: Some(7), reduction }).unwrap()
    }

    // Labels 0, 1, ignored, 0 with weights 2, ½: ℓ = [2·1, ½·4, –, 2·½] = 5 in all; Σ w = 2 + ½ + 2
    // = 9/2.
    #[test]
    fn four_by_three_by_hand() {
        let a = array![
            [-1.0, -9.0, -9.0],
            [-9.0, -4.0, -9.0],
            [f64::NAN, 0.0, 0.0],
            [-0.5, -9.0, f64::NEG_INFINITY]
        ];
        let labels = Labels::Classes(&[0, 1, 7, 0]);
        for (reduction, scale) in [(Reduction::Mean, 4.5), (Reduction::Sum, 1.0)] {
            let nll = weighted(reduction);
            let mut da = Array2::from_elem((4, 3), f64::NAN);
            assert_eq!(nll.forward(&a, labels).unwrap(), 5.0 / scale);
            assert_eq!(nll.backward(&a, labels, &mut da).unwrap(), 5.0 / scale);
            let mut expected = Array2::zeros((4, 3));
            (expected[[0, 0]], expected[[3, 0]]) = (-(2.0 / scale), -(2.0 / scale));
            expected[[1, 1]] = -(0.5 / scale);
            assert!((&da - &expected).iter().all(|d| d.abs() < 1e-16), "{da}");
        }
        let (mut each, mut da) = (Array1::from_elem(4, f64::NAN), Array2::zeros((4, 3)));
        weighted(Reduction::Mean).forward_each(&a, labels, &mut each).unwrap();
        assert_eq!(each, array![2.0, 2.0, 0.0, 1.0]);
        let d_each = array![10.0, 1.0, 5.0, 0.0];
        weighted(Reduction::Mean).backward_each(&a, labels, &d_each, &mut da).unwrap();
        assert_eq!((da[[0, 0]], da[[1, 1]], da.sum()), (-20.0, -0.5, -20.5));
    }

    #[test]
    fn nothing_to_learn_from_is_a_loss_of_zero() {
        let a = array![[-1.0, -2.0, f64::NEG_INFINITY]];
        for reduction in [Reduction::Mean, Reduction::Sum] {
            for label in [7, 2] {
                let mut da = Array2::from_elem((1, 3), f64::NAN);
                assert_eq!(
                    weighted(reduction).backward(&a, Labels::Signed(&[label]), &mut da).unwrap(),
                    0.0
                );
                assert_eq!(da, Array2::zeros((1, 3)));
            }
        }
    }

    #[test]
    fn extremes() {
        let nll = NllLoss::default();
        let one = |a: f64| nll.forward(&array![[a]], Labels::Classes(&[0])).unwrap();
        assert_eq!((one(-1e4), one(-5e-324), one(0.0)), (1e4, 5e-324, 0.0));
        assert_eq!(one(f64::NEG_INFINITY), f64::INFINITY);
        assert!(one(f64::NAN).is_nan());
    }

    #[test]
    fn bad_targets_and_weights_are_named() {
        let a = Array2::<f64>::zeros((2, 3));
        let nll = weighted(Reduction::Mean);
        let short = NllConfig { class_weights: Some(vec![1.0]), ..NllConfig::default() };
        let short = NllLoss::new(short).unwrap();
        let expected = "nll: expected a class from 0 to 2 or the ignored index 7";
        let messages = [
            (
                nll.forward(&a, Labels::Classes(&[0])),
                "nll: labels: expected shape (2), found (1)".to_owned(),
            ),
            (nll.forward(&a, Labels::Classes(&[7, 3])), format!("{expected} in row 1, found 3")),
            (nll.forward(&a, Labels::Signed(&[-1, 7])), format!("{expected} in row 0, found -1")),
            (
                short.forward(&a, Labels::Classes(&[0, 0])),
                "nll: class_weights: expected shape (3), found (1)".to_owned(),
            ),
        ];
        for (result, message) in messages {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let class_weights = Some(vec![1.0, bad]);
            let error = NllLoss::new(NllConfig { class_weights, ..NllConfig::default() });
            let expected = "nll: expected class_weights to be a finite number ≥ 0, found";
            assert_eq!(error.unwrap_err().to_string(), format!("{expected} {found}"));
        }
    }
}
