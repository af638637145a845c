//! Gradients over the root of a moving average of their squares.

use tensor_core::{Error, Float};

use crate::arithmetic::{
    BLOCK, Block, Factors, Roots, decayed_block, factors, faded, in_blocks, quotient,
};
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
/// the same coefficients, whose sum is at most 1, so `s ≥ m²` by Cauchy–Schwarz.) The difference
/// would lose its digits there, and rounding could make it negative. But with `d² = s − m²`,
///
/// ```text
/// s' − m'² = α s + (1 − α) g² − (α m + (1 − α) g)²
///          = α (s − m²) + α (1 − α) m² − 2 α (1 − α) m g + α (1 − α) g²
/// d'² = α d² + α (1 − α) (g − m)²
/// ```
///
/// a sum of squares, so `d` is kept instead of `s`.
///
/// **Momentum** sums the directions so far, as in [`Sgd`](crate::Sgd), which derives it.
///
/// Source: Hinton, *Neural networks for machine learning*, lecture 6e,
/// <https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf>. Centered, and with
/// momentum: Graves, *Generating sequences with recurrent neural networks*, 2013,
/// <https://arxiv.org/abs/1308.0850>, equations 38–41, where ε stands under the root and λ inside
/// the velocity.
///
/// Differences to PyTorch: `√s`, or `d = √(s − m²)`, is kept in the place of `s`, so that a
/// gradient whose square overflows or vanishes is followed by the right steps; where rounding makes
/// `s − m²` negative, PyTorch gives NaN. Where the gradient is 0, what is below the smallest normal
/// number becomes 0. Where the root and ε are 0, so is the step.
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `root_square_avg`
/// (`√s`), or if centered `deviation` (`√(s − m²)`) and `grad_avg` (`m`), and if `μ > 0`
/// `momentum_buffer` (`v`).
///
/// # Errors
/// [`RmsProp::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type, and an α of 1 or more, also in the parameters' type.
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
/// assert!(model.0[0].abs() < 1e-15);
/// rmsprop.step(&mut model, &mut [1.0])?;
/// assert!((model.0[0] + 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub type RmsProp<F> = Descent<F, RmsPropConfig>;

/// The configuration of [`RmsProp`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    fn with_momentum(self, momentum: f64) -> Option<Self> {
        Some(Self { momentum, ..self })
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        check::decay_rate::<F>(Self::NAME, "alpha", self.alpha)?;
        check::epsilon::<F>(Self::NAME, self.eps)?;
        check::not_negative(Self::NAME, "momentum", self.momentum)?;
        check::held::<F>(Self::NAME, "momentum", self.momentum)
    }

    fn buffers(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => &["root_square_avg"],
            (false, true) => &["root_square_avg", "momentum_buffer"],
            (true, false) => &["deviation", "grad_avg"],
            (true, true) => &["deviation", "grad_avg", "momentum_buffer"],
        }
    }

    fn not_negative(&self) -> &'static [&'static str] {
        &["root_square_avg", "deviation"]
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        in_blocks(w, g, buffers, &Terms::of(self, step));
    }
}

/// The numbers that are the same for all elements.
struct Terms<F> {
    centered: bool,
    lr: F,
    weight_decay: F,
    /// α and 1 − α.
    mean: [F; 2],
    /// α and 1 − α, of squares.
    square: Factors<F>,
    /// α and 4 α (1 − α), of squares.
    spread: Factors<F>,
    momentum: F,
    eps: F,
}

impl<F: Float> Terms<F> {
    fn of(config: &RmsPropConfig, step: Step) -> Self {
        let mean = factors::<F>(config.alpha);
        Self {
            centered: config.centered,
            lr: F::of(step.lr),
            weight_decay: F::of(step.weight_decay),
            mean,
            square: Factors::of_average(config.alpha),
            spread: Factors::of([config.alpha, 4.0 * config.alpha * (1.0 - config.alpha)]),
            momentum: F::of(config.momentum),
            eps: F::of(config.eps),
        }
    }

    /// `d² ← α d² + α (1 − α) (g − m)²` and `m ← α m + (1 − α) g`.
    #[inline(always)]
    fn deviation(&self, g: &[F], d: &[F], m: &mut [F]) -> Roots<F> {
        let half = F::of(0.5);
        let mut differences = [F::zero(); BLOCK];
        for (difference, (&g, &m)) in differences.iter_mut().zip(g.iter().zip(&*m)) {
            *difference = half * g - half * m; // g − m could overflow
        }
        for (&g, m) in g.iter().zip(m) {
            *m = faded(self.mean[0] * *m + self.mean[1] * g, g);
        }
        Roots::of(d, &differences[..g.len()], self.spread)
    }
}

impl<F: Float> Block<F> for Terms<F> {
    #[inline(always)]
    fn run(&self, w: &mut [F], g: &[F], [r, second, third]: Buffers<'_, F>) {
        let n = w.len();
        let r = &mut r[..n];
        let mut memory = [F::zero(); BLOCK];
        let g = decayed_block(g, w, self.weight_decay, &mut memory); // g ← g + η w
        let (roots, v) = if self.centered {
            (self.deviation(g, r, &mut second[..n]), third)
        } else {
            (Roots::of(r, g, self.square), second) // s ← α s + (1 − α) g²
        };
        let elements = w.iter_mut().zip(g).zip(r.iter_mut().zip(&roots.values));
        if self.momentum > F::zero() {
            for (((w, &g), (r, &value)), v) in elements.zip(&mut v[..n]) {
                *r = roots.root(value);
                *v = faded(self.momentum * *v + quotient(g, *r + self.eps), g); // v ← μ v + d
                *w -= self.lr * *v; // w ← w − λ v
            }
        } else {
            for ((w, &g), (r, &value)) in elements {
                *r = roots.root(value);
                *w -= self.lr * quotient(g, *r + self.eps); // w ← w − λ g/(√s + ε)
            }
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
