//! The mean of the gradients over the root of the mean of their squares.

use tensor_core::{Error, Float};

use crate::rule::{decayed, normal_or_zero};
use crate::{Buffers, Descent, Rates, Rule, Step, check};

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
/// Difference to PyTorch: an `m` below the smallest normal number becomes 0.
///
/// # Shapes
/// Any: each element moves by itself. State, each of the parameter's shape: `exp_avg` (`m`),
/// `exp_avg_sq` (`v`), and with AMSGrad `max_exp_avg_sq` (`v_max`).
///
/// # Errors
/// [`Adam::new`](Descent::new) refuses a number that is negative or not finite, and a β of 1 or
/// more.
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
/// assert_eq!(adam.state().buffers[0], [-0.5, 1.75]); // m and v
/// # Ok::<(), Error>(())
/// ```
pub type Adam<F> = Descent<F, AdamConfig>;

/// The configuration of [`Adam`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
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

    fn check(&self) -> Result<(), Error> {
        check_moments(Self::NAME, self.betas, self.eps)
    }

    fn buffers(&self) -> &'static [&'static str] {
        buffers(self.amsgrad)
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let weight_decay = F::of(step.weight_decay);
        let decay = |w: F, g: F| (w, decayed(g, w, weight_decay)); // g ← g + η w
        Moments::at(step, self.betas, self.eps).update(self.amsgrad, w, g, buffers, decay);
    }
}

/// Whether the numbers of [`Moments`] lie in their ranges.
pub(crate) fn check_moments(place: &'static str, betas: (f64, f64), eps: f64) -> Result<(), Error> {
    check::below_one(place, "beta 1", betas.0)?;
    check::below_one(place, "beta 2", betas.1)?;
    check::not_negative(place, "eps", eps)
}

/// `m`, `v` and `v_max`, by PyTorch's names.
pub(crate) fn buffers(amsgrad: bool) -> &'static [&'static str] {
    if amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
}

/// What Adam and AdamW have in common: the rule without its weight decay, at one step.
///
/// In plain form, for each element:
///
/// ```text
/// m ← β₁ m + (1 − β₁) g
/// v ← β₂ v + (1 − β₂) g²
/// m_hat = m/(1 − β₁ᵗ)
/// v_hat = v/(1 − β₂ᵗ)
/// w ← w − λ m_hat/(√v_hat + ε)
/// ```
///
/// The code departs from it as PyTorch's does:
///
/// 1. `m ← m + (1 − β₁)(g − m)`, because that is one product less.
/// 2. `λ m_hat = λ/(1 − β₁ᵗ)·m`, because the factor is the same for all elements.
/// 3. `√v_hat = √v/√(1 − β₂ᵗ)`, because the divisor is the same for all elements.
pub(crate) struct Moments<F> {
    beta2: F,
    one_minus_beta1: F,
    one_minus_beta2: F,
    /// `λ/(1 − β₁ᵗ)`
    corrected_lr: F,
    /// `√(1 − β₂ᵗ)`
    root_correction2: F,
    eps: F,
}

impl<F: Float> Moments<F> {
    pub(crate) fn at(step: Step, (beta1, beta2): (f64, f64), eps: f64) -> Self {
        Self {
            beta2: F::of(beta2),
            one_minus_beta1: F::of(1.0 - beta1),
            one_minus_beta2: F::of(1.0 - beta2),
            corrected_lr: F::of(step.lr / bias_correction(beta1, step.t)),
            root_correction2: F::of(bias_correction(beta2, step.t).sqrt()),
            eps: F::of(eps),
        }
    }

    /// One pass over a parameter. `decay` maps an element and its gradient to what weight decay
    /// makes of both.
    #[inline(always)]
    pub(crate) fn update(
        &self,
        amsgrad: bool,
        w: &mut [F],
        g: &[F],
        [m, v, v_max]: Buffers<'_, F>,
        decay: impl Fn(F, F) -> (F, F),
    ) {
        let elements = w.iter_mut().zip(g).zip(m.iter_mut().zip(v));
        if amsgrad {
            for (((w, &g), (m, v)), v_max) in elements.zip(v_max) {
                let (decayed, g) = decay(*w, g);
                self.average(g, m, v);
                // v_max ← max(v_max, v). A NaN in v is in m as well, so it need not win here.
                *v_max = if *v > *v_max { *v } else { *v_max };
                *w = decayed - self.displacement(*m, *v_max);
            }
        } else {
            for ((w, &g), (m, v)) in elements {
                let (decayed, g) = decay(*w, g);
                self.average(g, m, v);
                *w = decayed - self.displacement(*m, *v); // w ← w − λ m_hat/(√v_hat + ε)
            }
        }
    }

    /// The moments with one more gradient.
    #[inline(always)]
    fn average(&self, g: F, m: &mut F, v: &mut F) {
        *m = normal_or_zero(*m + self.one_minus_beta1 * (g - *m)); // 1.
        *v = self.beta2 * *v + self.one_minus_beta2 * g * g; // v ← β₂ v + (1 − β₂) g²
    }

    /// `λ m_hat/(√v_hat + ε)`
    #[inline(always)]
    fn displacement(&self, m: F, v: F) -> F {
        let root_v_hat = v.sqrt() / self.root_correction2; // 3.
        self.corrected_lr * m / (root_v_hat + self.eps) // 2.
    }
}

/// `1 − βᵗ` as `−(e^(t ln β) − 1)`, because for β near 1 the difference would lose its digits.
fn bias_correction(beta: f64, t: u64) -> f64 {
    -(t as f64 * beta.ln()).exp_m1()
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
