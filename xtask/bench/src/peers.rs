//! The run: every program in turn, in an order that changes from round to round, so that a busy
//! minute of the machine falls on all of them.

use std::fs;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::busy::busy;
use super::programs::{self, Program, gist, has_taskset};
use super::table::{Figure, Table};
use super::workloads::{WORKLOADS, Workload};
use super::{data, workloads};

/// How long the steps of a workload are timed in each round.
const SECONDS: f64 = 0.7;

/// How far a loss after ten steps may be from the one in `f64`, in parts of it.
///
/// A sum of 2048 products in `f32` is off by at most 2048·2⁻²⁴ = 1.2e-4 of its terms, every program
/// adds in another order, and ten steps hand such errors on. What a slip in a program does to the
/// loss of the workloads that show it: a momentum of 0.89 moves it by 3e-3 to 1e-1, an ε of 1e-5 in
/// Adam by 2e-2, a β₂ of 0.99 by 6e-3.
const TOLERANCE: f64 = 1e-3;

/// What the comparison was asked for.
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
    /// From the arguments behind `peers`.
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

/// Builds, runs, prints; says whether ours ran and its losses are right.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let workloads: Vec<&Workload> = WORKLOADS
        .iter()
        .filter(|w| options.only.is_empty() || options.only.iter().any(|name| name == w.name))
        .collect();
    let (ready, left_out) = programs::prepare(&options.peers);
    write_data(&workloads)?;
    let mut table = Table::new(&workloads, &ready, options.rounds, TOLERANCE);
    table.left_out.extend(left_out.iter().map(|(name, reason)| format!("{name}: {reason}")));
    let Some(ours) = ready.iter().find(|program| program.name == "ours") else {
        return Err(table.left_out.join("\n"));
    };
    let names: Vec<_> = workloads.iter().map(|workload| workload.name).collect();
    let most = options.threads.iter().copied().max().unwrap_or(1);
    let (figures, failure) = measure(&ours.renamed("reference"), most, &names, 0.0);
    if let Some(reason) = failure {
        return Err(format!("the losses to compare with: {reason}"));
    }
    table.references.extend(figures.into_iter().map(|figure| (figure.workload, figure.loss)));
    run_rounds(options, &ready, &names, &mut table);
    if !has_taskset() {
        println!(
            "there is no taskset: programs that do not keep to their number of threads may use more"
        );
    }
    println!("{table}");
    if let Some(path) = &options.json {
        fs::write(path, format!("{:#}\n", table.to_json()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(table.ours_is_right())
}

fn write_data(workloads: &[&Workload]) -> Result<(), String> {
    let folder = programs::target().join("data");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for workload in workloads {
        data::write(&folder, workload).map_err(|error| format!("{}: {error}", workload.name))?;
    }
    Ok(())
}

/// Runs every program in every round and adds its figures to the table.
fn run_rounds(options: &Options, ready: &[Program], names: &[&str], table: &mut Table) {
    let progress = progress_bar(options.rounds * options.threads.len() * ready.len());
    for round in 0..options.rounds {
        for (threads, program) in turns(&options.threads, ready, round) {
            progress.set_message(format!("{}, threads: {threads}", program.name));
            table.busy.extend(busy());
            let (figures, failure) = measure(program, threads, names, SECONDS);
            table.add(figures);
            table.left_out.extend(failure.map(|reason| {
                format!("{} in round {}, threads: {threads}: {reason}", program.name, round + 1)
            }));
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
}

/// Who runs when in a round: every second one goes backward.
fn turns<'a>(
    threads: &[usize],
    programs: &'a [Program],
    round: usize,
) -> Vec<(usize, &'a Program)> {
    let mut turns: Vec<_> = threads
        .iter()
        .flat_map(|&threads| programs.iter().map(move |program| (threads, program)))
        .collect();
    if round % 2 == 1 {
        turns.reverse();
    }
    turns
}

/// Runs a program once: its figures, and why there are no more of them if it failed.
fn measure(
    program: &Program,
    threads: usize,
    workloads: &[&str],
    seconds: f64,
) -> (Vec<Figure>, Option<String>) {
    let output = match program.command(threads, workloads, seconds).output() {
        Ok(output) => output,
        Err(error) => return (Vec::new(), Some(error.to_string())),
    };
    let mut failure =
        (!output.status.success()).then(|| format!("{} ({})", gist(&output.stderr), output.status));
    let mut figures = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match figure(program.name, line) {
            Ok(figure) => figures.push(figure),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    (figures, failure)
}

fn figure(peer: &'static str, line: &str) -> Result<Figure, String> {
    let value: Value = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
    let number = |key: &str| value[key].as_f64().unwrap_or(f64::NAN);
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    Ok(Figure {
        workload: text("workload"),
        peer,
        threads: value["threads"].as_u64().unwrap_or_default() as usize,
        best_us: number("best_us"),
        median_us: number("median_us"),
        loss: number("loss_after_10"),
    })
}

fn progress_bar(n: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {eta} left, {msg}");
    ProgressBar::new(n as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::{Program, figure, turns};

    #[test]
    fn every_second_round_runs_backward() {
        let programs = ["a", "b"].map(Program::named);
        let order = |round| {
            let turns = turns(&[1, 2], &programs, round);
            turns.into_iter().map(|(threads, p)| (threads, p.name)).collect::<Vec<_>>()
        };
        assert_eq!(order(0), [(1, "a"), (1, "b"), (2, "a"), (2, "b")]);
        assert_eq!(order(1), [(2, "b"), (2, "a"), (1, "b"), (1, "a")]);
    }

    #[test]
    fn a_line_is_a_figure() {
        let line = r#"{"workload": "W1", "threads": 2, "best_us": 1.5, "median_us": 2, "loss_after_10": null}"#;
        let figure = figure("a", line).unwrap();
        assert_eq!((figure.workload.as_str(), figure.threads), ("W1", 2));
        assert_eq!((figure.best_us, figure.median_us), (1.5, 2.0));
        assert!(figure.loss.is_nan(), "a loss that is no number agrees with nothing");
        assert!(super::figure("a", "warning: no").is_err());
    }
}
