//! Median 0, quartiles one apart.

use ndarray::ArrayRef2;

use crate::normal_quantile::normal_quantile;
use crate::quantiles::{quantile, sorted};
use crate::scaler::{is_constant, of_columns};
use crate::{Error, Scaler};

/// Scales each column by its median and the distance of two quantiles, which a few wild values do
/// not move.
///
/// ```text
/// x ↦ (x − median)/(Q(q₂) − Q(q₁))
/// ```
///
/// With `unit_variance`, the distance is divided by that of the same quantiles of the normal
/// distribution, so that normal columns get a standard deviation of 1. A column whose two quantiles
/// are equal, up to 2.2e-15 of their size, is divided by 1 instead; one without any number stays as
/// it is. scikit-learn's `RobustScaler`, where that bound is absolute: the unit of a column should
/// not decide whether it is scaled.
///
/// # Examples
/// ```
/// use data::{RobustConfig, RobustScaler, Scaler};
/// use ndarray::array;
///
/// let x = array![[1.0], [2.0], [3.0], [4.0], [1000.0]];
/// let scaler = RobustScaler::fit(&x, RobustConfig::default())?;
/// assert_eq!((scaler.center(), scaler.scale()), (&[3.0][..], &[2.0][..])); // quartiles 2 and 4
/// assert_eq!(scaler.value(0, 4.0), 0.5);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct RobustScaler {
    center: Vec<f64>,
    /// Infinite where the quantiles are farther apart than the largest number.
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number::each"))]
    scale: Vec<f64>,
}

/// The choices of a [`RobustScaler`]; the default is scikit-learn's.
///
/// # Examples
/// ```
/// use data::RobustConfig;
///
/// let deciles = RobustConfig { quantiles: (0.1, 0.9), ..RobustConfig::default() };
/// assert_eq!(RobustConfig::default().quantiles, (0.25, 0.75));
/// # let _ = deciles;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RobustConfig {
    /// `q₁ < q₂`, from 0 to 1.
    pub quantiles: (f64, f64),
    /// Whether a normal column gets a standard deviation of 1.
    pub unit_variance: bool,
}

impl Default for RobustConfig {
    fn default() -> Self {
        Self { quantiles: (0.25, 0.75), unit_variance: false }
    }
}

impl RobustScaler {
    /// Learns from training rows.
    ///
    /// # Errors
    /// If there are no rows, a number is infinite, the quantiles are not `0 ≤ q₁ < q₂ ≤ 1`, or
    /// `unit_variance` is asked for with 0 or 1, where the normal distribution has no quantiles.
    pub fn fit(x: &ArrayRef2<f64>, config: RobustConfig) -> Result<Self, Error> {
        let RobustConfig { quantiles: (low, high), unit_variance } = config;
        let refused =
            |name, expected, found| Err(Error::Choice { place: Self::NAME, name, expected, found });
        if !(0.0 <= low && low < high) {
            return refused("the lower quantile", "from 0 to below the upper one", low);
        }
        if !(0.0..=1.0).contains(&high) {
            return refused("the upper quantile", "at most 1", high);
        }
        let mut unit = 1.0;
        if unit_variance {
            if low == 0.0 || high == 1.0 {
                let end = if low == 0.0 { low } else { high };
                return refused("a quantile for unit variance", "between 0 and 1", end);
            }
            unit = normal_quantile(high) - normal_quantile(low);
        }
        let learned = of_columns(Self::NAME, x, |x| {
            let x = sorted(x);
            let ends = [low, high].map(|q| quantile(&x, q));
            let distance = ends[1] - ends[0];
            let constant = is_constant(distance, ends[0].abs().max(ends[1].abs()));
            (quantile(&x, 0.5), if constant { 1.0 } else { distance } / unit)
        })?;
        let (center, scale) = learned.into_iter().unzip();
        Ok(Self { center, scale })
    }

    /// The median of each column.
    pub fn center(&self) -> &[f64] {
        &self.center
    }

    /// What each column is divided by.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }
}

impl Scaler for RobustScaler {
    const NAME: &'static str = "RobustScaler";

    fn n_columns(&self) -> usize {
        self.center.len()
    }

    fn value(&self, column: usize, x: f64) -> f64 {
        (x - self.center[column]) / self.scale[column]
    }

    fn inverse_value(&self, column: usize, y: f64) -> f64 {
        y * self.scale[column] + self.center[column]
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    center: Vec<f64>,
    #[serde(with = "tensor_core::number::each")]
    scale: Vec<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for RobustScaler {
    type Error = &'static str;

    fn try_from(Parts { center, scale }: Parts) -> Result<Self, &'static str> {
        let finite = center.iter().all(|center| center.is_finite());
        let right = finite && center.len() == scale.len() && scale.iter().all(|scale| *scale > 0.0);
        let message = "RobustScaler: expected for each column a finite center and a scale above 0";
        if right { Ok(Self { center, scale }) } else { Err(message) }
    }
}
