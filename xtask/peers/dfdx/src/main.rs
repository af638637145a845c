//! dfdx on the compared workloads. Its shapes are types, so each network is a type here; the batch
//! is a number.

use std::process::ExitCode;

use dfdx::data::OneHotEncode;
use dfdx::optim::{Adam, AdamConfig, Momentum, Sgd, SgdConfig};
use dfdx::prelude::*;
use peer_common::{
    ADAM_EPS, BETAS, EPS, Failure, Layer, Loss, MOMENTUM, NORM_MOMENTUM, Program, Workload,
};

type Small = (
    ((Linear<2, 4>, ReLU), (Linear<4, 8>, ReLU)),
    ((Linear<8, 8>, ReLU), (Linear<8, 4>, ReLU)),
    (Linear<4, 2>, ReLU),
);
type Digits = ((Linear<64, 128>, ReLU), Linear<128, 10>);
type Classifier = (
    (Linear<784, 512>, BatchNorm1D<512>, ReLU),
    (Linear<512, 256>, BatchNorm1D<256>, ReLU),
    Linear<256, 10>,
);
type Wide = ((Linear<1024, 2048>, ReLU), (Linear<2048, 2048>, ReLU), Linear<2048, 1024>);
type Pictures = ((Linear<784, 256>, ReLU), (Linear<256, 128>, ReLU), Linear<128, 10>);

type Built<M> = <M as BuildOnDevice<Cpu, f32>>::Built;
type Rows<const WIDTH: usize> = Tensor<(usize, Const<WIDTH>), f32, Cpu>;

fn main() -> ExitCode {
    // As its examples do: it makes a difference for it.
    dfdx::flush_denormals_to_zero();
    peer_common::run(|workload, _| {
        let (w, lr) = (workload, workload.lr());
        let program: Box<dyn Program> = match workload.name.as_str() {
            "W1" => Box::new(training::Small::new(w, lr)),
            "W2" => Box::new(training::Digits::new(w, lr)),
            "W3" => Box::new(training::Classifier::new(w, lr)),
            "W4" => Box::new(training::Wide::new(w, lr)),
            "W5a" | "W5b" => Box::new(Inference::new(w)),
            "W6" => Box::new(training::Pictures::new(w, lr)),
            _ => return Ok(None),
        };
        Ok(Some(program))
    })
}

fn linear<const I: usize, const O: usize>(
    to: &mut dfdx::nn::modules::Linear<I, O, f32, Cpu>,
    from: &Layer,
) {
    to.weight.copy_from(&from.weight);
    to.bias.copy_from(&from.bias);
}

fn norm<const C: usize>(to: &mut dfdx::nn::modules::BatchNorm1D<C, f32, Cpu>, from: &Layer) {
    if let Some(norm) = &from.norm {
        to.scale.copy_from(&norm.weight);
        to.bias.copy_from(&norm.bias);
        to.running_mean.copy_from(&norm.running_mean);
        to.running_var.copy_from(&norm.running_var);
    }
    (to.epsilon, to.momentum) = (EPS, NORM_MOMENTUM);
}

fn small(m: &mut Built<Small>, l: &[Layer]) {
    linear(&mut m.0.0.0, &l[0]);
    linear(&mut m.0.1.0, &l[1]);
    linear(&mut m.1.0.0, &l[2]);
    linear(&mut m.1.1.0, &l[3]);
    linear(&mut m.2.0, &l[4]);
}

fn digits(m: &mut Built<Digits>, l: &[Layer]) {
    linear(&mut m.0.0, &l[0]);
    linear(&mut m.1, &l[1]);
}

fn classifier(m: &mut Built<Classifier>, l: &[Layer]) {
    linear(&mut m.0.0, &l[0]);
    norm(&mut m.0.1, &l[0]);
    linear(&mut m.1.0, &l[1]);
    norm(&mut m.1.1, &l[1]);
    linear(&mut m.2, &l[2]);
}

fn wide(m: &mut Built<Wide>, l: &[Layer]) {
    linear(&mut m.0.0, &l[0]);
    linear(&mut m.1.0, &l[1]);
    linear(&mut m.2, &l[2]);
}

fn pictures(m: &mut Built<Pictures>, l: &[Layer]) {
    linear(&mut m.0.0, &l[0]);
    linear(&mut m.1.0, &l[1]);
    linear(&mut m.2, &l[2]);
}

struct Inference {
    model: Built<Classifier>,
    x: Rows<784>,
    y: Option<Rows<10>>,
}

impl Inference {
    fn new(workload: &Workload) -> Self {
        let dev = Cpu::default();
        let mut model = dev.build_module::<Classifier, f32>();
        classifier(&mut model, &workload.layers);
        Self { model, x: dev.tensor_from_vec(workload.x.clone(), (workload.rows, Const)), y: None }
    }
}

impl Program for Inference {
    fn step(&mut self) -> Result<(), Failure> {
        self.y = Some(self.model.forward(self.x.clone()));
        Ok(())
    }

    fn step_rows(&mut self, _rows: &[usize]) -> Result<(), Failure> {
        Err("inference has no epochs".into())
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        let y = self.y.clone().ok_or("no step yet")?.as_vec();
        Ok(y.iter().map(|y| y * y).sum::<f32>() / y.len() as f32)
    }
}

fn sgd(lr: f64) -> SgdConfig {
    SgdConfig { lr, momentum: Some(Momentum::Classic(MOMENTUM)), weight_decay: None }
}

fn adam(lr: f64) -> AdamConfig {
    AdamConfig { lr, betas: [BETAS.0, BETAS.1], eps: ADAM_EPS, weight_decay: None }
}

/// A training program for each network: generic over them, its bounds would be longer than its
/// code.
mod training {
    use super::*;

    macro_rules! program {
        ($model:ident, $fill:ident, $n_in:literal, $n_out:literal, $rule:ident, $config:ident, $loss:ident) => {
            pub(super) struct $model {
                dev: Cpu,
                model: Built<super::$model>,
                optimizer: $rule<Built<super::$model>, f32, Cpu>,
                /// Zeros, between two steps.
                grads: Option<Gradients<f32, Cpu>>,
                data: Vec<f32>,
                labels: Vec<usize>,
                x: Rows<$n_in>,
                y: Rows<$n_out>,
                loss: f32,
            }

            impl $model {
                pub(super) fn new(workload: &Workload, lr: f64) -> Self {
                    let dev = Cpu::default();
                    let mut model = dev.build_module::<super::$model, f32>();
                    $fill(&mut model, &workload.layers);
                    let epoch = !workload.order.is_empty();
                    let rows = if epoch { 0 } else { workload.rows };
                    let data = workload.x.clone();
                    let x = dev.tensor_from_vec(data[..rows * $n_in].to_vec(), (rows, Const));
                    let y = match workload.loss {
                        Loss::Mse => dev.tensor_from_vec(workload.targets.clone(), (rows, Const)),
                        _ => dev.one_hot_encode(Const, workload.labels[..rows].to_vec()),
                    };
                    Self {
                        optimizer: $rule::new(&model, $config(lr)),
                        grads: Some(model.alloc_grads()),
                        model,
                        labels: workload.labels.clone(),
                        data,
                        x,
                        y,
                        loss: 0.0,
                        dev,
                    }
                }

                fn train(&mut self, x: Rows<$n_in>, y: Rows<$n_out>) -> Result<(), Failure> {
                    let grads = self.grads.take().ok_or("a step has failed")?;
                    let loss = $loss(self.model.forward_mut(x.traced(grads)), y);
                    self.loss = loss.array();
                    let mut grads = loss.backward();
                    let updated = self.optimizer.update(&mut self.model, &grads);
                    updated.map_err(|error| format!("{error:?}"))?;
                    self.model.zero_grads(&mut grads);
                    self.grads = Some(grads);
                    Ok(())
                }
            }

            impl Program for $model {
                fn step(&mut self) -> Result<(), Failure> {
                    self.train(self.x.clone(), self.y.clone())
                }

                fn step_rows(&mut self, rows: &[usize]) -> Result<(), Failure> {
                    let mut batch = Vec::with_capacity(rows.len() * $n_in);
                    for &row in rows {
                        batch.extend_from_slice(&self.data[row * $n_in..(row + 1) * $n_in]);
                    }
                    let labels: Vec<usize> = rows.iter().map(|&row| self.labels[row]).collect();
                    let x = self.dev.tensor_from_vec(batch, (rows.len(), Const));
                    let y = self.dev.one_hot_encode(Const, labels);
                    self.train(x, y)
                }

                fn loss(&mut self) -> Result<f32, Failure> {
                    Ok(self.loss)
                }
            }
        };
    }

    program!(Small, small, 2, 2, Sgd, sgd, mse_loss);
    program!(Digits, digits, 64, 10, Sgd, sgd, cross_entropy_with_logits_loss);
    program!(Classifier, classifier, 784, 10, Sgd, sgd, cross_entropy_with_logits_loss);
    program!(Wide, wide, 1024, 1024, Adam, adam, mse_loss);
    program!(Pictures, pictures, 784, 10, Adam, adam, cross_entropy_with_logits_loss);
}
