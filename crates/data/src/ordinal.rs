//! A number for each category.

use crate::Error;
use crate::categories::Categories;

/// A column of categories as one column of their numbers, in sorted order.
///
/// For categories that have an order, or few values; a network otherwise takes the distance of two
/// numbers for something. A missing value stays missing: NaN. An unknown category is an error, or a
/// number that is given for it with [`unknown_as`](Self::unknown_as). scikit-learn's
/// `OrdinalEncoder`.
///
/// # Examples
/// ```
/// use data::OrdinalEncoder;
///
/// let encoder = OrdinalEncoder::fit(&[Some("b"), Some("a"), Some("c")])?.unknown_as(-1.0);
/// let x = encoder.transform(&[Some("c"), Some("a"), None, Some("z")])?;
/// assert_eq!((x[0], x[1], x[3]), (2.0, 0.0, -1.0));
/// assert!(x[2].is_nan());
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrdinalEncoder {
    categories: Categories,
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number::maybe"))]
    unknown: Option<f64>,
}

const NAME: &str = "OrdinalEncoder";

impl OrdinalEncoder {
    /// Learns the categories of training rows.
    ///
    /// # Errors
    /// If there are no rows.
    pub fn fit<S: AsRef<str>>(column: &[Option<S>]) -> Result<Self, Error> {
        let categories = Categories::fit(NAME, column)?;
        Ok(Self { categories, unknown: None })
    }

    /// The same with a number for unknown categories; NaN says that they are missing.
    #[must_use]
    pub fn unknown_as(self, number: f64) -> Self {
        Self { unknown: Some(number), ..self }
    }

    /// The categories, sorted: number `i` is `names()[i]`.
    pub fn names(&self) -> &[String] {
        &self.categories.names
    }

    /// The number of each category.
    ///
    /// # Errors
    /// If a category is unknown, and there is no number for those.
    pub fn transform<S: AsRef<str>>(&self, column: &[Option<S>]) -> Result<Vec<f64>, Error> {
        let number = |(row, name): (usize, &Option<S>)| {
            let Some(name) = name.as_ref().map(AsRef::as_ref) else { return Ok(f64::NAN) };
            let code = self.categories.code(Some(name)).map(|code| code as f64);
            code.or(self.unknown).ok_or_else(|| self.categories.unknown(NAME, row, Some(name)))
        };
        column.iter().enumerate().map(number).collect()
    }

    /// The category of each number; none for NaN.
    ///
    /// # Errors
    /// If a number is not that of a category.
    pub fn inverse_transform(&self, x: &[f64]) -> Result<Vec<Option<&str>>, Error> {
        let names = self.names();
        let category = |(row, &x): (usize, &f64)| {
            if x.is_nan() {
                return Ok(None);
            }
            // A number that is none of them becomes another one on the way, or is too large.
            let name = names.get(x as usize).filter(|_| (x as usize) as f64 == x);
            let unknown = Error::UnknownCode { place: NAME, row, n_codes: names.len(), found: x };
            name.map(|name| Some(name.as_str())).ok_or(unknown)
        };
        x.iter().enumerate().map(category).collect()
    }
}
