//! What a layer shows of its tensors: the same ones to whoever reads, writes, trains or asks for
//! gradients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{
    Affine, BatchNorm1d, Dropout, Elu, GroupNorm, InstanceNorm1d, Layer, LayerNorm, LeakyRelu,
    Linear, Mode, PRelu, Relu, RmsNorm, Saved, Softplus,
};
use ndarray::{Array2, array};
use tensor_core::{Kind, Path, Rng, Role};

const WEIGHT: (&str, Kind) = ("weight", Kind::Parameter(Role::Weight));
const NORM: (&str, Kind) = ("weight", Kind::Parameter(Role::Norm));
const BIAS: (&str, Kind) = ("bias", Kind::Parameter(Role::Bias));

/// Names, kinds and values of what a layer shows to a reader.
fn shown<L: Layer<f64>>(layer: &L) -> Vec<(&'static str, Kind, Vec<f64>)> {
    let mut list = Vec::new();
    layer.each_tensor(Path::root(), &mut |path, t| {
        list.push((path.leaf(), t.kind, t.value.iter().copied().collect()));
    });
    list
}

/// A layer of width 4 that shows `expected`.
fn check<L: Layer<f64>>(mut layer: L, expected: &[(&'static str, Kind)]) {
    let names: Vec<_> = shown(&layer).into_iter().map(|(name, kind, _)| (name, kind)).collect();
    assert_eq!(names, expected, "{layer:?}");

    // What is written is what is read.
    let (mut next, mut written) = (1.0, Vec::new());
    layer.each_tensor_mut(Path::root(), &mut |path, mut t| {
        for value in &mut t.value {
            *value = next;
            next += 1.0;
        }
        written.push((path.leaf(), t.value.iter().copied().collect::<Vec<_>>()));
    });
    let read: Vec<_> = shown(&layer).into_iter().map(|(name, _, values)| (name, values)).collect();
    assert_eq!(written, read, "{layer:?}");

    let mut rng = Rng::new(1);
    let x = Array2::from_shape_simple_fn((3, 4), || rng.normal());
    let mut y = Array2::zeros((3, layer.out_features(4).unwrap()));
    let dy = Array2::from_shape_simple_fn(y.dim(), || rng.normal());
    let (mut cache, mut grads) = (layer.cache(3, 4).unwrap(), layer.gradient());
    layer.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
    layer.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, None, &mut grads).unwrap();

    // An optimizer sees the trained ones, beside the gradients that a reader sees.
    let mut gradients = Vec::new();
    grads.each_tensor(Path::root(), &mut |path, t| {
        if t.kind != Kind::Buffer {
            gradients.push((path.leaf(), t.kind, t.value.iter().copied().collect::<Vec<_>>()));
        }
    });
    let mut trained = Vec::new();
    layer.each_parameter(&mut grads, Path::root(), &mut |p| {
        trained.push((p.path.leaf(), Kind::Parameter(p.role), p.value.to_vec(), p.grad.to_vec()));
        p.value.fill(-1.0);
    });
    let beside: Vec<_> = trained.iter().map(|(n, k, _, grad)| (*n, *k, grad.clone())).collect();
    assert_eq!(gradients, beside, "{layer:?}");
    assert!(gradients.iter().all(|(.., g)| g.iter().any(|g| *g != 0.0)), "{layer:?}");
    let parameters = |kind: Kind| matches!(kind, Kind::Parameter(_));
    let values: Vec<_> = trained.into_iter().map(|(name, _, values, _)| (name, values)).collect();
    let mut expected = expected.iter().zip(written).filter(|((_, kind), _)| parameters(*kind));
    assert!(expected.by_ref().map(|(_, written)| written).eq(values), "{layer:?}");
    // It moves them, and nothing else.
    for (name, kind, values) in shown(&layer) {
        assert_eq!(values.iter().all(|v| *v == -1.0), parameters(kind), "{name} of {layer:?}");
    }
}

#[test]
fn readers_writers_and_optimizers_see_the_same_tensors() {
    let mut rng = Rng::new(0);
    check(Linear::new(4, 2, &mut rng).unwrap(), &[WEIGHT, BIAS]);
    check(Linear::from_parts(Array2::ones((3, 4)), None).unwrap(), &[WEIGHT]);
    let buffers = [("running_mean", Kind::Buffer), ("running_var", Kind::Buffer)];
    check(BatchNorm1d::new(4).unwrap(), &[NORM, BIAS, buffers[0], buffers[1]]);
    check(LayerNorm::new(4).unwrap(), &[NORM, BIAS]);
    check(GroupNorm::new(2, 4).unwrap(), &[NORM, BIAS]);
    let affine = Affine::new(2).unwrap();
    check(InstanceNorm1d::new(2, 2).unwrap().with_affine(affine).unwrap(), &[NORM, BIAS]);
    check(InstanceNorm1d::new(2, 2).unwrap(), &[]);
    check(RmsNorm::new(4).unwrap(), &[NORM]);
    check(PRelu::new(4).unwrap(), &[NORM]);
    check(PRelu::default(), &[NORM]);
    check(Relu, &[]);
}

#[test]
fn a_layer_says_what_it_was_given() {
    let slope = LeakyRelu::new(0.25).unwrap().negative_slope();
    let (alpha, beta) = (Elu::new(0.25).unwrap().alpha(), Softplus::new(0.25).unwrap().beta());
    assert_eq!([slope, alpha, beta], [0.25; 3]);
    let dropout = Dropout::new(0.25, 7).unwrap().with_step(9);
    assert_eq!((dropout.p(), dropout.seed(), dropout.step()), (0.25, 7, 9));
    let (weight, bias) = (array![2.0, 3.0, 4.0], array![5.0, 6.0, 7.0]);
    let affine = Affine::from_parts(weight.clone(), Some(bias.clone())).unwrap();
    assert_eq!(
        (affine.channels(), affine.weight(), affine.bias()),
        (3, Some(&weight), Some(&bias))
    );
    let linear =
        Linear::from_parts(array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], Some(bias.clone())).unwrap();
    assert_eq!(
        (linear.weight(), linear.bias()),
        (&*array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], Some(&bias))
    );
}

#[test]
fn a_layer_is_as_wide_as_its_input_unless_it_says_otherwise() {
    assert_eq!(Layer::<f64>::out_features(&Relu, 5), Ok(5));
    assert_eq!(Layer::<f32>::out_features(&Dropout::new(0.5, 0).unwrap(), 7), Ok(7));
}
