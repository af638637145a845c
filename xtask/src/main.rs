//! The project's own commands, run as `cargo xtask COMMAND`.

mod bench;
mod cargo;
mod check;
mod fixtures;
mod gradcheck;
mod mutants;
mod power;
mod python;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  bench      times every product, layer, loss, rule and model beside what the machine can do at most
             [--quick] [--filter TEXT] [--threads N] [--json FILE]
  bench peers
             times this library beside others, on the same work and from the same weights
             [--threads N] [--only W1,W5a] [--peers NAMES] [--rounds N] [--json FILE]
  check      everything that has to hold: layout, format, lints, docs, tests, gradients, doc tests
  fixtures   writes the reference numbers under fixtures/, or compares with them
             [--check] [--torch]
  gradcheck  every gradient against differences, in one table
             [--filter TEXT] [--cases N] [--seed N] [--json FILE]
  mutants    whether a test notices when a formula is changed (needs cargo-mutants)
             [--shard K/N] [--in-diff FILE] [--jobs N]
  power      measures the gradient checker itself: false alarms, detection, accuracy, cost
             [--n ELEMENTS] [--json FILE]
  tidy       the layout alone: who depends on whom, how many crates, how long files are";

fn main() -> ExitCode {
    let mut args = lexopt::Parser::from_env();
    let command = match args.next() {
        Ok(Some(lexopt::Arg::Value(command))) => command.to_string_lossy().into_owned(),
        Ok(_) => String::new(),
        Err(error) => return usage(&error.to_string()),
    };
    let ok = match command.as_str() {
        "bench" => match bench::Bench::parse(&mut args) {
            Ok(bench) => bench::run(&bench),
            Err(error) => return usage(&error.to_string()),
        },
        "check" => check::run(),
        "fixtures" => match fixtures::Options::parse(&mut args) {
            Ok(options) => fixtures::run(options),
            Err(error) => return usage(&error.to_string()),
        },
        "gradcheck" => match gradcheck::Options::parse(&mut args) {
            Ok(options) => gradcheck::run(&options),
            Err(error) => return usage(&error.to_string()),
        },
        "mutants" => match mutants::Options::parse(&mut args) {
            Ok(options) => mutants::run(&options),
            Err(error) => return usage(&error.to_string()),
        },
        "power" => match power::Options::parse(&mut args) {
            Ok(options) => power::run(&options),
            Err(error) => return usage(&error.to_string()),
        },
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
