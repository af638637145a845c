//! `λ Σ |w|` and `½ λ Σ w²`: penalties that are added to a loss, on chosen parameters.
//!
//! | penalty | value | added to the gradient of `w` |
//! |---|---|---|
//! | L1 | `λ Σ \|w\|` | `λ sign(w)`, 0 at 0 |
//! | L2 | `½ λ Σ w²` | `λ w` |
//!
//! With the ½, L2 is what an optimizer's `weight_decay = λ` does, and its value belongs to the loss. (Keras leaves the ½ out.)
//!
//! ```
//! use optim::{Penalty, Select};
//! # use tensor_core::{Error, Parameter, Path, Role, Trainable};
//! # struct Plane([f64; 2]);
//! # impl Trainable<f64> for Plane {
//! #     type Workspace = [f64; 2];
//! #     fn parameters(&mut self, g: &mut [f64; 2], visit: &mut dyn FnMut(Parameter<'_, f64>)) -> Result<(), Error> {
//! #         visit(Parameter::new(Path::of("weight"), Role::Weight, &mut self.0, g));
//! #         Ok(())
//! #     }
//! # }
//! # let (mut model, mut workspace) = (Plane([2.0, -4.0]), [0.0, 0.0]);
//! // loss = criterion.backward(…)?; model.backward(&mut workspace)?; then:
//! let penalty = Penalty::l1(0.5, Select::weights())?;
//! assert_eq!(penalty.backward(&mut model, &mut workspace)?, 3.0);
//! assert_eq!(workspace, [0.5, -0.5]);
//! # Ok::<(), Error>(())
//! ```

use tensor_core::functions::sign;
use tensor_core::sums::{self, Sum};
use tensor_core::{Error, Float, Trainable};

use crate::{Key, Select, check};

/// A term of the loss that keeps parameters small.
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
    /// `λ Σ |w|`: drives parameters to 0.
    ///
    /// # Errors
    /// If λ is negative or not finite.
    pub fn l1(lambda: f64, select: Select) -> Result<Self, Error> {
        check::not_negative("l1 penalty", "lambda", lambda)?;
        Ok(Self { kind: Kind::L1, lambda, select })
    }

    /// `½ λ Σ w²`: pulls parameters towards 0 in proportion to their size.
    ///
    /// # Errors
    /// If λ is negative or not finite.
    pub fn l2(lambda: f64, select: Select) -> Result<Self, Error> {
        check::not_negative("l2 penalty", "lambda", lambda)?;
        Ok(Self { kind: Kind::L2, lambda, select })
    }

    /// The value alone.
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

    /// Adds the penalty's gradient to the gradients in the workspace and returns the value. After the model's backward pass,
    /// which overwrites them, and once: a second call adds once more.
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
                        Kind::L1 => lambda * sign(w),
                        Kind::L2 => lambda * w,
                    };
                }
            }
        })?;
        Ok(value)
    }
}
