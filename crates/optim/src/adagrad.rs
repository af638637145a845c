//! Gradients over the root of the sum of their squares.

use tensor_core::{Error, Float};

use crate::arithmetic::{BLOCK, Block, Factors, Roots, decayed_block, in_blocks, quotient};
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
/// Differences to PyTorch: `√s/2ʲ` is kept in the place of `s`, where `4ʲ` is the smallest power of
/// 4 that is at least `t`: it is no larger than the largest gradient, so that no sum overflows, and
/// a gradient whose square vanishes counts. Where `√s + ε` is 0, so is the step.
///
/// # Shapes
/// Any: each element moves by itself. State: `root_sum` (`√s/2ʲ`), of the parameter's shape.
///
/// # Errors
/// [`Adagrad::new`](Descent::new) refuses a number that is negative or not finite, also in the
/// parameters' type.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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

    fn check<F: Float>(&self) -> Result<(), Error> {
        let initial = self.initial_accumulator_value;
        check::not_negative(Self::NAME, "lr_decay", self.lr_decay)?;
        check::not_negative(Self::NAME, "initial_accumulator_value", initial)?;
        check::held::<F>(Self::NAME, "initial_accumulator_value", initial)?;
        check::epsilon::<F>(Self::NAME, self.eps)
    }

    fn buffers(&self) -> &'static [&'static str] {
        &["root_sum"]
    }

    fn not_negative(&self) -> &'static [&'static str] {
        self.buffers()
    }

    fn initial(&self) -> f64 {
        self.initial_accumulator_value.sqrt()
    }

    #[inline(always)]
    fn update<F: Float>(&self, step: Step, w: &mut [F], g: &[F], buffers: Buffers<'_, F>) {
        // λ_t = λ/(1 + (t − 1) κ)
        let lr = step.lr / (1.0 + (step.t - 1) as f64 * self.lr_decay);
        // With q = √s/2ʲ: λ_t g/(√s + ε) = λ_t/2ʲ · g/(q + ε/2ʲ), and √s ← √(s + g²) is
        // q ← √((q/2)² + (g/2ʲ)²) where j has grown, √(q² + (g/2ʲ)²) elsewhere.
        let scale = 0.5_f64.powi(half_log(step.t));
        let keep = 2.0_f64.powi(half_log(step.t - 1) - half_log(step.t));
        let [lr, eps] = [lr * scale, self.eps * scale].map(F::of);
        let factors = Factors::of([keep * keep, scale * scale]);
        let weight_decay = F::of(step.weight_decay);
        in_blocks(w, g, buffers, &Terms { lr, weight_decay, eps, factors });
    }
}

/// The numbers that are the same for all elements.
struct Terms<F> {
    lr: F,
    weight_decay: F,
    eps: F,
    /// Of `q` and of `g` under the root.
    factors: Factors<F>,
}

impl<F: Float> Block<F> for Terms<F> {
    #[inline(always)]
    fn run(&self, w: &mut [F], g: &[F], [q, ..]: Buffers<'_, F>) {
        let n = w.len();
        let q = &mut q[..n];
        let mut memory = [F::zero(); BLOCK];
        let g = decayed_block(g, w, self.weight_decay, &mut memory); // g ← g + η w
        let roots = Roots::of(q, g, self.factors); // s ← s + g²
        for (((w, &g), q), &value) in w.iter_mut().zip(g).zip(q).zip(&roots.values) {
            *q = roots.root(value);
            *w -= self.lr * quotient(g, *q + self.eps); // w ← w − λ_t g/(√s + ε)
        }
    }
}

/// `⌈log₄ t⌉`, 0 for `t = 0`: the exponent of the smallest power of 4 that is at least `t`.
fn half_log(t: u64) -> i32 {
    let bits = u64::BITS - t.saturating_sub(1).leading_zeros(); // of t − 1
    bits.div_ceil(2) as i32
}

#[cfg(test)]
mod tests {
    use super::{Adagrad, AdagradConfig, half_log};

    #[test]
    fn powers_of_four() {
        let table = [(0, 0), (1, 0), (2, 1), (4, 1), (5, 2), (16, 2), (17, 3), (64, 3), (65, 4)];
        for (t, j) in table {
            assert_eq!(half_log(t), j, "{t}");
        }
    }

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
