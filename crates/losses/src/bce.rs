//! Binary cross-entropy on probabilities.

use tensor_core::Float;
use tensor_core::functions::{ln, ln_1p};

use crate::domain::Domain;
use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// Binary cross-entropy on probabilities, PyTorch's `nn.BCELoss`.
///
/// ```text
/// ℓ(a, y)    = −[y ln a + (1 − y) ln(1 − a)]
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) (A[n, c] − Y[n, c]) / (A[n, c] (1 − A[n, c]))
/// ```
///
/// `A[n, c]` is the predicted probability that the answer is yes, from 0 to 1; `Y[n, c]` is the
/// target: 1 for yes, 0 for no, or a probability between them. With [`Reduction::Sum`],
/// `1/(N·C)` is left out.
///
/// Where `A` is 0 or 1, the formulas divide by 0. PyTorch's bounds are taken: logarithms are at
/// least −100, and the denominator `A (1 − A)` is at least 1e-12. A confident wrong answer then
/// costs 100 and has a derivative of 1e12, and within 1e-12 of 0 or 1 the gradient is not exactly
/// that of the loss. Prefer [`BceWithLogitsLoss`](crate::BceWithLogitsLoss), which needs no bounds.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum. With `a = A[n, c]` and `y = Y[n, c]`:
///
/// ```text
/// ∂ℓ/∂a = −y/a + (1 − y)/(1 − a)
///       = (−y (1 − a) + (1 − y) a) / (a (1 − a))
///       = (a − y) / (a (1 − a))
/// ```
///
/// # Shapes
///
/// Probabilities `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, if there are no predictions, or if a prediction or a target lies outside
/// `[0, 1]`. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{BceLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // −ln ½ = ln 2, and −ln(1 − 1), which is bounded.
/// let mut da = Array2::zeros((1, 2));
/// let loss = BceLoss::default().backward(&array![[0.5, 1.0]], &array![[1.0, 0.0]], &mut da)?;
/// assert_eq!(loss, (2.0_f64.ln() + 100.0) / 2.0);
/// assert_eq!(da, array![[-2.0 / 2.0, 1e12 / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BceLoss {
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl ElementLoss for BceLoss {
    const NAME: &'static str = "bce";

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    fn predictions(&self) -> Domain {
        let expected = "a probability from 0 to 1 (for logits: BceWithLogitsLoss)";
        Domain::between(expected, 0.0, 1.0)
    }

    fn targets(&self) -> Domain {
        Domain::PROBABILITY
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        // −[y ln a + (1 − y) ln(1 − a)]; ln_1p(−a) and not ln(1 − a): a tiny a would round away.
        -(y * at_least(ln::<F>(a), -100.0) + (1.0 - y) * at_least(ln_1p::<F>(-a), -100.0))
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y) / at_least(a * (1.0 - a), 1e-12) // (a − y)/(a (1 − a))
    }
}

/// `max(x, bound)`, but NaN for NaN.
#[inline(always)]
fn at_least(x: f64, bound: f64) -> f64 {
    if x < bound { bound } else { x }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::BceLoss;
    use crate::{Loss, Reduction};

    // p = [½ ¼; ¾ 9/10], y = [1 0; 1 ½]: ℓ = [ln 2, ln 4/3; ln 4/3, ½ ln 10/9 + ½ ln 10],
    // ∂ℓ/∂p = [−2, 4/3; −4/3, (2/5)/(9/100) = 40/9].
    #[test]
    fn two_by_two_by_hand() {
        let p = array![[0.5, 0.25], [0.75, 0.9]];
        let y = array![[1.0, 0.0], [1.0, 0.5]];
        let third = (4.0_f64 / 3.0).ln();
        let total = 2.0_f64.ln() + 2.0 * third + 0.5 * (100.0_f64 / 9.0).ln();
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let bce = BceLoss { reduction };
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let loss = bce.backward(&p, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            let expected = array![[-2.0, 4.0 / 3.0], [-4.0 / 3.0, 40.0 / 9.0]] * scale;
            assert_relative_eq!(da, expected, epsilon = 0.0, max_relative = 1e-14);
        }
    }

    #[test]
    fn certain_answers_cost_nothing_or_a_hundred() {
        let sum = BceLoss { reduction: Reduction::Sum };
        let mut da = Array2::zeros((1, 4));
        let (p, y) = (array![[0.0, 1.0, 0.0, 1.0]], array![[0.0, 1.0, 1.0, 0.0]]);
        assert_eq!(sum.backward(&p, &y, &mut da).unwrap(), 200.0);
        assert_eq!(da, array![[0.0, 0.0, -1e12, 1e12]]);
        // −ln(1 − p) = p + p²/2 + …: the probability itself, where 1 − p rounds to 1.
        assert_eq!(sum.forward(&array![[1e-30]], &array![[0.0]]).unwrap(), 1e-30);
        assert_eq!(sum.forward(&array![[1e-45_f32]], &array![[0.0]]).unwrap(), 1e-45);
    }

    #[test]
    fn what_is_no_probability_is_refused_and_nan_is_not() {
        let bce = BceLoss::default();
        let y = Array2::zeros((2, 2));
        let mut da = Array2::from_elem((2, 2), 7.0);
        for (value, found) in [(-1e-9, "-0.000000001"), (1.5, "1.5"), (f64::INFINITY, "inf")] {
            let error = bce.backward(&array![[0.5, 0.5], [0.5, value]], &y, &mut da).unwrap_err();
            let expected = "bce: predictions: expected a probability from 0 to 1 \
                            (for logits: BceWithLogitsLoss) in row 1, column 1, found";
            assert_eq!(error.to_string(), format!("{expected} {found}"));
            assert_eq!(da, Array2::from_elem((2, 2), 7.0), "a refused call writes nothing");
        }
        let loss = bce.backward(&array![[0.5, 0.5], [0.5, f64::NAN]], &y, &mut da).unwrap();
        assert!(loss.is_nan() && da[[1, 1]].is_nan() && da[[1, 0]] == 0.5);
    }
}
