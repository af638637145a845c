//! A number for each class.

use crate::Error;
use crate::categories::Categories;

/// Class names as numbers, in sorted order: the targets of a classifier.
///
/// scikit-learn's `LabelEncoder`. A class that was not learned is an error that names it.
///
/// # Examples
/// ```
/// use data::LabelEncoder;
///
/// let encoder = LabelEncoder::fit(&["Gentoo", "Adelie", "Gentoo"])?;
/// assert_eq!(encoder.names(), ["Adelie", "Gentoo"]);
/// assert_eq!(encoder.transform(&["Gentoo", "Adelie"])?, [1, 0]);
/// assert_eq!(encoder.inverse_transform(&[0, 1])?, ["Adelie", "Gentoo"]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct LabelEncoder {
    categories: Categories,
}

const NAME: &str = "LabelEncoder";

impl LabelEncoder {
    /// Learns the classes of training rows.
    ///
    /// # Errors
    /// If there are no rows.
    pub fn fit<S: AsRef<str>>(classes: &[S]) -> Result<Self, Error> {
        let classes: Vec<Option<&str>> = classes.iter().map(|class| Some(class.as_ref())).collect();
        Ok(Self { categories: Categories::fit(NAME, &classes)? })
    }

    /// The class names, sorted: class `i` is `names()[i]`.
    pub fn names(&self) -> &[String] {
        &self.categories.names
    }

    /// The number of each class.
    ///
    /// # Errors
    /// If a class is unknown.
    pub fn transform<S: AsRef<str>>(&self, classes: &[S]) -> Result<Vec<usize>, Error> {
        let number = |(row, class): (usize, &S)| {
            let class = Some(class.as_ref());
            self.categories.code(class).ok_or_else(|| self.categories.unknown(NAME, row, class))
        };
        classes.iter().enumerate().map(number).collect()
    }

    /// The name of each class.
    ///
    /// # Errors
    /// If there is no class of a number.
    pub fn inverse_transform(&self, classes: &[usize]) -> Result<Vec<&str>, Error> {
        let names = self.names();
        let name = |(row, &class): (usize, &usize)| {
            let (place, n_codes) = (NAME, names.len());
            let unknown = Error::UnknownCode { place, row, n_codes, found: class as f64 };
            names.get(class).map(String::as_str).ok_or(unknown)
        };
        classes.iter().enumerate().map(name).collect()
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    categories: Categories,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for LabelEncoder {
    type Error = &'static str;

    fn try_from(Parts { categories }: Parts) -> Result<Self, &'static str> {
        let right = !categories.missing;
        let message = "LabelEncoder: expected classes without a missing one";
        if right { Ok(Self { categories }) } else { Err(message) }
    }
}
