//! What is refused, and in which words: every message names the place, what was expected and what
//! was found.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{Linear, Mode, Relu};
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Sequential};
use ndarray::{Array1, Array2};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Rng};

fn zeros(rows: usize, cols: usize) -> Array2<f64> {
    Array2::zeros((rows, cols))
}

fn message<T>(result: Result<T, Error>) -> String {
    result.map(|_| "no error").unwrap_err().to_string()
}

fn sgd(config: SgdConfig) -> Result<Sgd<f64>, Error> {
    Sgd::new(config)
}

#[test]
fn every_refusal_says_what_to_do() -> Result<(), Error> {
    let mut rng = Rng::new(0);
    let mut model = Mlp::<f64>::new(&[2, 3, 4]).build()?;
    let other = Mlp::<f64>::new(&[2, 3, 4]).build()?;
    let (mut ws, mut scratch) = (model.workspace(8)?, model.scratch(8)?);
    let ce = CrossEntropyLoss::default();
    let defaults = SgdConfig::default();

    let mut table = vec![
        // Building
        (message(Mlp::<f64>::new(&[2]).build()), "Mlp: expected at least 2 widths, found 1"),
        (
            message(Mlp::<f64>::new(&[2, 0, 4]).build()),
            "Mlp: widths 0 and 1: Linear: expected at least 1 output feature, found 0",
        ),
        (
            message(Sequential::<f64>::builder(2).build()),
            "Sequential: expected at least 1 layer, found 0",
        ),
        (
            message(Sequential::<f64>::builder(0).push(Relu).build()),
            "Sequential: expected at least 1 input feature, found 0",
        ),
        (
            message(
                Sequential::<f64>::builder(2)
                    .push(Relu)
                    .push(Linear::new(3, 1, &mut rng)?)
                    .push(Relu)
                    .build(),
            ),
            "layer 1: Linear: expected 3 input features, found 2",
        ),
        (message(model.workspace(0)), "workspace: expected a batch of at least 1 row, found 0"),
        (message(model.scratch(0)), "scratch: expected a batch of at least 1 row, found 0"),
        // Input
        (
            message(model.forward(&zeros(4, 3), &mut ws, Mode::Train)),
            "forward: layer 0 (Linear): expected 2 input features, found 3",
        ),
        (
            message(model.infer(&zeros(4, 1))),
            "infer: layer 0 (Linear): expected 2 input features, found 1",
        ),
        (
            message(model.forward(&zeros(9, 2), &mut ws, Mode::Train)),
            "forward: expected a batch of at most 8 rows, found 9",
        ),
        (
            message(model.forward(&zeros(0, 2), &mut ws, Mode::Train)),
            "forward: expected a batch of at least 1 row, found 0",
        ),
        (message(model.infer(&zeros(0, 2))), "infer: expected a batch of at least 1 row, found 0"),
        (
            message(model.infer_into(&zeros(4, 2), &mut zeros(4, 1), &mut scratch)),
            "infer_into: output: expected shape (4, 4), found (4, 1)",
        ),
        (
            message(other.infer_into(&zeros(4, 2), &mut zeros(4, 4), &mut scratch)),
            "infer_into: expected a workspace of this model, found one of another",
        ),
        (
            message(other.forward(&zeros(4, 2), &mut ws, Mode::Train)),
            "forward: expected a workspace of this model, found one of another",
        ),
        // Losses
        (
            message(MseLoss::default().forward(&zeros(3, 4), &zeros(3, 1))),
            "mse: target: expected shape (3, 4), found (3, 1)",
        ),
        (
            message(ce.forward(&zeros(3, 1), Targets::Classes(&[0, 0]))),
            "cross-entropy: labels: expected shape (3), found (2)",
        ),
        (
            message(ce.forward(&zeros(3, 4), Targets::Rows(&zeros(3, 1)))),
            "cross-entropy: target rows: expected shape (3, 4), found (3, 1)",
        ),
        (
            message(ce.forward(&zeros(3, 4), Targets::Classes(&[0, 3, 4]))),
            "cross-entropy: expected a class from 0 to 3 in row 2, found 4 \
             (to leave such rows out, set ignore_index)",
        ),
        (
            message(ce.forward(&zeros(0, 4), Targets::Classes(&[]))),
            "cross-entropy: expected at least 1 row of predictions, found 0",
        ),
        // Optimizer
        (
            message(sgd(SgdConfig { lr: f64::NAN, ..defaults })),
            "sgd: expected lr to be a finite number ≥ 0, found NaN",
        ),
        (
            message(sgd(defaults)?.set_lr(-0.1)),
            "sgd: expected lr to be a finite number ≥ 0, found -0.1",
        ),
        (
            message(sgd(SgdConfig { nesterov: true, ..defaults })),
            "sgd: expected momentum to be > 0 with Nesterov, found 0",
        ),
        // Order of calls
        (
            message(model.workspace(8)?.activation(0)),
            "activation: expected `forward` first, found a workspace without a pass",
        ),
        (message(ws.activation(4)), "activation: expected an index below 4, found 4"),
        (
            message(model.backward_to_input(&mut ws)),
            "backward_to_input: expected `forward`, then a loss's `backward` into `output_and_gradient`, first, found a workspace without a pass",
        ),
        (
            message(sgd(defaults)?.step(&mut model, &mut ws)),
            "step: expected `backward` first, found a workspace without a pass",
        ),
        // Tensors
        (
            message(model.tensor("4.weight")),
            "tensor: expected one of 0.weight, 0.bias, 2.weight, 2.bias, found \"4.weight\"",
        ),
        (
            message(model.set_tensor("2.gain", &Array1::zeros(4))),
            "set_tensor: expected one of 0.weight, 0.bias, 2.weight, 2.bias, found \"2.gain\"",
        ),
        (
            message(model.set_tensor("0.weight", &zeros(2, 3))),
            "set_tensor: 0.weight: expected shape (3, 2), found (2, 3)",
        ),
        (
            message(model.set_tensor("0.bias", &zeros(3, 1))),
            "set_tensor: 0.bias: expected shape (3), found (3, 1)",
        ),
    ];

    // After a forward pass without a loss.
    model.forward(&zeros(4, 2), &mut ws, Mode::Train)?;
    table.extend([
        (
            message(model.backward(&mut ws)),
            "backward: expected `forward`, then a loss's `backward` into `output_and_gradient`, first, found `forward` alone",
        ),
        (
            message(ws.activation_gradient(1)),
            "activation_gradient: expected `backward` first, found `forward` alone",
        ),
        (
            message(model.backward_from(&zeros(3, 4), &mut ws)),
            "backward_from: output gradient: expected shape (4, 4), found (3, 4)",
        ),
    ]);

    // An optimizer that has stepped on another model.
    model.backward_from(&zeros(4, 4), &mut ws)?;
    let mut optimizer = sgd(SgdConfig { momentum: 0.9, ..defaults })?;
    optimizer.step(&mut model, &mut ws)?;
    let mut larger = Mlp::<f64>::new(&[2, 3, 3, 4]).build()?;
    let mut larger_ws = larger.workspace(1)?;
    larger.forward(&zeros(1, 2), &mut larger_ws, Mode::Train)?;
    larger.backward_from(&zeros(1, 4), &mut larger_ws)?;
    let before = larger.clone();
    table.push((
        message(optimizer.step(&mut larger, &mut larger_ws)),
        "sgd: state: expected 2.weight of 12 elements, found 2.weight of 9 elements",
    ));
    assert!(
        larger.tensors().zip(before.tensors()).all(|((_, a), (_, b))| a.value == b.value),
        "a refused step moves nothing"
    );
    table.push((
        message(optimizer.step(&mut model, &mut larger_ws)),
        "step: expected a workspace of this model, found one of another",
    ));

    let wrong: Vec<_> = table.iter().filter(|(found, expected)| found != expected).collect();
    assert!(wrong.is_empty(), "found, expected: {wrong:#?}");
    Ok(())
}

#[test]
fn a_failed_forward_pass_leaves_nothing_to_go_on_from() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[2, 3]).build()?;
    let mut ws = model.workspace(2)?;
    model.forward(&zeros(2, 2), &mut ws, Mode::Train)?;
    model.backward_from(&zeros(2, 3), &mut ws)?;
    let refused = model.forward(&zeros(3, 2), &mut ws, Mode::Train);
    assert!(refused.is_err());
    // The input was refused before anything was written: the last pass still stands.
    assert_eq!(ws.activation_gradient(0)?, zeros(2, 2));
    Ok(())
}
