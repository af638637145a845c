//! The loss whose best prediction is a quantile.

use tensor_core::{Error, Float, Wide};

use crate::element::ColumnLoss;
use crate::reduction::Reduction;

/// The pinball loss, also quantile loss: the absolute error with a weight for each side, whose best
/// prediction is a quantile of the target.
///
/// ```text
/// ℓ(a, y, τ) = τ (y − a)          if a < y
///            = (1 − τ) (a − y)    otherwise
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c], τ[c])
/// dLdA[n, c] = −τ[c]/(N·C)           if A[n, c] < Y[n, c]
///            = (1 − τ[c])/(N·C)      if A[n, c] > Y[n, c], and 0 if they are equal
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets, `τ (C)` from
/// [`PinballConfig::quantiles`] is the quantile that each column predicts. For several quantiles of
/// one target, `Y` holds it in several columns: nothing is broadcast. With [`Reduction::Sum`],
/// `1/(N·C)` is left out. With `τ = ½`, it is half of [`MaeLoss`](crate::MaeLoss).
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum, and on either side of `y` that is a line. At the
/// corner `a = y` there is no derivative; 0 is taken, which lies between both: a prediction that is
/// right is not moved. The expected loss has the derivative `P(Y < a) (1 − τ) − P(Y > a) τ`, which
/// is 0 where `P(Y < a) = τ`.
///
/// PyTorch has no such loss; scikit-learn's `mean_pinball_loss` is this with `alpha` for `τ`.
/// Source: R. Koenker and G. Bassett, *Regression quantiles*, Econometrica 46, 1978,
/// <https://doi.org/10.2307/1913643>.
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets `Y (N, C)`, quantiles `τ (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes do not fit, or there are no predictions. Every number is a prediction and a
/// target; NaN comes out again.
///
/// # Examples
///
/// ```
/// use losses::{Loss, PinballConfig, PinballLoss};
/// use ndarray::{Array2, array};
///
/// // The lower and the upper decile of one target: 0.9·2 and 0.9·1.
/// let config = PinballConfig { quantiles: vec![0.1, 0.9], ..PinballConfig::default() };
/// let mut da = Array2::zeros((1, 2));
/// let loss =
///     PinballLoss::new(config)?.backward(&array![[5.0, 2.0]], &array![[3.0, 3.0]], &mut da)?;
/// assert_eq!(loss, (0.9 * 2.0 + 0.9 * 1.0) / 2.0);
/// assert_eq!(da, array![[0.9 / 2.0, -0.9 / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PinballLoss {
    config: PinballConfig,
}

/// Choices of a [`PinballLoss`]: which quantiles are predicted, one in each column. Fields that are
/// not named keep the default.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PinballConfig {
    /// `τ (C)`, between 0 and 1: the quantile that each column predicts. The median of one column,
    /// if left out.
    pub quantiles: Vec<f64>,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl Default for PinballConfig {
    fn default() -> Self {
        Self { quantiles: vec![0.5], reduction: Reduction::Mean }
    }
}

impl PinballLoss {
    /// A loss of the given quantiles.
    ///
    /// # Errors
    /// If one does not lie between 0 and 1, both excluded. That there are `C` of them is checked
    /// with each batch.
    pub fn new(config: PinballConfig) -> Result<Self, Error> {
        let range = "between 0 and 1";
        config.quantiles.iter().try_for_each(|&tau| {
            Error::check_hyperparameter(Self::NAME, "quantiles", range, tau, |t| t > 0.0 && t < 1.0)
        })?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &PinballConfig {
        &self.config
    }
}

impl ColumnLoss for PinballLoss {
    const NAME: &'static str = "pinball";
    const COEFFICIENTS: &'static str = "quantiles";

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    #[inline(always)]
    fn coefficients(&self) -> Option<&[f64]> {
        Some(&self.config.quantiles)
    }

    #[inline(always)]
    fn column_loss<F: Float>(&self, a: f64, y: f64, tau: f64) -> f64 {
        let d = a - y;
        let (above, below) = ((1.0 - tau) * d, -tau * d);
        if d > 0.0 { above } else { below }
    }

    #[inline(always)]
    fn column_derivative<F: Float>(&self, a: f64, y: f64, tau: f64) -> f64 {
        let d = a - y;
        let side = if d > 0.0 { 1.0 - tau } else { -tau };
        // 0 at the corner, NaN for NaN
        let is_right = d == 0.0;
        let side = if is_right { 0.0 } else { side };
        if d.is_nan() { d } else { side }
    }

    fn wide_column_loss<F: Float>(&self, a: f64, y: f64, tau: f64) -> Wide {
        let d = Wide::from(a) - Wide::from(y);
        if d > Wide::ZERO { Wide::from(1.0 - tau) * d } else { Wide::from(-tau) * d }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{PinballConfig, PinballLoss};
    use crate::{Loss, Reduction};

    // τ = [¼ ½], A − Y = [1 −2; −4 0]: ℓ = [¾, 1; 1, 0], ∂ℓ/∂a = [¾ −½; −¼ 0].
    #[test]
    fn two_by_two_by_hand() {
        let y = array![[3.0, 0.0], [-1.0, 2.0]];
        let a = &y + &array![[1.0, -2.0], [-4.0, 0.0]];
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let config = PinballConfig { quantiles: vec![0.25, 0.5], reduction };
            let pinball = PinballLoss::new(config).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            assert_eq!(pinball.backward(&a, &y, &mut da).unwrap(), 2.75 * scale);
            assert_eq!(da, array![[0.75, -0.5], [-0.25, 0.0]] * scale);
        }
    }

    // Of 0, 1, …, 8, the quantile ¼ is 2: there the gradient changes its sign.
    #[test]
    fn the_best_prediction_is_the_quantile() {
        let config = PinballConfig { quantiles: vec![0.25], reduction: Reduction::Mean };
        let pinball = PinballLoss::new(config).unwrap();
        let y = Array2::from_shape_fn((9, 1), |(n, _)| n as f64);
        let loss = |a: f64| pinball.forward(&Array2::from_elem((9, 1), a), &y).unwrap();
        assert!((0..9).all(|a| a == 2 || loss(f64::from(a)) > loss(2.0)));
    }

    #[test]
    fn extremes() {
        let pinball = PinballLoss::default();
        let mut da = Array2::zeros((1, 1));
        let mut both = |a: f64, y: f64| {
            let loss = pinball.backward(&array![[a]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]])
        };
        let inf = f64::INFINITY;
        assert_eq!((both(1e4, 0.0), both(-1e4, 0.0)), ((5e3, 0.5), (5e3, -0.5)));
        assert_eq!((both(inf, 0.0), both(0.0, inf)), ((inf, 0.5), (inf, -0.5)));
        // half of a distance that is beyond f64
        assert_relative_eq!(both(1.5e308, -1.5e308).0, 1.5e308, max_relative = 1e-15);
        let (loss, gradient) = both(f64::NAN, 0.0);
        assert!(loss.is_nan() && gradient.is_nan());
    }

    #[test]
    fn quantiles_are_checked() {
        for (bad, found) in [(0.0, "0"), (1.0, "1"), (-0.5, "-0.5"), (f64::NAN, "NaN")] {
            let config = PinballConfig { quantiles: vec![0.5, bad], ..PinballConfig::default() };
            let message =
                format!("pinball: expected quantiles to be between 0 and 1, found {found}");
            assert_eq!(PinballLoss::new(config).unwrap_err().to_string(), message);
        }
        let a = Array2::<f64>::zeros((1, 2));
        let message = "pinball: quantiles: expected shape (2), found (1)";
        assert_eq!(PinballLoss::default().forward(&a, &a).unwrap_err().to_string(), message);
    }
}
