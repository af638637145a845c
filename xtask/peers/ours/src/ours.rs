//! The library as its users call it.

use layers::{BatchNorm1d, BatchNorm1dConfig, Mode, Relu};
use losses::{CrossEntropyLoss, Loss as _, MseLoss, Targets};
use models::{Mlp, Scratch, Sequential, Workspace};
use ndarray::{Array1, Array2, ArrayRef2, Axis, Slice};
use optim::{Adam, AdamConfig, Optimizer as _, Sgd, SgdConfig};
use peer_common::{
    ADAM_EPS, BETAS, EPS, Failure, Loss, MOMENTUM, NORM_MOMENTUM, Optimizer, Program, Workload,
};
use tensor_core::{Error, gather_rows};

/// The workload with this library.
pub(crate) fn load(workload: &Workload) -> Result<Box<dyn Program>, Failure> {
    let x = Array2::from_shape_vec((workload.rows, workload.widths[0]), workload.x.clone())?;
    let model = model(workload)?;
    let n_out = workload.widths[workload.widths.len() - 1];
    if workload.loss == Loss::None {
        let (y, scratch) = (Array2::zeros((workload.rows, n_out)), model.scratch(workload.rows)?);
        return Ok(Box::new(Inference { model, x, y, scratch }));
    }
    let targets = match workload.loss {
        Loss::Mse => {
            let y = Array2::from_shape_vec((workload.rows, n_out), workload.targets.clone())?;
            TrueValues::Values(y)
        }
        _ => TrueValues::Classes(workload.labels.clone()),
    };
    let rule = match workload.optimizer {
        Optimizer::Adam { lr } => Rule::Adam(Adam::new(AdamConfig {
            lr,
            betas: BETAS,
            eps: ADAM_EPS,
            ..AdamConfig::default()
        })?),
        Optimizer::Sgd { lr } => {
            Rule::Sgd(Sgd::new(SgdConfig { lr, momentum: MOMENTUM, ..SgdConfig::default() })?)
        }
        Optimizer::None => return Err("training without an optimizer".into()),
    };
    Ok(Box::new(Training {
        ws: model.workspace(workload.batch)?,
        model,
        rule,
        batch: Array2::zeros((workload.batch, workload.widths[0])),
        labels: Vec::with_capacity(workload.batch),
        x,
        targets,
        loss: 0.0,
    }))
}

/// The network, with the workload's tensors under PyTorch's names.
fn model(workload: &Workload) -> Result<Sequential<f32>, Failure> {
    let mut mlp = Mlp::new(&workload.widths);
    let norm = workload.layers.iter().any(|layer| layer.norm.is_some());
    if norm {
        let config =
            BatchNorm1dConfig { eps: EPS, momentum: NORM_MOMENTUM, ..BatchNorm1dConfig::pytorch() };
        mlp = mlp.normalization(move |features| BatchNorm1d::with_config(features, config));
    }
    if workload.relu_last {
        mlp = mlp.output_activation(Relu);
    }
    let mut model = mlp.build()?;
    // Linear, normalization, ReLU; or Linear, ReLU.
    let block = if norm { 3 } else { 2 };
    for (i, layer) in workload.layers.iter().enumerate() {
        let weight = Array2::from_shape_vec((layer.n_out, layer.n_in), layer.weight.clone())?;
        model.set_tensor(&format!("{}.weight", block * i), &weight)?;
        let mut set = |index: usize, leaf: &str, value: &[f32]| {
            model.set_tensor(&format!("{index}.{leaf}"), &Array1::from(value.to_vec()))
        };
        set(block * i, "bias", &layer.bias)?;
        if let Some(norm) = &layer.norm {
            set(block * i + 1, "weight", &norm.weight)?;
            set(block * i + 1, "bias", &norm.bias)?;
            set(block * i + 1, "running_mean", &norm.running_mean)?;
            set(block * i + 1, "running_var", &norm.running_var)?;
        }
    }
    Ok(model)
}

struct Inference {
    model: Sequential<f32>,
    x: Array2<f32>,
    y: Array2<f32>,
    scratch: Scratch<f32>,
}

impl Program for Inference {
    fn step(&mut self) -> Result<(), Failure> {
        Ok(self.model.infer_into(&self.x, &mut self.y, &mut self.scratch)?)
    }

    fn step_rows(&mut self, _rows: &[usize]) -> Result<(), Failure> {
        Err("inference has no epochs".into())
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        Ok(self.y.iter().map(|y| y * y).sum::<f32>() / self.y.len() as f32)
    }
}

struct Training {
    model: Sequential<f32>,
    ws: Workspace<f32>,
    rule: Rule,
    x: Array2<f32>,
    targets: TrueValues,
    batch: Array2<f32>,
    labels: Vec<usize>,
    loss: f32,
}

enum Rule {
    Sgd(Sgd<f32>),
    Adam(Adam<f32>),
}

enum TrueValues {
    Values(Array2<f32>),
    Classes(Vec<usize>),
}

impl Program for Training {
    fn step(&mut self) -> Result<(), Failure> {
        let Self { model, ws, rule, x, targets, .. } = self;
        self.loss = match targets {
            TrueValues::Values(y) => {
                train(model, ws, rule, x, |a, da| MseLoss::default().backward(a, y, da))
            }
            TrueValues::Classes(labels) => train(model, ws, rule, x, |a, da| {
                CrossEntropyLoss::default().backward(a, Targets::Classes(labels), da)
            }),
        }?;
        Ok(())
    }

    fn step_rows(&mut self, rows: &[usize]) -> Result<(), Failure> {
        let Self { model, ws, rule, x, targets, batch, labels, .. } = self;
        let TrueValues::Classes(classes) = targets else {
            return Err("epochs are of classes".into());
        };
        let mut batch = batch.slice_axis_mut(Axis(0), Slice::from(..rows.len()));
        gather_rows(x, rows, &mut batch)?;
        labels.clear();
        labels.extend(rows.iter().map(|&row| classes[row]));
        self.loss = train(model, ws, rule, &batch, |a, da| {
            CrossEntropyLoss::default().backward(a, Targets::Classes(labels), da)
        })?;
        Ok(())
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        Ok(self.loss)
    }
}

/// A training step as in the README.
fn train(
    model: &mut Sequential<f32>,
    ws: &mut Workspace<f32>,
    rule: &mut Rule,
    x: &ArrayRef2<f32>,
    criterion: impl FnOnce(&ArrayRef2<f32>, &mut ArrayRef2<f32>) -> Result<f32, Error>,
) -> Result<f32, Error> {
    model.forward(x, ws, Mode::Train)?;
    let (a, mut da) = ws.output_and_gradient()?;
    let loss = criterion(&a, &mut da)?;
    model.backward(ws)?;
    match rule {
        Rule::Sgd(sgd) => sgd.step(model, ws)?,
        Rule::Adam(adam) => adam.step(model, ws)?,
    }
    Ok(loss)
}
