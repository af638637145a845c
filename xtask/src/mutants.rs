//! `cargo xtask mutants`: changes the numeric code one operator at a time and asks whether a test
//! notices.
//!
//! ```text
//! cargo xtask mutants [--shard K/N] [--in-diff FILE] [--jobs N]
//! ```
//!
//! cargo-mutants (<https://mutants.rs>) does the changing; this command names the crates whose
//! formulas matter and holds what survives against the reviewed list, `fixtures/mutants.txt`: one
//! mutant a line, a tab, and why no test can see it. A survivor that is not on the list fails the
//! command, and so does a fraction of more than [`MAX_MISSED`] of all viable ones.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use launch::cargo;

use crate::outcome::Outcome;

/// The crates with formulas in them.
const PACKAGES: [&str; 5] = ["kernels", "tensor-core", "layers", "losses", "optim"];

/// Where cargo-mutants leaves its lists.
const OUTPUT: &str = "target/mutants/mutants.out";

const REVIEWED: &str = "fixtures/mutants.txt";

/// Fraction of the viable mutants that may survive, reviewed or not.
const MAX_MISSED: f64 = 0.05;

/// What the command was asked for.
#[derive(Default)]
struct Options {
    /// Arguments for cargo-mutants itself.
    pass_on: Vec<String>,
}

impl Options {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            let name = match arg {
                Long("shard") => "--shard",
                Long("in-diff") => "--in-diff",
                Long("jobs") => "--jobs",
                _ => return Err(arg.unexpected()),
            };
            options.pass_on.extend([name.to_owned(), args.value()?.string()?]);
        }
        Ok(options)
    }
}

/// Runs cargo-mutants and says whether every survivor is on the reviewed list.
pub(crate) fn run(args: Vec<OsString>) -> Outcome {
    match Options::parse(&mut lexopt::Parser::from_args(args)) {
        Ok(options) => mutate(&options).into(),
        Err(error) => Outcome::Usage(error.to_string()),
    }
}

fn mutate(options: &Options) -> bool {
    let installed =
        cargo().args(["mutants", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        println!("cargo-mutants is not installed: cargo install cargo-mutants --locked");
        return false;
    }
    let mut command = cargo();
    command.args(["mutants", "--output", "target/mutants", "--profile", "mutants"]);
    command.args(["--no-shuffle", "--colors", "never"]);
    command.args(PACKAGES.iter().flat_map(|package| ["--package", package]));
    command.args(&options.pass_on);
    // Its exit status says that something survived; the lists say what.
    if let Err(error) = command.status() {
        println!("{command:?}: {error}");
        return false;
    }
    match verdict() {
        Ok(ok) => ok,
        Err(error) => {
            println!("{error}");
            false
        }
    }
}

fn verdict() -> Result<bool, String> {
    let list = |name: &str| -> Result<Vec<String>, String> {
        let path = Path::new(OUTPUT).join(name);
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(text.lines().map(without_position).collect())
    };
    let (missed, caught, timeout) =
        (list("missed.txt")?, list("caught.txt")?, list("timeout.txt")?);
    let text = fs::read_to_string(REVIEWED).map_err(|e| format!("{REVIEWED}: {e}"))?;
    let reviewed: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once('\t')).collect();

    let n_viable = missed.len() + caught.len() + timeout.len();
    let fraction = missed.len() as f64 / n_viable.max(1) as f64;
    println!(
        "{n_viable} viable mutants: {} caught, {} of them by time, {} missed ({:.1} %)",
        caught.len() + timeout.len(),
        timeout.len(),
        missed.len(),
        100.0 * fraction
    );
    let unknown: Vec<_> =
        missed.iter().filter(|mutant| !reviewed.contains_key(mutant.as_str())).collect();
    unknown.iter().for_each(|mutant| println!("not reviewed: {mutant}"));
    // One name may stand for several places in a function, of which only some are reviewed.
    let survives = |mutant: &str| missed.iter().any(|missed| missed == mutant);
    let struck = |mutant: &str| caught.iter().any(|c| c == mutant) && !survives(mutant);
    for mutant in reviewed.keys().filter(|mutant| struck(mutant)) {
        println!("caught now, strike it from {REVIEWED}: {mutant}");
    }
    Ok(n_viable > 0 && unknown.is_empty() && fraction <= MAX_MISSED)
}

/// `crates/layers/src/gelu.rs: replace * with +` of `crates/layers/src/gelu.rs:50:20: replace *
/// with +`: the list outlives edits above the line.
fn without_position(line: &str) -> String {
    let mut parts = line.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_position;

    #[test]
    fn positions_are_dropped() {
        let line = "crates/layers/src/gelu.rs:50:20: replace * with + in normal_density -> F";
        assert_eq!(
            without_position(line),
            "crates/layers/src/gelu.rs: replace * with + in normal_density -> F"
        );
    }
}
