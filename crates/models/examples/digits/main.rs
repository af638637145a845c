//! Trains a perceptron on handwritten digits and prints how well it reads those it has not seen.
//!
//! ```text
//! cargo run --release -p models --example digits -- \
//!     [--seed N] [--epochs N] [--hidden N] [--batch-norm] [--dropout P]
//! ```
//!
//! The seed decides the 80/20 split, the initial weights and the order of the rows in every epoch,
//! each from a stream of its own. Nothing is chosen by looking at the test rows: the accuracy is
//! that of the model after the last epoch.

mod data;

use std::error::Error;
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use layers::{BatchNorm1d, Mode};
use losses::{CrossEntropyLoss, Loss, Targets};
use models::{Mlp, Sequential};
use ndarray::{Array2, ArrayView1, Axis};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::Rng;

use data::{Digits, N_CLASSES, N_PIXELS};

const BATCH: usize = 32;
const LR: f64 = 0.1;
const MOMENTUM: f64 = 0.9;

/// Streams of the seed; the model's weights are drawn from stream 0.
const SPLIT: u64 = 1;
const SHUFFLE: u64 = 2;

struct Options {
    seed: u64,
    epochs: usize,
    hidden: usize,
    batch_norm: bool,
    dropout: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else { return Ok(()) };
    let (train, test) = data::load()?.split(0.8, &mut Rng::with_stream(options.seed, SPLIT));
    println!(
        "digits: {} rows to train on, {} to test on; {N_PIXELS}-{}-{N_CLASSES}, seed {}",
        train.len(),
        test.len(),
        options.hidden,
        options.seed
    );

    let mut mlp = Mlp::<f32>::new(&[N_PIXELS, options.hidden, N_CLASSES]).seed(options.seed);
    if options.batch_norm {
        mlp = mlp.normalization(BatchNorm1d::new);
    }
    if options.dropout > 0.0 {
        mlp = mlp.dropout(options.dropout);
    }
    let mut model = mlp.build()?;
    fit(&mut model, &train, &test, &options)?;

    let confusion = confusion(&model, &test)?;
    print_confusion(&confusion);
    println!("test accuracy {:.4}", accuracy(&confusion));
    Ok(())
}

/// The training loop: forward, loss, backward, step.
fn fit(
    model: &mut Sequential<f32>,
    train: &Digits,
    test: &Digits,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let mut ws = model.workspace(BATCH)?;
    let mut sgd = Sgd::new(SgdConfig { lr: LR, momentum: MOMENTUM, ..SgdConfig::default() })?;
    let criterion = CrossEntropyLoss::default();
    let mut shuffle = Rng::with_stream(options.seed, SHUFFLE);
    let progress = progress_bar(options.epochs * train.len());

    println!("epoch  train loss            test accuracy");
    for epoch in 1..=options.epochs {
        let mut total = 0.0;
        for rows in shuffle.permutation(train.len()).chunks(BATCH) {
            let batch = train.select(rows);
            model.forward(&batch.pixels, &mut ws, Mode::Train)?;
            let (logits, mut d_logits) = ws.output_and_gradient()?;
            let loss =
                criterion.backward(&logits, Targets::Classes(&batch.labels), &mut d_logits)?;
            model.backward(&mut ws)?;
            sgd.step(model, &mut ws)?;
            total += f64::from(loss) * rows.len() as f64;
            progress.inc(rows.len() as u64);
        }
        let (loss, accuracy) = (total / train.len() as f64, accuracy(&confusion(model, test)?));
        progress.suspend(|| println!("{epoch:5}  {loss:<20}  {accuracy:.4}"));
    }
    progress.finish_and_clear();
    Ok(())
}

/// How often each digit (row) was read as each digit (column).
fn confusion(
    model: &Sequential<f32>,
    digits: &Digits,
) -> Result<Array2<usize>, tensor_core::Error> {
    let logits = model.infer(&digits.pixels)?;
    let mut counts = Array2::zeros((N_CLASSES, N_CLASSES));
    for (logits, &label) in logits.rows().into_iter().zip(&digits.labels) {
        counts[[label, argmax(logits)]] += 1;
    }
    Ok(counts)
}

fn argmax(row: ArrayView1<'_, f32>) -> usize {
    (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

fn accuracy(confusion: &Array2<usize>) -> f64 {
    confusion.diag().sum() as f64 / confusion.sum() as f64
}

fn print_confusion(confusion: &Array2<usize>) {
    println!("\nrows: the digit, columns: what it was read as");
    println!("   {}", (0..N_CLASSES).map(|digit| format!("{digit:4}")).collect::<String>());
    for (digit, row) in confusion.axis_iter(Axis(0)).enumerate() {
        println!("{digit:3}{}", row.iter().map(|n| format!("{n:4}")).collect::<String>());
    }
    println!();
}

/// On standard error, and only if that is a terminal: the output itself stays the same everywhere.
fn progress_bar(n_rows: usize) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {percent:3} %, {eta} left");
    ProgressBar::new(n_rows as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn options() -> Result<Option<Options>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut options = Options { seed: 0, epochs: 40, hidden: 128, batch_norm: false, dropout: 0.0 };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seed") => options.seed = args.value()?.parse()?,
            Long("epochs") => options.epochs = args.value()?.parse()?,
            Long("hidden") => options.hidden = args.value()?.parse()?,
            Long("batch-norm") => options.batch_norm = true,
            Long("dropout") => options.dropout = args.value()?.parse()?,
            Short('h') | Long("help") => {
                println!(
                    "usage: digits [--seed N] [--epochs N] [--hidden N] [--batch-norm] [--dropout P]"
                );
                return Ok(None);
            }
            _ => return Err(arg.unexpected()),
        }
    }
    Ok(Some(options))
}
