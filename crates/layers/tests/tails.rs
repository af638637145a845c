//! Activations over all exponents of both types, against numbers of 60 digits that this library did
//! not compute (`every/tails.txt`, whose head says how they were made).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod evaluate;

use evaluate::evaluate;
use layers::{Elu, Gelu, Layer, Selu, Sigmoid, Silu, Softplus, Softsign, Tanh};
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
