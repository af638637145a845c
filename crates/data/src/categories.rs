//! What the encoders learn.

use std::collections::BTreeSet;

use crate::Error;

/// The categories of a column, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Categories {
    pub(crate) place: &'static str,
    pub(crate) names: Vec<String>,
    /// Whether a missing value is a category of its own, behind all others.
    missing: bool,
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
        Ok(Self { place, names, missing: column.iter().any(Option::is_none) })
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

    pub(crate) fn unknown(&self, row: usize, name: Option<&str>) -> Error {
        let (place, known) = (self.place, self.names.clone());
        Error::UnknownCategory { place, row, found: name.map(str::to_owned), known }
    }
}
