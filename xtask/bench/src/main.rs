//! `cargo xtask bench`: the benches of all crates; `cargo xtask bench peers`: this library beside
//! others on the same work.

#![forbid(unsafe_code)]

mod busy;
mod data;
mod estimates;
mod grid;
mod limits;
mod peers;
mod programs;
mod suite;
mod table;
mod workloads;

use std::process::ExitCode;

fn main() -> ExitCode {
    match Bench::parse(&mut lexopt::Parser::from_env()) {
        Ok(bench) if run(&bench) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Which of the two.
enum Bench {
    /// The benches of all crates.
    Suite(suite::Options),
    /// This library beside others.
    Peers(peers::Options),
}

impl Bench {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        let next = args.try_raw_args();
        if next.is_some_and(|next| next.peek().is_some_and(|word| word == "peers")) {
            args.value()?;
            return peers::Options::parse(args).map(Self::Peers);
        }
        suite::Options::parse(args).map(Self::Suite)
    }
}

/// Builds and runs what was asked for, prints the tables, and says whether all of ours ran and
/// computed what it should.
fn run(bench: &Bench) -> bool {
    let result = match bench {
        Bench::Suite(options) => suite::run(options),
        Bench::Peers(options) => peers::run(options),
    };
    match result {
        Ok(ok) => ok,
        Err(error) => {
            println!("{error}");
            false
        }
    }
}
