//! L-BFGS on a network: what it needs of a model and its workspace.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use layers::{BatchNorm1d, Linear, Mode, Tanh};
use losses::{Loss, MseLoss};
use models::{Sequential, Workspace};
use ndarray::{Array2, array};
use optim::{Lbfgs, LbfgsConfig, LbfgsOutcome};
use tensor_core::{Error, Float, Rng};

fn network<F: Float>() -> Sequential<F> {
    let rng = &mut Rng::new(1);
    Sequential::builder(2)
        .push(Linear::new(2, 6, rng).unwrap())
        .push(Tanh)
        .push(Linear::new(6, 1, rng).unwrap())
        .build()
        .unwrap()
}

fn xor<F: Float>() -> [Array2<F>; 2] {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    [x, array![[0.0], [1.0], [1.0], [0.0]]].map(|a| a.mapv(F::of))
}

fn pass<F: Float>(
    model: &Sequential<F>,
    ws: &mut Workspace<F>,
    [x, y]: &[Array2<F>; 2],
) -> Result<F, Error> {
    model.forward(x, ws, Mode::Train)?;
    let (output, mut gradient) = ws.output_and_gradient()?;
    let loss = MseLoss::default().backward(&output, y, &mut gradient)?;
    model.backward(ws)?;
    Ok(loss)
}

// 25 numbers fit four rows exactly.
#[test]
fn a_network_learns_exclusive_or() {
    fn check<F: Float>(loss: f64) {
        let (mut model, data) = (network::<F>(), xor());
        let mut ws = model.workspace(4).unwrap();
        let config = LbfgsConfig { max_iter: 200, ..LbfgsConfig::default() };
        let mut lbfgs = Lbfgs::new(config).unwrap();
        let step = lbfgs.step(&mut model, &mut ws, |model, ws| pass(model, ws, &data)).unwrap();
        assert!(step.loss < loss, "{step:?}");
        assert_ne!(step.outcome, LbfgsOutcome::NotFinite);
    }
    check::<f64>(1e-8);
    check::<f32>(1e-5);
}

// The second evaluation's loss is refused, after its forward pass: the workspace holds no
// gradients, and the parameters are back all the same.
#[test]
fn a_loss_that_is_refused_takes_the_network_back() {
    let (mut model, data) = (network::<f64>(), xor());
    let mut ws = model.workspace(4).unwrap();
    let mut lbfgs = Lbfgs::new(LbfgsConfig::default()).unwrap();
    let before: Vec<_> = model.tensors().map(|(_, t)| t.value.to_owned()).collect();
    let mut calls = 0;
    let error = lbfgs.step(&mut model, &mut ws, |model, ws| {
        calls += 1;
        let [x, y] = &data;
        let y = if calls == 1 { y.clone() } else { Array2::zeros((3, 1)) };
        pass(model, ws, &[x.clone(), y])
    });
    assert!(matches!(error, Err(Error::Shape { .. })), "{error:?}");
    assert_eq!(calls, 2);
    for ((name, after), before) in model.tensors().zip(&before) {
        assert_eq!(after.value, *before, "{name}");
    }
    let step = lbfgs.step(&mut model, &mut ws, |model, ws| pass(model, ws, &data)).unwrap();
    assert!(step.loss < step.first_loss, "{step:?}");
}

// Momentum 0.1 in PyTorch's convention: running mean 0.1·mean after one call, however many passes
// it made.
#[test]
fn running_statistics_move_once_a_call() {
    let mut model = Sequential::<f64>::builder(2)
        .push(BatchNorm1d::new(2).unwrap())
        .push(Linear::new(2, 1, &mut Rng::new(1)).unwrap())
        .build()
        .unwrap();
    let data = xor();
    let mut ws = model.workspace(4).unwrap();
    let mut lbfgs = Lbfgs::new(LbfgsConfig { max_iter: 3, ..LbfgsConfig::default() }).unwrap();
    let once = {
        let (mut model, mut ws) = (model.clone(), model.workspace(4).unwrap());
        pass(&model, &mut ws, &data).unwrap();
        tensor_core::Trainable::settle(&mut model, &mut ws, &|_| true);
        model.tensor("0.running_mean").unwrap().to_owned()
    };
    let step = lbfgs.step(&mut model, &mut ws, |model, ws| pass(model, ws, &data)).unwrap();
    assert!(step.evaluations > 1, "{step:?}");
    assert_eq!(model.tensor("0.running_mean").unwrap(), once);
}
