//! CSV files as they come, and what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::io::Write;

use data::{Column, ColumnType, CsvOptions, Error, Table, Values};
use proptest::prelude::*;

/// A table as text: names, then columns; numbers as they print, `-` for missing ones.
fn shown(table: &Table) -> String {
    let cell = |column: &Column, row: usize| match column.values() {
        Values::Numbers(x) if x[row].is_nan() => "-".to_owned(),
        Values::Numbers(x) => x[row].to_string(),
        Values::Text(text) => text.get(row).map_or("-".to_owned(), |word| format!("'{word}'")),
    };
    let column = |column: &Column| {
        let cells: Vec<String> = (0..column.len()).map(|row| cell(column, row)).collect();
        format!("{}: {}", column.name(), cells.join(" "))
    };
    table.columns().iter().map(column).collect::<Vec<_>>().join("; ")
}

fn read(csv: &[u8]) -> Result<Table, Error> {
    Table::read_csv_from(csv, "t.csv")
}

#[test]
fn files_as_they_come() {
    let utf8_mark: &[u8] = b"\xef\xbb\xbfa,b\n1,2\n";
    let table: [(&[u8], &str); 25] = [
        (b"a,b\n1,x\n2.5,y\n", "a: 1 2.5; b: 'x' 'y'"),
        (b"a,b\n1,x\n2,y", "a: 1 2; b: 'x' 'y'"), // no line end at the end
        (b"a,b\r\n1,x\r\n2,y\r\n", "a: 1 2; b: 'x' 'y'"),
        (utf8_mark, "a: 1; b: 2"),
        (b"a;b\n1;x\n", "a: 1; b: 'x'"),
        (b"a\tb\n1\tx\n", "a: 1; b: 'x'"),
        (b"a|b\n1|x\n", "a: 1; b: 'x'"),
        (b"a;b\n1,5;x\n2,5;y\n", "a: '1,5' '2,5'; b: 'x' 'y'"),
        (b"a,b\n\"x, y\",\"say \"\"no\"\"\"\n", "a: 'x, y'; b: 'say \"no\"'"),
        (b"a,b\n\"two\nlines\",1\n", "a: 'two\nlines'; b: 1"),
        (b"a,b\n\n1,2\n\n\n3,4\n\n", "a: 1 3; b: 2 4"),
        (b"a\n1\n2\n", "a: 1 2"), // one column
        (b"a,b\n1,\n,x\n", "a: 1 -; b: - 'x'"),
        (b"a,b\nNA,N/A\nnull,None\n", "a: - -; b: - -"),
        (b"a,b\n 1 , x \n", "a: 1; b: 'x'"),
        (b" a , b\n1,x\n", "a: 1; b: 'x'"), // names too
        (b"a,b\n-1.5e-3,+2\n.5,5.\n", "a: -0.0015 0.5; b: 2 5"),
        (b"a,\n1,x\n", "a: 1; column 2: 'x'"), // an index without a name
        (b"a,b\nx,1\n2,1\n", "a: 'x' '2'; b: 1 1"),
        (b"a,b\n1,007\n2,K7\n", "a: 1 2; b: '007' 'K7'"), // numbers first: read again
        (b"a,b\n1,1\n2,\n3,K7\n", "a: 1 2 3; b: '1' - 'K7'"),
        (b"a,b\n1,true\n0,false\n", "a: 1 0; b: 'true' 'false'"),
        (b"d,b\n2026-11-28,1\n2026-11-29,0\n", "d: '2026-11-28' '2026-11-29'; b: 1 0"),
        (b"a,b\n0x10,1_000\n", "a: '0x10'; b: '1_000'"), // no numbers
        ("ä,b\nMüller,中\n".as_bytes(), "ä: 'Müller'; b: '中'"),
    ];
    for (csv, expected) in table {
        let text = String::from_utf8_lossy(csv);
        assert_eq!(shown(&read(csv).unwrap_or_else(|error| panic!("{text}: {error}"))), expected);
    }
}

#[test]
fn files_that_are_refused() {
    let nines = |word: &str| format!("a,b\n{}{word},0\n", "1,0\n".repeat(9)).into_bytes();
    let table: [(&[u8], &str); 16] = [
        (b"", "t.csv: expected at least 1 line, found none"),
        (b"\n\n", "t.csv: expected at least 1 line, found none"),
        (b"a,b\n", "t.csv: expected at least 1 row below the header, found none"),
        (b"a,b\n1,2\n3\n", "t.csv, line 3: expected 2 fields, as in the first line, found 1"),
        (
            b"a,b\n1,2\n\"x\ny\",4,5\n",
            "t.csv, line 3: expected 2 fields, as in the first line, found 3",
        ),
        (
            b"a,b,a\n1,2,3\n",
            "t.csv: expected every column to have a name of its own, found \"a\" at places 1 and 3",
        ),
        (
            b"column 2,\n1,2\n",
            "t.csv: expected every column to have a name of its own, found \"column 2\" at places \
             1 and 2",
        ),
        (
            &nines("oops"),
            "t.csv, line 11, column \"a\": expected a number, as nine of ten values of the column \
             are (name the word among the missing ones, or give the column the type text), found \
             \"oops\"",
        ),
        (
            b"a\nunknown\n1\n2\n3\n4\n5\n6\n7\n8\n9\n",
            "t.csv, line 2, column \"a\": expected a number, as nine of ten values of the column \
             are (name the word among the missing ones, or give the column the type text), found \
             \"unknown\"",
        ),
        (
            b"a,b\n1,1e999\n",
            "t.csv, line 2, column \"b\": expected a number between -1.8e308 and 1.8e308, found \
             \"1e999\"",
        ),
        (
            b"a,b\n1,2\n1,-inf\n",
            "t.csv, line 3, column \"b\": expected a finite number (or name the word among the \
             missing ones), found \"-inf\"",
        ),
        (
            b"a,b\n1,M\xfcller\n",
            "t.csv, line 2, column \"b\": expected text in UTF-8 (save the file in that encoding), \
             found \"M\u{fffd}ller\"",
        ),
        (
            b"a,b\n1,2\n1,M\xfcller\n",
            "t.csv, line 3, column \"b\": expected text in UTF-8 (save the file in that encoding), \
             found \"M\u{fffd}ller\"",
        ),
        (
            b"a,\xfc\n1,2\n",
            "t.csv, line 1, column \"column 2\": expected text in UTF-8 (save the file in that \
             encoding), found \"\u{fffd}\"",
        ),
        (
            b"\xff\xfea\0,\0b\0",
            "t.csv: expected text in UTF-8 (save the file in that encoding), found UTF-16",
        ),
        (b"\x1f\x8bnot gzip", "t.csv: expected a file that can be read, found invalid gzip header"),
    ];
    for (csv, expected) in table {
        assert_eq!(read(csv).unwrap_err().to_string(), expected);
    }
    assert!(
        Table::read_csv("no/such/file.csv")
            .unwrap_err()
            .to_string()
            .starts_with("no/such/file.csv: expected a file that can be read, found ")
    );
}

#[test]
fn choices() {
    let read = |options: CsvOptions, csv: &str| options.read_from(csv.as_bytes(), "t.csv");
    let default = CsvOptions::default;
    let show = |table: Result<Table, Error>| shown(&table.unwrap());

    let no_header = || CsvOptions { header: false, ..default() };
    assert_eq!(show(read(no_header(), "1,x\n2,y\n")), "column 1: 1 2; column 2: 'x' 'y'");
    assert_eq!(show(read(no_header(), "1,5\n2,K\n")), "column 1: 1 2; column 2: '5' 'K'");

    let colon = CsvOptions { delimiter: Some(b':'), ..default() };
    assert_eq!(show(read(colon, "a:b\n1,5:2\n")), "a: '1,5'; b: 2");

    let comma = || CsvOptions { decimal_comma: true, ..default() };
    assert_eq!(show(read(comma(), "a;b\n1,5;-2\n,5;1e3\n")), "a: 1.5 0.5; b: -2 1000");
    // Separators of thousands are no numbers.
    assert_eq!(
        show(read(comma(), "a;b\n1.234,5;1\n2.000,1;1\n")),
        "a: '1.234,5' '2.000,1'; b: 1 1"
    );

    assert_eq!(show(read(comma(), "a;b\n1.5;1\n2.5;1\n")), "a: '1.5' '2.5'; b: 1 1");

    let missing = CsvOptions { missing: vec!["-9,5".into()], ..comma() };
    assert_eq!(show(read(missing, "a;b\n-9,5;1\n1;2\n")), "a: - 1; b: 1 2");
    let missing = CsvOptions { missing: vec!["inf".into(), "1e3".into()], ..default() };
    assert_eq!(show(read(missing, "a,b\ninf,1e3\n1, 1e3 \n2,2\n")), "a: - 1 2; b: - - 2");
    let missing = CsvOptions { missing: vec!["-999".into(), "?".into()], ..default() };
    assert_eq!(show(read(missing, "a,b\n-999,NA\n1,?\n")), "a: - 1; b: 'NA' -");

    let typed = |of, to| CsvOptions { types: vec![(String::from(of), to)], ..default() };
    assert_eq!(
        show(read(typed("a", ColumnType::Text), "a,b\n01,1\n 2,2\n")),
        "a: '01' '2'; b: 1 2"
    );
    let mostly = format!("a\n{}x\n", "1\n".repeat(20));
    let text = read(typed("a", ColumnType::Text), &mostly).unwrap();
    assert_eq!(text.column("a").unwrap().text().unwrap().words(), ["1", "x"]);
    assert_eq!(
        read(typed("a", ColumnType::Numbers), "a,b\n1,1\n,2\nx,3\n").unwrap_err().to_string(),
        "t.csv, line 4, column \"a\": expected a number, found \"x\""
    );
    assert_eq!(
        read(typed("c", ColumnType::Text), "a,b\n1,1\n").unwrap_err().to_string(),
        "t.csv: expected one of the columns \"a\", \"b\", found \"c\""
    );
}

// The beginning that decides on the delimiter ends within the third line, after fewer fields.
#[test]
fn lines_longer_than_what_decides_on_the_delimiter() {
    let line = |word: &str| vec![word; 15_000].join(";");
    let names: Vec<String> = (0..15_000).map(|i| i.to_string()).collect();
    let csv = format!("{}\n{}\n{}\n", names.join(";"), line("1,"), line("x"));
    assert_eq!(read(csv.as_bytes()).unwrap().n_columns(), 15_000);
}

#[test]
fn compressed_files_are_told_by_their_bytes() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"a,b\n1,7\n2,K7\n").unwrap();
    let bytes = gz.finish().unwrap();
    assert_eq!(shown(&read(&bytes).unwrap()), "a: 1 2; b: '7' 'K7'");
    // Two members, one after the other, are one file.
    let mut rest = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    rest.write_all(b"3,L8\n").unwrap();
    let both = [bytes.clone(), rest.finish().unwrap()].concat();
    assert_eq!(shown(&read(&both).unwrap()), "a: 1 2 3; b: '7' 'K7' 'L8'");
    let cut = &bytes[..bytes.len() - 6];
    let error = read(cut).unwrap_err().to_string();
    assert!(error.starts_with("t.csv: expected a file that can be read"), "{error}");
}

#[test]
fn a_file_is_read_from_its_path() {
    let folder = std::env::temp_dir().join(format!("data-csv-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("mixed.csv");
    std::fs::write(&path, "a,b\n1,7\n2,K7\n").unwrap();
    let table = Table::read_csv(&path);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(shown(&table.unwrap()), "a: 1 2; b: '7' 'K7'");
}

#[test]
fn rows_know_their_lines() {
    // The last line has no end, and an empty one before it.
    let csv = "a,b\n1,x\n\n2,\"y\nz\"\n3,w\n\n4,v";
    let table = read(csv.as_bytes()).unwrap();
    let lines = |table: &Table| -> Vec<String> {
        (0..table.n_rows()).map(|row| table.place(row)).collect()
    };
    let expected = ["t.csv, line 2", "t.csv, line 4", "t.csv, line 6", "t.csv, line 8"];
    assert_eq!(lines(&table), expected);
    let part = table.rows(&[3, 0, 2, 3, 2]).unwrap();
    assert_eq!(lines(&part), [3, 0, 2, 3, 2].map(|row: usize| expected[row]));
    assert_eq!(shown(&part), "a: 4 1 3 4 3; b: 'v' 'x' 'w' 'v' 'w'");
    let of_part = part.rows(&[2, 3]).unwrap();
    assert_eq!(lines(&of_part), [expected[2], expected[3]]);
    // Lines that end with CR alone are rows, but no lines.
    let old = read(b"a\r1\r2\n3\n").unwrap();
    assert_eq!((shown(&old).as_str(), lines(&old)[2].as_str()), ("a: 1 2 3", "t.csv, line 2"));
    assert_eq!(old.rows(&[0]).unwrap().place(0), old.place(0));
    assert_eq!(table.rows(&[4]).unwrap_err().to_string(), "table: expected a row below 4, found 4");
}

#[test]
fn tables_of_columns() {
    let x = ndarray::array![[1.0, 2.0], [3.0, f64::NAN]];
    let table = Table::from_array(["a", "b"], &x).unwrap();
    assert_eq!((shown(&table).as_str(), table.place(1).as_str()), ("a: 1 3; b: 2 -", "row 1"));
    assert_eq!(shown(&table.without(&["a"]).unwrap()), "b: 2 -");
    let refused: [(Result<Table, Error>, &str); 6] = [
        (Table::new(vec![]), "table: expected at least 1 column, found 0"),
        (table.without(&["a", "b"]), "table: expected at least 1 column, found 0"),
        (table.without(&["c"]), "table: expected one of the columns \"a\", \"b\", found \"c\""),
        (Table::from_array(["a"], &x), "table: names: expected 2 columns, found 1"),
        (
            Table::from_array(["a", "a"], &x),
            "table: expected every column to have a name of its own, found \"a\" at places 1 and 2",
        ),
        (
            Table::new(vec![
                Column::numbers_of("a", vec![1.0]),
                Column::text_of("b", [Some("x"), None]),
            ]),
            "column \"b\": expected 1 rows, as in the first column, found 2",
        ),
    ];
    for (result, message) in refused {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    assert_eq!(
        table.column("a").unwrap().text().unwrap_err().to_string(),
        "column \"a\": expected text, found numbers"
    );
    let text = Column::text_of("b", [Some("x"), None]);
    assert_eq!(
        text.numbers().unwrap_err().to_string(),
        "column \"b\": expected numbers, found text"
    );
    assert_eq!(text.n_missing(), 1);
}

/// A valid file of numbers, words, quotes, blanks and missing values.
fn valid() -> impl Strategy<Value = Vec<u8>> {
    let cell = prop_oneof![
        any::<f64>().prop_map(|x| x.to_string()),
        any::<i16>().prop_map(|x| x.to_string()),
        "[a-zA-Z ,;\"\n]{0,6}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
        Just(String::new()),
        Just("NA".to_owned()),
    ];
    (1_usize..5).prop_flat_map(move |width| {
        let row = prop::collection::vec(cell.clone(), width..=width);
        prop::collection::vec(row, 1..8).prop_map(move |rows| {
            let head: Vec<String> = (0..width).map(|i| format!("c{i}")).collect();
            let lines = std::iter::once(head.join(",")).chain(rows.iter().map(|row| row.join(",")));
            lines.collect::<Vec<_>>().join("\n").into_bytes()
        })
    })
}

proptest! {
    // Whatever bytes become of a valid file: a table or an error, never a panic; and what was read
    // can be taken apart.
    #[test]
    fn mutated_files_are_read_or_refused(
        mut csv in valid(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6),
    ) {
        for (at, byte, how) in changes {
            let at = at.index(csv.len().max(1)).min(csv.len());
            match how {
                0 if at < csv.len() => csv[at] = byte,
                1 => csv.insert(at, b",;\n\"\r\t"[usize::from(byte) % 6]),
                2 if at < csv.len() => drop(csv.remove(at)),
                _ => csv.truncate(at),
            }
        }
        match read(&csv) {
            Ok(table) => {
                prop_assert!(table.n_rows() > 0);
                for column in table.columns() {
                    prop_assert_eq!(column.len(), table.n_rows());
                }
                let rows: Vec<usize> = (0..table.n_rows()).rev().collect();
                let back = table.rows(&rows).unwrap().rows(&rows).unwrap();
                prop_assert_eq!(shown(&back), shown(&table));
                prop_assert_eq!(back.place(0), table.place(0));
            }
            Err(error) => prop_assert!(error.to_string().starts_with("t.csv"), "{}", error),
        }
    }

    // Numbers that were written as Rust or Python write them come back bit by bit.
    #[test]
    fn numbers_come_back(numbers in prop::collection::vec(any::<f64>(), 1..20)) {
        let finite: Vec<f64> = numbers.into_iter().filter(|x| x.is_finite()).collect();
        prop_assume!(!finite.is_empty());
        let lines: Vec<String> = finite.iter().map(|x| format!("{x:?}")).collect();
        let table = read(format!("x\n{}\n", lines.join("\n")).as_bytes()).unwrap();
        prop_assert_eq!(table.column("x").unwrap().numbers().unwrap(), &finite[..]);
    }
}
