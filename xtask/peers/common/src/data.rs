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

use crate::program::Failure;

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
        let mut workload = Self::described(std::str::from_utf8(&bytes[..end])?)?;
        workload.fill(&mut Numbers(&bytes[end + 1..]))?;
        Ok(workload)
    }

    /// What the first line says; the numbers are still missing, but for their lengths.
    fn described(head: &str) -> Result<Self, Failure> {
        let number = |key| -> Result<usize, Failure> { Ok(field(head, key)?.parse()?) };
        let lr = field(head, "lr")?.parse()?;
        let widths: Vec<usize> =
            field(head, "widths")?.split(',').map(str::parse).collect::<Result<_, _>>()?;
        let (rows, norm) = (number("rows")?, number("norm")? == 1);
        let n_layers = widths.len() - 1;
        let layer = |i| Layer::zeros(widths[i], widths[i + 1], norm && i + 1 < n_layers);
        let loss = match field(head, "loss")? {
            "mse" => Loss::Mse,
            "cross-entropy" => Loss::CrossEntropy,
            _ => Loss::None,
        };
        Ok(Self {
            name: field(head, "name")?.to_owned(),
            batch: number("batch")?,
            relu_last: number("relu_last")? == 1,
            optimizer: match field(head, "optimizer")? {
                "sgd" => Optimizer::Sgd { lr },
                "adam" => Optimizer::Adam { lr },
                _ => Optimizer::None,
            },
            x: vec![0.0; rows * widths[0]],
            targets: vec![0.0; if loss == Loss::Mse { rows * widths[n_layers] } else { 0 }],
            labels: vec![0; if loss == Loss::CrossEntropy { rows } else { 0 }],
            layers: (0..n_layers).map(layer).collect(),
            order: vec![0; if number("epoch")? == 1 { rows } else { 0 }],
            loss,
            rows,
            widths,
        })
    }

    /// Reads all numbers, in the order of the file.
    fn fill(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Failure> {
        numbers.fill(&mut self.x)?;
        numbers.fill(&mut self.targets)?;
        numbers.fill_indices(&mut self.labels)?;
        for layer in &mut self.layers {
            numbers.fill(&mut layer.weight)?;
            numbers.fill(&mut layer.bias)?;
            if let Some(norm) = &mut layer.norm {
                numbers.fill(&mut norm.weight)?;
                numbers.fill(&mut norm.bias)?;
                numbers.fill(&mut norm.running_mean)?;
                numbers.fill(&mut norm.running_var)?;
            }
        }
        numbers.fill_indices(&mut self.order)
    }
}

impl Layer {
    fn zeros(n_in: usize, n_out: usize, norm: bool) -> Self {
        let zeros = || vec![0.0; n_out];
        let norm = norm.then(|| Norm {
            weight: zeros(),
            bias: zeros(),
            running_mean: zeros(),
            running_var: zeros(),
        });
        Self { weight: vec![0.0; n_out * n_in], bias: zeros(), norm, n_in, n_out }
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
    fn fill(&mut self, to: &mut [f32]) -> Result<(), Failure> {
        let (now, later) = self.0.split_at_checked(4 * to.len()).ok_or("the file is too short")?;
        self.0 = later;
        let (words, _) = now.as_chunks();
        to.iter_mut().zip(words).for_each(|(to, &word)| *to = f32::from_le_bytes(word));
        Ok(())
    }

    fn fill_indices(&mut self, to: &mut [usize]) -> Result<(), Failure> {
        let mut numbers = vec![0.0; to.len()];
        self.fill(&mut numbers)?;
        to.iter_mut().zip(numbers).for_each(|(to, number)| *to = number as usize);
        Ok(())
    }
}
