//! Every rule with gradients up to both ends of the type, in both types, against its equations as
//! they are written on its page, in plain form, with 31 digits and exponents that nothing exceeds.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod double_double;
mod support;
mod wide;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, Lion, LionConfig, NAdamConfig, Optimizer,
    RAdamConfig, RmsPropConfig, Rule, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::{Float, Rng};
use wide::Wide;

fn wide(x: f64) -> Wide {
    Wide::from(x)
}

/// The equations of one step: from `t`, `w` and `g` to the new `w`.
type Equations = Box<dyn FnMut(u32, Wide, Wide) -> Wide>;

fn mean(beta: f64, old: Wide, new: Wide) -> Wide {
    wide(beta) * old + (wide(1.0) - wide(beta)) * new
}

/// `1 − βᵗ`
fn correction(beta: f64, t: u32) -> Wide {
    wide(1.0) - (0..t).fold(wide(1.0), |p, _| p * wide(beta))
}

/// `x/d`, or no step where the divisor is 0.
fn quotient(x: Wide, d: Wide) -> Wide {
    if d.sign() == 0.0 { wide(0.0) } else { x / d }
}

fn sgd(c: SgdConfig) -> Equations {
    let mut v = wide(0.0);
    Box::new(move |t, w, g| {
        let g = g + wide(c.weight_decay) * w;
        let add = if t == 1 { wide(1.0) } else { wide(1.0) - wide(c.dampening) };
        v = wide(c.momentum) * v + add * g;
        let direction = match (c.momentum > 0.0, c.nesterov) {
            (false, _) => g,
            (true, false) => v,
            (true, true) => g + wide(c.momentum) * v,
        };
        w - wide(c.lr) * direction
    })
}

fn adagrad(c: AdagradConfig) -> Equations {
    let mut s = wide(c.initial_accumulator_value);
    Box::new(move |t, w, g| {
        let g = g + wide(c.weight_decay) * w;
        s = s + g * g;
        let lr = wide(c.lr) / (wide(1.0) + wide(f64::from(t - 1)) * wide(c.lr_decay));
        w - lr * quotient(g, s.sqrt() + wide(c.eps))
    })
}

fn rmsprop(c: RmsPropConfig) -> Equations {
    let (mut s, mut m, mut v) = (wide(0.0), wide(0.0), wide(0.0));
    Box::new(move |_, w, g| {
        let g = g + wide(c.weight_decay) * w;
        s = mean(c.alpha, s, g * g);
        m = mean(c.alpha, m, g);
        let square = if c.centered { s - m * m } else { s };
        v = wide(c.momentum) * v + quotient(g, square.sqrt() + wide(c.eps));
        w - wide(c.lr) * v
    })
}

/// `m` and `v` as Adam's relatives have them.
fn moments((beta1, beta2): (f64, f64)) -> impl FnMut(Wide) -> [Wide; 2] {
    let (mut m, mut v) = (wide(0.0), wide(0.0));
    move |g| {
        (m, v) = (mean(beta1, m, g), mean(beta2, v, g * g));
        [m, v]
    }
}

fn adam(c: AdamConfig) -> Equations {
    let (mut moments, mut v_max) = (moments(c.betas), wide(0.0));
    Box::new(move |t, w, g| {
        let [m, v] = moments(g + wide(c.weight_decay) * w);
        v_max = if (v - v_max).sign() > 0.0 { v } else { v_max };
        let v = if c.amsgrad { v_max } else { v } / correction(c.betas.1, t);
        let m = m / correction(c.betas.0, t);
        w - wide(c.lr) * quotient(m, v.sqrt() + wide(c.eps))
    })
}

fn adamw(c: AdamWConfig) -> Equations {
    let AdamWConfig { lr, betas, eps, weight_decay, amsgrad } = c;
    let mut adam = adam(AdamConfig { lr, betas, eps, weight_decay: 0.0, amsgrad });
    Box::new(move |t, w, g| adam(t, w - wide(lr) * wide(weight_decay) * w, g))
}

fn nadam(c: NAdamConfig) -> Equations {
    let (mut moments, mut product) = (moments(c.betas), wide(1.0));
    Box::new(move |t, w, g| {
        let decay = wide(c.lr) * wide(c.weight_decay);
        let (w, g) = match c.decoupled_weight_decay {
            true => (w - decay * w, g),
            false => (w, g + wide(c.weight_decay) * w),
        };
        let [m, v] = moments(g);
        let [now, next] = [t, t + 1].map(|t| {
            let half = 0.5 * 0.96_f64.powf(f64::from(t) * c.momentum_decay);
            wide(c.betas.0) * (wide(1.0) - wide(half))
        });
        product = product * now;
        let one = wide(1.0);
        let m_hat = next * m / (one - product * next) + (one - now) * g / (one - product);
        let v_hat = v / correction(c.betas.1, t);
        w - wide(c.lr) * quotient(m_hat, v_hat.sqrt() + wide(c.eps))
    })
}

fn radam(c: RAdamConfig) -> Equations {
    let mut moments = moments(c.betas);
    Box::new(move |t, w, g| {
        let decay = wide(c.lr) * wide(c.weight_decay);
        let (w, g) = match c.decoupled_weight_decay {
            true => (w - decay * w, g),
            false => (w, g + wide(c.weight_decay) * w),
        };
        let [m, v] = moments(g);
        let m_hat = m / correction(c.betas.0, t);
        let (one, beta2) = (wide(1.0), wide(c.betas.1));
        let limit = wide(2.0) / (one - beta2) - one;
        let power = one - correction(c.betas.1, t);
        let length = limit - wide(2.0 * f64::from(t)) * power / correction(c.betas.1, t);
        if (length - wide(5.0)).sign() <= 0.0 {
            return w - wide(c.lr) * m_hat;
        }
        let room = |l: Wide| (l - wide(4.0)) * (l - wide(2.0)) / l;
        let factor = (room(length) / room(limit) * correction(c.betas.1, t)).sqrt();
        w - wide(c.lr) * factor * quotient(m_hat, v.sqrt() + wide(c.eps))
    })
}

fn lion(c: LionConfig) -> Equations {
    let mut m = wide(0.0);
    Box::new(move |_, w, g| {
        let sign = mean(c.betas.0, m, g).sign();
        m = mean(c.betas.1, m, g);
        w - wide(c.lr) * wide(c.weight_decay) * w - wide(c.lr) * wide(sign)
    })
}

/// Gradients one after the other: all of one size, a large one among small ones and the reverse, a
/// zero, and sizes drawn from the whole range.
fn gradients(tiny: f64, huge: f64) -> Vec<Vec<f64>> {
    let mut rng = Rng::new(16);
    let (from, to) = (tiny.ln(), huge.ln());
    let mut list = vec![vec![huge, 1.0, 1.0, 1.0], vec![tiny, 1.0, 1.0, 1.0]];
    for i in 0..=10 {
        let size = (from + (to - from) * f64::from(i) / 10.0).exp().clamp(tiny, huge);
        let alternating = [1.0, -1.0, 1.0, -1.0, 1.0].map(|sign| sign * size);
        let normal = (0..12).map(|_| rng.normal().clamp(-1.0, 1.0) * size).collect();
        list.extend([vec![size; 12], alternating.to_vec(), normal]);
        list.push(vec![1.0, size, 0.0, 0.0, size, 1.0]);
        list.push(vec![size, tiny, tiny, tiny, huge, tiny]);
    }
    for _ in 0..40 {
        let draw = |rng: &mut Rng| {
            let size = (from + (to - from) * rng.uniform()).exp().clamp(tiny, huge);
            if rng.uniform() < 0.5 { size } else { -size }
        };
        list.push((0..12).map(|_| draw(&mut rng)).collect());
    }
    list
}

/// How far the steps may be off, as a share of the way so far: some roundings for each step, and
/// what half a unit of the smallest subnormal number, η, is in a moment of the smallest gradients.
/// The smallest share of a gradient in a moment is √(1 − 0.999) ≈ 1/32, so η/2 is at most 16 η/|g|
/// of it; two moments and their averages make 64.
fn share<F: Float>(steps: usize, smallest: f64) -> f64 {
    let eta = if F::NARROW { 2.0_f64.powi(-149) } else { 5e-324 };
    16.0 * F::epsilon().as_f64() * steps as f64 + 64.0 * eta / smallest
}

fn follows<F: Float, R: Rule>(config: R, equations: &dyn Fn() -> Equations, largest: f64) {
    let (tiny, huge) = if F::NARROW { (1e-40, 3e38) } else { (1e-300, 1e300) };
    for gradients in gradients(tiny, huge * largest) {
        for start in [0.0, 1.0] {
            let gradients: Vec<F> = gradients.iter().map(|&g| F::of(g)).collect();
            let mut optimizer = Descent::<F, R>::new(config).unwrap();
            let mut model = Vectors::weight(&[F::of(start)]);
            let (mut equations, mut exact, mut way) = (equations(), wide(start), 0.0);
            for (t, &g) in (1..).zip(&gradients) {
                optimizer.step(&mut model, &mut Gradients::of(&[&[g]])).unwrap();
                let next = equations(t, exact, wide(g.as_f64()));
                way += (next - exact).to_f64().abs();
                exact = next;
                let (found, want) = (model.values()[0].as_f64(), exact.to_f64());
                let unit = F::epsilon().as_f64() * (start + way) * f64::from(t);
                let smallest = if F::NARROW { 2e-45 } else { 5e-324 };
                let error = (found - want).abs();
                let bound = share::<F>(t as usize, tiny) * way + unit + smallest * f64::from(t);
                assert!(
                    error <= bound,
                    "{}, {config:?}: step {t} of {gradients:?} from {start}: {found:e}, expected \
                     {want:e}, off by {error:e}, {bound:e}",
                    F::NAME
                );
            }
            // What cannot be negative is not, and all is finite: the state can be restored.
            let state = optimizer.state().clone();
            optimizer.restore(state).unwrap();
        }
    }
}

macro_rules! follows {
    ($config:expr, $equations:expr) => {
        follows!($config, $equations, 1.0)
    };
    ($config:expr, $equations:expr, $largest:expr) => {
        let config = $config;
        follows::<f32, _>(config, &|| $equations(config), $largest);
        follows::<f64, _>(config, &|| $equations(config), $largest);
    };
}

/// A velocity is a sum, here up to ten times its largest term: it has to be a number of the type.
#[test]
fn sgd_to_the_ends_of_the_type() {
    follows!(SgdConfig::default(), sgd);
    follows!(SgdConfig { momentum: 0.9, ..Default::default() }, sgd, 0.1);
    follows!(SgdConfig { momentum: 0.9, dampening: 0.3, ..Default::default() }, sgd, 0.1);
    follows!(SgdConfig { momentum: 0.9, nesterov: true, ..Default::default() }, sgd, 0.1);
}

#[test]
fn adagrad_to_the_ends_of_the_type() {
    for eps in [1e-10, 1e-30, 0.0] {
        follows!(AdagradConfig { eps, ..Default::default() }, adagrad);
    }
    follows!(AdagradConfig { lr_decay: 0.5, ..Default::default() }, adagrad);
    follows!(AdagradConfig { initial_accumulator_value: 0.1, ..Default::default() }, adagrad);
}

#[test]
fn rmsprop_to_the_ends_of_the_type() {
    for (eps, momentum) in [(1e-8, 0.0), (1e-8, 0.9), (1e-30, 0.0), (0.0, 0.0)] {
        let config = RmsPropConfig { eps, momentum, ..Default::default() };
        follows!(config, rmsprop);
        follows!(RmsPropConfig { centered: true, ..config }, rmsprop);
        follows!(RmsPropConfig { alpha: 0.9, ..config }, rmsprop);
    }
}

#[test]
fn adam_to_the_ends_of_the_type() {
    for eps in [1e-8, 1e-30, 0.0] {
        for amsgrad in [false, true] {
            follows!(AdamConfig { eps, amsgrad, ..Default::default() }, adam);
            follows!(AdamWConfig { eps, amsgrad, ..Default::default() }, adamw);
        }
        for beta1 in [0.0, 1e-10, 0.3, 0.5] {
            follows!(AdamConfig { eps, betas: (beta1, 0.9), ..Default::default() }, adam);
        }
    }
}

#[test]
fn the_newer_rules_to_the_ends_of_the_type() {
    for eps in [1e-8, 1e-30, 0.0] {
        follows!(NAdamConfig { eps, ..Default::default() }, nadam);
        follows!(RAdamConfig { eps, ..Default::default() }, radam);
        follows!(RAdamConfig { eps, betas: (0.9, 0.9), ..Default::default() }, radam);
    }
    let (weight_decay, decoupled_weight_decay) = (0.1, true);
    follows!(NAdamConfig { weight_decay, decoupled_weight_decay, ..Default::default() }, nadam);
    follows!(RAdamConfig { weight_decay, decoupled_weight_decay, ..Default::default() }, radam);
    follows!(LionConfig::default(), lion);
    follows!(LionConfig { weight_decay: 0.1, ..Default::default() }, lion);
}

// FeRx-NLME/ferx-core#1112: Adam with the rate 1e-3, from w = 0, computed with 60 digits. The
// first step is −λ; then 1e21 is in both means.
#[test]
fn one_large_gradient_does_not_end_a_parameters_life() {
    let mut adam = Descent::<f32, _>::new(AdamConfig::default()).unwrap();
    let mut model = Vectors::weight(&[0.0]);
    let want = [-0.001, -0.001_670_058_254, -0.002_188_015_227, -0.002_612_294_062];
    for (g, want) in [1e21_f32, 1.0, 1.0, 1.0].into_iter().zip(want) {
        adam.step(&mut model, &mut Gradients::of(&[&[g]])).unwrap();
        let found = f64::from(model.values()[0]);
        assert!((found - want).abs() <= 4e-7 * f64::abs(want), "{found}, expected {want}");
    }
}

/// NaN is the one gradient that makes Lion's parameter NaN; ∞ has a sign.
#[test]
fn lion_moves_by_signs() {
    let step = |g: f64| {
        let mut lion = Lion::new(LionConfig { lr: 0.25, ..LionConfig::default() }).unwrap();
        let mut model = Vectors::weight(&[1.0, 1.0]);
        lion.step(&mut model, &mut Gradients::of(&[&[g, 0.0]])).unwrap();
        assert_eq!(model.values()[1], 1.0);
        model.values()[0]
    };
    assert_eq!([step(f64::INFINITY), step(-1e-300), step(-0.0)], [0.75, 1.25, 1.0]);
    assert!(step(f64::NAN).is_nan());
}
