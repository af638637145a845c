//! The mean of the gradients over the root of the mean of their squares.

use tensor_core::{Error, Float};

use crate::arithmetic::{at_most_largest, quotient};
use crate::moments::{self, Moments, Options};
use crate::{Buffers, Descent, Rates, Rule, Step};

/// Adam, PyTorch's `optim.Adam`: `w ← w − λ m_hat/(√v_hat + ε)`, a mean of the gradients over the
/// root of a mean of their squares.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at step `t = 1, 2, …`. The moments
/// `m`, `v` and `v_max` of each element are 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w` | if `η > 0` |
/// | first moment | `m ← β₁ m + (1 − β₁) g` | |
/// | second moment | `v ← β₂ v + (1 − β₂) g²` | |
/// | its maximum | `v_max ← max(v_max, v)` | with AMSGrad |
/// | bias correction | `m_hat = m/(1 − β₁ᵗ)`, `v_hat = v/(1 − β₂ᵗ)`; with AMSGrad `v_hat = v_max/(1 − β₂ᵗ)` | |
/// | descent | `w ← w − λ m_hat/(√v_hat + ε)` | |
///
/// λ ([`lr`](AdamConfig::lr)) is the learning rate, β₁ and β₂ ([`betas`](AdamConfig::betas)) are
/// the decay rates of the two moving averages, ε ([`eps`](AdamConfig::eps)) is a small number that
/// keeps the quotient finite where all gradients were 0, and η
/// ([`weight_decay`](AdamConfig::weight_decay)) the weight decay.
///
/// # Derivation
/// **Why `m_hat/√v_hat`.** If all gradients of an element are multiplied by one factor, so are
/// `m_hat` and `√v_hat`, and the quotient stays: λ is the size of a step in units of `w`, whatever
/// the size of the gradients. If the gradients of an element hardly change, `|m_hat| ≈ √v_hat` and
/// it moves by λ at each step. If their sign changes often, `m_hat` is close to 0, `√v_hat` is not,
/// and it moves little: the steps become short where the gradients do not agree.
///
/// **Why `1 − βᵗ`.** Unroll `m ← β m + (1 − β) g` from `m_0 = 0`:
///
/// ```text
/// m_t = (1 − β) Σ_{i=1..t} β^(t−i) g_i
/// ```
///
/// For a mean of the `g_i` the coefficients have to sum to 1. They sum to
///
/// ```text
/// (1 − β) Σ_{i=1..t} β^(t−i) = (1 − β) (1 + β + … + β^(t−1)) = 1 − βᵗ
/// ```
///
/// because the initial 0 still counts with `βᵗ`. So if every `g_i` has the expectation `E[g]`, then
/// `E[m_t] = (1 − βᵗ) E[g]`: the moment is biased towards 0, and dividing by `1 − βᵗ` removes the
/// bias. The same holds for `v` with `g²` in the place of `g`. It matters most at the first step,
/// where `m_hat = g` and `v_hat = g²`, so that `w` moves by `λ g/|g|`. Without correction, `m = 0.1
/// g` and `v = 0.001 g²` for the default βs, and `w` would move by `0.1/√0.001 ≈ 3.2` times that.
///
/// **AMSGrad.** After a rare large gradient `v` decays and the steps grow again, which can keep
/// Adam from converging. The largest `v` so far never decays.
///
/// **Weight decay** enters the gradient, hence both moments. [`AdamW`](crate::AdamW) keeps it apart
/// and explains what that changes.
///
/// Source: Kingma and Ba, *Adam: a method for stochastic optimization*, ICLR 2015,
/// <https://arxiv.org/abs/1412.6980>, algorithm 1; the bias corrections are its equations 1–4.
/// AMSGrad: Reddi, Kale and Kumar, *On the convergence of Adam and beyond*, ICLR 2018,
/// <https://arxiv.org/abs/1904.09237>, algorithm 2, to which PyTorch adds the bias corrections.
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
/// [`Adam::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type, and a β of 1 or more, also in the parameters' type.
///
/// # Examples
///
/// With `λ = ½`, `β₁ = ½`, `β₂ = ¾` and `ε = 0`, from `w = 1`:
///
/// | t | g | m | v | m_hat | v_hat | w |
/// |---|---|---|---|---|---|---|
/// | 1 | 2 | `½·2 = 1` | `¼·4 = 1` | `1/½ = 2` | `1/¼ = 4` | `1 − ½·2/2 = ½` |
/// | 2 | −2 | `½·1 − ½·2 = −½` | `¾·1 + ¼·4 = 7/4` | `−½/¾ = −⅔` | `(7/4)/(7/16) = 4` | `½ + ½·⅔/2 = ⅔` |
///
/// ```
/// use optim::{Adam, AdamConfig, Optimizer};
#[doc = include_str!("../doc/weights.md")]
/// let config = AdamConfig { lr: 0.5, betas: (0.5, 0.75), eps: 0.0, ..AdamConfig::default() };
/// let mut adam = Adam::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// adam.step(&mut model, &mut [2.0])?;
/// assert!((model.0[0] - 0.5).abs() < 1e-15);
/// adam.step(&mut model, &mut [-2.0])?;
/// assert!((model.0[0] - 2.0 / 3.0).abs() < 1e-15);
/// assert_eq!(adam.state().buffer("weight", "exp_avg")?, [-0.5]); // m
/// let root_v = adam.state().buffer("weight", "root_exp_avg_sq")?[0];
/// assert!((root_v * root_v - 1.75).abs() < 1e-15); // v
/// # Ok::<(), Error>(())
/// ```
pub type Adam<F> = Descent<F, AdamConfig>;

/// The configuration of [`Adam`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// β₁ and β₂: the decay rates of the first and the second moment.
    pub betas: (f64, f64),
    /// ε: added to `√v_hat`.
    pub eps: f64,
    /// Weight decay η: `η w` is added to the gradient of `w`.
    pub weight_decay: f64,
    /// Whether to divide by the largest second moment so far.
    pub amsgrad: bool,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, amsgrad: false }
    }
}

impl Rule for AdamConfig {
    const NAME: &'static str = "adam";

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
        moments::buffers(self.amsgrad)
    }

    fn not_negative(&self) -> &'static [&'static str] {
        moments::ROOTS
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let options = Options { amsgrad: self.amsgrad, decoupled: false };
        descend(step, (self.betas, self.eps), options, w, g, buffers);
    }
}

/// One step of Adam and of AdamW, which differ in their weight decay.
///
/// In plain form `w ← w − λ m_hat/(√v_hat + ε)`. The code departs from it: with `r = √v`,
///
/// ```text
/// λ m_hat/(√v_hat + ε) = (λ √(1 − β₂ᵗ)/(1 − β₁ᵗ)) · m/(r + √(1 − β₂ᵗ) ε)
/// ```
///
/// because both factors are the same for all elements.
#[inline(always)]
pub(crate) fn descend<F: Float>(
    step: Step,
    (betas, eps): ((f64, f64), f64),
    options: Options,
    w: &mut [F],
    g: &[F],
    buffers: Buffers<'_, F>,
) {
    let moments = Moments::<F>::of(betas);
    let root_correction = moments.root_correction(step.t);
    let lr = at_most_largest::<F>(step.lr * root_correction / moments.correction(step.t));
    let eps = F::of(eps * root_correction);
    moments.descend(step, options, w, g, buffers, |_, m, r| lr * quotient(m, r + eps));
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
