//! Every layer, with a configuration drawn, beside its plain form: a line each.

use layers::{
    Affine, BatchNorm1d, BatchNorm1dConfig, Celu, Dropout, Elu, Gelu, Glu, GroupNorm,
    GroupNormConfig, Hardsigmoid, Hardswish, Identity, InstanceNorm1d, InstanceNorm1dConfig, Layer,
    LayerNorm, LayerNormConfig, LeakyRelu, Linear, LinearConfig, LogSoftmax, Mish, PRelu, Relu,
    RmsNorm, RmsNormConfig, Selu, Sigmoid, Silu, Softmax, Softplus, Softsign, SwiGlu, Tanh,
    Threshold,
};
use ndarray::{Array1, Array2};
use tensor_core::{Float, Init, Rng};

use crate::case::Case;
use crate::plain_layers::{self as plain, Plain};

/// What is done with a layer, whichever it is.
pub(crate) trait Take<F: Float> {
    type Output;

    fn take<L: Layer<F>>(self, case: &mut Case, layer: L, plain: Plain) -> Self::Output;
}

/// A function that makes the layer of a name, for an input of some width, and hands it over; `None`
/// if the configuration that was drawn is refused.
macro_rules! table {
    ($($name:ident: |$case:ident, $width:ident, $F:ident| $make:expr;)*) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        pub(crate) fn make<F: Float, T: Take<F>>(
            name: &str,
            case: &mut Case,
            width: usize,
            take: T,
        ) -> Option<T::Output> {
            $(if name == stringify!($name) {
                fn draw<$F: Float>($case: &mut Case, $width: usize) -> Option<(impl Layer<$F>, Plain)> {
                    $make
                }
                case.about(format!("{name}<{}>", F::NAME));
                let (layer, plain) = draw::<F>(case, width)?;
                case.note(|| format!("{layer:?}"));
                return Some(take.take(case, layer, plain));
            })*
            None
        }
    };
}

table! {
    Linear: |case, width, F| linear::<F>(case, width);
    Identity: |_case, _width, F| Some((Identity, plain::map(plain::identity)));
    Relu: |_case, _width, F| Some((Relu, plain::map(plain::relu)));
    LeakyRelu: |case, _width, F| {
        let slope = case.draw.setting(&[0.01, 0.5, -0.5, 0.0, 1.0]);
        let layer = case.attempt("LeakyRelu::new", || LeakyRelu::new(slope))?;
        Some((layer, plain::map(move |z| plain::leaky_relu(z, slope))))
    };
    Elu: |case, _width, F| {
        let alpha = case.draw.setting(&[1.0, 0.5, 2.0, -1.0]);
        let layer = case.attempt("Elu::new", || Elu::new(alpha))?;
        Some((layer, plain::map(move |z| plain::elu(z, alpha))))
    };
    Selu: |_case, _width, F| Some((Selu, plain::map(plain::selu)));
    Sigmoid: |_case, _width, F| Some((Sigmoid, plain::map(plain::sigmoid)));
    Tanh: |_case, _width, F| Some((Tanh, plain::map(plain::tanh)));
    Softplus: |case, _width, F| {
        let beta = case.draw.setting(&[1.0, 3.0, 0.1, 20.0]);
        let layer = case.attempt("Softplus::new", || Softplus::new(beta))?;
        Some((layer, plain::map(move |z| plain::softplus(z, beta))))
    };
    Softsign: |_case, _width, F| Some((Softsign, plain::map(plain::softsign)));
    Silu: |_case, _width, F| Some((Silu, plain::map(plain::silu)));
    Gelu: |case, _width, F| Some(match case.draw.once_in(2) {
        true => (Gelu::Exact, plain::map(plain::gelu)),
        false => (Gelu::Tanh, plain::map(plain::gelu_tanh)),
    });
    Celu: |case, _width, F| {
        let alpha = case.draw.setting(&[1.0, 0.5, 2.0]);
        let layer = case.attempt("Celu::new", || Celu::new(alpha))?;
        Some((layer, plain::map(move |z| plain::celu(z, alpha))))
    };
    Hardsigmoid: |_case, _width, F| Some((Hardsigmoid, plain::map(plain::hardsigmoid)));
    Hardswish: |_case, _width, F| Some((Hardswish, plain::map(plain::hardswish)));
    Mish: |_case, _width, F| Some((Mish, plain::map(plain::mish)));
    Threshold: |case, _width, F| {
        let (least, value) = (case.draw.setting(&[0.0, 1.0]), case.draw.setting(&[0.0, -1.0]));
        let layer = case.attempt("Threshold::new", || Threshold::new(least, value))?;
        Some((layer, plain::map(move |z| plain::threshold(z, least, value))))
    };
    PRelu: |case, width, F| {
        let n = if case.draw.once_in(2) { 1 } else { width };
        let weight = Array1::from(case.draw.list::<F>(n));
        Some((case.attempt("PRelu::from_parts", || PRelu::from_parts(weight))?, Plain::PRelu))
    };
    Glu: |_case, width, F| {
        // An odd width is refused when a model is built.
        width.is_multiple_of(2).then_some((Glu, Plain::Rows(plain::glu)))
    };
    SwiGlu: |_case, width, F| {
        width.is_multiple_of(2).then_some((SwiGlu, Plain::Rows(plain::swiglu)))
    };
    Softmax: |_case, _width, F| Some((Softmax, Plain::Rows(plain::softmax)));
    LogSoftmax: |_case, _width, F| Some((LogSoftmax, Plain::Rows(plain::log_softmax)));
    BatchNorm1d: |case, width, F| batch_norm::<F>(case, width);
    GroupNorm: |case, width, F| group_norm::<F>(case, width);
    LayerNorm: |case, width, F| layer_norm::<F>(case, width);
    InstanceNorm1d: |case, width, F| instance_norm::<F>(case, width);
    RmsNorm: |case, width, F| rms_norm::<F>(case, width);
    Dropout: |case, _width, F| {
        let (p, seed) = (case.draw.setting(&[0.0, 0.5, 0.1, 0.9]), case.draw.bits());
        let layer = case.attempt("Dropout::new", || Dropout::new(p, seed))?;
        Some((layer.with_step(case.draw.counter()), Plain::Dropout))
    };
}

fn linear<F: Float>(case: &mut Case, width: usize) -> Option<(Linear<F>, Plain)> {
    let out = case.draw.width();
    if case.draw.once_in(3) {
        let init = case.draw.one_of(&[
            Init::TorchDefault,
            Init::XavierUniform,
            Init::XavierNormal,
            Init::HeUniform,
            Init::HeNormal,
            Init::Zeros,
        ]);
        let config = LinearConfig { bias: case.draw.once_in(2), init };
        let mut rng = Rng::new(case.draw.bits());
        let layer = case
            .attempt("Linear::with_config", || Linear::with_config(width, out, config, &mut rng))?;
        return Some((layer, Plain::Linear));
    }
    let weight = Array2::from_shape_vec((out, width), case.draw.list(out * width)).ok()?;
    let n_bias = if case.draw.once_in(20) { case.draw.size() } else { out };
    let bias = case.draw.once_in(2).then(|| Array1::from(case.draw.list::<F>(n_bias)));
    let layer = case.attempt("Linear::from_parts", || Linear::from_parts(weight, bias))?;
    Some((layer, Plain::Linear))
}

/// γ and β of any values, now and then of another length.
fn affine<F: Float>(case: &mut Case, channels: usize) -> Option<Affine<F>> {
    let list = |case: &mut Case| {
        let n = if case.draw.once_in(20) { case.draw.size() } else { channels };
        Array1::from(case.draw.list::<F>(n))
    };
    let weight = list(case);
    let bias = case.draw.once_in(2).then(|| list(case));
    case.attempt("Affine::from_parts", || Affine::from_parts(weight, bias))
}

/// A layer whose γ and β are replaced, if they are drawn and accepted.
macro_rules! with_affine {
    ($case:ident, $layer:ident, $channels:expr) => {
        if $case.draw.once_in(2) {
            let affine = affine::<F>($case, $channels)?;
            $case.attempt("with_affine", || $layer.with_affine(affine))?
        } else {
            $layer
        }
    };
}

fn eps(case: &mut Case) -> f64 {
    case.draw.setting(&[1e-5, 1e-8, 1e-12, 1.0])
}

fn batch_norm<F: Float>(case: &mut Case, width: usize) -> Option<(BatchNorm1d<F>, Plain)> {
    let config = BatchNorm1dConfig {
        eps: eps(case),
        momentum: case.draw.setting(&[0.1, 0.0, 1.0, 0.5]),
        unbiased_running_var: case.draw.once_in(2),
        affine: case.draw.once_in(2),
    };
    let layer =
        case.attempt("BatchNorm1d::with_config", || BatchNorm1d::with_config(width, config))?;
    let layer = with_affine!(case, layer, width);
    Some((layer, Plain::BatchNorm { eps: config.eps }))
}

/// A number that divides another, or, now and then, does not.
fn divisor(case: &mut Case, n: usize) -> usize {
    let drawn = 1 + case.draw.below(n.max(1));
    match n.is_multiple_of(drawn) || case.draw.once_in(20) {
        true => drawn,
        false => 1,
    }
}

fn group_norm<F: Float>(case: &mut Case, width: usize) -> Option<(GroupNorm<F>, Plain)> {
    let length = divisor(case, width);
    let channels = width / length;
    let n_groups = divisor(case, channels);
    let config = GroupNormConfig { length, eps: eps(case), affine: case.draw.once_in(2) };
    let layer = case
        .attempt("GroupNorm::with_config", || GroupNorm::with_config(n_groups, channels, config))?;
    let layer = with_affine!(case, layer, channels);
    if channels * length != width {
        return None;
    }
    let group = width / n_groups;
    Some((layer, Plain::Norm { group, length, eps: config.eps, about_zero: false }))
}

fn layer_norm<F: Float>(case: &mut Case, width: usize) -> Option<(LayerNorm<F>, Plain)> {
    let (elementwise_affine, bias) = (case.draw.once_in(2), case.draw.once_in(2));
    let config = LayerNormConfig { eps: eps(case), elementwise_affine, bias };
    let layer = case.attempt("LayerNorm::with_config", || LayerNorm::with_config(width, config))?;
    let layer = with_affine!(case, layer, width);
    Some((layer, Plain::Norm { group: width, length: 1, eps: config.eps, about_zero: false }))
}

fn instance_norm<F: Float>(case: &mut Case, width: usize) -> Option<(InstanceNorm1d<F>, Plain)> {
    let channels = divisor(case, width);
    let length = width / channels;
    let config = InstanceNorm1dConfig { eps: eps(case), affine: case.draw.once_in(2) };
    let layer = case.attempt("InstanceNorm1d::with_config", || {
        InstanceNorm1d::with_config(channels, length, config)
    })?;
    let layer = with_affine!(case, layer, channels);
    if channels * length != width {
        return None;
    }
    Some((layer, Plain::Norm { group: length, length, eps: config.eps, about_zero: false }))
}

fn rms_norm<F: Float>(case: &mut Case, width: usize) -> Option<(RmsNorm<F>, Plain)> {
    let drawn = eps(case);
    let eps = case.draw.once_in(2).then_some(drawn);
    let config = RmsNormConfig { eps, elementwise_affine: case.draw.once_in(2) };
    let layer = case.attempt("RmsNorm::with_config", || RmsNorm::with_config(width, config))?;
    let layer = with_affine!(case, layer, width);
    let eps = eps.unwrap_or(F::epsilon().as_f64());
    Some((layer, Plain::Norm { group: width, length: 1, eps, about_zero: true }))
}
