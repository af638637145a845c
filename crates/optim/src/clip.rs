//! Gradient clipping: `g ← g·min(1, c/‖g‖)` over all parameters at once, or `g ← clamp(g, −c, c)` element by element.
//!
//! Both rescale the gradients in the workspace, between the backward pass and the optimizer's step.
//!
//! ```
//! use optim::{clip_grad_norm, clip_grad_value};
//! # use tensor_core::{Error, Parameter, Path, Role, Trainable};
//! # struct Plane([f64; 2]);
//! # impl Trainable<f64> for Plane {
//! #     type Workspace = [f64; 2];
//! #     fn parameters(&mut self, g: &mut [f64; 2], visit: &mut dyn FnMut(Parameter<'_, f64>)) -> Result<(), Error> {
//! #         visit(Parameter::new(Path::of("weight"), Role::Weight, &mut self.0, g));
//! #         Ok(())
//! #     }
//! # }
//! # let mut model = Plane([0.0, 0.0]);
//! let mut gradients = [30.0, -40.0];
//! assert_eq!(clip_grad_norm(&mut model, &mut gradients, 5.0)?, 50.0);
//! assert!((gradients[0] - 3.0).abs() < 1e-6 && (gradients[1] + 4.0).abs() < 1e-6);
//! clip_grad_value(&mut model, &mut gradients, 1.0)?;
//! assert_eq!(gradients, [1.0, -1.0]);
//! # Ok::<(), Error>(())
//! ```

use tensor_core::sums::{self, Sum};
use tensor_core::{Error, Float, Trainable};

use crate::check;

/// PyTorch's guard against a division by 0.
const GUARD: f64 = 1e-6;

/// Scales all gradients by one factor if their norm `‖g‖ = √Σ g²`, over all parameters together, is larger than `max_norm`;
/// returns the norm they had. PyTorch's `clip_grad_norm_`: the factor is `max_norm/(‖g‖ + 1e-6)` where that is below 1.
///
/// Frozen parameters count in no norm, and their gradients stay as they are.
///
/// No square overflows or vanishes. If the norm of finite gradients is too large for `F`, ∞ is returned, and the gradients
/// are scaled all the same. If a gradient is NaN or infinite, so is the norm, and the gradients stay as they are: whoever
/// looks at the norm can leave the step out. (PyTorch turns them into NaN and 0.) `f64::INFINITY` only measures.
///
/// # Errors
/// If `max_norm` is negative or NaN, or the workspace holds no gradients for this model. Nothing has been scaled then.
pub fn clip_grad_norm<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    max_norm: f64,
) -> Result<F, Error> {
    check_bound("clip_grad_norm", "max_norm", max_norm)?;
    let squares = sum(model, workspace, |g| g * g)?;
    let lower = F::min_positive_value() / (F::epsilon() * F::epsilon());
    let (largest, root) = if squares.is_finite() && squares > lower {
        (F::one(), squares.sqrt())
    } else {
        // Squares may have been lost at either end: once more, in units of the largest gradient.
        let largest = largest(model, workspace)?;
        if largest == F::zero() || !largest.is_finite() {
            return Ok(largest);
        }
        (largest, sum(model, workspace, |g| (g / largest) * (g / largest))?.sqrt())
    };
    let norm = largest * root;
    if norm.is_finite() {
        let factor = max_norm / (norm.as_f64() + GUARD);
        if factor < 1.0 {
            let factor = F::of(factor);
            each_gradient(model, workspace, |g| *g *= factor)?;
        }
    } else if max_norm < f64::INFINITY {
        let factor = F::of(max_norm / root.as_f64());
        let scale = |g: &mut F| *g = *g / largest * factor;
        each_gradient(model, workspace, scale)?;
    }
    Ok(norm)
}

/// Moves every gradient into `[−clip_value, clip_value]`. PyTorch's `clip_grad_value_`. NaN stays NaN. Frozen parameters
/// keep their gradients.
///
/// # Errors
/// If `clip_value` is negative or NaN, or the workspace holds no gradients for this model.
pub fn clip_grad_value<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    clip_value: f64,
) -> Result<(), Error> {
    check_bound("clip_grad_value", "clip_value", clip_value)?;
    let bound = F::of(clip_value);
    let clip = |g: &mut F| {
        *g = if *g > bound {
            bound
        } else if *g < -bound {
            -bound
        } else {
            *g
        }
    };
    each_gradient(model, workspace, clip)
}

fn check_bound(place: &'static str, name: &'static str, value: f64) -> Result<(), Error> {
    // Infinity is a bound that nothing exceeds.
    let finite = if value == f64::INFINITY { 0.0 } else { value };
    check::not_negative(place, name, finite)
}

/// Changes every gradient by which something is moved: those of frozen parameters stay as they are.
fn each_gradient<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    mut change: impl FnMut(&mut F),
) -> Result<(), Error> {
    model.parameters(workspace, &mut |p| {
        if !p.frozen {
            p.grad.iter_mut().for_each(&mut change);
        }
    })
}

/// `Σ term(g)` over all parameters that are not frozen.
fn sum<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    term: impl Fn(F) -> F,
) -> Result<F, Error> {
    let mut total = Sum::default();
    model.parameters(workspace, &mut |p| {
        if !p.frozen {
            total.add(sums::sum_by(p.grad.len(), &|i| term(p.grad[i])));
        }
    })?;
    Ok(total.sum())
}

/// `max |g|` over all parameters that are not frozen; NaN if any is.
fn largest<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
) -> Result<F, Error> {
    let mut largest = F::zero();
    model.parameters(workspace, &mut |p| {
        for g in p.grad.iter().filter(|_| !p.frozen) {
            // Once NaN, it stays: nothing is larger.
            if g.abs() > largest || g.is_nan() {
                largest = g.abs();
            }
        }
    })?;
    Ok(largest)
}
