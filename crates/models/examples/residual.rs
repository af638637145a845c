//! A residual MLP that tells two spirals apart.
//!
//! ```text
//! cargo run -p models --example residual
//! ```
//!
//! Class 0 winds one and a half times around the origin, class 1 is its reflection `−x` (after Lang
//! and Witbrock, *Learning to Tell Two Spirals Apart*, Connectionist Models Summer School, 1988).
//! The model widens `x` to 16 features `h`, passes them through three residual blocks `h + f(h)`
//! with `f` = Linear, BatchNorm1d, ReLU, Linear, and ends in a Linear that gives the logit. The
//! tensors have PyTorch's names, for a `class Residual(nn.Sequential)` that adds its input.

use std::f64::consts::PI;

use layers::{BatchNorm1d, Linear, Mode, Relu};
use losses::{BceWithLogitsLoss, Loss};
use models::{Residual, Sequential};
use ndarray::Array2;
use optim::{Adam, AdamConfig, Optimizer};
use tensor_core::{Error, Rng};

const FEATURES: usize = 16;

/// `n` noisy points of each spiral, `x (2n, 2)`, and their classes, `y (2n, 1)`.
fn two_spirals(n: usize, rng: &mut Rng) -> (Array2<f64>, Array2<f64>) {
    let (mut x, mut y) = (Array2::zeros((2 * n, 2)), Array2::zeros((2 * n, 1)));
    for i in 0..2 * n {
        let (class, t) = ((i % 2) as f64, rng.uniform());
        let (radius, angle) = (0.2 + 1.8 * t, 3.0 * PI * t + PI * class);
        x[[i, 0]] = radius * angle.cos() + 0.05 * rng.normal();
        x[[i, 1]] = radius * angle.sin() + 0.05 * rng.normal();
        y[[i, 0]] = class;
    }
    (x, y)
}

/// The fraction of rows whose logit has the sign of their class.
fn accuracy(logits: &Array2<f64>, y: &Array2<f64>) -> f64 {
    let correct = logits.iter().zip(y).filter(|&(&z, &y)| (z > 0.0) == (y == 1.0)).count();
    correct as f64 / y.len() as f64
}

/// `h + f(h)`.
fn block(rng: &mut Rng) -> Result<Residual<f64>, Error> {
    let f = Sequential::builder(FEATURES)
        .push(Linear::new(FEATURES, FEATURES, rng)?)
        .push(BatchNorm1d::new(FEATURES)?)
        .push(Relu)
        .push(Linear::new(FEATURES, FEATURES, rng)?);
    Residual::new(f.build()?)
}

fn main() -> Result<(), Error> {
    let mut rng = Rng::new(0);
    let (x, y) = two_spirals(200, &mut rng);
    let (x_test, y_test) = two_spirals(200, &mut rng);

    let mut model = Sequential::builder(2).push(Linear::new(2, FEATURES, &mut rng)?);
    for _ in 0..3 {
        model = model.push(block(&mut rng)?);
    }
    let mut model = model.push(Linear::new(FEATURES, 1, &mut rng)?).build()?;
    let mut ws = model.workspace(x.nrows())?;
    let mut adam = Adam::new(AdamConfig { lr: 0.01, ..AdamConfig::default() })?;
    for step in 0..=100 {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (logits, mut d_logits) = ws.output_and_gradient()?;
        let loss = BceWithLogitsLoss::default().backward(&logits, &y, &mut d_logits)?;
        model.backward(&mut ws)?;
        adam.step(&mut model, &mut ws)?;
        if step % 10 == 0 {
            println!("step {step:3}  loss {loss:.4}");
        }
    }
    println!("accuracy on new points: {:.3}\n", accuracy(&model.infer(&x_test)?, &y_test));
    for (name, tensor) in model.tensors() {
        println!("{name:16} {:?}", tensor.value.shape());
    }
    Ok(())
}
