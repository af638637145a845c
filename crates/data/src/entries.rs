//! Entries of a table, as what they are used for.

use std::borrow::Cow;

use tensor_core::Float;

use crate::{Column, Error, Table, Text, Values};

/// The error of an entry.
pub(crate) fn entry(
    table: &Table,
    row: usize,
    column: &str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Error {
    let (place, column) = (table.place(row), column.to_owned());
    Error::Entry { place, column, expected: expected.into(), found: found.into() }
}

pub(crate) fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

/// # Errors
/// If a number is infinite.
pub(crate) fn check_finite(table: &Table, column: &str, numbers: &[f64]) -> Result<(), Error> {
    match numbers.iter().position(|x| x.is_infinite()) {
        None => Ok(()),
        Some(row) => {
            let found = numbers[row].to_string();
            Err(entry(table, row, column, "a finite number", found))
        }
    }
}

/// A number in the type of a network.
///
/// # Errors
/// If the type has no such number.
pub(crate) fn narrowed<F: Float>(
    table: &Table,
    row: usize,
    column: &str,
    x: f64,
) -> Result<F, Error> {
    let narrow = F::of(x);
    if narrow.is_finite() {
        return Ok(narrow);
    }
    let expected = format!("a number within ±{:.1e}, the range of {}", F::max_value(), F::NAME);
    Err(entry(table, row, column, expected, format!("{x:e} to compute with")))
}

/// The numbers of a column that was one of numbers in training.
///
/// A column without any value is of either type.
///
/// # Errors
/// If it is text.
pub(crate) fn numbers_as_learned<'a>(
    table: &Table,
    column: &'a Column,
) -> Result<Cow<'a, [f64]>, Error> {
    match column.values() {
        Values::Numbers(numbers) => Ok(Cow::Borrowed(numbers)),
        Values::Text(text) => match (0..text.len()).find_map(|row| Some((row, text.get(row)?))) {
            None => Ok(Cow::Owned(vec![f64::NAN; text.len()])),
            Some((row, word)) => {
                Err(entry(table, row, column.name(), "a number, as in training", quoted(word)))
            }
        },
    }
}

/// The text of a column that was one of text in training.
///
/// A column without any value is of either type.
///
/// # Errors
/// If it is numbers.
pub(crate) fn text_as_learned<'a>(
    table: &Table,
    column: &'a Column,
) -> Result<Cow<'a, Text>, Error> {
    match column.values() {
        Values::Text(text) => Ok(Cow::Borrowed(text)),
        Values::Numbers(numbers) => match numbers.iter().position(|x| !x.is_nan()) {
            None => Ok(Cow::Owned(numbers.iter().map(|_| None).collect())),
            Some(row) => {
                let expected = "text, as in training (CsvOptions::types says so where all words \
                                look like numbers)";
                Err(entry(table, row, column.name(), expected, numbers[row].to_string()))
            }
        },
    }
}

/// Numbers as they are written; a missing one is missing.
pub(crate) fn written(numbers: &[f64]) -> Text {
    let words: Vec<Option<String>> = numbers.iter().map(|&x| word(x)).collect();
    words.iter().map(Option::as_deref).collect()
}

fn word(x: f64) -> Option<String> {
    // Both zeros are one.
    (!x.is_nan()).then(|| (x + 0.0).to_string())
}
