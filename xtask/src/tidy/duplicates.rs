//! No two places of the library's code have [`MIN_LINES`] equal lines in a row.
//!
//! Tests, imports, comments, blank lines and lines of punctuation alone are passed over; white
//! space does not count.

use std::collections::BTreeMap;

use super::source::Source;
use crate::finding::Finding;

/// As many lines in a row that are equal should stand in one place.
const MIN_LINES: usize = 12;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let files: Vec<&Source> = sources.iter().filter(|source| source.is_library()).collect();
    let lines: Vec<Line> =
        files.iter().enumerate().flat_map(|(file, source)| lines(file, source)).collect();
    let place = |i: usize| (files[lines[i].file].name.as_str(), lines[i].number);
    let mut longest: BTreeMap<(&str, &str), Finding> = BTreeMap::new();
    for (a, b, n) in runs(&lines) {
        let ((file, first), (other, second)) = (place(a), place(b));
        let what = format!("line {first}: {n} lines as in {other}, line {second}");
        let finding = Finding::new("equal lines", format!("{file} = {other}"), n, what);
        let known = longest.entry((file, other)).or_insert_with(|| finding.clone());
        if known.amount < n {
            *known = finding;
        }
    }
    longest.into_values().collect()
}

/// A line that counts.
struct Line {
    file: usize,
    number: usize,
    text: String,
}

fn lines(file: usize, source: &Source) -> Vec<Line> {
    let mut in_use = false;
    let mut found = Vec::new();
    for (i, code) in source.code.iter().enumerate() {
        let code = code.trim();
        in_use |= code.starts_with("use ") || code.starts_with("pub use ");
        // What strings say is blank in the code.
        let text = if code.contains('"') { source.lines[i].as_str() } else { code };
        let counts = !in_use && !source.test[i] && code.contains(|c: char| c.is_alphanumeric());
        if counts {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            found.push(Line { file, number: i + 1, text });
        }
        in_use &= !code.ends_with(';');
    }
    found
}

/// Begins and length of each pair of equal runs that cannot be made longer.
fn runs(lines: &[Line]) -> Vec<(usize, usize, usize)> {
    let mut windows: BTreeMap<Vec<&str>, Vec<usize>> = BTreeMap::new();
    for (i, window) in lines.windows(MIN_LINES).enumerate() {
        if window[0].file == window[MIN_LINES - 1].file {
            let key = window.iter().map(|line| line.text.as_str()).collect();
            windows.entry(key).or_default().push(i);
        }
    }
    let mut found = Vec::new();
    for places in windows.values() {
        for (nth, &a) in places.iter().enumerate() {
            for &b in &places[nth + 1..] {
                let goes_on = a > 0 && equal(lines, a - 1, b - 1, a, b);
                let n = (0..).take_while(|i| equal(lines, a + i, b + i, a, b)).count();
                if !goes_on && (lines[a].file != lines[b].file || a + MIN_LINES <= b) {
                    found.push((a, b, n));
                }
            }
        }
    }
    found
}

/// Whether two lines are equal and belong to the files of `a` and `b`.
fn equal(lines: &[Line], x: usize, y: usize, a: usize, b: usize) -> bool {
    let (Some(x), Some(y)) = (lines.get(x), lines.get(y)) else { return false };
    x.text == y.text && x.file == lines[a].file && y.file == lines[b].file
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn text(n: usize) -> String {
        (0..n).map(|i| format!("f({i});\n")).collect()
    }

    #[test]
    fn twelve_equal_lines_are_found() {
        let a = Source::new("crates/a/src/a.rs", &format!("use x;\na();\n{}", text(13)));
        let spaced = text(13).replace(";\n", "; // differs\n\n    }\n");
        let b = Source::new("crates/b/src/b.rs", &format!("b();\n{spaced}c();\n"));
        let found = check(&[a, b]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "crates/a/src/a.rs = crates/b/src/b.rs");
        assert_eq!(found[0].what, "line 3: 13 lines as in crates/b/src/b.rs, line 2");
    }

    #[test]
    fn fewer_lines_tests_and_imports_are_not() {
        let file = |name: &str, text: String| Source::new(name, &text);
        let a = || file("crates/a/src/a.rs", text(11));
        assert!(check(&[a(), file("crates/b/src/b.rs", text(11))]).is_empty());
        let b = || file("crates/a/src/b.rs", text(12));
        assert!(check(&[b(), file("crates/b/tests/b.rs", text(12))]).is_empty());
        let differs = text(12).replace("f(5)", "f(\"5\")");
        let other = text(12).replace("f(5)", "f(\"6\")");
        let pair = [file("crates/a/src/a.rs", differs), file("crates/a/src/b.rs", other)];
        assert!(check(&pair).is_empty(), "strings count");
        let twice = file("crates/a/src/a.rs", text(12) + &text(12));
        assert_eq!(check(&[twice])[0].what, "line 1: 12 lines as in crates/a/src/a.rs, line 13");
    }
}
