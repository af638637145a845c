//! Commands that are packages of their own.

use std::ffi::OsStr;
use std::process::Command;

use launch::cargo;
use serde_json::Value;

use crate::outcome::Outcome;
use crate::workspace::{output, text};

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

/// The same, for a step of `cargo xtask check`: built as its tests are, where cargo settles the
/// features of all packages together. With those that the program alone asks for, everything below
/// it would be compiled once more.
pub(crate) fn succeeds_among_tests<A: AsRef<OsStr>>(program: &str, args: &[A]) -> bool {
    let built = built_among_tests(program).and_then(|path| {
        let status = Command::new(&path).args(args).status();
        status.map(|status| status.success()).map_err(|error| format!("{path}: {error}"))
    });
    built.unwrap_or_else(|error| {
        println!("      {error}");
        false
    })
}

/// The one whose package's program is built for it anyway.
const A_TEST: &str = "every_gradient";

/// Builds the program, and says where it is. A test is asked for as well, any, because cargo leaves
/// the features of dev-dependencies out otherwise.
fn built_among_tests(program: &str) -> Result<String, String> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--locked", "--workspace", "--all-features"]);
    command.args(["--test", A_TEST, "--bin", program, "--message-format=json-render-diagnostics"]);
    let messages = output(&mut command)?;
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    messages
        .find(|message: &Value| {
            message["target"]["name"] == program && message["executable"].is_string()
        })
        .map(|message| text(&message, "executable").to_owned())
        .ok_or_else(|| format!("cargo build names no program {program}"))
}
