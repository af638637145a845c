//! Packages: who depends on whom, how many crates they bring along, and what each manifest has to
//! say.

use std::collections::BTreeSet;
use std::fs;

use launch::cargo;
use serde_json::Value;

use crate::workspace::{list, members, output, text};

/// Each crate with the crates of ours that it may use outside its tests.
const ARROWS: &[(&str, &[&str])] = &[
    ("kernels", &[]),
    ("tensor-core", &["kernels"]),
    ("gradcheck", &[]),
    ("data", &["tensor-core"]),
    ("metrics", &["kernels"]),
    ("layers", &["kernels", "tensor-core"]),
    ("losses", &["kernels", "tensor-core"]),
    ("optim", &["kernels", "tensor-core"]),
    ("models", &["kernels", "layers", "tensor-core"]),
    ("training", &["data", "layers", "losses", "metrics", "models", "optim", "tensor-core"]),
    ("verify", &["gradcheck", "layers", "losses", "models", "tensor-core"]),
    ("launch", &[]),
    ("bench", &["launch", "tensor-core"]),
    ("gradients", &["layers", "verify"]),
    ("hostile", &["gradcheck", "layers", "losses", "models", "optim", "tensor-core"]),
    ("oracle", &["launch", "tensor-core"]),
    ("power", &["gradcheck"]),
    ("xtask", &["launch"]),
];

/// Most crates in the normal dependency tree of a package, itself included: what a user gets with
/// it.
const MAX_CRATES: [(&str, &[&str], usize); 6] = [
    ("models", &[], 26),
    ("models", &["--no-default-features"], 20),
    ("gradcheck", &[], 8),
    ("metrics", &[], 10),
    ("data", &[], 30),
    ("training", &[], 40),
];

/// Members and dependencies that break a rule.
pub(crate) fn check(metadata: &Value) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    arrows(metadata, &mut found);
    manifests(metadata, &mut found);
    crate_count(&mut found)?;
    Ok(found)
}

fn arrows(metadata: &Value, found: &mut Vec<String>) {
    let ours: BTreeSet<_> = members(metadata).map(|package| text(package, "name")).collect();
    for package in members(metadata) {
        let name = text(package, "name");
        let Some((_, allowed)) = ARROWS.iter().find(|(member, _)| *member == name) else {
            found
                .push(format!("{name}: say in xtask/src/tidy/packages.rs which crates it may use"));
            continue;
        };
        for dependency in list(&package["dependencies"]).filter(|d| d["kind"].is_null()) {
            let to = text(dependency, "name");
            if ours.contains(to) && !allowed.contains(&to) {
                found.push(format!("{name} → {to}: this dependency points the wrong way"));
            }
        }
    }
}

fn manifests(metadata: &Value, found: &mut Vec<String>) {
    let versions: BTreeSet<_> =
        members(metadata).map(|package| text(package, "rust_version")).collect();
    let [ours] = Vec::from_iter(versions)[..] else {
        found.push("the members state different rust-versions".into());
        return;
    };
    for package in list(&metadata["packages"]) {
        if version(text(package, "rust_version")) > version(ours) {
            let (name, needs) = (text(package, "name"), text(package, "rust_version"));
            found.push(format!("{name} needs Rust {needs}, the workspace promises {ours}"));
        }
    }
    for package in members(metadata) {
        let manifest = fs::read_to_string(text(package, "manifest_path")).unwrap_or_default();
        for inherited in [
            "edition.workspace = true",
            "rust-version.workspace = true",
            "[lints]\nworkspace = true",
        ] {
            if !manifest.contains(inherited) {
                found.push(format!(
                    "{}: its manifest lacks \"{}\"",
                    text(package, "name"),
                    inherited.replace('\n', " ")
                ));
            }
        }
    }
}

/// `(1, 88, 0)` of `1.88`; absent parts are 0.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

fn crate_count(found: &mut Vec<String>) -> Result<(), String> {
    for (package, features, most) in MAX_CRATES {
        let tree = output(
            cargo()
                .args(["tree", "--package", package, "--edges", "normal"])
                .args(features)
                .args(["--prefix", "none", "--format", "{p}", "--locked"]),
        )?;
        let crates: BTreeSet<_> =
            tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let with = features.join(" ");
        println!("      {package} {with} and what it depends on: {} crates", crates.len());
        if crates.len() > most {
            found.push(format!(
                "{package}: expected at most {most} crates in its tree, found {crates:?}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_compare_by_number() {
        assert!(version("1.88") > version("1.9.3"));
        assert_eq!(version("1.88"), version("1.88.0"));
        assert!(version("") < version("1.0"));
    }
}
