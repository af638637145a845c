//! The whole run: children one range after the other, until enough calls have been made.

use std::thread;

use crate::process::{self, End};
use crate::table::{Found, Table};
use crate::{areas, options::Options};

/// Cases of one child.
const RANGE: u64 = 1000;
/// Children that may die in one range before the rest of it is left out.
const MOST_DEATHS: usize = 200;
/// Faults that are told in words.
const TOLD: usize = 100;

/// Runs until `n` calls have been made, prints the table, and says whether nothing was wrong.
pub(crate) fn run(options: &Options) -> bool {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut table = Table::new(areas::names());
    let mut first = 0;
    while table.calls() < options.n {
        let ranges: Vec<u64> = (0..threads as u64).map(|i| first + i * RANGE).collect();
        let tables = thread::scope(|scope| {
            let run = |&first| scope.spawn(move || range(options, first));
            let running: Vec<_> = ranges.iter().map(run).collect();
            running.into_iter().map(|t| t.join().unwrap_or_default()).collect::<Vec<_>>()
        });
        // In their order, so that the number of threads does not change what is counted.
        for range in tables {
            if table.calls() < options.n {
                table.add(range);
            }
        }
        first += threads as u64 * RANGE;
        if table.is_empty() {
            println!("no child could be run");
            return false;
        }
    }
    println!("seed {}, {} cases", options.seed, first);
    table.print();
    for (found, count) in table.faults().take(TOLD) {
        print_fault(options, found, count);
    }
    table.faults().next().is_none()
}

/// One range of cases, in as many children as it takes.
fn range(options: &Options, first: u64) -> Table {
    let mut table = Table::new(areas::names());
    let (mut next, end) = (first, first + RANGE);
    for _ in 0..MOST_DEATHS {
        let args = ["--cases".to_owned(), next.to_string(), (end - next).to_string()];
        let mut last = None;
        let how = process::run(options, &args, |line| table.read(line, &mut last));
        let (kind, text) = match how {
            End::Finished => break,
            End::Died(text) => ("abort", text),
            End::Hung => ("hang", "silent for too long".to_owned()),
            End::TooMuchMemory => ("memory", "more than 1 GiB resident".to_owned()),
        };
        let Some(case) = last else { break };
        let (subject, name) = last_call(options, case);
        table.died(case, [&subject, &name, kind, &text]);
        next = case + 1;
        if next >= end {
            break;
        }
    }
    table
}

/// What the case that killed a child was about, and the call it was in: told by running it again.
fn last_call(options: &Options, case: u64) -> (String, String) {
    let (mut subject, mut name) = (String::new(), String::new());
    let args = ["--only".to_owned(), case.to_string()];
    process::run(options, &args, |line| match line.split_once(": ") {
        Some((call, what)) if call.starts_with("  call ") => name = what.to_owned(),
        _ if line.starts_with([' ', '[']) => {}
        _ => subject = line.split(' ').next().unwrap_or_default().to_owned(),
    });
    (subject, name)
}

/// A fault, and the calls that led to it.
fn print_fault(options: &Options, found: &Found, count: u64) {
    println!("\n{} × {}", count, found.words());
    let area = options.area.as_ref().map_or(String::new(), |area| format!(" --area {area}"));
    println!("    again: cargo xtask hostile --seed {}{area} --only {}", options.seed, found.case);
    let mut told = Vec::new();
    let args = ["--only".to_owned(), found.case.to_string()];
    process::run(options, &args, |line| told.push(line.to_owned()));
    let here =
        told.iter().position(|line| line.starts_with("  FAULT") && line.contains(&found.text));
    let end = here.unwrap_or(told.len().saturating_sub(1));
    for line in told.iter().take(end).rev().take(4).rev() {
        println!("    {}", line.chars().take(600).collect::<String>());
    }
}
