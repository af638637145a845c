//! `cargo xtask bench`: the benches of all crates, in one table beside what the machine can do at
//! most.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{fs, io};

use indicatif::{ProgressBar, ProgressStyle};
use launch::cargo;
use serde_json::{Value, json};

use super::busy::{BUSY, busy};
use super::estimates::{self, Estimate};
use super::grid::Grid;
use super::limits::Limits;
use super::programs::gist;

/// The benches that criterion runs, in the order of the table.
const CRITERION: [(&str, &str); 6] = [
    ("kernels", "gemm"),
    ("layers", "layers"),
    ("losses", "losses"),
    ("optim", "rules"),
    ("models", "workloads"),
    ("gradcheck", "functions"),
];

/// Those that print a table of their own, with the seconds that they spend on a cell when there is
/// no hurry.
const TABLES: [(&str, &str, f64, &str); 2] = [
    (
        "kernels",
        "sizes",
        0.05,
        "cost against size: GFLOP/s of the three products of a step of Linear(width → width), by batch\n\
         * above 50 MFLOP and below 60 % of the best",
    ),
    (
        "models",
        "breakdown",
        0.5,
        "where the time goes: µs for a step, then % of it; products and elementwise are what gather, forward and backward\n\
         consist of",
    ),
];

/// What the command was asked for.
#[derive(Default)]
pub(crate) struct Options {
    /// Shorter measurements.
    quick: bool,
    /// Items whose names contain this, and no other table.
    filter: Option<String>,
    /// Threads; as many as there are cores if nothing is said.
    threads: Option<usize>,
    /// Where to write the figures.
    json: Option<PathBuf>,
}

impl Options {
    /// From the arguments behind the command's name.
    pub(crate) fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => options.quick = true,
                Long("filter") => options.filter = Some(args.value()?.string()?),
                Long("threads") => options.threads = Some(args.value()?.parse::<usize>()?.max(1)),
                Long("json") => options.json = Some(args.value()?.into()),
                Value(other) => {
                    return Err(format!("no benchmark \"{}\"", other.to_string_lossy()).into());
                }
                _ => return Err(arg.unexpected()),
            }
        }
        Ok(options)
    }
}

/// Builds the benches, runs them one by one, and prints the tables. Says whether all of them ran.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let figures = measure(&Programs { executables: build()?, options })?;
    let Figures { limits, items, tables, used } = &figures;
    println!("{limits}\n\n{}", estimates::table(items, limits));
    for (_, title, text) in tables {
        println!("{title}\n{text}");
    }
    let others = used.iter().filter(|&&part| part > BUSY).count();
    if others > 0 {
        println!(
            "before {others} of {} benches others used the machine: measure again when it is idle",
            used.len()
        );
    }
    if let Some(path) = &options.json {
        let json = figures.to_json()?;
        fs::write(path, format!("{json:#}\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    if items.is_empty() {
        println!("no item's name contains \"{}\"", options.filter.as_deref().unwrap_or_default());
    }
    Ok(!items.is_empty())
}

/// What the benches say.
struct Figures {
    limits: Limits,
    items: Vec<Estimate>,
    /// Name, title and text of each table.
    tables: Vec<(&'static str, &'static str, String)>,
    /// What part of the machine others used before each bench.
    used: Vec<f64>,
}

fn measure(programs: &Programs<'_>) -> Result<Figures, String> {
    let options = programs.options;
    let n_tables = if options.filter.is_some() { 0 } else { TABLES.len() };
    let progress = progress_bar(1 + CRITERION.len() + n_tables);
    let mut used = Vec::new();
    let mut next = |name: &str| {
        progress.set_message(name.to_owned());
        used.extend(busy());
        progress.inc(1);
    };

    next("limits");
    let limits = Limits::parse(&programs.run("kernels", "limits", &[])?)?;
    let mut items = Vec::new();
    for (package, bench) in CRITERION {
        next(bench);
        let start = SystemTime::now();
        programs.run(package, bench, &options.for_criterion())?;
        items.extend(estimates::read(&criterion_home(), start).map_err(|e| e.to_string())?);
    }
    let mut tables = Vec::new();
    for (package, bench, seconds, title) in TABLES.into_iter().take(n_tables) {
        next(bench);
        let seconds = if options.quick { seconds / QUICKER } else { seconds };
        let text = programs.run(package, bench, &[seconds.to_string()])?;
        tables.push((bench, title, text));
    }
    progress.finish_and_clear();
    Ok(Figures { limits, items, tables, used })
}

/// How many times shorter a cell of the other tables is measured in a hurry.
const QUICKER: f64 = 5.0;

impl Options {
    /// The arguments for criterion.
    fn for_criterion(&self) -> Vec<String> {
        let mut args: Vec<String> = vec!["--noplot".into()];
        if self.quick {
            let times =
                ["--warm-up-time", "0.1", "--measurement-time", "0.3", "--sample-size", "10"];
            args.extend(times.map(Into::into));
        }
        // A regular expression to criterion, a text to us.
        args.extend(self.filter.as_deref().map(escaped));
        args
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// Where criterion keeps its estimates; what it compares the next run with.
fn criterion_home() -> PathBuf {
    target().join("criterion")
}

/// The benches' executables by name.
fn build() -> Result<Vec<(String, PathBuf)>, String> {
    let mut command = cargo();
    command
        .args(["bench", "--workspace", "--bench", "*", "--no-run", "--locked"])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("cargo bench: {e}"))?;
    if !output.status.success() {
        return Err("the benches do not build".into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect())
}

/// `(gemm, target/release/deps/gemm-0123)` from a line of cargo's, if it says that a bench has been
/// built.
fn executable(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = &message["target"];
    if target["kind"][0].as_str()? != "bench" {
        return None;
    }
    Some((target["name"].as_str()?.to_owned(), message["executable"].as_str()?.into()))
}

struct Programs<'a> {
    executables: Vec<(String, PathBuf)>,
    options: &'a Options,
}

impl Programs<'_> {
    /// Runs a bench and returns what it prints.
    fn run(&self, package: &str, bench: &str, args: &[String]) -> Result<String, String> {
        let name = format!("{package}, {bench}");
        let (_, path) = self
            .executables
            .iter()
            .find(|(found, _)| found == bench)
            .ok_or_else(|| format!("{name}: not built"))?;
        let mut command = Command::new(path);
        command.arg("--bench").args(args).env("CRITERION_HOME", criterion_home());
        if let Some(threads) = self.options.threads {
            command.env("RAYON_NUM_THREADS", threads.to_string());
        }
        let output = command.output().map_err(|e: io::Error| format!("{name}: {e}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("{name}: {} ({})", gist(&output.stderr), output.status))
        }
    }
}

impl Figures {
    fn to_json(&self) -> Result<Value, String> {
        let items = self.items.iter().map(|item| item.to_json(&self.limits));
        let mut json = json!({
            "limits": self.limits.to_json(),
            "items": items.collect::<Vec<_>>(),
            "used_by_others": self.used,
        });
        for (bench, _, text) in &self.tables {
            json[*bench] = Grid::parse(text)?.to_json();
        }
        Ok(json)
    }
}

fn progress_bar(n: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}, {msg}");
    ProgressBar::new(n as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::{escaped, executable};

    #[test]
    fn a_text_is_no_expression() {
        assert_eq!(escaped("X·Wᵀ+b/1×8→8 (a.b)"), r"X·Wᵀ\+b/1×8→8 \(a\.b\)");
    }

    #[test]
    fn an_executable_is_found() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["bench"],"name":"gemm"},"executable":"/t/gemm-1"}"#;
        assert_eq!(executable(line), Some(("gemm".into(), "/t/gemm-1".into())));
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(executable(&line.replace("bench", "lib")), None);
    }
}
