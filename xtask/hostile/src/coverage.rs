//! Nothing public is left out: every layer, loss, rule and schedule of the sources has a line in a
//! table of the hostile caller.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::areas;

/// The types in a folder of sources, and in those within, that implement a trait: by the text in
/// front of the type's name, behind `impl` or at the start of a line.
fn implementors(folder: &Path, implements: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            names.extend(implementors(&path, implements));
            continue;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        names.extend(text.lines().filter_map(|line| {
            let (before, target) = line.split_once(implements)?;
            (before.is_empty() || before.starts_with("impl")).then_some(())?;
            Some(target.split(['<', ' ', ')', ';', '{']).next().unwrap_or(target).to_owned())
        }));
    }
    names
}

fn sources(of: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates").join(of).join("src")
}

/// What is found by these texts, but for what is no item of its own.
fn found(of: &str, implements: &[&str], not_items: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in implements {
        names.extend(implementors(&sources(of), text));
    }
    names.retain(|name| !not_items.contains(&name.as_str()));
    names
}

fn assert_known(found: &BTreeSet<String>, known: &[&str], what: &str) {
    assert!(found.len() > 4, "the search for {what} finds {found:?} alone");
    let missing: Vec<_> = found.iter().filter(|name| !known.contains(&name.as_str())).collect();
    assert!(missing.is_empty(), "{what} that the hostile caller does not know: {missing:?}");
}

#[test]
fn every_layer_has_a_line() {
    let texts = [" Layer<F> for ", "impl Activation for ", "sample_norm!(", "sample_norm!(layer "];
    // A blanket implementation's parameter, and a macro's keyword and name.
    let names = found("layers", &texts, &["A", "L", "layer", "$name"]);
    assert_known(&names, crate::layer_table::NAMES, "layers");
}

#[test]
fn every_loss_has_a_line() {
    let texts = [" Loss<F> for ", "ElementLoss for ", "ColumnLoss for "];
    // The weights that are an option of every loss, and what `RmseLoss` is the root of.
    let names = found("losses", &texts, &["L", "SampleWeighted", "Squares"]);
    assert_known(&names, areas::losses::NAMES, "losses");
}

#[test]
fn every_rule_has_a_line() {
    let names = found("optim", &[" Rule for "], &[]);
    let names: BTreeSet<_> =
        names.iter().map(|name| name.trim_end_matches("Config").to_owned()).collect();
    assert_known(&names, areas::rules::NAMES, "rules");
}

#[test]
fn every_schedule_has_a_line() {
    let names = found("optim", &[" Schedule for "], &[]);
    assert_known(&names, areas::schedules::NAMES, "schedules");
}
