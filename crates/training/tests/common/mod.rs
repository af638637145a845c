//! Small data and models that the tests share.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses some of it")]

use data::{Dataset, Target};
use models::{Mlp, Sequential};
use ndarray::Array2;
use optim::{Sgd, SgdConfig};
use tensor_core::Rng;
use training::TrainerConfig;

pub(crate) fn regression(n: usize, seed: u64) -> Dataset<f64> {
    let mut rng = Rng::new(seed);
    let x = Array2::from_shape_simple_fn((n, 2), || rng.normal());
    let y = Array2::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * x[[i, 1]]);
    Dataset::new(x, Target::Values(y)).unwrap()
}

pub(crate) fn classes(n: usize, seed: u64) -> Dataset<f64> {
    let mut rng = Rng::new(seed);
    let x = Array2::from_shape_simple_fn((n, 2), || rng.normal());
    let labels = x.rows().into_iter().map(|row| usize::from(row[0] > 0.5)).collect();
    Dataset::new(x, Target::classes(labels, ["no", "yes"]).unwrap()).unwrap()
}

pub(crate) fn mlp(n_outputs: usize) -> Sequential<f64> {
    Mlp::new(&[2, 5, n_outputs]).seed(3).build().unwrap()
}

pub(crate) fn sgd(lr: f64) -> Sgd<f64> {
    Sgd::new(SgdConfig { lr, momentum: 0.9, ..SgdConfig::default() }).unwrap()
}

pub(crate) fn config(epochs: u64) -> TrainerConfig {
    TrainerConfig { epochs, batch_size: 4, seed: 7, ..TrainerConfig::default() }
}
