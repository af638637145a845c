//! Gradients over the root of the sum of their squares.

use tensor_core::{Error, Float};

use crate::rule::decayed;
use crate::{Buffers, Descent, Rates, Rule, Step, check};

/// Adagrad, PyTorch's `optim.Adagrad`: `s ← s + g²; w ← w − λ g/(√s + ε)`.
///
/// `w` is an element of a parameter, `g = dL/dw` its gradient at step `t = 1, 2, …`, `s` the sum of
/// the squares of its gradients, which is `s₀` before the first step. One step:
///
/// | | equation | applies |
/// |---|---|---|
/// | weight decay | `g ← g + η w` | if `η > 0` |
/// | sum of squares | `s ← s + g²` | |
/// | learning rate | `λ_t = λ/(1 + (t − 1) κ)` | |
/// | descent | `w ← w − λ_t g/(√s + ε)` | |
///
/// λ ([`lr`](AdagradConfig::lr)) is the learning rate, κ ([`lr_decay`](AdagradConfig::lr_decay))
/// its decay, η ([`weight_decay`](AdagradConfig::weight_decay)) the weight decay, `s₀`
/// ([`initial_accumulator_value`](AdagradConfig::initial_accumulator_value)) the sum to start from,
/// and ε ([`eps`](AdagradConfig::eps)) a small number that keeps the quotient finite where all
/// gradients were 0.
///
/// # Derivation
/// One rate for all elements suits none of them if their gradients differ in size. Adagrad divides
/// each gradient by a size of its own: `g/√s` does not change if all gradients of the element are
/// multiplied by one factor. The first step (`s₀ = 0`) is `λ g/√(g²) = λ sign(g)`, whatever the
/// size of `g`.
///
/// A *sum* of squares only grows, so steps become shorter. If all gradients of an element have one
/// size `|g|`, then `s = t g²` and step `t` is `λ |g|/√(t g²) = λ/√t`: the rate falls like `1/√t`,
/// and no schedule is needed. An element that rarely has a gradient, such as the weight of a rare
/// word, keeps a small `s` and moves far when its gradient comes.
///
/// Where training is long, the steps may become too short; [`RmsProp`](crate::RmsProp) replaces the
/// sum by a moving average.
///
/// Source: Duchi, Hazan and Singer, *Adaptive subgradient methods for online learning and
/// stochastic optimization*, JMLR 12, 2011, <https://jmlr.org/papers/v12/duchi11a.html>, equation
/// 1, without its projection. ε and κ are PyTorch's.
///
/// Difference to PyTorch: none.
///
/// # Shapes
/// Any: each element moves by itself. State: `sum` (`s`), of the parameter's shape.
///
/// # Errors
/// [`Adagrad::new`](Descent::new) refuses a number that is negative or not finite.
///
/// # Examples
///
/// With `λ = ½` and `ε = 0`, from `w = 1`: `s = 9`, `w = 1 − ½·3/3 = ½`; then `s = 9 + 16 = 25`,
/// `w = ½ − ½·4/5 = 1/10`.
///
/// ```
/// use optim::{Adagrad, AdagradConfig, Optimizer};
#[doc = include_str!("../doc/weights.md")]
/// let config = AdagradConfig { lr: 0.5, eps: 0.0, ..AdagradConfig::default() };
/// let mut adagrad = Adagrad::new(config)?;
/// let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
/// adagrad.step(&mut model, &mut [3.0])?;
/// assert_eq!(model.0, [0.5]);
/// adagrad.step(&mut model, &mut [4.0])?;
/// assert!((model.0[0] - 0.1).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub type Adagrad<F> = Descent<F, AdagradConfig>;

/// The configuration of [`Adagrad`], which defines the symbols; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdagradConfig {
    /// Learning rate λ.
    pub lr: f64,
    /// κ: how fast the learning rate falls with the number of steps.
    pub lr_decay: f64,
    /// Weight decay η: `η w` is added to the gradient of `w`.
    pub weight_decay: f64,
    /// `s₀`: the sum of squares before the first step.
    pub initial_accumulator_value: f64,
    /// ε: added to `√s`.
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

    fn rates(&self) -> Rates {
        Rates { lr: self.lr, weight_decay: self.weight_decay }
    }

    fn check(&self) -> Result<(), Error> {
        check::not_negative(Self::NAME, "lr_decay", self.lr_decay)?;
        let initial = self.initial_accumulator_value;
        check::not_negative(Self::NAME, "initial_accumulator_value", initial)?;
        check::not_negative(Self::NAME, "eps", self.eps)
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
        // λ_t = λ/(1 + (t − 1) κ)
        let lr = F::of(step.lr / (1.0 + (step.t - 1) as f64 * self.lr_decay));
        let (weight_decay, eps) = (F::of(step.weight_decay), F::of(self.eps));
        for ((w, &g), s) in w.iter_mut().zip(g).zip(sum) {
            let g = decayed(g, *w, weight_decay); // g ← g + η w
            *s += g * g; // s ← s + g²
            *w -= lr * g / (s.sqrt() + eps); // w ← w − λ_t g/(√s + ε)
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
