//! Activations over all exponents of both types, against numbers of 60 digits that this library did
//! not compute (`every/tails.txt`, whose head says how they were made).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(
    clippy::excessive_precision,
    reason = "17 digits name every f64, whether or not fewer would do"
)]

mod evaluate;

use evaluate::evaluate;
use layers::{Elu, Gelu, Layer, Mish, Mode, Saved, Selu, Sigmoid, Silu, Softplus, Softsign, Tanh};
use ndarray::array;
use tensor_core::Float;

/// A unit in the last place of `F` at `v`.
fn ulp<F: Float>(v: f64) -> f64 {
    let smallest = F::min_positive_value().as_f64();
    let v = v.abs().clamp(smallest, F::max_value().as_f64());
    let binade = f64::from_bits(v.to_bits() & f64::INFINITY.to_bits());
    // The quotient of 2²³ and of 2⁵², without a product that vanishes.
    binade * F::epsilon().as_f64()
}

/// Checks values and derivatives of a layer: within `bounds(z)` units in the last place.
fn check_in<F: Float, L: Layer<F>>(name: &str, layer: &L, bounds: impl Fn(f64) -> [f64; 2]) {
    for line in include_str!("every/tails.txt").lines() {
        let Some(numbers) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')) else {
            continue;
        };
        let numbers: Vec<f64> = numbers.split(' ').map(|v| v.parse().unwrap()).collect();
        let z = numbers[0];
        if F::of(z).as_f64() != z {
            continue;
        }
        let (value, slope) = evaluate::<F, L>(layer, &[z]);
        for (i, found) in [value[0], slope[0]].into_iter().enumerate() {
            let want = numbers[1 + i];
            let (error, bound) = ((found - want).abs() / ulp::<F>(want), bounds(z)[i]);
            assert!(
                error <= bound,
                "{name}, {}, at {z:e}: {found:e}, expected {want:e} within {bound} ulp: {error}",
                F::NAME
            );
        }
    }
}

// In f32 what every page says: within 0.501 ulp. In f64 what stands beside the layer, as on its
// page.
#[test]
fn activations_are_right_at_every_exponent() {
    fn check<L: Layer<f32> + Layer<f64>>(name: &str, layer: L, f: impl Fn(f64) -> [f64; 2]) {
        check_in::<f32, L>(name, &layer, |_| [0.501; 2]);
        check_in::<f64, L>(name, &layer, f);
    }
    let four = |_| [4.0; 2];
    check("Sigmoid", Sigmoid, four);
    check("Tanh", Tanh, four);
    check("Softplus", Softplus::default(), four);
    check("Softplus(0.015625)", Softplus::new(0.015625).unwrap(), four);
    check("Softplus(2^100)", Softplus::new(2.0_f64.powi(100)).unwrap(), four);
    check("Silu", Silu, |_| [4.0, 8.0]);
    check("Gelu", Gelu::Exact, |z| [4.0 + z.clamp(-40.0, 0.0).powi(2); 2]);
    check("Gelu(tanh)", Gelu::Tanh, |z| {
        let two_u = 1.6 * z * (1.0 + 0.0448 * z * z);
        [4.0 + 4.0 * two_u.clamp(-800.0, 0.0).abs(); 2]
    });
    check("Elu", Elu::default(), four);
    check("Selu", Selu, four);
    check("Softsign", Softsign, four);
}

/// `dLdZ` of one value.
fn gradient<F: Float, L: Layer<F>>(layer: &L, z: f64, dy: F) -> f64 {
    let (x, dy) = (array![[F::of(z)]], array![[dy]]);
    let (mut y, mut dx) = (x.clone(), x.clone());
    let (mut cache, mut grads) = (layer.cache(1, 1).unwrap(), layer.gradient());
    layer.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
    let saved = Saved { x: &x, y: &y, cache: &mut cache };
    layer.backward(saved, &dy, Some(&mut dx), &mut grads).unwrap();
    dx[[0, 0]].as_f64()
}

// What z e^z is at −∞ and 1 at +∞, as on the pages.
#[test]
fn derivatives_at_the_infinities_are_their_limits() {
    fn check<F: Float>() {
        for (z, want) in [(f64::NEG_INFINITY, 0.0), (f64::INFINITY, 1.0)] {
            let found = [gradient(&Silu, z, F::one()), gradient(&Mish, z, F::one())];
            assert_eq!(found, [want; 2], "{}, at {z}", F::NAME);
        }
    }
    check::<f32>();
    check::<f64>();
}

// MAX s α e^z with 60 digits (mpmath 1.3), s and α as in the layer: s α MAX would be an infinity.
#[test]
fn the_largest_gradient_of_a_selu_keeps_its_digits() {
    for (z, want) in [(-708.000_000_000_000_1, 10.453597723565119), (-708.5, 6.3404275236451557)] {
        let error = (gradient(&Selu, z, f64::MAX) / want - 1.0).abs();
        assert!(error <= 4.0 * f64::EPSILON, "at {z}: {error:e}");
    }
}

// MAX f′(z), and MAX tanh′(z/2), of the formulas on the pages with 1500 digits (mpmath 1.3): the
// slope is a product of e^z and of what may be as large as z. Silu, Mish and Tanh gave infinities
// where that was multiplied first.
#[test]
fn the_largest_gradient_keeps_its_digits() {
    fn check<F: Float>(z: f64, [silu, mish, tanh]: [f64; 3], bound: f64) {
        let max = F::max_value();
        for (name, found, want) in [
            ("Silu", gradient(&Silu, z, max), silu),
            ("Silu", gradient(&Silu, z, -max), -silu),
            ("Mish", gradient(&Mish, z, max), mish),
            ("Mish", gradient(&Mish, z, -max), -mish),
            ("Tanh", gradient(&Tanh, z / 2.0, max), tanh),
            ("Tanh", gradient(&Tanh, -z / 2.0, -max), -tanh),
        ] {
            let error = (found - want).abs() / ulp::<F>(want);
            assert!(error <= bound, "{name}, {}, at {z}: {found:e}, not {want:e}", F::NAME);
        }
    }
    let twice = |both: f64, tanh: f64| [both, both, tanh];
    for (z, want) in [
        (-708.000_000_000_000_1, twice(-4203.7974867781593, 23.783861311333288)),
        (-708.5, twice(-2551.5352680906166, 14.425641091678398)),
        (-711.0, twice(-210.18284942577206, 1.1841287291592792)),
        (-745.25, twice(-2.9408424919945436e-13, 1.5805670094696909e-15)),
        (-1400.0, twice(-2.4448859785047989e-297, 6.9903816397563943e-300)),
    ] {
        check::<f64>(z, want, 8.0);
    }
    for (z, want) in [
        (-80.0, twice(-4.8518566181597633e5, 2.4566362623593738e4)),
        (-100.0, twice(-1.2532174209660458e-3, 5.0635047311759427e-5)),
        (-180.0, twice(-4.0896459097875649e-38, 9.1388735414247261e-40)),
    ] {
        check::<f32>(z, want, 0.501);
    }
}
