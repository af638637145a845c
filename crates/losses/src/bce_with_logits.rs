//! Sigmoid and binary cross-entropy in one, on logits.

use tensor_core::functions::{product_or_zero, sigmoid, softplus};
use tensor_core::{Error, Float, Wide};

use crate::check::check_not_negative;
use crate::domain::Domain;
use crate::element::ColumnLoss;
use crate::range::product_of_three;
use crate::reduction::Reduction;

/// Sigmoid and binary cross-entropy in one, on logits: PyTorch's `nn.BCEWithLogitsLoss`.
///
/// ```text
/// σ(z)       = 1/(1 + e^−z)                           sigmoid
/// ℓ(z, y)    = −[y ln σ(z) + (1 − y) ln(1 − σ(z))]    binary cross-entropy of σ(z)
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) (σ(A[n, c]) − Y[n, c])
/// ```
///
/// `A[n, c]` is a logit, any real number: the model ends in a linear layer, no sigmoid before this
/// loss. `σ(A[n, c])` is the predicted probability that the answer is yes; `Y[n, c]` is the target:
/// 1 for yes, 0 for no, or a probability between them. Each column is a question of its own; for
/// one answer out of `C`, take [`CrossEntropyLoss`](crate::CrossEntropyLoss). With
/// [`Reduction::Sum`], `1/(N·C)` is left out.
///
/// # Derivation
///
/// With `softplus(z) = ln(1 + e^z)`: `−ln σ(z) = ln(1 + e^−z) = softplus(−z)`, and
/// `1 − σ(z) = σ(−z)`, so that `−ln(1 − σ(z)) = softplus(z)`. The derivative of `softplus(z)` is
/// `e^z/(1 + e^z) = σ(z)`, that of `softplus(−z)` is `−σ(−z)`:
///
/// ```text
/// ℓ(z, y) = y softplus(−z) + (1 − y) softplus(z)
/// ∂ℓ/∂z   = −y σ(−z) + (1 − y) σ(z)
///         = −y (1 − σ(z)) + (1 − y) σ(z)  =  σ(z) − y
/// ```
///
/// # Why on logits
///
/// On probabilities, [`BceLoss`](crate::BceLoss), the derivative of the loss is
/// `(a − y)/(a (1 − a))`, which the sigmoid's own, `a (1 − a)`, multiplies again: together `a − y`.
/// Apart, they fail far from zero. `σ(40)` rounds to 1 in `f64`, `σ(20)` in `f32`: the loss of a
/// wrong answer is then `−ln 0`, and its gradient `1/0` times 0. In one, nothing is divided. Both
/// terms with softplus are positive, so nothing cancels either: a correct answer by a margin of 50
/// costs `e^−50`, where PyTorch's `(1 − y) z + softplus(−z)` is 0.
///
/// # Positive weights
///
/// [`BceWithLogitsConfig::pos_weight`], `w (C)`, multiplies the first term of `ℓ`, that of yes, in
/// each column; all are 1 if left out. Where yes is rare, `w[c] > 1` trades precision for recall:
/// fewer are missed, and more are found that are none.
///
/// ```text
/// ℓ(z, y, w) = w y softplus(−z) + (1 − y) softplus(z)
/// ∂ℓ/∂z      = (1 − y) σ(z) − w y σ(−z)
/// ```
///
/// # Shapes
///
/// Logits `A (N, C)`, targets `Y (N, C)`, positive weights `w (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes do not fit, if there are no predictions, or if a target lies outside `[0, 1]`:
/// beyond it the loss has no least value and may be negative. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{BceWithLogitsConfig, BceWithLogitsLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // σ(0) = ½ and σ(−10000) = 0, both should be 1.
/// let (a, y) = (array![[0.0, -1e4]], array![[1.0, 1.0]]);
/// let mut da = Array2::zeros((1, 2));
/// let loss = BceWithLogitsLoss::default().backward(&a, &y, &mut da)?;
/// assert_eq!(loss, (2.0_f64.ln() + 1e4) / 2.0);
/// assert_eq!(da, array![[-0.5 / 2.0, -1.0 / 2.0]]); // (σ(A) − Y)/2
///
/// let config = BceWithLogitsConfig { pos_weight: Some(vec![3.0, 1.0]), ..Default::default() };
/// BceWithLogitsLoss::new(config)?.backward(&a, &y, &mut da)?;
/// assert_eq!(da, array![[3.0 * -0.5 / 2.0, -1.0 / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BceWithLogitsLoss {
    config: BceWithLogitsConfig,
}

/// Choices of a [`BceWithLogitsLoss`]; PyTorch's defaults.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BceWithLogitsConfig {
    /// `w (C)`, PyTorch's name: what a positive answer counts in each column.
    pub pos_weight: Option<Vec<f64>>,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

const PLACE: &str = "bce-with-logits";

impl BceWithLogitsLoss {
    /// A loss with the given positive weights.
    ///
    /// # Errors
    /// If a weight is negative or not finite. That there are `C` of them is checked with each
    /// batch.
    pub fn new(config: BceWithLogitsConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "pos_weight", config.pos_weight.iter().flatten())?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &BceWithLogitsConfig {
        &self.config
    }
}

impl ColumnLoss for BceWithLogitsLoss {
    const NAME: &'static str = PLACE;
    const COEFFICIENTS: &'static str = "pos_weight";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    #[inline(always)]
    fn coefficients(&self) -> Option<&[f64]> {
        self.config.pos_weight.as_deref()
    }

    #[inline(always)]
    fn column_loss<F: Float>(&self, z: f64, y: f64, w: f64) -> f64 {
        // w y softplus(−z) + (1 − y) softplus(z); a term with the factor 0 is 0, even if its
        // softplus is infinite.
        product_of_three::<F>(softplus::<F>(-z), w, y) + product_or_zero(softplus::<F>(z), 1.0 - y)
    }

    #[inline(always)]
    fn column_derivative<F: Float>(&self, z: f64, y: f64, w: f64) -> f64 {
        (1.0 - y) * sigmoid::<F>(z) - w * y * sigmoid::<F>(-z) // (1 − y) σ(z) − w y σ(−z)
    }

    fn targets(&self) -> Domain {
        Domain::PROBABILITY
    }

    fn wide_column_loss<F: Float>(&self, z: f64, y: f64, w: f64) -> Wide {
        let yes = Wide::softplus::<F>(-z).times_or_zero(Wide::from(w) * Wide::from(y));
        yes + Wide::softplus::<F>(z).times_or_zero(Wide::from(1.0 - y))
    }

    fn wide_column_derivative<F: Float>(&self, z: f64, y: f64, w: f64) -> Wide {
        let yes = Wide::from(w) * Wide::from(y) * Wide::sigmoid(-z);
        Wide::from(1.0 - y) * Wide::sigmoid(z) - yes
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{BceWithLogitsConfig, BceWithLogitsLoss};
    use crate::{Loss, Reduction};

    // z = [0 ln 3; −ln 3 ln 3], σ(z) = [½ ¾; ¼ ¾], y = [1 0; 0 ½], w = [3 2]:
    // ℓ = [3 ln 2, ln 4; ln 4/3, ½·2·ln 4/3 + ½ ln 4], ∂ℓ/∂z = [−3/2, ¾; ¼, ½·¾ − 2·½·¼ = ⅛].
    #[test]
    fn two_by_two_by_hand() {
        let z = array![[0.0, 3.0_f64.ln()], [-3.0_f64.ln(), 3.0_f64.ln()]];
        let y = array![[1.0, 0.0], [0.0, 0.5]];
        let total = 3.0 * 2.0_f64.ln() + 1.5 * 4.0_f64.ln() + 2.0 * (4.0_f64 / 3.0).ln();
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let config = BceWithLogitsConfig { pos_weight: Some(vec![3.0, 2.0]), reduction };
            let bce = BceWithLogitsLoss::new(config).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let loss = bce.backward(&z, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            let expected = array![[-1.5, 0.75], [0.25, 0.125]] * scale;
            assert_relative_eq!(da, expected, epsilon = 0.0, max_relative = 1e-14);
        }
    }

    #[test]
    fn far_logits_are_finite_and_right() {
        let sum = BceWithLogitsConfig { reduction: Reduction::Sum, ..Default::default() };
        let bce = BceWithLogitsLoss::new(sum).unwrap();
        let mut da = Array2::zeros((1, 1));
        let mut both = |z: f64, y: f64| {
            let loss = bce.backward(&array![[z]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]])
        };
        let tiny = (-50.0_f64).exp();
        let infinity = f64::INFINITY;
        let table = [
            (1e4, 1.0, (0.0, 0.0)),
            (1e4, 0.0, (1e4, 1.0)),
            (-1e4, 0.0, (0.0, 0.0)),
            (-1e4, 1.0, (1e4, -1.0)),
            (-50.0, 0.0, (tiny, tiny)),
            (50.0, 1.0, (tiny, -tiny)),
            (infinity, 1.0, (0.0, 0.0)),
            (infinity, 0.0, (infinity, 1.0)),
            (-infinity, 1.0, (infinity, -1.0)),
            (5e-324, 1.0, (2.0_f64.ln(), -0.5)),
        ];
        for (z, y, expected) in table {
            assert_eq!(both(z, y), expected, "z = {z}, y = {y}");
        }
        let (loss, gradient) = both(f64::NAN, 1.0);
        assert!(loss.is_nan() && gradient.is_nan());
    }

    #[test]
    fn positive_weights_are_checked() {
        let with = |w| {
            BceWithLogitsLoss::new(BceWithLogitsConfig {
                pos_weight: Some(w),
                ..Default::default()
            })
        };
        let message = "bce-with-logits: expected pos_weight to be a finite number ≥ 0, found";
        for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = with(vec![1.0, bad]).unwrap_err();
            assert_eq!(error.to_string(), format!("{message} {found}"));
        }
        let a = Array2::<f32>::zeros((4, 3));
        assert_eq!(
            with(vec![1.0, 1.0]).unwrap().forward(&a, &a).unwrap_err().to_string(),
            "bce-with-logits: pos_weight: expected shape (3), found (2)"
        );
    }
}
