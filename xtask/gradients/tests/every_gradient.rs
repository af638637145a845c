//! Every type that implements `Layer` or `Loss` is an item of the gradient check.
#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_layer_and_every_loss_is_checked() {
    let items = verify::items();
    let checked: BTreeSet<_> = items.iter().map(verify::Item::type_name).collect();
    for (folder, implements) in [("layers", " Layer<F> for "), ("losses", " Loss<F> for ")] {
        let names = implementors(&crates().join(folder).join("src"), implements);
        assert!(!names.is_empty(), "{folder}: no type implements{implements}a type");
        let missing: Vec<_> =
            names.iter().filter(|name| !checked.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}: no item of crates/verify checks their gradients");
    }
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates")
}

/// The types behind `implements` in the lines that begin with `impl`, in all files of the folder
/// and of those in it.
fn implementors(folder: &Path, implements: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            names.extend(implementors(&path, implements));
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        names.extend(text.lines().filter(|line| line.starts_with("impl")).filter_map(|line| {
            let (_, target) = line.split_once(implements)?;
            Some(target.split(['<', ' ']).next().unwrap_or(target).to_owned())
        }));
    }
    // A blanket implementation names no type, and weights are an option of every loss.
    names.retain(|name| !matches!(name.as_str(), "L" | "SampleWeighted"));
    names
}
