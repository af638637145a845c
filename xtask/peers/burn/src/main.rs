//! burn on the compared workloads, with flex, the backend that it recommends for the CPU, and its
//! default features.

use std::process::ExitCode;

use burn::module::{Module, Param, RunningState};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig, MseLoss, Reduction};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, Relu};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use peer_common::{
    ADAM_EPS, BETAS, EPS, Failure, Layer, Loss, MOMENTUM, NORM_MOMENTUM, Optimizer, Program,
    Workload,
};

fn main() -> ExitCode {
    peer_common::run(|workload, _| {
        Ok(Some(match workload.loss {
            Loss::None => Box::new(Inference::new(workload)),
            _ => Box::new(Training::new(workload)?),
        }))
    })
}

/// A linear layer, its normalization and its ReLU.
#[derive(Module, Debug)]
struct Block {
    linear: Linear,
    norm: Option<BatchNorm>,
    relu: Option<Relu>,
}

#[derive(Module, Debug)]
struct Network {
    blocks: Vec<Block>,
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn matrix(rows: usize, values: &[f32], device: &Device) -> Tensor<2> {
    let shape = [rows, values.len() / rows];
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

fn indices(values: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.iter().map(|&value| value as i64).collect();
    let shape = [values.len()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl Block {
    fn new(layer: &Layer, relu: bool, device: &Device) -> Self {
        let mut linear = LinearConfig::new(layer.n_in, layer.n_out).init(device);
        // It holds its weight as (in, out).
        let transposed: Vec<f32> = (0..layer.weight.len())
            .map(|k| layer.weight[k % layer.n_out * layer.n_in + k / layer.n_out])
            .collect();
        linear.weight = Param::from_tensor(matrix(layer.n_in, &transposed, device));
        linear.bias = Some(Param::from_tensor(vector(&layer.bias, device)));
        let norm = layer.norm.as_ref().map(|norm| {
            let config = BatchNormConfig::new(layer.n_out).with_epsilon(EPS);
            let mut made = config.with_momentum(NORM_MOMENTUM).init(device);
            made.gamma = Param::from_tensor(vector(&norm.weight, device));
            made.beta = Param::from_tensor(vector(&norm.bias, device));
            made.running_mean = RunningState::new(vector(&norm.running_mean, device));
            made.running_var = RunningState::new(vector(&norm.running_var, device));
            made
        });
        Self { linear, norm, relu: relu.then(Relu::new) }
    }
}

impl Network {
    fn new(workload: &Workload, device: &Device) -> Self {
        let last = workload.layers.len() - 1;
        let layers = workload.layers.iter().enumerate();
        let blocks = layers
            .map(|(i, layer)| Block::new(layer, i < last || workload.relu_last, device))
            .collect();
        Self { blocks }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.blocks.iter().fold(x, |x, block| {
            let mut x = block.linear.forward(x);
            if let Some(norm) = &block.norm {
                x = norm.forward(x);
            }
            match &block.relu {
                Some(relu) => relu.forward(x),
                None => x,
            }
        })
    }
}

fn scalar(loss: Tensor<1>) -> Result<f32, Failure> {
    let values = loss.into_data().try_to_vec::<f32>().map_err(|error| format!("{error:?}"))?;
    values.first().copied().ok_or_else(|| "no loss".into())
}

struct Inference {
    model: Network,
    x: Tensor<2>,
    y: Option<Tensor<2>>,
}

impl Inference {
    fn new(workload: &Workload) -> Self {
        let device = Device::flex();
        let model = Network::new(workload, &device).valid();
        Self { model, x: matrix(workload.rows, &workload.x, &device), y: None }
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
        scalar(self.y.clone().ok_or("no step yet")?.square().mean())
    }
}

struct Training {
    device: Device,
    /// Given to the optimizer and taken back in each step.
    model: Option<Network>,
    optimizer: ModuleOptimizer,
    lr: f64,
    x: Tensor<2>,
    targets: Targets,
    cross_entropy: CrossEntropyLoss,
    last: Option<Tensor<1>>,
}

#[derive(Clone)]
enum Targets {
    Values(Tensor<2>),
    Classes(Tensor<1, Int>),
}

impl Training {
    fn new(workload: &Workload) -> Result<Self, Failure> {
        let device = Device::flex().autodiff();
        let optimizer = match workload.optimizer {
            Optimizer::Sgd { .. } => {
                // Its default dampening is 0.1.
                let momentum = MomentumConfig::new().with_momentum(MOMENTUM).with_dampening(0.0);
                SgdConfig::new().with_momentum(Some(momentum)).init()
            }
            Optimizer::Adam { .. } => AdamConfig::new()
                .with_beta_1(BETAS.0 as f32)
                .with_beta_2(BETAS.1 as f32)
                .with_epsilon(ADAM_EPS as f32)
                .init(),
            Optimizer::None => return Err("training without an optimizer".into()),
        };
        let targets = match workload.loss {
            Loss::Mse => Targets::Values(matrix(workload.rows, &workload.targets, &device)),
            _ => Targets::Classes(indices(&workload.labels, &device)),
        };
        Ok(Self {
            model: Some(Network::new(workload, &device)),
            optimizer,
            lr: workload.lr(),
            x: matrix(workload.rows, &workload.x, &device),
            targets,
            cross_entropy: CrossEntropyLossConfig::new().init(&device),
            last: None,
            device,
        })
    }

    fn train(&mut self, x: Tensor<2>, targets: Targets) -> Result<(), Failure> {
        let model = self.model.take().ok_or("a step has failed")?;
        let a = model.forward(x);
        let loss = match targets {
            Targets::Values(y) => MseLoss::new().forward(a, y, Reduction::Mean),
            Targets::Classes(y) => self.cross_entropy.forward(a, y),
        };
        let grads = GradientsParams::from_grads(loss.backward(), &model);
        self.model = Some(self.optimizer.step(self.lr, model, grads));
        self.last = Some(loss);
        Ok(())
    }
}

impl Program for Training {
    fn step(&mut self) -> Result<(), Failure> {
        self.train(self.x.clone(), self.targets.clone())
    }

    fn step_rows(&mut self, rows: &[usize]) -> Result<(), Failure> {
        let rows = indices(rows, &self.device);
        let Targets::Classes(labels) = self.targets.clone() else {
            return Err("epochs are of classes".into());
        };
        let x = self.x.clone().select(0, rows.clone());
        self.train(x, Targets::Classes(labels.select(0, rows)))
    }

    fn loss(&mut self) -> Result<f32, Failure> {
        scalar(self.last.clone().ok_or("no step yet")?)
    }
}
