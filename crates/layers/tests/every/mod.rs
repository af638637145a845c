//! Every layer with its options: one list for all tests that hold of all layers.

#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part of it, and panics")]

use layers::{
    BatchNorm1d, BatchNorm1dConfig, Celu, Dropout, Elu, Gelu, Glu, GroupNorm, GroupNormConfig,
    Hardsigmoid, Hardswish, Identity, InstanceNorm1d, InstanceNorm1dConfig, Layer, LayerNorm,
    LayerNormConfig, LeakyRelu, Linear, LinearConfig, LogSoftmax, Mish, Mode, PRelu, Relu, RmsNorm,
    RmsNormConfig, Saved, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, SwiGlu, Tanh,
    Threshold,
};
use ndarray::{Array1, Array2, ArrayRef2, ShapeBuilder};
use tensor_core::{Error, Float, Init, Kind, Path, Rng};

/// Whoever looks at every layer.
pub(crate) trait Visit {
    /// `make(k)` is a layer for `k·width` features.
    fn visit<F: Float, L: Layer<F>>(
        &mut self,
        name: &'static str,
        make: impl Fn(usize) -> Result<L, Error>,
        width: usize,
    );
}

/// Shows every layer, in a type. A new layer is a line here: the first word of its name is its
/// type.
pub(crate) fn each<F: Float>(v: &mut impl Visit) {
    v.visit::<F, _>("Linear", |k| Linear::new(5 * k, 3, &mut Rng::new(1)), 5);
    v.visit::<F, _>("Linear, no bias", without_bias, 5);
    activations::<F>(v);
    v.visit::<F, _>("PRelu", |k| PRelu::new(6 * k), 6);
    v.visit::<F, _>("PRelu, one slope", |_| Ok(PRelu::default()), 6);
    v.visit::<F, _>("Glu", |_| Ok(Glu), 6);
    v.visit::<F, _>("SwiGlu", |_| Ok(SwiGlu), 6);
    v.visit::<F, _>("BatchNorm1d", |k| BatchNorm1d::new(6 * k), 6);
    v.visit::<F, _>("BatchNorm1d, no affine", plain_batch_norm, 6);
    v.visit::<F, _>("LayerNorm", |k| LayerNorm::new(6 * k), 6);
    v.visit::<F, _>("LayerNorm, no affine", plain_layer_norm, 6);
    v.visit::<F, _>("GroupNorm", |k| GroupNorm::new(2, 6 * k), 6);
    v.visit::<F, _>("GroupNorm, length 3", |k| long_group_norm(k, true), 12);
    v.visit::<F, _>("GroupNorm, no affine", |k| long_group_norm(k, false), 12);
    v.visit::<F, _>("InstanceNorm1d", |k| InstanceNorm1d::new(2 * k, 3), 6);
    v.visit::<F, _>("InstanceNorm1d, affine", affine_instance_norm, 6);
    v.visit::<F, _>("RmsNorm", |k| RmsNorm::new(6 * k), 6);
    v.visit::<F, _>("RmsNorm, no affine", plain_rms_norm, 6);
    v.visit::<F, _>("Dropout", |_| Dropout::new(0.5, 7), 6);
}

/// Shows every activation, in a type.
pub(crate) fn activations<F: Float>(v: &mut impl Visit) {
    v.visit::<F, _>("Identity", |_| Ok(Identity), 6);
    v.visit::<F, _>("Relu", |_| Ok(Relu), 6);
    v.visit::<F, _>("LeakyRelu", |_| Ok(LeakyRelu::default()), 6);
    v.visit::<F, _>("LeakyRelu, slope 0", |_| LeakyRelu::new(0.0), 6);
    v.visit::<F, _>("LeakyRelu, slope 3e38", |_| LeakyRelu::new(3e38), 6);
    v.visit::<F, _>("Elu", |_| Ok(Elu::default()), 6);
    v.visit::<F, _>("Elu, alpha 3e38", |_| Elu::new(3e38), 6);
    v.visit::<F, _>("Celu", |_| Ok(Celu::default()), 6);
    v.visit::<F, _>("Celu, alpha 3e38", |_| Celu::new(3e38), 6);
    v.visit::<F, _>("Celu, alpha 1.2e-38", |_| Celu::new(1.2e-38), 6);
    v.visit::<F, _>("Selu", |_| Ok(Selu), 6);
    v.visit::<F, _>("Sigmoid", |_| Ok(Sigmoid), 6);
    v.visit::<F, _>("Tanh", |_| Ok(Tanh), 6);
    v.visit::<F, _>("Softplus", |_| Ok(Softplus::default()), 6);
    v.visit::<F, _>("Softplus, beta 3e38", |_| Softplus::new(3e38), 6);
    v.visit::<F, _>("Softplus, beta 1.2e-38", |_| Softplus::new(1.2e-38), 6);
    v.visit::<F, _>("Softsign", |_| Ok(Softsign), 6);
    v.visit::<F, _>("Silu", |_| Ok(Silu), 6);
    v.visit::<F, _>("Gelu", |_| Ok(Gelu::Exact), 6);
    v.visit::<F, _>("Gelu, tanh", |_| Ok(Gelu::Tanh), 6);
    v.visit::<F, _>("Mish", |_| Ok(Mish), 6);
    v.visit::<F, _>("Hardswish", |_| Ok(Hardswish), 6);
    v.visit::<F, _>("Hardsigmoid", |_| Ok(Hardsigmoid), 6);
    v.visit::<F, _>("Threshold", |_| Threshold::new(0.5, 0.0), 6);
    v.visit::<F, _>("Softmax", |_| Ok(Softmax), 6);
    v.visit::<F, _>("LogSoftmax", |_| Ok(LogSoftmax), 6);
}

fn without_bias<F: Float>(k: usize) -> Result<Linear<F>, Error> {
    let config = LinearConfig { bias: false, init: Init::default() };
    Linear::with_config(5 * k, 3, config, &mut Rng::new(2))
}

fn plain_batch_norm<F: Float>(k: usize) -> Result<BatchNorm1d<F>, Error> {
    let config = BatchNorm1dConfig { affine: false, ..BatchNorm1dConfig::pytorch() };
    BatchNorm1d::with_config(6 * k, config)
}

fn plain_layer_norm<F: Float>(k: usize) -> Result<LayerNorm<F>, Error> {
    let config = LayerNormConfig { elementwise_affine: false, ..Default::default() };
    LayerNorm::with_config(6 * k, config)
}

fn long_group_norm<F: Float>(k: usize, affine: bool) -> Result<GroupNorm<F>, Error> {
    let config = GroupNormConfig { length: 3, affine, ..Default::default() };
    GroupNorm::with_config(2, 4 * k, config)
}

fn affine_instance_norm<F: Float>(k: usize) -> Result<InstanceNorm1d<F>, Error> {
    let config = InstanceNorm1dConfig { affine: true, ..Default::default() };
    InstanceNorm1d::with_config(2 * k, 3, config)
}

fn plain_rms_norm<F: Float>(k: usize) -> Result<RmsNorm<F>, Error> {
    RmsNorm::with_config(6 * k, RmsNormConfig { elementwise_affine: false, ..Default::default() })
}

/// Numbers around 0 of both signs.
pub(crate) fn normal<F: Float>(shape: (usize, usize), rng: &mut Rng) -> Array2<F> {
    Array2::from_shape_simple_fn(shape, || F::of(rng.normal()))
}

/// Gives every parameter random values; running variances positive ones.
pub(crate) fn fill<F: Float, L: Layer<F>>(layer: &mut L, rng: &mut Rng) {
    layer.each_tensor_mut(Path::root(), &mut |path, mut t| {
        let positive = path.leaf() == "running_var";
        let draw = |x: f64| F::of(if positive { 0.5 + x.abs() } else { x });
        t.value.iter_mut().for_each(|value| *value = draw(rng.normal()));
    });
}

/// Everything that a layer computes: its output, and all gradients.
pub(crate) struct Results<F> {
    pub(crate) y: Array2<F>,
    pub(crate) dx: Array2<F>,
    pub(crate) parameters: Array1<F>,
}

impl<F: Float> Results<F> {
    /// All numbers, with where they stand.
    pub(crate) fn all(&self) -> Vec<(&'static str, F)> {
        let y = self.y.iter().map(|&v| ("y", v));
        let dx = self.dx.iter().map(|&v| ("dx", v));
        y.chain(dx).chain(self.parameters.iter().map(|&v| ("parameter", v))).collect()
    }
}

/// A value of a matrix, but in memory with gaps, by columns, or backward.
pub(crate) fn laid_out<F: Float>(x: &ArrayRef2<F>, layout: usize) -> Array2<F> {
    let (n, c) = x.dim();
    let mut other = match layout {
        0 => return x.to_owned(),
        1 => Array2::from_elem((n, c).f(), F::nan()),
        // Every second column, and the rows backward.
        2 => {
            let mut wide = Array2::from_elem((n, 2 * c), F::nan());
            wide.invert_axis(ndarray::Axis(0));
            wide.slice_collapse(ndarray::s![.., ..;2]);
            wide
        }
        // Rows with a gap behind them.
        _ => {
            let mut wide = Array2::from_elem((n, c + 3), F::nan());
            wide.slice_collapse(ndarray::s![.., 1..=c]);
            wide
        }
    };
    other.assign(x);
    other
}

/// Rows of all batches here.
pub(crate) const ROWS: usize = 5;

/// Forward and backward, from memory full of sevens.
pub(crate) fn run<F: Float, L: Layer<F>>(
    layer: &L,
    x: &ArrayRef2<F>,
    dy: &ArrayRef2<F>,
    mode: Mode,
    layouts: [usize; 2],
) -> Result<Results<F>, Error> {
    let sevens = |shape| Array2::from_elem(shape, F::of(7.0));
    let mut y = laid_out(&sevens(dy.dim()), layouts[0]);
    let mut dx = laid_out(&sevens(x.dim()), layouts[1]);
    let (mut cache, mut grads) = (layer.cache(x.nrows(), x.ncols())?, layer.gradient());
    layer.forward(x, &mut y, &mut cache, mode)?;
    layer.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads)?;
    let mut parameters = Vec::new();
    grads.each_tensor(Path::root(), &mut |_, t| {
        if t.kind != Kind::Buffer {
            parameters.extend(t.value.iter().copied());
        }
    });
    Ok(Results { y, dx, parameters: parameters.into() })
}

/// A layer with random parameters, a batch and the gradient of its output.
pub(crate) fn case<F: Float, L: Layer<F>>(
    make: &impl Fn(usize) -> Result<L, Error>,
    width: usize,
    seed: u64,
) -> (L, Array2<F>, Array2<F>) {
    let (mut layer, mut rng) = (make(1).unwrap(), Rng::new(seed));
    fill(&mut layer, &mut rng);
    let out = layer.out_features(width).unwrap();
    let (x, dy) = (normal((ROWS, width), &mut rng), normal((ROWS, out), &mut rng));
    (layer, x, dy)
}

/// Shows every layer in both types.
pub(crate) fn both(v: &mut impl Visit) {
    each::<f64>(v);
    each::<f32>(v);
}
