//! Adam whose weight decay does not enter the moments.

use tensor_core::{Error, Float};

use crate::adam::descend;
use crate::moments::{self, Options};
use crate::{Buffers, Descent, Rates, Rule, Step};

/// Adam with decoupled weight decay, PyTorch's `optim.AdamW`: `w ← (1 − λ η) w − λ m_hat/(√v_hat +
/// ε)`.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at step `t = 1, 2, …`. The moments
/// `m`, `v` and `v_max` of each element are 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `w ← w − λ η w` | if `η > 0` |
/// | first moment | `m ← β₁ m + (1 − β₁) g` | |
/// | second moment | `v ← β₂ v + (1 − β₂) g²` | |
/// | its maximum | `v_max ← max(v_max, v)` | with AMSGrad |
/// | bias correction | `m_hat = m/(1 − β₁ᵗ)`, `v_hat = v/(1 − β₂ᵗ)`; with AMSGrad `v_hat = v_max/(1 − β₂ᵗ)` | |
/// | descent | `w ← w − λ m_hat/(√v_hat + ε)` | |
///
/// λ ([`lr`](AdamWConfig::lr)) is the learning rate, η
/// ([`weight_decay`](AdamWConfig::weight_decay)) the weight decay, β₁ and β₂
/// ([`betas`](AdamWConfig::betas)) are the decay rates of the two moving averages, and ε
/// ([`eps`](AdamWConfig::eps)) is a small number that keeps the quotient finite where all gradients
/// were 0. Only the first line differs from [`Adam`](crate::Adam), which derives the others.
///
/// # Derivation
/// An L2 penalty `½ η Σ_i w_i²` adds `η w` to the gradient of `w`. With plain gradient descent that
/// *is* decay by a factor:
///
/// ```text
/// w − λ (g + η w) = (1 − λ η) w − λ g
/// ```
///
/// so for [`Sgd`](crate::Sgd) without momentum both are the same. For Adam they are not, because
/// what is added to the gradient is divided by `√v_hat + ε` with it. If all gradients of an element
/// have the size `|g|`, much larger than `η |w|`, the penalty moves it by about
///
/// ```text
/// λ η w/√v_hat ≈ λ η w/|g|
/// ```
///
/// so an element with large gradients decays less than one with small gradients, and an element
/// without gradients moves by about λ at each step whatever η is, since then `m_hat/√v_hat =
/// ηw/|ηw|` (the example shows it). AdamW multiplies each element by `1 − λ η` instead, and leaves
/// the moments to the gradients of the loss. The decay is then no penalty: nothing is added to the
/// loss.
///
/// Source: Loshchilov and Hutter, *Decoupled weight decay regularization*, ICLR 2019,
/// <https://arxiv.org/abs/1711.05101>, algorithm 2. As in PyTorch, the decay comes before the
/// descent, and λ multiplies η, which the paper's schedule multiplier does.
///
/// Differences to PyTorch: `√v` is kept in the place of `v`, so that a gradient whose square
/// overflows or vanishes is followed by the right steps. Where the gradient is 0, moments below the
/// smallest normal number become 0. Where `√v_hat + ε` is 0, so is the step.
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `exp_avg` (`m`),
/// `root_exp_avg_sq` (`√v`), and with AMSGrad `root_max_exp_avg_sq` (`√v_max`).
///
/// # Errors
/// [`AdamW::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type, and a β of 1 or more, also in the parameters' type.
///
/// # Examples
///
/// With `λ = ½` and `η = ½`, from `w = 1` and with the gradient 0: AdamW multiplies by
/// `1 − ½·½ = ¾`. In Adam, `g = 0 + ½·1`, and the first step is `λ g/|g|`: `w = 1 − ½`.
///
/// ```
/// use optim::{Adam, AdamConfig, AdamW, AdamWConfig, Optimizer};
#[doc = include_str!("../doc/weights.md")]
/// let (lr, weight_decay) = (0.5, 0.5);
/// let mut adamw = AdamW::new(AdamWConfig { lr, weight_decay, ..AdamWConfig::default() })?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// adamw.step(&mut model, &mut [0.0])?;
/// assert_eq!(model.0, [0.75]);
///
/// let mut adam = Adam::new(AdamConfig { lr, weight_decay, ..AdamConfig::default() })?;
/// let mut model = Weights([1.0]);
/// adam.step(&mut model, &mut [0.0])?;
/// assert!((model.0[0] - 0.5).abs() < 1e-7); // ε is not 0
/// # Ok::<(), Error>(())
/// ```
pub type AdamW<F> = Descent<F, AdamWConfig>;

/// The configuration of [`AdamW`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamWConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: the decay rates of the first and the second moment.
    pub betas: (f64, f64),
    /// ε: added to `√v_hat`.
    pub eps: f64,
    /// Weight decay η: a parameter is multiplied by `1 − λ η`.
    pub weight_decay: f64,
    /// Whether to divide by the largest second moment so far.
    pub amsgrad: bool,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 1e-2, amsgrad: false }
    }
}

impl Rule for AdamWConfig {
    const NAME: &'static str = "adamw";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        moments::check::<F>(Self::NAME, self.betas, self.eps)
    }

    fn buffers(&self) -> &'static [&'static str] {
        moments::buffers(self.amsgrad)
    }

    fn not_negative(&self) -> &'static [&'static str] {
        moments::ROOTS
    }

    fn with_momentum(self, momentum: f64) -> Option<Self> {
        Some(Self { betas: (momentum, self.betas.1), ..self })
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let options = Options { amsgrad: self.amsgrad, decoupled: true };
        descend(step, (self.betas, self.eps), options, w, g, buffers);
    }
}

#[cfg(test)]
mod tests {
    use super::{AdamW, AdamWConfig};

    #[test]
    fn configurations_are_checked() {
        let refused = |config| AdamW::<f32>::new(config).unwrap_err().to_string();
        let lr = refused(AdamWConfig { lr: f64::NAN, ..AdamWConfig::default() });
        assert_eq!(lr, "adamw: expected lr to be a finite number ≥ 0, found NaN");
        let beta = refused(AdamWConfig { betas: (0.9, 1.0), ..AdamWConfig::default() });
        assert_eq!(beta, "adamw: expected beta 2 to be from 0 to below 1, found 1");
        let decay = refused(AdamWConfig { weight_decay: -1.0, ..AdamWConfig::default() });
        assert_eq!(decay, "adamw: expected weight_decay to be a finite number ≥ 0, found -1");
    }
}
