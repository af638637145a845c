//! The project's own commands, run as `cargo xtask COMMAND`.
//!
//! This package holds what needs next to nothing to build. Commands that compute are packages of
//! their own under `xtask/`, which are built when they are called.

#![forbid(unsafe_code)]

mod bench;
mod check;
mod docs;
mod exceptions;
mod finding;
mod fixtures;
mod gradcheck;
mod hostile;
mod miri;
mod mutants;
mod outcome;
mod power;
mod shown;
mod tidy;
mod tool;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use outcome::Outcome;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench      times every product, layer, loss, rule and model beside what the machine can do at most
             [--quick] [--filter TEXT] [--threads N] [--json FILE]
  bench peers
             times this library beside others, on the same work and from the same weights
             [--threads N] [--only W1,W5a] [--peers NAMES] [--rounds N] [--json FILE]
  check      everything that has to hold: layout, format, lints, docs, tests, gradients, doc tests
  docs       whether every page of the documentation shows what it has to
             [--all] [--only TEXT] [--built]
  fixtures   writes the reference numbers under fixtures/, or compares with them
             [--check] [--torch | --sklearn] [--new]; --new adds the numbers of new cases and changes no other
  gradcheck  every gradient against differences, in one table
             [--filter TEXT] [--cases N] [--seed N] [--json FILE]
  hostile    calls the whole public interface with whatever cannot be right, and judges what comes back
             [--n CALLS] [--seed N] [--area NAME] [--only CASE]
  miri       the loops with unsafe in them under Miri, and under AddressSanitizer
             [--asan]
  mutants    whether a test notices when a formula is changed (needs cargo-mutants)
             [--shard K/N] [--in-diff FILE] [--jobs N]
  power      measures the gradient checker itself: false alarms, detection, accuracy, cost
             [--n ELEMENTS] [--json FILE]
  tidy       the layout alone: who depends on whom, how many crates, how long files and functions are,
             which files use each other, what stands there twice
             [--all] [--only TEXT]";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let args: Vec<OsString> = args.collect();
    let outcome = match command.to_string_lossy().as_ref() {
        "bench" => bench::run(&args),
        "check" => without_options(&args, check::run),
        "docs" => docs::run(args),
        "fixtures" => fixtures::run(&args),
        "gradcheck" => gradcheck::run(&args),
        "hostile" => hostile::run(&args),
        "miri" => miri::run(&args),
        "mutants" => mutants::run(args),
        "power" => power::run(&args),
        "tidy" => tidy::run(args),
        "" => Outcome::Usage("no command given".into()),
        other => Outcome::Usage(format!("no command \"{other}\"")),
    };
    match outcome {
        Outcome::Ran { ok: true } => ExitCode::SUCCESS,
        Outcome::Ran { ok: false } => ExitCode::FAILURE,
        Outcome::Usage(error) => {
            eprintln!("{error}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Runs a command that takes no options.
fn without_options(args: &[OsString], run: fn() -> bool) -> Outcome {
    match args {
        [] => run().into(),
        [first, ..] => Outcome::Usage(format!("unexpected argument {first:?}")),
    }
}
