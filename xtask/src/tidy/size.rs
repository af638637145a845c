//! Crates that have to stay small, with the lines that they may have, tests included.

use super::source::Source;
use crate::finding::Finding;

const MAX_LINES: [(&str, usize); 1] = [("crates/tensor-core", 4500)];

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let finding = |(package, most): (&str, usize)| {
        let folders = [format!("{package}/src/"), format!("{package}/tests/")];
        let counts = |source: &&Source| folders.iter().any(|f| source.name.starts_with(f.as_str()));
        let n: usize = sources.iter().filter(counts).map(|source| source.lines.len()).sum();
        let what = format!("{n} lines with tests, expected at most {most}");
        (n > most).then(|| Finding::new("size", package.to_owned(), n, what))
    };
    MAX_LINES.into_iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    #[test]
    fn lines_of_sources_and_tests_are_added() {
        let file =
            |name: &str, n| Source::new(&format!("crates/tensor-core/{name}"), &"a\n".repeat(n));
        let found =
            |n| check(&[file("src/a.rs", 4000), file("tests/b.rs", n), file("benches/c.rs", 9)]);
        assert!(found(500).is_empty());
        assert_eq!(found(501)[0].amount, 4501);
    }
}
