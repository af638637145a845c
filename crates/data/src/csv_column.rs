//! A column while its file is read.

use crate::csv_number::{number, plain_number};
use crate::text::TextBuilder;
use crate::{ColumnType, CsvOptions, Values};

/// The words for a missing value, by their length: most fields have another length than any.
#[derive(Debug)]
pub(crate) struct Missing {
    words: Vec<Vec<Vec<u8>>>,
    /// Whether one of them would be a number otherwise, as `-999`.
    has_numbers: bool,
}

impl Missing {
    pub(crate) fn new(options: &CsvOptions) -> Self {
        let longest = options.missing.iter().map(String::len).max().unwrap_or(0);
        let mut words = vec![Vec::new(); longest + 1];
        words[0].push(Vec::new());
        for word in &options.missing {
            words[word.len()].push(word.clone().into_bytes());
        }
        let comma = options.decimal_comma;
        let is_number = |word: &String| plain_number(word.as_bytes(), comma).is_some();
        let has_numbers = options.missing.iter().any(is_number);
        Self { words, has_numbers }
    }

    /// Whether it is one of them, without the blanks around it.
    pub(crate) fn contains(&self, word: &[u8]) -> bool {
        self.words.get(word.len()).is_some_and(|words| words.iter().any(|missing| missing == word))
    }
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

/// What becomes of rows that were numbers or missing when the first word comes.
fn as_text(n_rows: usize, only_missing: bool) -> Kept {
    if !only_missing {
        return Kept::Nothing;
    }
    let mut text = TextBuilder::default();
    (0..n_rows).for_each(|_| text.push(None));
    Kept::Text(text)
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
    pub(crate) fn push(
        &mut self,
        field: &[u8],
        missing: &Missing,
        line: u64,
    ) -> Result<(), &'static str> {
        if let Kept::Numbers(values) = &mut self.values
            && !missing.has_numbers
            && let Some(number) = plain_number(field, self.decimal_comma)
        {
            values.push(number);
            self.n_numbers += 1;
            return Ok(());
        }
        self.push_other(field.trim_ascii(), missing, line)
    }

    /// Anything, without the blanks around it.
    fn push_other(
        &mut self,
        bytes: &[u8],
        missing: &Missing,
        line: u64,
    ) -> Result<(), &'static str> {
        if missing.contains(bytes) {
            self.push_missing();
            return Ok(());
        }
        if let Kept::Numbers(values) = &mut self.values
            && let Some(number) = number(bytes, self.decimal_comma)?
        {
            values.push(number);
            self.n_numbers += 1;
            return Ok(());
        }
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
            self.values = as_text(values.len(), self.n_numbers == 0);
        }
        if let Kept::Text(text) = &mut self.values {
            let word = std::str::from_utf8(bytes)
                .map_err(|_| "text in UTF-8 (save the file in that encoding)")?;
            text.push(Some(word.trim()));
        }
        Ok(())
    }

    fn push_missing(&mut self) {
        match &mut self.values {
            Kept::Numbers(values) => values.push(f64::NAN),
            Kept::Text(text) => text.push(None),
            Kept::Nothing => {}
        }
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
