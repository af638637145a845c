//! A table: named columns of numbers or text, with missing values.

use std::collections::HashMap;

use ndarray::ArrayRef2;

use crate::{Error, Text};

/// Named columns of equal length, each of numbers or of text, with missing values.
///
/// It is read from a file by [`CsvOptions`](crate::CsvOptions), or made of columns. A missing
/// number is NaN, a missing text `None`.
///
/// # Examples
/// ```
/// use data::Table;
///
/// let csv = "species,mass\nAdelie,3750\nGentoo,\n";
/// let table = Table::read_csv_from(csv.as_bytes(), "penguins.csv")?;
/// assert_eq!((table.n_rows(), table.n_columns()), (2, 2));
/// let mass = table.column("mass")?.numbers()?;
/// assert_eq!(mass[0], 3750.0);
/// assert!(mass[1].is_nan());
/// let species = table.column("species")?.text()?;
/// assert_eq!(species.get(1), Some("Gentoo"));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct Table {
    columns: Vec<Column>,
    n_rows: usize,
    source: Source,
}

/// Where the rows come from, for messages.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Source {
    /// The file's name; empty for a table that was not read.
    pub(crate) file: String,
    /// Row and line wherever a line is not the one after the line of the row before.
    pub(crate) breaks: Vec<(usize, u64)>,
}

impl Source {
    /// The line on which a row begins.
    fn line(&self, row: usize) -> Option<u64> {
        let i = self.breaks.partition_point(|&(first, _)| first <= row).checked_sub(1)?;
        let (first, line) = self.breaks[i];
        Some(line.saturating_add((row - first) as u64))
    }
}

/// A column of a [`Table`]: its name, and a number or a word for each row. A value may be missing.
/// What a column holds does not change; [`Table::rows`] makes new ones.
///
/// # Examples
/// ```
/// use data::{Column, Table};
///
/// let mass = Column::numbers_of("mass", vec![3750.0, 5000.0]);
/// let species = Column::text_of("species", [Some("Adelie"), None]);
/// let table = Table::new(vec![mass, species])?;
/// assert_eq!(table.column("species")?.n_missing(), 1);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Column {
    name: String,
    values: Values,
}

/// What a [`Column`] holds: numbers, or text. Numbers are scaled and imputed, text is encoded.
///
/// # Examples
/// ```
/// use data::{Column, Values};
///
/// let column = Column::numbers_of("mass", vec![3750.0, f64::NAN]);
/// match column.values() {
///     Values::Numbers(numbers) => assert_eq!(numbers.len(), 2),
///     Values::Text(_) => unreachable!("it was made of numbers"),
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Values {
    /// Numbers; a missing one is NaN.
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number::each"))]
    Numbers(Vec<f64>),
    /// Text.
    Text(Text),
}

impl Table {
    /// A table of columns.
    ///
    /// # Errors
    /// If the columns differ in length, two have one name, or there is none.
    pub fn new(columns: Vec<Column>) -> Result<Self, Error> {
        Self::from_source(columns, Source::default())
    }

    pub(crate) fn from_source(columns: Vec<Column>, source: Source) -> Result<Self, Error> {
        let n_rows = same_length(&source.file, &columns)?;
        Ok(Self { columns, n_rows, source })
    }

    /// A table of numbers: `x (N, C)` with a name for each column.
    ///
    /// # Errors
    /// If there is not one name for each column, two names are equal, or there is no column.
    pub fn from_array<S: Into<String>>(
        names: impl IntoIterator<Item = S>,
        x: &ArrayRef2<f64>,
    ) -> Result<Self, Error> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != x.ncols() {
            let (expected, found) = (x.ncols(), names.len());
            return Err(Error::Columns { place: "table: names", expected, found });
        }
        let column = |(name, x): (String, ndarray::ArrayView1<'_, f64>)| {
            Column::numbers_of(name, x.to_vec())
        };
        Self::new(names.into_iter().zip(x.columns()).map(column).collect())
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The columns in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of that name.
    ///
    /// # Errors
    /// If there is none; the error lists those there are.
    pub fn column(&self, name: &str) -> Result<&Column, Error> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| Error::UnknownColumn {
            file: self.source.file.clone(),
            found: name.to_owned(),
            known: self.columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    /// These rows, in this order: a part of a [`Split`](crate::Split).
    ///
    /// # Errors
    /// If there is no such row.
    pub fn rows(&self, rows: &[usize]) -> Result<Self, Error> {
        if let Some(&found) = rows.iter().find(|&&row| row >= self.n_rows) {
            return Err(Error::Row { place: "table", n_rows: self.n_rows, found });
        }
        let columns = self.columns.iter().map(|column| column.rows(rows)).collect();
        let mut source = Source { file: self.source.file.clone(), breaks: Vec::new() };
        for (to, &from) in rows.iter().enumerate() {
            let (Some(line), before) = (self.source.line(from), to.checked_sub(1)) else {
                continue;
            };
            if before.and_then(|row| source.line(row)) != line.checked_sub(1) {
                source.breaks.push((to, line));
            }
        }
        Ok(Self { columns, n_rows: rows.len(), source })
    }

    /// The same without these columns.
    ///
    /// # Errors
    /// If there is no column of such a name, or none would be left.
    pub fn without(&self, names: &[&str]) -> Result<Self, Error> {
        names.iter().try_for_each(|name| self.column(name).map(drop))?;
        let kept = self.columns.iter().filter(|column| !names.contains(&column.name()));
        Self::from_source(kept.cloned().collect(), self.source.clone())
    }

    /// The file it was read from; empty for a table that was not read.
    pub(crate) fn file(&self) -> &str {
        &self.source.file
    }

    /// Where a row stands, for messages: `"penguins.csv, line 17"`, or `"row 15"` of a table that
    /// was not read.
    pub fn place(&self, row: usize) -> String {
        match self.source.line(row) {
            Some(line) => format!("{}, line {line}", self.source.file),
            None => format!("row {row}"),
        }
    }
}

/// How many rows columns have, whose names have to be different.
///
/// # Errors
/// If two names are equal, the columns differ in length, or there is none.
fn same_length(file: &str, columns: &[Column]) -> Result<usize, Error> {
    check_names(file, columns.iter().map(Column::name))?;
    let Some(first) = columns.first() else {
        return Err(Error::TooFew {
            place: "table",
            expected: "at least 1 column".into(),
            found: 0,
        });
    };
    let n_rows = first.len();
    if let Some(other) = columns.iter().find(|column| column.len() != n_rows) {
        let (column, expected, found) = (other.name.clone(), n_rows, other.len());
        return Err(Error::ColumnLength { column, expected, found });
    }
    Ok(n_rows)
}

/// # Errors
/// If two names are equal.
pub(crate) fn check_names<'a>(
    file: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut seen = HashMap::new();
    for (i, name) in names.into_iter().enumerate() {
        if let Some(first) = seen.insert(name, i) {
            let (file, name) = (file.to_owned(), name.to_owned());
            return Err(Error::DuplicateColumn { file, name, first: first + 1, second: i + 1 });
        }
    }
    Ok(())
}

impl Column {
    /// A column of numbers; NaN for missing ones.
    pub fn numbers_of(name: impl Into<String>, numbers: Vec<f64>) -> Self {
        Self { name: name.into(), values: Values::Numbers(numbers) }
    }

    /// A column of text.
    pub fn text_of<'a>(
        name: impl Into<String>,
        text: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Self {
        Self { name: name.into(), values: Values::Text(text.into_iter().collect()) }
    }

    pub(crate) fn new(name: String, values: Values) -> Self {
        Self { name, values }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Text(text) => text.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values are missing.
    pub fn n_missing(&self) -> usize {
        match &self.values {
            Values::Numbers(numbers) => numbers.iter().filter(|x| x.is_nan()).count(),
            Values::Text(text) => text.iter().filter(Option::is_none).count(),
        }
    }

    /// Whether the value of a row is missing, or there is no such row.
    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match &self.values {
            Values::Numbers(numbers) => numbers.get(row).is_none_or(|x| x.is_nan()),
            Values::Text(text) => text.get(row).is_none(),
        }
    }

    /// Its numbers.
    ///
    /// # Errors
    /// If it is text.
    pub fn numbers(&self) -> Result<&[f64], Error> {
        match &self.values {
            Values::Numbers(numbers) => Ok(numbers),
            Values::Text(_) => {
                let column = self.name.clone();
                Err(Error::ColumnType { column, expected: "numbers", found: "text" })
            }
        }
    }

    /// Its text.
    ///
    /// # Errors
    /// If it is numbers.
    pub fn text(&self) -> Result<&Text, Error> {
        match &self.values {
            Values::Text(text) => Ok(text),
            Values::Numbers(_) => {
                let column = self.name.clone();
                Err(Error::ColumnType { column, expected: "text", found: "numbers" })
            }
        }
    }

    fn rows(&self, rows: &[usize]) -> Self {
        let values = match &self.values {
            Values::Numbers(numbers) => {
                Values::Numbers(rows.iter().map(|&row| numbers[row]).collect())
            }
            Values::Text(text) => Values::Text(text.rows(rows)),
        };
        Self { name: self.name.clone(), values }
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    columns: Vec<Column>,
    n_rows: usize,
    source: Source,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Table {
    type Error = String;

    fn try_from(Parts { columns, n_rows, source }: Parts) -> Result<Self, String> {
        let found = same_length(&source.file, &columns).map_err(|error| error.to_string())?;
        let rising = source.breaks.is_sorted_by(|a, b| a.0 < b.0);
        let ends =
            |(row, line): &(usize, u64)| *row < n_rows && line.checked_add(n_rows as u64).is_some();
        if found == n_rows && rising && source.breaks.iter().all(ends) {
            return Ok(Self { columns, n_rows, source });
        }
        Err(format!("table: expected {found} rows, and lines of these in rising order"))
    }
}
