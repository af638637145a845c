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
#[cfg(test)]
mod coverage;
mod draw;
mod laid;
mod layer_table;
mod num;
mod options;
mod parent;
mod plain_layers;
mod process;
mod table;
mod wide;
mod wide_functions;

use std::process::ExitCode;

use options::{MISUNDERSTOOD, Options, USAGE};

fn main() -> ExitCode {
    let options = match Options::parse() {
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
