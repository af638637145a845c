//! `w ← w − λ m̂/(√v̂ + ε)`: the mean of the gradients in units of their root mean square.
//!
//! | step | formula | left out if |
//! |---|---|---|
//! | weight decay | `g ← g + η w` | `η = 0` |
//! | mean | `m ← β₁ m + (1 − β₁) g`, computed as `m + (1 − β₁)(g − m)` | |
//! | mean square | `v ← β₂ v + (1 − β₂) g²` | |
//! | AMSGrad | `v_max ← max(v_max, v)`, and `v_max` in the place of `v` below | not asked for |
//! | descent | `w ← w − λ/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε)` | |
//!
//! λ is the learning rate, η the weight decay; `m` and `v` start at 0, and what that takes from them is given back by the
//! divisors at step `t`. (Kingma and Ba, ICLR 2015, <https://arxiv.org/abs/1412.6980>, algorithm 1; AMSGrad: Reddi, Kale and
//! Kumar, ICLR 2018, <https://arxiv.org/abs/1904.09237>, algorithm 2, with the bias corrections that PyTorch adds.)
//!
//! A mean below the smallest normal number becomes 0.
//!
//! Weight decay goes through the moments here, as in PyTorch's `Adam`; [`AdamW`](crate::AdamW) keeps it apart.

use tensor_core::{Error, Float};

use crate::rule::{check_decay, check_not_negative, decayed, normal_or_zero, one_minus_power};
use crate::{Buffers, Descent, Rule, Step};

/// Adam, PyTorch's `optim.Adam`.
pub type Adam<F> = Descent<F, AdamConfig>;

/// The numbers of [`Adam`]; PyTorch's defaults.
///
/// # Errors
/// [`Adam::new`](Descent::new) refuses a number that is negative or not finite, and a β of 1 or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: how much of the last mean and mean square is kept.
    pub betas: (f64, f64),
    /// ε: keeps the quotient finite where no gradient has been seen.
    pub eps: f64,
    /// η: how much of the parameter itself is added to its gradient.
    pub weight_decay: f64,
    /// Whether to divide by the largest mean square so far.
    pub amsgrad: bool,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, amsgrad: false }
    }
}

impl Rule for AdamConfig {
    const NAME: &'static str = "adam";

    fn check(&self) -> Result<(), Error> {
        check(Self::NAME, self.betas, self.eps)
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
        buffers(self.amsgrad)
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let weight_decay = F::of(step.weight_decay);
        let decay = |w: F, g: F| (w, decayed(g, w, weight_decay));
        Moments::at(step, self.betas, self.eps).update(self.amsgrad, w, g, buffers, decay);
    }
}

pub(crate) fn check(place: &'static str, betas: (f64, f64), eps: f64) -> Result<(), Error> {
    check_decay(place, "beta 1", betas.0)?;
    check_decay(place, "beta 2", betas.1)?;
    check_not_negative(place, "eps", eps)
}

pub(crate) fn buffers(amsgrad: bool) -> &'static [&'static str] {
    if amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
}

/// What Adam and AdamW share: the rule without its weight decay, at one step.
pub(crate) struct Moments<F> {
    beta2: F,
    rest1: F,
    rest2: F,
    /// `λ/(1 − β₁ᵗ)`
    rate: F,
    /// `√(1 − β₂ᵗ)`
    root: F,
    eps: F,
}

impl<F: Float> Moments<F> {
    pub(crate) fn at(step: Step, (beta1, beta2): (f64, f64), eps: f64) -> Self {
        Self {
            beta2: F::of(beta2),
            rest1: F::of(1.0 - beta1),
            rest2: F::of(1.0 - beta2),
            rate: F::of(step.lr / one_minus_power(beta1, step.t)),
            root: F::of(one_minus_power(beta2, step.t).sqrt()),
            eps: F::of(eps),
        }
    }

    /// One pass over a parameter. `decay` says what weight decay makes of an element and its gradient.
    #[inline(always)]
    pub(crate) fn update(
        &self,
        amsgrad: bool,
        w: &mut [F],
        g: &[F],
        [m, v, largest]: Buffers<'_, F>,
        decay: impl Fn(F, F) -> (F, F),
    ) {
        let elements = w.iter_mut().zip(g).zip(m.iter_mut().zip(v));
        if amsgrad {
            for (((w, &g), (m, v)), largest) in elements.zip(largest) {
                let (decayed, g) = decay(*w, g);
                self.remember(g, m, v);
                // A NaN in v is in m as well, so it need not win here to be seen.
                *largest = if *v > *largest { *v } else { *largest };
                *w = decayed - self.descent(*m, *largest);
            }
        } else {
            for ((w, &g), (m, v)) in elements {
                let (decayed, g) = decay(*w, g);
                self.remember(g, m, v);
                *w = decayed - self.descent(*m, *v);
            }
        }
    }

    #[inline(always)]
    fn remember(&self, g: F, m: &mut F, v: &mut F) {
        *m = normal_or_zero(*m + self.rest1 * (g - *m));
        *v = self.beta2 * *v + self.rest2 * g * g;
    }

    #[inline(always)]
    fn descent(&self, m: F, v: F) -> F {
        self.rate * m / (v.sqrt() / self.root + self.eps)
    }
}

#[cfg(test)]
mod tests {
    use super::{Adam, AdamConfig};

    #[test]
    fn configurations_are_checked() {
        let default = AdamConfig::default;
        let refused = |config| Adam::<f32>::new(config).unwrap_err().to_string();
        for (bad, found) in [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let range = format!("to be a finite number ≥ 0, found {found}");
            let lr = refused(AdamConfig { lr: bad, ..default() });
            assert_eq!(lr, format!("adam: expected lr {range}"));
            let eps = refused(AdamConfig { eps: bad, ..default() });
            assert_eq!(eps, format!("adam: expected eps {range}"));
            let decay = refused(AdamConfig { weight_decay: bad, ..default() });
            assert_eq!(decay, format!("adam: expected weight_decay {range}"));
        }
        for (bad, found) in [(1.0, "1"), (-0.1, "-0.1"), (f64::NAN, "NaN")] {
            let range = format!("to be from 0 to below 1, found {found}");
            let beta1 = refused(AdamConfig { betas: (bad, 0.5), ..default() });
            assert_eq!(beta1, format!("adam: expected beta 1 {range}"));
            let beta2 = refused(AdamConfig { betas: (0.5, bad), ..default() });
            assert_eq!(beta2, format!("adam: expected beta 2 {range}"));
        }
    }
}
