//! A layer and a loss from two formulas are those that were written out.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use data::{Dataset, Target};
use layers::{Activation, Layer, Linear, Relu};
use losses::MseLoss;
use models::Sequential;
use ndarray::{Array2, array};
use optim::{Sgd, SgdConfig};
use tensor_core::{Float, Rng};
use training::{BatchLoss, ElementwiseLayer, ElementwiseLoss, Trainer, TrainerConfig, Weights};

fn trained<F: Float>(layer: impl Layer<F>, loss: impl BatchLoss<F>) -> (Weights<F>, Vec<f64>) {
    let mut rng = Rng::new(5);
    let x = Array2::from_shape_simple_fn((24, 2), || F::of(rng.normal()));
    let y = Array2::from_shape_fn((24, 1), |(i, _)| x[[i, 0]] * x[[i, 1]]);
    let train = Dataset::new(x, Target::Values(y)).unwrap();
    let mut model = Sequential::builder(2)
        .push(Linear::new(2, 8, &mut rng).unwrap())
        .push(layer)
        .push(Linear::new(8, 1, &mut rng).unwrap())
        .build()
        .unwrap();
    let sgd = Sgd::new(SgdConfig { lr: 0.05, ..SgdConfig::default() }).unwrap();
    let config = TrainerConfig { epochs: 5, batch_size: 7, ..TrainerConfig::default() };
    let history = Trainer::new(loss, sgd, config).unwrap().fit(&mut model, &train, None).unwrap();
    (Weights::of(&model), history.epochs.iter().map(|epoch| epoch.train_loss).collect())
}

fn check<F: Float>() {
    let relu = ElementwiseLayer::new("Relu", |z| z.max(0.0), |z| f64::from(z > 0.0));
    let mse = ElementwiseLoss::new("mse", |a, y| (a - y) * (a - y), |a: f64, y: f64| 2.0 * (a - y));
    assert!(trained::<F>(relu, mse) == trained::<F>(Relu, MseLoss::default()));
}

#[test]
fn a_training_with_formulas_is_the_training_with_what_they_are_of() {
    check::<f32>();
    check::<f64>();
}

// f = z³, f′ = 3z²: at 2 it is 8 with slope 12, at 0 an infinite gradient meets the slope 0.
#[test]
fn corners_are_those_of_the_built_in_layers() {
    let cube = ElementwiseLayer::new("Cube", |z| z * z * z, |z| 3.0 * z * z);
    let z = array![[2.0_f64, 0.0, f64::NAN, 1.0]];
    let da = array![[0.5, f64::INFINITY, 1.0, f64::NAN]];
    let (mut a, mut dz) = (Array2::zeros((1, 4)), Array2::zeros((1, 4)));
    cube.infer(&z, &mut a).unwrap();
    cube.chain([&z, &a, &da], &mut dz);
    assert_eq!((a[[0, 0]], a[[0, 1]], a[[0, 3]]), (8.0, 0.0, 1.0));
    assert_eq!((dz[[0, 0]], dz[[0, 1]]), (6.0, 0.0));
    assert!(a[[0, 2]].is_nan() && dz[[0, 2]].is_nan() && dz[[0, 3]].is_nan());
}
