//! A printed table, read back: names of columns, then rows of a name and numbers.

use serde_json::{Map, Value, json};

/// A table of numbers.
#[derive(Debug, PartialEq)]
pub(crate) struct Grid {
    /// Names of the columns of numbers.
    columns: Vec<String>,
    /// Name and numbers of each row.
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

impl Grid {
    /// From text; a `*` behind a number is a mark and no part of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let columns = lines.next().unwrap_or_default().split_whitespace().skip(1);
        let columns: Vec<String> = columns.map(Into::into).collect();
        let row = |line: &str| {
            let mut words = line.split_whitespace();
            let name = words.next()?.to_owned();
            let numbers = words.map(|word| word.trim_end_matches('*').parse().ok());
            let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
            (numbers.len() == columns.len()).then_some((name, numbers))
        };
        let rows = lines.map(|line| row(line).ok_or_else(|| format!("no row of a table: {line}")));
        let rows = rows.collect::<Result<_, _>>()?;
        Ok(Self { columns, rows })
    }

    /// `{row: {column: number}}`
    pub(crate) fn to_json(&self) -> Value {
        let row = |(name, numbers): &(String, Vec<f64>)| {
            let cells = self.columns.iter().cloned().zip(numbers.iter().map(|n| json!(n)));
            (name.clone(), Value::Object(cells.collect()))
        };
        Value::Object(self.rows.iter().map(row).collect::<Map<_, _>>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Grid;

    #[test]
    fn a_table_is_read_back() {
        let grid = Grid::parse("width  1   32\n64   1.5  20.0*\n\n128  3.0   40\n").unwrap();
        assert_eq!(grid.rows[0], ("64".into(), vec![1.5, 20.0]));
        assert_eq!(
            grid.to_json(),
            json!({"64": {"1": 1.5, "32": 20.0}, "128": {"1": 3.0, "32": 40.0}})
        );
        assert!(Grid::parse("width 1\n64 two\n").is_err());
        assert!(Grid::parse("width 1\n64 2 3\n").is_err());
    }
}
