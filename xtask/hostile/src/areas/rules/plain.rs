//! The plain forms of the rules: one step of one element.

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, LionConfig, NAdamConfig, RAdamConfig, RmsPropConfig,
    SgdConfig,
};
use tensor_core::Float;

use crate::num::Num;
use crate::wide::Wide;

/// What one step is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) t: u64,
    pub(crate) lr: f64,
    pub(crate) weight_decay: f64,
    pub(crate) w: Num,
    pub(crate) g: Num,
}

/// A constant as a rule has it: computed in `f64`, then rounded to the parameters' type.
fn k<F: Float>(x: f64) -> Num {
    Num::of(x).rounded_to::<F>()
}

/// `1 − x` of a constant that a rule may have rounded before.
fn one_minus<F: Float>(x: f64) -> Num {
    (Num::of(1.0) - k::<F>(x)).rounded_to::<F>()
}

/// `1 − βᵗ`.
fn correction<F: Float>(beta: f64, t: u64) -> Num {
    let power = Num::of(t as f64) * k::<F>(beta).ln();
    if beta == 0.0 { Num::of(1.0) } else { (-power.exp_m1()).rounded_to::<F>() }
}

/// What has to be a number of the type, as `Descent`'s page says: where it is none, nothing can be
/// said of what follows from it.
fn fits<F: Float>(x: Num) -> Num {
    let most = Wide::of(F::max_value().as_f64());
    let fits = !x.value.is_finite() || x.value.abs() + x.error <= most;
    if fits { x } else { x.with_error(Wide::of(f64::INFINITY)) }
}

/// `g + η w`, and `g` alone without decay.
fn decayed<F: Float>(given: Given) -> Num {
    match given.weight_decay {
        0.0 => given.g,
        decay => fits::<F>(given.g + k::<F>(decay) * given.w),
    }
}

/// What becomes 0 below the smallest normal number.
fn flushed<F: Float>(x: Num) -> Num {
    let smallest = F::min_positive_value().as_f64();
    if x.value.abs() < Wide::of(smallest).scaled(1) { x.off_by(2.0 * smallest) } else { x }
}

/// `a/b`, and 0 where both are 0.
fn quotient(a: Num, b: Num) -> Num {
    if a.is_zero() && b.is_zero() { a } else { a / b }
}

/// The step `λ x/d` with a rate that has its corrections, of parts that have to fit.
fn scaled<F: Float>(lr: Num, x: Num, d: Num) -> Num {
    fits::<F>(fits::<F>(lr) * fits::<F>(quotient(x, d)))
}

/// A rule by its equations, with up to three buffers.
pub(crate) trait PlainRule: Copy {
    /// Which buffers hold gradients and not squares of them: they have to fit into the type.
    const LINEAR: &'static [usize];

    fn initial(&self) -> f64 {
        0.0
    }

    fn step<F: Float>(&self, given: Given, buffers: &mut [Num; 3]) -> Num;
}

impl PlainRule for SgdConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, [v, ..]: &mut [Num; 3]) -> Num {
        let g = decayed::<F>(given);
        if self.momentum == 0.0 {
            return given.w - fits::<F>(k::<F>(given.lr) * g);
        }
        let dampening = if given.t == 1 { 0.0 } else { self.dampening };
        let mu = k::<F>(self.momentum);
        *v = flushed::<F>(fits::<F>(mu * *v) + fits::<F>(one_minus::<F>(dampening) * g));
        let d = if self.nesterov { fits::<F>(g + mu * *v) } else { *v };
        given.w - fits::<F>(k::<F>(given.lr) * d)
    }
}

impl PlainRule for AdagradConfig {
    const LINEAR: &'static [usize] = &[];

    fn initial(&self) -> f64 {
        self.initial_accumulator_value
    }

    fn step<F: Float>(&self, given: Given, [s, ..]: &mut [Num; 3]) -> Num {
        let g = decayed::<F>(given);
        *s = *s + g * g;
        let slower = Num::of(1.0) + Num::of((given.t - 1) as f64) * Num::of(self.lr_decay);
        let lr = (Num::of(given.lr) / slower).rounded_to::<F>();
        given.w - scaled::<F>(lr, g, s.sqrt() + k::<F>(self.eps))
    }
}

impl PlainRule for RmsPropConfig {
    const LINEAR: &'static [usize] = &[1, 2];

    fn step<F: Float>(&self, given: Given, [s, m, v]: &mut [Num; 3]) -> Num {
        let g = decayed::<F>(given);
        let (alpha, rest) = (k::<F>(self.alpha), one_minus::<F>(self.alpha));
        *s = alpha * *s + rest * g * g;
        let mut variance = *s;
        if self.centered {
            *m = flushed::<F>(alpha * *m + rest * g);
            variance = (*s - *m * *m).max(Num::zero());
        }
        let deviation = variance.sqrt() + k::<F>(self.eps);
        if self.momentum == 0.0 {
            return given.w - scaled::<F>(k::<F>(given.lr), g, deviation);
        }
        *v = flushed::<F>(fits::<F>(k::<F>(self.momentum) * *v) + quotient(g, deviation));
        given.w - fits::<F>(k::<F>(given.lr) * *v)
    }
}

/// What Adam and AdamW share.
fn moments<F: Float>(
    config: AdamConfig,
    given: Given,
    (w, g): (Num, Num),
    [m, v, v_max]: &mut [Num; 3],
) -> Num {
    let (beta1, beta2) = config.betas;
    means::<F>(config.betas, g, m, v);
    *v_max = if v_max.value > v.value { *v_max } else { *v };
    let v = if config.amsgrad { *v_max } else { *v };
    // The same factors for all elements, as `Adam`'s page takes them out.
    let root = correction::<F>(beta2, given.t).sqrt();
    let lr = k::<F>(given.lr) * root / correction::<F>(beta1, given.t);
    w - scaled::<F>(lr, *m, v.sqrt() + root * k::<F>(config.eps))
}

impl PlainRule for AdamConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, buffers: &mut [Num; 3]) -> Num {
        moments::<F>(*self, given, (given.w, decayed::<F>(given)), buffers)
    }
}

impl PlainRule for AdamWConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, buffers: &mut [Num; 3]) -> Num {
        let AdamWConfig { lr, betas, eps, weight_decay, amsgrad } = *self;
        let (w, g) = decay::<F>(given, true);
        let config = AdamConfig { lr, betas, eps, weight_decay, amsgrad };
        moments::<F>(config, given, (w, g), buffers)
    }
}

/// Weight decay, of the gradient or of the weight itself.
fn decay<F: Float>(given: Given, decoupled: bool) -> (Num, Num) {
    if !decoupled {
        return (given.w, decayed::<F>(given));
    }
    let factor = Num::of(1.0) - Num::of(given.lr) * Num::of(given.weight_decay);
    (fits::<F>(factor.rounded_to::<F>() * given.w), given.g)
}

/// `m` and `v` with one more gradient.
fn means<F: Float>((beta1, beta2): (f64, f64), g: Num, m: &mut Num, v: &mut Num) {
    *m = flushed::<F>(k::<F>(beta1) * *m + one_minus::<F>(beta1) * g);
    *v = k::<F>(beta2) * *v + one_minus::<F>(beta2) * g * g;
}

impl PlainRule for NAdamConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, [m, v, _]: &mut [Num; 3]) -> Num {
        let (w, g) = decay::<F>(given, self.decoupled_weight_decay);
        means::<F>(self.betas, g, m, v);
        let momentum = |t: u64| {
            let power = Num::of(t as f64) * Num::of(self.momentum_decay) * Num::of(0.96).ln();
            Num::of(self.betas.0) * (Num::of(1.0) - Num::of(0.5) * power.exp())
        };
        let product = |t: u64| (1..=t).fold(Num::of(1.0), |all, t| all * momentum(t));
        let share = |x: Num, t: u64| (x / (Num::of(1.0) - product(t))).rounded_to::<F>();
        let ahead = share(momentum(given.t + 1), given.t + 1) * *m;
        let m_hat = ahead + share(Num::of(1.0) - momentum(given.t), given.t) * g;
        let root = correction::<F>(self.betas.1, given.t).sqrt();
        let (lr, half) = (Num::of(2.0) * k::<F>(given.lr) * root, Num::of(0.5) * m_hat);
        w - scaled::<F>(lr, half, v.sqrt() + root * k::<F>(self.eps))
    }
}

impl PlainRule for RAdamConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, [m, v, _]: &mut [Num; 3]) -> Num {
        let (w, g) = decay::<F>(given, self.decoupled_weight_decay);
        means::<F>(self.betas, g, m, v);
        let (n, t) = (Num::of, Num::of(given.t as f64));
        let beta = k::<F>(self.betas.1);
        let root = correction::<F>(self.betas.1, given.t);
        let length = n(2.0) / (n(1.0) - beta) - n(1.0);
        let now = length - n(2.0) * t * (n(1.0) - root) / root;
        let lr = k::<F>(given.lr) / correction::<F>(self.betas.0, given.t);
        let off = now - n(5.0);
        if off.value.abs() <= off.error.scaled(2) {
            return w.with_error(Wide::of(f64::INFINITY)); // either of the two
        }
        if off.value <= Wide::ZERO {
            return w - fits::<F>(fits::<F>(lr) * *m);
        }
        let above = (now - n(4.0)) * (now - n(2.0)) * length;
        let below = (length - n(4.0)) * (length - n(2.0)) * now;
        let factor = lr * (above / below).sqrt() * root.sqrt();
        w - scaled::<F>(factor, *m, v.sqrt() + k::<F>(self.eps))
    }
}

impl PlainRule for LionConfig {
    const LINEAR: &'static [usize] = &[0];

    fn step<F: Float>(&self, given: Given, [m, ..]: &mut [Num; 3]) -> Num {
        let c = k::<F>(self.betas.0) * *m + one_minus::<F>(self.betas.0) * given.g;
        *m = flushed::<F>(k::<F>(self.betas.1) * *m + one_minus::<F>(self.betas.1) * given.g);
        let (w, _) = decay::<F>(given, true);
        let lr = k::<F>(given.lr);
        if c.is_nan() {
            return c;
        }
        if c.value.abs() <= c.error.scaled(2) && !c.error.is_zero() {
            return w.with_error(Wide::of(f64::INFINITY)); // any sign
        }
        match c.value.partial_cmp(&Wide::ZERO) {
            Some(std::cmp::Ordering::Greater) => w - lr,
            Some(std::cmp::Ordering::Less) => w + lr,
            _ => w,
        }
    }
}
