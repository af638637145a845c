//! Every rule over 80 steps from t = 1 against its closed form: the recursions unrolled into sums
//! over all gradients so far, computed with twice the digits of `f64`.
//!
//! The closed forms are those of the papers and of PyTorch's documentation, written without the
//! recursion: with `G_i` the (decayed) gradient of step i, a mean with factor β is
//! `(1 − β) Σ_i β^(t−i) G_i`, a velocity `Σ_i μ^(t−i) d_i`.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod double_double;
mod support;

use double_double::Dd;
use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, LionConfig, NAdamConfig, Optimizer,
    RAdamConfig, RmsPropConfig, Rule, SgdConfig,
};
use support::{Gradients, Vectors};
use tensor_core::Rng;

const STEPS: usize = 80;
const TOLERANCE: f64 = 1e-12;

fn dd(x: f64) -> Dd {
    Dd::from(x)
}

/// `Σ_i factor^(t−i) x_i`
fn decaying_sum(factor: f64, x: &[Dd]) -> Dd {
    let mut power = dd(1.0);
    let mut sum = dd(0.0);
    for &x in x.iter().rev() {
        sum = sum + power * x;
        power = power * dd(factor);
    }
    sum
}

/// `β^t`
fn power(beta: f64, t: usize) -> Dd {
    (0..t).fold(dd(1.0), |p, _| p * dd(beta))
}

fn squares(x: &[Dd]) -> Vec<Dd> {
    x.iter().map(|&x| x * x).collect()
}

/// The positions after each step, for a rule whose displacement is a function of all decayed
/// gradients so far. `shrink` is what is left of a parameter before it moves.
fn unroll(
    w0: f64,
    gradients: &[f64],
    (weight_decay, shrink): (f64, Dd),
    mut displacement: impl FnMut(&[Dd]) -> Dd,
) -> Vec<f64> {
    let (mut w, mut gradients_so_far, mut path) = (dd(w0), Vec::new(), Vec::new());
    for &g in gradients {
        gradients_so_far.push(dd(g) + dd(weight_decay) * w);
        w = shrink * w - displacement(&gradients_so_far);
        path.push(w.to_f64());
    }
    path
}

fn sgd(c: SgdConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    unroll(w0, g, (c.weight_decay, dd(1.0)), |g| {
        let newest = g[g.len() - 1];
        if c.momentum == 0.0 {
            return dd(c.lr) * newest;
        }
        let later = decaying_sum(c.momentum, &g[1..]);
        let first = power(c.momentum, g.len() - 1) * g[0];
        let v = first + (dd(1.0) - dd(c.dampening)) * later;
        dd(c.lr) * if c.nesterov { newest + dd(c.momentum) * v } else { v }
    })
}

fn adagrad(c: AdagradConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    unroll(w0, g, (c.weight_decay, dd(1.0)), |g| {
        let s = dd(c.initial_accumulator_value) + decaying_sum(1.0, &squares(g));
        let rate = dd(c.lr) / (dd(1.0) + dd((g.len() - 1) as f64) * dd(c.lr_decay));
        rate * g[g.len() - 1] / (s.sqrt() + dd(c.eps))
    })
}

fn rmsprop(c: RmsPropConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    let mut directions = Vec::new();
    unroll(w0, g, (c.weight_decay, dd(1.0)), |g| {
        let one_minus_alpha = dd(1.0) - dd(c.alpha);
        let mut variance = one_minus_alpha * decaying_sum(c.alpha, &squares(g));
        if c.centered {
            let mean = one_minus_alpha * decaying_sum(c.alpha, g);
            variance = variance - mean * mean;
        }
        directions.push(g[g.len() - 1] / (variance.sqrt() + dd(c.eps)));
        dd(c.lr) * decaying_sum(c.momentum, &directions)
    })
}

fn moments(c: AdamConfig, g: &[Dd], v_max: &mut Dd) -> Dd {
    let (beta1, beta2) = c.betas;
    let m = (dd(1.0) - dd(beta1)) * decaying_sum(beta1, g) / (dd(1.0) - power(beta1, g.len()));
    let mut v = (dd(1.0) - dd(beta2)) * decaying_sum(beta2, &squares(g));
    if c.amsgrad {
        *v_max = if (*v_max - v).to_f64() > 0.0 { *v_max } else { v };
        v = *v_max;
    }
    dd(c.lr) * m / ((v / (dd(1.0) - power(beta2, g.len()))).sqrt() + dd(c.eps))
}

fn adam(c: AdamConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    let mut v_max = dd(0.0);
    unroll(w0, g, (c.weight_decay, dd(1.0)), |g| moments(c, g, &mut v_max))
}

fn adamw(c: AdamWConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    let AdamWConfig { lr, betas, eps, weight_decay, amsgrad } = c;
    let mut v_max = dd(0.0);
    let shrink = dd(1.0) - dd(lr) * dd(weight_decay);
    let c = AdamConfig { lr, betas, eps, weight_decay: 0.0, amsgrad };
    unroll(w0, g, (0.0, shrink), |g| moments(c, g, &mut v_max))
}

/// What is left of a parameter, and the decay in its gradients.
fn decays(lr: f64, weight_decay: f64, decoupled: bool) -> (f64, Dd) {
    if decoupled { (0.0, dd(1.0) - dd(lr) * dd(weight_decay)) } else { (weight_decay, dd(1.0)) }
}

/// `m` and `v` without corrections.
fn means((beta1, beta2): (f64, f64), g: &[Dd]) -> [Dd; 2] {
    let m = (dd(1.0) - dd(beta1)) * decaying_sum(beta1, g);
    [m, (dd(1.0) - dd(beta2)) * decaying_sum(beta2, &squares(g))]
}

fn nadam(c: NAdamConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    let momentum = |t: usize| {
        let growth = dd(0.96_f64.powf(t as f64 * c.momentum_decay));
        dd(c.betas.0) * (dd(1.0) - dd(0.5) * growth)
    };
    unroll(w0, g, decays(c.lr, c.weight_decay, c.decoupled_weight_decay), |g| {
        let t = g.len();
        let [m, v] = means(c.betas, g);
        let product = (1..=t).map(momentum).fold(dd(1.0), |product, mu| product * mu);
        let ahead = momentum(t + 1) * m / (dd(1.0) - product * momentum(t + 1));
        let own = (dd(1.0) - momentum(t)) * g[t - 1] / (dd(1.0) - product);
        let v_hat = v / (dd(1.0) - power(c.betas.1, t));
        dd(c.lr) * (ahead + own) / (v_hat.sqrt() + dd(c.eps))
    })
}

fn radam(c: RAdamConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    let (one, beta2) = (dd(1.0), c.betas.1);
    let limit = dd(2.0) / (one - dd(beta2)) - one;
    let room = |length: Dd| (length - dd(4.0)) * (length - dd(2.0)) / length;
    unroll(w0, g, decays(c.lr, c.weight_decay, c.decoupled_weight_decay), |g| {
        let t = g.len();
        let [m, v] = means(c.betas, g);
        let m_hat = m / (one - power(c.betas.0, t));
        let correction = one - power(beta2, t);
        let length = limit - dd(2.0 * t as f64) * power(beta2, t) / correction;
        if (length - dd(5.0)).to_f64() <= 0.0 {
            return dd(c.lr) * m_hat;
        }
        let factor = (room(length) / room(limit) * correction).sqrt();
        dd(c.lr) * factor * m_hat / (v.sqrt() + dd(c.eps))
    })
}

fn lion(c: LionConfig, w0: f64, g: &[f64]) -> Vec<f64> {
    unroll(w0, g, decays(c.lr, c.weight_decay, true), |g| {
        let (newest, older) = (g[g.len() - 1], &g[..g.len() - 1]);
        let (beta1, beta2) = (dd(c.betas.0), dd(c.betas.1));
        let m = (dd(1.0) - beta2) * decaying_sum(c.betas.1, older);
        let direction = (beta1 * m + (dd(1.0) - beta1) * newest).to_f64();
        dd(c.lr) * dd(if direction == 0.0 { 0.0 } else { direction.signum() })
    })
}

/// Starting points with the gradients of each step: of ordinary size, none, tiny, huge, and all of
/// them in turn. From 0, the position is the displacement, which a start elsewhere would round
/// away.
fn scenarios() -> Vec<(&'static str, f64, Vec<f64>)> {
    let mut rng = Rng::new(60);
    let sizes: [(&str, [f64; 4]); 6] = [
        ("ordinary", [1.0; 4]),
        ("zero", [0.0; 4]),
        ("tiny", [1e-30; 4]),
        ("huge", [1e30; 4]),
        ("now and then", [1.0, 0.0, 0.0, 0.0]),
        ("in turn", [0.0, 1e-30, 1.0, 1e30]),
    ];
    let mut list = Vec::new();
    for (name, sizes) in sizes {
        for w0 in [1.5, -0.7, 0.0] {
            let gradients = (0..STEPS).map(|t| rng.normal() * sizes[t % 4]).collect();
            list.push((name, w0, gradients));
        }
    }
    list
}

/// The worst relative error over all scenarios and steps; failures beyond the tolerance are listed.
///
/// Relative to the largest position so far: a path that crosses 0 has no relative error there.
fn run<R: Rule>(config: R, reference: impl Fn(R, f64, &[f64]) -> Vec<f64>) {
    let (mut worst, mut failures) = (0.0_f64, Vec::new());
    for (name, w0, gradients) in scenarios() {
        let mut optimizer = Descent::new(config).unwrap();
        let mut model = Vectors::weight(&[w0]);
        let mut largest = w0.abs();
        for (t, (&g, want)) in gradients.iter().zip(reference(config, w0, &gradients)).enumerate() {
            optimizer.step(&mut model, &mut Gradients::of(&[&[g]])).unwrap();
            let got = model.values()[0];
            largest = largest.max(want.abs());
            let error = if got == want { 0.0 } else { (got - want).abs() / largest };
            if error > TOLERANCE || error.is_nan() {
                failures.push(format!(
                    "{name} from {w0}, step {}: {got:e}, expected {want:e}, off by {error:e}",
                    t + 1
                ));
                break;
            }
            worst = worst.max(error);
        }
    }
    println!("{config:?}: worst relative error {worst:e}");
    assert!(failures.is_empty(), "{config:?}\n{}", failures.join("\n"));
}

#[test]
fn sgd_follows_its_closed_form() {
    for lr in [0.01, 1e-3] {
        for (momentum, dampening, nesterov) in
            [(0.0, 0.0, false), (0.9, 0.0, false), (0.5, 0.3, false), (0.9, 0.0, true)]
        {
            for weight_decay in [0.0, 0.1] {
                run(SgdConfig { lr, momentum, dampening, weight_decay, nesterov }, sgd);
            }
        }
    }
}

#[test]
fn adagrad_follows_its_closed_form() {
    run(AdagradConfig::default(), adagrad);
    for weight_decay in [0.0, 0.1] {
        let (lr_decay, initial_accumulator_value) = (0.05, 0.2);
        let config = AdagradConfig { lr_decay, initial_accumulator_value, ..Default::default() };
        run(AdagradConfig { weight_decay, ..config }, adagrad);
    }
}

#[test]
fn rmsprop_follows_its_closed_form() {
    run(RmsPropConfig::default(), rmsprop);
    for centered in [false, true] {
        for momentum in [0.0, 0.9] {
            for weight_decay in [0.0, 0.1] {
                let config = RmsPropConfig { lr: 1e-3, alpha: 0.9, ..Default::default() };
                run(RmsPropConfig { centered, momentum, weight_decay, ..config }, rmsprop);
            }
        }
    }
}

#[test]
fn adam_follows_its_closed_form() {
    run(AdamConfig::default(), adam);
    for amsgrad in [false, true] {
        for weight_decay in [0.0, 0.1] {
            for betas in [(0.9, 0.999), (0.5, 0.9)] {
                let config = AdamConfig { lr: 2e-3, amsgrad, ..Default::default() };
                run(AdamConfig { betas, weight_decay, ..config }, adam);
            }
        }
    }
    // With both βs 0 the step is λ G/(|G| + ε). With decay and no gradient, G = ηw, and each step
    // near w = 0 makes an error λη/ε = 2e4 times as large: no arithmetic follows that path, so this
    // rule runs without decay only.
    run(AdamConfig { betas: (0.0, 0.0), ..AdamConfig::default() }, adam);
}

#[test]
fn adamw_follows_its_closed_form() {
    run(AdamWConfig::default(), adamw);
    for amsgrad in [false, true] {
        for weight_decay in [0.0, 0.3] {
            let config = AdamWConfig { lr: 2e-3, amsgrad, ..Default::default() };
            run(AdamWConfig { weight_decay, ..config }, adamw);
        }
    }
}

#[test]
fn nadam_follows_its_closed_form() {
    run(NAdamConfig::default(), nadam);
    for decoupled_weight_decay in [false, true] {
        for (betas, momentum_decay) in [((0.9, 0.999), 0.5), ((0.5, 0.9), 0.0)] {
            let config =
                NAdamConfig { weight_decay: 0.1, betas, momentum_decay, ..Default::default() };
            run(NAdamConfig { decoupled_weight_decay, ..config }, nadam);
        }
    }
}

#[test]
fn radam_follows_its_closed_form() {
    run(RAdamConfig::default(), radam);
    for decoupled_weight_decay in [false, true] {
        for betas in [(0.9, 0.999), (0.5, 0.9), (0.9, 0.5)] {
            // With a larger decay, tiny gradients and w near 0, G is ηw, and errors grow by λη/ε.
            let config = RAdamConfig { weight_decay: 0.01, betas, ..Default::default() };
            run(RAdamConfig { decoupled_weight_decay, ..config }, radam);
        }
    }
}

#[test]
fn lion_follows_its_closed_form() {
    run(LionConfig::default(), lion);
    for weight_decay in [0.0, 0.3] {
        run(LionConfig { lr: 1e-2, betas: (0.5, 0.9), weight_decay }, lion);
    }
}
