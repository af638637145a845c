//! The divergence of predicted distributions from given ones.

use tensor_core::functions::{exp, ln, product_or_zero};
use tensor_core::{Float, Wide};

use crate::domain::Domain;
use crate::element::ColumnLoss;
use crate::reduction::Reduction;

/// The Kullback–Leibler divergence of predicted distributions from given ones, on
/// log-probabilities: PyTorch's `nn.KLDivLoss(reduction="batchmean")`.
///
/// ```text
/// ℓ_n        = Σ_c Y[n, c] (ln Y[n, c] − A[n, c])        KL(Y_n ‖ P_n) with A = ln P
/// L          = (1/N) Σ_n ℓ_n
/// dLdA[n, c] = −(1/N) Y[n, c]
/// ```
///
/// - `A[n, c]`: the logarithm of the predicted probability of class `c` for sample `n`, as
///   `LogSoftmax` computes it.
/// - `Y[n, c]`: the given probability. A class with `Y = 0` adds 0, even where `A = −∞`. With
///   [`KlDivConfig::log_target`], `Y` holds logarithms of probabilities: `e^Y` takes the place of
///   `Y`, and `Y` that of `ln Y`.
///
/// The mean is over the `N` rows, each a distribution: PyTorch's `"batchmean"`, which it
/// recommends. Its default, `"mean"`, divides by `N·C` and is not the divergence. With
/// [`Reduction::Sum`], `1/N` is left out. A sample of [`EachLoss`](crate::EachLoss) is an element,
/// as in PyTorch.
///
/// The loss is 0 where `P = Y`, and nowhere less if rows of both sum to 1. It differs from
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) on `Targets::Rows` by the entropy of the targets,
/// which does not depend on the predictions.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum, and there it has the factor `−Y[n, c]/N`.
///
/// Source: S. Kullback and R. A. Leibler, *On information and sufficiency*, Ann. Math. Statist. 22,
/// 1951, <https://doi.org/10.1214/aoms/1177729694>.
///
/// # Shapes
///
/// Log-probabilities `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, if there are no predictions, or if a target is negative or infinite (not
/// with `log_target`, where every number is one). Rows need not sum to 1. NaN is no error: it comes
/// out again.
///
/// # Examples
///
/// ```
/// use losses::{KlDivLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // ½ (ln ½ − ln ¼) + ½ (ln ½ − ln ¾) = ½ ln 4/3
/// let a = array![[0.25, 0.75]].mapv(f64::ln);
/// let mut da = Array2::zeros((1, 2));
/// let loss = KlDivLoss::default().backward(&a, &array![[0.5, 0.5]], &mut da)?;
/// assert!((loss - 0.5 * (4.0_f64 / 3.0).ln()).abs() < 1e-15);
/// assert_eq!(da, array![[-0.5, -0.5]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KlDivLoss {
    config: KlDivConfig,
}

/// Choices of a [`KlDivLoss`]; PyTorch's defaults, but for the mean, which is over rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KlDivConfig {
    /// Whether targets are logarithms of probabilities.
    pub log_target: bool,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

impl KlDivLoss {
    /// A loss with the given choices.
    pub fn new(config: KlDivConfig) -> Self {
        Self { config }
    }

    /// The choices made.
    pub fn config(&self) -> KlDivConfig {
        self.config
    }

    /// The probability and its logarithm.
    #[inline(always)]
    fn target<F: Float>(&self, y: f64) -> (f64, f64) {
        if self.config.log_target { (exp::<F>(y), y) } else { (y, ln::<F>(y)) }
    }
}

impl ColumnLoss for KlDivLoss {
    const NAME: &'static str = "kl-div";
    const COEFFICIENTS: &'static str = "coefficients";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    #[inline(always)]
    fn coefficients(&self) -> Option<&[f64]> {
        None
    }

    fn samples_in_row(&self, _columns: usize) -> usize {
        1
    }

    fn targets(&self) -> Domain {
        if self.config.log_target { Domain::ANY } else { Domain::NOT_NEGATIVE }
    }

    #[inline(always)]
    fn column_loss<F: Float>(&self, a: f64, y: f64, _k: f64) -> f64 {
        let (p, ln_p) = self.target::<F>(y);
        if !F::NARROW && self.config.log_target && p < 1e-200 {
            // e^(y/2) has the digits that e^y has lost, and the product may show them.
            let root = exp::<F>(0.5 * y);
            return if root == 0.0 { product_or_zero(a, 0.0) } else { (y - a) * root * root };
        }
        // p (ln p − a); 0 for p = 0, whatever ln p is
        if p == 0.0 { product_or_zero(a, p) } else { p * (ln_p - a) }
    }

    #[inline(always)]
    fn column_derivative<F: Float>(&self, a: f64, y: f64, _k: f64) -> f64 {
        // −p, and NaN where a is: no wrong prediction is to look right
        let p = self.target::<F>(y).0;
        if a.is_nan() { a } else { -p }
    }

    fn wide_column_loss<F: Float>(&self, a: f64, y: f64, _k: f64) -> Wide {
        let (p, ln_p) = self.target::<F>(y);
        // e^y may be beyond `f64` where the product is not.
        let p = if self.config.log_target { Wide::exp(y) } else { p.into() };
        if p.is_zero() {
            return product_or_zero(a, 0.0).into();
        }
        (Wide::from(ln_p) - Wide::from(a)) * p
    }

    fn wide_column_derivative<F: Float>(&self, a: f64, y: f64, k: f64) -> Wide {
        match self.config.log_target && !a.is_nan() {
            true => -Wide::exp(y),
            false => self.column_derivative::<F>(a, y, k).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{KlDivConfig, KlDivLoss};
    use crate::{Loss, Reduction};

    // Y = [½ ½; 0 1], P = [¼ ¾; ½ ½]: ½ ln 2 + ½ ln 2/3 = ½ ln 4/3, and 0 + ln 2. dLdA = −Y.
    #[test]
    fn two_by_two_by_hand() {
        let a = array![[0.25, 0.75], [0.5, 0.5]].mapv(f64::ln);
        let y = array![[0.5, 0.5], [0.0, 1.0]];
        let total = 0.5 * (4.0_f64 / 3.0).ln() + 2.0_f64.ln();
        for (reduction, scale) in [(Reduction::Mean, 0.5), (Reduction::Sum, 1.0)] {
            for log_target in [false, true] {
                let kl = KlDivLoss::new(KlDivConfig { log_target, reduction });
                let y_or_ln = if log_target { y.mapv(f64::ln) } else { y.clone() };
                let mut da = Array2::from_elem((2, 2), f64::NAN);
                let loss = kl.backward(&a, &y_or_ln, &mut da).unwrap();
                assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
                assert_relative_eq!(da, &y * -scale, epsilon = 0.0, max_relative = 1e-15);
            }
        }
    }

    #[test]
    fn extremes() {
        let kl = KlDivLoss::default();
        let one = |a: f64, y: f64| kl.forward(&array![[a]], &array![[y]]).unwrap();
        let inf = f64::INFINITY;
        assert_eq!((one(-inf, 0.0), one(-1e4, 0.0), one(-1e4, 1.0)), (0.0, 0.0, 1e4));
        assert_eq!((one(-inf, 0.5), one(0.0, 1.0)), (inf, 0.0));
        assert!(one(f64::NAN, 0.0).is_nan() && one(0.0, f64::NAN).is_nan());
        let log = KlDivLoss::new(KlDivConfig { log_target: true, ..KlDivConfig::default() });
        let one = |a: f64, y: f64| log.forward(&array![[a]], &array![[y]]).unwrap();
        assert_eq!((one(-inf, -inf), one(-1e4, 0.0), one(-5.0, -1e4)), (0.0, 1e4, 0.0));
    }
}
