//! Gradients over the root of a moving average of their squares.

use tensor_core::{Error, Float};

use crate::rule::{decayed, normal_or_zero};
use crate::{Buffers, Descent, Rates, Rule, Step, check};

/// RMSprop, PyTorch's `optim.RMSprop`: `s ← α s + (1 − α) g²; w ← w − λ g/(√s + ε)`.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at this step. The mean square `s`,
/// the mean `m` and the velocity `v` of each element are 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w` | if `η > 0` |
/// | mean square | `s ← α s + (1 − α) g²` | |
/// | mean | `m ← α m + (1 − α) g` | centered |
/// | direction | `d = g/(√s + ε)`; centered `d = g/(√(s − m²) + ε)` | |
/// | velocity | `v ← μ v + d` | if `μ > 0` |
/// | descent | `w ← w − λ d`; with momentum `w ← w − λ v` | |
///
/// λ ([`lr`](RmsPropConfig::lr)) is the learning rate, α ([`alpha`](RmsPropConfig::alpha)) the
/// decay rate of the moving averages, ε ([`eps`](RmsPropConfig::eps)) a small number that keeps the
/// quotient finite where all gradients were 0, η ([`weight_decay`](RmsPropConfig::weight_decay))
/// the weight decay and μ ([`momentum`](RmsPropConfig::momentum)) the momentum.
///
/// # Derivation
/// **The mean square.** Unrolled from `s_0 = 0`,
///
/// ```text
/// s_t = (1 − α) Σ_{i=1..t} α^(t−i) g_i²
/// ```
///
/// a weighted sum in which a square counts less by the factor α with each later step: `√s` is the
/// recent size of the element's gradients, over some `1/(1 − α)` steps. Divided by it, `g/√s` is
/// about 1 in size whatever the size of the gradients, so one λ suits all elements.
/// [`Adagrad`](crate::Adagrad) divides by the root of the *sum* of all squares, and its steps
/// shrink for ever; here they do not.
///
/// The coefficients of the sum add up to `1 − αᵗ` only, not to 1 ([`Adam`](crate::Adam) derives
/// that and corrects it), so the first steps are long: the first is `λ g/√((1 − α) g²)`, ten times
/// λ for `α = 0.99`.
///
/// **Centered.** `s − m²` is an estimate of the gradient's variance, `E[g²] − E[g]²`. Where
/// gradients hardly change it is much smaller than `s`, and the steps are longer. (`s` and `m` have
/// the same coefficients, whose sum is at most 1, so `s ≥ m²` by Cauchy–Schwarz.)
///
/// **Momentum** sums the directions so far, as in [`Sgd`](crate::Sgd), which derives it.
///
/// Source: Hinton, *Neural networks for machine learning*, lecture 6e,
/// <https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf>. Centered, and with
/// momentum: Graves, *Generating sequences with recurrent neural networks*, 2013,
/// <https://arxiv.org/abs/1308.0850>, equations 38–41, where ε stands under the root and λ inside
/// the velocity.
///
/// Differences to PyTorch: where rounding makes `s − m²` negative, it is 0 here; PyTorch takes the
/// root all the same and gives NaN. A mean or a velocity below the smallest normal number becomes
/// 0.
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `square_avg` (`s`), if
/// centered `grad_avg` (`m`), and if `μ > 0` `momentum_buffer` (`v`).
///
/// # Errors
/// [`RmsProp::new`](Descent::new) refuses a number that is negative or not finite, and an α of 1 or
/// more.
///
/// # Examples
///
/// With `λ = ½`, `α = ¾` and `ε = 0`, from `w = 1`: `s = ¼·4 = 1`, `w = 1 − ½·2/1 = 0`; then
/// `s = ¾·1 + ¼·1 = 1`, `w = 0 − ½·1/1 = −½`.
///
/// ```
/// use optim::{Optimizer, RmsProp, RmsPropConfig};
#[doc = include_str!("../doc/weights.md")]
/// let config = RmsPropConfig { lr: 0.5, alpha: 0.75, eps: 0.0, ..RmsPropConfig::default() };
/// let mut rmsprop = RmsProp::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// rmsprop.step(&mut model, &mut [2.0])?;
/// assert_eq!(model.0, [0.0]);
/// rmsprop.step(&mut model, &mut [1.0])?;
/// assert_eq!(model.0, [-0.5]);
/// # Ok::<(), Error>(())
/// ```
pub type RmsProp<F> = Descent<F, RmsPropConfig>;

/// The configuration of [`RmsProp`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsPropConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// α: the decay rate of the mean square and of the mean.
    pub alpha: f64,
    /// ε: added to the root.
    pub eps: f64,
    /// Weight decay η: `η w` is added to the gradient of `w`.
    pub weight_decay: f64,
    /// Momentum μ: what the velocity is multiplied by at each step.
    pub momentum: f64,
    /// Whether to divide by the standard deviation of the gradients instead of their root mean
    /// square.
    pub centered: bool,
}

impl Default for RmsPropConfig {
    fn default() -> Self {
        Self { lr: 1e-2, alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }
    }
}

impl Rule for RmsPropConfig {
    const NAME: &'static str = "rmsprop";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn check(&self) -> Result<(), Error> {
        check::below_one(Self::NAME, "alpha", self.alpha)?;
        check::not_negative(Self::NAME, "eps", self.eps)?;
        check::not_negative(Self::NAME, "momentum", self.momentum)
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
        let terms = Terms::<F>::of(self);
        let [s, second, third] = buffers;
        let (m, v) = if self.centered { (second, third) } else { (third, second) };
        let elements = w.iter_mut().zip(g).zip(s);
        // One loop for each choice of buffers, because a branch inside would keep it from being
        // vectorized. Without momentum, λ multiplies `g` and not the quotient, as in PyTorch.
        match (self.centered, self.momentum > 0.0) {
            (false, false) => elements.for_each(|((w, &g), s)| {
                let g = decayed(g, *w, weight_decay); // g ← g + η w
                *w -= terms.direction(lr * g, terms.mean_square(g, s)); // w ← w − λ g/(√s + ε)
            }),
            (false, true) => elements.zip(v).for_each(|(((w, &g), s), v)| {
                let g = decayed(g, *w, weight_decay);
                let d = terms.direction(g, terms.mean_square(g, s));
                *w -= lr * terms.velocity(d, v); // w ← w − λ v
            }),
            (true, false) => elements.zip(m).for_each(|(((w, &g), s), m)| {
                let g = decayed(g, *w, weight_decay);
                *w -= terms.direction(lr * g, terms.variance(g, s, m));
            }),
            (true, true) => elements.zip(m.iter_mut().zip(v)).for_each(|(((w, &g), s), (m, v))| {
                let g = decayed(g, *w, weight_decay);
                let d = terms.direction(g, terms.variance(g, s, m));
                *w -= lr * terms.velocity(d, v);
            }),
        }
    }
}

/// The equations of one element, with the numbers that are the same for all.
struct Terms<F> {
    alpha: F,
    one_minus_alpha: F,
    momentum: F,
    eps: F,
}

impl<F: Float> Terms<F> {
    fn of(config: &RmsPropConfig) -> Self {
        Self {
            alpha: F::of(config.alpha),
            one_minus_alpha: F::of(1.0 - config.alpha),
            momentum: F::of(config.momentum),
            eps: F::of(config.eps),
        }
    }

    /// `s ← α s + (1 − α) g²`
    #[inline(always)]
    fn mean_square(&self, g: F, s: &mut F) -> F {
        *s = self.alpha * *s + self.one_minus_alpha * g * g;
        *s
    }

    /// `m ← α m + (1 − α) g` and `s ← α s + (1 − α) g²`; returns `s − m²`.
    #[inline(always)]
    fn variance(&self, g: F, s: &mut F, m: &mut F) -> F {
        *m = normal_or_zero(self.alpha * *m + self.one_minus_alpha * g);
        let variance = self.mean_square(g, s) - *m * *m;
        if variance < F::zero() { F::zero() } else { variance }
    }

    /// `d = g/(√s + ε)`
    #[inline(always)]
    fn direction(&self, g: F, s: F) -> F {
        g / (s.sqrt() + self.eps)
    }

    /// `v ← μ v + d`
    #[inline(always)]
    fn velocity(&self, d: F, v: &mut F) -> F {
        *v = normal_or_zero(self.momentum * *v + d);
        *v
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
