//! The project's own commands, run as `cargo xtask COMMAND`.

mod check;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  check    everything that has to hold: layout, format, lints, docs, tests, doc tests
  tidy     the layout alone: who depends on whom, how many crates, how long files are";

fn main() -> ExitCode {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next() {
        Ok(Some(lexopt::Arg::Value(command))) => command.to_string_lossy().into_owned(),
        Ok(_) => String::new(),
        Err(error) => return usage(&error.to_string()),
    };
    let ok = match command.as_str() {
        "check" => check::run(),
        "tidy" => tidy::run(),
        "" => return usage("no command given"),
        other => return usage(&format!("no command \"{other}\"")),
    };
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage(error: &str) -> ExitCode {
    eprintln!("{error}\n\n{USAGE}");
    ExitCode::from(2)
}
