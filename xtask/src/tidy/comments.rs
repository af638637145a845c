//! Comments are at most [`MAX_COLUMNS`] wide, as code is.
//!
//! Rows of tables and lines with a link are exempt: neither can be broken.

use super::source::Source;
use crate::finding::Finding;

/// What rustfmt gives code.
const MAX_COLUMNS: usize = 100;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().filter_map(in_file).collect()
}

fn in_file(source: &Source) -> Option<Finding> {
    let lines: Vec<_> = source
        .lines
        .iter()
        .zip(&source.commented)
        .enumerate()
        .filter(|(_, (line, commented))| **commented && is_too_wide(line))
        .map(|(i, _)| (i + 1).to_string())
        .collect();
    let what = format!("comments wider than {MAX_COLUMNS} columns: lines {}", lines.join(", "));
    let finding = Finding::new("comment", source.name.clone(), lines.len(), what);
    (!lines.is_empty()).then_some(finding)
}

fn is_too_wide(line: &str) -> bool {
    let text = line.trim_start().trim_start_matches(['/', '!']).trim_start();
    let is_table = text.starts_with('|');
    let is_link = line.contains("](") || line.contains("://") || line.contains("]: ");
    line.chars().count() > MAX_COLUMNS && !is_table && !is_link
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    #[test]
    fn wide_comments_are_counted() {
        let wide = "ä".repeat(97);
        let text = format!("/// {wide}\n/// {}\n/// | {wide} |\n// http://{wide}\n", &wide[2..]);
        let found = check(&[Source::new("a.rs", &text)]);
        assert_eq!((found.len(), found[0].amount), (1, 1));
        assert!(found[0].what.ends_with("lines 1"), "{}", found[0].what);
        let text = format!("let a = \"// {wide}\";\n");
        assert!(check(&[Source::new("a.rs", &text)]).is_empty(), "code is rustfmt's business");
    }
}
