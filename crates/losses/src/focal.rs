//! Softmax and cross-entropy in which easy answers count less, on logits.

use ndarray::{ArrayRef1, ArrayRef2, Ix1};
use tensor_core::functions::exponentials::{Exponentials, write};
use tensor_core::functions::{exp, ln, ln_1p, product_or_zero};
use tensor_core::{Error, Float, Wide};

use crate::check::check_not_negative;
use crate::labels::Labels;
use crate::loss::{EachLoss, Loss, SampleWeightedLoss};
use crate::reduction::Reduction;
use crate::row::{Classes, RowLoss};
use crate::wide_softmax::WideSoftmax;

/// Softmax and cross-entropy in which easy answers count less, on logits: the focal loss of one
/// class out of `C`.
///
/// ```text
/// P[n, c]    = exp(A[n, c]) / Σ_k exp(A[n, k])          softmax
/// p_n        = P[n, y[n]]                               the probability of the correct class
/// ℓ_n        = −w[y[n]] (1 − p_n)^γ ln p_n
/// L          = Σ_n ℓ_n / Σ_n w[y[n]]
/// g_n        = w[y[n]] (1 − p_n)^γ (1 − γ p_n ln p_n/(1 − p_n))
/// dLdA[n, c] = g_n (P[n, c] − Y[n, c]) / Σ_m w[y[m]]    Y: one-hot rows of y
/// ```
///
/// - `A[n, c]`: the logit of class `c`, any number; no softmax before this loss.
/// - `y[n]`: the correct class of sample `n`, from 0 to `C − 1`.
/// - `γ`: [`FocalConfig::gamma`]. A sample that is right with the probability 0.9 counts, with
///   `γ = 2`, a hundredth.
/// - `w[c]`: what a sample of class `c` counts, [`FocalConfig::class_weights`], the paper's `α`; 1
///   if left out, and then the denominator is `N`.
///
/// Rows whose label is [`FocalConfig::ignore_index`] are in none of the sums. With
/// [`Reduction::Sum`] there are no denominators. With `γ = 0` it is
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) on the same labels and weights. For questions with
/// more than one right answer, [`BinaryFocalLoss`](crate::BinaryFocalLoss) takes each column by
/// itself. PyTorch has neither; torchvision has the binary one.
///
/// # Derivation
///
/// With `p = p_n`, `dℓ/dp = w [γ (1 − p)^(γ−1) ln p − (1 − p)^γ/p]`, and of the softmax
/// `∂p/∂A[n, k] = p (Y[n, k] − P[n, k])`. Their product is
///
/// ```text
/// ∂ℓ_n/∂A[n, k] = w [(1 − p)^γ − γ p (1 − p)^(γ−1) ln p] (P[n, k] − Y[n, k])
/// ```
///
/// and the bracket is `(1 − p)^γ (1 − γ p ln p/(1 − p))`. `1 − p` is the sum of the other classes'
/// probabilities, which has all its digits where `p` rounds to 1.
///
/// Source: T. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, *Focal loss for dense object
/// detection*, 2017, <https://arxiv.org/abs/1708.02002>, equation 5, with a softmax.
///
/// # Shapes
///
/// Logits `A (N, C)`, labels `y (N)`, class weights `w (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If there are no predictions, if `y`, `w` or `dLdA` do not fit them, or if a label is neither a
/// class nor the ignored index. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{FocalLoss, Labels, Loss};
/// use ndarray::{Array2, array};
///
/// // p = ½: ¼ ln 2, and g = ¼ (1 + 2 ln 2).
/// let mut da = Array2::zeros((1, 2));
/// let loss =
///     FocalLoss::default().backward(&array![[0.0, 0.0]], Labels::Classes(&[1]), &mut da)?;
/// assert!((loss - 0.25 * 2.0_f64.ln()).abs() < 1e-15);
/// assert!((da[[0, 0]] - 0.125 * (1.0 + 2.0 * 2.0_f64.ln())).abs() < 1e-15);
/// assert_eq!(da[[0, 0]], -da[[0, 1]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FocalLoss {
    config: FocalConfig,
}

/// Choices of a [`FocalLoss`]: how little a row counts whose class is found, and which classes count
/// more. Each field says what it is for; fields that are not named keep the default.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FocalConfig {
    /// `γ ≥ 0`: how much less easy samples count.
    pub gamma: f64,
    /// `w (C)`: what a sample of each class counts.
    pub class_weights: Option<Vec<f64>>,
    /// Rows with this label are left out. It need not be a class.
    pub ignore_index: Option<i64>,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

impl Default for FocalConfig {
    fn default() -> Self {
        let reduction = Reduction::Mean;
        Self { gamma: 2.0, class_weights: None, ignore_index: None, reduction }
    }
}

const PLACE: &str = "focal";

impl FocalLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If `gamma` or a class weight is negative or not finite. That there are `C` weights is
    /// checked with each batch.
    pub fn new(config: FocalConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "gamma", [&config.gamma])?;
        check_not_negative(PLACE, "class_weights", config.class_weights.iter().flatten())?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &FocalConfig {
        &self.config
    }

    #[inline(always)]
    fn classes(&self) -> Classes<'_> {
        let weights = self.config.class_weights.as_deref();
        Classes { weights, ignore_index: self.config.ignore_index }
    }
}

/// `(1 − p)^γ`, for a result of type `F`.
#[inline(always)]
fn power<F: Float>(p: f64, rest: f64, gamma: f64) -> f64 {
    if F::NARROW {
        return exp::<F>(product_or_zero(ln::<F>(rest), gamma));
    }
    // Of a small p, 1 − p has lost the digits, which a large γ would show.
    if p < 0.5 { exp::<F>(gamma * ln_1p::<F>(-p)) } else { rest.powf(gamma) }
}

impl<F: Float> RowLoss<F> for FocalLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = Labels<'a>;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn class_weights(&self) -> Option<&[f64]> {
        self.config.class_weights.as_deref()
    }

    #[inline(always)]
    fn count(&self, y: Labels<'_>, n: usize) -> Option<f64> {
        self.classes().count(y, n)
    }

    fn check(
        &self,
        a: &ArrayRef2<F>,
        y: Labels<'_>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        self.classes().check(PLACE, a, y, sample_weights)
    }

    #[inline(always)]
    fn row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Labels<'_>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let (class, gamma) = (y.class(n), self.config.gamma);
        let weight = self.classes().weight(class);
        let (others, ln_sum) = a.sums(n);
        let (shifted, exponential) = a.value(n, class);
        let sum = 1.0 + others;
        // Without the class itself; a largest one has the exponential 1.
        let beside = if shifted == 0.0 { others } else { 1.0 + (others - exponential) };
        let (p, rest, cost) = (exponential / sum, beside / sum, ln_sum - shifted);
        let power = power::<F>(p, rest, gamma);
        if let Some((factor, da)) = gradient {
            // 1 − γ p ln p/(1 − p), whose limit for p = 1 is 1 + γ
            let ratio = if rest == 0.0 { 1.0 } else { cost / rest };
            let bracket = 1.0 + product_or_zero(ratio, gamma * p);
            // Last, so that a small factor leaves no digits to be multiplied.
            let scale = factor * (weight * power * bracket);
            for start in a.starts() {
                write(da, start, a.part(n, start).1, |exponential| scale * (exponential / sum));
            }
            da[class] = F::of(-scale * rest); // P − 1 = −(1 − p)
        }
        product_or_zero(cost, weight * power)
    }

    fn wide_row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Labels<'_>,
        gradient: Option<(Wide, &mut ArrayRef1<F>)>,
    ) -> Wide {
        let (class, one, gamma) = (y.class(n), Wide::from(1.0), Wide::from(self.config.gamma));
        let softmax = WideSoftmax::new(a.values().row(n));
        let p = softmax.exponential(class) / softmax.sum();
        let rest = softmax.sum_without(class) / softmax.sum(); // 1 − p
        let cost = softmax.ln_sum - softmax.shifted(class);
        let ln_rest = if p.value() < 0.5 { ln_1p::<F>(-p.value()) } else { rest.ln::<F>().value() };
        let power = Wide::exp(product_or_zero(ln_rest, self.config.gamma));
        let weighted = Wide::from(self.classes().weight(class)) * power;
        if let Some((factor, da)) = gradient {
            let ratio = if rest.is_zero() { one } else { cost / rest };
            let scale = factor * weighted * (one + ratio.times_or_zero(gamma * p));
            for (c, da) in da.iter_mut().enumerate() {
                *da = F::of((scale * (softmax.exponential(c) / softmax.sum())).value());
            }
            da[class] = F::of((-scale * rest).value());
        }
        cost.times_or_zero(weighted)
    }
}

crate::row::row_loss!(FocalLoss, Labels<'a>, Labels<'_>);

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};
    use tensor_core::Rng;

    use super::{FocalConfig, FocalLoss};
    use crate::{CrossEntropyConfig, CrossEntropyLoss, Labels, Loss, Reduction, Targets};

    // Logits [ln 3, 0; 0 0], P = [¾ ¼; ½ ½], labels 1, 0, γ = 1, w = [1 2]:
    // ℓ = [2·¾·ln 4, ½ ln 2] = ln 2·(3 + ½); g = [2·¾·(1 + ¼·ln 4/¾), ½ (1 + ½ ln 2/½)]
    // = [3/2 + ln 2, ½ + ½ ln 2]; P − Y = [¾ −¾; −½ ½]; Σ w = 3.
    #[test]
    fn two_by_two_by_hand() {
        let (a, ln_2) = (array![[3.0_f64.ln(), 0.0], [0.0, 0.0]], 2.0_f64.ln());
        let (g, h) = (0.75 * (1.5 + ln_2), 0.5 * (0.5 + 0.5 * ln_2));
        for (reduction, scale) in [(Reduction::Mean, 1.0 / 3.0), (Reduction::Sum, 1.0)] {
            let class_weights = Some(vec![1.0, 2.0]);
            let config = FocalConfig { gamma: 1.0, class_weights, ignore_index: None, reduction };
            let focal = FocalLoss::new(config).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let loss = focal.backward(&a, Labels::Classes(&[1, 0]), &mut da).unwrap();
            assert_relative_eq!(loss, 3.5 * ln_2 * scale, epsilon = 0.0, max_relative = 1e-15);
            let want = array![[g, -g], [-h, h]] * scale;
            assert_relative_eq!(da, want, epsilon = 0.0, max_relative = 1e-14);
        }
    }

    #[test]
    fn without_gamma_it_is_cross_entropy() {
        let mut rng = Rng::new(7);
        for n_classes in [1, 4, 600] {
            let a = Array2::from_shape_simple_fn((9, n_classes), || 20.0 * rng.normal());
            let labels: Vec<i64> = (0..9).map(|n| n * 5 % n_classes as i64).collect();
            let class_weights = Some((0..n_classes).map(|c| 0.5 + c as f64).collect::<Vec<_>>());
            let focal = FocalConfig { gamma: 0.0, class_weights, ..FocalConfig::default() };
            let class_weights = focal.class_weights.clone();
            let ce = CrossEntropyConfig { class_weights, ..CrossEntropyConfig::default() };
            let (mut da, mut db) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
            let focal = FocalLoss::new(focal).unwrap();
            let loss: f64 = focal.backward(&a, Labels::Signed(&labels), &mut da).unwrap();
            let ce = CrossEntropyLoss::new(ce).unwrap();
            let want = ce.backward(&a, Targets::Signed(&labels), &mut db).unwrap();
            assert_relative_eq!(loss, want, epsilon = 0.0, max_relative = 1e-14);
            assert_relative_eq!(da, db, epsilon = 0.0, max_relative = 1e-12);
        }
    }

    // Right by 50 with γ = 2: 1 − p = e^−50 = −ln p, ℓ = e^−150, g = 3 e^−100, dA = ∓3 e^−150.
    #[test]
    fn far_logits_are_finite_and_right() {
        let focal = FocalLoss::default();
        let mut da = Array2::zeros((1, 2));
        let mut both = |a: [f64; 2], class: usize| {
            let a = array![[a[0], a[1]]];
            (focal.backward(&a, Labels::Classes(&[class]), &mut da).unwrap(), da[[0, 0]])
        };
        let tiny = (-150.0_f64).exp();
        let (loss, gradient) = both([50.0, 0.0], 0);
        assert_relative_eq!(loss, tiny, epsilon = 0.0, max_relative = 1e-14);
        assert_relative_eq!(gradient, -3.0 * tiny, epsilon = 0.0, max_relative = 1e-14);
        assert_eq!(both([1e4, -1e4], 0), (0.0, 0.0));
        assert_eq!(both([1e4, -1e4], 1), (2e4, 1.0));
        assert_eq!(both([5e307, -5e307], 1), (1e308, 1.0));
        assert_eq!(both([0.0, f64::NEG_INFINITY], 0), (0.0, 0.0));
        assert_eq!(both([0.0, f64::NEG_INFINITY], 1), (f64::INFINITY, 1.0));
        let (loss, gradient) = both([f64::NAN, 0.0], 1);
        assert!(loss.is_nan() && gradient.is_nan());
        // One class is never wrong.
        let mut da = Array2::from_elem((1, 1), f64::NAN);
        let loss = focal.backward(&array![[5.0]], Labels::Classes(&[0]), &mut da).unwrap();
        assert_eq!((loss, da), (0.0, array![[0.0]]));
    }

    #[test]
    fn choices_are_checked() {
        let refused = |config| FocalLoss::new(config).unwrap_err().to_string();
        assert_eq!(
            refused(FocalConfig { gamma: f64::NAN, ..FocalConfig::default() }),
            "focal: expected gamma to be a finite number ≥ 0, found NaN"
        );
        let class_weights = Some(vec![1.0, -1.0]);
        assert_eq!(
            refused(FocalConfig { class_weights, ..FocalConfig::default() }),
            "focal: expected class_weights to be a finite number ≥ 0, found -1"
        );
    }
}
