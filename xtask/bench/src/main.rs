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

use std::path::PathBuf;
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
    Peers(Options),
}

impl Bench {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        let next = args.try_raw_args();
        if next.is_some_and(|next| next.peek().is_some_and(|word| word == "peers")) {
            args.value()?;
            return Options::parse(args).map(Self::Peers);
        }
        suite::Options::parse(args).map(Self::Suite)
    }
}

/// What the comparison was asked for.
struct Options {
    /// Rounds in which every program runs once for each number of threads.
    rounds: usize,
    /// Numbers of threads.
    threads: Vec<usize>,
    /// Names of workloads; empty for all.
    only: Vec<String>,
    /// Names of programs; empty for all.
    peers: Vec<String>,
    /// Where to write the figures.
    json: Option<PathBuf>,
}

impl Options {
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = Self {
            rounds: 3,
            threads: if cores > 1 { vec![1, cores] } else { vec![1] },
            only: Vec::new(),
            peers: Vec::new(),
            json: None,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Long("rounds") => options.rounds = args.value()?.parse::<usize>()?.max(1),
                Long("threads") => options.threads = vec![args.value()?.parse::<usize>()?.max(1)],
                Long("only") => options.only = names(args, &workloads::names())?,
                Long("peers") => options.peers = names(args, &programs::names())?,
                Long("json") => options.json = Some(args.value()?.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }
}

/// A list of names, each of them a known one.
fn names(args: &mut lexopt::Parser, known: &[&str]) -> Result<Vec<String>, lexopt::Error> {
    use lexopt::prelude::*;

    let list = args.value()?.string()?;
    let names: Vec<String> = list.split(',').map(str::to_owned).collect();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(names),
        Some(name) => Err(format!("no \"{name}\" among {}", known.join(", ")).into()),
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
