//! Mean 0, standard deviation 1.

use ndarray::ArrayRef2;
use tensor_core::sums::Sum;

use crate::scaler::of_columns;
use crate::{Error, Scaler};

/// Scales each column to mean 0 and standard deviation 1 over the rows it has learned from.
///
/// ```text
/// x ↦ (x − μ)/σ        μ = Σ x/n        σ² = Σ (x − μ)²/n
/// ```
///
/// over the `n` numbers of the column that are not missing. A network learns faster on such
/// columns, because one learning rate then fits all weights of its first layer.
///
/// A column whose values are all equal, up to rounding, has `σ = 1`: it becomes 0. So has a column
/// without any number, with `μ = 0`. scikit-learn's `StandardScaler`, with the same bound on what
/// counts as equal: `σ² ≤ n u σ² + (n μ u)²`, `u = 2⁻⁵²`.
///
/// Source for the bound: Chan, Golub and LeVeque, *Algorithms for computing the sample variance*,
/// The American Statistician 37, 1983, <https://doi.org/10.1080/00031305.1983.10483115>.
///
/// # Examples
/// ```
/// use data::{Scaler, StandardScaler};
/// use ndarray::array;
///
/// let mut x = array![[1.0, 5.0], [3.0, 5.0], [f64::NAN, 5.0]];
/// let scaler = StandardScaler::fit(&x)?;
/// assert_eq!((scaler.mean(), scaler.scale()), (&[2.0, 5.0][..], &[1.0, 1.0][..]));
/// scaler.transform(&mut x)?;
/// assert_eq!((x[[0, 0]], x[[1, 0]], x[[2, 1]]), (-1.0, 1.0, 0.0));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct StandardScaler {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

impl StandardScaler {
    /// Learns from training rows.
    ///
    /// # Errors
    /// If there are no rows, or a number is infinite.
    pub fn fit(x: &ArrayRef2<f64>) -> Result<Self, Error> {
        let (mean, scale) = of_columns(Self::NAME, x, |x| mean_and_scale(&x))?.into_iter().unzip();
        Ok(Self { mean, scale })
    }

    /// `μ` of each column.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// `σ` of each column; 1 for a constant one.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }
}

impl Scaler for StandardScaler {
    const NAME: &'static str = "StandardScaler";

    fn n_columns(&self) -> usize {
        self.mean.len()
    }

    fn value(&self, column: usize, x: f64) -> f64 {
        (x - self.mean[column]) / self.scale[column]
    }

    fn inverse_value(&self, column: usize, y: f64) -> f64 {
        y * self.scale[column] + self.mean[column]
    }
}

fn mean_and_scale(x: &[f64]) -> (f64, f64) {
    let Some(&first) = x.first() else { return (0.0, 1.0) };
    if x.iter().all(|x| *x == first) {
        return (first, 1.0); // which Σ x/n may miss by a rounding
    }
    // In units of a power of two near the largest number: squares neither overflow nor vanish.
    let largest = x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let unit = power_of_two(largest);
    let n = x.len() as f64;
    let sum = |term: &dyn Fn(f64) -> f64| {
        x.iter().fold(Sum::<f64>::default(), |sum, x| sum.plus(term(x / unit))).value()
    };
    let mean = sum(&|x| x) / n;
    let variance = sum(&|x| (x - mean) * (x - mean)) / n;
    let rounding = n * mean * f64::EPSILON;
    let constant = variance <= n * f64::EPSILON * variance + rounding * rounding;
    (mean * unit, if constant { 1.0 } else { variance.sqrt() * unit })
}

/// The largest power of two that is not above `x`: `x` without its digits.
fn power_of_two(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff << 52;
    f64::from_bits(x.max(f64::MIN_POSITIVE).to_bits() & EXPONENT)
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for StandardScaler {
    type Error = &'static str;

    fn try_from(Parts { mean, scale }: Parts) -> Result<Self, &'static str> {
        let mut columns = mean.iter().zip(&scale);
        let right = mean.len() == scale.len() && columns.all(|(m, s)| m.is_finite() && *s > 0.0);
        let message = "StandardScaler: expected for each column a finite mean and a scale above 0";
        if right { Ok(Self { mean, scale }) } else { Err(message) }
    }
}
