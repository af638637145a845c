//! A workload as a program of this library: its model, its data, and the parts of a step.
//!
//! Data and weights are random, since no time depends on what they are; `cargo xtask bench peers`
//! is where a network learns.

use layers::{BatchNorm1d, BatchNorm1dConfig, Mode, Relu};
use losses::{CrossEntropyLoss, Loss as _, MseLoss, Targets};
use models::{Mlp, Scratch, Sequential, Workspace};
use ndarray::{Array2, ArrayRef2, Axis, Slice};
use optim::{Adam, AdamConfig, Optimizer as _, Sgd, SgdConfig};
use tensor_core::{Error, Rng, gather_rows};

use crate::data::uniform;
use crate::workloads::Workload;

/// So small that weights stay what they are: a step must take as long after a million others as
/// after one, and a network that has learned its batch by heart has gradients of zero, or of
/// numbers so small that processors are slow with them.
const LR: f64 = 1e-12;

/// The model of a workload.
pub(crate) fn model(workload: &Workload) -> Result<Sequential<f32>, Error> {
    let mut mlp = Mlp::new(workload.widths).seed(1);
    if workload.norm {
        let config = BatchNorm1dConfig::pytorch();
        mlp = mlp.normalization(move |features| BatchNorm1d::with_config(features, config));
    }
    if workload.relu_last {
        mlp = mlp.output_activation(Relu);
    }
    mlp.build()
}

/// Rows of the data.
fn rows(workload: &Workload) -> Array2<f32> {
    Array2::from_shape_simple_fn((workload.rows, workload.widths[0]), uniform(2))
}

/// A model in use: what W5a and W5b measure.
pub(crate) struct Inference {
    model: Sequential<f32>,
    x: Array2<f32>,
    y: Array2<f32>,
    scratch: Scratch<f32>,
}

impl Inference {
    /// The model with its rows and buffers.
    pub(crate) fn new(workload: &Workload) -> Result<Self, Error> {
        let model = model(workload)?;
        Ok(Self {
            x: rows(workload),
            y: Array2::zeros((workload.rows, workload.widths[workload.widths.len() - 1])),
            scratch: model.scratch(workload.rows)?,
            model,
        })
    }

    /// One call with all rows.
    pub(crate) fn run(&mut self) -> Result<(), Error> {
        self.model.infer_into(&self.x, &mut self.y, &mut self.scratch)
    }
}

/// A model in training: what the other workloads measure.
pub(crate) struct Training {
    model: Sequential<f32>,
    ws: Workspace<f32>,
    rule: Rule,
    x: Array2<f32>,
    /// Of the rows: values of the squared error, classes of the cross-entropy.
    values: Array2<f32>,
    classes: Vec<usize>,
    /// The gathered rows of an epoch's step.
    batch: Array2<f32>,
    batch_classes: Vec<usize>,
    order: Vec<usize>,
    squared: bool,
}

enum Rule {
    Sgd(Sgd<f32>),
    Adam(Adam<f32>),
}

impl Training {
    /// The model with its data, workspace and optimizer.
    pub(crate) fn new(workload: &Workload) -> Result<Self, Error> {
        let model = model(workload)?;
        let n_out = workload.widths[workload.widths.len() - 1];
        let mut rng = Rng::new(3);
        let squared = workload.loss == "mse";
        let rule = match workload.optimizer {
            "adam" => Rule::Adam(Adam::new(AdamConfig { lr: LR, ..AdamConfig::default() })?),
            _ => Rule::Sgd(Sgd::new(SgdConfig { lr: LR, momentum: 0.9, ..Default::default() })?),
        };
        Ok(Self {
            ws: model.workspace(workload.batch)?,
            model,
            rule,
            x: rows(workload),
            values: Array2::from_shape_simple_fn((workload.batch, n_out), uniform(4)),
            classes: (0..workload.rows).map(|_| rng.below(n_out)).collect(),
            batch: Array2::zeros((workload.batch, workload.widths[0])),
            batch_classes: Vec::with_capacity(workload.batch),
            order: rng.permutation(workload.rows),
            squared,
        })
    }

    /// A step with all rows; of an epoch, with the first ones.
    pub(crate) fn step(&mut self) -> Result<(), Error> {
        self.gather(0)?;
        self.forward()?;
        self.loss()?;
        self.backward()?;
        self.update()
    }

    /// All rows once, in a shuffled order.
    pub(crate) fn epoch(&mut self) -> Result<(), Error> {
        for first in (0..self.order.len()).step_by(self.batch.nrows()) {
            self.gather(first)?;
            self.forward()?;
            self.loss()?;
            self.backward()?;
            self.update()?;
        }
        Ok(())
    }

    fn is_epoch(&self) -> bool {
        self.x.nrows() > self.batch.nrows()
    }

    /// Copies the rows of a step into a batch; nothing where a step has all of them.
    pub(crate) fn gather(&mut self, first: usize) -> Result<(), Error> {
        if !self.is_epoch() {
            return Ok(());
        }
        let chosen = &self.order[first..self.order.len().min(first + self.batch.nrows())];
        let mut batch = self.batch.slice_axis_mut(Axis(0), Slice::from(..chosen.len()));
        gather_rows(&self.x, chosen, &mut batch)?;
        self.batch_classes.clear();
        self.batch_classes.extend(chosen.iter().map(|&row| self.classes[row]));
        Ok(())
    }

    /// The forward pass of the gathered rows, or of all.
    pub(crate) fn forward(&mut self) -> Result<(), Error> {
        let n = self.batch_classes.len();
        let gathered = self.batch.slice_axis(Axis(0), Slice::from(..n));
        let x: &ArrayRef2<f32> = if n > 0 { &gathered } else { &self.x };
        self.model.forward(x, &mut self.ws, Mode::Train).map(drop)
    }

    /// The loss and its gradient.
    pub(crate) fn loss(&mut self) -> Result<(), Error> {
        let classes =
            if self.batch_classes.is_empty() { &self.classes } else { &self.batch_classes };
        let (a, mut da) = self.ws.output_and_gradient()?;
        let loss = if self.squared {
            MseLoss::default().backward(&a, &self.values, &mut da)
        } else {
            CrossEntropyLoss::default().backward(&a, Targets::Classes(classes), &mut da)
        };
        loss.map(std::hint::black_box).map(|_| ())
    }

    /// The gradients of the parameters.
    pub(crate) fn backward(&mut self) -> Result<(), Error> {
        self.model.backward(&mut self.ws)
    }

    /// The step of the optimizer.
    pub(crate) fn update(&mut self) -> Result<(), Error> {
        match &mut self.rule {
            Rule::Sgd(sgd) => sgd.step(&mut self.model, &mut self.ws),
            Rule::Adam(adam) => adam.step(&mut self.model, &mut self.ws),
        }
    }
}
