//! Terms of the loss that keep parameters small.

use tensor_core::functions::sign;
use tensor_core::{Error, Float, Parameter, Trainable, Wide};

use crate::magnitude::{Power, PowerSum};
use crate::trained::Frozen;
use crate::{Key, Select, check, trained};

/// A term of the loss that keeps parameters small: L1, `λ Σ_i |w_i|`, or L2, `½ λ Σ_i w_i²`.
///
/// | penalty | value `P` | gradient `dP/dw_i` |
/// |---|---|---|
/// | L1, [`l1`](Self::l1) | `λ Σ_i \|w_i\|` | `λ sign(w_i)`, 0 at 0 |
/// | L2, [`l2`](Self::l2) | `½ λ Σ_i w_i²` | `λ w_i` |
///
/// `w_i` are the elements of the parameters that [`Select`] chooses and λ is the strength. The loss
/// with the penalty is `L + P`, so its gradient is `dL/dw_i + dP/dw_i`:
/// [`Optimizer::add_penalty`](crate::Optimizer::add_penalty) adds the second to the gradients that
/// the model's backward pass wrote, and [`Optimizer::penalty`](crate::Optimizer::penalty) is the
/// value alone. Frozen parameters count in neither: the optimizer knows which ones these are.
///
/// Sums and products are computed in `f64` and rounded once, in such a way that neither λ nor
/// `w_i²` has to be a number of the parameters' type: the value is right whenever it is one itself.
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
/// use optim::{Optimizer, Penalty, Select, Sgd, SgdConfig};
#[doc = include_str!("../doc/weights.md")]
/// let mut model = Weights([2.0, -4.0]); // a model of one parameter; its workspace is the gradient
/// let mut gradient = [0.0, 0.0]; // after the model's backward pass
/// let sgd = Sgd::new(SgdConfig::default())?;
/// let l1 = Penalty::l1(0.5, Select::weights())?;
/// assert_eq!(sgd.add_penalty(&l1, &mut model, &mut gradient)?, 3.0);
/// assert_eq!(gradient, [0.5, -0.5]);
///
/// let l2 = Penalty::l2(0.5, Select::weights())?;
/// assert_eq!(sgd.add_penalty(&l2, &mut model, &mut gradient)?, 5.0);
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

    /// The value `P` over the parameters that are not frozen.
    pub(crate) fn value<F: Float, M: Trainable<F>>(
        &self,
        frozen: Frozen<'_>,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        trained::check(self.place(), model, workspace)?;
        let power = match self.kind {
            Kind::L1 => Power::One,
            Kind::L2 => Power::Two,
        };
        let PowerSum { largest, sum } =
            PowerSum::of(power, |sum| self.each(frozen, model, workspace, |p| sum(p.value)))?;
        if self.lambda == 0.0 {
            return Ok(F::zero()); // of infinite parameters as well
        }
        let [lambda, a, sum] = [self.lambda, largest, sum].map(Wide::from);
        let value = match self.kind {
            Kind::L1 => lambda * a * sum,                       // λ a Σ_i |w_i|/a
            Kind::L2 => lambda * a * sum * a * Wide::from(0.5), // ½ λ a² Σ_i (w_i/a)²
        };
        Ok(F::of(value.value()))
    }

    /// Adds the gradient to those in the workspace, and returns the value.
    pub(crate) fn add<F: Float, M: Trainable<F>>(
        &self,
        frozen: Frozen<'_>,
        model: &mut M,
        workspace: &mut M::Workspace,
    ) -> Result<F, Error> {
        let value = self.value(frozen, model, workspace)?;
        let lambda = self.lambda;
        if lambda > 0.0 {
            self.each(frozen, model, workspace, |p| {
                for (g, &w) in p.grad.iter_mut().zip(&*p.value) {
                    let slope = match self.kind {
                        Kind::L1 => sign(w).as_f64(), // dP/dw = λ sign(w)
                        Kind::L2 => w.as_f64(),       // dP/dw = λ w
                    };
                    *g = F::of(g.as_f64() + lambda * slope);
                }
            })?;
        }
        Ok(value)
    }

    /// Calls `visit` for each parameter that the penalty applies to.
    fn each<F: Float, M: Trainable<F>>(
        &self,
        frozen: Frozen<'_>,
        model: &mut M,
        workspace: &mut M::Workspace,
        mut visit: impl FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        trained::visit(frozen, model, workspace, |p| {
            if self.select.contains(Key::of(&p)) {
                visit(p);
            }
        })
    }

    fn place(&self) -> &'static str {
        match self.kind {
            Kind::L1 => "l1 penalty",
            Kind::L2 => "l2 penalty",
        }
    }
}
