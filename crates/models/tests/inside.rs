//! What is inside a model, by path: frozen layers, layers with modes of their own, changed layers,
//! inner values.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{Dropout, Linear, Mode, Relu};
use models::Sequential;
use ndarray::{Array1, Array2, array};
use optim::{Optimizer, Sgd, SgdConfig};
use support::{linear, nested, pass, random};

mod support;

#[test]
fn a_frozen_layer_stays_as_it_is_with_all_inside_it() {
    let mut model = nested::<f64>();
    let (x, dy) = (random(1, 8, 3), random(2, 8, 2));
    let values = |model: &Sequential<f64>| {
        model.tensors().map(|(name, t)| (name, t.value.to_owned())).collect::<Vec<_>>()
    };
    let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..Default::default() }).unwrap();
    let measure = sgd.clone();
    let mut step = |model: &mut Sequential<f64>| {
        let mut ws = model.workspace(8).unwrap();
        pass(model, &mut ws, &x, &dy);
        let norm = sgd.clip_grad_norm(model, &mut ws, f64::INFINITY).unwrap();
        sgd.step(model, &mut ws).unwrap();
        norm
    };

    model.freeze("0.1").unwrap();
    let before = values(&model);
    step(&mut model);
    for ((name, before), (_, after)) in before.iter().zip(values(&model)) {
        assert_eq!(*before == after, name.starts_with("0.1."), "{name}");
    }
    model.freeze("0").unwrap();
    model.unfreeze("0.1").unwrap();
    let before = values(&model);
    let norm = step(&mut model);
    for ((name, before), (_, after)) in before.iter().zip(values(&model)) {
        assert_eq!(*before == after, name.starts_with("0."), "{name}");
    }
    assert_eq!(model.layer::<Dropout>("0.2.1").unwrap().step(), 2, "masks go on");
    // Only the last layer counts in the norm.
    let mut ws = model.workspace(8).unwrap();
    pass(&model, &mut ws, &x, &dy);
    let last = ["1.weight", "1.bias"].map(|name| ws.parameter_gradient(name).unwrap());
    let squares: f64 = last.iter().flatten().map(|g| g * g).sum();
    let found = measure.clip_grad_norm(&mut model, &mut ws, f64::INFINITY).unwrap();
    assert!((found - squares.sqrt()).abs() <= 1e-14 * found && norm > 0.0);

    model.unfreeze("0").unwrap();
    let before = values(&model);
    step(&mut model);
    assert!(before.iter().zip(values(&model)).all(|((_, before), (_, after))| *before != after));
}

#[test]
fn layers_have_modes_of_their_own() {
    let model = nested::<f64>();
    let x = random(1, 8, 3);
    let mut ws = model.workspace(8).unwrap();
    ws.set_mode("0.1", Mode::Eval).unwrap();
    model.forward(&x, &mut ws, Mode::Train).unwrap();
    // The running mean and variance are still 0 and 1, and the mask is drawn.
    let mean = model.intermediate(&ws, "0.1.mean").unwrap();
    assert_eq!(mean, Array1::<f64>::zeros(4).into_dyn());
    let mask = model.intermediate(&ws, "0.2.1.mask").unwrap();
    assert!(mask.iter().any(|&m| m == 0.0) && mask.iter().any(|&m| m > 1.0));

    // A layer's mode holds for those inside it, unless they have their own.
    ws.set_mode("0.1", None).unwrap();
    ws.set_mode("0", Mode::Eval).unwrap();
    ws.set_mode("0.2.1", Mode::Train).unwrap();
    model.forward(&x, &mut ws, Mode::Train).unwrap();
    assert_eq!(model.intermediate(&ws, "0.1.mean").unwrap(), Array1::<f64>::zeros(4).into_dyn());
    assert_eq!(model.intermediate(&ws, "0.2.1.mask").unwrap(), mask);

    let error = ws.set_mode("0.3", Mode::Eval).unwrap_err().to_string();
    let known = "0, 0.0, 0.1, 0.2, 0.2.0, 0.2.1, 1";
    assert_eq!(error, format!("set_mode: expected one of the layers {known}, found \"0.3\""));
}

#[test]
fn a_changed_layer_makes_old_workspaces_foreign() {
    let mut model = nested::<f64>();
    let x = random(1, 4, 3);
    let (mut ws, mut scratch) = (model.workspace(4).unwrap(), model.scratch(4).unwrap());
    *model.layer_mut::<Dropout>("0.2.1").unwrap() = Dropout::new(0.0, 1).unwrap();
    let foreign = "expected a workspace of this model, found one of another";
    let error = model.forward(&x, &mut ws, Mode::Train).unwrap_err();
    assert_eq!(error.to_string(), format!("forward: {foreign}"));
    let error = model.infer_into(&x, &mut random(2, 4, 2), &mut scratch).unwrap_err();
    assert_eq!(error.to_string(), format!("infer_into: {foreign}"));
    let mut ws = model.workspace(4).unwrap();
    model.forward(&x, &mut ws, Mode::Train).unwrap();
    assert_eq!(
        model.intermediate(&ws, "0.2.1.mask").unwrap(),
        Array2::<f64>::ones((4, 4)).into_dyn()
    );

    // Another width: refused before a pass could meet it, and right again with the old width.
    *model.layer_mut::<Linear<f64>>("0.0").unwrap() = linear(1, 3, 5);
    let expected =
        "workspace: layer 0: Sequential: layer 1: BatchNorm1d: expected 4 input features, found 5";
    assert_eq!(model.workspace(4).unwrap_err().to_string(), expected);
    assert!(model.infer(&x).is_err());
    *model.layer_mut::<Linear<f64>>("0.0").unwrap() = linear(1, 3, 4);
    assert!(model.infer(&x).is_ok());
    *model.layer_mut::<Linear<f64>>("1").unwrap() = linear(1, 4, 3);
    let expected = "scratch: widths: expected shape (3, 4, 2), found (3, 4, 3)";
    assert_eq!(model.scratch(4).unwrap_err().to_string(), expected);

    let error = model.layer::<Relu>("1").unwrap_err().to_string();
    assert_eq!(error, "layer: 1: expected a layer of type Relu, found Linear");
    let error = model.layer_mut::<Relu>("01").unwrap_err().to_string();
    let known = "0, 0.0, 0.1, 0.2, 0.2.0, 0.2.1, 1";
    assert_eq!(error, format!("layer_mut: expected one of the layers {known}, found \"01\""));
}

#[test]
fn inner_values_belong_to_the_last_pass() {
    let model = nested::<f64>();
    let mut ws = model.workspace(4).unwrap();
    let error = model.intermediates(&ws).unwrap_err().to_string();
    let fresh = "expected `forward` first, found a workspace without a pass";
    assert_eq!(error, format!("intermediates: {fresh}"));

    let (x, dy) = (random(1, 4, 3), random(2, 4, 2));
    let (y, ..) = pass(&model, &mut ws, &x, &dy);
    let names: Vec<_> =
        model.intermediates(&ws).unwrap().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "0.0.output",
        "0.0.output_gradient",
        "0.1.mean",
        "0.1.variance",
        "0.1.normalized",
        "0.1.output",
        "0.1.output_gradient",
        "0.2.0.output",
        "0.2.0.output_gradient",
        "0.2.1.mask",
        "0.2.1.output",
        "0.2.output",
        "0.output",
        "0.output_gradient",
        "1.output",
    ];
    assert_eq!(names, expected);
    let value = |name| model.intermediate(&ws, name).unwrap();
    assert_eq!(value("1.output"), y.into_dyn());
    assert_eq!(value("0.output"), ws.activation(1).unwrap().to_owned().into_dyn());
    assert_eq!(
        value("0.output_gradient"),
        ws.activation_gradient(1).unwrap().to_owned().into_dyn()
    );
    // Dropout: A = M ⊙ Z. BatchNorm: Ẑ = (Z − μ)/√(σ² + ε), and the default γ and β change nothing.
    assert_eq!(value("0.2.1.output"), &value("0.2.1.mask") * &value("0.2.0.output"));
    assert_eq!(value("0.1.normalized"), value("0.1.output"));
    let z = value("0.0.output");
    let (mean, variance) = (value("0.1.mean"), value("0.1.variance"));
    for ((place, &found), c) in value("0.1.normalized").indexed_iter().zip((0..4).cycle()) {
        let expected = (z[&place] - mean[c]) / (variance[c] + 1e-8).sqrt();
        assert!((found - expected).abs() <= 1e-14 * (1.0 + expected.abs()), "{place:?}");
    }

    model.forward(&x, &mut ws, Mode::Eval).unwrap();
    assert!(model.intermediate(&ws, "0.0.output_gradient").is_err(), "of the pass before");
}

#[test]
fn a_sample_norm_shows_its_moments() {
    let norm = layers::LayerNorm::<f64>::new(2).unwrap();
    let model = Sequential::builder(2).push(norm).build().unwrap();
    let mut ws = model.workspace(1).unwrap();
    model.forward(&array![[1.0, 5.0]], &mut ws, Mode::Train).unwrap();
    assert_eq!(model.intermediate(&ws, "0.mean").unwrap(), array![[3.0]].into_dyn());
    let inverse = 1.0 / (4.0 + 1e-5_f64).sqrt();
    assert_eq!(
        model.intermediate(&ws, "0.inverse_deviation").unwrap(),
        array![[inverse]].into_dyn()
    );
    let normalized = array![[-2.0 * inverse, 2.0 * inverse]].into_dyn();
    assert_eq!(model.intermediate(&ws, "0.normalized").unwrap(), normalized);
}
