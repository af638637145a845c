//! The plain forms of the rules: one step of one element.

use optim::{AdagradConfig, AdamConfig, AdamWConfig, RmsPropConfig, SgdConfig};
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

fn one_minus<F: Float>(x: f64) -> Num {
    (Num::of(1.0) - Num::of(x)).rounded_to::<F>()
}

/// `g + η w`, and `g` alone without decay.
fn decayed<F: Float>(given: Given) -> Num {
    match given.weight_decay {
        0.0 => given.g,
        decay => given.g + k::<F>(decay) * given.w,
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
            return given.w - k::<F>(given.lr) * g;
        }
        let dampening = if given.t == 1 { 0.0 } else { self.dampening };
        let mu = k::<F>(self.momentum);
        *v = flushed::<F>(mu * *v + one_minus::<F>(dampening) * g);
        let d = if self.nesterov { g + mu * *v } else { *v };
        given.w - k::<F>(given.lr) * d
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
        given.w - quotient(lr * g, s.sqrt() + k::<F>(self.eps))
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
            return given.w - quotient(k::<F>(given.lr) * g, deviation);
        }
        *v = flushed::<F>(k::<F>(self.momentum) * *v + quotient(g, deviation));
        given.w - k::<F>(given.lr) * *v
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
    *m = flushed::<F>(*m + one_minus::<F>(beta1) * (g - *m));
    *v = k::<F>(beta2) * *v + one_minus::<F>(beta2) * g * g;
    *v_max = if v_max.value > v.value { *v_max } else { *v };
    let correction = |beta: f64| {
        let power = Num::of(given.t as f64) * Num::of(beta).ln();
        if beta == 0.0 { Num::of(1.0) } else { -power.exp_m1() }
    };
    let m_hat = *m / correction(beta1).rounded_to::<F>();
    let v_hat = if config.amsgrad { *v_max } else { *v } / correction(beta2).rounded_to::<F>();
    w - quotient(k::<F>(given.lr) * m_hat, v_hat.sqrt() + k::<F>(config.eps))
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
        let factor = Num::of(1.0) - Num::of(given.lr) * Num::of(given.weight_decay);
        let w = factor.rounded_to::<F>() * given.w;
        let config = AdamConfig { lr, betas, eps, weight_decay, amsgrad };
        moments::<F>(config, given, (w, given.g), buffers)
    }
}
