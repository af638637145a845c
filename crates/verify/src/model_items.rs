//! Models: perceptrons of random depth and widths, the course's, and layers made of layers.

use layers::{BatchNorm1d, Gelu, LayerNorm, Linear, Silu, Tanh};
use models::{Branches, Mlp, Mlp0, Mlp1, Mlp4, Residual, Sequential};
use tensor_core::{Error, Float, Rng};

use crate::item::{BOTH_MODES, Item, Kind, ONE_MODE, Terms};
use crate::{Draw, ModelSubject};

/// A row of the table from a function that draws a model, written once for both types.
macro_rules! model {
    ($name:literal, $modes:expr, $make:ident) => {
        Item {
            name: $name.to_owned(),
            kind: Kind::Model,
            modes: $modes,
            terms: Terms::Chain,
            single: Box::new(|draw, mode| {
                let model = $make::<f32>(draw).ok()?;
                Some(Box::new(ModelSubject::new(model, mode, draw).ok()?))
            }),
            double: Box::new(|draw, mode| {
                let model = $make::<f64>(draw).ok()?;
                Some(Box::new(ModelSubject::new(model, mode, draw).ok()?))
            }),
        }
    };
}

fn seed(draw: &mut Draw) -> u64 {
    draw.rng().next_u64()
}

fn mlp0<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    awake(Mlp0::new(seed(draw))?.into_sequential(), draw)
}

fn mlp1<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    awake(Mlp1::new(seed(draw))?.into_sequential(), draw)
}

fn mlp4<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    awake(Mlp4::new(seed(draw))?.into_sequential(), draw)
}

/// Weights of size 1 and positive biases: with the initial values, most rows of a deep ReLU network
/// with a ReLU behind its output give only zeros, and there is nothing to see.
fn awake<F: Float>(mut model: Sequential<F>, draw: &mut Draw) -> Result<Sequential<F>, Error> {
    let shapes: Vec<_> =
        model.tensors().map(|(name, t)| (name, t.value.shape().to_vec())).collect();
    for (name, shape) in shapes {
        let offset = if shape.len() == 1 { 1.0 } else { 0.0 };
        model.set_tensor(&name, &draw.normal(&shape).mapv(|v| F::of(v + offset)))?;
    }
    Ok(model)
}

fn widths(draw: &mut Draw) -> Vec<usize> {
    let n = 2 + draw.rng().below(3);
    (0..n).map(|_| draw.length()).collect()
}

fn tanh<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    Mlp::new(&widths(draw)).activation(Tanh).seed(seed(draw)).build()
}

fn gelu<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    Mlp::new(&widths(draw)).activation(Gelu::Exact).seed(seed(draw)).build()
}

fn relu<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    Mlp::new(&widths(draw)).seed(seed(draw)).build()
}

/// Without biases and with no width below 3: a normalization takes away the bias in front of it and
/// the size of a single weight, so that their gradients are 0 and rounding is all that is left of
/// them.
fn batch_norm<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    let widths = [0; 3].map(|_| draw.length_from(3));
    let mlp = Mlp::new(&widths).normalization(BatchNorm1d::new).without_bias();
    mlp.activation(Tanh).dropout(0.25).seed(seed(draw)).build()
}

/// Rows of two values normalize to ±1; hidden layers are wider here.
fn layer_norm<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    let widths = [draw.length(), draw.length_from(3), draw.length_from(3), draw.length()];
    Mlp::new(&widths).normalization(LayerNorm::new).activation(Silu).seed(seed(draw)).build()
}

/// A block whose input is added to its output, between two Linear layers.
fn residual<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    let (input, width, output) = (draw.length(), draw.length(), draw.length());
    let mut rng = Rng::new(seed(draw));
    let block = Mlp::new(&[width, draw.length(), width]).activation(Tanh).seed(seed(draw));
    Sequential::builder(input)
        .push(Linear::new(input, width, &mut rng)?)
        .push(Residual::new(block.build()?)?)
        .push(Linear::new(width, output, &mut rng)?)
        .build()
}

/// Two branches whose columns overlap in one, beside a model whose own layers keep something:
/// dropout and batch statistics.
fn branches<F: Float>(draw: &mut Draw) -> Result<Sequential<F>, Error> {
    let (left, right) = (draw.length(), draw.length());
    let mut rng = Rng::new(seed(draw));
    let widths = [right + 1, draw.length_from(3), draw.length()];
    let deep = Mlp::new(&widths).normalization(BatchNorm1d::new).without_bias();
    let deep = deep.activation(Tanh).dropout(0.25).seed(seed(draw)).build()?;
    let features = left + right;
    let first = Linear::new(left, draw.length(), &mut rng)?;
    let both = Branches::builder(features).branch(0..left, first).branch(left - 1..features, deep);
    let both = both.build()?;
    let width = both.output(1).map_or(0, |columns| columns.end);
    let last = Linear::new(width, draw.length(), &mut rng)?;
    Sequential::builder(features).push(both).push(last).build()
}

pub(crate) fn items() -> Vec<Item> {
    vec![
        model!("Mlp0", ONE_MODE, mlp0),
        model!("Mlp1", ONE_MODE, mlp1),
        model!("Mlp4", ONE_MODE, mlp4),
        model!("Mlp(relu)", ONE_MODE, relu),
        model!("Mlp(tanh)", ONE_MODE, tanh),
        model!("Mlp(gelu)", ONE_MODE, gelu),
        model!("Mlp(batch norm, dropout)", BOTH_MODES, batch_norm),
        model!("Mlp(layer norm)", ONE_MODE, layer_norm),
        model!("Residual", ONE_MODE, residual),
        model!("Branches(batch norm, dropout)", BOTH_MODES, branches),
    ]
}
