//! The functions of one number against their definitions, for arguments of every size: they hold
//! everywhere they say they do.

use tensor_core::Float;
use tensor_core::functions::{
    exp, exp_m1, ln, ln_1p, normal, sigmoid, sigmoid_derivative, softplus, tanh,
};

use crate::real::Real;

/// Enough for `1 + x` with the smallest `x`.
const BITS: usize = 1400;

/// Beyond, the exponential is 0 or ∞, and the definitions have reached their limits.
const FAR: f64 = 800.0;

/// A function, its definition, its limits at −∞ and ∞, and how many units of the last place it may
/// be off in `f64`.
struct Item {
    name: &'static str,
    found: [fn(f64) -> f64; 2],
    exact: fn(&Real) -> Real,
    limits: [Limit; 2],
    ulps: f64,
}

macro_rules! item {
    ($($name:ident)::+, $ulps:literal, $limits:expr, $exact:expr) => {
        Item {
            name: stringify!($($name)::+),
            found: [$($name)::+::<f32>, $($name)::+::<f64>],
            exact: $exact,
            limits: $limits,
            ulps: $ulps,
        }
    };
}

type Limit = fn(f64) -> f64;

fn items() -> [Item; 8] {
    let (zero, one): (Limit, Limit) = (|_| 0.0, |_| 1.0);
    let infinite: Limit = |_| f64::INFINITY;
    [
        item!(exp, 2.0, [zero, infinite], Real::exp),
        item!(exp_m1, 3.0, [|_| -1.0, infinite], |x| x.exp() - 1.0),
        item!(sigmoid, 4.0, [zero, one], |x| 1.0 / (1.0 + (-x).exp())),
        item!(sigmoid_derivative, 4.0, [zero, zero], |x| {
            let e = (-x.abs()).exp();
            &e / ((1.0 + &e) * (1.0 + &e))
        }),
        item!(tanh, 2.0, [|_| -1.0, one], Real::tanh),
        item!(softplus, 4.0, [zero, |x| x], |x| (1.0 + x.exp()).ln()),
        item!(normal::cdf, 4.0, [zero, one], |z| (-z / z.of(2.0).sqrt()).erfc() / 2.0),
        item!(normal::density, 4.0, [zero, zero], |z| {
            (-(z * z) / 2.0).exp() / (z.pi() * 2.0).sqrt()
        }),
    ]
}

/// Every exponent of the type within a step of a few, closer where functions bend, both signs.
fn arguments(least: i32, most: i32) -> impl Iterator<Item = f64> {
    let sizes = (least..most)
        .step_by(9)
        .map(|e| 1.37 * 2.0_f64.powi(e.max(-1000)) * 2.0_f64.powi(e.min(-1000) + 1000));
    let bends = (1..=64).map(|i| 11.73 * f64::from(i)).chain((1..=64).map(|i| 0.61 * f64::from(i)));
    let edges = [709.5, 709.7, 744.0, 745.0, 88.0, 103.0, 40.0, 38.4, 1e4];
    sizes.chain(bends).chain(edges).flat_map(|x| [x, -x])
}

/// How far a result is off, in units of the exact value's last place as the type has it.
fn off<F: Float>(found: f64, exact: f64) -> f64 {
    if found == exact {
        return 0.0;
    }
    let least = F::min_positive_value().as_f64();
    let binade = f64::from_bits(exact.to_bits() & f64::INFINITY.to_bits()).max(least);
    (found - exact).abs() / (binade * F::epsilon().as_f64())
}

fn check<F: Float>(place: usize, most_ulps: impl Fn(f64) -> f64, range: [i32; 2]) {
    for item in items() {
        for x in arguments(range[0], range[1]).map(|x| F::of(x).as_f64()) {
            let found = F::of((item.found[place])(x)).as_f64();
            if x.abs() > FAR {
                let limit = F::of((item.limits[usize::from(x > 0.0)])(x)).as_f64();
                assert_eq!(found, limit, "{} of {x:e}, {}", item.name, F::NAME);
                continue;
            }
            let exact = (item.exact)(&Real::new(x, BITS)).to_f64();
            if F::of(exact).is_infinite() {
                assert_eq!(found, f64::INFINITY, "{} of {x:e}, {}", item.name, F::NAME);
                continue;
            }
            let ulps = off::<F>(found, exact);
            assert!(
                ulps <= most_ulps(item.ulps),
                "{} of {x:e}, {}: {found:e}, exactly {exact:e}, {ulps} ulp",
                item.name,
                F::NAME
            );
        }
    }
}

#[test]
fn f32_functions_are_rounded_once() {
    check::<f32>(0, |_| 0.501, [-149, 128]);
}

#[test]
fn f64_functions_are_within_their_bounds() {
    check::<f64>(1, |ulps| ulps, [-1074, 1024]);
}

#[test]
fn logarithms_of_every_size() {
    for e in (-1074..1024).step_by(5) {
        let y = 1.37 * 2.0_f64.powi(e.max(-1000)) * 2.0_f64.powi(e.min(-1000) + 1000);
        let exact = Real::new(y, BITS).ln().to_f64();
        assert!(off::<f64>(ln::<f64>(y), exact) <= 1.0, "ln {y:e}");
        let exact = (Real::new(y, BITS) + 1.0).ln().to_f64();
        assert!(off::<f64>(ln_1p::<f64>(y), exact) <= 1.0, "ln(1 + {y:e})");
    }
}
