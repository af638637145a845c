//! Every layer's training passes at 128×512 in `f32`: `forward`, and `backward` with the input's
//! gradient.
//!
//! The bytes of an item are those that a pass has to touch: `x` and `y` forward; `dy`, `x` or `y`,
//! and `dx` backward.

#![expect(clippy::unwrap_used, reason = "a refused call measures nothing")]

#[path = "../../kernels/benches/support/data.rs"]
mod data;
#[path = "../../kernels/benches/support/suite.rs"]
mod suite;

use criterion::Criterion;
use data::uniform;
use layers::{
    BatchNorm1d, Celu, Dropout, Elu, Gelu, Glu, GroupNorm, Hardsigmoid, Hardswish, Identity,
    InstanceNorm1d, Layer, LayerNorm, LeakyRelu, Linear, LogSoftmax, Mish, Mode, PRelu, Relu,
    RmsNorm, Saved, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, SwiGlu, Tanh, Threshold,
};
use ndarray::Array2;
use suite::{Item, measure};
use tensor_core::Rng;

const ROWS: usize = 128;
const WIDTH: usize = 512;
/// Groups, or channels, of the normalizations that have them.
const CHANNELS: usize = 32;

fn main() {
    let mut criterion = suite::criterion();
    let c = &mut criterion;
    let product = 2 * (ROWS * WIDTH * WIDTH) as u64;
    let linear = || Linear::new(WIDTH, WIDTH, &mut Rng::new(1)).unwrap();
    passes(c, "Linear", [product, 2 * product], linear);
    plain(c, "Identity", || Identity);
    plain(c, "Relu", || Relu);
    plain(c, "LeakyRelu", LeakyRelu::default);
    plain(c, "Threshold", || Threshold::new(0.1, 0.0).unwrap());
    plain(c, "Elu", Elu::default);
    plain(c, "Celu", Celu::default);
    plain(c, "Selu", || Selu);
    plain(c, "Sigmoid", || Sigmoid);
    plain(c, "Hardsigmoid", || Hardsigmoid);
    plain(c, "Tanh", || Tanh);
    plain(c, "Softplus", Softplus::default);
    plain(c, "Softsign", || Softsign);
    plain(c, "Silu", || Silu);
    plain(c, "Hardswish", || Hardswish);
    plain(c, "Mish", || Mish);
    plain(c, "Gelu::Exact", || Gelu::Exact);
    plain(c, "Gelu::Tanh", || Gelu::Tanh);
    plain(c, "PRelu", || PRelu::new(WIDTH).unwrap());
    plain(c, "PRelu (one slope)", PRelu::default);
    plain(c, "Glu", || Glu);
    plain(c, "SwiGlu", || SwiGlu);
    plain(c, "Softmax", || Softmax);
    plain(c, "LogSoftmax", || LogSoftmax);
    plain(c, "BatchNorm1d", || BatchNorm1d::new(WIDTH).unwrap());
    plain(c, "LayerNorm", || LayerNorm::new(WIDTH).unwrap());
    plain(c, "GroupNorm", || GroupNorm::new(CHANNELS, WIDTH).unwrap());
    plain(c, "InstanceNorm1d", || InstanceNorm1d::new(CHANNELS, WIDTH / CHANNELS).unwrap());
    plain(c, "RmsNorm", || RmsNorm::new(WIDTH).unwrap());
    plain(c, "Dropout", || Dropout::new(0.5, 7).unwrap());
    criterion.final_summary();
}

/// A layer without a product.
fn plain<L: Layer<f32>>(criterion: &mut Criterion, name: &str, make: impl Fn() -> L) {
    passes(criterion, name, [0, 0], make);
}

/// Both passes of a layer, with the operations of their products.
fn passes<L: Layer<f32>>(
    criterion: &mut Criterion,
    name: &str,
    [forward, backward]: [u64; 2],
    make: impl Fn() -> L,
) {
    let array = (size_of::<f32>() * ROWS * WIDTH) as u64;
    let weights = if forward > 0 { (size_of::<f32>() * WIDTH * WIDTH) as u64 } else { 0 };
    let item = |pass: &str, flop, bytes| {
        let shape = format!("{ROWS}×{WIDTH}{}", if flop > 0 { "→512" } else { "" });
        Item { group: pass.into(), name: format!("{name} {shape}"), flop, bytes }
    };
    measure(
        criterion,
        item("forward", forward, 2 * array + weights),
        || Pass::new(make()),
        |pass| pass.forward(),
    );
    measure(
        criterion,
        item("backward", backward, 3 * array + 2 * weights),
        || {
            let mut pass = Pass::new(make());
            pass.forward();
            pass
        },
        |pass| pass.backward(),
    );
}

/// A layer with all that its passes read and write.
struct Pass<L: Layer<f32>> {
    layer: L,
    cache: L::Cache,
    grads: L,
    x: Array2<f32>,
    y: Array2<f32>,
    dy: Array2<f32>,
    dx: Array2<f32>,
}

impl<L: Layer<f32>> Pass<L> {
    fn new(layer: L) -> Self {
        let random = |width, seed| Array2::from_shape_simple_fn((ROWS, width), uniform(seed));
        let out = layer.out_features(WIDTH).unwrap();
        Self {
            cache: layer.cache(ROWS, WIDTH).unwrap(),
            grads: layer.gradient(),
            layer,
            x: random(WIDTH, 1),
            y: random(out, 2),
            dy: random(out, 3),
            dx: random(WIDTH, 4),
        }
    }

    fn forward(&mut self) {
        self.layer.forward(&self.x, &mut self.y, &mut self.cache, Mode::Train).unwrap();
    }

    fn backward(&mut self) {
        let saved = Saved { x: &self.x, y: &self.y, cache: &mut self.cache };
        self.layer.backward(saved, &self.dy, Some(&mut self.dx), &mut self.grads).unwrap();
    }
}
