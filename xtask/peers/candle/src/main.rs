//! candle on the compared workloads: its layers, its losses, its AdamW without decay. Its gradient
//! descent has no momentum, so a rule with momentum stands here, written as its trait for
//! optimizers asks for.

use std::process::ExitCode;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{AdamW, BatchNorm, Linear, Module, ModuleT, Optimizer as _, ParamsAdamW, loss};
use peer_common::{
    ADAM_EPS, BETAS, EPS, Failure, Layer, Loss, MOMENTUM, NORM_MOMENTUM, Optimizer, Program,
    Workload,
};

fn main() -> ExitCode {
    peer_common::run(|workload, _| {
        Ok(Some(match workload.loss {
            Loss::None => Box::new(Inference::new(workload)?),
            _ => Box::new(Training::new(workload)?),
        }))
    })
}

fn tensor(values: &[f32], shape: &[usize]) -> Result<Tensor> {
    Tensor::from_slice(values, shape, &Device::Cpu)
}

/// Makes a tensor that is trained, or a constant.
type MakeTensor<'a> = dyn FnMut(&[f32], &[usize]) -> Result<Tensor> + 'a;

/// A linear layer, its normalization and its ReLU.
struct Block {
    linear: Linear,
    norm: Option<BatchNorm>,
    relu: bool,
}

impl Block {
    fn new(layer: &Layer, relu: bool, parameter: &mut MakeTensor<'_>) -> Result<Self> {
        let n = layer.n_out;
        let weight = parameter(&layer.weight, &[n, layer.n_in])?;
        let bias = parameter(&layer.bias, &[n])?;
        let norm = match &layer.norm {
            None => None,
            Some(norm) => Some(BatchNorm::new_with_momentum(
                n,
                tensor(&norm.running_mean, &[n])?,
                tensor(&norm.running_var, &[n])?,
                parameter(&norm.weight, &[n])?,
                parameter(&norm.bias, &[n])?,
                EPS,
                NORM_MOMENTUM,
            )?),
        };
        Ok(Self { linear: Linear::new(weight, Some(bias)), norm, relu })
    }

    fn all(workload: &Workload, parameter: &mut MakeTensor<'_>) -> Result<Vec<Self>> {
        let last = workload.layers.len() - 1;
        let layers = workload.layers.iter().enumerate();
        layers
            .map(|(i, layer)| Self::new(layer, i < last || workload.relu_last, parameter))
            .collect()
    }
}

fn forward(blocks: &[Block], x: &Tensor, train: bool) -> Result<Tensor> {
    let mut x = x.clone();
    for block in blocks {
        x = block.linear.forward(&x)?;
        if let Some(norm) = &block.norm {
            x = norm.forward_t(&x, train)?;
        }
        if block.relu {
            x = x.relu()?;
        }
    }
    Ok(x)
}

struct Inference {
    blocks: Vec<Block>,
    x: Tensor,
    y: Option<Tensor>,
}

impl Inference {
    fn new(workload: &Workload) -> Result<Self> {
        let x = tensor(&workload.x, &[workload.rows, workload.widths[0]])?;
        Ok(Self { blocks: Block::all(workload, &mut tensor)?, x, y: None })
    }
}

impl Program for Inference {
    fn step(&mut self) -> std::result::Result<(), Failure> {
        self.y = Some(forward(&self.blocks, &self.x, false)?);
        Ok(())
    }

    fn step_rows(&mut self, _rows: &[usize]) -> std::result::Result<(), Failure> {
        Err("inference has no epochs".into())
    }

    fn loss(&mut self) -> std::result::Result<f32, Failure> {
        let y = self.y.as_ref().ok_or("no step yet")?;
        Ok(y.sqr()?.mean_all()?.to_scalar()?)
    }
}

struct Training {
    blocks: Vec<Block>,
    rule: Rule,
    kind: Loss,
    x: Tensor,
    y: Tensor,
    last: Option<Tensor>,
}

impl Training {
    fn new(workload: &Workload) -> std::result::Result<Self, Failure> {
        let mut vars = Vec::new();
        let blocks = Block::all(workload, &mut |values, shape| {
            let var = Var::from_tensor(&tensor(values, shape)?)?;
            vars.push(var.clone());
            Ok(var.as_tensor().clone())
        })?;
        let y = match workload.loss {
            Loss::Mse => {
                let n_out = workload.targets.len() / workload.rows;
                tensor(&workload.targets, &[workload.rows, n_out])?
            }
            _ => {
                let labels: Vec<u32> = workload.labels.iter().map(|&label| label as u32).collect();
                Tensor::new(labels, &Device::Cpu)?
            }
        };
        let rule = match workload.optimizer {
            Optimizer::Adam { lr } => Rule::Adam(AdamW::new(
                vars,
                ParamsAdamW {
                    lr,
                    beta1: BETAS.0,
                    beta2: BETAS.1,
                    eps: ADAM_EPS,
                    weight_decay: 0.0,
                },
            )?),
            Optimizer::Sgd { lr } => Rule::Momentum(Momentum::new(vars, lr)?),
            Optimizer::None => return Err("training without an optimizer".into()),
        };
        let x = tensor(&workload.x, &[workload.rows, workload.widths[0]])?;
        Ok(Self { blocks, rule, kind: workload.loss, x, y, last: None })
    }

    fn train(&mut self, x: &Tensor, y: &Tensor) -> Result<()> {
        let a = forward(&self.blocks, x, true)?;
        let loss = match self.kind {
            Loss::Mse => loss::mse(&a, y)?,
            _ => loss::cross_entropy(&a, y)?,
        };
        match &mut self.rule {
            Rule::Adam(adam) => adam.backward_step(&loss)?,
            Rule::Momentum(momentum) => momentum.backward_step(&loss)?,
        }
        self.last = Some(loss);
        Ok(())
    }
}

impl Program for Training {
    fn step(&mut self) -> std::result::Result<(), Failure> {
        let (x, y) = (self.x.clone(), self.y.clone());
        Ok(self.train(&x, &y)?)
    }

    fn step_rows(&mut self, rows: &[usize]) -> std::result::Result<(), Failure> {
        let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        let rows = Tensor::new(rows, &Device::Cpu)?;
        let (x, y) = (self.x.index_select(&rows, 0)?, self.y.index_select(&rows, 0)?);
        Ok(self.train(&x, &y)?)
    }

    fn loss(&mut self) -> std::result::Result<f32, Failure> {
        Ok(self.last.as_ref().ok_or("no step yet")?.to_scalar()?)
    }
}

enum Rule {
    Adam(AdamW),
    Momentum(Momentum),
}

/// Gradient descent with momentum: `v ← μ v + g; w ← w − λ v`.
struct Momentum {
    vars: Vec<(Var, Option<Tensor>)>,
    lr: f64,
}

impl candle_nn::Optimizer for Momentum {
    type Config = f64;

    fn new(vars: Vec<Var>, lr: f64) -> Result<Self> {
        Ok(Self { vars: vars.into_iter().map(|var| (var, None)).collect(), lr })
    }

    fn step(&mut self, grads: &GradStore) -> Result<()> {
        for (var, velocity) in &mut self.vars {
            let Some(g) = grads.get(var) else { continue };
            let v = match velocity {
                Some(v) => ((&*v * MOMENTUM)? + g)?,
                None => g.clone(),
            };
            var.set(&(var.as_tensor() - (&v * self.lr)?)?)?;
            *velocity = Some(v);
        }
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.lr = lr;
    }
}
