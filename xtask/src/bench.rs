//! `cargo xtask bench peers`: this library beside others on the same work.

mod busy;
mod data;
mod peers;
mod programs;
mod table;
mod workloads;

use std::path::PathBuf;

/// What the command was asked for.
pub(crate) struct Options {
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
    /// From the arguments behind the command's name.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = Self {
            rounds: 3,
            threads: if cores > 1 { vec![1, cores] } else { vec![1] },
            only: Vec::new(),
            peers: Vec::new(),
            json: None,
        };
        match args.value()?.string()?.as_str() {
            "peers" => {}
            other => return Err(format!("no benchmark \"{other}\"").into()),
        }
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

/// Builds the programs, runs them in turn, prints the table, and says whether ours ran and gave the right losses.
pub(crate) fn run(options: &Options) -> bool {
    match peers::run(options) {
        Ok(ok) => ok,
        Err(error) => {
            println!("{error}");
            false
        }
    }
}
