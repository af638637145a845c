//! Every type that implements `Layer` or `Loss` is an item of the gradient check.
#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of sources, and the text that stands in front of a type's name where it implements one
/// of the traits, at the start of a line or behind `impl`.
const SEARCHES: [(&str, &str); 7] = [
    ("layers", " Layer<F> for "),
    ("layers", "impl Activation for "),
    ("layers", "sample_norm!("),
    ("layers", "sample_norm!(layer "),
    ("models", " Layer<F> for "),
    ("losses", " Loss<F> for "),
    ("losses", "ElementLoss for "),
];

/// What is found and is no type of its own: a blanket implementation's parameter, a macro's keyword
/// and what it is written with, the weights that are an option of every loss, what `RmseLoss` is
/// the root of, and models as such, each of which is an item.
const NOT_ITEMS: [&str; 7] =
    ["L", "A", "layer", "$name", "SampleWeighted", "Squares", "Sequential"];

#[test]
fn every_layer_and_every_loss_is_checked() {
    let items = verify::items();
    let checked: BTreeSet<_> = items.iter().map(verify::Item::type_name).collect();
    for (folder, implements) in SEARCHES {
        let mut names = implementors(&crates().join(folder).join("src"), implements);
        assert!(!names.is_empty(), "{folder}: no type implements{implements}a type");
        names.retain(|name| !NOT_ITEMS.contains(&name.as_str()));
        let missing: Vec<_> =
            names.iter().filter(|name| !checked.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}: no item of crates/verify checks their gradients");
    }
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates")
}

/// The types behind `implements` in all files of the folder and of those in it.
fn implementors(folder: &Path, implements: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            names.extend(implementors(&path, implements));
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        names.extend(text.lines().filter_map(|line| {
            let (before, target) = line.split_once(implements)?;
            (before.is_empty() || before.starts_with("impl")).then_some(())?;
            Some(target.split(['<', ' ', ')', ';']).next().unwrap_or(target).to_owned())
        }));
    }
    names
}
