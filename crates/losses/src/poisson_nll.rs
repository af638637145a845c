//! The negative log-likelihood of counts.

use std::f64::consts::PI;

use tensor_core::functions::{exp, ln, product_or_zero};
use tensor_core::{Error, Float, Wide};

use crate::domain::Domain;
use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// The negative log-likelihood of counts under Poisson distributions: PyTorch's
/// `nn.PoissonNLLLoss`.
///
/// ```text
/// ℓ(a, y)    = e^a − y a                       the rate is e^a
///            = a − y ln(a + ε)                 without log_input: the rate is a
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) (e^A[n, c] − Y[n, c])
///            = (1/(N·C)) (1 − Y[n, c]/(A[n, c] + ε))
/// ```
///
/// `A[n, c]` is the predicted logarithm of the rate, any number; without
/// [`PoissonNllConfig::log_input`] the rate itself, at least 0. `Y[n, c]` is the count, or any
/// number from 0 on. `ε` is [`PoissonNllConfig::eps`]. With [`Reduction::Sum`], `1/(N·C)` is left
/// out.
///
/// `ln y!` does not depend on the predictions and is left out. With [`PoissonNllConfig::full`],
/// Stirling's approximation of it is added for `y > 1`: `y ln y − y + ½ ln(2π y)`.
///
/// # Derivation
///
/// The probability of the count `y` at the rate `λ` is `λ^y e^−λ/y!`, and its negative logarithm
/// `λ − y ln λ + ln y!`. With `λ = e^a`, `∂ℓ/∂a = e^a − y`: the rate minus the count. With `λ = a`,
/// it is `1 − y/a`; `ε` keeps both from a logarithm and a quotient of 0.
///
/// # Far from zero
///
/// `e^a` is beyond `f64` from `a = 710` on, and beyond `f32` from 89 on: the loss and its gradient
/// are then infinite, as the formula says. Clip the gradient by value, or bound the predictions.
///
/// # Shapes
///
/// Predictions `A (N, C)`, counts `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, if there are no predictions, or if a count, or a rate, is negative or
/// infinite. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{Loss, PoissonNllLoss};
/// use ndarray::{Array2, array};
///
/// // e^0 − 3·0 = 1, e^0 − 3 = −2
/// let mut da = Array2::zeros((1, 1));
/// let loss = PoissonNllLoss::default().backward(&array![[0.0]], &array![[3.0]], &mut da)?;
/// assert_eq!((loss, da), (1.0, array![[-2.0]]));
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PoissonNllLoss {
    config: PoissonNllConfig,
}

/// Choices of a [`PoissonNllLoss`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PoissonNllConfig {
    /// Whether predictions are logarithms of rates.
    pub log_input: bool,
    /// Whether Stirling's approximation of `ln y!` is added.
    pub full: bool,
    /// `ε`: what is added to a rate before its logarithm is taken.
    pub eps: f64,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl Default for PoissonNllConfig {
    fn default() -> Self {
        Self { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }
}

impl PoissonNllLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If `eps` is not a positive normal number, at least 2.3e-308.
    pub fn new(config: PoissonNllConfig) -> Result<Self, Error> {
        let range = "a normal number > 0";
        Error::check_hyperparameter(Self::NAME, "eps", range, config.eps, |eps| {
            eps > 0.0 && eps.is_normal()
        })?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> PoissonNllConfig {
        self.config
    }

    /// `y ln y − y + ½ ln(2π y)` for `y > 1`, if it is asked for.
    #[inline(always)]
    fn stirling<F: Float>(&self, y: f64) -> f64 {
        let is_added = self.config.full && y > 1.0;
        let ln_y = ln::<F>(y.max(1.0));
        let value = y * ln_y - y + 0.5 * (ln_y + (2.0 * PI).ln());
        if is_added { value } else { 0.0 }
    }
}

impl ElementLoss for PoissonNllLoss {
    const NAME: &'static str = "poisson-nll";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn predictions(&self) -> Domain {
        if self.config.log_input { Domain::ANY } else { Domain::NOT_NEGATIVE }
    }

    // y/(a + ε) may be infinite where y ln(a + ε) is not.
    fn is_steep(&self) -> bool {
        !self.config.log_input
    }

    fn targets(&self) -> Domain {
        Domain::NOT_NEGATIVE
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        let likelihood = if self.config.log_input {
            let rate = exp::<F>(a);
            // e^a − y a; where e^a is infinite, so is the loss, even at a = ∞
            let is_far = rate == f64::INFINITY && !y.is_nan();
            if is_far { rate } else { rate - product_or_zero(a, y) }
        } else {
            a - y * ln::<F>(a + self.config.eps) // a − y ln(a + ε)
        };
        likelihood + self.stirling::<F>(y)
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        if self.config.log_input {
            exp::<F>(a) - y // e^a − y
        } else {
            1.0 - y / (a + self.config.eps) // 1 − y/(a + ε)
        }
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let (wide_a, wide_y) = (Wide::from(a), Wide::from(y));
        let likelihood = if self.config.log_input {
            let rate = Wide::exp(a);
            let is_far = a == f64::INFINITY && !y.is_nan();
            if is_far { rate } else { rate - wide_a.times_or_zero(wide_y) }
        } else {
            wide_a - wide_y * Wide::from(a + self.config.eps).ln::<F>()
        };
        if !self.config.full || y.is_nan() || y <= 1.0 {
            return likelihood;
        }
        let ln_y = Wide::from(ln::<F>(y));
        let rest = Wide::from(0.5) * (ln_y + Wide::from((2.0 * PI).ln()));
        likelihood + wide_y * (ln_y - Wide::from(1.0)) + rest
    }

    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        if self.config.log_input {
            Wide::exp(a) - Wide::from(y)
        } else {
            Wide::from(1.0) - Wide::from(y) / Wide::from(a + self.config.eps)
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};
    use tensor_core::Rng;

    use super::{PoissonNllConfig, PoissonNllLoss};
    use crate::{Loss, Reduction};

    // a = [0 ln 2; ln 3 0], y = [0 1; 3 2]: ℓ = [1, 2 − ln 2; 3 − 3 ln 3, 1], ∂ℓ/∂a = [1 1; 0 −1].
    #[test]
    fn two_by_two_by_hand() {
        let (ln_2, ln_3) = (2.0_f64.ln(), 3.0_f64.ln());
        let (a, y) = (array![[0.0, ln_2], [ln_3, 0.0]], array![[0.0, 1.0], [3.0, 2.0]]);
        let total = 7.0 - ln_2 - 3.0 * ln_3;
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let config = PoissonNllConfig { reduction, ..PoissonNllConfig::default() };
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let poisson = PoissonNllLoss::new(config).unwrap();
            let loss = poisson.backward(&a, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            let expected = array![[1.0, 1.0], [0.0, -1.0]] * scale;
            assert_relative_eq!(da, expected, epsilon = 1e-15, max_relative = 1e-15);
            // The rate itself: e^a, and ∂ℓ/∂λ = 1 − y/λ = [1 ½; 0 −1].
            let config = PoissonNllConfig { log_input: false, eps: 1e-300, ..config };
            let poisson = PoissonNllLoss::new(config).unwrap();
            let rates = array![[1.0, 2.0], [3.0, 1.0]];
            let loss = poisson.backward(&rates, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            assert_relative_eq!(da, array![[1.0, 0.5], [0.0, -1.0]] * scale, epsilon = 1e-15);
        }
    }

    // 2 ln 2 − 2 + ½ ln 4π; none for y ≤ 1.
    #[test]
    fn stirlings_part_is_that_of_counts_above_one() {
        let full = PoissonNllConfig { full: true, ..PoissonNllConfig::default() };
        let loss = |y: f64| {
            let full = PoissonNllLoss::new(full).unwrap();
            full.forward(&array![[0.0]], &array![[y]]).unwrap() - 1.0
        };
        let want = 2.0 * 2.0_f64.ln() - 2.0 + 0.5 * (4.0 * std::f64::consts::PI).ln();
        assert!((loss(2.0) - want).abs() < 1e-15);
        assert_eq!((loss(1.0), loss(0.0)), (0.0, 0.0));
        // ln y! itself is within 1/(12 y).
        let y = f64::from(10 + Rng::new(1).below(20) as u32);
        let factorial: f64 = (1..=y as u32).map(|k| f64::from(k).ln()).sum();
        assert!((loss(y) - factorial).abs() < 1.0 / (12.0 * y));
    }

    #[test]
    fn extremes() {
        let poisson = PoissonNllLoss::default();
        let mut da = Array2::zeros((1, 1));
        let mut both = |a: f64, y: f64| {
            let loss = poisson.backward(&array![[a]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]])
        };
        let inf = f64::INFINITY;
        assert_eq!(both(-1e4, 2.0), (2e4, -2.0));
        assert_eq!(both(-inf, 0.0), (0.0, 0.0));
        assert_eq!(both(-inf, 1.0), (inf, -1.0));
        assert_eq!(both(1e4, 2.0), (inf, inf));
        assert_eq!(both(inf, 2.0), (inf, inf));
        assert!(both(f64::NAN, 0.0).0.is_nan() && both(800.0, f64::NAN).0.is_nan());
        // e^710 is beyond f64, a quarter of it is not: e^(710 − ln 4).
        let (a, y) = (array![[710.0], [0.0], [0.0], [0.0]], Array2::zeros((4, 1)));
        let mut da = Array2::zeros((4, 1));
        let loss = poisson.backward(&a, &y, &mut da).unwrap();
        let want = (710.0 - 4.0_f64.ln()).exp();
        assert!((loss / want - 1.0).abs() < 1e-12 && (da[[0, 0]] / want - 1.0).abs() < 1e-12);
    }

    #[test]
    fn eps_is_checked() {
        for (eps, found) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let config = PoissonNllConfig { eps, ..PoissonNllConfig::default() };
            let message =
                format!("poisson-nll: expected eps to be a normal number > 0, found {found}");
            assert_eq!(PoissonNllLoss::new(config).unwrap_err().to_string(), message);
        }
        let of = |eps| PoissonNllLoss::new(PoissonNllConfig { eps, ..Default::default() });
        assert!(of(f64::MIN_POSITIVE).is_ok() && of(f64::MIN_POSITIVE / 2.0).is_err());
    }
}
