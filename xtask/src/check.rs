//! `cargo xtask check`: everything that has to hold, the cheapest first.
//!
//! Every step runs, even after one has failed, so that one run shows all there is to fix. The last
//! line counts tests and checks: `N passed, M failed`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use launch::cargo;

use crate::{docs, tidy, tool};

/// Cases of each item: enough to see a wrong formula.
const FEW: &str = "5";

/// Calls of the hostile caller: some hundreds to some thousands of each area.
const CALLS: &str = "20000";

/// Runs every step and says whether all of them passed.
pub(crate) fn run() -> bool {
    let (mut passed, mut failed) = (0, 0);
    for (i, (name, step)) in STEPS.into_iter().enumerate() {
        println!("[{}/{}] {name}", i + 1, STEPS.len());
        let start = Instant::now();
        let outcome = step();
        let seconds = start.elapsed().as_secs_f64();
        match outcome {
            Outcome::Ran { passed: p, failed: f } => {
                println!("      {p} passed, {f} failed in {seconds:.1} s");
                passed += p;
                failed += f;
            }
            Outcome::Skipped(why) => println!("      skipped: {why}"),
        }
    }
    println!("{passed} passed, {failed} failed");
    failed == 0
}

/// What a step is called, and how it is run.
type Step = (&'static str, fn() -> Outcome);

/// The cheapest first.
const STEPS: [Step; 11] = [
    ("layout (tidy)", || Outcome::of_check(tidy::is_tidy())),
    ("format", || run_cargo(&["fmt", "--all", "--check"])),
    ("licenses and duplicate crates (cargo-deny)", deny),
    ("lints (clippy)", lints),
    ("docs: links, definitions, examples (cargo xtask docs)", || {
        Outcome::of_check(docs::are_complete())
    }),
    // What no other step compiles: they have the features of all packages, `threads` among them.
    ("without threads", || run_cargo(&["check", "--quiet", "--locked", "--package", "gradients"])),
    ("tests", || {
        let targets = ["--lib", "--bins", "--tests", "--examples"];
        tests(&[&["--workspace", "--all-features", "--no-fail-fast"], &targets[..]].concat())
    }),
    ("reference numbers (cargo xtask fixtures --check)", || {
        Outcome::of_check(tool::succeeds_among_tests("oracle", &["--check"]))
    }),
    ("gradients, a few cases of each (cargo xtask gradcheck)", || {
        Outcome::of_check(tool::succeeds_among_tests("gradients", &["--cases", FEW]))
    }),
    ("whatever cannot be right, briefly (cargo xtask hostile)", || {
        Outcome::of_check(tool::succeeds_among_tests("hostile", &["--n", CALLS]))
    }),
    ("doc tests, README included", || {
        tests(&["--workspace", "--all-features", "--doc", "--no-fail-fast"])
    }),
];

enum Outcome {
    Ran { passed: usize, failed: usize },
    Skipped(&'static str),
}

impl Outcome {
    fn of_check(ok: bool) -> Self {
        Self::Ran { passed: usize::from(ok), failed: usize::from(!ok) }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

fn run_cargo(args: &[&str]) -> Outcome {
    Outcome::of_check(succeeds(cargo().args(args)))
}

fn lints() -> Outcome {
    let what = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked"];
    run_cargo(&[&what[..], &["--", "-D", "warnings"]].concat())
}

fn deny() -> Outcome {
    let installed =
        cargo().args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if installed.is_ok_and(|status| status.success()) {
        run_cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"])
    } else {
        Outcome::Skipped("cargo-deny is not installed (cargo install cargo-deny)")
    }
}

/// Runs `cargo test` and counts what its harnesses report. What they print is shown line by line,
/// but for tests that passed.
fn tests(args: &[&str]) -> Outcome {
    let mut command = cargo();
    command.args(["test", "--locked"]).args(args).stdout(Stdio::piped());
    let (mut passed, mut failed) = (0, 0);
    let Ok(mut child) = command.spawn() else { return Outcome::of_check(false) };
    for line in child
        .stdout
        .take()
        .into_iter()
        .flat_map(|out| BufReader::new(out).lines())
        .map_while(Result::ok)
    {
        if let Some((p, f)) = counts(&line) {
            passed += p;
            failed += f;
        }
        if !(line.is_empty() || line.ends_with("... ok") || line.starts_with("running ")) {
            println!("      {line}");
        }
    }
    let ok = child.wait().is_ok_and(|status| status.success());
    // A test that does not compile, or a harness that dies, reports no failure of its own.
    if !ok && failed == 0 {
        failed = 1;
    }
    Outcome::Ran { passed, failed }
}

/// Passed and failed from `test result: ok. 12 passed; 0 failed; 0 ignored; …`.
fn counts(line: &str) -> Option<(usize, usize)> {
    let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut numbers = numbers.split("; ");
    let mut next = |word| numbers.next()?.strip_suffix(word)?.trim().parse().ok();
    Some((next("passed")?, next("failed")?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn result_lines_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test relu::nan ... ok"), None);
        assert_eq!(counts("test result: soon"), None);
    }
}
