//! Gradient clipping, by the norm of all gradients or element by element.

use tensor_core::sums::{self, Sum};
use tensor_core::{Error, Float, Trainable};

use crate::check;

/// What PyTorch adds to the norm, against a division by 0.
const EPS: f64 = 1e-6;

/// Scales all gradients by one factor if their norm is larger than `max_norm`, and returns the norm
/// they had: PyTorch's `clip_grad_norm_`.
///
/// ```text
/// ‖g‖ = √(Σ_i g_i²)          g_i ← g_i·min(1, c/(‖g‖ + 1e-6))
/// ```
///
/// `g_i` are the gradients of all elements of all parameters that are not frozen, together, and `c`
/// is `max_norm`. Call it between the backward pass and the optimizer's step.
///
/// Why: a step is proportional to the gradients, and where the loss is steep, one batch could throw
/// the parameters far away. One factor for all keeps the direction of the gradient and limits its
/// length: the norm afterwards is `‖g‖·c/(‖g‖ + 1e-6)`, at most `c`.
///
/// Source: Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*,
/// ICML 2013, <https://proceedings.mlr.press/v28/pascanu13.html>, algorithm 1. The `1e-6` is
/// PyTorch's.
///
/// The code departs from the formula:
///
/// 1. Where the sum of squares overflows, or is so small that squares have lost digits, it is
///    computed again as `‖g‖ = a √(Σ_i (g_i/a)²)` with `a` the largest `|g_i|`: no square overflows
///    or vanishes then.
/// 2. If the norm of finite gradients is too large for `F`, ∞ is returned, and the gradients are
///    scaled all the same, by `(g_i/a)·(c/√(Σ_i (g_i/a)²))`.
///
/// Differences to PyTorch: if a gradient is NaN or infinite, so is the norm, and the gradients stay
/// as they are, so that a loop that looks at the norm can leave the step out; PyTorch turns them
/// into NaN and 0. With `f64::INFINITY` the norm is only measured. Gradients of frozen parameters
/// count in no norm and stay as they are.
///
/// # Shapes
/// Gradients of any shape.
///
/// # Errors
/// If `max_norm` is negative or NaN, or the workspace holds no gradients for this model. Nothing
/// has been scaled then.
///
/// # Examples
///
/// `‖[30, −40]‖ = √(900 + 1600) = 50`; scaled to the norm 5 that is `[3, −4]`, but for the `1e-6`.
///
/// ```
/// use optim::clip_grad_norm;
#[doc = include_str!("../doc/weights.md")]
/// let mut model = Weights([0.0, 0.0]); // a model of one parameter; its workspace is the gradient
/// let mut gradient = [30.0, -40.0];
/// assert_eq!(clip_grad_norm(&mut model, &mut gradient, 5.0)?, 50.0);
/// assert!((gradient[0] - 3.0).abs() < 1e-6 && (gradient[1] + 4.0).abs() < 1e-6);
/// # Ok::<(), Error>(())
/// ```
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
        // 1. ‖g‖ = a √(Σ_i (g_i/a)²)
        let largest = largest(model, workspace)?;
        if largest == F::zero() || !largest.is_finite() {
            return Ok(largest);
        }
        (largest, sum(model, workspace, |g| (g / largest) * (g / largest))?.sqrt())
    };
    let norm = largest * root;
    if norm.is_finite() {
        let factor = max_norm / (norm.as_f64() + EPS); // c/(‖g‖ + 1e-6)
        if factor < 1.0 {
            let factor = F::of(factor);
            each_gradient(model, workspace, |g| *g *= factor)?;
        }
    } else if max_norm < f64::INFINITY {
        let factor = F::of(max_norm / root.as_f64()); // 2.
        let scale = |g: &mut F| *g = *g / largest * factor;
        each_gradient(model, workspace, scale)?;
    }
    Ok(norm)
}

/// Moves every gradient into the interval from `−c` to `c`: PyTorch's `clip_grad_value_`.
///
/// ```text
/// g ← −c if g < −c,   c if g > c,   g otherwise
/// ```
///
/// `g` is the gradient of an element of a parameter that is not frozen and `c` is `clip_value`. NaN
/// stays NaN. Call it between the backward pass and the optimizer's step.
///
/// Each element is clipped by itself, so unlike [`clip_grad_norm`] this changes the direction of
/// the gradient: it is the remedy where single elements are too large.
///
/// # Shapes
/// Gradients of any shape.
///
/// # Errors
/// If `clip_value` is negative or NaN, or the workspace holds no gradients for this model.
///
/// # Examples
///
/// ```
/// use optim::clip_grad_value;
#[doc = include_str!("../doc/weights.md")]
/// let mut model = Weights([0.0; 3]); // a model of one parameter; its workspace is the gradient
/// let mut gradient = [3.0, -0.5, -4.0];
/// clip_grad_value(&mut model, &mut gradient, 1.0)?;
/// assert_eq!(gradient, [1.0, -0.5, -1.0]);
/// # Ok::<(), Error>(())
/// ```
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

/// Changes every gradient of the parameters that are not frozen.
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
            // NaN stays, because no comparison with it is true.
            if g.abs() > largest || g.is_nan() {
                largest = g.abs();
            }
        }
    })?;
    Ok(largest)
}
