//! Gradient clipping, by the norm of all gradients or element by element. What it computes stands
//! on the pages of [`Optimizer::clip_grad_norm`](crate::Optimizer::clip_grad_norm) and
//! [`Optimizer::clip_grad_value`](crate::Optimizer::clip_grad_value).

use tensor_core::{Error, Float, Trainable};

use crate::magnitude::{Power, PowerSum};
use crate::trained::Frozen;
use crate::{check, trained};

/// Scales all gradients by `c/‖g‖`, if `‖g‖ > c`; returns `‖g‖`.
pub(crate) fn norm<F: Float, M: Trainable<F>>(
    frozen: Frozen<'_>,
    model: &mut M,
    workspace: &mut M::Workspace,
    max_norm: f64,
) -> Result<F, Error> {
    let place = "clip_grad_norm";
    check_bound(place, "max_norm", max_norm)?;
    trained::check(place, model, workspace)?;
    let PowerSum { largest, sum } =
        PowerSum::of(Power::Two, |sum| trained::visit(frozen, model, workspace, |p| sum(p.grad)))?;
    let root = sum.sqrt();
    let norm = F::of(largest * root); // ‖g‖ = a √(Σ_i (g_i/a)²)
    // Beyond the bound are only numbers above 0; NaN and ∞ are left alone.
    if !largest.is_finite() || !sum.is_finite() || max_norm / root >= largest {
        return Ok(norm);
    }
    let factor = max_norm / root / largest; // c/‖g‖ < 1
    if factor >= f64::MIN_POSITIVE {
        each_gradient(frozen, model, workspace, |g| F::of(g.as_f64() * factor))?;
    } else {
        // Below the smallest normal number the factor has lost digits; g/‖g‖ has not.
        each_gradient(frozen, model, workspace, |g| F::of(g.as_f64() / largest / root * max_norm))?;
    }
    Ok(norm)
}

/// Moves every gradient into the interval from `−c` to `c`.
pub(crate) fn value<F: Float, M: Trainable<F>>(
    frozen: Frozen<'_>,
    model: &mut M,
    workspace: &mut M::Workspace,
    clip_value: f64,
) -> Result<(), Error> {
    let place = "clip_grad_value";
    check_bound(place, "clip_value", clip_value)?;
    trained::check(place, model, workspace)?;
    let bound = F::of(clip_value);
    each_gradient(frozen, model, workspace, |g| {
        if g > bound {
            bound
        } else if g < -bound {
            -bound
        } else {
            g
        }
    })
}

fn check_bound(place: &'static str, name: &'static str, value: f64) -> Result<(), Error> {
    // Infinity is a bound that nothing exceeds.
    let finite = if value == f64::INFINITY { 0.0 } else { value };
    check::not_negative(place, name, finite)
}

/// Changes every gradient of the parameters that are not frozen.
fn each_gradient<F: Float, M: Trainable<F>>(
    frozen: Frozen<'_>,
    model: &mut M,
    workspace: &mut M::Workspace,
    change: impl Fn(F) -> F,
) -> Result<(), Error> {
    trained::visit(frozen, model, workspace, |p| p.grad.iter_mut().for_each(|g| *g = change(*g)))
}
