//! A column of text.

use std::collections::HashMap;
#[cfg(feature = "serde")]
use std::collections::HashSet;
use std::sync::Arc;

/// A column of text: each word that comes up is kept once, a row holds its number.
///
/// # Examples
/// ```
/// use data::Text;
///
/// let text = Text::from_iter([Some("b"), None, Some("a"), Some("b")]);
/// assert_eq!((text.len(), text.words().len()), (4, 2));
/// assert_eq!(text.iter().collect::<Vec<_>>(), [Some("b"), None, Some("a"), Some("b")]);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Parts"))]
pub struct Text {
    /// In the order in which they first come up; one memory for all parts of a table.
    #[cfg_attr(feature = "serde", serde(serialize_with = "write_words"))]
    words: Arc<[String]>,
    /// Of each row; `MISSING` for a missing value.
    codes: Vec<u32>,
}

const MISSING: u32 = u32::MAX;

/// Words that several columns share are written with each of them.
#[cfg(feature = "serde")]
fn write_words<S: serde::Serializer>(words: &Arc<[String]>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(words.iter())
}

impl Text {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The words that came up, in the order in which they first did. A part of a table has all
    /// words of the whole.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The text of a row; none if it is missing, or if there is no such row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.word(*self.codes.get(row)?)
    }

    /// The text of each row.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.codes.iter().map(|&code| self.word(code))
    }

    fn word(&self, code: u32) -> Option<&str> {
        self.words.get(code as usize).map(String::as_str)
    }

    /// The place of each row's word among the words; none of them for a missing one.
    pub(crate) fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Each word of a row, once, and the missing one; nothing of words that have no row.
    pub(crate) fn occurring(&self) -> Vec<Option<&str>> {
        let mut codes = self.codes.clone();
        codes.sort_unstable();
        codes.dedup();
        codes.into_iter().map(|code| self.word(code)).collect()
    }

    /// These rows, which are there.
    pub(crate) fn rows(&self, rows: &[usize]) -> Self {
        let codes = rows.iter().map(|&row| self.codes[row]).collect();
        Self { words: Arc::clone(&self.words), codes }
    }
}

/// A [`Text`] while rows are added.
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    codes: Vec<u32>,
    /// The code of each word.
    words: HashMap<String, u32>,
}

impl TextBuilder {
    /// Adds a row.
    pub(crate) fn push(&mut self, word: Option<&str>) {
        let code = match word {
            None => MISSING,
            Some(word) => self.code(word),
        };
        self.codes.push(code);
    }

    fn code(&mut self, word: &str) -> u32 {
        if let Some(&code) = self.words.get(word) {
            return code;
        }
        let code = self.words.len() as u32;
        self.words.insert(word.to_owned(), code);
        code
    }

    pub(crate) fn finish(self) -> Text {
        let mut words: Vec<(String, u32)> = self.words.into_iter().collect();
        words.sort_unstable_by_key(|(_, code)| *code);
        let words = words.into_iter().map(|(word, _)| word).collect();
        Text { words, codes: self.codes }
    }
}

impl<'a> FromIterator<Option<&'a str>> for Text {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(rows: I) -> Self {
        let mut text = TextBuilder::default();
        rows.into_iter().for_each(|word| text.push(word));
        text.finish()
    }
}

/// What is read, before it is checked.
#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct Parts {
    words: Vec<String>,
    codes: Vec<u32>,
}

#[cfg(feature = "serde")]
impl TryFrom<Parts> for Text {
    type Error = &'static str;

    fn try_from(Parts { words, codes }: Parts) -> Result<Self, &'static str> {
        let in_words = |&code: &u32| code == MISSING || (code as usize) < words.len();
        let right =
            codes.iter().all(in_words) && words.iter().collect::<HashSet<_>>().len() == words.len();
        let message = "text: expected different words, and codes of these, or 4294967295";
        if right { Ok(Self { words: words.into(), codes }) } else { Err(message) }
    }
}
