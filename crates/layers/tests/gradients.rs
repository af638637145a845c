//! Every layer's backward pass against central differences of its forward pass.
//!
//! The loss is `L = Σ dy ⊙ y` with a random `dy`, so that `dL/dx` is what `backward` returns for that `dy`. Shapes are random
//! in 1..=9, values normal: no round numbers, no upstream gradient of 1.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use gradcheck::{compare, numerical_gradient};
use layers::{
    Elu, Gelu, Identity, Layer, LeakyRelu, Linear, LinearConfig, LogSoftmax, Relu, Selu, Sigmoid,
    Silu,
};
use layers::{Mode, Saved, Softmax, Softplus, Tanh};
use ndarray::{Array2, ArrayD, ArrayRef2, Zip};
use proptest::prelude::*;
use tensor_core::Rng;

/// Central differences with a step of 6e-6 reach about 1e-9 of a gradient of size 1.
const RTOL: f64 = 1e-6;

/// Farther than a step from the kink of the piecewise ones.
fn away_from_zero(x: f64) -> f64 {
    if x.abs() < 1e-3 { x + 0.01 } else { x }
}

fn normal(rng: &mut Rng, rows: usize, cols: usize) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, cols), || away_from_zero(rng.normal()))
}

/// `Σ dy ⊙ y` after a forward pass.
fn loss<L: Layer<f64>>(layer: &L, x: &ArrayRef2<f64>, dy: &ArrayRef2<f64>) -> f64 {
    let mut y = Array2::from_elem(dy.dim(), f64::NAN);
    layer.forward(x, &mut y, &mut layer.cache(x.nrows(), x.ncols()), Mode::Train).unwrap();
    Zip::from(&y).and(dy).fold(0.0, |sum, y, dy| sum + y * dy)
}

fn check<L: Layer<f64>>(layer: &L, n: usize, in_features: usize, seed: u64) {
    let mut rng = Rng::with_stream(seed, 1);
    let x = normal(&mut rng, n, in_features);
    let dy = normal(&mut rng, n, layer.out_features(in_features).unwrap());
    let nan = |shape: &Array2<f64>| Array2::from_elem(shape.dim(), f64::NAN);
    let (mut y, mut dx) = (nan(&dy), nan(&x));
    let mut cache = layer.cache(n, in_features);
    layer.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();

    // With dx wanted and not: the same gradients for the parameters.
    let mut grads = [layer.grads(), layer.grads()];
    layer.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, Some(&mut dx), &mut grads[0]);
    layer.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, None, &mut grads[1]);
    let named = grads.each_ref().map(|grads| {
        let mut list = Vec::new();
        layer.gradients(grads, &mut |t| list.push((t.name, t.value.to_owned())));
        list
    });
    assert_eq!(named[0], named[1], "seed {seed}: {layer:?} depends on whether dx is wanted");

    let numeric = numerical_gradient(|x| loss(layer, x, &dy), &x);
    if let Err(mismatch) = compare(&dx, &numeric, RTOL) {
        panic!("seed {seed}, {n} × {in_features}: {layer:?}, dx: {mismatch}");
    }
    for (name, analytic) in &named[0] {
        let numeric = numerical_gradient(
            |value| loss(&with_tensor(layer, name, value), &x, &dy),
            &tensor(layer, name),
        );
        if let Err(mismatch) = compare(analytic, &numeric, RTOL) {
            panic!("seed {seed}, {n} × {in_features}: {layer:?}, {name}: {mismatch}");
        }
    }
}

fn tensor<L: Layer<f64>>(layer: &L, name: &str) -> ArrayD<f64> {
    let mut found = None;
    layer.tensors(&mut |t| {
        found = if t.name == name { Some(t.value.to_owned()) } else { found.take() }
    });
    found.unwrap()
}

fn with_tensor<L: Layer<f64>>(layer: &L, name: &str, value: &ndarray::ArrayRefD<f64>) -> L {
    let mut layer = layer.clone();
    layer.tensors_mut(&mut |mut t| {
        if t.name == name {
            t.value.assign(value);
        }
    });
    layer
}

proptest! {
    #[test]
    fn linear(n in 1_usize..=9, c_in in 1_usize..=9, c_out in 1_usize..=9, bias: bool, seed: u64) {
        let config = LinearConfig { bias, ..LinearConfig::default() };
        check(&Linear::with_config(c_in, c_out, config, &mut Rng::new(seed)).unwrap(), n, c_in, seed);
    }

    #[test]
    fn activations(n in 1_usize..=9, c in 1_usize..=9, seed: u64) {
        check(&Identity, n, c, seed);
        check(&Relu, n, c, seed);
        check(&LeakyRelu::default(), n, c, seed);
        check(&LeakyRelu::new(-0.5).unwrap(), n, c, seed);
        check(&Elu::default(), n, c, seed);
        check(&Elu::new(1.5).unwrap(), n, c, seed);
        check(&Selu, n, c, seed);
        check(&Sigmoid, n, c, seed);
        check(&Tanh, n, c, seed);
        check(&Softplus::default(), n, c, seed);
        check(&Softplus::new(3.0).unwrap(), n, c, seed);
        check(&Silu, n, c, seed);
        check(&Gelu::Exact, n, c, seed);
        check(&Gelu::Tanh, n, c, seed);
        check(&Softmax, n, c, seed);
        check(&LogSoftmax, n, c, seed);
    }
}
