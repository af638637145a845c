//! A column for each category.

use ndarray::{Array2, ArrayRef2, ArrayView1};

use crate::Error;
use crate::categories::Categories;
use crate::scaler::check_columns;

/// A column of categories as one column of 0 and 1 for each category.
///
/// Categories are sorted, as text. A missing value is a category like others, the last one, if the
/// training rows have any; if they have none it is an unknown one. What becomes of unknown ones is
/// said by [`unknown`](Self::unknown); they are an error by default.
///
/// scikit-learn's `OneHotEncoder`. [`Unknown::OwnColumn`] has no counterpart there.
///
/// # Shapes
/// `N` categories, of which there are `K`, to `(N, K)`, or `(N, K + 1)` with a column for unknown
/// ones.
///
/// # Examples
/// ```
/// use data::OneHotEncoder;
/// use ndarray::array;
///
/// let encoder = OneHotEncoder::fit(&[Some("Dream"), Some("Biscoe"), None])?;
/// assert_eq!(encoder.names(), ["Biscoe", "Dream"]);
/// let x = encoder.transform(&[Some("Dream"), None])?;
/// assert_eq!(x, array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
/// assert_eq!(encoder.inverse_transform(&x)?, [Some("Dream"), None]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneHotEncoder {
    categories: Categories,
    unknown: Unknown,
}

const NAME: &str = "OneHotEncoder";

impl OneHotEncoder {
    /// Learns the categories of training rows.
    ///
    /// # Errors
    /// If there are no rows.
    pub fn fit<S: AsRef<str>>(column: &[Option<S>]) -> Result<Self, Error> {
        let categories = Categories::fit(NAME, column)?;
        Ok(Self { categories, unknown: Unknown::Error })
    }

    /// The same with another way to treat unknown categories.
    #[must_use]
    pub fn unknown(self, unknown: Unknown) -> Self {
        Self { unknown, ..self }
    }

    /// The categories, sorted, without the missing one.
    pub fn names(&self) -> &[String] {
        &self.categories.names
    }

    /// How many columns it makes.
    pub fn n_columns(&self) -> usize {
        self.categories.len() + usize::from(self.unknown == Unknown::OwnColumn)
    }

    /// A row of 0 and 1 for each category.
    ///
    /// # Errors
    /// If a category is unknown, and unknown ones are an error.
    pub fn transform<S: AsRef<str>>(&self, column: &[Option<S>]) -> Result<Array2<f64>, Error> {
        let mut x = Array2::zeros((column.len(), self.n_columns()));
        for (row, name) in column.iter().enumerate() {
            let name = name.as_ref().map(AsRef::as_ref);
            let column = self.column_of(name).map_err(|known| known.unknown(NAME, row, name))?;
            if let Some(column) = column {
                x[[row, column]] = 1.0;
            }
        }
        Ok(x)
    }

    /// The column that is 1 for a category; none if all are 0.
    ///
    /// # Errors
    /// The categories, if this is none of them and has to be.
    pub(crate) fn column_of(&self, name: Option<&str>) -> Result<Option<usize>, &Categories> {
        match (self.categories.code(name), self.unknown) {
            (Some(code), _) => Ok(Some(code)),
            (None, Unknown::OwnColumn) => Ok(Some(self.categories.len())),
            (None, Unknown::Zeros) => Ok(None),
            (None, Unknown::Error) => Err(&self.categories),
        }
    }

    /// Whether a missing value is a category.
    pub(crate) fn knows_missing(&self) -> bool {
        self.categories.missing
    }

    /// Whether the last column is for unknown categories.
    pub(crate) fn has_column_for_unknown(&self) -> bool {
        self.unknown == Unknown::OwnColumn
    }

    /// The category of the largest number in each row; none for a missing value, and where no known
    /// category has a number above 0.
    ///
    /// # Errors
    /// If `x` has another number of columns.
    pub fn inverse_transform(&self, x: &ArrayRef2<f64>) -> Result<Vec<Option<&str>>, Error> {
        check_columns(NAME, self.n_columns(), x)?;
        let category = |row: ArrayView1<'_, f64>| {
            let best = row.iter().enumerate().fold((usize::MAX, 0.0), |best, (code, &x)| {
                if x > best.1 { (code, x) } else { best }
            });
            self.names().get(best.0).map(String::as_str)
        };
        Ok(x.rows().into_iter().map(category).collect())
    }
}

/// What an encoder makes of a category that was not among the training rows. New rows have such
/// categories sooner or later: a new shop, a typing error.
///
/// # Examples
/// ```
/// use data::{OneHotEncoder, Unknown};
/// use ndarray::array;
///
/// let encoder = OneHotEncoder::fit(&[Some("female"), Some("male")])?;
/// assert!(encoder.transform(&[Some("other")]).is_err());
/// let encoder = encoder.unknown(Unknown::Zeros);
/// assert_eq!(encoder.transform(&[Some("other")])?, array![[0.0, 0.0]]);
/// let encoder = encoder.unknown(Unknown::OwnColumn);
/// assert_eq!(encoder.transform(&[Some("other")])?, array![[0.0, 0.0, 1.0]]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Unknown {
    /// It is refused: the error names the row and the category.
    Error,
    /// 0 in every column.
    Zeros,
    /// 1 in a column behind all others, which was 0 in every training row.
    OwnColumn,
}
