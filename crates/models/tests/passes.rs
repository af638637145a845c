//! Passes in every order that is allowed: the results are those of the plain order.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{Layer, Mode};
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Scratch, Sequential, Workspace};
use ndarray::{Array2, ArrayD, Axis, Slice, array};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng};

const fn assert_send<T: Send>() {}
const fn assert_send_sync<T: Send + Sync>() {}
const _: () = {
    assert_send_sync::<Sequential<f32>>();
    assert_send_sync::<Sequential<f64>>();
    assert_send::<Workspace<f32>>();
    assert_send::<Workspace<f64>>();
    assert_send_sync::<Scratch<f32>>();
    assert_send_sync::<Sgd<f32>>();
    assert_send_sync::<Error>();
};

fn random<F: Float>(seed: u64, rows: usize, cols: usize) -> Array2<F> {
    let mut rng = Rng::with_stream(seed, 9);
    Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()))
}

/// All gradients of one pass, and its loss.
type Gradients = (f64, Vec<(String, ArrayD<f64>)>);

fn gradients(ws: &Workspace<f64>, loss: f64) -> Gradients {
    (loss, ws.parameter_gradients().unwrap().map(|(name, t)| (name, t.value.to_owned())).collect())
}

/// Forward, loss and backward, as a training loop does it.
fn pass(
    model: &Sequential<f64>,
    ws: &mut Workspace<f64>,
    x: &Array2<f64>,
    y: &Array2<f64>,
) -> Result<Gradients, Error> {
    model.forward(x, ws, Mode::Train)?;
    let (a, mut da) = ws.output_and_gradient()?;
    let loss = MseLoss::default().backward(&a, y, &mut da)?;
    model.backward_to_input(ws)?;
    Ok(gradients(ws, loss))
}

#[test]
fn learns_xor() -> Result<(), Error> {
    let (x, y) = (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]);
    let mut model = Mlp::<f64>::new(&[2, 8, 2]).activation(layers::Tanh).seed(3).build()?;
    let mut ws = model.workspace(4)?;
    let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() })?;
    let mut loss = f64::INFINITY;
    for _ in 0..300 {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        loss = CrossEntropyLoss::default().backward(&a, Targets::Classes(&y), &mut da)?;
        model.backward(&mut ws)?;
        sgd.step(&mut model, &mut ws)?;
    }
    assert!(loss < 0.01, "loss {loss}");
    Ok(())
}

#[test]
fn forward_may_be_called_twice_and_inference_comes_between() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).seed(1).build()?;
    let (x, y, other) = (random(1, 4, 3), random(2, 4, 2), random(3, 6, 3));
    let expected = pass(&model, &mut model.workspace(4)?, &x, &y)?;

    let mut ws = model.workspace(6)?;
    model.forward(&other, &mut ws, Mode::Train)?;
    model.forward(&other, &mut ws, Mode::Eval)?;
    model.forward(&x, &mut ws, Mode::Train)?;
    let first = ws.activation(4 - 1)?.to_owned();
    model.forward(&x, &mut ws, Mode::Train)?;
    assert_eq!(ws.activation(3)?, first);
    model.infer(&other)?; // a validation pass before the loss …
    let (a, mut da) = ws.output_and_gradient()?;
    let loss = MseLoss::default().backward(&a, &y, &mut da)?;
    // … and one with its own loss before backward
    MseLoss::default().forward(&model.infer(&other)?, &random(4, 6, 2))?;
    model.backward_to_input(&mut ws)?;
    assert_eq!(gradients(&ws, loss), expected);
    model.backward_to_input(&mut ws)?; // overwrites, does not add
    assert_eq!(gradients(&ws, loss), expected);
    Ok(())
}

#[test]
fn a_smaller_last_batch_uses_the_first_rows() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).seed(1).build()?;
    let (x, y) = (random(1, 2, 3), random(2, 2, 2));
    let mut ws = model.workspace(7)?;
    pass(&model, &mut ws, &random(5, 7, 3), &random(6, 7, 2))?;
    assert_eq!(pass(&model, &mut ws, &x, &y)?, pass(&model, &mut model.workspace(2)?, &x, &y)?);
    assert_eq!(
        (ws.rows(), ws.activation(0)?.dim(), ws.activation_gradient(0)?.dim()),
        (2, (2, 3), (2, 3))
    );
    Ok(())
}

#[test]
fn inference_is_the_forward_pass_of_evaluation() -> Result<(), Error> {
    let model = Mlp::<f32>::new(&[3, 5, 4, 2]).seed(1).build()?;
    let x = random(1, 6, 3);
    let mut ws = model.workspace(6)?;
    let forward = model.forward(&x, &mut ws, Mode::Eval)?.to_owned();
    assert_eq!(model.infer(&x)?, forward);
    let mut scratch = model.scratch(9)?;
    for n in [6, 1, 3] {
        let rows = x.slice_axis(Axis(0), Slice::from(..n));
        let mut y = Array2::from_elem((n, 2), f32::NAN);
        model.infer_into(&rows, &mut y, &mut scratch)?;
        assert_eq!(y, model.infer(&rows)?);
    }
    Ok(())
}

#[test]
fn strides_of_the_input_do_not_matter() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).seed(1).build()?;
    let (x, y) = (random::<f64>(1, 4, 3), random(2, 4, 2));
    let transposed = x.t().as_standard_layout().into_owned().reversed_axes();
    let mut ws = model.workspace(4)?;
    assert_eq!(
        pass(&model, &mut ws, &transposed, &y)?,
        pass(&model, &mut model.workspace(4)?, &x, &y)?
    );
    assert_eq!(model.infer(&transposed)?, model.infer(&x)?);
    Ok(())
}

#[test]
fn the_input_gradient_is_an_extra() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).seed(1).build()?;
    let (x, y) = (random(1, 4, 3), random(2, 4, 2));
    let mut ws = model.workspace(4)?;
    let full = pass(&model, &mut ws, &x, &y)?;
    let inner = ws.activation_gradient(1)?.to_owned();
    model.backward(&mut ws)?;
    assert_eq!(gradients(&ws, full.0), full);
    assert_eq!(ws.activation_gradient(1)?, inner);
    assert_eq!(
        ws.activation_gradient(0).unwrap_err().to_string(),
        "activation_gradient: expected `backward_to_input` or `backward_from` first, found `backward`, which leaves the input's gradient out"
    );
    Ok(())
}

#[test]
fn eight_threads_share_a_model() -> Result<(), Error> {
    let model = Mlp::<f32>::new(&[20, 33, 7]).seed(1).build()?;
    let x = random(1, 64, 20);
    let alone = model.infer(&x)?;
    let shared: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| model.infer(&x))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for together in shared {
        assert!(together?.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
    Ok(())
}

#[test]
fn a_clone_shares_workspaces_but_not_values() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).seed(1).build()?;
    let mut clone = model.clone();
    let x = random(1, 4, 3);
    let before = model.infer(&x)?;
    clone.set_tensor("2.bias", &array![9.0, 9.0])?;
    assert_eq!(model.infer(&x)?, before);
    let mut ws = model.workspace(4)?;
    clone.forward(&x, &mut ws, Mode::Eval)?;
    assert_ne!(ws.activation(3)?, before);
    Ok(())
}

#[test]
fn f32_starts_as_the_rounded_f64() -> Result<(), Error> {
    let (wide, narrow) = (
        Mlp::<f64>::new(&[3, 5, 2]).seed(4).build()?,
        Mlp::<f32>::new(&[3, 5, 2]).seed(4).build()?,
    );
    for ((name, wide), (_, narrow)) in wide.tensors().zip(narrow.tensors()) {
        assert_eq!(wide.value.mapv(|v| v as f32), narrow.value, "{name}");
    }
    Ok(())
}

/// Fault 3 of the notes: their SGD walks over all layers and fails on ReLU, which has no weight.
#[test]
fn fault_3_sgd_passes_over_layers_without_parameters() -> Result<(), Error> {
    let mut model = Mlp::<f64>::new(&[3, 5, 2]).output_activation(layers::Relu).seed(1).build()?;
    let mut ws = model.workspace(4)?;
    pass(&model, &mut ws, &random(1, 4, 3), &random(2, 4, 2))?;
    let before = model.clone();
    Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() })?.step(&mut model, &mut ws)?;
    for ((name, after), (_, before)) in model.tensors().zip(before.tensors()) {
        let moved = &before.value - &(&ws.parameter_gradient(&name)? * 0.1);
        assert_eq!(after.value, moved, "{name}");
    }
    Ok(())
}

/// Fault 5 of the notes: their velocities are f32 whatever the parameters are.
#[test]
fn fault_5_velocities_have_the_parameters_type() -> Result<(), Error> {
    // One weight w, loss gradient 1 at every step, μ = ½, λ = 2⁻³⁰: after three steps v = 1 + ½ + ¼
    // and w = 1 − 2⁻³⁰(1 + 3/2 + 7/4). f32 keeps 24 bits, so with it no step would move w at all.
    let mut model = Sequential::<f64>::builder(1)
        .push(layers::Linear::from_parts(array![[1.0]], None)?)
        .build()?;
    let mut ws = model.workspace(1)?;
    let lr = (-30.0_f64).exp2();
    let mut sgd = Sgd::new(SgdConfig { lr, momentum: 0.5, ..SgdConfig::default() })?;
    for _ in 0..3 {
        model.forward(&array![[1.0]], &mut ws, Mode::Train)?;
        model.backward_from(&array![[1.0]], &mut ws)?;
        sgd.step(&mut model, &mut ws)?;
    }
    assert_eq!(model.tensor("0.weight")?, array![[1.0 - 4.25 * lr]].into_dyn());
    Ok(())
}

#[test]
fn layers_are_found_again_as_what_they_were() -> Result<(), Error> {
    let model = Mlp::<f64>::new(&[3, 5, 2]).build()?;
    let linear = model.layer::<layers::Linear<f64>>("2").unwrap();
    assert_eq!(linear.weight().view().into_dyn(), model.tensor("2.weight")?);
    assert!(model.layer::<layers::Relu>("2").is_err() && model.layer::<layers::Relu>("3").is_err());
    assert_eq!(Layer::<f64>::out_features(linear, 5)?, 2);
    Ok(())
}
