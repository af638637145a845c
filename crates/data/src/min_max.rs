//! From 0 to 1.

use ndarray::ArrayRef2;

use crate::scaler::{is_constant, of_columns};
use crate::{Error, Scaler};

/// Scales each column so that the rows it has learned from span a given range.
///
/// ```text
/// x ↦ a + (x − min)·(b − a)/(max − min)        into a … b
/// ```
///
/// Other rows may lie outside; [`clipped`](Self::clipped) puts them onto the nearer end. A column
/// whose values are all equal, up to 2.2e-15 of the largest, is not scaled, so that `min` becomes
/// `a`; nor is one without any number. scikit-learn's `MinMaxScaler`, where that bound is absolute:
/// the unit of a column should not decide whether it is constant.
///
/// # Examples
/// ```
/// use data::{MinMaxScaler, Scaler};
/// use ndarray::array;
///
/// let scaler = MinMaxScaler::fit(&array![[2.0], [6.0]], 0.0..=1.0)?;
/// let mut x = array![[3.0], [8.0]];
/// scaler.transform(&mut x)?;
/// assert_eq!(x, array![[0.25], [1.5]]);
/// assert_eq!(scaler.clipped().value(0, 8.0), 1.0);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct MinMaxScaler {
    min: Vec<f64>,
    max: Vec<f64>,
    range: (f64, f64),
    clip: bool,
}

impl MinMaxScaler {
    /// Learns from training rows, which will span `range`.
    ///
    /// # Errors
    /// If there are no rows, a number is infinite, or the range is not from a finite number to a
    /// larger one.
    pub fn fit(x: &ArrayRef2<f64>, range: std::ops::RangeInclusive<f64>) -> Result<Self, Error> {
        let (a, b) = (*range.start(), *range.end());
        if !(a < b && (b - a).is_finite()) {
            let (name, expected) = ("the end of the range", "finite and above its start");
            return Err(Error::Choice { place: Self::NAME, name, expected, found: b });
        }
        let ends = |x: Vec<f64>| {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            let (min, max) = x.iter().fold(ends, |(min, max), &x| (min.min(x), max.max(x)));
            if min <= max { (min, max) } else { (0.0, 0.0) }
        };
        let (min, max) = of_columns(Self::NAME, x, ends)?.into_iter().unzip();
        Ok(Self { min, max, range: (a, b), clip: false })
    }

    /// The same, but values outside the range become its nearer end.
    #[must_use]
    pub fn clipped(self) -> Self {
        Self { clip: true, ..self }
    }

    /// The smallest number of each column.
    pub fn min(&self) -> &[f64] {
        &self.min
    }

    /// The largest number of each column.
    pub fn max(&self) -> &[f64] {
        &self.max
    }

    /// `max − min`, or 1 for a constant column, halved: the ends may be farther apart than the
    /// largest number.
    fn half_span(&self, column: usize) -> f64 {
        let (min, max) = (self.min[column], self.max[column]);
        let half = 0.5 * max - 0.5 * min;
        if is_constant(half, min.abs().max(max.abs())) { 0.5 } else { half }
    }
}

impl Scaler for MinMaxScaler {
    const NAME: &'static str = "MinMaxScaler";

    fn n_columns(&self) -> usize {
        self.min.len()
    }

    fn value(&self, column: usize, x: f64) -> f64 {
        let (a, b) = self.range;
        let share = (0.5 * x - 0.5 * self.min[column]) / self.half_span(column);
        let y = a + share * (b - a);
        if self.clip { y.clamp(a, b) } else { y }
    }

    fn inverse_value(&self, column: usize, y: f64) -> f64 {
        let (a, b) = self.range;
        2.0 * (0.5 * self.min[column] + (y - a) / (b - a) * self.half_span(column))
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    min: Vec<f64>,
    max: Vec<f64>,
    range: (f64, f64),
    clip: bool,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for MinMaxScaler {
    type Error = &'static str;

    fn try_from(Parts { min, max, range, clip }: Parts) -> Result<Self, &'static str> {
        let finite = min.iter().chain(&max).all(|end| end.is_finite());
        let rising = min.len() == max.len() && min.iter().zip(&max).all(|(min, max)| min <= max);
        let right = finite && rising && range.0 < range.1 && (range.1 - range.0).is_finite();
        let message = "MinMaxScaler: expected for each column a finite min ≤ max, and a finite range from a to b > a";
        if right { Ok(Self { min, max, range, clip }) } else { Err(message) }
    }
}
