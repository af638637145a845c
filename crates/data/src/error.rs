//! [`Error`]: every way in which data can be wrong.

use std::fmt;

/// What was wrong with the data, or with what was asked of them. Every variant names the place,
/// what was expected and what came.
///
/// A message reads `place: expected …, found …`.
///
/// # Examples
/// ```
/// use data::KFold;
///
/// let error = KFold::new(5)?.folds(3).unwrap_err();
/// assert_eq!(error.to_string(), "KFold: expected at least 5 rows for 5 folds, found 3");
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A choice outside its range.
    Choice {
        /// What it is chosen for.
        place: &'static str,
        /// What is chosen.
        name: &'static str,
        /// The range: `"at least 2"`.
        expected: &'static str,
        /// The number that came.
        found: f64,
    },
    /// Fewer of something than are needed.
    TooFew {
        /// What needs them.
        place: &'static str,
        /// How many of what: `"at least 5 rows for 5 folds"`.
        expected: String,
        /// How many there are.
        found: usize,
    },
    /// A class with fewer rows than it needs.
    RareClass {
        /// What needs more.
        place: &'static str,
        /// The class.
        class: usize,
        /// How many rows it needs.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// Another number of columns than the transformer has learned.
    Columns {
        /// The transformer.
        place: &'static str,
        /// How many it has learned.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// A number that the transformer has no meaning for.
    Value {
        /// The transformer.
        place: &'static str,
        /// Row of the data.
        row: usize,
        /// Column of the data.
        column: usize,
        /// What is accepted: `"a finite number or NaN"`.
        expected: &'static str,
        /// The number that came.
        found: f64,
    },
    /// A category that was not among those that were learned.
    UnknownCategory {
        /// The encoder.
        place: &'static str,
        /// Row of the data.
        row: usize,
        /// The category; none for a missing value.
        found: Option<String>,
        /// What was learned.
        known: Vec<String>,
    },
    /// A code that stands for no category.
    UnknownCode {
        /// The encoder.
        place: &'static str,
        /// Row of the data.
        row: usize,
        /// How many codes there are, from 0.
        n_codes: usize,
        /// The code that came.
        found: f64,
    },
}

/// So many categories are listed in a message; of the rest there is only the number.
const LISTED: usize = 10;

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Choice { place, name, expected, found } => {
                write!(f, "{place}: expected {name} to be {expected}, found {found}")
            }
            Self::TooFew { place, expected, found } => {
                write!(f, "{place}: expected {expected}, found {found}")
            }
            Self::RareClass { place, class, expected, found } => write!(
                f,
                "{place}: expected at least {expected} rows of class {class}, found {found} (leave the \
                 class out, join it with another, or split without regard to classes)"
            ),
            Self::Columns { place, expected, found } => {
                write!(f, "{place}: expected {expected} columns, found {found}")
            }
            Self::Value { place, row, column, expected, found } => {
                write!(
                    f,
                    "{place}: expected {expected} in row {row}, column {column}, found {found}"
                )
            }
            Self::UnknownCategory { place, row, found, known } => {
                let listed = known.iter().take(LISTED).map(|name| format!("\"{name}\""));
                let listed = listed.collect::<Vec<_>>().join(", ");
                write!(f, "{place}: expected one of {listed}")?;
                if known.len() > LISTED {
                    write!(f, " and {} more", known.len() - LISTED)?;
                }
                match found {
                    Some(found) => write!(f, " in row {row}, found \"{found}\""),
                    None => write!(f, " in row {row}, found a missing value"),
                }
            }
            Self::UnknownCode { place, row, n_codes, found } => {
                let last = n_codes.saturating_sub(1);
                write!(f, "{place}: expected a code from 0 to {last} in row {row}, found {found}")
            }
        }
    }
}
