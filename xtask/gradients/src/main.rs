//! `cargo xtask gradcheck`: random cases of everything that has a gradient, and one table of what
//! came of them.
//!
//! ```text
//! cargo xtask gradcheck [--filter TEXT] [--cases N] [--seed N] [--json FILE]
//! ```

#![forbid(unsafe_code)]

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use layers::Mode;
use serde_json::{Value, json};
use verify::{Item, Row, Type, items, run_item};

/// Cases for each row of the table, unless told otherwise.
const THOROUGH: usize = 200;

fn main() -> ExitCode {
    match Options::parse(&mut lexopt::Parser::from_env()) {
        Ok(options) if run(&options) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// What the command was asked for.
struct Options {
    /// Only items whose name contains this.
    filter: String,
    /// Cases for each row.
    cases: usize,
    /// Seed of all cases.
    seed: u64,
    /// Where to write the table as JSON.
    json: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { filter: String::new(), cases: THOROUGH, seed: 0, json: None }
    }
}

impl Options {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("filter") => options.filter = args.value()?.string()?,
                Long("cases") => options.cases = args.value()?.parse()?,
                Long("seed") => options.seed = args.value()?.parse()?,
                Long("json") => options.json = Some(args.value()?.into()),
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }
}

/// Runs all cases, prints the table, and says whether no gradient is wrong.
fn run(options: &Options) -> bool {
    let rows = rows(options);
    print_totals(&rows);
    rows.iter().for_each(print_failure);
    if let Some(path) = &options.json
        && let Err(error) = fs::write(path, format!("{:#}\n", to_json(&rows, options)))
    {
        println!("{}: {error}", path.display());
        return false;
    }
    if rows.is_empty() {
        println!("no item is called \"{}\"", options.filter);
    }
    !rows.is_empty() && rows.iter().all(|row| row.fail == 0)
}

/// Runs each item in each mode and type, and prints its row.
fn rows(options: &Options) -> Vec<Row> {
    let items: Vec<Item> =
        items().into_iter().filter(|item| item.name.contains(&options.filter)).collect();
    let jobs: Vec<(&Item, Mode, Type)> = items
        .iter()
        .flat_map(|item| item.modes.iter().map(move |&mode| (item, mode)))
        .flat_map(|(item, mode)| [(item, mode, Type::F64), (item, mode, Type::F32)])
        .collect();
    let bar = progress_bar(jobs.len() * options.cases);
    print_head();
    let mut rows = Vec::new();
    for (item, mode, ty) in jobs {
        bar.set_message(item.name.clone());
        let start = Instant::now();
        let row = run_item(item, ty, mode, options.cases, options.seed, || bar.inc(1));
        bar.suspend(|| print_row(&row, start.elapsed().as_secs_f64()));
        rows.push(row);
    }
    bar.finish_and_clear();
    rows
}

/// The first case in which a row's gradient is wrong, if there is one.
fn print_failure(row: &Row) {
    if let Some(case) = &row.failure {
        let (name, ty) = (&row.name, type_name(row.ty));
        println!("\n{name} {ty}, case seed {:#x}, axes up to {}:", case.seed, case.longest);
        println!("{}", case.report);
    }
}

fn print_head() {
    println!(
        "{:<34} {:<4} {:<5} {:>6} {:>9} {:>9} {:>5} {:>6} {:>6} {:>8} {:<10} {:>9} {:>6}",
        "item",
        "type",
        "mode",
        "cases",
        "elements",
        "pass",
        "fail",
        "incon.",
        "unobs.",
        "worst",
        "in",
        "evals",
        "s"
    );
}

fn print_row(row: &Row, seconds: f64) {
    println!(
        "{:<34} {:<4} {:<5} {:>6} {:>9} {:>9} {:>5} {:>6} {:>6} {:>8.1e} {:<10} {:>9} {:>6.1}",
        row.name,
        type_name(row.ty),
        mode_name(row.mode),
        row.cases,
        row.elements,
        row.pass,
        row.fail,
        row.inconclusive,
        row.unobserved,
        row.worst,
        row.worst_in,
        row.evaluations,
        seconds
    );
}

/// Sums over the rows of one type.
fn sums(rows: &[Row], ty: Option<Type>) -> [usize; 7] {
    let rows = rows.iter().filter(|row| ty.is_none_or(|ty| ty == row.ty));
    rows.fold([0; 7], |sums, row| {
        let values = [
            row.cases,
            row.elements,
            row.pass,
            row.fail,
            row.inconclusive,
            row.unobserved,
            row.evaluations,
        ];
        std::array::from_fn(|i| sums[i] + values[i])
    })
}

fn print_totals(rows: &[Row]) {
    for ty in [Type::F64, Type::F32] {
        let [cases, elements, pass, fail, inconclusive, unobserved, evaluations] =
            sums(rows, Some(ty));
        println!(
            "{}: {cases} cases, {elements} elements: {pass} pass, {fail} fail, {inconclusive} inconclusive, \
             {unobserved} unobserved; {evaluations} evaluations",
            type_name(ty)
        );
    }
    println!(
        "worst: relative error at a tolerance of 1e-8 for f64, part of the bound for f32; unobserved: 0 as far as the \
         function's rounding lets anybody see"
    );
}

fn to_json(rows: &[Row], options: &Options) -> Value {
    let items: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "dtype": type_name(row.ty),
                "mode": mode_name(row.mode),
                "cases": row.cases,
                "elements": row.elements,
                "pass": row.pass,
                "fail": row.fail,
                "inconclusive": row.inconclusive,
                "unobserved": row.unobserved,
                "worst_rel": row.worst,
                "evals": row.evaluations,
            })
        })
        .collect();
    let [cases, elements, pass, fail, inconclusive, unobserved, evals] = sums(rows, None);
    json!({
        "seed": options.seed,
        "items": items,
        "totals": {
            "cases": cases, "elements": elements, "pass": pass, "fail": fail,
            "inconclusive": inconclusive, "unobserved": unobserved, "evals": evals,
        },
    })
}

fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::F32 => "f32",
        Type::F64 => "f64",
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Train => "train",
        Mode::Eval => "eval",
    }
}

fn progress_bar(n_cases: usize) -> ProgressBar {
    // On standard error, and hidden where that is no terminal.
    let style = ProgressStyle::with_template("{wide_bar} {percent:3} %, {eta} left, {msg}");
    ProgressBar::new(n_cases as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
