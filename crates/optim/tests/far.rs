//! Steps of which a part would be lost beside what came before, or lie beyond the end of the type:
//! powers of 2, by hand.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, NAdamConfig, Optimizer, RAdamConfig,
    RmsPropConfig, Rule, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::Float;

/// What becomes of a parameter `w` by steps with these gradients.
fn after<F: Float, R: Rule>(config: R, w: f64, gradients: &[f64]) -> f64 {
    let mut optimizer = Descent::<F, R>::new(config).unwrap();
    let mut model = Vectors::weight(&[F::of(w)]);
    for &g in gradients {
        optimizer.step(&mut model, &mut Gradients::of(&[&[F::of(g)]])).unwrap();
    }
    model.values()[0].as_f64()
}

fn two(k: i32) -> f64 {
    2.0_f64.powi(k)
}

// β₁ = β₂ = 0: m = g and √v = |g|, so that each step is λ sign(g) = ±¼ with ε = 0; RAdam's, never
// rectified, is λ g. What came before is forgotten, though it was 2⁶⁰ times as large.
#[test]
fn without_memory_the_first_moment_is_the_gradient() {
    fn check<F: Float>() {
        let (lr, betas, eps, weight_decay) = (0.25, (0.0, 0.0), 0.0, 0.0);
        let gradients = [two(60), 1.0, -two(-60)];
        macro_rules! signs {
            ($($Config:ident)*) => { $(
                let config = $Config { lr, betas, eps, weight_decay, ..Default::default() };
                assert_eq!(after::<F, _>(config, 1.0, &gradients), 0.75, "{config:?}");
            )* };
        }
        signs!(AdamConfig AdamWConfig NAdamConfig);
        let config = RAdamConfig { lr: 1.0, betas, ..Default::default() };
        assert_eq!(after::<F, _>(config, two(60), &[two(60), 1.0]), -1.0);
    }
    check::<f32>();
    check::<f64>();
}

// Nesterov's step is λ (g + μ v), with v = g = 1/μ at the first step: λ + λ/μ, though λ μ is beyond
// the type.
#[test]
fn a_rate_times_a_momentum_need_not_be_a_number() {
    fn check<F: Float>(k: i32) {
        let (lr, momentum) = (two(k), two(k / 2 + 4));
        let config = SgdConfig { lr, momentum, nesterov: true, ..Default::default() };
        assert_eq!(after::<F, _>(config, 0.0, &[1.0 / momentum]), -(lr + lr / momentum));
    }
    check::<f32>(124);
    check::<f64>(1020);
}

// g + η w = 1.5·2ᵏ − 2.5·2ᵏ = −2ᵏ, where 2ᵏ⁺¹, and with it η w, is beyond the type. SGD moves w by
// −λ·(−2ᵏ) = 2⁷, the others by λ sign(2ᵏ) = ¼.
#[test]
fn weight_decay_need_not_be_a_number_by_itself() {
    fn check<F: Float>(k: i32) {
        let (w, g, weight_decay) = (-2.5, 1.5 * two(k), two(k));
        let config = SgdConfig { lr: two(7 - k), weight_decay, ..Default::default() };
        assert_eq!(after::<F, _>(config, w, &[g]), w + two(7), "{}", F::NAME);
        let (lr, eps) = (0.25, 0.0);
        let config = AdagradConfig { lr, eps, weight_decay, ..Default::default() };
        assert_eq!(after::<F, _>(config, w, &[g]), w + 0.25, "{config:?}");
        let config = RmsPropConfig { lr, eps, alpha: 0.0, weight_decay, ..Default::default() };
        assert_eq!(after::<F, _>(config, w, &[g]), w + 0.25, "{config:?}");
        let config = AdamConfig { lr, eps, betas: (0.0, 0.0), weight_decay, ..Default::default() };
        assert_eq!(after::<F, _>(config, w, &[g]), w + 0.25, "{config:?}");
    }
    check::<f32>(127);
    check::<f64>(1023);
}
