//! Uniform or normal, whatever the column was.

use ndarray::ArrayRef2;
use tensor_core::Rng;
use tensor_core::functions::normal;

use crate::normal_quantile::normal_quantile;
use crate::quantiles::{between, nth_quantile, sorted};
use crate::scaler::of_columns;
use crate::{Error, Scaler};

/// Maps each column to a uniform or normal distribution, by its own distribution function.
///
/// ```text
/// u = F(x): the share of the learned numbers up to x        x ↦ u, or Φ⁻¹(u)
/// ```
///
/// `F` is linear between `n_quantiles` quantiles of the column that are equally far apart in `u`.
/// Where several quantiles are one number, `F` is the middle of the lowest and the highest share. A
/// number below or above all learned ones becomes 0 or 1. For the normal distribution the result
/// stays within `Φ⁻¹(1e-7) … Φ⁻¹(1 − 1e-7)`, about ±5.2.
///
/// It keeps the order and nothing else, so a heavy tail loses its weight. scikit-learn's
/// `QuantileTransformer`, which for the normal distribution also takes a number within 1e-7 of an
/// end for the end, whatever the column's unit. Of more rows than `subsample`, so many drawn by lot
/// are learned from; the lot is ours. A column without any number becomes 0 or, normal, the lower
/// end.
///
/// # Examples
/// ```
/// use data::{Distribution, QuantileConfig, QuantileTransformer, Scaler};
/// use ndarray::array;
///
/// let x = array![[1.0], [10.0], [100.0], [1000.0], [10000.0]];
/// let mut config = QuantileConfig { n_quantiles: 5, ..QuantileConfig::default() };
/// let uniform = QuantileTransformer::fit(&x, config)?;
/// assert_eq!(uniform.value(0, 10.0), 0.25);
/// assert_eq!(uniform.value(0, 55.0), 0.375); // half way between 10 and 100
/// assert_eq!(uniform.inverse_value(0, 0.375), 55.0);
///
/// config.output = Distribution::Normal;
/// assert_eq!(QuantileTransformer::fit(&x, config)?.value(0, 100.0), 0.0);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct QuantileTransformer {
    /// The quantiles of each column, in rising order.
    quantiles: Vec<Vec<f64>>,
    output: Distribution,
}

/// What a [`QuantileTransformer`] maps to.
///
/// # Examples
/// ```
/// assert_eq!(data::QuantileConfig::default().output, data::Distribution::Uniform);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Distribution {
    /// Equally likely from 0 to 1.
    Uniform,
    /// Normal with mean 0 and standard deviation 1.
    Normal,
}

/// The choices of a [`QuantileTransformer`]; the default is scikit-learn's.
///
/// # Examples
/// ```
/// use data::{Distribution, QuantileConfig};
///
/// let config = QuantileConfig { output: Distribution::Normal, ..QuantileConfig::default() };
/// assert_eq!((config.n_quantiles, config.subsample), (1000, 10_000));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct QuantileConfig {
    /// How many quantiles are learned; at most as many as there are rows.
    pub n_quantiles: usize,
    /// What the columns are mapped to.
    pub output: Distribution,
    /// How many rows are learned from at most.
    pub subsample: usize,
    /// Which rows these are.
    pub seed: u64,
}

impl Default for QuantileConfig {
    fn default() -> Self {
        Self { n_quantiles: 1000, output: Distribution::Uniform, subsample: 10_000, seed: 0 }
    }
}

/// How near to 0 and 1 a share is one of them, for the normal distribution.
const END: f64 = 1e-7;

impl QuantileTransformer {
    /// Learns from training rows.
    ///
    /// # Errors
    /// If there are no rows, a number is infinite, or `n_quantiles` or `subsample` is 0.
    pub fn fit(x: &ArrayRef2<f64>, config: QuantileConfig) -> Result<Self, Error> {
        let QuantileConfig { n_quantiles, output, subsample, seed } = config;
        for (name, number) in [("n_quantiles", n_quantiles), ("subsample", subsample)] {
            if number == 0 {
                let expected = "at least 1";
                return Err(Error::Choice { place: Self::NAME, name, expected, found: 0.0 });
            }
        }
        let n_rows = x.nrows();
        let n_quantiles = n_quantiles.min(n_rows);
        let quantiles_of = |numbers: Vec<f64>| -> Vec<f64> {
            let numbers = sorted(numbers);
            (0..n_quantiles).map(|i| nth_quantile(&numbers, i, n_quantiles)).collect()
        };
        let quantiles = if subsample < n_rows {
            let mut rows = Rng::new(seed).permutation(n_rows);
            rows.truncate(subsample);
            let part = x.select(ndarray::Axis(0), &rows);
            of_columns(Self::NAME, &part, quantiles_of)?
        } else {
            of_columns(Self::NAME, x, quantiles_of)?
        };
        Ok(Self { quantiles, output })
    }

    /// The learned quantiles of each column, in rising order.
    pub fn quantiles(&self) -> &[Vec<f64>] {
        &self.quantiles
    }
}

impl Scaler for QuantileTransformer {
    const NAME: &'static str = "QuantileTransformer";

    fn n_columns(&self) -> usize {
        self.quantiles.len()
    }

    fn value(&self, column: usize, x: f64) -> f64 {
        let share = share(&self.quantiles[column], x);
        match self.output {
            Distribution::Uniform => share,
            // A little inside, as in scikit-learn, so that the way back finds the end.
            Distribution::Normal => {
                let end = normal_quantile(END - f64::EPSILON);
                let other = normal_quantile(1.0 - (END - f64::EPSILON));
                normal_quantile(share).clamp(end, other)
            }
        }
    }

    fn inverse_value(&self, column: usize, y: f64) -> f64 {
        let quantiles = &self.quantiles[column];
        let (first, last) = (quantiles[0], quantiles[quantiles.len() - 1]);
        let (share, end) = match self.output {
            Distribution::Uniform => (y, 0.0),
            Distribution::Normal => (normal::cdf::<f64>(y), END),
        };
        if share - end < 0.0 || share <= 0.0 {
            return first;
        }
        if share + end > 1.0 || share >= 1.0 {
            return last;
        }
        let place = share * (quantiles.len() - 1) as f64;
        let below = place.floor() as usize;
        let above = quantiles.get(below + 1).copied().unwrap_or(last);
        between(quantiles[below], above, place - place.floor())
    }
}

/// `F(x)`.
fn share(quantiles: &[f64], x: f64) -> f64 {
    if x <= quantiles[0] {
        0.0
    } else if x >= quantiles[quantiles.len() - 1] {
        1.0
    } else {
        0.5 * (from_below(quantiles, x) + from_above(quantiles, x))
    }
}

/// The share at `x` of the last quantile that is not above it, and on a line to the next.
fn from_below(quantiles: &[f64], x: f64) -> f64 {
    let above = quantiles.partition_point(|q| *q <= x);
    share_between(quantiles, above.checked_sub(1), x)
}

/// The same of the first quantile that is not below it, and the one before.
fn from_above(quantiles: &[f64], x: f64) -> f64 {
    let at = quantiles.partition_point(|q| *q < x);
    let step = (quantiles.len() - 1).max(1) as f64;
    match quantiles.get(at) {
        Some(q) if *q == x => at as f64 / step,
        _ => share_between(quantiles, at.checked_sub(1), x),
    }
}

/// The share at `x`, which lies from quantile `below` on; below all of them 0, above 1.
fn share_between(quantiles: &[f64], below: Option<usize>, x: f64) -> f64 {
    let Some(below) = below else { return 0.0 };
    let step = (quantiles.len() - 1).max(1) as f64;
    let Some(next) = quantiles.get(below + 1) else { return 1.0 };
    let q = quantiles[below];
    let t = (0.5 * x - 0.5 * q) / (0.5 * next - 0.5 * q);
    (below as f64 + t) / step
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    quantiles: Vec<Vec<f64>>,
    output: Distribution,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for QuantileTransformer {
    type Error = &'static str;

    fn try_from(Parts { quantiles, output }: Parts) -> Result<Self, &'static str> {
        let rising = |q: &Vec<f64>| !q.is_empty() && q.is_sorted();
        let finite = quantiles.iter().flatten().all(|q| q.is_finite());
        let right = finite && quantiles.iter().all(rising);
        let message = "QuantileTransformer: expected for each column at least 1 finite quantile, in rising order";
        if right { Ok(Self { quantiles, output }) } else { Err(message) }
    }
}
