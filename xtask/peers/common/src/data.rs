//! A workload's file: one line that describes it, then numbers as little-endian `f32`.
//!
//! ```text
//! name=W3 widths=784,512,256,10 batch=128 rows=128 norm=1 relu_last=0 loss=cross-entropy optimizer=sgd lr=0.01 epoch=0
//! ```
//!
//! Numbers: the inputs `(rows, widths[0])`; for the squared error targets `(rows, widths[L])`, for
//! the cross-entropy a class a row; for each layer `weight (out, in)`, `bias (out)` and, where a
//! normalization follows it, its `weight`, `bias`, `running_mean` and `running_var`; for an epoch,
//! the rows' order.

use std::fs;
use std::path::Path;

use crate::Failure;

/// What is minimized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: inference.
    None,
    /// The mean squared error.
    Mse,
    /// The mean cross-entropy of logits.
    CrossEntropy,
}

/// How.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Not at all: inference.
    None,
    /// Gradient descent with momentum.
    Sgd {
        /// Learning rate.
        lr: f64,
    },
    /// Adam.
    Adam {
        /// Learning rate.
        lr: f64,
    },
}

/// A network, its initial weights and its data.
#[derive(Debug)]
pub struct Workload {
    /// `W1` to `W6`.
    pub name: String,
    /// From the input to the output.
    pub widths: Vec<usize>,
    /// Rows of a step.
    pub batch: usize,
    /// Rows of the data: those of a step, but for an epoch.
    pub rows: usize,
    /// Whether a ReLU stands behind the last layer, too.
    pub relu_last: bool,
    /// What is minimized.
    pub loss: Loss,
    /// How.
    pub optimizer: Optimizer,
    /// `(rows, widths[0])`
    pub x: Vec<f32>,
    /// For [`Loss::Mse`]: `(rows, widths[L])`.
    pub targets: Vec<f32>,
    /// For [`Loss::CrossEntropy`]: the class of each row.
    pub labels: Vec<usize>,
    /// The linear layers.
    pub layers: Vec<Layer>,
    /// The rows in the order of the epoch; empty where a step takes all of them.
    pub order: Vec<usize>,
}

/// A linear layer and what normalizes its output.
#[derive(Debug)]
pub struct Layer {
    /// `(n_out, n_in)`
    pub weight: Vec<f32>,
    /// `(n_out)`
    pub bias: Vec<f32>,
    /// Between the linear layer and its ReLU.
    pub norm: Option<Norm>,
    /// Columns of the weight.
    pub n_in: usize,
    /// Rows of the weight.
    pub n_out: usize,
}

/// A batch normalization; each vector has `n_out` entries.
#[derive(Debug)]
pub struct Norm {
    /// γ
    pub weight: Vec<f32>,
    /// β
    pub bias: Vec<f32>,
    /// For inference.
    pub running_mean: Vec<f32>,
    /// For inference.
    pub running_var: Vec<f32>,
}

impl Workload {
    /// The learning rate; 0 for inference.
    pub fn lr(&self) -> f64 {
        match self.optimizer {
            Optimizer::None => 0.0,
            Optimizer::Sgd { lr } | Optimizer::Adam { lr } => lr,
        }
    }

    /// Reads `FOLDER/NAME.bin`.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self, Failure> {
        let path = folder.join(format!("{name}.bin"));
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let end = bytes.iter().position(|&byte| byte == b'\n').ok_or("no description")?;
        let head = std::str::from_utf8(&bytes[..end])?;
        let mut numbers = Numbers(&bytes[end + 1..]);

        let number = |key| -> Result<usize, Failure> { Ok(field(head, key)?.parse()?) };
        let (batch, rows) = (number("batch")?, number("rows")?);
        let widths =
            field(head, "widths")?.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let lr = field(head, "lr")?.parse()?;
        let loss = match field(head, "loss")? {
            "mse" => Loss::Mse,
            "cross-entropy" => Loss::CrossEntropy,
            _ => Loss::None,
        };
        let optimizer = match field(head, "optimizer")? {
            "sgd" => Optimizer::Sgd { lr },
            "adam" => Optimizer::Adam { lr },
            _ => Optimizer::None,
        };
        let n_layers = widths.len() - 1;
        let x = numbers.take(rows * widths[0])?;
        let targets =
            if loss == Loss::Mse { numbers.take(rows * widths[n_layers])? } else { Vec::new() };
        let labels = if loss == Loss::CrossEntropy { numbers.indices(rows)? } else { Vec::new() };
        let norm = number("norm")? == 1;
        let layers = (0..n_layers)
            .map(|i| Layer::read(&mut numbers, widths[i], widths[i + 1], norm && i + 1 < n_layers))
            .collect::<Result<_, _>>()?;
        let order = if number("epoch")? == 1 { numbers.indices(rows)? } else { Vec::new() };
        let relu_last = number("relu_last")? == 1;
        let name = name.to_owned();
        Ok(Self {
            name,
            widths,
            batch,
            rows,
            relu_last,
            loss,
            optimizer,
            x,
            targets,
            labels,
            layers,
            order,
        })
    }
}

impl Layer {
    fn read(
        numbers: &mut Numbers<'_>,
        n_in: usize,
        n_out: usize,
        norm: bool,
    ) -> Result<Self, Failure> {
        let (weight, bias) = (numbers.take(n_out * n_in)?, numbers.take(n_out)?);
        let norm = if norm {
            Some(Norm {
                weight: numbers.take(n_out)?,
                bias: numbers.take(n_out)?,
                running_mean: numbers.take(n_out)?,
                running_var: numbers.take(n_out)?,
            })
        } else {
            None
        };
        Ok(Self { weight, bias, norm, n_in, n_out })
    }
}

fn field<'a>(head: &'a str, key: &str) -> Result<&'a str, Failure> {
    head.split(' ')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(name, value)| (name == key).then_some(value))
        .ok_or_else(|| format!("the description lacks {key}").into())
}

/// What of the numbers is still to be read.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn take(&mut self, n: usize) -> Result<Vec<f32>, Failure> {
        let (now, later) = self.0.split_at_checked(4 * n).ok_or("the file is too short")?;
        self.0 = later;
        let (words, _) = now.as_chunks();
        Ok(words.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    fn indices(&mut self, n: usize) -> Result<Vec<usize>, Failure> {
        Ok(self.take(n)?.into_iter().map(|index| index as usize).collect())
    }
}
