//! The negative log-likelihood of numbers, with a predicted variance.

use std::f64::consts::PI;

use ndarray::{ArrayRef1, ArrayRef2, Axis, Ix2, Slice};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::functions::{exp, ln};
use tensor_core::sums::Sum;
use tensor_core::{Error, Float, Wide};

use crate::check::{check_shape, check_values};
use crate::domain::Domain;
use crate::loss::{EachLoss, Loss, SampleWeightedLoss};
use crate::range::{is_gradient_safe, is_loss_safe};
use crate::reduction::Reduction;
use crate::row::{self, RowLoss};

/// The negative log-likelihood of numbers under normal distributions whose mean and variance are
/// predicted: PyTorch's `nn.GaussianNLLLoss`.
///
/// ```text
/// m = A[n, c]    v = max(A[n, C + c], ε)     mean and variance of target c
/// d = m − Y[n, c]
/// ℓ[n, c]        = ½ (ln v + d²/v)
/// L              = (1/(N·C)) Σ_n Σ_c ℓ[n, c]
/// dLdA[n, c]     = (1/(N·C)) d/v                    of the mean
/// dLdA[n, C + c] = (1/(N·C)) ½ (1 − d²/v)/v         of the variance
/// ```
///
/// A row of predictions holds `C` means, then `C` variances, each at least 0; PyTorch takes them as
/// two arguments. `ε` is [`GaussianNllConfig::eps`]. As in PyTorch, the gradient of a variance
/// below `ε` is that at `ε`, not 0: it can leave. With [`GaussianNllConfig::log_variance`], `s =
/// A[n, C + c]` is the logarithm of the variance, any number, for which a model needs no last
/// activation:
///
/// ```text
/// ℓ[n, c]        = ½ (s + d² e^−s)
/// dLdA[n, c]     = (1/(N·C)) d e^−s
/// dLdA[n, C + c] = (1/(N·C)) ½ (1 − d² e^−s)
/// ```
///
/// With [`GaussianNllConfig::full`], `½ ln 2π` is added to each `ℓ`. With [`Reduction::Sum`],
/// `1/(N·C)` is left out.
///
/// # Derivation
///
/// The density of `y` is `exp(−d²/(2v))/√(2π v)`, and `ℓ` its negative logarithm without
/// `½ ln 2π`. `∂ℓ/∂m = d/v` and `∂ℓ/∂v = ½ (1/v − d²/v²)`; with `v = e^s`, `∂ℓ/∂s = v ∂ℓ/∂v`.
///
/// Source: D. A. Nix and A. S. Weigend, *Estimating the mean and variance of the target probability
/// distribution*, ICNN 1994, <https://doi.org/10.1109/ICNN.1994.374138>.
///
/// # Shapes
///
/// Predictions `A (N, 2C)`, targets `Y (N, C)`, gradient `dLdA (N, 2C)`; samples `(N, C)`.
///
/// # Errors
///
/// If these shapes do not fit, if there are no predictions, or if a variance is negative or
/// infinite. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{GaussianNllLoss, Loss};
/// use ndarray::{Array2, array};
///
/// // mean 3, variance 4, target 1: d²/v = 1, so the variance is as it should be.
/// let mut da = Array2::zeros((1, 2));
/// let loss =
///     GaussianNllLoss::default().backward(&array![[3.0, 4.0]], &array![[1.0]], &mut da)?;
/// assert_eq!(loss, 0.5 * (4.0_f64.ln() + 1.0));
/// assert_eq!(da, array![[0.5, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GaussianNllLoss {
    config: GaussianNllConfig,
}

/// Choices of a [`GaussianNllLoss`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GaussianNllConfig {
    /// Whether the second half of the predictions are logarithms of variances.
    pub log_variance: bool,
    /// Whether `½ ln 2π` is added.
    pub full: bool,
    /// `ε`: the least variance. Not used with `log_variance`.
    pub eps: f64,
    /// Mean or sum over the targets.
    pub reduction: Reduction,
}

impl Default for GaussianNllConfig {
    fn default() -> Self {
        Self { log_variance: false, full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

const PLACE: &str = "gaussian-nll";

/// `ℓ`, `∂ℓ/∂m` and `∂ℓ/∂v`, or that of the logarithm.
type Terms<T> = (T, T, T);

impl GaussianNllLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If `eps` is not a positive normal number, at least 2.3e-308.
    pub fn new(config: GaussianNllConfig) -> Result<Self, Error> {
        let range = "a normal number > 0";
        Error::check_hyperparameter(PLACE, "eps", range, config.eps, |eps| {
            eps > 0.0 && eps.is_normal()
        })?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> GaussianNllConfig {
        self.config
    }

    /// `½ ln 2π`, if it is asked for.
    fn constant(&self) -> f64 {
        if self.config.full { 0.5 * (2.0 * PI).ln() } else { 0.0 }
    }

    fn terms<F: Float>(&self, m: f64, v: f64, y: f64) -> Terms<f64> {
        let d = m - y;
        if self.config.log_variance {
            let root = exp::<F>(-0.5 * v); // e^(−s/2)
            let r = d * root;
            return (0.5 * (v + r * r) + self.constant(), r * root, 0.5 * (1.0 - r * r));
        }
        let v = if v < self.config.eps { self.config.eps } else { v };
        let q = d / v;
        (0.5 * (ln::<F>(v) + d * q) + self.constant(), q, 0.5 * (1.0 - d * q) / v)
    }

    /// The same in numbers whose exponent does not run out.
    fn wide_terms<F: Float>(&self, m: f64, v: f64, y: f64) -> Terms<Wide> {
        let (d, half, one) = (Wide::from(m) - Wide::from(y), Wide::from(0.5), Wide::from(1.0));
        let constant = Wide::from(self.constant());
        if self.config.log_variance {
            let root = Wide::exp(-0.5 * v); // e^(−s/2)
            let r = d * root;
            return (half * (Wide::from(v) + r * r) + constant, r * root, half * (one - r * r));
        }
        let v = if v < self.config.eps { self.config.eps } else { v };
        let q = d / Wide::from(v);
        let loss = half * (Wide::from(v).ln::<F>() + d * q) + constant;
        (loss, q, half * (one - d * q) / Wide::from(v))
    }
}

impl GaussianNllLoss {
    /// `ℓ`, and `d ∂ℓ/∂m` and `d ∂ℓ/∂v`, of one sample.
    fn scaled_terms<F: Float>(&self, [m, v, y]: [f64; 3], d: f64) -> Terms<f64> {
        let (loss, dm, dv) = self.terms::<F>(m, v, y);
        let (dm, dv) = (d * dm, d * dv);
        let are_right = is_gradient_safe::<F>(dm, d) && is_gradient_safe::<F>(dv, d);
        if is_loss_safe::<F>(loss) && are_right {
            return (loss, dm, dv);
        }
        let (loss, dm, dv) = self.wide_terms::<F>(m, v, y);
        (loss.value(), (Wide::from(d) * dm).value(), (Wide::from(d) * dv).value())
    }
}

/// Mean, variance and target of one sample, as `f64`.
fn sample<F: Float>(a: &ArrayRef2<F>, y: &ArrayRef2<F>, (n, c): (usize, usize)) -> [f64; 3] {
    [a[[n, c]], a[[n, y.ncols() + c]], y[[n, c]]].map(F::as_f64)
}

impl<F: Float> RowLoss<F> for GaussianNllLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = &'a ArrayRef2<F>;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        let n_targets = y.ncols();
        check_shape(PLACE, "predictions", &[y.nrows(), n_targets.saturating_mul(2)], a.shape())?;
        if self.config.log_variance {
            return Ok(());
        }
        let mut variances = a.view();
        variances.slice_axis_inplace(Axis(1), Slice::from(n_targets..));
        let role = "predictions: variance";
        check_values(PLACE, role, Domain::NOT_NEGATIVE, &variances, sample_weights).map_err(
            |mut error| {
                if let Error::Value { column: Some(column), .. } = &mut error {
                    *column += n_targets;
                }
                error
            },
        )
    }

    // d/v and d²/v² may be infinite where d²/v is not.
    fn is_steep(&self) -> bool {
        true
    }

    fn count(&self, y: &ArrayRef2<F>, _n: usize) -> Option<f64> {
        Some(y.ncols() as f64)
    }

    #[inline(always)]
    fn row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: &ArrayRef2<F>,
        mut gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let mut sum = Sum::<F>::default();
        for c in 0..y.ncols() {
            let [m, v, t] = sample(a.values(), y, (n, c));
            let (loss, dm, dv) = self.terms::<F>(m, v, t);
            sum = sum.plus(loss);
            if let Some((factor, da)) = &mut gradient {
                da[c] = F::of(*factor * dm);
                da[y.ncols() + c] = F::of(*factor * dv);
            }
        }
        sum.value()
    }

    fn wide_row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: &ArrayRef2<F>,
        mut gradient: Option<(Wide, &mut ArrayRef1<F>)>,
    ) -> Wide {
        let mut sum = Wide::ZERO;
        for c in 0..y.ncols() {
            let [m, v, t] = sample(a.values(), y, (n, c));
            let (loss, dm, dv) = self.wide_terms::<F>(m, v, t);
            sum = sum + loss;
            if let Some((factor, da)) = &mut gradient {
                da[c] = F::of((*factor * dm).value());
                da[y.ncols() + c] = F::of((*factor * dv).value());
            }
        }
        sum
    }
}

crate::row::row_passes!(GaussianNllLoss, &'a ArrayRef2<F>, &ArrayRef2<F>);

impl<F: Float> EachLoss<F> for GaussianNllLoss {
    type Samples = Ix2;

    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        each: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        row::check(self, a, y, None, None)?;
        check_shape(PLACE, "losses of the samples", y.shape(), each.shape())?;
        for (place, each) in each.indexed_iter_mut() {
            *each = F::of(self.scaled_terms::<F>(sample(a, y, place), 1.0).0);
        }
        Ok(())
    }

    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        d_each: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        row::check(self, a, y, None, Some(da))?;
        check_shape(PLACE, "gradient of the samples", y.shape(), d_each.shape())?;
        for ((n, c), d) in d_each.indexed_iter() {
            let (_, dm, dv) = self.scaled_terms::<F>(sample(a, y, (n, c)), d.as_f64());
            (da[[n, c]], da[[n, y.ncols() + c]]) = (F::of(dm), F::of(dv));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{GaussianNllConfig, GaussianNllLoss};
    use crate::{Loss, Reduction};

    // Rows: means [1 2], variances [1 4], targets [3 2] and [0 0]: d = [−2 0; 1 2],
    // ℓ = ½ [4, ln 4; 1, ln 4 + 1], dm = d/v = [−2 0; 1 ½], dv = ½ (1 − d²/v)/v
    // = [−3/2, ⅛; 0, 0].
    #[test]
    fn two_by_two_by_hand() {
        let (a, y) =
            (array![[1.0, 2.0, 1.0, 4.0], [1.0, 2.0, 1.0, 4.0]], array![[3.0, 2.0], [0.0, 0.0]]);
        let ln_4 = 4.0_f64.ln();
        let total = 0.5 * (4.0 + ln_4 + 1.0 + ln_4 + 1.0);
        let means = array![[-2.0, 0.0], [1.0, 0.5]];
        let variances = array![[-1.5, 0.125], [0.0, 0.0]];
        // Of ln v: v times as much.
        let logarithms = array![[-1.5, 0.5], [0.0, 0.0]];
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            for (log_variance, second) in [(false, &variances), (true, &logarithms)] {
                let config = GaussianNllConfig { log_variance, reduction, ..Default::default() };
                let mut a = a.clone();
                if log_variance {
                    a.columns_mut().into_iter().skip(2).for_each(|mut v| v.mapv_inplace(f64::ln));
                }
                let mut da = Array2::from_elem((2, 4), f64::NAN);
                let loss = GaussianNllLoss::new(config).unwrap().backward(&a, &y, &mut da);
                assert_relative_eq!(loss.unwrap(), total * scale, max_relative = 1e-15);
                let want = ndarray::concatenate![ndarray::Axis(1), means, *second] * scale;
                assert_relative_eq!(da, want, epsilon = 1e-15, max_relative = 1e-15);
            }
        }
        let full = GaussianNllConfig { full: true, ..GaussianNllConfig::default() };
        let loss = GaussianNllLoss::new(full).unwrap().forward(&a, &y).unwrap();
        let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert_relative_eq!(loss, total * 0.25 + constant, max_relative = 1e-15);
    }

    #[test]
    fn extremes() {
        let both = |a: [f64; 2], y: f64, log_variance: bool| {
            let config = GaussianNllConfig { log_variance, ..GaussianNllConfig::default() };
            let (mut da, gaussian) = (Array2::zeros((1, 2)), GaussianNllLoss::new(config).unwrap());
            let loss = gaussian.backward(&array![[a[0], a[1]]], &array![[y]], &mut da).unwrap();
            (loss, da[[0, 0]], da[[0, 1]])
        };
        // A variance of 0 is taken as 1e-6, where its derivative is ½·1e6.
        let (loss, dm, dv) = both([0.0, 0.0], 0.0, false);
        assert_eq!((loss, dm, dv), (0.5 * 1e-6_f64.ln(), 0.0, 0.5 / 1e-6));
        // d²/v = 1e400/1e300, and a difference of 3e308 over a variance of 1e308
        let (loss, dm, _) = both([1e200, 1e300], 0.0, false);
        assert_relative_eq!(loss, 0.5e100, max_relative = 1e-14);
        assert_relative_eq!(dm, 1e-100, max_relative = 1e-14);
        let (loss, dm, _) = both([1.5e308, 1e308], -1.5e308, false);
        assert_eq!(loss, f64::INFINITY); // ½·9e616/1e308
        assert_relative_eq!(dm, 3.0, max_relative = 1e-14);
        // s = ±1400: e^−s is beyond f64, d² e^−s is not.
        let (loss, dm, dv) = both([1.0, 1400.0], 0.0, true);
        assert_eq!((loss, dm, dv), (700.0, 0.0, 0.5));
        let (loss, ..) = both([1e-300, -1400.0], 0.0, true);
        assert_relative_eq!(
            loss,
            0.5 * ((1400.0 - 600.0 * 10.0_f64.ln()).exp() - 1400.0),
            max_relative = 1e-10
        );
        let (loss, dm, dv) = both([f64::NAN, 1.0], 0.0, false);
        assert!(loss.is_nan() && dm.is_nan() && dv.is_nan());
        let (loss, dm, dv) = both([0.0, f64::NAN], 0.0, false);
        assert!(loss.is_nan() && dm.is_nan() && dv.is_nan());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let gaussian = GaussianNllLoss::default();
        let refused = |a: Array2<f64>, y: Array2<f64>| {
            let mut da = Array2::from_elem(a.dim(), 7.0);
            let error = gaussian.backward(&a, &y, &mut da).unwrap_err();
            assert!(da.iter().all(|&da| da == 7.0), "a refused call writes nothing");
            error.to_string()
        };
        assert_eq!(
            refused(Array2::zeros((2, 3)), Array2::zeros((2, 2))),
            "gaussian-nll: predictions: expected shape (2, 4), found (2, 3)"
        );
        assert_eq!(
            refused(array![[0.0, 0.0, 1.0, -1.0]], Array2::zeros((1, 2))),
            "gaussian-nll: predictions: variance: expected a finite number ≥ 0 in row 0, column 3, \
             found -1"
        );
        let config = GaussianNllConfig { eps: 0.0, ..GaussianNllConfig::default() };
        assert_eq!(
            GaussianNllLoss::new(config).unwrap_err().to_string(),
            "gaussian-nll: expected eps to be a normal number > 0, found 0"
        );
        let of = |eps| GaussianNllLoss::new(GaussianNllConfig { eps, ..config });
        assert!(of(f64::MIN_POSITIVE).is_ok() && of(f64::MIN_POSITIVE / 2.0).is_err());
    }
}
