//! Observers: closures, and logs in CSV and JSON lines.

use std::io::Write;

use tensor_core::Float;

use crate::Error;
use crate::history::EpochRecord;
use crate::observer::{Flow, Observer, Running, StepRecord};

/// A closure that is told of each epoch: made by [`every_epoch`].
#[derive(Debug, Clone)]
pub struct EveryEpoch<G>(G);

/// A closure that is told of each step: made by [`every_step`].
#[derive(Debug, Clone)]
pub struct EveryStep<G>(G);

/// An observer that calls a closure after each epoch, with what the epoch has shown and the run as
/// it stands. What the closure captures is there after the training.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{Flow, Trainer, TrainerConfig, every_epoch};
///
/// let train = Dataset::new(array![[0.0_f32], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let sgd = Sgd::new(SgdConfig::default())?;
/// let trainer = Trainer::new(MseLoss::default(), sgd, TrainerConfig::default())?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let mut losses = Vec::new();
/// let mut observer = every_epoch(|epoch, _run| {
///     losses.push(epoch.train_loss);
///     Ok(if epoch.epoch == 3 { Flow::Stop } else { Flow::Continue })
/// });
/// trainer.fit_observed(&mut model, &train, None, &mut observer)?;
/// assert_eq!(losses.len(), 3);
/// # Ok::<(), training::Error>(())
/// ```
pub fn every_epoch<F: Float, G>(call: G) -> EveryEpoch<G>
where
    G: FnMut(&EpochRecord, &dyn Running<F>) -> Result<Flow, Error>,
{
    EveryEpoch(call)
}

/// An observer that calls a closure after each step, with its loss and its rate and the run as it
/// stands. A closure that does little costs little: it is compiled into the loop.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{Flow, Trainer, TrainerConfig, Running, every_step};
///
/// let train = Dataset::new(array![[0.0_f32], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let sgd = Sgd::new(SgdConfig::default())?;
/// let trainer = Trainer::new(MseLoss::default(), sgd, TrainerConfig::default())?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let mut largest = 0.0_f32;
/// let mut observer = every_step(|step, run: &dyn Running<f32>| {
///     largest = largest.max(run.model().tensor("0.weight")?[[0, 0]].abs());
///     Ok(if step.step == 10 { Flow::Stop } else { Flow::Continue })
/// });
/// trainer.fit_observed(&mut model, &train, None, &mut observer)?;
/// assert!(largest > 0.0);
/// # Ok::<(), training::Error>(())
/// ```
pub fn every_step<F: Float, G>(call: G) -> EveryStep<G>
where
    G: FnMut(&StepRecord, &dyn Running<F>) -> Result<Flow, Error>,
{
    EveryStep(call)
}

impl<F: Float, G> Observer<F> for EveryEpoch<G>
where
    G: FnMut(&EpochRecord, &dyn Running<F>) -> Result<Flow, Error>,
{
    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        (self.0)(epoch, run)
    }
}

impl<F: Float, G> Observer<F> for EveryStep<G>
where
    G: FnMut(&StepRecord, &dyn Running<F>) -> Result<Flow, Error>,
{
    fn on_step(&mut self, step: &StepRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        (self.0)(step, run)
    }
}

/// Writes a line of CSV for each epoch, below a line of names: the learning curves, for any
/// program that draws them.
///
/// Each line is written when its epoch ends, and flushed. A run that goes on begins with the epochs
/// before it. Where there is no validation loss, its field is empty.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{CsvLog, Trainer, TrainerConfig};
///
/// let train = Dataset::new(array![[0.0_f64], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let config = TrainerConfig { epochs: 2, ..TrainerConfig::default() };
/// let trainer = Trainer::new(MseLoss::default(), Sgd::new(SgdConfig::default())?, config)?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let mut log = CsvLog::new(Vec::new()); // or File::create("curves.csv")?
/// trainer.fit_observed(&mut model, &train, None, &mut log)?;
/// let text = String::from_utf8(log.into_inner()).unwrap();
/// assert!(text.starts_with("epoch,steps,train_loss,validation_loss,lr,seconds\n1,1,"));
/// assert_eq!(text.lines().count(), 3);
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvLog<W> {
    to: W,
}

/// Writes a JSON object on a line for each epoch, with the names of [`CsvLog`]; null stands for
/// what is not there or not finite.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::MseLoss;
/// use models::Mlp;
/// use ndarray::array;
/// use optim::{Sgd, SgdConfig};
/// use training::{JsonLines, Trainer, TrainerConfig};
///
/// let train = Dataset::new(array![[0.0_f64], [1.0]], Target::Values(array![[0.0], [1.0]]))?;
/// let config = TrainerConfig { epochs: 2, ..TrainerConfig::default() };
/// let trainer = Trainer::new(MseLoss::default(), Sgd::new(SgdConfig::default())?, config)?;
/// let mut model = Mlp::new(&[1, 1]).seed(1).build()?;
/// let mut log = JsonLines::new(Vec::new());
/// trainer.fit_observed(&mut model, &train, None, &mut log)?;
/// let text = String::from_utf8(log.into_inner()).unwrap();
/// assert!(text.starts_with("{\"epoch\":1,\"steps\":1,\"train_loss\":"));
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug)]
pub struct JsonLines<W> {
    to: W,
}

impl<W: Write> CsvLog<W> {
    /// A log that nothing has been written to.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// What it writes to.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn line(&mut self, fields: &[String]) -> Result<(), Error> {
        write_line(&mut self.to, "CSV log", &fields.join(","))
    }
}

impl<W: Write> JsonLines<W> {
    /// A log that nothing has been written to.
    pub fn new(to: W) -> Self {
        Self { to }
    }

    /// What it writes to.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn line<F: Float>(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<(), Error> {
        let history = run.history();
        let field = |(name, number): (&str, Option<f64>)| {
            format!("{}:{}", json_text(name), number.map_or_else(|| "null".into(), json_number))
        };
        let names = history.header().into_iter();
        let fields: Vec<String> = names.zip(history.row(epoch)).map(field).collect();
        write_line(&mut self.to, "JSON lines", &format!("{{{}}}", fields.join(",")))
    }
}

impl<F: Float, W: Write> Observer<F> for CsvLog<W> {
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        let history = run.history();
        self.line(&history.header().into_iter().map(csv_text).collect::<Vec<_>>())?;
        history.epochs.iter().try_for_each(|epoch| self.line(&csv_numbers(epoch, run)))
    }

    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        self.line(&csv_numbers(epoch, run))?;
        Ok(Flow::Continue)
    }
}

impl<F: Float, W: Write> Observer<F> for JsonLines<W> {
    fn on_start(&mut self, run: &dyn Running<F>) -> Result<(), Error> {
        run.history().epochs.iter().try_for_each(|epoch| self.line(epoch, run))
    }

    fn on_epoch(&mut self, epoch: &EpochRecord, run: &dyn Running<F>) -> Result<Flow, Error> {
        self.line(epoch, run)?;
        Ok(Flow::Continue)
    }
}

fn csv_numbers<F: Float>(epoch: &EpochRecord, run: &dyn Running<F>) -> Vec<String> {
    let text = |number: Option<f64>| number.map_or_else(String::new, |x| x.to_string());
    run.history().row(epoch).into_iter().map(text).collect()
}

/// A field in quotes where it has to be (RFC 4180).
fn csv_text(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A string of JSON (RFC 8259).
fn json_text(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn json_number(x: f64) -> String {
    if x.is_finite() { x.to_string() } else { "null".to_owned() }
}

fn write_line(to: &mut impl Write, place: &str, line: &str) -> Result<(), Error> {
    writeln!(to, "{line}")
        .and_then(|()| to.flush())
        .map_err(|error| Error::Observer { place: place.to_owned(), found: error.to_string() })
}
