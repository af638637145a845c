//! `s ← s + g²; w ← w − λ_t g/(√s + ε)`: each element's rate falls with the gradients it has seen.
//!
//! | step | formula | left out if |
//! |---|---|---|
//! | weight decay | `g ← g + η w` | `η = 0` |
//! | sum | `s ← s + g²`, from `s₀` | |
//! | rate | `λ_t = λ/(1 + (t − 1)·κ)` | |
//! | descent | `w ← w − λ_t g/(√s + ε)` | |
//!
//! λ is the learning rate, κ its decay, η the weight decay, `s₀` the initial accumulator value. (Duchi, Hazan and Singer, JMLR
//! 12, 2011, <https://jmlr.org/papers/v12/duchi11a.html>.)

use tensor_core::{Error, Float};

use crate::rule::{check_not_negative, decayed};
use crate::{Buffers, Descent, Rule, Step};

/// Adagrad, PyTorch's `optim.Adagrad`.
pub type Adagrad<F> = Descent<F, AdagradConfig>;

/// The numbers of [`Adagrad`]; PyTorch's defaults.
///
/// # Errors
/// [`Adagrad::new`](Descent::new) refuses a number that is negative or not finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdagradConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// κ: how fast the rate falls with the number of steps.
    pub lr_decay: f64,
    /// η: how much of the parameter itself is added to its gradient.
    pub weight_decay: f64,
    /// `s₀`: what the sum of squares starts from.
    pub initial_accumulator_value: f64,
    /// ε: keeps the quotient finite where no gradient has been seen.
    pub eps: f64,
}

impl Default for AdagradConfig {
    fn default() -> Self {
        Self {
            lr: 1e-2,
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator_value: 0.0,
            eps: 1e-10,
        }
    }
}

impl Rule for AdagradConfig {
    const NAME: &'static str = "adagrad";

    fn check(&self) -> Result<(), Error> {
        check_not_negative(Self::NAME, "lr_decay", self.lr_decay)?;
        let initial = self.initial_accumulator_value;
        check_not_negative(Self::NAME, "initial_accumulator_value", initial)?;
        check_not_negative(Self::NAME, "eps", self.eps)
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
        &["sum"]
    }

    fn initial(&self) -> f64 {
        self.initial_accumulator_value
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        let [sum, ..] = buffers;
        let lr = F::of(step.lr / (1.0 + (step.t - 1) as f64 * self.lr_decay));
        let (weight_decay, eps) = (F::of(step.weight_decay), F::of(self.eps));
        for ((w, &g), s) in w.iter_mut().zip(g).zip(sum) {
            let g = decayed(g, *w, weight_decay);
            *s += g * g;
            *w -= lr * g / (s.sqrt() + eps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Adagrad, AdagradConfig};

    #[test]
    fn configurations_are_checked() {
        for (bad, found) in [(-0.5, "-0.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
            let default = AdagradConfig::default;
            let configs = [
                ("lr", AdagradConfig { lr: bad, ..default() }),
                ("lr_decay", AdagradConfig { lr_decay: bad, ..default() }),
                ("weight_decay", AdagradConfig { weight_decay: bad, ..default() }),
                (
                    "initial_accumulator_value",
                    AdagradConfig { initial_accumulator_value: bad, ..default() },
                ),
                ("eps", AdagradConfig { eps: bad, ..default() }),
            ];
            for (name, config) in configs {
                let error = Adagrad::<f32>::new(config).unwrap_err().to_string();
                let range = format!("to be a finite number ≥ 0, found {found}");
                assert_eq!(error, format!("adagrad: expected {name} {range}"));
            }
        }
    }
}
