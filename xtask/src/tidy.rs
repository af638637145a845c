//! `cargo xtask tidy`: what no compiler checks about the project's layout.
//!
//! ```text
//! cargo xtask tidy [--all] [--only TEXT]
//! ```
//!
//! One check a file under `tidy/`. What breaks a rule for a reason stands in `tidy/exceptions.txt`,
//! with the reason; a line there that nothing needs any more is a violation, too. `--all` shows
//! all; `--only` shows the places whose name contains the text.

mod circles;
mod comments;
mod duplicates;
mod files;
mod functions;
mod modules;
mod packages;
mod size;
mod source;
mod words;

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::exceptions::{self, outdated};
use crate::finding::Finding;
use crate::outcome::Outcome;
use crate::shown::Options;
use crate::workspace::{metadata, text};
use source::Source;

/// Finds what breaks one rule.
type Check = fn(&[Source]) -> Vec<Finding>;

/// One after the other.
const CHECKS: [Check; 8] = [
    files::check,
    modules::check,
    size::check,
    functions::check,
    comments::check,
    circles::check,
    duplicates::check,
    words::check,
];

/// Reasons of exceptions, each in a line.
const EXCEPTIONS: &str = "xtask/src/tidy/exceptions.txt";

/// Runs the command with its arguments.
pub(crate) fn run(args: Vec<OsString>) -> Outcome {
    match Options::parse(args) {
        Ok(options) => shows_nothing(&options).into(),
        Err(error) => Outcome::Usage(error.to_string()),
    }
}

/// Prints every violation and says whether there was none.
pub(crate) fn is_tidy() -> bool {
    shows_nothing(&Options::default())
}

fn shows_nothing(options: &Options) -> bool {
    let violations = match violations(options) {
        Ok(violations) => violations,
        Err(error) => vec![error],
    };
    violations.iter().for_each(|violation| println!("      {violation}"));
    violations.is_empty()
}

fn violations(options: &Options) -> Result<Vec<String>, String> {
    let metadata = metadata()?;
    let root = Path::new(text(&metadata, "workspace_root"));
    let mut violations = if options.only.is_empty() {
        let mut violations = packages::check(&metadata)?;
        violations.extend(ci(root)?);
        violations
    } else {
        Vec::new()
    };
    let exceptions = exceptions::parse(&read(&root.join(EXCEPTIONS))?)?;
    let sources = source::sources(root)?;
    let found: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&sources)).collect();
    violations.extend(options.shown(&found, &exceptions));
    if options.shows_list() {
        let outdated = outdated(&found, &exceptions).into_iter();
        violations.extend(outdated.map(|message| format!("{EXCEPTIONS}: {message}")));
    }
    Ok(violations)
}

/// `.ci/run` runs what the README tells people to run.
fn ci(root: &Path) -> Result<Option<String>, String> {
    let text = read(&root.join(".ci/run"))?;
    let calls: Vec<_> = text.lines().filter(|line| line.starts_with("cargo ")).collect();
    Ok((calls != ["cargo xtask check"])
        .then(|| format!(".ci/run: expected the one call \"cargo xtask check\", found {calls:?}")))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}
