//! The layers, each with the shapes and options that its cases draw from.

use layers::{
    Elu, Gelu, Identity, LeakyRelu, Linear, LinearConfig, LogSoftmax, Relu, Selu, Sigmoid, Silu,
    Softmax, Softplus, Softsign, Tanh,
};

use crate::items::{Item, Kind, ONE_MODE};
use crate::{Draw, LayerSubject};

/// A row of the table from an expression that draws `(layer, in_features)`, written once for both types.
macro_rules! layer {
    ($name:literal, $modes:expr, |$draw:ident, $F:ident| $make:expr) => {{
        fn make<$F: tensor_core::Float>(
            $draw: &mut Draw,
        ) -> Option<(impl layers::Layer<$F>, usize)> {
            $make
        }
        Item {
            name: $name,
            kind: Kind::Layer,
            modes: $modes,
            single: Box::new(|draw, mode| {
                let (layer, width) = make::<f32>(draw)?;
                Some(Box::new(LayerSubject::new(layer, width, mode, draw).ok()?))
            }),
            double: Box::new(|draw, mode| {
                let (layer, width) = make::<f64>(draw)?;
                Some(Box::new(LayerSubject::new(layer, width, mode, draw).ok()?))
            }),
        }
    }};
}

/// A width for the layers that keep it.
fn width<L>(draw: &mut Draw, layer: L) -> Option<(L, usize)> {
    Some((layer, draw.length()))
}

fn linear<F: tensor_core::Float>(draw: &mut Draw, bias: bool) -> Option<(Linear<F>, usize)> {
    let (c_in, c_out) = (draw.length(), draw.length());
    let config = LinearConfig { bias, ..LinearConfig::default() };
    Some((Linear::with_config(c_in, c_out, config, draw.rng()).ok()?, c_in))
}

pub(crate) fn items() -> Vec<Item> {
    vec![
        layer!("Linear", ONE_MODE, |draw, F| linear::<F>(draw, true)),
        layer!("Linear(no bias)", ONE_MODE, |draw, F| linear::<F>(draw, false)),
        layer!("Identity", ONE_MODE, |draw, F| width(draw, Identity)),
        layer!("Relu", ONE_MODE, |draw, F| width(draw, Relu)),
        layer!("LeakyRelu", ONE_MODE, |draw, F| width(draw, LeakyRelu::default())),
        layer!("LeakyRelu(-0.5)", ONE_MODE, |draw, F| width(draw, LeakyRelu::new(-0.5).ok()?)),
        layer!("Elu", ONE_MODE, |draw, F| width(draw, Elu::default())),
        layer!("Elu(1.5)", ONE_MODE, |draw, F| width(draw, Elu::new(1.5).ok()?)),
        layer!("Selu", ONE_MODE, |draw, F| width(draw, Selu)),
        layer!("Sigmoid", ONE_MODE, |draw, F| width(draw, Sigmoid)),
        layer!("Tanh", ONE_MODE, |draw, F| width(draw, Tanh)),
        layer!("Softplus", ONE_MODE, |draw, F| width(draw, Softplus::default())),
        layer!("Softplus(3)", ONE_MODE, |draw, F| width(draw, Softplus::new(3.0).ok()?)),
        layer!("Softsign", ONE_MODE, |draw, F| width(draw, Softsign)),
        layer!("Silu", ONE_MODE, |draw, F| width(draw, Silu)),
        layer!("Gelu(exact)", ONE_MODE, |draw, F| width(draw, Gelu::Exact)),
        layer!("Gelu(tanh)", ONE_MODE, |draw, F| width(draw, Gelu::Tanh)),
        layer!("Softmax", ONE_MODE, |draw, F| width(draw, Softmax)),
        layer!("LogSoftmax", ONE_MODE, |draw, F| width(draw, LogSoftmax)),
    ]
}
