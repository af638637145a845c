//! Analytic gradients of the normalization layers and of Dropout against central differences: random shapes, parameters and
//! inputs in f64, both modes, with the input's gradient and without.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use gradcheck::{compare, numerical_gradient};
use layers::{
    BatchNorm1d, BatchNorm1dConfig, Dropout, GroupNorm, GroupNormConfig, InstanceNorm1d,
    InstanceNorm1dConfig, Layer, LayerNorm, LayerNormConfig, Mode, RmsNorm, RmsNormConfig, Saved,
};
use ndarray::{Array2, ArrayD, ArrayRef2};
use proptest::prelude::*;
use tensor_core::{Kind, Rng};

/// Central differences are off by `u^(2/3)`, 4e-11, of the function, which may be ten times its gradient, and of its third
/// derivative; the checker measures elements below a hundredth of the largest by that hundredth.
const RTOL: f64 = 1e-7;
/// Keeps the third derivative near 1: it grows as `ε^(−3/2)`.
const EPS: f64 = 1.0;

/// `Σ dy ⊙ f(x)`: the scalar whose gradient for `x` is what backward makes of `dy`.
fn scalar<L: Layer<f64>>(layer: &L, x: &ArrayRef2<f64>, dy: &Array2<f64>, mode: Mode) -> f64 {
    let (mut y, mut cache) = (Array2::zeros(dy.dim()), layer.cache(x.nrows(), x.ncols()));
    layer.forward(x, &mut y, &mut cache, mode).unwrap();
    (&y * dy).sum()
}

/// Fills parameters with numbers around 0, buffers with positive ones.
fn randomize<L: Layer<f64>>(layer: &mut L, rng: &mut Rng) {
    let mut buffers = Vec::new();
    layer.tensors(&mut |t| buffers.push(t.kind == Kind::Buffer));
    let mut buffers = buffers.into_iter();
    layer.tensors_mut(&mut |mut t| {
        let buffer = buffers.next().unwrap();
        t.value.mapv_inplace(|_| if buffer { 0.5 + rng.uniform() } else { rng.normal() });
    });
}

fn check<L: Layer<f64>>(mut layer: L, rows: usize, columns: usize, seed: u64) {
    let mut rng = Rng::new(seed);
    randomize(&mut layer, &mut rng);
    let x = Array2::from_shape_simple_fn((rows, columns), || 0.5 + rng.normal());
    let dy = Array2::from_shape_simple_fn((rows, columns), || rng.normal());
    for mode in [Mode::Train, Mode::Eval] {
        let place = format!("{layer:?}, ({rows}, {columns}), {mode:?}");
        let nan = || Array2::from_elem((rows, columns), f64::NAN);
        let (mut y, mut dx, mut cache) = (nan(), nan(), layer.cache(rows, columns));
        let (mut grads, mut grads_alone) = (layer.grads(), layer.grads());
        layer.forward(&x, &mut y, &mut cache, mode).unwrap();
        layer.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, Some(&mut dx), &mut grads);
        layer.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, None, &mut grads_alone);

        let numeric = numerical_gradient(|x| scalar(&layer, x, &dy, mode), &x);
        compare(&dx, &numeric, RTOL).unwrap_or_else(|e| panic!("dx: {e} in {place}"));

        let values = |grads: &L::Grads| {
            let mut list: Vec<(&str, ArrayD<f64>)> = Vec::new();
            layer.gradients(grads, &mut |t| list.push((t.name, t.value.to_owned())));
            list
        };
        assert_eq!(values(&grads), values(&grads_alone), "without dx, in {place}");
        let mut parameters: Vec<(&str, ArrayD<f64>)> = Vec::new();
        layer.tensors(&mut |t| {
            if t.kind != Kind::Buffer {
                parameters.push((t.name, t.value.to_owned()));
            }
        });
        assert_eq!(parameters.len(), values(&grads).len());
        for ((name, value), (_, analytic)) in parameters.iter().zip(values(&grads)) {
            let at = |moved: &ndarray::ArrayRef<f64, ndarray::IxDyn>| {
                let mut other = layer.clone();
                other.tensors_mut(&mut |mut t| {
                    if t.name == *name {
                        t.value.assign(moved);
                    }
                });
                scalar(&other, &x, &dy, mode)
            };
            let numeric = numerical_gradient(at, value);
            compare(&analytic, &numeric, RTOL).unwrap_or_else(|e| panic!("{name}: {e} in {place}"));
        }
        if mode == Mode::Eval {
            let mut inferred = nan();
            layer.infer(&x, &mut inferred);
            assert_eq!(inferred, y, "infer and evaluation differ in {place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn batch_norm(rows in 2_usize..9, columns in 1_usize..6, affine: bool, seed: u64) {
        let config = BatchNorm1dConfig { eps: EPS, affine, ..Default::default() };
        check(BatchNorm1d::with_config(columns, config).unwrap(), rows, columns, seed);
    }

    #[test]
    fn layer_norm(rows in 1_usize..5, columns in 1_usize..9, kind in 0_usize..3, seed: u64) {
        let config = LayerNormConfig { eps: EPS, elementwise_affine: kind > 0, bias: kind > 1 };
        check(LayerNorm::with_config(columns, config).unwrap(), rows, columns, seed);
    }

    #[test]
    fn group_norm(
        rows in 1_usize..4,
        (n_groups, in_group) in (1_usize..4, 1_usize..4),
        length in 1_usize..4,
        affine: bool,
        seed: u64,
    ) {
        let (channels, config) = (n_groups * in_group, GroupNormConfig { length, eps: EPS, affine });
        let norm = GroupNorm::with_config(n_groups, channels, config).unwrap();
        check(norm, rows, channels * length, seed);
    }

    #[test]
    fn instance_norm(
        rows in 1_usize..4,
        channels in 1_usize..4,
        length in 2_usize..6,
        affine: bool,
        seed: u64,
    ) {
        let config = InstanceNorm1dConfig { eps: EPS, affine };
        let norm = InstanceNorm1d::with_config(channels, length, config).unwrap();
        check(norm, rows, channels * length, seed);
    }

    #[test]
    fn rms_norm(rows in 1_usize..5, columns in 1_usize..9, affine: bool, seed: u64) {
        let config = RmsNormConfig { eps: Some(EPS), elementwise_affine: affine };
        check(RmsNorm::with_config(columns, config).unwrap(), rows, columns, seed);
    }

    #[test]
    fn dropout(rows in 1_usize..6, columns in 1_usize..9, p in 0.0..0.95, seed: u64) {
        check(Dropout::new(p, seed).unwrap(), rows, columns, seed);
    }
}
