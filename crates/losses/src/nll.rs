//! `ℓ_n = −w[y_n]·A[n, y_n]`: negative log-likelihood, on log-probabilities.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | log-probabilities, as `LogSoftmax` gives them |
//! | `y` | `(N)` | class indices |
//! | `w` | `(C)` | `weight`: what each class counts; 1 if left out |
//! | `L = Σ_n ℓ_n / Σ_n w[y_n]` | | both sums without the ignored rows |
//! | `dLdA[n, y_n] = −w[y_n] / Σ_m w[y_m]` | `(N, C)` | 0 elsewhere |
//!
//! With the sum, the denominators are left out. If every row is ignored, or the targets' classes weigh nothing, the mean is 0
//! and so is the gradient: such a batch has nothing to teach. PyTorch gives NaN, which would spoil the parameters.
//!
//! ```
//! use losses::{Loss, NllConfig, NllLoss};
//! use ndarray::{Array2, array};
//!
//! let a = array![[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]].mapv(f64::ln);
//! let nll = NllLoss::new(NllConfig { ignore_index: Some(9), ..NllConfig::default() })?;
//! let mut da = Array2::zeros((3, 2));
//! assert_eq!(nll.backward(&a, &[0, 9, 1], &mut da)?, -(0.5_f64.ln() + 0.9_f64.ln()) / 2.0);
//! assert_eq!(da, array![[-0.5, 0.0], [0.0, 0.0], [0.0, -0.5]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::{ArrayRef1, ArrayRef2, Ix1};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::functions::product_or_zero;
use tensor_core::{Error, Float};

use crate::loss::check_not_negative;
use crate::row::{self, RowLoss, check_class_weights, check_labels, class_weight};
use crate::{EachLoss, Loss, Reduction, WeightedLoss};

/// The negative log-likelihood of the right classes, PyTorch's `nn.NLLLoss`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NllLoss {
    config: NllConfig,
}

/// Choices of an [`NllLoss`]; PyTorch's defaults, but for the ignored index, which PyTorch sets to −100.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NllConfig {
    /// `w (C)`: what each class counts.
    pub weight: Option<Vec<f64>>,
    /// Rows with this label are left out. It need not be a class.
    pub ignore_index: Option<usize>,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

impl NllLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If a class weight is negative or not finite. That there are `C` of them is checked with each batch.
    pub fn new(config: NllConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "weight", config.weight.iter().flatten())?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &NllConfig {
        &self.config
    }
}

const PLACE: &str = "nll";

impl<F: Float> RowLoss<F> for NllLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = &'a [usize];

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check(&self, a: &ArrayRef2<F>, labels: &[usize]) -> Result<(), Error> {
        check_class_weights(PLACE, a, self.config.weight.as_deref())?;
        check_labels(PLACE, a, labels, self.config.ignore_index)
    }

    fn count(&self, labels: &[usize], row: usize) -> Option<f64> {
        let weight = || class_weight(self.config.weight.as_deref(), labels[row]);
        (Some(labels[row]) != self.config.ignore_index).then(weight)
    }

    #[inline(always)]
    fn row(
        &self,
        row: usize,
        a: &mut Exponentials<'_, F>,
        labels: &[usize],
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let label = labels[row];
        let weight = class_weight(self.config.weight.as_deref(), label);
        if let Some((factor, da)) = gradient {
            da.fill(F::zero());
            da[label] = F::of(-(factor * weight));
        }
        // A class that weighs nothing costs nothing, even where it was ruled out.
        product_or_zero(0.0 - a.values()[[row, label]].as_f64(), weight)
    }
}

impl<F: Float> Loss<F> for NllLoss {
    type Target<'a> = &'a [usize];

    fn forward(&self, a: &ArrayRef2<F>, y: &[usize]) -> Result<F, Error> {
        row::pass(self, a, y, None, None)
    }

    fn backward(&self, a: &ArrayRef2<F>, y: &[usize], da: &mut ArrayRef2<F>) -> Result<F, Error> {
        row::pass(self, a, y, None, Some(da))
    }
}

impl<F: Float> WeightedLoss<F> for NllLoss {
    fn weighted(
        &self,
        a: &ArrayRef2<F>,
        y: &[usize],
        weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        row::pass(self, a, y, Some(weights), da)
    }
}

impl<F: Float> EachLoss<F> for NllLoss {
    type Samples = Ix1;

    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &[usize],
        each: &mut ArrayRef1<F>,
    ) -> Result<(), Error> {
        row::forward_each(self, a, y, each)
    }

    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &[usize],
        d_each: &ArrayRef1<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        row::backward_each(self, a, y, d_each, da)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::{NllConfig, NllLoss};
    use crate::{EachLoss, Loss, Reduction};

    fn weighted(reduction: Reduction) -> NllLoss {
        let weight = Some(vec![2.0, 0.5, 0.0]);
        NllLoss::new(NllConfig { weight, ignore_index: Some(7), reduction }).unwrap()
    }

    // Labels 0, 1, ignored, 0 with weights 2, ½: ℓ = [2·1, ½·4, –, 2·½] = 5 in all; Σ w = 2 + ½ + 2 = 9/2.
    #[test]
    fn four_by_three_by_hand() {
        let a = array![
            [-1.0, -9.0, -9.0],
            [-9.0, -4.0, -9.0],
            [f64::NAN, 0.0, 0.0],
            [-0.5, -9.0, f64::NEG_INFINITY]
        ];
        let labels = [0, 1, 7, 0];
        for (reduction, scale) in [(Reduction::Mean, 4.5), (Reduction::Sum, 1.0)] {
            let nll = weighted(reduction);
            let mut da = Array2::from_elem((4, 3), f64::NAN);
            assert_eq!(nll.forward(&a, &labels).unwrap(), 5.0 / scale);
            assert_eq!(nll.backward(&a, &labels, &mut da).unwrap(), 5.0 / scale);
            let mut expected = Array2::zeros((4, 3));
            (expected[[0, 0]], expected[[3, 0]]) = (-(2.0 / scale), -(2.0 / scale));
            expected[[1, 1]] = -(0.5 / scale);
            assert!((&da - &expected).iter().all(|d| d.abs() < 1e-16), "{da}");
        }
        let (mut each, mut da) = (Array1::from_elem(4, f64::NAN), Array2::zeros((4, 3)));
        weighted(Reduction::Mean).forward_each(&a, &labels, &mut each).unwrap();
        assert_eq!(each, array![2.0, 2.0, 0.0, 1.0]);
        let d_each = array![10.0, 1.0, 5.0, 0.0];
        weighted(Reduction::Mean).backward_each(&a, &labels, &d_each, &mut da).unwrap();
        assert_eq!((da[[0, 0]], da[[1, 1]], da.sum()), (-20.0, -0.5, -20.5));
    }

    #[test]
    fn nothing_to_teach_is_a_loss_of_zero() {
        let a = array![[-1.0, -2.0, f64::NEG_INFINITY]];
        for reduction in [Reduction::Mean, Reduction::Sum] {
            for label in [7, 2] {
                let mut da = Array2::from_elem((1, 3), f64::NAN);
                assert_eq!(weighted(reduction).backward(&a, &[label], &mut da).unwrap(), 0.0);
                assert_eq!(da, Array2::zeros((1, 3)));
            }
        }
    }

    #[test]
    fn extremes() {
        let nll = NllLoss::default();
        let one = |a: f64| nll.forward(&array![[a]], &[0]).unwrap();
        assert_eq!((one(-1e4), one(-5e-324), one(0.0)), (1e4, 5e-324, 0.0));
        assert_eq!(one(f64::NEG_INFINITY), f64::INFINITY);
        assert!(one(f64::NAN).is_nan());
    }

    #[test]
    fn bad_targets_and_weights_are_named() {
        let a = Array2::<f64>::zeros((2, 3));
        let nll = weighted(Reduction::Mean);
        let short = NllLoss::new(NllConfig { weight: Some(vec![1.0]), ..NllConfig::default() });
        let messages = [
            (nll.forward(&a, &[0]), "nll: labels: expected shape (2), found (1)"),
            (nll.forward(&a, &[7, 3]), "nll: expected a label below 3 in row 1, found 3"),
            (short.unwrap().forward(&a, &[0, 0]), "nll: weight: expected shape (3), found (1)"),
        ];
        for (result, message) in messages {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let weight = Some(vec![1.0, bad]);
            let error = NllLoss::new(NllConfig { weight, ..NllConfig::default() }).unwrap_err();
            let message = format!("nll: expected weight to be a finite number ≥ 0, found {found}");
            assert_eq!(error.to_string(), message);
        }
    }
}
