//! `s ← α s + (1 − α) g²; w ← w − λ g/(√s + ε)`: gradients in units of their recent size.
//!
//! | step | formula | left out if |
//! |---|---|---|
//! | weight decay | `g ← g + η w` | `η = 0` |
//! | mean square | `s ← α s + (1 − α) g²` | |
//! | mean | `m ← α m + (1 − α) g`, and `s − m²` in the place of `s` below | not centered |
//! | direction | `d = g/(√s + ε)` | |
//! | momentum | `v ← μ v + d`, and `v` in the place of `d` below | `μ = 0` |
//! | descent | `w ← w − λ d` | |
//!
//! λ is the learning rate, α the smoothing, μ the momentum, η the weight decay. (Hinton, *Neural Networks for Machine
//! Learning*, lecture 6e, <https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf>; centered: Graves,
//! 2013, <https://arxiv.org/abs/1308.0850>, equations 38–45.)
//!
//! `s − m²` is a variance, but rounding can make it negative where gradients hardly change. PyTorch then takes the root of a
//! negative number and gives NaN; here it is 0.

use tensor_core::{Error, Float};

use crate::rule::{check_decay, check_not_negative, decayed, normal_or_zero};
use crate::{Buffers, Descent, Rule, Step};

/// RMSprop, PyTorch's `optim.RMSprop`.
pub type RmsProp<F> = Descent<F, RmsPropConfig>;

/// The numbers of [`RmsProp`]; PyTorch's defaults.
///
/// # Errors
/// [`RmsProp::new`](Descent::new) refuses a number that is negative or not finite, and a smoothing of 1 or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsPropConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// α: how much of the last mean square is kept.
    pub alpha: f64,
    /// ε: keeps the quotient finite where no gradient has been seen.
    pub eps: f64,
    /// η: how much of the parameter itself is added to its gradient.
    pub weight_decay: f64,
    /// μ: how much of the last velocity is kept.
    pub momentum: f64,
    /// Whether to divide by the standard deviation of the gradients instead of their root mean square.
    pub centered: bool,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { lr: 1e-2, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }
    }
}

impl Rule for RmsPropConfig {
    const NAME: &'static str = "rmsprop";

    fn check(&self) -> Result<(), Error> {
        check_decay(Self::NAME, "alpha", self.alpha)?;
        check_not_negative(Self::NAME, "eps", self.eps)?;
        check_not_negative(Self::NAME, "momentum", self.momentum)
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn buffers(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let (lr, weight_decay) = (F::of(step.lr), F::of(step.weight_decay));
        let (alpha, rest) = (F::of(self.alpha), F::of(1.0 - self.alpha));
        let (momentum, eps) = (F::of(self.momentum), F::of(self.eps));
        let mean_square = |g: F, s: &mut F| {
            *s = alpha * *s + rest * g * g;
            *s
        };
        let variance = |g: F, s: &mut F, m: &mut F| {
            *m = normal_or_zero(alpha * *m + rest * g);
            let variance = mean_square(g, s) - *m * *m;
            if variance < F::zero() { F::zero() } else { variance }
        };
        let direction = |g: F, variance: F| g / (variance.sqrt() + eps);
        let velocity = |d: F, v: &mut F| {
            *v = normal_or_zero(momentum * *v + d);
            *v
        };
        // One loop for each choice of buffers, without a branch inside.
        let [s, second, third] = buffers;
        let (m, v) = if self.centered { (second, third) } else { (third, second) };
        let elements = w.iter_mut().zip(g).zip(s);
        match (self.centered, self.momentum > 0.0) {
            (false, false) => elements.for_each(|((w, &g), s)| {
                let g = decayed(g, *w, weight_decay);
                *w -= direction(lr * g, mean_square(g, s));
            }),
            (false, true) => elements.zip(v).for_each(|(((w, &g), s), v)| {
                let g = decayed(g, *w, weight_decay);
                *w -= lr * velocity(direction(g, mean_square(g, s)), v);
            }),
            (true, false) => elements.zip(m).for_each(|(((w, &g), s), m)| {
                let g = decayed(g, *w, weight_decay);
                *w -= direction(lr * g, variance(g, s, m));
            }),
            (true, true) => elements.zip(m.iter_mut().zip(v)).for_each(|(((w, &g), s), (m, v))| {
                let g = decayed(g, *w, weight_decay);
                *w -= lr * velocity(direction(g, variance(g, s, m)), v);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RmsProp, RmsPropConfig};

    #[test]
    fn configurations_are_checked() {
        for (bad, found) in [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let default = RmsPropConfig::default;
            let configs = [
                ("lr", RmsPropConfig { lr: bad, ..default() }),
                ("eps", RmsPropConfig { eps: bad, ..default() }),
                ("weight_decay", RmsPropConfig { weight_decay: bad, ..default() }),
                ("momentum", RmsPropConfig { momentum: bad, ..default() }),
            ];
            for (name, config) in configs {
                let error = RmsProp::<f32>::new(config).unwrap_err().to_string();
                let range = format!("to be a finite number ≥ 0, found {found}");
                assert_eq!(error, format!("rmsprop: expected {name} {range}"));
            }
        }
        for (alpha, found) in [(1.0, "1"), (-0.1, "-0.1"), (f64::NAN, "NaN")] {
            let config = RmsPropConfig { alpha, ..RmsPropConfig::default() };
            let error = RmsProp::<f32>::new(config).unwrap_err().to_string();
            let message = "rmsprop: expected alpha to be from 0 to below 1, found";
            assert_eq!(error, format!("{message} {found}"));
        }
    }
}
