//! `cargo xtask fixtures`: writes the reference numbers under `fixtures/`, or says where they
//! differ from what is there.
//!
//! ```text
//! cargo xtask fixtures [--check] [--torch | --sklearn] [--new]
//! ```
//!
//! Alone, the oracle's: every formula of the specification once more, in several hundred bits, with
//! gradients by differences. With `--torch`, PyTorch's, by `fixtures/torch/generate.py` on the
//! oracle's inputs. With `--sklearn`, scikit-learn's, by `fixtures/sklearn/generate.py`. With
//! `--new`, only the cases that are not stored yet.

#![forbid(unsafe_code)]

mod difference;
#[cfg(test)]
mod functions;
mod generator;
mod layer_cases;
mod layers;
mod loss_cases;
mod losses;
mod merge;
mod optimizers;
mod real;
mod running;
mod tensor;
mod training;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use generator::{Generator, SKLEARN, TORCH};
use serde_json::{Map, Value, json};

fn main() -> ExitCode {
    match Options::parse(&mut lexopt::Parser::from_env()) {
        Ok(options) if run(options) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// What the command was asked for.
#[derive(Debug, Default, Clone, Copy)]
struct Options {
    /// Compare instead of writing.
    check: bool,
    /// The numbers of a Python library instead of the oracle's.
    library: Option<&'static Generator>,
    /// Of the library's, only the cases that are not stored yet.
    new: bool,
}

impl Options {
    /// From the arguments behind the command's name.
    fn parse(args: &mut lexopt::Parser) -> Result<Self, lexopt::Error> {
        use lexopt::prelude::*;

        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("check") => options.check = true,
                Long("torch") => options.library = Some(&TORCH),
                Long("sklearn") => options.library = Some(&SKLEARN),
                Long("new") => options.new = true,
                _ => return Err(arg.unexpected()),
            }
        }
        if options.new && options.library.is_none() {
            return Err(
                "--new belongs to --torch or --sklearn: the oracle's numbers are the same everywhere"
                    .into(),
            );
        }
        Ok(options)
    }
}

/// Runs the command and says whether all went well.
fn run(options: Options) -> bool {
    let files = match options.library {
        None => Ok(oracle()),
        Some(library) if options.new => library.run(&folder()).and_then(with_stored),
        Some(library) => library.run(&folder()),
    };
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            println!("      {error}");
            return false;
        }
    };
    let library = options.library.map_or(String::new(), |library| format!(" --{}", library.folder));
    let new = if options.new { " --new" } else { "" };
    let command = format!("cargo xtask fixtures{library}{new}");
    let differences: Vec<_> = files
        .iter()
        .filter_map(|(name, text)| settle(name, text, options.check, &command).err())
        .collect();
    differences.iter().for_each(|difference| println!("      {difference}"));
    differences.is_empty()
}

/// Each stored file with the cases of the generator's that are new to it; says how many.
fn with_stored(files: Vec<(&'static str, String)>) -> Result<Vec<(&'static str, String)>, String> {
    let with_stored = |(name, made): (&'static str, String)| {
        let path = folder().join(name);
        if !path.exists() {
            println!("      fixtures/{name}: new");
            return Ok((name, made));
        }
        let place = |error: &dyn Display| format!("fixtures/{name}: {error}");
        let stored = fs::read_to_string(&path).map_err(|error| place(&error))?;
        let merged = merge::merge(&stored, &made).map_err(|error| place(&error))?;
        println!("      fixtures/{name}: {} new cases", merged.added.len());
        merged.added.iter().for_each(|case| println!("        {case}"));
        for case in merged.kept {
            println!("        {case}: not made by the generator; kept");
        }
        Ok((name, merged.text))
    };
    // Every file is looked at, so that all errors are told at once; then nothing is written.
    let (files, errors): (Vec<_>, Vec<_>) =
        files.into_iter().map(with_stored).partition(Result::is_ok);
    let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() {
        Ok(files.into_iter().flatten().collect())
    } else {
        Err(errors.join("\n      "))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// Every file of the oracle: its path under `fixtures/`, and its text.
fn oracle() -> Vec<(&'static str, String)> {
    let layers = parallel(&layer_cases::layer_cases(), layers::LayerCase::evaluate);
    let losses = parallel(&loss_cases::loss_cases(), losses::LossCase::evaluate);
    let optimizers = parallel(&optimizers::optimizer_cases(), optimizers::OptimizerCase::evaluate);
    let running = parallel(&running::running_cases(), running::RunningCase::evaluate);
    let mut optimizer_head = head();
    let (start, gradients) = optimizers::inputs();
    optimizer_head.insert("start".into(), json!(start));
    optimizer_head.insert("gradients".into(), json!(gradients));
    vec![
        ("oracle/layers.json", tensor::text(&head(), &layers)),
        ("oracle/losses.json", tensor::text(&head(), &losses)),
        ("oracle/optimizers.json", tensor::text(&optimizer_head, &optimizers)),
        ("oracle/running.json", tensor::text(&head(), &running)),
        ("oracle/training.json", tensor::text(&head(), &training::training_cases())),
    ]
}

fn head() -> Map<String, Value> {
    let head = json!({
        "generator": "cargo xtask fixtures",
        "arithmetic": "dashu-float 0.6",
        "seed": tensor::SEED,
    });
    head.as_object().cloned().unwrap_or_default()
}

/// `evaluate` of every case, in order, on all cores.
fn parallel<C: Sync>(cases: &[C], evaluate: impl Fn(&C) -> Value + Sync) -> Vec<Value> {
    let results = Mutex::new(vec![Value::Null; cases.len()]);
    let next = AtomicUsize::new(0);
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                while let Some((i, case)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(i).map(|case| (i, case))
                } {
                    let value = evaluate(case);
                    if let Ok(mut results) = results.lock() {
                        results[i] = value;
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
}

/// Writes a file, or compares it with what is there.
fn settle(name: &str, text: &str, check: bool, command: &str) -> Result<(), String> {
    let path = folder().join(name);
    if !check {
        let parent = path.parent().unwrap_or(&path);
        return fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| format!("fixtures/{name}: {error}"));
    }
    let found = fs::read_to_string(&path).map_err(|error| format!("fixtures/{name}: {error}"))?;
    match first_difference(&found, text) {
        None => Ok(()),
        Some((case, line, field)) => Err(format!(
            "fixtures/{name}, line {line}: {field} of {case} is not what the generator gives; \
             to accept its numbers: {command}"
        )),
    }
}

/// Where two files part: the case, the line's number and its field.
fn first_difference(found: &str, expected: &str) -> Option<(String, usize, String)> {
    if found == expected {
        return None;
    }
    let mut case = "the head".to_owned();
    let (mut found, mut expected) = (found.lines(), expected.lines());
    for line in 1.. {
        let (old, new) = (found.next(), expected.next());
        if old != new {
            let text = new.or(old).unwrap_or("the last line");
            let field = text.split(':').next().unwrap_or(text).to_owned();
            return Some((case, line, field));
        }
        match new.and_then(|line| line.strip_prefix("\"name\": ")) {
            Some(name) => case = name.trim_end_matches(',').to_owned(),
            None if new == Some("{") => case = "the next case".to_owned(),
            None => {}
        }
        if new.is_none() {
            break;
        }
    }
    None
}
