//! PReLU and the gated linear units: by hand, over all exponents, and far out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(
    clippy::excessive_precision,
    reason = "17 digits name every f64, whether or not fewer would do"
)]

use layers::{Glu, Layer, Mode, PRelu, Saved, SwiGlu};
use ndarray::{Array1, Array2, array};
use tensor_core::{Error, Float, Rng};

/// Output, gradient of the input, and the layer's own gradient.
fn pass<F: Float, L: Layer<F>>(
    layer: &L,
    x: &Array2<F>,
    dy: &Array2<F>,
) -> (Array2<F>, Array2<F>, L) {
    let mut y = Array2::from_elem(dy.dim(), F::nan());
    let mut dx = Array2::from_elem(x.dim(), F::nan());
    let mut cache = layer.cache(x.nrows(), x.ncols()).unwrap();
    let mut grads = layer.gradient();
    layer.forward(x, &mut y, &mut cache, Mode::Train).unwrap();
    let saved = Saved { x, y: &y, cache: &mut cache };
    layer.backward(saved, dy, Some(&mut dx), &mut grads).unwrap();
    (y, dx, grads)
}

// w = [½, −2], Z = [−4 3; 0 −1; 2 0], dLdA = [1 10; 100 1000; 7 −8]. At 0 the slope is w:
//   A    = [−2 3; 0 2; 2 0]
//   dLdZ = [½ 10; 50 −2000; 7 16]
//   dLdw = [1·(−4) + 100·0, 1000·(−1) + (−8)·0] = [−4, −1000]
// One slope of ½ for both: A = [−2 3; 0 −½; 2 0], dLdZ = [½ 10; 50 500; 7 −4], dLdw = −1004.
#[test]
fn prelu_by_hand() {
    fn check<F: Float>() {
        let of = |x: [[f64; 2]; 3]| Array2::from_shape_fn((3, 2), |(n, c)| F::of(x[n][c]));
        let weight = |w: &[f64]| w.iter().map(|&w| F::of(w)).collect::<Array1<F>>();
        let x = of([[-4.0, 3.0], [0.0, -1.0], [2.0, 0.0]]);
        let dy = of([[1.0, 10.0], [100.0, 1000.0], [7.0, -8.0]]);
        let layer = PRelu::from_parts(weight(&[0.5, -2.0])).unwrap();
        let (y, dx, grads) = pass(&layer, &x, &dy);
        assert_eq!(y, of([[-2.0, 3.0], [0.0, 2.0], [2.0, 0.0]]));
        assert_eq!(dx, of([[0.5, 10.0], [50.0, -2000.0], [7.0, 16.0]]));
        assert_eq!(grads.weight(), weight(&[-4.0, -1000.0]));
        let layer = PRelu::from_parts(weight(&[0.5])).unwrap();
        let (y, dx, grads) = pass(&layer, &x, &dy);
        assert_eq!(y, of([[-2.0, 3.0], [0.0, -0.5], [2.0, 0.0]]));
        assert_eq!(dx, of([[0.5, 10.0], [50.0, 500.0], [7.0, -4.0]]));
        assert_eq!(grads.weight(), weight(&[-1004.0]));
    }
    check::<f64>();
    check::<f32>();
}

// The sum over rows is rounded once: 2²⁴ − 2²⁴ + 1 in f32, and 1e16 + 1 − 1e16 in f64.
#[test]
fn the_gradient_of_a_slope_loses_nothing() {
    let dy = array![[16_777_216.0_f32], [1.0], [-16_777_216.0]];
    let (x, x_f64) = (array![[-1.0_f32], [-1.0], [-1.0]], array![[-1.0], [-1.0], [-1.0]]);
    assert_eq!(pass(&PRelu::default(), &x, &dy).2.weight(), array![-1.0]);
    assert_eq!(
        pass(&PRelu::default(), &x_f64, &array![[1e16], [1.0], [-1e16]]).2.weight(),
        array![-1.0]
    );
    // One slope for several features: the same numbers along a row.
    let (x, dy) = (x_f64.reversed_axes(), array![[1e16, 1.0, -1e16]]);
    assert_eq!(pass(&PRelu::default(), &x, &dy).2.weight(), array![-1.0]);
}

#[test]
fn prelu_at_the_ends_of_the_type() {
    fn check<F: Float>() {
        let (inf, max, nan) = (F::infinity(), F::max_value(), F::nan());
        let q = F::min_positive_value();
        let half = F::of(0.5);
        let layer = PRelu::from_parts(Array1::from_elem(1, half)).unwrap();
        let x = array![[-inf, -max, -q, q, max, inf]];
        let (y, dx, grads) = pass(&layer, &x, &Array2::ones((1, 6)));
        assert_eq!(y, array![[-inf, -max * half, -q * half, q, max, inf]]);
        assert_eq!(dx, array![[half, half, half, F::one(), F::one(), F::one()]]);
        assert_eq!(grads.weight(), array![-inf]);
        // A slope of 0 hides no NaN and makes none of ∞.
        let layer = PRelu::from_parts(Array1::zeros(1)).unwrap();
        let (y, dx, grads) = pass(&layer, &x, &array![[inf, inf, -inf, inf, F::zero(), -inf]]);
        assert_eq!(y, array![[F::zero(), F::zero(), F::zero(), q, max, inf]]);
        assert_eq!(dx, array![[F::zero(), F::zero(), F::zero(), inf, F::zero(), -inf]]);
        assert!(grads.weight()[0].is_nan(), "−∞ − ∞ + ∞");
        let x = array![[nan, -max, max]];
        let (y, dx, grads) = pass(&layer, &x, &array![[F::one(), nan, nan]]);
        assert!(y[[0, 0]].is_nan() && dx.iter().all(|dx| dx.is_nan()));
        assert!(grads.weight()[0].is_nan());
        // A NaN from above in a place where the slope does not matter is in its gradient as well.
        let (x, dy) = (array![[max, -max]], array![[nan, F::one()]]);
        let each = PRelu::from_parts(Array1::zeros(2)).unwrap();
        let (_, _, grads) = pass(&each, &x, &dy);
        assert!(grads.weight()[0].is_nan() && grads.weight()[1] == -max);
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn prelu_refuses_what_cannot_be_right() {
    let message = |result: Result<PRelu<f32>, Error>| result.unwrap_err().to_string();
    let none = "PRelu: expected at least 1 parameter, found 0";
    assert_eq!(message(PRelu::new(0)), none);
    assert_eq!(message(PRelu::from_parts(Array1::zeros(0))), none);
    for init in [f64::NAN, f64::INFINITY, 1e39] {
        assert!(
            message(PRelu::with_init(3, init)).starts_with("PRelu: expected init to be a finite")
        );
    }
    assert!(
        message(PRelu::new(usize::MAX)).starts_with("PRelu: weight: expected a size that fits")
    );
    let layer = PRelu::<f32>::new(3).unwrap();
    assert_eq!(layer.weight(), array![0.25, 0.25, 0.25]);
    assert_eq!(PRelu::<f32>::default().weight(), array![0.25]);
    assert_eq!((layer.out_features(3), PRelu::<f32>::default().out_features(7)), (Ok(3), Ok(7)));
    let error = layer.out_features(4).unwrap_err().to_string();
    assert_eq!(error, "PRelu: expected 3 input features, found 4");
}

// One row after the other, whatever the layout and the number of threads: a row alone, rows with
// gaps, and so many that they are cut into parts.
#[test]
fn rows_and_strides_do_not_matter() {
    fn check<L: Layer<f64>>(layer: &L, width: usize) {
        let mut rng = Rng::new(5);
        let x = Array2::from_shape_simple_fn((300, width), || rng.normal());
        let dy = Array2::from_shape_simple_fn((300, layer.out_features(width).unwrap()), || {
            rng.normal()
        });
        let (y, dx, _) = pass(layer, &x, &dy);
        let turned = |x: &Array2<f64>| x.t().as_standard_layout().into_owned().reversed_axes();
        let (y_t, dx_t, _) = pass(layer, &turned(&x), &turned(&dy));
        assert_eq!((&y_t, &dx_t), (&y, &dx), "{}", L::NAME);
        for n in [0, 17, 299] {
            let row = |x: &Array2<f64>| x.row(n).insert_axis(ndarray::Axis(0)).to_owned();
            let (y_n, dx_n, _) = pass(layer, &row(&x), &row(&dy));
            assert_eq!((y_n, dx_n), (row(&y), row(&dx)), "{}", L::NAME);
        }
    }
    check(&Glu, 96);
    check(&SwiGlu, 96);
    check(&PRelu::default(), 96);
    check(&PRelu::new(96).unwrap(), 96);
}

/// Distance in steps of the type at the wanted value.
fn steps(got: f64, want: f64) -> f64 {
    if got == want { 0.0 } else { (got - want).abs() / (want.abs().next_up() - want.abs()) }
}

// σ(±ln 3) = ¾ and ¼, σ′ = 3/16, so that with X = 8, dLdA = 16:
//   GLU:    A = 6 and 2, dLdX = 12 and 4, dLdB = 16·8·3/16 = 24
// SiLU(ln 3) = ¾ ln 3 and SiLU′(ln 3) = ¾ + 3/16 ln 3 = 0.95598980412527057:
//   SwiGLU: A = 6 ln 3, dLdG = 128·0.95598980412527057, dLdX = 12 ln 3
#[test]
fn gates_by_hand() {
    let (ln_3, eps) = (3.0_f64.ln(), f64::EPSILON);
    let close = |got: &Array2<f64>, want: &[f64]| {
        assert_eq!(got.len(), want.len());
        let near = |(got, want): (&f64, &f64)| (got - want).abs() <= 4.0 * eps * want.abs();
        assert!(got.iter().zip(want).all(near), "{got:?}, expected {want:?}");
    };
    let (y, dx, _) = pass(&Glu, &array![[8.0, 8.0, ln_3, -ln_3]], &array![[16.0, 16.0]]);
    close(&y, &[6.0, 2.0]);
    close(&dx, &[12.0, 4.0, 24.0, 24.0]);
    let (y, dx, _) = pass(&SwiGlu, &array![[ln_3, 8.0]], &array![[16.0]]);
    close(&y, &[6.0 * ln_3]);
    close(&dx, &[128.0 * 0.95598980412527057, 12.0 * ln_3]);
}

// x σ(b), σ(b) and x σ′(b); then SiLU(g) x, SiLU′(g) x and SiLU(g): with 60 decimal digits (mpmath
// 1.3), rounded to 17. Far out on the left σ alone is subnormal or 0, and its gradients have what
// digits it has.
#[test]
fn gates_over_all_exponents_of_f64() {
    let power = |n: i32| 2.0_f64.powi(n);
    let glu = [
        (2.5, -1.0, [0.6723535534249878, 0.26894142136999512, 0.49152983310370463]),
        (-3.0, 2.0, [-2.6423912339336473, 0.88079707797788244, -0.31498075621051955]),
        (power(100), -40.0, [5385428821702.5353, 4.248354255291589e-18, 5385428821702.5353]),
        (-1e300, 708.0, [-1e300, 1.0, -1e300 * 3.307553003638408e-308]),
    ];
    for (x, b, [value, dx, db]) in glu {
        let (y, d, _) = pass(&Glu, &array![[x, b]], &array![[1.0]]);
        let errors = [steps(y[[0, 0]], value), steps(d[[0, 0]], dx), steps(d[[0, 1]], db)];
        assert!(errors.iter().all(|&error| error <= 4.0), "{x}, {b}: {errors:?} ulp");
    }
    let swiglu = [
        (-1.0, 2.5, [-0.6723535534249878, 0.18082372032128317, -0.26894142136999512]),
        (2.0, -3.0, [-5.2847824678672947, -3.2723527463546864, 1.7615941559557649]),
        (-40.0, power(100), [-215417152868101.41, -210031724046398.88, -1.6993417021166356e-16]),
        (1e-3, 1e300, [5.0024999997916671e296, 5.0049999991666671e299, 0.00050024999997916668]),
    ];
    for (g, x, [value, dg, dx]) in swiglu {
        let (y, d, _) = pass(&SwiGlu, &array![[g, x]], &array![[1.0]]);
        let errors = [steps(y[[0, 0]], value), steps(d[[0, 0]], dg), steps(d[[0, 1]], dx)];
        // At −1 the terms of SiLU′ are 6.4 times what is left of their difference.
        let bounds = [4.0, if g == -1.0 { 26.0 } else { 8.0 }, 4.0];
        assert!(errors.iter().zip(bounds).all(|(e, b)| *e <= b), "{g}, {x}: {errors:?} ulp");
    }
    let tails = [
        (power(100), -745.0, 3.5777545975373327e-294, -2.6654271751653129e-291),
        (power(1000), -1380.0, 5.0537137303373539e-299, -6.9741249478655484e-296),
    ];
    for (x, z, by_glu, by_swiglu) in tails {
        let (y, _, _) = pass(&Glu, &array![[x, z]], &array![[1.0]]);
        assert!(steps(y[[0, 0]], by_glu) <= 4.0, "{y}");
        let (y, _, _) = pass(&SwiGlu, &array![[z, x]], &array![[1.0]]);
        assert!(steps(y[[0, 0]], by_swiglu) <= 4.0, "{y}");
    }
    // A small second half, and one with which the first factor alone would overflow.
    let ends = [(-720.5, 0.75, -6.6607178507116112e-311), (-709.0, 1e307, -86.269755219200694)];
    for (g, x, value) in ends {
        let (y, _, _) = pass(&SwiGlu, &array![[g, x]], &array![[1.0]]);
        assert!(steps(y[[0, 0]], value) <= 4.0, "{y}");
    }
}

// Pairs of every exponent: the formula in f64 by the system's exponential, whose error does not
// show in f32. SiLU′ is left out near its zero, −1.2785.
#[test]
fn in_f32_gates_round_once() {
    let floats: Vec<f32> = (0..=u32::MAX).step_by(60_013).map(f32::from_bits).collect();
    let floats: Vec<f32> = floats.into_iter().filter(|v| v.is_finite()).collect();
    let n = floats.len();
    let x = Array2::from_shape_fn((n, 2), |(i, c)| floats[if c == 0 { i } else { i * 7919 % n }]);
    let dy = Array2::from_shape_fn((n, 1), |(i, _)| floats[i * 104_729 % n]);
    let sigmoid = |b: f64| 1.0 / (1.0 + (-b).exp());
    let sigmoid_slope = |b: f64| (-b.abs()).exp() / (1.0 + (-b.abs()).exp()).powi(2);
    let check = |got: f32, want: f64, place: &str| {
        if got == want as f32 {
            return;
        }
        let binade = f64::from_bits(want.to_bits() & f64::INFINITY.to_bits());
        let ulp = binade.max(f32::MIN_POSITIVE.into()) * f64::from(f32::EPSILON);
        let error = (f64::from(got) - want).abs() / ulp;
        assert!(error <= 0.501, "{place}: {got:e}, expected {want:e}: {error} ulp");
    };
    let [(y, dx, _), (y_s, dx_s, _)] = [pass(&Glu, &x, &dy), {
        let (y, dx, _) = pass(&SwiGlu, &x, &dy);
        (y, dx, Glu)
    }];
    for i in 0..n {
        let [a, b, d] = [x[[i, 0]], x[[i, 1]], dy[[i, 0]]].map(f64::from);
        let place = format!("a {a:e}, b {b:e}, dy {d:e}");
        check(y[[i, 0]], a * sigmoid(b), &place);
        check(dx[[i, 0]], d * sigmoid(b), &place);
        check(dx[[i, 1]], d * a * sigmoid_slope(b), &place);
        check(y_s[[i, 0]], a * sigmoid(a) * b, &place);
        check(dx_s[[i, 1]], a * sigmoid(a) * d, &place);
        if !(-1.4..-1.1).contains(&a) {
            check(dx_s[[i, 0]], d * b * (sigmoid(a) + a * sigmoid_slope(a)), &place);
        }
    }
}

#[test]
fn gates_at_the_ends_of_the_type() {
    fn check<F: Float>() {
        let (inf, max, nan) = (F::infinity(), F::max_value(), F::nan());
        let ends = [-inf, -max, -F::min_positive_value(), F::zero(), F::one(), max, inf];
        for a in ends {
            for b in ends {
                for dy in ends {
                    let (y, dx, _) = pass(&Glu, &array![[a, b]], &array![[dy]]);
                    let (y_s, dx_s, _) = pass(&SwiGlu, &array![[a, b]], &array![[dy]]);
                    let all = y.iter().chain(&dx).chain(&y_s).chain(&dx_s);
                    assert!(
                        all.clone().all(|v| !v.is_nan()),
                        "{a} {b} {dy}: {y} {dx} {y_s} {dx_s}"
                    );
                }
            }
            for (x, dy) in [([nan, a], a), ([a, nan], a), ([a, a], nan)] {
                let (y, dx, _) = pass(&Glu, &array![x], &array![[dy]]);
                let (y_s, dx_s, _) = pass(&SwiGlu, &array![x], &array![[dy]]);
                assert!(dy.is_nan() || (y[[0, 0]].is_nan() && y_s[[0, 0]].is_nan()), "{x:?}");
                // The derivative by a factor is the other one's, and is NaN where that one is.
                let all = [dx[[0, 1]], dx_s[[0, 0]]];
                assert!(all.iter().all(|v| v.is_nan()), "{x:?} {dy}: {dx} {dx_s}");
                let own = [(dx[[0, 0]], x[1]), (dx_s[[0, 1]], x[0])];
                for (d, other) in own {
                    assert_eq!(d.is_nan(), other.is_nan() || dy.is_nan(), "{x:?} {dy}");
                }
            }
        }
        // Gates that are wide open and shut.
        let (y, dx, _) = pass(&Glu, &array![[max, max, inf, -inf]], &array![[F::one(), F::one()]]);
        assert_eq!(y, array![[max, F::zero()]]);
        assert_eq!(dx, array![[F::one(), F::zero(), F::zero(), F::zero()]]);
        let (y, dx, _) =
            pass(&SwiGlu, &array![[max, -inf, F::one(), max]], &array![[F::one(), F::one()]]);
        assert_eq!(y, array![[max, F::zero()]]);
        assert_eq!(dx, array![[F::one(), F::zero(), max, F::zero()]]);
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn an_odd_width_has_no_halves() {
    for (features, found) in [(0, "0"), (3, "3"), (usize::MAX, "18446744073709551615")] {
        let errors = [
            Layer::<f64>::out_features(&Glu, features),
            Layer::<f64>::out_features(&SwiGlu, features),
        ];
        for (error, name) in errors.into_iter().zip(["Glu", "SwiGlu"]) {
            let expected = format!(
                "{name}: expected an even number of input features, at least 2, found {found}"
            );
            assert_eq!(error.unwrap_err().to_string(), expected);
        }
    }
    assert_eq!(Layer::<f32>::out_features(&Glu, usize::MAX - 1), Ok(usize::MAX / 2));
}
