//! [`Error`]: every way in which data can be wrong.

use std::fmt;

use crate::listed::{All, Listed};

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
    /// A file that cannot be read, or holds no table.
    File {
        /// The file.
        file: String,
        /// What was needed.
        expected: String,
        /// What there is, or what the system says.
        found: String,
    },
    /// A line with another number of fields than the first one.
    Fields {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// Fields of the first line.
        expected: usize,
        /// Fields of this one.
        found: usize,
    },
    /// A value that its column cannot have.
    Cell {
        /// The file.
        file: String,
        /// The line on which the row begins.
        line: u64,
        /// The column.
        column: String,
        /// What would have been accepted.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Two columns of one name.
    DuplicateColumn {
        /// The file; empty for a table that was not read.
        file: String,
        /// The name.
        name: String,
        /// The place of the first one, from 1.
        first: usize,
        /// The place of the second one.
        second: usize,
    },
    /// A column that the table does not have.
    UnknownColumn {
        /// The file; empty for a table that was not read.
        file: String,
        /// The name that was asked for.
        found: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A column that is longer or shorter than the first one.
    ColumnLength {
        /// The column.
        column: String,
        /// Rows of the first one.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// A column of text where one of numbers is needed, or the other way round.
    ColumnType {
        /// The column.
        column: String,
        /// `"numbers"` or `"text"`.
        expected: &'static str,
        /// The other one.
        found: &'static str,
    },
    /// A row that is not there.
    Row {
        /// What was asked for it.
        place: &'static str,
        /// How many there are.
        n_rows: usize,
        /// The row that was asked for.
        found: usize,
    },
    /// Another number of rows than there are.
    Rows {
        /// What has them.
        place: &'static str,
        /// Rows of the features.
        expected: usize,
        /// Rows of this.
        found: usize,
    },
    /// Classes where values are needed, or the other way round.
    TargetType {
        /// `"classes"` or `"values"`.
        expected: &'static str,
        /// The other one.
        found: &'static str,
    },
    /// A value of a table that cannot be what its column is used for.
    Entry {
        /// Its row: [`Table::place`](crate::Table::place).
        place: String,
        /// The column.
        column: String,
        /// What would have been accepted.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Columns that were learned from, and are not in the table.
    MissingColumns {
        /// The file; empty for a table that was not read.
        file: String,
        /// All that are missing.
        missing: Vec<String>,
        /// The columns there are.
        known: Vec<String>,
    },
    /// Rows without what is to be predicted.
    MissingTargets {
        /// The target's columns.
        columns: Vec<String>,
        /// The first few of these rows.
        places: Vec<String>,
        /// How many there are.
        found: usize,
    },
    /// More categories than may become a feature each.
    Categories {
        /// The column.
        column: String,
        /// How many may.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A column that is asked to be two things.
    Role {
        /// The column.
        column: String,
        /// One of them.
        expected: &'static str,
        /// The other one.
        found: &'static str,
    },
    /// More than fits into memory.
    TooLarge {
        /// What is too large.
        place: &'static str,
        /// Its size.
        found: String,
    },
}

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
                write!(f, "{place}: expected one of {}", Listed(known))?;
                match found {
                    Some(found) => write!(f, " in row {row}, found \"{found}\""),
                    None => write!(f, " in row {row}, found a missing value"),
                }
            }
            Self::File { file, expected, found } => {
                write!(f, "{file}: expected {expected}, found {found}")
            }
            Self::Fields { file, line, expected, found } => {
                write!(
                    f,
                    "{file}, line {line}: expected {expected} fields, as in the first line, found {found}"
                )
            }
            Self::Cell { file, line, column, expected, found } => {
                write!(
                    f,
                    "{file}, line {line}, column \"{column}\": expected {expected}, found \"{found}\""
                )
            }
            Self::DuplicateColumn { file, name, first, second } => write!(
                f,
                "{}: expected every column to have a name of its own, found \"{name}\" at places {first} and {second}",
                table(file)
            ),
            Self::UnknownColumn { file, found, known } => {
                write!(
                    f,
                    "{}: expected one of the columns {}, found \"{found}\"",
                    table(file),
                    Listed(known)
                )
            }
            Self::ColumnLength { column, expected, found } => write!(
                f,
                "column \"{column}\": expected {expected} rows, as in the first column, found {found}"
            ),
            Self::ColumnType { column, expected, found } => {
                write!(f, "column \"{column}\": expected {expected}, found {found}")
            }
            Self::Row { place, n_rows, found } => {
                write!(f, "{place}: expected a row below {n_rows}, found {found}")
            }
            Self::Rows { place, expected, found } => {
                write!(f, "{place}: expected {expected} rows, as the features have, found {found}")
            }
            Self::TargetType { expected, found } => {
                write!(f, "target: expected {expected}, found {found}")
            }
            Self::Entry { place, column, expected, found } => {
                write!(f, "{place}, column \"{column}\": expected {expected}, found {found}")
            }
            Self::MissingColumns { file, missing, known } => {
                let (file, missing, known) = (table(file), All(missing), Listed(known));
                write!(f, "{file}: expected the columns {missing} as well, found {known}")
            }
            Self::MissingTargets { columns, places, found } => write!(
                f,
                "target {}: expected a value in every row, found {found} without: {}{} (fill them in, or \
                 leave these rows out: drop_missing_targets)",
                Listed(columns),
                places.join("; "),
                if *found > places.len() { "; …" } else { "" }
            ),
            Self::Categories { column, expected, found } => write!(
                f,
                "column \"{column}\": expected at most {expected} categories, found {found} (drop it: \
                 Treatment::Drop; hash it: TextTreatment::Hashed; or raise the limit: max_categories)"
            ),
            Self::Role { column, expected, found } => {
                write!(
                    f,
                    "column \"{column}\": expected to be {expected} alone, found as {found} too"
                )
            }
            Self::TooLarge { place, found } => {
                write!(f, "{place}: expected a size that fits into memory, found {found}")
            }
            Self::UnknownCode { place, row, n_codes, found } => {
                let last = n_codes.saturating_sub(1);
                write!(f, "{place}: expected a code from 0 to {last} in row {row}, found {found}")
            }
        }
    }
}

impl Error {
    /// What the system says of a file.
    pub(crate) fn io(file: &str, error: &std::io::Error) -> Self {
        let (expected, found) = ("a file that can be read".into(), error.to_string());
        Self::File { file: file.to_owned(), expected, found }
    }
}

fn table(file: &str) -> &str {
    if file.is_empty() { "table" } else { file }
}
