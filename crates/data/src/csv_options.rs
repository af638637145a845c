//! How a CSV file is read.

/// What is written for a missing value, besides nothing: pandas' list.
///
/// # Examples
/// ```
/// assert!(data::MISSING_WORDS.contains(&"NA"));
/// assert!(!data::MISSING_WORDS.contains(&"unknown"));
/// ```
pub const MISSING_WORDS: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

/// Whether a column is read as numbers or as text. It is needed where the rows would decide
/// otherwise: for numbers that are names.
///
/// # Examples
/// ```
/// use data::{ColumnType, CsvOptions};
///
/// // ZIP codes are names: 01067 is not 1067.
/// let types = vec![("zip".into(), ColumnType::Text)];
/// let options = CsvOptions { types, ..CsvOptions::default() };
/// let table = options.read_from("zip,price\n01067,3\n".as_bytes(), "houses.csv")?;
/// assert_eq!(table.column("zip")?.text()?.get(0), Some("01067"));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ColumnType {
    /// Every value is a number or missing.
    Numbers,
    /// Every value is a word or missing.
    Text,
}

/// How a CSV file is read; the default reads what most programs write.
///
/// | | by default |
/// |---|---|
/// | header | the first line; without one, columns are named `column 1`, `column 2`, … |
/// | delimiter | found: the one of comma, semicolon, tab and `\|` by which the first lines have equally many fields, at least two |
/// | quotes | `"…"`, with `""` for a quote inside; delimiters and line ends inside are text |
/// | line ends | LF, CRLF; empty lines are passed over |
/// | encoding | UTF-8, with or without a byte-order mark |
/// | compression | `.gz`, told by its first bytes |
/// | missing | nothing, or one of [`MISSING_WORDS`] |
/// | numbers | decimal point; blanks around are ignored |
///
/// **Types.** All rows decide. A column whose values are all numbers or missing is of numbers. One
/// with words is text, unless nine of ten values are numbers: then the words are more likely to be
/// mistakes, and the first one is refused, with its line. A column without any value is of numbers.
/// [`types`](Self::types) overrides this. A column without a name is named by its place, `column
/// 3`.
///
/// A file is read as it comes; only if a column turns out to be text after it began with numbers is
/// it read a second time, for the text of those.
///
/// # Errors
/// The methods that read refuse, with file, line, column, value and what would have been accepted:
/// a file that cannot be read; an empty one, or a header without rows; a line with another number
/// of fields than the first; two columns of one name; a word among numbers; a number beyond the
/// range of `f64`; text that is not UTF-8; a type for a column that is not there.
///
/// # Examples
/// ```
/// use data::CsvOptions;
///
/// let csv = "name;Größe\n\"Müller; A.\";1,75\n?;1,8\n";
/// let options = CsvOptions {
///     decimal_comma: true,
///     missing: vec!["?".into()],
///     ..CsvOptions::default()
/// };
/// let table = options.read_from(csv.as_bytes(), "people.csv")?;
/// assert_eq!(table.column("Größe")?.numbers()?, [1.75, 1.8]);
/// let names: Vec<_> = table.column("name")?.text()?.iter().collect();
/// assert_eq!(names, [Some("Müller; A."), None]);
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CsvOptions {
    /// Whether the first line names the columns.
    pub header: bool,
    /// The byte between fields; none to find it.
    pub delimiter: Option<u8>,
    /// Whether `1,5` is one and a half.
    pub decimal_comma: bool,
    /// What is written for a missing value, besides nothing.
    pub missing: Vec<String>,
    /// The type of columns for which it is not to be found, by name.
    pub types: Vec<(String, ColumnType)>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: true,
            delimiter: None,
            decimal_comma: false,
            missing: MISSING_WORDS.map(str::to_owned).to_vec(),
            types: Vec::new(),
        }
    }
}
