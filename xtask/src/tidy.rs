//! `cargo xtask tidy`: what no compiler checks about the project's layout.
//!
//! - Dependencies point one way: who may depend on whom is written down in [`ARROWS`].
//! - A package brings few crates along: at most [`MAX_CRATES`].
//! - Every member takes lints, edition and `rust-version` from the workspace, and no dependency wants a newer Rust.
//! - Files stay short enough to be read: [`MAX_LINES`], exceptions with a reason in [`LONG_FILES`].
//! - No test is ignored, and `.ci/run` runs what the README tells people to run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use launch::cargo;

/// Each crate with the crates of ours that it may use outside its tests.
const ARROWS: [(&str, &[&str]); 13] = [
    ("tensor-core", &[]),
    ("gradcheck", &[]),
    ("layers", &["tensor-core"]),
    ("losses", &["tensor-core"]),
    ("optim", &["tensor-core"]),
    ("models", &["layers", "tensor-core"]),
    ("verify", &["gradcheck", "layers", "losses", "models", "tensor-core"]),
    ("launch", &[]),
    ("bench", &["launch", "tensor-core"]),
    ("gradients", &["layers", "verify"]),
    ("oracle", &["launch", "tensor-core"]),
    ("power", &["gradcheck"]),
    ("xtask", &["launch"]),
];

/// Most crates in the normal dependency tree of a package, itself included: what a user gets with it.
const MAX_CRATES: [(&str, &[&str], usize); 3] =
    [("models", &[], 26), ("models", &["--no-default-features"], 20), ("gradcheck", &[], 8)];

/// The one module in which `unsafe` may stand.
const UNSAFE: &str = "crates/tensor-core/src/simd/";

/// Lines of a Rust file, tests included.
const MAX_LINES: usize = 400;

/// Files that may be longer, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Prints every violation and says whether there was none.
pub(crate) fn run() -> bool {
    match violations() {
        Ok(violations) => {
            violations.iter().for_each(|v| println!("      {v}"));
            violations.is_empty()
        }
        Err(error) => {
            println!("      {error}");
            false
        }
    }
}

fn violations() -> Result<Vec<String>, String> {
    let metadata: Value = serde_json::from_str(&output(cargo().args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
    ]))?)
    .map_err(|e| format!("cargo metadata: {e}"))?;
    let root = PathBuf::from(text(&metadata, "workspace_root"));
    let mut found = Vec::new();
    arrows(&metadata, &mut found);
    manifests(&metadata, &mut found);
    crate_count(&mut found)?;
    sources(&root, &mut found)?;
    let ci = read(&root.join(".ci/run"))?;
    let calls: Vec<_> = ci.lines().filter(|line| line.starts_with("cargo ")).collect();
    if calls != ["cargo xtask check"] {
        found
            .push(format!(".ci/run: expected the one call \"cargo xtask check\", found {calls:?}"));
    }
    Ok(found)
}

fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let members = &metadata["workspace_members"];
    list(&metadata["packages"]).filter(move |package| list(members).any(|id| id == &package["id"]))
}

fn arrows(metadata: &Value, found: &mut Vec<String>) {
    let ours: BTreeSet<_> = members(metadata).map(|package| text(package, "name")).collect();
    for package in members(metadata) {
        let name = text(package, "name");
        let Some((_, allowed)) = ARROWS.iter().find(|(member, _)| *member == name) else {
            found.push(format!("{name}: say in xtask/src/tidy.rs which crates it may use"));
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
            let (name, wants) = (text(package, "name"), text(package, "rust_version"));
            found.push(format!("{name} wants Rust {wants}, the workspace promises {ours}"));
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

fn sources(root: &Path, found: &mut Vec<String>) -> Result<(), String> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        rust_files(&root.join(folder), &mut files)?;
    }
    for file in files {
        let content = read(&file)?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let n_lines = content.lines().count();
        let is_root = name.starts_with("crates/") && name.ends_with("/src/lib.rs");
        let may_lift = UNSAFE.starts_with(name.trim_end_matches("lib.rs"));
        if is_root && !may_lift && !content.contains("#![forbid(unsafe_code)]") {
            found.push(format!("{name}: expected #![forbid(unsafe_code)]"));
        }
        let lifted = content.lines().any(|line| line.trim() == "unsafe_code,");
        if lifted && !name.starts_with(UNSAFE) {
            found.push(format!("{name}: unsafe code may stand in {UNSAFE} only"));
        }
        let excused = LONG_FILES.iter().any(|(long, _)| *long == name);
        if n_lines > MAX_LINES && !excused {
            found.push(format!("{name}: expected at most {MAX_LINES} lines, found {n_lines}"));
        }
        if n_lines <= MAX_LINES && excused {
            found.push(format!("{name}: is short again; strike it from LONG_FILES"));
        }
        if content.contains(concat!("#[", "ignore")) {
            found.push(format!("{name}: an ignored test tests nothing"));
        }
    }
    Ok(())
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                rust_files(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
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
