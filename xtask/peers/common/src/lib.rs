//! What the compared Rust programs share: reading a workload, timing it, printing the figures.
//! `common.py` is its twin.
//!
//! A program is called as `PROGRAM --data FOLDER --peer NAME --threads N --seconds S --workloads
//! W1,W5a` and prints one JSON object a workload and line.

mod data;
mod program;
mod time;

use std::path::PathBuf;
use std::process::ExitCode;

pub use data::{Layer, Loss, Norm, Optimizer, Workload};
pub use program::{Failure, Program};

/// ε of every batch normalization, PyTorch's.
pub const EPS: f64 = 1e-5;
/// Coefficient of the newest batch in the running statistics, PyTorch's.
pub const NORM_MOMENTUM: f64 = 0.1;
/// μ of gradient descent.
pub const MOMENTUM: f64 = 0.9;
/// Adam's.
pub const BETAS: (f64, f64) = (0.9, 0.999);
/// Adam's.
pub const ADAM_EPS: f64 = 1e-8;

/// What the command line asks for.
struct Options {
    data: PathBuf,
    peer: String,
    threads: usize,
    seconds: f64,
    workloads: Vec<String>,
}

/// Runs a program on every workload asked for. `load` makes it ready for one, or says `None` if it
/// has none such.
pub fn run(
    load: impl Fn(&Workload, &str) -> Result<Option<Box<dyn Program>>, Failure>,
) -> ExitCode {
    match options().and_then(|options| run_all(&options, load)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run_all(
    options: &Options,
    load: impl Fn(&Workload, &str) -> Result<Option<Box<dyn Program>>, Failure>,
) -> Result<(), Failure> {
    for name in &options.workloads {
        let workload = Workload::read(&options.data, name)?;
        let Some(mut program) = load(&workload, &options.peer)? else { continue };
        let figures = time::measure(program.as_mut(), &workload, options.seconds)
            .map_err(|error| format!("{name}: {error}"))?;
        println!(
            "{{\"workload\": \"{name}\", \"peer\": \"{}\", \"threads\": {}, \"best_us\": {}, \"median_us\": {}, \
             \"loss_after_10\": {}}}",
            options.peer,
            options.threads,
            number(figures.best_us),
            number(figures.median_us),
            number(f64::from(figures.loss)),
        );
    }
    Ok(())
}

/// A JSON number; there is none for NaN and the infinities, nor for a time that was not taken.
fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { "null".into() }
}

fn options() -> Result<Options, Failure> {
    let mut options = Options {
        data: PathBuf::new(),
        peer: String::new(),
        threads: 1,
        seconds: 0.7,
        workloads: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--data" => options.data = value.into(),
            "--peer" => options.peer = value,
            "--threads" => options.threads = value.parse()?,
            "--seconds" => options.seconds = value.parse()?,
            "--workloads" => options.workloads = value.split(',').map(Into::into).collect(),
            _ => return Err(format!("no option {name}").into()),
        }
    }
    Ok(options)
}
