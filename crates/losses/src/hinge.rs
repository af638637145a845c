//! The loss of a margin.

use tensor_core::{Float, Wide};

use crate::domain::Domain;
use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// The hinge loss of yes-or-no questions: 0 for an answer that is right by a margin of 1, and
/// growing with the distance from that.
///
/// ```text
/// m          = 1 − y a                              how much of the margin is missing
/// ℓ(a, y)    = max(0, m)                            or its square, with squared
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = −Y[n, c]/(N·C)          if M[n, c] > 0, else 0
///            = −2 Y[n, c] M[n, c]/(N·C)    the same, with squared
/// ```
///
/// `A[n, c]` is the score, any number: positive for yes; the model ends in a linear layer.
/// `Y[n, c]` is the target, 1 for yes and −1 for no. With [`Reduction::Sum`], `1/(N·C)` is left
/// out.
///
/// With a linear layer and a penalty on its weights, this is the support vector machine.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum, and `∂m/∂a = −y`. At the corner `m = 0` there is no
/// derivative of `max(0, m)`; 0 is taken: what is right by the margin is not moved. The square has
/// no corner.
///
/// PyTorch has no such loss; scikit-learn's `hinge_loss` and torchmetrics' `BinaryHingeLoss`, which
/// has `squared` as well, are this. Source: C. Cortes and V. Vapnik, *Support-vector networks*,
/// Machine Learning 20, 1995, <https://doi.org/10.1007/BF00994018>.
///
/// # Shapes
///
/// Scores `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, if there are no predictions, or if a target is neither −1 nor 1: 0 for
/// no would give a loss of 1 whatever the score. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{HingeLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // Right by 3, right by a quarter, wrong by 2.
/// let (a, y) = (array![[3.0, 0.25, 2.0]], array![[1.0, 1.0, -1.0]]);
/// let mut da = Array2::zeros((1, 3));
/// assert_eq!(HingeLoss::default().backward(&a, &y, &mut da)?, (0.0 + 0.75 + 3.0) / 3.0);
/// assert_eq!(da, array![[0.0, -1.0 / 3.0, 1.0 / 3.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HingeLoss {
    config: HingeConfig,
}

/// Choices of a [`HingeLoss`]: the margin itself or its square. Fields that are not named keep the
/// default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HingeConfig {
    /// Whether the loss is the square.
    pub squared: bool,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl HingeLoss {
    /// A loss with the given choices.
    pub fn new(config: HingeConfig) -> Self {
        Self { config }
    }

    /// The choices made.
    pub fn config(&self) -> HingeConfig {
        self.config
    }
}

/// `max(0, 1 − y a)`, NaN for NaN.
#[inline(always)]
fn missing(a: f64, y: f64) -> f64 {
    let m = 1.0 - y * a;
    if m <= 0.0 { 0.0 } else { m }
}

impl ElementLoss for HingeLoss {
    const NAME: &'static str = "hinge";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn targets(&self) -> Domain {
        Domain::either("−1 or 1", -1.0, 1.0)
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        let m = missing(a, y);
        if self.config.squared { m * m } else { m }
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        let m = missing(a, y);
        let slope = if m > 0.0 { -y } else { m }; // m is 0 or NaN
        if self.config.squared { -2.0 * y * m } else { slope }
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let m = Wide::from(missing(a, y));
        if self.config.squared { m * m } else { m }
    }

    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        if self.config.squared {
            return Wide::from(-2.0 * y) * Wide::from(missing(a, y));
        }
        self.derivative::<F>(a, y).into()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{HingeConfig, HingeLoss};
    use crate::{Loss, Reduction};

    // a = [½ −1; 1 3], y = [1 1; 1 −1]: m = [½ 2; 0 4], ℓ = m or m², ∂ℓ/∂a = [−1 −1; 0 1] or
    // −2 y m = [−1 −4; 0 8].
    #[test]
    fn two_by_two_by_hand() {
        let (a, y) = (array![[0.5, -1.0], [1.0, 3.0]], array![[1.0, 1.0], [1.0, -1.0]]);
        let table = [
            (false, 6.5, array![[-1.0, -1.0], [0.0, 1.0]]),
            (true, 20.25, array![[-1.0, -4.0], [0.0, 8.0]]),
        ];
        for (squared, total, gradient) in table {
            for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
                let hinge = HingeLoss::new(HingeConfig { squared, reduction });
                let mut da = Array2::from_elem((2, 2), f64::NAN);
                assert_eq!(hinge.backward(&a, &y, &mut da).unwrap(), total * scale);
                assert_eq!(da, &gradient * scale);
            }
        }
    }

    #[test]
    fn extremes() {
        for squared in [false, true] {
            let hinge = HingeLoss::new(HingeConfig { squared, ..HingeConfig::default() });
            let mut da = Array2::zeros((1, 1));
            let mut both = |a: f64, y: f64| {
                let loss = hinge.backward(&array![[a]], &array![[y]], &mut da).unwrap();
                (loss, da[[0, 0]])
            };
            let inf = f64::INFINITY;
            assert_eq!((both(1e4, 1.0), both(inf, 1.0)), ((0.0, 0.0), (0.0, 0.0)));
            let want = if squared { (10_001.0 * 10_001.0, 20_002.0) } else { (10_001.0, 1.0) };
            assert_eq!(both(1e4, -1.0), want);
            assert_eq!(both(-inf, 1.0), (inf, if squared { -inf } else { -1.0 }));
            let (loss, gradient) = both(f64::NAN, 1.0);
            assert!(loss.is_nan() && gradient.is_nan());
        }
    }
}
