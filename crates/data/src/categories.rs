//! What the encoders learn.

use std::collections::BTreeSet;

use crate::Error;

/// The categories of a column, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub(crate) struct Categories {
    pub(crate) names: Vec<String>,
    /// Whether a missing value is a category of its own, behind all others.
    pub(crate) missing: bool,
}

impl Categories {
    pub(crate) fn fit<S: AsRef<str>>(
        place: &'static str,
        column: &[Option<S>],
    ) -> Result<Self, Error> {
        if column.is_empty() {
            let expected = "at least 1 row to learn from".into();
            return Err(Error::TooFew { place, expected, found: 0 });
        }
        let names: BTreeSet<&str> = column.iter().flatten().map(AsRef::as_ref).collect();
        let names = names.into_iter().map(str::to_owned).collect();
        Ok(Self { names, missing: column.iter().any(Option::is_none) })
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len() + usize::from(self.missing)
    }

    /// The number of a category, if it is known.
    pub(crate) fn code(&self, name: Option<&str>) -> Option<usize> {
        match name {
            Some(name) => self.names.binary_search_by(|known| known.as_str().cmp(name)).ok(),
            None => self.missing.then_some(self.names.len()),
        }
    }

    pub(crate) fn unknown(&self, place: &'static str, row: usize, name: Option<&str>) -> Error {
        let known = self.names.clone();
        Error::UnknownCategory { place, row, found: name.map(str::to_owned), known }
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    names: Vec<String>,
    missing: bool,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Categories {
    type Error = &'static str;

    fn try_from(Parts { names, missing }: Parts) -> Result<Self, &'static str> {
        let right = names.is_sorted_by(|a, b| a < b);
        let message = "categories: expected different names in sorted order";
        if right { Ok(Self { names, missing }) } else { Err(message) }
    }
}
