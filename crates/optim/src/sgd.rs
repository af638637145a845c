//! Gradient descent with momentum.

use tensor_core::{Error, Float};

use crate::arithmetic::{decayed, faded};
use crate::{Buffers, Descent, Rates, Rule, Step, check};

/// Stochastic gradient descent with momentum, PyTorch's `optim.SGD`: `v ← μ v + g; w ← w − λ v`.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at this step, `v` its velocity, which
/// is 0 before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w` | if `η > 0` |
/// | velocity | `v ← μ v + (1 − τ) g`; at the first step `v ← g` | if `μ > 0` |
/// | direction | `d = g` without momentum, `d = v` with it, `d = g + μ v` with Nesterov's | |
/// | descent | `w ← w − λ d` | |
///
/// λ ([`lr`](SgdConfig::lr)) is the learning rate, μ ([`momentum`](SgdConfig::momentum)) the
/// momentum, τ ([`dampening`](SgdConfig::dampening)) the dampening and η
/// ([`weight_decay`](SgdConfig::weight_decay)) the weight decay.
///
/// # Derivation
/// **Descent.** To first order a displacement `Δ` changes the loss by `Σ_i g_i Δ_i`. Of all
/// displacements of the same length, `Δ = −λ g` makes this sum the smallest: the loss falls by
/// `λ Σ_i g_i²`, if λ is so small that the terms of second order do not matter. If the batch is the
/// whole data set, this is gradient descent. If its rows are drawn at random, `g` is an estimate of
/// that gradient with the right expectation: *stochastic* gradient descent.
///
/// **Momentum** sums the gradients so far. Unrolled from `v_0 = 0` (with `τ = 0`),
///
/// ```text
/// v_t = g_t + μ v_{t−1} = g_t + μ g_{t−1} + μ² g_{t−2} + … = Σ_{i=1..t} μ^(t−i) g_i
/// ```
///
/// so a gradient counts less by the factor μ with each later step. Gradients that change sign from
/// step to step, as across a narrow valley, cancel. Gradients that keep their sign, as along the
/// valley, add up: if all are `g`, then `v` tends to `g (1 + μ + μ² + …) = g/(1 − μ)`, ten times
/// `g` for `μ = 0.9`. Dampening multiplies what is added by `1 − τ`; with `τ = μ` the velocity
/// tends to `g` instead.
///
/// **Nesterov's momentum** takes the gradient at the point that the velocity is about to reach.
/// With `θ` the parameter and `u = −λ v`, the paper's equations 3 and 4 are
///
/// ```text
/// u ← μ u − λ g(θ + μ u)          θ ← θ + u
/// ```
///
/// The rule here stores the point looked ahead to, `w = θ + μ u`, so that `g` is the gradient where
/// the model stands. With `u'` and `θ'` after the step and `u' = μ u − λ g`,
///
/// ```text
/// w' = θ' + μ u' = θ + u' + μ u' = (w − μ u) + (μ u − λ g) + μ u' = w − λ g + μ u'
///    = w − λ (g + μ v')
/// ```
///
/// **Weight decay.** `η w` is the gradient of the penalty `½ η Σ_i w_i²`, which keeps parameters
/// small: the same as [`Penalty::l2`](crate::Penalty::l2), except that the loss does not contain
/// it.
///
/// Source: Sutskever et al., *On the importance of initialization and momentum in deep learning*,
/// ICML 2013, <https://proceedings.mlr.press/v28/sutskever13.html>, equations 1–4. In the paper λ
/// multiplies each gradient as it enters the velocity, here, as in PyTorch, the whole velocity:
/// after a change of the rate they differ. The rule of the course notes (see the page `course` of
/// the crate `models`) is this one without dampening, decay and Nesterov's momentum.
///
/// Difference to PyTorch: where the gradient is 0, a velocity below the smallest normal number
/// becomes 0.
///
/// # Shapes
/// Any: each element moves by itself. State: `momentum_buffer` (`v`), of the parameter's shape, if
/// `μ > 0`.
///
/// # Errors
/// [`Sgd::new`](Descent::new) refuses a number that is negative or not finite (the dampening may be
/// negative), and Nesterov's momentum with `μ = 0` or `τ ≠ 0`.
///
/// # Examples
///
/// With `λ = ½` and `μ = ½`, from `w = 1`: `v = 1`, `w = 1 − ½·1 = ½`; then `v = ½·1 − 2 = −3/2`,
/// `w = ½ + ½·3/2 = 5/4`.
///
/// ```
/// use optim::{Optimizer, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let mut sgd = Sgd::new(SgdConfig { lr: 0.5, momentum: 0.5, ..SgdConfig::default() })?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// sgd.step(&mut model, &mut [1.0])?;
/// assert_eq!(model.0, [0.5]);
/// sgd.step(&mut model, &mut [-2.0])?;
/// assert_eq!(model.0, [1.25]);
/// # Ok::<(), Error>(())
/// ```
pub type Sgd<F> = Descent<F, SgdConfig>;

/// The configuration of [`Sgd`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SgdConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// Momentum μ: what the velocity is multiplied by at each step.
    pub momentum: f64,
    /// Dampening τ: from the second step on, `1 − τ` times the gradient enters the velocity.
    pub dampening: f64,
    /// Weight decay η: `η w` is added to the gradient of `w`.
    pub weight_decay: f64,
    /// Whether to use Nesterov's momentum.
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false }
    }
}

impl Rule for SgdConfig {
    const NAME: &'static str = "sgd";

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn with_momentum(self, momentum: f64) -> Option<Self> {
        Some(Self { momentum, ..self })
    }

    fn check<F: Float>(&self) -> Result<(), Error> {
        let Self { momentum, dampening, nesterov, .. } = *self;
        let check = |name, range, value, ok: fn(f64) -> bool| {
            Error::check_hyperparameter(Self::NAME, name, range, value, ok)
        };
        check::not_negative(Self::NAME, "momentum", momentum)?;
        check::held::<F>(Self::NAME, "momentum", momentum)?;
        let below_one = |m| (m < 1.0) == (F::of(m) < F::one());
        check("momentum", "below 1 in the parameters' type as well", momentum, below_one)?;
        check("dampening", "a finite number", dampening, f64::is_finite)?;
        check::held::<F>(Self::NAME, "dampening", dampening)?;
        if nesterov {
            check("momentum", "> 0 with Nesterov", momentum, |v| v > 0.0)?;
            check("dampening", "0 with Nesterov", dampening, |v| v == 0.0)?;
        }
        Ok(())
    }

    fn buffers(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let [velocity, ..] = buffers;
        let (lr, weight_decay) = (F::of(step.lr), F::of(step.weight_decay));
        if self.momentum == 0.0 {
            for (w, &g) in w.iter_mut().zip(g) {
                *w -= lr * decayed(g, *w, weight_decay); // w ← w − λ (g + η w)
            }
            return;
        }
        let momentum = F::of(self.momentum);
        // At the first step v = 0, so that v ← μ v + g is v ← g.
        let dampening = if step.t == 1 { 0.0 } else { self.dampening };
        let one_minus_dampening = F::of(1.0 - dampening);
        let elements = w.iter_mut().zip(g).zip(velocity);
        let velocity = |g: F, v: &mut F| {
            *v = faded(momentum * *v + one_minus_dampening * g, g); // v ← μ v + (1 − τ) g
            *v
        };
        if self.nesterov {
            for ((w, &g), v) in elements {
                let g = decayed(g, *w, weight_decay); // g ← g + η w
                *w -= lr * (g + momentum * velocity(g, v)); // w ← w − λ (g + μ v)
            }
        } else {
            for ((w, &g), v) in elements {
                let g = decayed(g, *w, weight_decay);
                *w -= lr * velocity(g, v); // w ← w − λ v
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Sgd, SgdConfig};
    use crate::Optimizer;

    #[test]
    fn configurations_are_checked() {
        let refused = |config| Sgd::<f32>::new(config).unwrap_err().to_string();
        let default = SgdConfig::default;
        for (bad, found) in [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let range = format!("to be a finite number ≥ 0, found {found}");
            let lr = refused(SgdConfig { lr: bad, ..default() });
            assert_eq!(lr, format!("sgd: expected lr {range}"));
            let momentum = refused(SgdConfig { momentum: bad, ..default() });
            assert_eq!(momentum, format!("sgd: expected momentum {range}"));
            let decay = refused(SgdConfig { weight_decay: bad, ..default() });
            assert_eq!(decay, format!("sgd: expected weight_decay {range}"));

            let mut sgd = Sgd::<f32>::new(SgdConfig { lr: 0.25, ..default() }).unwrap();
            assert_eq!(sgd.set_lr(bad).unwrap_err().to_string(), lr);
            assert_eq!(sgd.lr(), 0.25, "a refused rate changes nothing");
        }
        let dampening = |dampening| refused(SgdConfig { dampening, ..default() });
        assert_eq!(dampening(f64::NAN), "sgd: expected dampening to be a finite number, found NaN");
        let nesterov = |momentum, dampening| {
            refused(SgdConfig { nesterov: true, momentum, dampening, ..default() })
        };
        assert_eq!(nesterov(0.0, 0.0), "sgd: expected momentum to be > 0 with Nesterov, found 0");
        assert_eq!(nesterov(0.9, 0.5), "sgd: expected dampening to be 0 with Nesterov, found 0.5");
    }

    #[test]
    fn defaults_are_pytorchs() {
        let SgdConfig { lr, momentum, dampening, weight_decay, nesterov } = SgdConfig::default();
        assert_eq!((lr, momentum, dampening, weight_decay, nesterov), (1e-3, 0.0, 0.0, 0.0, false));
    }
}
