//! The first page of a crate lists at most [`MAX_MODULES`] public modules.

use super::source::Source;
use crate::finding::Finding;

/// A dozen can be taken in at a glance.
const MAX_MODULES: usize = 12;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let roots = sources.iter().filter(|source| source.name.ends_with("/src/lib.rs"));
    let finding = |source: &Source| {
        let n = source.code.iter().filter(|line| line.starts_with("pub mod ")).count();
        let what = format!("{n} public modules, expected at most {MAX_MODULES}");
        (n > MAX_MODULES).then(|| Finding::new("modules", source.name.clone(), n, what))
    };
    roots.filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    #[test]
    fn public_modules_are_counted() {
        let lib = |n| "pub mod a;\n".repeat(n) + "mod b;\n// pub mod c;\npub(crate) mod d;\n";
        let found = |n| check(&[Source::new("crates/a/src/lib.rs", &lib(n))]);
        assert!(found(12).is_empty());
        assert_eq!(found(13)[0].amount, 13);
    }
}
