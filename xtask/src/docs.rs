//! `cargo xtask docs`: builds the documentation of the library and reads its pages as a visitor
//! does.
//!
//! ```text
//! cargo xtask docs [--all] [--only TEXT] [--built]
//! ```
//!
//! Every type, trait, function and macro has to show on its own page what it is, and an example
//! that runs. Plain data, which `docs/plain_data.txt` names, links to what uses it instead. What
//! takes arrays says their shapes, what returns a `Result` its errors. Pages that lack something
//! for a reason stand in `docs/exceptions.txt`; a line there that nothing needs is shown as well.
//! `--built` reads the pages that are there.

mod html;
mod page;
mod rules;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use launch::cargo;
use serde_json::Value;

use crate::exceptions::{self, outdated};
use crate::finding::Finding;
use crate::outcome::Outcome;
use crate::shown::Options;
use crate::workspace::{list, members, metadata, text};
use page::Page;
use rules::{PlainData, shows_example};

/// Pages that lack something, each with the reason.
const EXCEPTIONS: &str = "xtask/src/docs/exceptions.txt";

/// Items without behavior, each with what uses it.
const PLAIN_DATA: &str = "xtask/src/docs/plain_data.txt";

/// Runs the command with its arguments.
pub(crate) fn run(args: Vec<OsString>) -> Outcome {
    match Options::parse(args) {
        Ok(options) => shows_nothing(&options).into(),
        Err(error) => Outcome::Usage(error.to_string()),
    }
}

/// Builds and reads all pages, prints what they lack, and says whether that is nothing.
pub(crate) fn are_complete() -> bool {
    shows_nothing(&Options::default())
}

fn shows_nothing(options: &Options) -> bool {
    let built = if options.built { Ok(()) } else { build() };
    let missing = built.and_then(|()| missing(options)).unwrap_or_else(|error| vec![error]);
    missing.iter().for_each(|line| println!("      {line}"));
    missing.is_empty()
}

/// Packages that are for the project alone say `doc = false`.
fn build() -> Result<(), String> {
    let mut command = cargo();
    command.args(["doc", "--workspace", "--all-features", "--no-deps", "--locked", "--quiet"]);
    match command.env("RUSTDOCFLAGS", "-D warnings").status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo doc: {status}")),
        Err(error) => Err(format!("cargo doc: {error}")),
    }
}

fn missing(options: &Options) -> Result<Vec<String>, String> {
    let metadata = metadata()?;
    let root = Path::new(text(&metadata, "workspace_root"));
    let target = Path::new(text(&metadata, "target_directory")).join("doc");
    let plain = PlainData::parse(&read(&root.join(PLAIN_DATA))?)?;
    let exceptions = exceptions::parse(&read(&root.join(EXCEPTIONS))?)?;
    let mut pages = Vec::new();
    for krate in documented(&metadata) {
        let of_crate = match crate_pages(&target, &krate) {
            Err(_) if options.built => continue,
            pages => pages?,
        };
        println!("      {krate}: {}", count(&of_crate, &plain));
        pages.extend(of_crate);
    }
    println!("      all: {}", count(&pages, &plain));
    let found: Vec<Finding> = pages.iter().flat_map(|page| rules::check(page, &plain)).collect();
    let mut lines = options.shown(&found, &exceptions);
    if options.shows_list() {
        let gone = plain.unknown(&pages).into_iter();
        let gone = gone.map(|item| format!("{PLAIN_DATA}: strike {item}, which is not there"));
        let outdated = outdated(&found, &exceptions).into_iter();
        let outdated = outdated.map(|message| format!("{EXCEPTIONS}: {message}"));
        lines.extend(outdated.chain(gone));
    }
    Ok(lines)
}

/// How many pages show an example.
fn count(pages: &[Page], plain: &PlainData) -> String {
    let shown = pages.iter().filter(|page| shows_example(page)).count();
    let plain = pages.iter().filter(|page| plain.has(page)).count();
    format!("{shown} of {} items show an example; {plain} are plain data", pages.len())
}

/// The crates of the workspace that have pages, by the names that these use.
fn documented(metadata: &Value) -> Vec<String> {
    let is_library =
        |target: &&Value| target["doc"] == true && list(&target["kind"]).any(|kind| kind == "lib");
    let targets = members(metadata).flat_map(|package| list(&package["targets"]));
    targets.filter(is_library).map(|target| text(target, "name").replace('-', "_")).collect()
}

/// The pages of all items that `all.html` links to: no page that an earlier build has left there.
fn crate_pages(target: &Path, krate: &str) -> Result<Vec<Page>, String> {
    let folder: PathBuf = target.join(krate);
    let list = read(&folder.join("all.html"))?;
    // In front of it stand links to the parts of the list itself.
    let list = list.split_once("id=\"main-content\"").map_or("", |(_, list)| list);
    let links = list.split("<li><a href=\"").skip(1).filter_map(|item| item.split('"').next());
    let mut pages = Vec::new();
    for link in links {
        pages.extend(Page::parse(krate, link, &read(&folder.join(link))?));
    }
    Ok(pages)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}
