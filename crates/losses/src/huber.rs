//! Huber's loss.

use tensor_core::functions::sign;
use tensor_core::{Error, Float, Wide};

use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// Huber's loss, PyTorch's `nn.HuberLoss`: squared near the target, absolute far from it.
///
/// ```text
/// ℓ(d)       = ½ d²            if |d| < δ
///            = δ (|d| − ½ δ)   otherwise
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c] − Y[n, c])
/// dLdA[n, c] = (1/(N·C)) clamp(A[n, c] − Y[n, c], −δ, δ)
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets, `δ > 0` is [`HuberConfig::delta`];
/// `clamp(d, −δ, δ)` is `d` limited to that range. With [`Reduction::Sum`], `1/(N·C)` is left out.
///
/// The gradient of an outlier is at most `δ`, while that of a squared error grows with the
/// distance. [`SmoothL1Loss`](crate::SmoothL1Loss) is this divided by `δ`.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum, and `∂d/∂a = 1` for `d = a − y`. The derivative of
/// `½ d²` is `d`, that of `δ (|d| − ½ δ)` is `δ sign(d)`; at `|d| = δ` both are `±δ`, and both
/// values of `ℓ` are `½ δ²`. So the two pieces join without a corner.
///
/// Source: P. J. Huber, *Robust estimation of a location parameter*, Ann. Math. Statist. 35, 1964,
/// <https://doi.org/10.1214/aoms/1177703732>.
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, or there are no predictions.
///
/// # Examples
///
/// ```
/// use losses::{HuberLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // δ = 1: ℓ(½) = ½·¼, ℓ(−3) = 1·(3 − ½).
/// let mut da = Array2::zeros((1, 2));
/// let loss = HuberLoss::default().backward(&array![[0.5, -3.0]], &array![[0.0, 0.0]], &mut da)?;
/// assert_eq!(loss, (0.125 + 2.5) / 2.0);
/// assert_eq!(da, array![[0.5 / 2.0, -1.0 / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HuberLoss {
    config: HuberConfig,
}

/// Choices of a [`HuberLoss`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HuberConfig {
    /// `δ`: the distance at which the loss turns from squared to absolute.
    pub delta: f64,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl Default for HuberConfig {
    fn default() -> Self {
        Self { delta: 1.0, reduction: Reduction::Mean }
    }
}

impl HuberLoss {
    /// A loss that turns at `delta`.
    ///
    /// # Errors
    /// If `delta` is not positive and finite.
    pub fn new(config: HuberConfig) -> Result<Self, Error> {
        let range = "a finite number > 0";
        Error::check_hyperparameter(Self::NAME, "delta", range, config.delta, |d| {
            d > 0.0 && d.is_finite()
        })?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> HuberConfig {
        self.config
    }
}

impl ElementLoss for HuberLoss {
    const NAME: &'static str = "huber";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        let (d, delta) = ((a - y).abs(), self.config.delta);
        // ½ d² and δ (|d| − ½ δ): both are computed, then one chosen, which needs no branch.
        let (square, line) = (0.5 * d * d, delta * (d - 0.5 * delta));
        if d < delta { square } else { line }
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        let (d, delta) = (a - y, self.config.delta);
        let far = delta * sign(d); // δ sign(d)
        if d.abs() < delta { d } else { far }
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let (d, delta) = ((Wide::from(a) - Wide::from(y)).abs(), Wide::from(self.config.delta));
        let half = Wide::from(0.5);
        if d < delta { half * d * d } else { delta * (d - half * delta) }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{HuberConfig, HuberLoss};
    use crate::{Loss, Reduction};

    // δ = 2, d = [1 −2; 5 −½]: ℓ = [½, 2(2 − 1) = 2; 2(5 − 1) = 8, ⅛], their sum 85/8;
    // ∂ℓ/∂a = [1 −2; 2 −½].
    #[test]
    fn two_by_two_by_hand() {
        let d = array![[1.0, -2.0], [5.0, -0.5]];
        let y = array![[3.0, 0.0], [-1.0, 2.0]];
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let huber = HuberLoss::new(HuberConfig { delta: 2.0, reduction }).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            assert_eq!(huber.forward(&(&d + &y), &y).unwrap(), 85.0 / 8.0 * scale);
            assert_eq!(huber.backward(&(&d + &y), &y, &mut da).unwrap(), 85.0 / 8.0 * scale);
            assert_eq!(da, array![[1.0, -2.0], [2.0, -0.5]] * scale);
        }
    }

    #[test]
    fn extremes() {
        let mut da = Array2::zeros((1, 3));
        let y = Array2::zeros((1, 3));
        let huber = HuberLoss::default();
        let loss = huber.backward(&array![[1e4_f64, -1e4, 5e-324]], &y, &mut da).unwrap();
        assert_eq!(loss, (2e4 - 1.0) / 3.0);
        assert_eq!(da, array![[1.0 / 3.0, -1.0 / 3.0, 0.0]]);
        let loss = huber.backward(&array![[f64::NEG_INFINITY, f64::NAN, 0.0]], &y, &mut da);
        assert!(loss.unwrap().is_nan() && da[[0, 0]] == -1.0 / 3.0 && da[[0, 1]].is_nan());
        let infinite = array![[f64::INFINITY, 0.0, 0.0]];
        assert_eq!(huber.forward(&infinite, &y).unwrap(), f64::INFINITY);
    }

    #[test]
    fn delta_is_checked() {
        for (delta, found) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")]
        {
            let error = HuberLoss::new(HuberConfig { delta, ..HuberConfig::default() });
            let message = format!("huber: expected delta to be a finite number > 0, found {found}");
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }
}
