//! Adam with Nesterov's momentum.

use tensor_core::{Error, Float};

use crate::arithmetic::{at_most_largest, quotient};
use crate::moments::{self, Moments, Options};
use crate::{Buffers, Descent, Rates, Rule, Step, check};

/// NAdam, PyTorch's `optim.NAdam`: Adam whose step looks one momentum ahead, as Nesterov's does.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at step `t = 1, 2, …`. The moments
/// `m` and `v` of each element are 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w`; decoupled `w ← w − λ η w` | if `η > 0` |
/// | momentum | `μ_t = β₁ (1 − ½·0.96^(t ψ))`, `M_t = μ_1 μ_2 … μ_t` | |
/// | first moment | `m ← β₁ m + (1 − β₁) g` | |
/// | second moment | `v ← β₂ v + (1 − β₂) g²` | |
/// | looked ahead | `m_hat = μ_(t+1) m/(1 − M_(t+1)) + (1 − μ_t) g/(1 − M_t)` | |
/// | bias correction | `v_hat = v/(1 − β₂ᵗ)` | |
/// | descent | `w ← w − λ m_hat/(√v_hat + ε)` | |
///
/// λ ([`lr`](NAdamConfig::lr)) is the learning rate, β₁ and β₂ ([`betas`](NAdamConfig::betas)) are
/// the decay rates of the two moving averages, ψ ([`momentum_decay`](NAdamConfig::momentum_decay))
/// says how fast the momentum grows from about `β₁/2` to `β₁`, ε ([`eps`](NAdamConfig::eps)) is a
/// small number that keeps the quotient finite, and η
/// ([`weight_decay`](NAdamConfig::weight_decay)) the weight decay.
///
/// # Derivation
/// **Looked ahead.** [`Adam`](crate::Adam) moves by the mean of the gradients so far, `m = β₁ m_old +
/// (1 − β₁) g`: the momentum `β₁ m_old` was known before `g` was. The next step will add `β₁ m`. As
/// in [`Sgd`](crate::Sgd) with Nesterov's momentum, it is added one step earlier: in the place of
/// `β₁ m_old + (1 − β₁) g` stands `β₁ m + (1 − β₁) g`, with a momentum `μ_t` of each step in the
/// place of β₁.
///
/// **Bias correction.** `1 − M_t` is to a momentum that changes what `1 − β₁ᵗ` is to one that does
/// not; where all `μ_t` are β₁, `M_t = β₁ᵗ`.
///
/// **The product** follows from `t` alone, so that nothing but `t` has to be saved. With
/// `q = 0.96^ψ`, the series `ln(1 − x) = −Σ_k xᵏ/k` and the geometric sum `Σ_i q^(ik)`,
///
/// ```text
/// ln M_t = t ln β₁ + Σ_{i=1..t} ln(1 − ½ qⁱ)
///        = t ln β₁ − Σ_{k=1..} (½ᵏ/k) Σ_{i=1..t} q^(ik)
///        = t ln β₁ − Σ_{k=1..} (½ᵏ/k) qᵏ (1 − q^(tk))/(1 − qᵏ)
/// ```
///
/// whose terms fall by a half or more: 60 of them are all that `f64` can tell.
///
/// Source: Dozat, *Incorporating Nesterov momentum into Adam*, ICLR 2016 workshop,
/// <https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ>, algorithm 2. As in PyTorch, `m` averages
/// with β₁ and not with `μ_t`.
///
/// Differences to PyTorch: those of [`Adam`](crate::Adam), and `M_t` is no part of the state.
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `exp_avg` (`m`),
/// `root_exp_avg_sq` (`√v`).
///
/// # Errors
/// [`NAdam::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type, and a β of 1 or more, also in the parameters' type.
///
/// # Examples
///
/// With `λ = ½`, `β₁ = ½`, `β₂ = ¾`, `ε = 0` and `ψ = 0`, so that every `μ_t = ½·½ = ¼`, from
/// `w = 1` with the gradient 2: `m = 1`, `v = ¼·4`, `v_hat = 4`; `m_hat = ¼·1/(1 − 1/16) +
/// ¾·2/(1 − ¼) = 4/15 + 2 = 34/15`, `w = 1 − ½·(34/15)/2 = 13/30`.
///
/// ```
/// use optim::{NAdam, NAdamConfig, Optimizer};
#[doc = include_str!("../doc/weights.md")]
/// let (lr, betas, eps, momentum_decay) = (0.5, (0.5, 0.75), 0.0, 0.0);
/// let config = NAdamConfig { lr, betas, eps, momentum_decay, ..NAdamConfig::default() };
/// let mut nadam = NAdam::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// nadam.step(&mut model, &mut [2.0])?;
/// assert!((model.0[0] - 13.0 / 30.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub type NAdam<F> = Descent<F, NAdamConfig>;

/// The configuration of [`NAdam`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NAdamConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: the decay rates of the first and the second moment.
    pub betas: (f64, f64),
    /// ε: added to `√v_hat`.
    pub eps: f64,
    /// Weight decay η.
    pub weight_decay: f64,
    /// ψ: how fast the momentum grows with the number of steps.
    pub momentum_decay: f64,
    /// Whether a parameter is multiplied by `1 − λ η`, as in [`AdamW`](crate::AdamW), instead of
    /// `η w` being added to the gradient.
    pub decoupled_weight_decay: bool,
}

impl Default for NAdamConfig {
    fn default() -> Self {
        Self {
            lr: 2e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
        }
    }
}

impl Rule for NAdamConfig {
    const NAME: &'static str = "nadam";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        moments::check::<F>(Self::NAME, self.betas, self.eps)?;
        check::not_negative(Self::NAME, "momentum_decay", self.momentum_decay)
    }

    fn buffers(&self) -> &'static [&'static str] {
        moments::buffers(false)
    }

    fn not_negative(&self) -> &'static [&'static str] {
        moments::ROOTS
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let moments = Moments::<F>::of(self.betas);
        let root_correction = moments.root_correction(step.t);
        let [now, next] = [step.t, step.t + 1].map(|t| self.momentum(t));
        let log = self.log_product(step.t);
        // m_hat/2 = a m + b g, halved, because the sum of both factors may be above 1.
        let ahead = F::of(0.5 * next / -(log + next.ln()).exp_m1());
        let own = F::of(0.5 * (1.0 - now) / -log.exp_m1());
        // λ m_hat/(√v/√c + ε) = 2 λ √c · (m_hat/2)/(√v + √c ε), with c = 1 − β₂ᵗ.
        let lr = at_most_largest::<F>(2.0 * (step.lr * root_correction));
        let eps = F::of(self.eps * root_correction);
        let options = Options { amsgrad: false, decoupled: self.decoupled_weight_decay };
        moments.descend(step, options, w, g, buffers, |g, m, r| {
            lr * quotient(ahead * m + own * g, r + eps)
        });
    }
}

/// The base of the momentum's growth.
const BASE: f64 = 0.96;

impl NAdamConfig {
    /// `μ_t = β₁ (1 − ½·0.96^(t ψ))`
    fn momentum(&self, t: u64) -> f64 {
        self.betas.0 * (1.0 - 0.5 * BASE.powf(t as f64 * self.momentum_decay))
    }

    /// `ln M_t = Σ_{i=1..t} ln μ_i`
    fn log_product(&self, t: u64) -> f64 {
        let t = t as f64;
        let log_q = self.momentum_decay * BASE.ln();
        let mut sum = t * self.betas.0.ln();
        let mut half_power = 1.0;
        for k in 1..=60 {
            let k = f64::from(k);
            half_power *= 0.5;
            // Σ_{i=1..t} q^(ik) = qᵏ (1 − q^(tk))/(1 − qᵏ), or t for q = 1
            let geometric = if log_q == 0.0 {
                t
            } else {
                (k * log_q).exp() * (t * k * log_q).exp_m1() / (k * log_q).exp_m1()
            };
            sum -= half_power / k * geometric;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::{NAdam, NAdamConfig};

    #[test]
    fn configurations_are_checked() {
        let refused = |config| NAdam::<f32>::new(config).unwrap_err().to_string();
        let default = NAdamConfig::default;
        let beta = refused(NAdamConfig { betas: (1.0, 0.9), ..default() });
        assert_eq!(beta, "nadam: expected beta 1 to be from 0 to below 1, found 1");
        let decay = refused(NAdamConfig { momentum_decay: f64::NAN, ..default() });
        let message = "nadam: expected momentum_decay to be a finite number ≥ 0, found NaN";
        assert_eq!(decay, message);
        let decay = refused(NAdamConfig { weight_decay: -1.0, ..default() });
        assert_eq!(decay, "nadam: expected weight_decay to be a finite number ≥ 0, found -1");
    }

    /// The series against the product itself.
    #[test]
    fn the_product_of_the_momenta() {
        for momentum_decay in [0.0, 1e-300, 4e-3, 0.5, 30.0, 1e300] {
            for beta1 in [0.9, 0.5, 0.999_999] {
                let betas = (beta1, 0.999);
                let config = NAdamConfig { betas, momentum_decay, ..NAdamConfig::default() };
                let mut sum = 0.0;
                for t in 1..=3000_u32 {
                    sum += config.momentum(t.into()).ln();
                    let found = config.log_product(t.into());
                    // A few roundings of each logarithm, and one of the sum at each step.
                    let bound = f64::EPSILON * f64::from(t) * (4.0 + sum.abs());
                    assert!((found - sum).abs() <= bound, "{config:?}, {t}: {found}");
                }
            }
        }
    }
}
