//! `v ← μ v + g; W ← W − λ v`: gradient descent with momentum.
//!
//! The whole rule for one parameter `w` with gradient `g`, in PyTorch's order:
//!
//! | step | formula | left out if |
//! |---|---|---|
//! | weight decay | `g ← g + η w` | `η = 0` |
//! | momentum | `v ← μ v + (1 − τ) g`; at the first step `v ← g` | `μ = 0` |
//! | Nesterov | `g ← g + μ v` instead of `g ← v` | not asked for |
//! | descent | `w ← w − λ g` | |
//!
//! λ is the learning rate, μ the momentum, τ the dampening, η the weight decay. With `v = 0` before the first step and no
//! dampening this is the course's rule; μ = 0 is plain SGD, and with the whole data set as batch, gradient descent. A velocity
//! below the smallest normal number becomes 0.
//!
//! (Sutskever et al., ICML 2013, <https://proceedings.mlr.press/v28/sutskever13.html>, equations 1–4; PyTorch applies λ to the
//! whole velocity, the paper to the gradient only.)

use tensor_core::{Error, Float};

use crate::rule::{check_not_negative, decayed, normal_or_zero};
use crate::{Buffers, Descent, Rule, Step};

/// Stochastic gradient descent, PyTorch's `optim.SGD`.
pub type Sgd<F> = Descent<F, SgdConfig>;

/// The numbers of [`Sgd`]; PyTorch's defaults.
///
/// # Errors
/// [`Sgd::new`](Descent::new) refuses a number that is negative or not finite (the dampening may be negative), and Nesterov
/// without momentum or with dampening.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// μ: how much of the last velocity is kept.
    pub momentum: f64,
    /// τ: how much of the gradient is kept out of the velocity, from the second step on.
    pub dampening: f64,
    /// η: how much of the parameter itself is added to its gradient.
    pub weight_decay: f64,
    /// Whether to look ahead along the new velocity.
    pub nesterov: bool,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false }
    }
}

impl Rule for SgdConfig {
    const NAME: &'static str = "sgd";

    fn check(&self) -> Result<(), Error> {
        let Self { momentum, dampening, nesterov, .. } = *self;
        let check = |name, range, value, ok: fn(f64) -> bool| {
            Error::check_hyperparameter(Self::NAME, name, range, value, ok)
        };
        check_not_negative(Self::NAME, "momentum", momentum)?;
        check("dampening", "a finite number", dampening, f64::is_finite)?;
        if nesterov {
            check("momentum", "> 0 with Nesterov", momentum, |v| v > 0.0)?;
            check("dampening", "0 with Nesterov", dampening, |v| v == 0.0)?;
        }
        Ok(())
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
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let [velocity, ..] = buffers;
        let (lr, weight_decay) = (F::of(step.lr), F::of(step.weight_decay));
        if self.momentum == 0.0 {
            for (w, &g) in w.iter_mut().zip(g) {
                *w -= lr * decayed(g, *w, weight_decay);
            }
            return;
        }
        let momentum = F::of(self.momentum);
        let dampening = if step.t == 1 { 0.0 } else { self.dampening };
        let keep = F::of(1.0 - dampening); // The first velocity is the gradient, as μ v = 0.
        for ((w, &g), v) in w.iter_mut().zip(g).zip(velocity) {
            let g = decayed(g, *w, weight_decay);
            *v = normal_or_zero(momentum * *v + keep * g);
            *w -= lr * if self.nesterov { g + momentum * *v } else { *v };
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
