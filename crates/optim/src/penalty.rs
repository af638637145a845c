//! Terms of the loss that keep parameters small.

use tensor_core::functions::sign;
use tensor_core::sums::{self, Sum};
use tensor_core::{Error, Float, Trainable};

use crate::{Key, Select, check};

/// A term of the loss that keeps parameters small: L1, `λ Σ_i |w_i|`, or L2, `½ λ Σ_i w_i²`.
///
/// | penalty | value `P` | gradient `dP/dw_i` |
/// |---|---|---|
/// | L1, [`l1`](Self::l1) | `λ Σ_i \|w_i\|` | `λ sign(w_i)`, 0 at 0 |
/// | L2, [`l2`](Self::l2) | `½ λ Σ_i w_i²` | `λ w_i` |
///
/// `w_i` are the elements of the parameters that [`Select`] chooses and λ is the strength. The loss
/// with the penalty is `L + P`, so its gradient is `dL/dw_i + dP/dw_i`:
/// [`backward`](Self::backward) adds the second to the gradients that the model's backward pass
/// wrote.
///
/// # Derivation
/// **L2.** `d(½ λ w²)/dw = λ w`: the ½ cancels the 2. Gradient descent with rate ρ then multiplies
/// `w` by `1 − ρ λ` at each step, so the pull weakens as `w` becomes small, and no element becomes
/// exactly 0. This is what an optimizer's `weight_decay = λ` adds to the gradient; here the value
/// belongs to the loss. (Keras leaves out the ½.)
///
/// **L1.** `d|w|/dw` is 1 for `w > 0` and −1 for `w < 0`: the pull does not depend on the size of
/// `w`, so elements that the loss hardly needs become 0 or oscillate around it by `ρ λ`. At 0,
/// where `|w|` has no derivative, every number from −1 to 1 is a subgradient; 0 is taken, as in
/// PyTorch.
///
/// # Shapes
/// Parameters of any shape; the value is one number.
///
/// # Examples
///
/// L1 with `λ = ½` of `w = [2, −4]`: the value is `½·(2 + 4) = 3`, the gradient `[½, −½]`. L2 with
/// the same λ: `½·½·(4 + 16) = 5`, and `[1, −2]` is added.
///
/// ```
/// use optim::{Penalty, Select};
#[doc = include_str!("../doc/weights.md")]
/// let mut model = Weights([2.0, -4.0]); // a model of one parameter; its workspace is the gradient
/// let mut gradient = [0.0, 0.0]; // after the model's backward pass
/// let l1 = Penalty::l1(0.5, Select::weights())?;
/// assert_eq!(l1.backward(&mut model, &mut gradient)?, 3.0);
/// assert_eq!(gradient, [0.5, -0.5]);
///
/// let l2 = Penalty::l2(0.5, Select::weights())?;
/// assert_eq!(l2.backward(&mut model, &mut gradient)?, 5.0);
/// assert_eq!(gradient, [1.5, -2.5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Penalty {
    kind: Kind,
    lambda: f64,
    select: Select,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    L1,
    L2,
}

impl Penalty {
    /// `λ Σ_i |w_i|`: pulls every element towards 0 with the same force.
    ///
    /// # Errors
    /// If λ is negative or not finite.
    pub fn l1(lambda: f64, select: Select) -> Result<Self, Error> {
        check::not_negative("l1 penalty", "lambda", lambda)?;
        Ok(Self { kind: Kind::L1, lambda, select })
    }

    /// `½ λ Σ_i w_i²`: pulls every element towards 0 in proportion to its size.
    ///
    /// # Errors
    /// If λ is negative or not finite.
    pub fn l2(lambda: f64, select: Select) -> Result<Self, Error> {
        check::not_negative("l2 penalty", "lambda", lambda)?;
        Ok(Self { kind: Kind::L2, lambda, select })
    }

    /// The value `P` alone.
    ///
    /// # Errors
    /// If the workspace holds no gradients for this model.
    pub fn forward<F: Float, M: Trainable<F>>(
        &self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        let lambda = F::of(self.lambda);
        let mut total = Sum::default();
        model.parameters(workspace, &mut |p| {
            if self.select.contains(Key::of(&p)) {
                total.add(match self.kind {
                    Kind::L1 => sums::sum_by(p.value.len(), &|i| p.value[i].abs()),
                    Kind::L2 => sums::sum_by(p.value.len(), &|i| p.value[i] * p.value[i]),
                });
            }
        })?;
        Ok(match self.kind {
            Kind::L1 => lambda * total.sum(),
            Kind::L2 => F::of(0.5) * lambda * total.sum(),
        })
    }

    /// Adds the penalty's gradient to the gradients in the workspace and returns the value. Call it
    /// after the model's backward pass, which overwrites them, and once: a second call adds it
    /// again.
    ///
    /// # Errors
    /// If the workspace holds no gradients for this model. Nothing has been added then.
    pub fn backward<F: Float, M: Trainable<F>>(
        &self,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        let value = self.forward(model, workspace)?;
        let lambda = F::of(self.lambda);
        model.parameters(workspace, &mut |p| {
            if self.select.contains(Key::of(&p)) {
                for (g, &w) in p.grad.iter_mut().zip(&*p.value) {
                    *g += match self.kind {
                        Kind::L1 => lambda * sign(w), // dP/dw = λ sign(w)
                        Kind::L2 => lambda * w,       // dP/dw = λ w
                    };
                }
            }
        })?;
        Ok(value)
    }
}
