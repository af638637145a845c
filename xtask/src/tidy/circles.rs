//! No circle between the files of a package: whoever reads one has an order in which to read them.
//!
//! A file uses another if its code, tests left out, names an item that stands there, by whatever
//! path: a name that is exported again counts for the file that defines it. So a parent may use and
//! export what its children define; a child that uses an item of its parent's own makes a circle,
//! for the item belongs into a file of its own. `pub use` alone is an address and no use. Methods
//! and trait implementations are reached without a name and are not seen.

mod modules;

use std::collections::BTreeSet;

use modules::{Modules, Uses};

use super::source::Source;
use crate::finding::Finding;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let packages: BTreeSet<&str> = sources.iter().map(Source::package).collect();
    let mut found = Vec::new();
    for package in packages.into_iter().filter(|package| !package.is_empty()) {
        let of_package = |source: &&Source| source.package() == package && !is_test(source);
        let files: Vec<&Source> = sources.iter().filter(of_package).collect();
        found.extend(circles(&files));
    }
    found
}

fn is_test(source: &Source) -> bool {
    source.test.iter().all(|test| *test)
}

/// Every use that leads back to the file that it is in.
fn circles(files: &[&Source]) -> Vec<Finding> {
    let uses = Modules::new(files).uses();
    let reached: Vec<_> = (0..files.len()).map(|from| reachable(&uses, from)).collect();
    let in_circle = uses.iter().filter(|((from, to), _)| reached[*to].contains(from));
    let finding = |((from, to), names): (&(usize, usize), &BTreeSet<String>)| {
        let place = format!("{} → {}", files[*from].name, short(&files[*to].name));
        let names = names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let what = format!("uses {names} there, and there is a way back");
        Finding::new("circle", place, 1, what)
    };
    in_circle.map(finding).collect()
}

/// The name inside the package.
fn short(name: &str) -> &str {
    name.split_once("/src/").map_or(name, |(_, name)| name)
}

fn reachable(uses: &Uses, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for (_, to) in uses.keys().filter(|(from, _)| *from == file) {
            if reached.insert(*to) {
                open.push(*to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let source =
            |(name, text): &(&str, &str)| Source::new(&format!("crates/a/src/{name}"), text);
        let sources: Vec<_> = files.iter().map(source).collect();
        let found = check(&sources);
        found
            .iter()
            .map(|f| format!("{}: {}", f.place.replace("crates/a/src/", ""), f.what))
            .collect()
    }

    const BACK: &str = "there, and there is a way back";

    #[test]
    fn two_files_that_use_each_other_are_a_circle() {
        let lib = ("lib.rs", "mod b;\nmod c;\n");
        let b = ("b.rs", "use crate::c::{f, g as h};\npub struct B;\n");
        let c = ("c.rs", "pub fn f() -> crate::b::B {}\npub fn g() {}\n");
        assert_eq!(
            found(&[lib, b, c]),
            [format!("b.rs → c.rs: uses f, g {BACK}"), format!("c.rs → b.rs: uses B {BACK}")]
        );
        let c = (
            "c.rs",
            "pub fn f() {}\npub fn g() {}\n#[cfg(test)]\nmod tests {\n    use crate::b::B;\n}\n",
        );
        assert!(found(&[lib, b, c]).is_empty(), "tests may use everything");
    }

    #[test]
    fn an_exported_name_counts_for_the_file_that_defines_it() {
        let lib = ("lib.rs", "mod b;\nmod c;\nmod d;\npub use c::C;\n");
        let b = ("b.rs", "use crate::C;\npub fn b() {}\n");
        let c = ("c.rs", "use crate::d;\npub struct C;\nfn f() { d::f::<u8>() }\n");
        let d = ("d.rs", "pub fn f() { super::b::b() }\n");
        assert_eq!(
            found(&[lib, b, c, d]),
            [
                format!("b.rs → c.rs: uses C {BACK}"),
                format!("c.rs → d.rs: uses f {BACK}"),
                format!("d.rs → b.rs: uses b {BACK}"),
            ]
        );
    }

    #[test]
    fn a_parent_may_use_its_children() {
        let lib = ("lib.rs", "mod b;\n");
        let parent =
            ("b.rs", "mod c;\nmod d;\npub use c::C;\npub use d::D;\nfn f() { C::new(d::D) }\n");
        let c = ("b/c.rs", "use super::D;\npub struct C;\n");
        let d = ("b/d.rs", "pub struct D;\n");
        assert!(found(&[lib, parent, c, d]).is_empty());
        let c = ("b/c.rs", "pub struct C;\nfn g() { super::f() }\n");
        assert_eq!(
            found(&[lib, parent, c, d]),
            [format!("b.rs → b/c.rs: uses C {BACK}"), format!("b/c.rs → b.rs: uses f {BACK}")]
        );
        let parent = ("b.rs", "mod c;\nmod d;\npub use c::C;\npub use d::D;\nfn f() {}\n");
        assert!(found(&[lib, parent, c, d]).is_empty(), "to export is not to use");
    }
}
