//! A column while its file is read.

use crate::text::TextBuilder;
use crate::{ColumnType, Values};

/// A field of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field<'a> {
    Missing,
    Value(&'a [u8]),
}

/// The values of a column so far, and what speaks for numbers or for text.
#[derive(Debug)]
pub(crate) struct Builder {
    wanted: Option<ColumnType>,
    decimal_comma: bool,
    values: Kept,
    n_numbers: usize,
    n_words: usize,
    /// Line and bytes of the first word.
    word: Option<(u64, Vec<u8>)>,
}

#[derive(Debug)]
enum Kept {
    /// All of them numbers, or missing.
    Numbers(Vec<f64>),
    /// Text from the first value on.
    Text(TextBuilder),
    /// None: numbers came first, then a word, and what the numbers were as text has to be read
    /// again.
    Nothing,
}

impl Builder {
    pub(crate) fn new(wanted: Option<ColumnType>, decimal_comma: bool) -> Self {
        let values = match wanted {
            Some(ColumnType::Text) => Kept::Text(TextBuilder::default()),
            _ => Kept::Numbers(Vec::new()),
        };
        Self { wanted, decimal_comma, values, n_numbers: 0, n_words: 0, word: None }
    }

    /// Adds the field of the next row.
    ///
    /// # Errors
    /// If it cannot be: what would have been accepted.
    #[inline]
    pub(crate) fn push(&mut self, field: Field<'_>, line: u64) -> Result<(), &'static str> {
        if let (Kept::Numbers(values), Field::Value(bytes)) = (&mut self.values, field)
            && let Some(number) = number(bytes, self.decimal_comma)?
        {
            values.push(number);
            self.n_numbers += 1;
            return Ok(());
        }
        self.push_other(field, line)
    }

    /// Anything but a number among numbers.
    fn push_other(&mut self, field: Field<'_>, line: u64) -> Result<(), &'static str> {
        let Field::Value(bytes) = field else {
            match &mut self.values {
                Kept::Numbers(values) => values.push(f64::NAN),
                Kept::Text(text) => text.push(None),
                Kept::Nothing => {}
            }
            return Ok(());
        };
        if self.wanted.is_none() && matches!(number(bytes, self.decimal_comma), Ok(Some(_))) {
            self.n_numbers += 1;
        } else {
            self.n_words += 1;
            self.word.get_or_insert_with(|| (line, bytes.to_vec()));
        }
        if let Kept::Numbers(values) = &mut self.values {
            if self.wanted.is_some() {
                return Err("a number");
            }
            let only_missing = self.n_numbers == 0;
            self.values = if only_missing {
                let mut text = TextBuilder::default();
                values.iter().for_each(|_| text.push(None));
                Kept::Text(text)
            } else {
                Kept::Nothing
            };
        }
        if let Kept::Text(text) = &mut self.values {
            let word = std::str::from_utf8(bytes)
                .map_err(|_| "text in UTF-8 (save the file in that encoding)")?;
            text.push(Some(word.trim()));
        }
        Ok(())
    }

    /// Whether the file has to be read again for this column.
    pub(crate) fn has_lost_text(&self) -> bool {
        matches!(self.values, Kept::Nothing)
    }

    /// The first word, if nine of ten values are numbers and the type was not given.
    pub(crate) fn mistake(&self) -> Option<(u64, &[u8])> {
        let (line, word) = self.word.as_ref()?;
        let mistake = self.wanted.is_none() && self.n_numbers >= 9 * self.n_words;
        mistake.then_some((*line, word))
    }

    pub(crate) fn finish(self) -> Values {
        match self.values {
            Kept::Numbers(values) => Values::Numbers(values),
            Kept::Text(text) => Values::Text(text.finish()),
            Kept::Nothing => Values::Text(TextBuilder::default().finish()),
        }
    }
}

/// The number that is written there, if it is one.
///
/// # Errors
/// If it is one that `f64` cannot hold.
#[inline]
fn number(bytes: &[u8], decimal_comma: bool) -> Result<Option<f64>, &'static str> {
    let Ok(text) = std::str::from_utf8(bytes.trim_ascii()) else { return Ok(None) };
    let parsed = match decimal_comma {
        // A point would be a separator of thousands.
        true if text.contains('.') => return Ok(None),
        true => text.replacen(',', ".", 1).parse::<f64>(),
        false => text.parse::<f64>(),
    };
    match parsed {
        Ok(number) if number.is_finite() => Ok(Some(number)),
        // Words for infinity have no digits, "1e999" has.
        Ok(number) if number.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) => {
            Err("a number between -1.8e308 and 1.8e308")
        }
        Ok(number) if number.is_infinite() => {
            Err("a finite number (or name the word among the missing ones)")
        }
        _ => Ok(None),
    }
}
