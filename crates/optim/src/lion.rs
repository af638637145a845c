//! Steps by the sign of a mean of the gradients.

use tensor_core::{Error, Float};

use crate::arithmetic::{factors, faded};
use crate::{Buffers, Descent, Rates, Rule, Step, check};

/// Lion: `w ← w − λ sign(β₁ m + (1 − β₁) g)`, steps of one size in the direction of a mean of the
/// gradients. PyTorch has no class for it.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at this step, `m` the mean of its
/// gradients, which is 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | direction | `c = β₁ m + (1 − β₁) g` | |
/// | weight decay | `w ← w − λ η w` | if `η > 0` |
/// | descent | `w ← w − λ sign(c)` | |
/// | mean | `m ← β₂ m + (1 − β₂) g` | |
///
/// λ ([`lr`](LionConfig::lr)) is the learning rate, β₁ ([`betas`](LionConfig::betas)`.0`) is the
/// share of the mean in the direction, β₂ (`betas.1`) the decay rate of the mean, and η
/// ([`weight_decay`](LionConfig::weight_decay)) the weight decay. `sign(0) = 0`.
///
/// # Derivation
/// The rule was found by a search over programs and not derived. What its parts do:
///
/// **The sign** moves each element by λ or not at all, whatever the size of its gradients, as
/// [`Adam`](crate::Adam) does where gradients hardly change: there `m_hat/√v_hat = ±1`. So no second
/// moment is kept: half of Adam's state. Since Adam's steps are mostly shorter than λ, Lion's λ is
/// chosen 3 to 10 times smaller, and η as many times larger, because decay multiplies by `λ η`.
///
/// **Two rates.** With `β₁ < β₂` the direction weighs the newest gradient more than the mean that
/// is kept does: unrolled, `g` counts in `c` with `1 − β₁`, the one `k` steps before with
/// `β₁ (1 − β₂) β₂^(k−1)`.
///
/// Source: Chen et al., *Symbolic discovery of optimization algorithms*, NeurIPS 2023,
/// <https://arxiv.org/abs/2302.06675>, algorithm 2. There the decay is within the step, `w ← w −
/// λ (sign(c) + η w)`, which is the same.
///
/// Differences to PyTorch: it has no such class; defaults are the paper's. Where the gradient is 0,
/// a mean below the smallest normal number becomes 0.
///
/// # Shapes
/// Any: each element moves by itself. State: `exp_avg` (`m`), of the parameter's shape.
///
/// # Errors
/// [`Lion::new`](Descent::new) refuses a number that is negative or not finite, and a β of 1 or
/// more, also in the parameters' type.
///
/// # Examples
///
/// With `λ = ¼`, `β₁ = ½` and `β₂ = ¾`, from `w = 1`: with the gradient 8 `c = 4`, `w = ¾`,
/// `m = 2`; then with −1 `c = 1 − ½`, `w = ½`: the mean still decides.
///
/// ```
/// use optim::{Lion, LionConfig, Optimizer};
#[doc = include_str!("../doc/weights.md")]
/// let config = LionConfig { lr: 0.25, betas: (0.5, 0.75), ..LionConfig::default() };
/// let mut lion = Lion::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// lion.step(&mut model, &mut [8.0])?;
/// assert_eq!(model.0, [0.75]);
/// lion.step(&mut model, &mut [-1.0])?;
/// assert_eq!(model.0, [0.5]);
/// # Ok::<(), Error>(())
/// ```
pub type Lion<F> = Descent<F, LionConfig>;

/// The configuration of [`Lion`], which defines the symbols; the paper's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LionConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: the share of the mean in the direction, and the decay rate of the mean.
    pub betas: (f64, f64),
    /// Weight decay η: a parameter is multiplied by `1 − λ η`.
    pub weight_decay: f64,
}

impl Default for LionConfig {
    fn default() -> Self {
        Self { lr: 1e-4, betas: (0.9, 0.99), weight_decay: 0.0 }
    }
}

impl Rule for LionConfig {
    const NAME: &'static str = "lion";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn with_momentum(self, momentum: f64) -> Option<Self> {
        Some(Self { betas: (momentum, self.betas.1), ..self })
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        check::decay_rate::<F>(Self::NAME, "beta 1", self.betas.0)?;
        check::decay_rate::<F>(Self::NAME, "beta 2", self.betas.1)
    }

    fn buffers(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let [m, ..] = buffers;
        let lr = F::of(step.lr);
        let shrink = F::of(1.0 - step.lr * step.weight_decay);
        let [[share, own], [keep, add]] = [self.betas.0, self.betas.1].map(factors::<F>);
        for ((w, &g), m) in w.iter_mut().zip(g).zip(m) {
            let c = share * *m + own * g; // c = β₁ m + (1 − β₁) g
            let up = if c > F::zero() { lr } else { c }; // 0 and NaN stay
            let displacement = if c < F::zero() { -lr } else { up };
            *w = shrink * *w - displacement; // w ← (1 − λ η) w − λ sign(c)
            *m = faded(keep * *m + add * g, g); // m ← β₂ m + (1 − β₂) g
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Lion, LionConfig};

    #[test]
    fn configurations_are_checked() {
        let refused = |config| Lion::<f32>::new(config).unwrap_err().to_string();
        let default = LionConfig::default;
        for (betas, name) in [((1.0, 0.5), "beta 1"), ((0.5, 1.0), "beta 2")] {
            let beta = refused(LionConfig { betas, ..default() });
            assert_eq!(beta, format!("lion: expected {name} to be from 0 to below 1, found 1"));
        }
        let lr = refused(LionConfig { lr: -1.0, ..default() });
        assert_eq!(lr, "lion: expected lr to be a finite number ≥ 0, found -1");
    }
}
