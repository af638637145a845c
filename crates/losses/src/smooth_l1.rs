//! The absolute error with its corner rounded off.

use tensor_core::functions::sign;
use tensor_core::{Error, Float, Wide};

use crate::check::check_not_negative;
use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// The absolute error with its corner rounded off, PyTorch's `nn.SmoothL1Loss`.
///
/// ```text
/// ℓ(d)       = ½ d²/β       if |d| < β
///            = |d| − ½ β    otherwise
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c] − Y[n, c])
/// dLdA[n, c] = (1/(N·C)) clamp((A[n, c] − Y[n, c])/β, −1, 1)
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets, `β ≥ 0` is [`SmoothL1Config::beta`];
/// `clamp(x, −1, 1)` is `x` limited to that range. With [`Reduction::Sum`], `1/(N·C)` is left out.
///
/// With `β = 0` it is [`MaeLoss`](crate::MaeLoss), whose derivative is `sign(A − Y)`; otherwise it
/// is [`HuberLoss`](crate::HuberLoss) with `δ = β`, divided by `β`.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum, and `∂d/∂a = 1` for `d = a − y`. The derivative of
/// `½ d²/β` is `d/β`, that of `|d| − ½ β` is `sign(d)`; at `|d| = β` both are `±1`, and both values
/// of `ℓ` are `½ β`. So the two pieces join without a corner.
///
/// Source: R. Girshick, *Fast R-CNN*, 2015, <https://arxiv.org/abs/1504.08083>, equation 3 (there
/// `β = 1`).
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
/// use losses::{Loss, SmoothL1Config, SmoothL1Loss};
/// use ndarray::{Array2, array};
///
/// // β = ½: ℓ(¼) = ½·(1/16)/½, ℓ(−3) = 3 − ¼.
/// let smooth = SmoothL1Loss::new(SmoothL1Config { beta: 0.5, ..SmoothL1Config::default() })?;
/// let mut da = Array2::zeros((1, 2));
/// let loss = smooth.backward(&array![[0.25, -3.0]], &array![[0.0, 0.0]], &mut da)?;
/// assert_eq!(loss, (0.0625 + 2.75) / 2.0);
/// assert_eq!(da, array![[0.5 / 2.0, -1.0 / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SmoothL1Loss {
    config: SmoothL1Config,
}

/// Choices of a [`SmoothL1Loss`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SmoothL1Config {
    /// `β`: the distance within which the corner is rounded off.
    pub beta: f64,
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl Default for SmoothL1Config {
    fn default() -> Self {
        Self { beta: 1.0, reduction: Reduction::Mean }
    }
}

impl SmoothL1Loss {
    /// A loss that is rounded off within `beta`.
    ///
    /// # Errors
    /// If `beta` is negative or not finite.
    pub fn new(config: SmoothL1Config) -> Result<Self, Error> {
        check_not_negative(PLACE, "beta", [&config.beta])?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> SmoothL1Config {
        self.config
    }
}

const PLACE: &str = "smooth-l1";

impl ElementLoss for SmoothL1Loss {
    const NAME: &'static str = PLACE;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        let (d, beta) = (a - y, self.config.beta);
        // ½ d²/β as ½ d·(d/β): the square of a tiny d is 0, and d/β is the derivative as well. Both
        // pieces are computed, then one chosen, which needs no branch.
        let (square, line) = (0.5 * d * (d / beta), d.abs() - 0.5 * beta);
        if d.abs() < beta { square } else { line }
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        let (d, beta) = (a - y, self.config.beta);
        let (near, far) = (d / beta, sign(d));
        if d.abs() < beta { near } else { far }
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let (d, beta) = ((Wide::from(a) - Wide::from(y)).abs(), Wide::from(self.config.beta));
        let half = Wide::from(0.5);
        if d < beta { half * d * (d / beta) } else { d - half * beta }
    }

    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        let (d, beta) = (Wide::from(a) - Wide::from(y), Wide::from(self.config.beta));
        if d.abs() < beta { d / beta } else { self.derivative::<F>(a, y).into() }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{SmoothL1Config, SmoothL1Loss};
    use crate::{Loss, MaeLoss, Reduction};

    // β = 2, d = [1 −2; 5 −½]: ℓ = [¼, 1; 4, 1/16], their sum 85/16; ∂ℓ/∂a = [½ −1; 1 −¼].
    #[test]
    fn two_by_two_by_hand() {
        let d = array![[1.0, -2.0], [5.0, -0.5]];
        let y = array![[3.0, 0.0], [-1.0, 2.0]];
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let smooth = SmoothL1Loss::new(SmoothL1Config { beta: 2.0, reduction }).unwrap();
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            assert_eq!(smooth.forward(&(&d + &y), &y).unwrap(), 85.0 / 16.0 * scale);
            assert_eq!(smooth.backward(&(&d + &y), &y, &mut da).unwrap(), 85.0 / 16.0 * scale);
            assert_eq!(da, array![[0.5, -1.0], [1.0, -0.25]] * scale);
        }
    }

    #[test]
    fn without_rounding_it_is_the_absolute_error() {
        let sharp = SmoothL1Loss::new(SmoothL1Config { beta: 0.0, ..SmoothL1Config::default() });
        let (a, y) = (array![[1e4, 0.0, -3.0, 1e-320]], Array2::zeros((1, 4)));
        let (mut da, mut db) = (Array2::zeros((1, 4)), Array2::zeros((1, 4)));
        let loss: f64 = sharp.unwrap().backward(&a, &y, &mut da).unwrap();
        assert_eq!(loss, MaeLoss::default().backward(&a, &y, &mut db).unwrap());
        assert_eq!(da, db);
    }

    #[test]
    fn extremes() {
        let tiny = SmoothL1Config { beta: 1e-200, reduction: Reduction::Sum };
        let mut da = Array2::zeros((1, 1));
        let zero = array![[0.0]];
        let mut both = |config, a| {
            let loss = SmoothL1Loss::new(config).unwrap().backward(&array![[a]], &zero, &mut da);
            (loss.unwrap(), da[[0, 0]])
        };
        // ½·d·(d/β) = ½·5e-201·½
        assert_eq!(both(tiny, 5e-201), (1.25e-201, 0.5));
        assert_eq!(both(tiny, f64::NEG_INFINITY), (f64::INFINITY, -1.0));
        let (loss, gradient) = both(SmoothL1Config::default(), f64::NAN);
        assert!(loss.is_nan() && gradient.is_nan());
    }

    #[test]
    fn beta_is_checked() {
        for (beta, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let error = SmoothL1Loss::new(SmoothL1Config { beta, ..SmoothL1Config::default() });
            let message =
                format!("smooth-l1: expected beta to be a finite number ≥ 0, found {found}");
            assert_eq!(error.unwrap_err().to_string(), message);
        }
    }
}
