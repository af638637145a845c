//! A hostile caller of the whole public interface, run as `cargo xtask hostile`.
//!
//! It draws calls from a seed: sizes, strides, values, configurations, names, states and orders of
//! calls that nobody should use, beside those that everybody does. It wants to see no panic, no
//! abort, no hang, errors that say what is wrong, and no finite number that differs from a plain
//! form of the formula.
//!
//! The calls run in child processes, a range of cases each, so that whatever kills one is a line in
//! the table and not the end of the run. A case is made from the seed and its number alone:
//! `--only` runs it again and tells every call.

#![forbid(unsafe_code)]

mod areas;
mod case;
mod child;
mod compare;
mod draw;
mod laid;
mod layer_table;
mod num;
mod parent;
mod plain_layers;
mod process;
mod table;
mod wide;
mod wide_functions;

use std::process::ExitCode;

use lexopt::prelude::*;

const USAGE: &str =
    "usage: cargo xtask hostile [--n CALLS] [--seed SEED] [--area NAME] [--only CASE]";

/// The status with which a tool says that it does not understand its arguments.
const MISUNDERSTOOD: u8 = 2;

/// What was asked for.
#[derive(Debug, Clone)]
struct Options {
    /// Calls to make, at least.
    n: u64,
    seed: u64,
    /// The one case to run and to tell.
    only: Option<u64>,
    /// The one area to call.
    area: Option<String>,
    /// The cases of a child process: the first, and how many.
    cases: Option<(u64, u64)>,
}

fn main() -> ExitCode {
    let options = match parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(MISUNDERSTOOD);
        }
    };
    let ok = match (options.cases, options.only) {
        (Some(cases), _) => child::run(&options, cases),
        (None, Some(number)) => child::tell(&options, number),
        (None, None) => parent::run(&options),
    };
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse() -> Result<Options, lexopt::Error> {
    let mut options = Options { n: 1_000_000, seed: 1, only: None, area: None, cases: None };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("n") => options.n = args.value()?.parse()?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("only") => options.only = Some(args.value()?.parse()?),
            Long("area") => options.area = Some(args.value()?.string()?),
            Long("cases") => {
                options.cases = Some((args.value()?.parse()?, args.value()?.parse()?));
            }
            _ => return Err(arg.unexpected()),
        }
    }
    let known = areas::names();
    match &options.area {
        Some(area) if !known.contains(&area.as_str()) => {
            Err(format!("no area \"{area}\"; there are {}", known.join(", ")).into())
        }
        _ => Ok(options),
    }
}
