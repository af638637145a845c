//! SGD against exact rationals, step by step. Every number is a short binary fraction, so every
//! comparison is exact.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{Optimizer, Sgd, SgdConfig};
use support::{Gradients, Vectors};
use tensor_core::Float;

/// The positions after each step from `w = 1`.
fn path<F: Float>(config: SgdConfig, gradients: &[f64]) -> Vec<f64> {
    let mut sgd = Sgd::new(config).unwrap();
    let mut model = Vectors::weight(&[F::one()]);
    let step = |&g: &f64| {
        sgd.step(&mut model, &mut Gradients::of(&[&[F::of(g)]])).unwrap();
        model.values()[0].as_f64()
    };
    gradients.iter().map(step).collect()
}

fn check(config: SgdConfig, gradients: &[f64], expected: &[f64]) {
    assert_eq!(path::<f64>(config, gradients), expected, "f64, {config:?}");
    assert_eq!(path::<f32>(config, gradients), expected, "f32, {config:?}");
}

fn config() -> SgdConfig {
    SgdConfig { lr: 0.5, ..SgdConfig::default() }
}

// λ = ½, g = 1, −2, 4: w = 1 − ½ = ½; ½ + 1 = 3/2; 3/2 − 2 = −½.
#[test]
fn plain() {
    check(config(), &[1.0, -2.0, 4.0], &[0.5, 1.5, -0.5]);
    check(config(), &[0.0, -0.0, 0.0], &[1.0; 3]);
}

// μ = ½: v = 1; ½ − 2 = −3/2; −¾ + 4 = 13/4. w = 1 − ½ = ½; ½ + ¾ = 5/4; 5/4 − 13/8 = −3/8.
#[test]
fn momentum() {
    let config = SgdConfig { momentum: 0.5, ..config() };
    check(config, &[1.0, -2.0, 4.0], &[0.5, 1.25, -0.375]);
}

// μ = ½, τ = ¼: v = 1 (the first gradient whole); ½ − ¾·2 = −1; −½ + ¾·4 = 5/2. w = ½; ½ + ½ = 1; 1
// − 5/4 = −¼.
#[test]
fn dampening() {
    let config = SgdConfig { momentum: 0.5, dampening: 0.25, ..config() };
    check(config, &[1.0, -2.0, 4.0], &[0.5, 1.0, -0.25]);
    // Without momentum there is no velocity to dampen.
    let config = SgdConfig { dampening: 0.25, ..self::config() };
    check(config, &[1.0, -2.0, 4.0], &[0.5, 1.5, -0.5]);
}

// μ = ½: v = 1, −3/2, 13/4 as above; g + ½v = 3/2; −2 − ¾ = −11/4; 4 + 13/8 = 45/8.
// w = 1 − ¾ = ¼; ¼ + 11/8 = 13/8; 13/8 − 45/16 = −19/16.
#[test]
fn nesterov() {
    let config = SgdConfig { momentum: 0.5, nesterov: true, ..config() };
    check(config, &[1.0, -2.0, 4.0], &[0.25, 1.625, -1.1875]);
}

// η = ½: g = 1 + ½·1 = 3/2; w = 1 − ¾ = ¼; g = −2 + ⅛ = −15/8; w = ¼ + 15/16 = 19/16.
// With μ = ½ as well: v = 3/2, w = ¼; v = ¾ − 15/8 = −9/8; w = ¼ + 9/16 = 13/16.
#[test]
fn weight_decay() {
    let config = SgdConfig { weight_decay: 0.5, ..config() };
    check(config, &[1.0, -2.0], &[0.25, 1.1875]);
    check(SgdConfig { momentum: 0.5, ..config }, &[1.0, -2.0], &[0.25, 0.8125]);
}

/// Fault 5 of the course notes (see the page `course` of the crate `models`): velocities in f32
/// whatever the parameters' type. `1 + 2⁻³⁰` has no f32 of its own: a velocity that had gone
/// through one would end at 1 − 1·½ − 3/2·½ exactly.
#[test]
fn fault_5_velocities_have_the_parameters_type() {
    let config = SgdConfig { momentum: 0.5, ..config() };
    let g = 1.0 + 2.0_f64.powi(-30);
    // v = g, 3/2 g; w = 1 − ½g − ¾g = 1 − 5/4 g = −¼ − 5/4·2⁻³⁰.
    let expected = -0.25 - 1.25 * 2.0_f64.powi(-30);
    assert_eq!(path::<f64>(config, &[g, g])[1], expected);
    assert_ne!(expected, -0.25);
}
