//! What is learned of the columns that are to be predicted.

use std::borrow::Cow;
use std::collections::HashMap;
#[cfg(feature = "serde")]
use std::collections::HashSet;

use ndarray::{Array2, ArrayRef2};
use tensor_core::Float;

use crate::entries::{
    check_finite, entry, narrowed, numbers_as_learned, quoted, text_as_learned, written,
};
use crate::listed::Listed;
use crate::scaler::check_columns;
use crate::{Column, Error, Scaler, StandardScaler, Table, Target, Text, Values};

/// Which columns are to be predicted, and as what.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum TargetChoice {
    #[default]
    None,
    /// Text as classes, numbers as values.
    ByType(String),
    Classes(String),
    Values(Vec<String>),
}

impl TargetChoice {
    pub(crate) fn columns(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::ByType(column) | Self::Classes(column) => std::slice::from_ref(column),
            Self::Values(columns) => columns,
        }
    }
}

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub(crate) enum TargetColumn {
    None,
    Classes {
        column: String,
        /// Whether they were numbers, which `names` then holds as they are written.
        numbers: bool,
        names: Vec<String>,
    },
    Values {
        columns: Vec<String>,
        scaler: Option<StandardScaler>,
    },
}

/// So many rows are named in a message.
const NAMED: usize = 5;

/// The table without the rows that lack a target, if these may be left out.
///
/// # Errors
/// If they may not, or no row has one.
pub(crate) fn with_targets<'a>(
    table: &'a Table,
    columns: &[String],
    drop_missing: bool,
) -> Result<Cow<'a, Table>, Error> {
    let mut missing = vec![false; table.n_rows()];
    for name in columns {
        let column = table.column(name)?;
        missing.iter_mut().enumerate().for_each(|(row, gone)| *gone |= column.is_missing(row));
    }
    let rows = |of: bool| missing.iter().enumerate().filter(move |(_, gone)| **gone == of);
    let found = rows(true).count();
    if found == 0 {
        return Ok(Cow::Borrowed(table));
    }
    if !drop_missing {
        let places = rows(true).take(NAMED).map(|(row, _)| table.place(row)).collect();
        return Err(Error::MissingTargets { columns: columns.to_vec(), places, found });
    }
    if found == table.n_rows() {
        let expected = "at least 1 row with a target".into();
        return Err(Error::TooFew { place: "Preprocessor", expected, found: 0 });
    }
    let kept: Vec<usize> = rows(false).map(|(row, _)| row).collect();
    Ok(Cow::Owned(table.rows(&kept)?))
}

impl TargetColumn {
    /// # Errors
    /// If values are text, infinite, or classes are to be scaled.
    pub(crate) fn fit(table: &Table, choice: &TargetChoice, scale: bool) -> Result<Self, Error> {
        let target = match choice {
            TargetChoice::None => Self::None,
            TargetChoice::Classes(name) => Self::fit_classes(table, table.column(name)?)?,
            TargetChoice::ByType(name) => match table.column(name)?.values() {
                Values::Text(_) => Self::fit_classes(table, table.column(name)?)?,
                Values::Numbers(_) => Self::fit_values(table, std::slice::from_ref(name), scale)?,
            },
            TargetChoice::Values(names) => Self::fit_values(table, names, scale)?,
        };
        match &target {
            Self::Classes { column, .. } if scale => {
                let (expected, found) = ("values that can be scaled", "classes");
                Err(Error::ColumnType { column: column.clone(), expected, found })
            }
            _ => Ok(target),
        }
    }

    fn fit_classes(table: &Table, column: &Column) -> Result<Self, Error> {
        let mut names: Vec<String>;
        let numbers = match column.values() {
            Values::Text(text) => {
                names = text.occurring().into_iter().flatten().map(str::to_owned).collect();
                names.sort();
                false
            }
            Values::Numbers(numbers) => {
                check_finite(table, column.name(), numbers)?;
                let mut classes = numbers.clone();
                classes.sort_by(f64::total_cmp);
                classes.dedup(); // both zeros are one
                names = classes.into_iter().map(|x| (x + 0.0).to_string()).collect();
                true
            }
        };
        Ok(Self::Classes { column: column.name().to_owned(), numbers, names })
    }

    fn fit_values(table: &Table, names: &[String], scale: bool) -> Result<Self, Error> {
        let mut values = Array2::zeros((table.n_rows(), names.len()));
        for (name, mut to) in names.iter().zip(values.columns_mut()) {
            let numbers = table.column(name)?.numbers()?;
            check_finite(table, name, numbers)?;
            to.iter_mut().zip(numbers).for_each(|(to, x)| *to = *x);
        }
        let scaler = scale.then(|| StandardScaler::fit(&values)).transpose()?;
        Ok(Self::Values { columns: names.to_vec(), scaler })
    }

    /// The columns that are to be predicted.
    pub(crate) fn columns(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::Classes { column, .. } => std::slice::from_ref(column),
            Self::Values { columns, .. } => columns,
        }
    }

    /// The names of the classes; none for values.
    pub(crate) fn class_names(&self) -> &[String] {
        match self {
            Self::Classes { names, .. } => names,
            _ => &[],
        }
    }

    /// What is to be predicted, of a table in which nothing of it is missing.
    ///
    /// # Errors
    /// If there is no target, or the table's is not as it was learned.
    pub(crate) fn read<F: Float>(&self, table: &Table) -> Result<Target<F>, Error> {
        match self {
            Self::None => {
                let expected =
                    "a target for a dataset (of rows without one there are the features)";
                let place = "Preprocessor";
                Err(Error::TooFew { place, expected: expected.into(), found: 0 })
            }
            Self::Classes { column, numbers, names } => {
                let column = table.column(column)?;
                let text = match numbers {
                    true => Cow::Owned(written(&numbers_as_learned(table, column)?)),
                    false => text_as_learned(table, column)?,
                };
                Ok(Target::Classes {
                    labels: labels(table, column, &text, names)?,
                    names: names.clone(),
                })
            }
            Self::Values { columns, scaler } => {
                let mut values = Array2::from_elem((table.n_rows(), columns.len()), F::zero());
                for (i, (name, mut to)) in columns.iter().zip(values.columns_mut()).enumerate() {
                    let numbers = numbers_as_learned(table, table.column(name)?)?;
                    check_finite(table, name, &numbers)?;
                    let scaled = |x| scaler.as_ref().map_or(x, |scaler| scaler.value(i, x));
                    for (row, (to, &x)) in to.iter_mut().zip(numbers.iter()).enumerate() {
                        *to = narrowed(table, row, name, scaled(x))?;
                    }
                }
                Ok(Target::Values(values))
            }
        }
    }

    /// # Errors
    /// If there is another number of columns than of targets.
    pub(crate) fn inverse(&self, values: &mut ArrayRef2<f64>) -> Result<(), Error> {
        let n_outputs = match self {
            Self::Classes { names, .. } => names.len(),
            _ => self.columns().len(),
        };
        check_columns("Preprocessor", n_outputs, values)?;
        match self {
            Self::Values { scaler: Some(scaler), .. } => scaler.inverse_transform(values),
            _ => Ok(()),
        }
    }
}

/// The place of each row's class among the names.
fn labels(
    table: &Table,
    column: &Column,
    text: &Text,
    names: &[String],
) -> Result<Vec<usize>, Error> {
    let known: HashMap<&String, usize> = names.iter().zip(0..).collect();
    let places: Vec<_> = text.words().iter().map(|word| known.get(word).copied()).collect();
    let label = |(row, code): (usize, &u32)| {
        places.get(*code as usize).copied().flatten().ok_or_else(|| {
            let expected = format!("one of the classes {}", Listed(names));
            let found = text.get(row).map_or("a missing value".into(), quoted);
            entry(table, row, column.name(), expected, found)
        })
    };
    text.codes().iter().enumerate().map(label).collect()
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
enum Parts {
    None,
    Classes { column: String, numbers: bool, names: Vec<String> },
    Values { columns: Vec<String>, scaler: Option<StandardScaler> },
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for TargetColumn {
    type Error = &'static str;

    fn try_from(parts: Parts) -> Result<Self, &'static str> {
        let differ = |names: &[String]| {
            !names.is_empty() && names.iter().collect::<HashSet<_>>().len() == names.len()
        };
        match parts {
            Parts::None => Ok(Self::None),
            Parts::Classes { column, numbers, names } if differ(&names) => {
                Ok(Self::Classes { column, numbers, names })
            }
            Parts::Classes { .. } => Err("target: expected classes with different names"),
            Parts::Values { columns, scaler } => {
                let scales = scaler.as_ref().map_or(columns.len(), StandardScaler::n_columns);
                if differ(&columns) && scales == columns.len() {
                    return Ok(Self::Values { columns, scaler });
                }
                Err("target: expected columns with different names, and as many scales")
            }
        }
    }
}
