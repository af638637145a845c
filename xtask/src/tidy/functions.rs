//! No function has more than [`MAX_LINES`] lines, from `fn` to the brace that closes it.

use super::source::{Source, body_start, matching_brace};
use crate::finding::Finding;

/// What fits on a screen.
const MAX_LINES: usize = 40;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.name.contains("/src/")) {
        for (name, line, n_lines) in functions(&source.shipped_code()) {
            if n_lines > MAX_LINES {
                let what = format!("line {line}: {name} has {n_lines} lines, expected {MAX_LINES}");
                let place = format!("{} {name}", source.name);
                found.push(Finding::new("function", place, n_lines, what));
            }
        }
    }
    found
}

/// Name, line and number of lines of every function with a body.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + 3..];
        let name: String =
            rest.chars().take_while(|c| c.is_alphanumeric() || "_$".contains(*c)).collect();
        if name.is_empty() {
            continue;
        }
        let Some((open, '{')) = body_start(rest) else { continue };
        let Some(close) = matching_brace(rest, open) else { continue };
        let line = 1 + code[..at].matches('\n').count();
        found.push((name, line, 1 + rest[..close].matches('\n').count()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{check, functions};

    #[test]
    fn functions_are_measured() {
        let code = "impl A {\n    fn a<const N: usize>(x: [u8; N]) {\n        b(|| {\n        });\n    }\n}\nfn b();\n\
                    macro_rules! m { () => { fn $c() {} } }\ntype D = fn (u8);\n";
        let found = functions(code);
        assert_eq!(found, [("a".into(), 2, 4), ("$c".into(), 8, 1)]);
    }

    #[test]
    fn forty_lines_are_enough() {
        let file = |n: usize| format!("fn a() {{\n{}}}\n", "    b(\"}\"); // }\n".repeat(n - 2));
        let found = |n| check(&[Source::new("crates/a/src/b.rs", &file(n))]);
        assert!(found(40).is_empty());
        let found = found(41);
        assert_eq!((found[0].place.as_str(), found[0].amount), ("crates/a/src/b.rs a", 41));
    }
}
