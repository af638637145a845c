//! Adam whose steps are rectified while the second moment is still uncertain.

use tensor_core::{Error, Float};

use crate::arithmetic::{at_most_largest, quotient};
use crate::moments::{self, Moments, Options, one_minus_power};
use crate::{Buffers, Descent, Rates, Rule, Step};

/// RAdam, PyTorch's `optim.RAdam`: Adam whose first steps are those of plain momentum, and whose
/// later ones are rectified by the variance of the second moment.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at step `t = 1, 2, …`. The moments
/// `m` and `v` of each element are 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w`; decoupled `w ← w − λ η w` | if `η > 0` |
/// | first moment | `m ← β₁ m + (1 − β₁) g`, `m_hat = m/(1 − β₁ᵗ)` | |
/// | second moment | `v ← β₂ v + (1 − β₂) g²` | |
/// | length of the average | `ρ = 2/(1 − β₂) − 1`, `ρ_t = ρ − 2 t β₂ᵗ/(1 − β₂ᵗ)` | |
/// | rectification | `r_t = √((ρ_t − 4)(ρ_t − 2) ρ/((ρ − 4)(ρ − 2) ρ_t))` | if `ρ_t > 5` |
/// | descent | `w ← w − λ r_t m_hat √(1 − β₂ᵗ)/(√v + ε)` | if `ρ_t > 5` |
/// | | `w ← w − λ m_hat` | otherwise |
///
/// λ ([`lr`](RAdamConfig::lr)) is the learning rate, β₁ and β₂ ([`betas`](RAdamConfig::betas)) are
/// the decay rates of the two moving averages, ε ([`eps`](RAdamConfig::eps)) is a small number that
/// keeps the quotient finite, and η ([`weight_decay`](RAdamConfig::weight_decay)) the weight decay.
///
/// # Derivation
/// **Why rectify.** At the first steps `v` is a mean of very few squares. If the gradients are
/// normal with variance σ², `σ²/v` then has a large variance, infinite for fewer than five, and
/// with it the steps `m_hat/√v_hat` of [`Adam`](crate::Adam): the usual remedy is a rate that warms up.
///
/// **How long the average is.** The exponential average is replaced by a simple one over the last
/// `f` squares that has the same centre: the mean age of a square in both is
///
/// ```text
/// Σ_{i=1..t} (1 − β₂) β₂^(t−i) (t − i)/(1 − β₂ᵗ) = (f − 1)/2
/// ```
///
/// which gives `f = ρ_t`, and `ρ` for `t → ∞`. (With `a = −ln β₂`, `ρ = coth(a/2)` and
/// `ρ_t = ρ − 2t/(e^(ta) − 1) = coth(a/2) − t coth(ta/2) + t`, which is `t` for small `t a`.)
///
/// **The factor.** A simple average of `ρ_t` squares of normal numbers has a scaled χ²
/// distribution; its inverse root has, to first order, a variance proportional to
/// `ρ_t/((ρ_t − 2)(ρ_t − 4))`. `r_t` multiplies the step so that its variance is the one at
/// `t → ∞`: the square root of the quotient of both, which grows from nearly 0 to 1.
///
/// Source: Liu et al., *On the variance of the adaptive learning rate and beyond*, ICLR 2020,
/// <https://arxiv.org/abs/1908.03265>, algorithm 2. As in PyTorch, the steps are rectified from
/// `ρ_t > 5` on (4 in the paper), and ε is added to the uncorrected root.
///
/// Differences to PyTorch: those of [`Adam`](crate::Adam).
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `exp_avg` (`m`),
/// `root_exp_avg_sq` (`√v`).
///
/// # Errors
/// [`RAdam::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type, and a β of 1 or more, also in the parameters' type.
///
/// # Examples
///
/// With `λ = ½` and `β₁ = ½`, from `w = 1` with the gradient 2: `ρ_1 = ρ − 2 β₂/(1 − β₂) = 1` for
/// every β₂, so the first step is `λ m_hat = ½·2`.
///
/// ```
/// use optim::{Optimizer, RAdam, RAdamConfig};
#[doc = include_str!("../doc/weights.md")]
/// let config = RAdamConfig { lr: 0.5, betas: (0.5, 0.999), ..RAdamConfig::default() };
/// let mut radam = RAdam::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// radam.step(&mut model, &mut [2.0])?;
/// assert_eq!(model.0, [0.0]);
/// # Ok::<(), Error>(())
/// ```
pub type RAdam<F> = Descent<F, RAdamConfig>;

/// The configuration of [`RAdam`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RAdamConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: the decay rates of the first and the second moment.
    pub betas: (f64, f64),
    /// ε: added to `√v`.
    pub eps: f64,
    /// Weight decay η.
    pub weight_decay: f64,
    /// Whether a parameter is multiplied by `1 − λ η`, as in [`AdamW`](crate::AdamW), instead of
    /// `η w` being added to the gradient.
    pub decoupled_weight_decay: bool,
}

impl Default for RAdamConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
        }
    }
}

impl Rule for RAdamConfig {
    const NAME: &'static str = "radam";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn with_momentum(self, momentum: f64) -> Option<Self> {
        Some(Self { betas: (momentum, self.betas.1), ..self })
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        moments::check::<F>(Self::NAME, self.betas, self.eps)
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
        let lr = step.lr / moments.correction(step.t); // λ m_hat = λ/(1 − β₁ᵗ)·m
        let options = Options { amsgrad: false, decoupled: self.decoupled_weight_decay };
        if let Some(rectification) = self.rectification(step.t) {
            let lr = at_most_largest::<F>(lr * rectification * moments.root_correction(step.t));
            let eps = F::of(self.eps);
            moments.descend(step, options, w, g, buffers, |_, m, r| lr * quotient(m, r + eps));
        } else {
            let lr = at_most_largest::<F>(lr);
            moments.descend(step, options, w, g, buffers, |_, m, _| lr * m);
        }
    }
}

impl RAdamConfig {
    /// `r_t`, if `ρ_t > 5`.
    fn rectification(&self, t: u64) -> Option<f64> {
        let (beta2, t) = (self.betas.1, t as f64);
        let limit = 2.0 / (1.0 - beta2) - 1.0; // ρ
        let age = -beta2.ln();
        let length = if t * age < 0.1 {
            // ρ and what is taken from it are nearly equal: the series of both coth, 2/x + x/6 −
            // x³/360 + x⁵/15120 of x/2, with the terms in 1/x cancelled.
            t - age / 6.0 * (t.powi(2) - 1.0) + age.powi(3) / 360.0 * (t.powi(4) - 1.0)
                - age.powi(5) / 15120.0 * (t.powi(6) - 1.0)
        } else {
            limit - 2.0 * t * beta2.powf(t) / one_minus_power(beta2, t) // ρ_t
        };
        let room = |length: f64| (length - 4.0) * (length - 2.0) / length;
        (length > 5.0).then(|| (room(length) / room(limit)).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::{RAdam, RAdamConfig};

    #[test]
    fn configurations_are_checked() {
        let refused = |config| RAdam::<f32>::new(config).unwrap_err().to_string();
        let default = RAdamConfig::default;
        let beta = refused(RAdamConfig { betas: (0.9, 1.0), ..default() });
        assert_eq!(beta, "radam: expected beta 2 to be from 0 to below 1, found 1");
        let eps = refused(RAdamConfig { eps: -1.0, ..default() });
        assert_eq!(eps, "radam: expected eps to be a finite number ≥ 0, found -1");
    }

    // β₂ = 0.9: ρ = 19, ρ_t = 19 − 2t·0.9ᵗ/(1 − 0.9ᵗ). At t = 5: 0.9⁵ = 0.59049, so ρ_5 = 19 −
    // 5.9049/0.40951 = 4.580572…; at t = 6: 0.9⁶ = 0.531441, ρ_6 = 19 − 6.377292/0.468559 =
    // 5.389561…, r = √(1.389561·3.389561·19/(15·17·5.389561)). With β₂ = ½, ρ = 3: never.
    #[test]
    fn steps_are_rectified_from_a_length_of_five_on() {
        let config = RAdamConfig { betas: (0.9, 0.9), ..RAdamConfig::default() };
        assert_eq!(config.rectification(5), None);
        let length = 19.0 - 6.377_292 / 0.468_559;
        let want: f64 = (length - 4.0) * (length - 2.0) * 19.0 / (15.0 * 17.0 * length);
        let found = config.rectification(6).unwrap();
        assert!((found - want.sqrt()).abs() < 1e-12, "{found}");
        assert!((config.rectification(1 << 52).unwrap() - 1.0).abs() < 1e-15);
        for t in [1, 100, 1 << 52] {
            let short = RAdamConfig { betas: (0.9, 0.5), ..RAdamConfig::default() };
            assert_eq!(short.rectification(t), None);
        }
    }
}
