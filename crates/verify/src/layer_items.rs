//! The layers, each with the shapes and options that its cases draw from.

use layers::{
    BatchNorm1d, BatchNorm1dConfig, Celu, Dropout, Elu, Gelu, Glu, GroupNorm, GroupNormConfig,
    Hardsigmoid, Hardswish, Identity, InstanceNorm1d, InstanceNorm1dConfig, LayerNorm,
    LayerNormConfig, LeakyRelu, Linear, LinearConfig, LogSoftmax, Mish, PRelu, Relu, RmsNorm,
    RmsNormConfig, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, SwiGlu, Tanh, Threshold,
};

use tensor_core::Float;

use crate::item::{BOTH_MODES, Item, Kind, ONE_MODE, Terms};
use crate::{Draw, LayerSubject};

/// Statistics of two values normalize them to ±1 whatever they are: the gradient is then `ε/σ²` of
/// the terms that it is a difference of, and rounding is all that is left of it. The layers' own
/// tests have that case; here sets are larger.
const FEWEST: usize = 3;

/// A row of the table from an expression that draws `(layer, in_features)`, written once for both
/// types. `$rows` is the smallest number of rows.
macro_rules! layer {
    ($name:literal, $modes:expr, |$draw:ident, $F:ident| $make:expr) => {
        layer!($name, $modes, 1, Terms::Sensitivity, |$draw, $F| $make)
    };
    ($name:literal, $modes:expr, $rows:expr, $terms:expr, |$draw:ident, $F:ident| $make:expr) => {{
        fn make<$F: tensor_core::Float>(
            $draw: &mut Draw,
        ) -> Option<(impl layers::Layer<$F>, usize)> {
            $make
        }
        Item {
            name: $name.to_owned(),
            kind: Kind::Layer,
            modes: $modes,
            terms: $terms,
            single: Box::new(|draw, mode| {
                let (layer, width) = make::<f32>(draw)?;
                let shape = (draw.length_from($rows), width);
                Some(Box::new(LayerSubject::new(layer, shape, mode, draw).ok()?))
            }),
            double: Box::new(|draw, mode| {
                let (layer, width) = make::<f64>(draw)?;
                let shape = (draw.length_from($rows), width);
                Some(Box::new(LayerSubject::new(layer, shape, mode, draw).ok()?))
            }),
        }
    }};
}

/// A width for the layers that keep it.
fn width<L>(draw: &mut Draw, layer: L) -> Option<(L, usize)> {
    Some((layer, draw.length()))
}

fn linear<F: Float>(draw: &mut Draw, bias: bool) -> Option<(Linear<F>, usize)> {
    let (c_in, c_out) = (draw.length(), draw.length());
    let config = LinearConfig { bias, ..LinearConfig::default() };
    Some((Linear::with_config(c_in, c_out, config, draw.rng()).ok()?, c_in))
}

fn batch_norm<F: Float>(
    draw: &mut Draw,
    config: BatchNorm1dConfig,
) -> Option<(BatchNorm1d<F>, usize)> {
    let width = draw.length();
    Some((BatchNorm1d::with_config(width, config).ok()?, width))
}

fn layer_norm<F: Float>(draw: &mut Draw, config: LayerNormConfig) -> Option<(LayerNorm<F>, usize)> {
    let width = draw.length_from(FEWEST);
    Some((LayerNorm::with_config(width, config).ok()?, width))
}

/// Channels in groups, each channel of a few values.
fn group_norm<F: Float>(draw: &mut Draw, affine: bool) -> Option<(GroupNorm<F>, usize)> {
    let (n_groups, in_group, length) =
        (draw.one_of(&[1, 2, 3]), draw.one_of(&[3, 4]), draw.one_of(&[1, 2, 5]));
    let config = GroupNormConfig { length, affine, ..GroupNormConfig::default() };
    let channels = n_groups * in_group;
    Some((GroupNorm::with_config(n_groups, channels, config).ok()?, channels * length))
}

fn instance_norm<F: Float>(draw: &mut Draw, affine: bool) -> Option<(InstanceNorm1d<F>, usize)> {
    let (channels, length) = (draw.one_of(&[1, 2, 3]), draw.length_from(FEWEST));
    let config = InstanceNorm1dConfig { affine, ..InstanceNorm1dConfig::default() };
    Some((InstanceNorm1d::with_config(channels, length, config).ok()?, channels * length))
}

/// With an ε of its own: the default is the type's, so that the two types would compute different
/// functions.
fn rms_norm<F: Float>(draw: &mut Draw, elementwise_affine: bool) -> Option<(RmsNorm<F>, usize)> {
    let width = draw.length_from(2);
    let config = RmsNormConfig { eps: Some(1e-6), elementwise_affine };
    Some((RmsNorm::with_config(width, config).ok()?, width))
}

fn dropout(draw: &mut Draw) -> Option<(Dropout, usize)> {
    let p = draw.one_of(&[0.0, 0.1, 0.5, 0.9]);
    width(draw, Dropout::new(p, 7).ok()?)
}

pub(crate) fn items() -> Vec<Item> {
    let mut items = vec![
        layer!("Linear", ONE_MODE, |draw, F| linear::<F>(draw, true)),
        layer!("Linear(no bias)", ONE_MODE, |draw, F| linear::<F>(draw, false)),
    ];
    items.extend(activations());
    items.extend(gates());
    items.extend(batch_norms());
    items.extend(sample_norms());
    items.push(layer!("Dropout", BOTH_MODES, |draw, F| dropout(draw)));
    items
}

fn activations() -> Vec<Item> {
    vec![
        layer!("Identity", ONE_MODE, |draw, F| width(draw, Identity)),
        layer!("Relu", ONE_MODE, |draw, F| width(draw, Relu)),
        layer!("LeakyRelu", ONE_MODE, |draw, F| width(draw, LeakyRelu::default())),
        layer!("LeakyRelu(-0.5)", ONE_MODE, |draw, F| width(draw, LeakyRelu::new(-0.5).ok()?)),
        layer!("Threshold(0.5, 0)", ONE_MODE, |draw, F| width(
            draw,
            Threshold::new(0.5, 0.0).ok()?
        )),
        layer!("Threshold(-0.5, 2)", ONE_MODE, |draw, F| width(
            draw,
            Threshold::new(-0.5, 2.0).ok()?
        )),
        layer!("Elu", ONE_MODE, |draw, F| width(draw, Elu::default())),
        layer!("Elu(1.5)", ONE_MODE, |draw, F| width(draw, Elu::new(1.5).ok()?)),
        layer!("Celu", ONE_MODE, |draw, F| width(draw, Celu::default())),
        layer!("Celu(0.5)", ONE_MODE, |draw, F| width(draw, Celu::new(0.5).ok()?)),
        layer!("Selu", ONE_MODE, |draw, F| width(draw, Selu)),
        layer!("Sigmoid", ONE_MODE, |draw, F| width(draw, Sigmoid)),
        layer!("Hardsigmoid", ONE_MODE, |draw, F| width(draw, Hardsigmoid)),
        layer!("Tanh", ONE_MODE, |draw, F| width(draw, Tanh)),
        layer!("Softplus", ONE_MODE, |draw, F| width(draw, Softplus::default())),
        layer!("Softplus(3)", ONE_MODE, |draw, F| width(draw, Softplus::new(3.0).ok()?)),
        layer!("Softsign", ONE_MODE, |draw, F| width(draw, Softsign)),
        layer!("Silu", ONE_MODE, |draw, F| width(draw, Silu)),
        layer!("Hardswish", ONE_MODE, |draw, F| width(draw, Hardswish)),
        layer!("Mish", ONE_MODE, |draw, F| width(draw, Mish)),
        layer!("Gelu(exact)", ONE_MODE, |draw, F| width(draw, Gelu::Exact)),
        layer!("Gelu(tanh)", ONE_MODE, |draw, F| width(draw, Gelu::Tanh)),
        layer!("Softmax", ONE_MODE, |draw, F| width(draw, Softmax)),
        layer!("LogSoftmax", ONE_MODE, |draw, F| width(draw, LogSoftmax)),
    ]
}

/// Slopes drawn as the inputs are: 1, or one for each feature.
fn prelu<F: Float>(draw: &mut Draw, each: bool) -> Option<(PRelu<F>, usize)> {
    let width = draw.length();
    let slopes = draw.matrix::<F>(1, if each { width } else { 1 });
    Some((PRelu::from_parts(slopes.row(0).to_owned()).ok()?, width))
}

fn gates() -> Vec<Item> {
    vec![
        layer!("PRelu(one slope)", ONE_MODE, |draw, F| prelu::<F>(draw, false)),
        layer!("PRelu(each feature)", ONE_MODE, |draw, F| prelu::<F>(draw, true)),
        layer!("Glu", ONE_MODE, |draw, F| Some((Glu, 2 * draw.length()))),
        layer!("SwiGlu", ONE_MODE, |draw, F| Some((SwiGlu, 2 * draw.length()))),
    ]
}

fn batch_norms() -> Vec<Item> {
    vec![
        layer!("BatchNorm1d", BOTH_MODES, FEWEST, Terms::Largest, |draw, F| batch_norm(
            draw,
            BatchNorm1dConfig::default()
        )),
        layer!("BatchNorm1d(pytorch)", BOTH_MODES, FEWEST, Terms::Largest, |draw, F| {
            batch_norm(draw, BatchNorm1dConfig::pytorch())
        }),
        layer!("BatchNorm1d(no affine)", BOTH_MODES, FEWEST, Terms::Largest, |draw, F| {
            batch_norm(draw, BatchNorm1dConfig { affine: false, ..BatchNorm1dConfig::default() })
        }),
    ]
}

/// Normalizations of each sample by itself.
fn sample_norms() -> Vec<Item> {
    vec![
        layer!("LayerNorm", ONE_MODE, 1, Terms::Largest, |draw, F| layer_norm(
            draw,
            LayerNormConfig::default()
        )),
        layer!("LayerNorm(no bias)", ONE_MODE, 1, Terms::Largest, |draw, F| {
            layer_norm(draw, LayerNormConfig { bias: false, ..LayerNormConfig::default() })
        }),
        layer!("LayerNorm(no affine)", ONE_MODE, 1, Terms::Largest, |draw, F| {
            let config =
                LayerNormConfig { elementwise_affine: false, ..LayerNormConfig::default() };
            layer_norm(draw, config)
        }),
        layer!("GroupNorm", ONE_MODE, 1, Terms::Largest, |draw, F| group_norm(draw, true)),
        layer!("GroupNorm(no affine)", ONE_MODE, 1, Terms::Largest, |draw, F| group_norm(
            draw, false
        )),
        layer!("InstanceNorm1d", ONE_MODE, 1, Terms::Largest, |draw, F| instance_norm(draw, false)),
        layer!("InstanceNorm1d(affine)", ONE_MODE, 1, Terms::Largest, |draw, F| instance_norm(
            draw, true
        )),
        layer!("RmsNorm", ONE_MODE, 1, Terms::Largest, |draw, F| rms_norm(draw, true)),
        layer!("RmsNorm(no affine)", ONE_MODE, 1, Terms::Largest, |draw, F| {
            rms_norm(draw, false)
        }),
    ]
}
