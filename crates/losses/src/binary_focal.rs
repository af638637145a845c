//! Binary cross-entropy in which easy answers count less, on logits.

use tensor_core::functions::{exp, product_or_zero, sigmoid, softplus};
use tensor_core::{Error, Float, Wide};

use crate::domain::Domain;
use crate::element::ElementLoss;
use crate::range::product_of_three;
use crate::reduction::Reduction;

/// Binary cross-entropy in which easy answers count less, on logits: torchvision's
/// `sigmoid_focal_loss`.
///
/// ```text
/// σ(z)       = 1/(1 + e^−z)
/// f(z)       = −(1 − σ(z))^γ ln σ(z)                         of an answer that is yes
/// ℓ(z, y)    = α y f(z) + (1 − α) (1 − y) f(−z)
/// f'(z)      = −(1 − σ(z))^γ (1 − σ(z) − γ σ(z) ln σ(z))
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) [α Y[n, c] f'(A[n, c]) − (1 − α) (1 − Y[n, c]) f'(−A[n, c])]
/// ```
///
/// `A[n, c]` is a logit, any number; `Y[n, c]` is the target, 1 for yes and 0 for no. A probability
/// between them weights both terms. `γ` is [`BinaryFocalConfig::gamma`]: an answer that is right
/// with the probability 0.9 costs, with `γ = 2`, a hundredth of its cross-entropy. `α` is
/// [`BinaryFocalConfig::alpha`], what yes counts beside no; without it both count 1. With
/// [`Reduction::Sum`], `1/(N·C)` is left out.
///
/// With `γ = 0` and without `α` it is [`BceWithLogitsLoss`](crate::BceWithLogitsLoss).
/// torchvision's default is no reduction, [`EachLoss`](crate::EachLoss) here; for targets between 0
/// and 1 it takes the powers of a mixture of both probabilities, which is another loss.
///
/// # Derivation
///
/// With `q = 1 − σ(z) = σ(−z)`: `dq/dz = −σ(z) q` and `d(−ln σ(z))/dz = −q`, so
///
/// ```text
/// f'(z) = γ q^(γ−1) (−σ(z) q) (−ln σ(z)) + q^γ (−q)
///       = −q^γ (q + γ σ(z) (−ln σ(z)))
/// ```
///
/// and `df(−z)/dz = −f'(−z)`. As in `BceWithLogitsLoss`, `−ln σ(z) = softplus(−z)`, so that nothing
/// is divided, and small terms keep their digits far from zero.
///
/// Source: T. Lin, P. Goyal, R. Girshick, K. He, P. Dollár, *Focal loss for dense object
/// detection*, 2017, <https://arxiv.org/abs/1708.02002>, equation 5.
///
/// # Shapes
///
/// Logits `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, if there are no predictions, or if a target lies outside `[0, 1]`. NaN
/// is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{BinaryFocalLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // σ(0) = ½: ¼·(½)²·ln 2, and −¼·(½)² (½ + 2·½·ln 2).
/// let mut da = Array2::zeros((1, 1));
/// let loss = BinaryFocalLoss::default().backward(&array![[0.0]], &array![[1.0]], &mut da)?;
/// assert!((loss - 2.0_f64.ln() / 16.0).abs() < 1e-16);
/// assert!((da[[0, 0]] + (0.5 + 2.0_f64.ln()) / 16.0).abs() < 1e-16);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BinaryFocalLoss {
    config: BinaryFocalConfig,
}

/// Choices of a [`BinaryFocalLoss`]; torchvision's defaults, but for the mean.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BinaryFocalConfig {
    /// `α`, from 0 to 1: what yes counts; no counts `1 − α`. Both count 1 if left out.
    pub alpha: Option<f64>,
    /// `γ ≥ 0`: how much less easy answers count.
    pub gamma: f64,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl Default for BinaryFocalConfig {
    fn default() -> Self {
        Self { alpha: Some(0.25), gamma: 2.0, reduction: Reduction::Mean }
    }
}

impl BinaryFocalLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If `alpha` does not lie from 0 to 1, or `gamma` is negative or not finite.
    pub fn new(config: BinaryFocalConfig) -> Result<Self, Error> {
        let alpha = config.alpha.unwrap_or(0.5);
        let is_share = |alpha: f64| (0.0..=1.0).contains(&alpha);
        Error::check_hyperparameter(Self::NAME, "alpha", "from 0 to 1", alpha, is_share)?;
        crate::check::check_not_negative(Self::NAME, "gamma", [&config.gamma])?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> BinaryFocalConfig {
        self.config
    }

    /// `α y` and `(1 − α) (1 − y)`.
    #[inline(always)]
    fn shares(&self, y: f64) -> (f64, f64) {
        match self.config.alpha {
            Some(alpha) => (alpha * y, (1.0 - alpha) * (1.0 - y)),
            None => (y, 1.0 - y),
        }
    }

    /// The same, where `α y` may be below the normal numbers.
    fn wide_shares(&self, y: f64) -> (Wide, Wide) {
        let (p, q) = (Wide::from(y), Wide::from(1.0 - y));
        match self.config.alpha {
            Some(alpha) => (p * Wide::from(alpha), q * Wide::from(1.0 - alpha)),
            None => (p, q),
        }
    }
}

/// `σ(−z)^γ`, for a result of type `F`.
#[inline(always)]
fn power<F: Float>(z: f64, gamma: f64) -> f64 {
    if F::NARROW {
        exp::<F>(-product_or_zero(softplus::<F>(z), gamma)) // ln σ(−z) = −softplus(z)
    } else {
        // Each where it keeps more digits: 1 − σ(z) is rounded, and so is the logarithm.
        match z > 0.0 {
            true => sigmoid::<F>(-z).powf(gamma),
            false if z < -700.0 => wide_power::<F>(z, gamma).value(), // e^z has lost digits
            _ => exp::<F>(-product_or_zero(softplus::<F>(z), gamma)),
        }
    }
}

/// `f(z) = σ(−z)^γ softplus(−z)`.
#[inline(always)]
fn yes<F: Float>(z: f64, gamma: f64) -> f64 {
    power::<F>(z, gamma) * softplus::<F>(-z)
}

/// `f'(z) = −σ(−z)^γ (σ(−z) + γ σ(z) softplus(−z))`.
#[inline(always)]
fn yes_slope<F: Float>(z: f64, gamma: f64) -> f64 {
    let term = product_or_zero(softplus::<F>(-z), gamma * sigmoid::<F>(z));
    -power::<F>(z, gamma) * (sigmoid::<F>(-z) + term)
}

/// `σ(−z)^γ` where it may be below the range of `f64`.
fn wide_power<F: Float>(z: f64, gamma: f64) -> Wide {
    Wide::exp(-Wide::softplus::<F>(z).times_or_zero(gamma.into()).value())
}

/// [`yes`], likewise.
fn wide_yes<F: Float>(z: f64, gamma: f64) -> Wide {
    Wide::softplus::<F>(-z).times_or_zero(wide_power::<F>(z, gamma))
}

/// [`yes_slope`], likewise.
fn wide_yes_slope<F: Float>(z: f64, gamma: f64) -> Wide {
    let term = Wide::softplus::<F>(-z).times_or_zero(Wide::from(gamma) * Wide::sigmoid(z));
    -(Wide::sigmoid(-z) + term).times_or_zero(wide_power::<F>(z, gamma))
}

impl ElementLoss for BinaryFocalLoss {
    const NAME: &'static str = "binary-focal";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn targets(&self) -> Domain {
        Domain::PROBABILITY
    }

    #[inline(always)]
    fn loss<F: Float>(&self, z: f64, y: f64) -> f64 {
        let (gamma, alpha) = (self.config.gamma, self.config.alpha);
        let (yes, no) = (yes::<F>(z, gamma), yes::<F>(-z, gamma));
        let (p, q) = alpha.map_or((1.0, 1.0), |alpha| (alpha, 1.0 - alpha));
        product_of_three::<F>(yes, p, y) + product_of_three::<F>(no, q, 1.0 - y)
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, z: f64, y: f64) -> f64 {
        let ((p, q), gamma) = (self.shares(y), self.config.gamma);
        p * yes_slope::<F>(z, gamma) - q * yes_slope::<F>(-z, gamma)
    }

    fn wide_loss<F: Float>(&self, z: f64, y: f64) -> Wide {
        let ((p, q), gamma) = (self.wide_shares(y), self.config.gamma);
        wide_yes::<F>(z, gamma).times_or_zero(p) + wide_yes::<F>(-z, gamma).times_or_zero(q)
    }

    fn wide_derivative<F: Float>(&self, z: f64, y: f64) -> Wide {
        let ((p, q), gamma) = (self.wide_shares(y), self.config.gamma);
        p * wide_yes_slope::<F>(z, gamma) - q * wide_yes_slope::<F>(-z, gamma)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{BinaryFocalConfig, BinaryFocalLoss};
    use crate::{BceWithLogitsLoss, Loss, Reduction};

    // γ = 1, α = ¼, z = [0 ln 3], y = [1 0], σ(z) = [½ ¾]. ℓ = [¼·½·ln 2, ¾·¾·ln 4];
    // f'(0) = −½ (½ + ½ ln 2), f'(−ln 3) with q = ¾: −¾ (¾ + ¼ ln 4).
    #[test]
    fn one_by_two_by_hand() {
        let (z, y) = (array![[0.0, 3.0_f64.ln()]], array![[1.0, 0.0]]);
        let (ln_2, ln_4) = (2.0_f64.ln(), 4.0_f64.ln());
        let total = ln_2 / 8.0 + 9.0 / 16.0 * ln_4;
        let gradient = array![[-0.125 * (0.5 + 0.5 * ln_2), 9.0 / 16.0 * (0.75 + 0.25 * ln_4)]];
        for (reduction, scale) in [(Reduction::Mean, 0.5), (Reduction::Sum, 1.0)] {
            let config = BinaryFocalConfig { alpha: Some(0.25), gamma: 1.0, reduction };
            let focal = BinaryFocalLoss::new(config).unwrap();
            let mut da = Array2::from_elem((1, 2), f64::NAN);
            let loss = focal.backward(&z, &y, &mut da).unwrap();
            assert_relative_eq!(loss, total * scale, epsilon = 0.0, max_relative = 1e-15);
            assert_relative_eq!(da, &gradient * scale, epsilon = 0.0, max_relative = 1e-15);
        }
    }

    #[test]
    fn without_gamma_and_alpha_it_is_binary_cross_entropy() {
        let config = BinaryFocalConfig { alpha: None, gamma: 0.0, reduction: Reduction::Mean };
        let (focal, bce) = (BinaryFocalLoss::new(config).unwrap(), BceWithLogitsLoss::default());
        let inf = f64::INFINITY;
        let z = array![[0.0, 1.0, -3.0, 50.0, -50.0, 1e4, -1e4, inf, -inf]];
        let y = array![[0.5, 1.0, 0.0, 1.0, 0.0, 1.0, 0.25, 1.0, 0.0]];
        let (mut da, mut db) = (Array2::zeros(z.dim()), Array2::zeros(z.dim()));
        let loss: f64 = focal.backward(&z, &y, &mut da).unwrap();
        let want = bce.backward(&z, &y, &mut db).unwrap();
        assert_relative_eq!(loss, want, epsilon = 0.0, max_relative = 1e-14);
        assert_relative_eq!(da, db, epsilon = 0.0, max_relative = 1e-14);
    }

    // γ = 2, α = ½, far out: σ(−z) = e^−z = softplus(−z), so f(z) = e^(−3z), f' = −3 e^(−3z).
    #[test]
    fn far_logits_are_finite_and_right() {
        let config = BinaryFocalConfig { alpha: Some(0.5), ..BinaryFocalConfig::default() };
        let focal = BinaryFocalLoss::new(config).unwrap();
        let mut da = Array2::zeros((1, 1));
        let mut both = |z: f64, y: f64| {
            let loss = focal.backward(&array![[z]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]])
        };
        let tiny = (-150.0_f64).exp() / 2.0;
        for (z, y, sign) in [(50.0, 1.0, -1.0), (-50.0, 0.0, 1.0)] {
            let (loss, gradient) = both(z, y);
            assert_relative_eq!(loss, tiny, epsilon = 0.0, max_relative = 1e-14);
            assert_relative_eq!(gradient, sign * 3.0 * tiny, epsilon = 0.0, max_relative = 1e-14);
        }
        let inf = f64::INFINITY;
        let table = [
            (1e4, 1.0, (0.0, 0.0)),
            (1e4, 0.0, (5e3, 0.5)),
            (-1e4, 1.0, (5e3, -0.5)),
            (inf, 1.0, (0.0, 0.0)),
            (inf, 0.0, (inf, 0.5)),
            (-inf, 1.0, (inf, -0.5)),
        ];
        for (z, y, expected) in table {
            assert_eq!(both(z, y), expected, "z = {z}, y = {y}");
        }
        let (loss, gradient) = both(f64::NAN, 1.0);
        assert!(loss.is_nan() && gradient.is_nan());
    }

    #[test]
    fn choices_are_checked() {
        let default = BinaryFocalConfig::default();
        let refused = |config| BinaryFocalLoss::new(config).unwrap_err().to_string();
        assert_eq!(
            refused(BinaryFocalConfig { alpha: Some(1.5), ..default }),
            "binary-focal: expected alpha to be from 0 to 1, found 1.5"
        );
        assert_eq!(
            refused(BinaryFocalConfig { gamma: -1.0, ..default }),
            "binary-focal: expected gamma to be a finite number ≥ 0, found -1"
        );
    }
}
