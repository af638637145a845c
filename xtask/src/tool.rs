//! Commands that are packages of their own.

use std::ffi::OsStr;
use std::process::Command;

use launch::cargo;

use crate::outcome::Outcome;

/// The status with which a tool says that it does not understand its arguments.
const MISUNDERSTOOD: i32 = 2;

/// Builds the package and runs its one program, on the same standard output and standard error.
pub(crate) fn run<A: AsRef<OsStr>>(package: &str, args: &[A]) -> Outcome {
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "--package", package, "--"]).args(args);
    outcome(command)
}

/// The same as it is released, with one variable set for cargo.
pub(crate) fn run_released<A: AsRef<OsStr>>(
    package: &str,
    args: &[A],
    (name, value): (&str, &str),
) -> Outcome {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--locked", "--package", package, "--"]);
    command.args(args).env(name, value);
    outcome(command)
}

fn outcome(mut command: Command) -> Outcome {
    match command.status() {
        Ok(status) if status.code() == Some(MISUNDERSTOOD) => Outcome::Usage(String::new()),
        Ok(status) => status.success().into(),
        Err(error) => {
            println!("{command:?}: {error}");
            false.into()
        }
    }
}

/// The same, for a step of `cargo xtask check`.
pub(crate) fn succeeds<A: AsRef<OsStr>>(package: &str, args: &[A]) -> bool {
    matches!(run(package, args), Outcome::Ran { ok: true })
}
