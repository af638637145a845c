//! Every activation far from zero, at the infinities and at NaN; and what its constructor refuses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(
    clippy::excessive_precision,
    reason = "17 digits name every f64, whether or not fewer would do"
)]

mod evaluate;

use evaluate::{evaluate, worst};
use layers::{
    Elu, Gelu, Identity, Layer, LeakyRelu, LogSoftmax, Relu, Selu, Sigmoid, Silu, Softmax,
    Softplus, Tanh,
};

/// Value and derivative at −1e4 and at 1e4: the limits, exactly.
#[test]
fn far_from_zero_every_activation_is_its_limit() {
    fn check<L: Layer<f32> + Layer<f64>>(layer: L, values: [f64; 2], derivatives: [f64; 2]) {
        let expected = (values.to_vec(), derivatives.to_vec());
        assert_eq!(evaluate::<f64, L>(&layer, &[-1e4, 1e4]), expected, "f64 {layer:?}");
        let round =
            |v: Vec<f64>| -> Vec<f64> { v.into_iter().map(|v| f64::from(v as f32)).collect() };
        let expected = (round(expected.0), round(expected.1));
        assert_eq!(evaluate::<f32, L>(&layer, &[-1e4, 1e4]), expected, "f32 {layer:?}");
    }
    check(Identity, [-1e4, 1e4], [1.0, 1.0]);
    check(Relu, [0.0, 1e4], [0.0, 1.0]);
    check(LeakyRelu::new(0.25).unwrap(), [-2500.0, 1e4], [0.25, 1.0]);
    check(Elu::default(), [-1.0, 1e4], [0.0, 1.0]);
    check(Sigmoid, [0.0, 1.0], [0.0, 0.0]);
    check(Tanh, [-1.0, 1.0], [0.0, 0.0]);
    check(Softplus::default(), [0.0, 1e4], [0.0, 1.0]);
    check(Silu, [0.0, 1e4], [0.0, 1.0]);
    check(Gelu::Exact, [0.0, 1e4], [0.0, 1.0]);
    check(Gelu::Tanh, [0.0, 1e4], [0.0, 1.0]);
    // s·α = 1.758…, s = 1.050…: the tail is −s·α, and its derivative 0.
    let (values, derivatives) = evaluate::<f64, Selu>(&Selu, &[-1e4, 1e4]);
    assert!(worst::<f64>(&values, &[-1.7580993408473769, 10507.009873554805]) <= 2.0);
    assert_eq!(derivatives, [0.0, 1.0507009873554805]);
    // Rows of softmax: probability 1 on the larger, gradient 0.
    check(Softmax, [0.0, 1.0], [0.0, 0.0]);
    // Σ dLdA = 2, softmax = [0, 1]: dLdZ = [1 − 0, 1 − 2].
    check(LogSoftmax, [-2e4, 0.0], [1.0, -1.0]);
}

/// ±∞ give limits, NaN stays NaN, and nothing panics.
#[test]
fn infinities_and_nan() {
    fn check<L: Layer<f32> + Layer<f64>>(layer: L, values: [f64; 2]) {
        let infinite = [f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(evaluate::<f64, L>(&layer, &infinite).0, values, "f64 {layer:?}");
        assert_eq!(evaluate::<f32, L>(&layer, &infinite).0, values, "f32 {layer:?}");
        let (y, dx) = evaluate::<f64, L>(&layer, &[f64::NAN]);
        assert!(y[0].is_nan(), "{layer:?} turned NaN into {y:?}");
        // Where the slope is the same everywhere, the gradient does not depend on the input.
        assert!(
            dx[0].is_nan() || dx[0] == 1.0 || dx[0] == 0.25,
            "{layer:?} has the gradient {dx:?} at NaN"
        );
    }
    let inf = f64::INFINITY;
    check(Identity, [-inf, inf]);
    check(Relu, [0.0, inf]);
    check(LeakyRelu::new(0.25).unwrap(), [-inf, inf]);
    check(Elu::default(), [-1.0, inf]);
    check(Sigmoid, [0.0, 1.0]);
    check(Tanh, [-1.0, 1.0]);
    check(Softplus::default(), [0.0, inf]);
    check(Silu, [0.0, inf]);
    check(Gelu::Exact, [0.0, inf]);
    check(Gelu::Tanh, [0.0, inf]);
    // A row with +∞ has no limit that does not depend on the way there.
    for x in [[f64::NAN, 0.0], [0.0, f64::NAN], [0.0, inf]] {
        assert!(evaluate::<f64, Softmax>(&Softmax, &x).0.iter().any(|y| y.is_nan()));
        assert!(evaluate::<f64, LogSoftmax>(&LogSoftmax, &x).0.iter().any(|y| y.is_nan()));
    }
}

#[test]
fn bad_configuration_is_refused() {
    let nan = f64::NAN;
    let messages = [
        (
            LeakyRelu::new(nan).map(|_| ()),
            "LeakyRelu: expected negative_slope to be 0 or a number from 1.2e-38 to 3.4e38 in size, which f32 holds as well, found NaN",
        ),
        (
            Elu::new(f64::INFINITY).map(|_| ()),
            "Elu: expected alpha to be 0 or a number from 1.2e-38 to 3.4e38 in size, which f32 holds as well, found inf",
        ),
        (
            Softplus::new(0.0).map(|_| ()),
            "Softplus: expected beta to be a number from 1.2e-38 to 3.4e38, which f32 holds as well, found 0",
        ),
        (
            Softplus::new(nan).map(|_| ()),
            "Softplus: expected beta to be a number from 1.2e-38 to 3.4e38, which f32 holds as well, found NaN",
        ),
    ];
    for (result, message) in messages {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}
