//! What holds for each file by itself: its length, `unsafe`, tests and examples that do not run.

use super::source::Source;
use crate::finding::Finding;

/// Lines of a Rust file, tests included.
const MAX_LINES: usize = 400;

/// The one package whose root does not forbid `unsafe`.
const UNSAFE: &str = "crates/kernels/";

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(in_file).collect()
}

fn in_file(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |rule, amount, what| {
        found.push(Finding::new(rule, source.name.clone(), amount, what));
    };
    let comments = source.lines.iter().zip(&source.commented).filter(|(_, commented)| **commented);
    let skips = |line: &str| {
        let block = line.split_once(concat!("//", "/ ```"));
        block.is_some_and(|(_, kind)| kind.contains("no_run") || kind.contains("ignore"))
    };
    let n = comments.filter(|(line, _)| skips(line)).count();
    if n > 0 {
        add("example", n, "an example that does not run shows nothing".into());
    }
    let n = source.lines.len();
    if n > MAX_LINES {
        add("file", n, format!("{n} lines, expected at most {MAX_LINES}"));
    }
    if source.code.iter().any(|line| line.trim_start().starts_with(concat!("#[", "ignore"))) {
        add("ignored", 1, "an ignored test tests nothing".into());
    }
    let is_root = ["/src/lib.rs", "/src/main.rs"].iter().any(|root| source.name.ends_with(root));
    let may_lift = source.name.starts_with(UNSAFE) || source.name.starts_with("xtask/peers/");
    let forbids = source.code.iter().any(|line| line == "#![forbid(unsafe_code)]");
    if is_root && !may_lift && !forbids {
        add("unsafe", 1, "expected #![forbid(unsafe_code)]".into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::in_file;

    fn rules(name: &str, text: &str) -> Vec<&'static str> {
        in_file(&Source::new(name, text)).iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn long_files_are_found() {
        assert!(rules("crates/a/src/b.rs", &"\n".repeat(400)).is_empty());
        assert_eq!(rules("crates/a/src/b.rs", &"\n".repeat(401)), ["file"]);
    }

    #[test]
    fn ignored_tests_are_found() {
        assert_eq!(
            rules("crates/a/tests/b.rs", concat!("    #[", "ignore = \"slow\"]\n")),
            ["ignored"]
        );
        assert!(rules("crates/a/tests/b.rs", concat!("// #[", "ignore]\n")).is_empty());
    }

    #[test]
    fn examples_that_do_not_run_are_found() {
        let example = |kind: &str| format!("/// ```{kind}\n/// f();\n/// ```\n");
        assert_eq!(rules("crates/a/src/b.rs", &example("no_run")), ["example"]);
        assert_eq!(rules("crates/a/src/b.rs", &example("rust,ignore")), ["example"]);
        assert!(rules("crates/a/src/b.rs", &example("should_panic")).is_empty());
    }

    #[test]
    fn all_crates_but_one_forbid_unsafe_code() {
        assert_eq!(rules("crates/a/src/lib.rs", "// #![forbid(unsafe_code)]\n"), ["unsafe"]);
        assert_eq!(rules("xtask/a/src/main.rs", "#![deny(unsafe_code)]\n"), ["unsafe"]);
        assert!(rules("crates/a/src/lib.rs", "//! a\n#![forbid(unsafe_code)]\n").is_empty());
        assert!(rules("crates/a/src/b.rs", "").is_empty());
        assert!(rules("crates/kernels/src/lib.rs", "").is_empty());
    }
}
