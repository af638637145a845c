//! Reading a CSV file: once, and for the text of some columns twice.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::csv_column::{Builder, Missing};
use crate::gzip::unpacked;
use crate::table::{Source, check_names};
use crate::text::TextBuilder;
use crate::{Column, CsvOptions, Error, Table, Values};

/// What is read, and can be read again from its beginning.
enum Input<'a> {
    Path(&'a Path),
    Bytes(&'a [u8]),
}

type Rows<'a> = Reader<Box<dyn Read + 'a>>;

/// So much of the beginning decides on the delimiter.
const HEAD: usize = 1 << 16;

/// So many lines of it.
const HEAD_LINES: usize = 20;

const DELIMITERS: [u8; 4] = *b",;\t|";

impl CsvOptions {
    /// Reads a file.
    ///
    /// # Errors
    /// See the type.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table, Error> {
        let path = path.as_ref();
        read(self, &Input::Path(path), &path.display().to_string())
    }

    /// Reads all of a reader, such as standard input. `name` stands for the file's name in
    /// messages.
    ///
    /// Its bytes are kept until the table is made, because they may have to be read twice.
    ///
    /// # Errors
    /// See the type.
    pub fn read_from(&self, mut reader: impl Read, name: &str) -> Result<Table, Error> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| Error::io(name, &error))?;
        read(self, &Input::Bytes(&bytes), name)
    }
}

impl Table {
    /// Reads a CSV file as [`CsvOptions`] does by default.
    ///
    /// # Errors
    /// See [`CsvOptions`].
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self, Error> {
        CsvOptions::default().read(path)
    }

    /// The same of a reader: [`CsvOptions::read_from`].
    ///
    /// # Errors
    /// See [`CsvOptions`].
    pub fn read_csv_from(reader: impl Read, name: &str) -> Result<Self, Error> {
        CsvOptions::default().read_from(reader, name)
    }
}

/// Reads a table.
fn read(options: &CsvOptions, input: &Input<'_>, file: &str) -> Result<Table, Error> {
    let delimiter = delimiter(options, input, file)?;
    let file = CsvFile { options, input, file, delimiter, missing: Missing::new(options) };
    let mut rows = file.open()?;
    let names = file.names(&mut rows)?;
    let mut builders = file.builders(&names)?;
    let mut source = Source { file: file.file.to_owned(), breaks: Vec::new() };
    let mut record = ByteRecord::new();
    let (mut n_rows, mut next_line) = (0, u64::MAX);
    while let Some(line) = file.next(&mut rows, &mut record, names.len())? {
        if line != next_line {
            source.breaks.push((n_rows, line));
        }
        next_line = line + 1;
        for (field, (builder, name)) in record.iter().zip(builders.iter_mut().zip(&names)) {
            builder
                .push(field, &file.missing, line)
                .map_err(|e| file.cell(name, line, field, e))?;
        }
        n_rows += 1;
    }
    if n_rows == 0 {
        let expected = "at least 1 row below the header".into();
        return Err(Error::File { file: file.file.to_owned(), expected, found: "none".into() });
    }
    let values = file.finish(&names, builders)?;
    let columns = names.into_iter().zip(values).map(|(name, values)| Column::new(name, values));
    Table::from_source(columns.collect(), source)
}

struct CsvFile<'a> {
    options: &'a CsvOptions,
    input: &'a Input<'a>,
    file: &'a str,
    delimiter: u8,
    missing: Missing,
}

impl<'a> CsvFile<'a> {
    fn open(&self) -> Result<Rows<'a>, Error> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.delimiter);
        builder.buffer_capacity(1 << 16);
        Ok(builder.from_reader(open(self.input, self.file)?))
    }

    /// The next row, and the line on which it begins; none at the end.
    fn next(
        &self,
        rows: &mut Rows<'_>,
        record: &mut ByteRecord,
        n_fields: usize,
    ) -> Result<Option<u64>, Error> {
        if !rows.read_byte_record(record).map_err(|error| self.failed(&error))? {
            return Ok(None);
        }
        let line = first_line(record, rows.position().line());
        if record.len() == n_fields {
            return Ok(Some(line));
        }
        Err(Error::Fields { file: self.file.into(), line, expected: n_fields, found: record.len() })
    }

    fn failed(&self, error: &csv::Error) -> Error {
        let (expected, found) = ("a file that can be read to its end".into(), error.to_string());
        Error::File { file: self.file.into(), expected, found }
    }

    /// The names of the columns; the first row is then behind them.
    fn names(&self, rows: &mut Rows<'a>) -> Result<Vec<String>, Error> {
        let mut record = ByteRecord::new();
        if !rows.read_byte_record(&mut record).map_err(|error| self.failed(&error))? {
            let expected = "at least 1 line".into();
            return Err(Error::File { file: self.file.into(), expected, found: "none".into() });
        }
        let place = |i: usize| format!("column {}", i + 1);
        let mut names = Vec::with_capacity(record.len());
        for (i, name) in record.iter().enumerate() {
            let name = match self.options.header {
                true => self.text(&place(i), 1, name)?.trim(),
                false => "",
            };
            names.push(if name.is_empty() { place(i) } else { name.to_owned() });
        }
        check_names(self.file, names.iter().map(String::as_str))?;
        if !self.options.header {
            *rows = self.open()?;
        }
        Ok(names)
    }

    fn builders(&self, names: &[String]) -> Result<Vec<Builder>, Error> {
        let types = &self.options.types;
        if let Some((found, _)) = types.iter().find(|(name, _)| !names.contains(name)) {
            let (file, found, known) = (self.file.to_owned(), found.clone(), names.to_vec());
            return Err(Error::UnknownColumn { file, found, known });
        }
        let wanted = |name: &String| types.iter().find(|(other, _)| other == name).map(|t| t.1);
        Ok(names
            .iter()
            .map(|name| Builder::new(wanted(name), self.options.decimal_comma))
            .collect())
    }

    fn text<'f>(&self, column: &str, line: u64, field: &'f [u8]) -> Result<&'f str, Error> {
        std::str::from_utf8(field).map_err(|_| {
            let expected = "text in UTF-8 (save the file in that encoding)";
            self.cell(column, line, field, expected)
        })
    }

    fn cell(&self, column: &str, line: u64, field: &[u8], expected: &'static str) -> Error {
        let found = String::from_utf8_lossy(field).into_owned();
        let (file, column) = (self.file.to_owned(), column.to_owned());
        Error::Cell { file, line, column, expected, found }
    }

    /// The columns' values; text that began with numbers is read once more.
    fn finish(&self, names: &[String], builders: Vec<Builder>) -> Result<Vec<Values>, Error> {
        for (builder, name) in builders.iter().zip(names) {
            if let Some((line, word)) = builder.mistake() {
                let expected = "a number, as nine of ten values of the column are (name the word \
                                among the missing ones, or give the column the type text)";
                return Err(self.cell(name, line, word, expected));
            }
        }
        let mut values: Vec<Values> = Vec::with_capacity(names.len());
        let again: Vec<usize> = (0..names.len()).filter(|&i| builders[i].has_lost_text()).collect();
        values.extend(builders.into_iter().map(Builder::finish));
        if !again.is_empty() {
            let mut texts: Vec<_> = again.iter().map(|_| TextBuilder::default()).collect();
            self.read_text(names, &again, &mut texts)?;
            for (i, text) in again.into_iter().zip(texts) {
                values[i] = Values::Text(text.finish());
            }
        }
        Ok(values)
    }

    fn read_text(
        &self,
        names: &[String],
        columns: &[usize],
        texts: &mut [TextBuilder],
    ) -> Result<(), Error> {
        let mut rows = self.open()?;
        let mut record = ByteRecord::new();
        if self.options.header {
            self.next(&mut rows, &mut record, names.len())?;
        }
        while let Some(line) = self.next(&mut rows, &mut record, names.len())? {
            for (&i, text) in columns.iter().zip(&mut *texts) {
                let field = record.get(i).unwrap_or_default();
                if self.missing.contains(field.trim_ascii()) {
                    text.push(None);
                } else {
                    text.push(Some(self.text(&names[i], line, field)?.trim()));
                }
            }
        }
        Ok(())
    }
}

/// The line on which a record begins; `next` is the one after its end.
///
/// The reader's own position is that of the empty lines before the record, if there are any. Where
/// a lone CR ends a line, which is not counted, it is that position.
fn first_line(record: &ByteRecord, next: u64) -> u64 {
    let line = record.position().map_or(0, csv::Position::line);
    if next == line + 1 {
        return line;
    }
    let inside = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
    next.saturating_sub(inside + 1).max(line)
}

fn open<'a>(input: &'a Input<'_>, file: &str) -> Result<Box<dyn Read + 'a>, Error> {
    let mut reader: Box<dyn BufRead + 'a> = match input {
        Input::Path(path) => {
            let opened = File::open(path).map_err(|error| Error::io(file, &error))?;
            Box::new(BufReader::with_capacity(1 << 18, opened))
        }
        Input::Bytes(bytes) => Box::new(*bytes),
    };
    let head = reader.fill_buf().map_err(|error| Error::io(file, &error))?;
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        let expected = "text in UTF-8 (save the file in that encoding)".into();
        return Err(Error::File { file: file.into(), expected, found: "UTF-16".into() });
    }
    // Every record ends with its line, the last one too.
    let end = &b"\n"[..];
    Ok(Box::new(unpacked(reader).map_err(|error| Error::io(file, &error))?.chain(end)))
}

/// The delimiter by which the first lines have equally many fields, and most of them.
fn delimiter(options: &CsvOptions, input: &Input<'_>, file: &str) -> Result<u8, Error> {
    if let Some(delimiter) = options.delimiter {
        return Ok(delimiter);
    }
    let mut head = Vec::new();
    let limited = open(input, file)?.take(HEAD as u64).read_to_end(&mut head);
    limited.map_err(|error| Error::io(file, &error))?;
    let n_fields = |delimiter| -> usize {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter);
        let mut rows = builder.from_reader(&head[..]);
        let mut lengths: Vec<usize> =
            rows.byte_records().take(HEAD_LINES).flatten().map(|record| record.len()).collect();
        // The last one may have been cut off.
        if lengths.len() > 1 {
            lengths.pop();
        }
        let first = lengths.first().copied().unwrap_or(0);
        if lengths.iter().all(|&n| n == first) { first } else { 0 }
    };
    let fields = DELIMITERS.map(n_fields);
    let most = (0..DELIMITERS.len()).rev().max_by_key(|&i| fields[i]).unwrap_or(0);
    if fields[most] > 1 {
        return Ok(DELIMITERS[most]);
    }
    // Lines of different length, or one column. The header decides; without any delimiter, a comma.
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|&&byte| byte == delimiter).count();
    let most = (0..DELIMITERS.len()).rev().max_by_key(|&i| count(DELIMITERS[i])).unwrap_or(0);
    Ok(DELIMITERS[most])
}
