//! Vectors of all elements of all parameters that are not frozen, one parameter after the other.

use tensor_core::simd::{Loop, vectorized};
use tensor_core::{Error, Float, Parameter, Trainable};

/// `Σ_i x_i y_i` in `f64`, always in the same order.
pub(super) fn dot<F: Float>(x: &[F], y: &[F]) -> f64 {
    vectorized(Dot { x, y })
}

struct Dot<'a, F> {
    x: &'a [F],
    y: &'a [F],
}

/// So many sums run beside each other.
const LANES: usize = 16;

impl<F: Float> Loop for Dot<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (x, last_x) = self.x.as_chunks::<LANES>();
        let (y, last_y) = self.y.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for (x, y) in x.iter().zip(y) {
            for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
                *sum += x.as_f64() * y.as_f64();
            }
        }
        let rest: f64 = last_x.iter().zip(last_y).map(|(x, y)| x.as_f64() * y.as_f64()).sum();
        sums.iter().sum::<f64>() + rest
    }
}

/// `x ← x + a y`.
pub(super) fn add<F: Float>(x: &mut [F], a: f64, y: &[F]) {
    let a = F::of(a);
    for (x, y) in x.iter_mut().zip(y) {
        *x += a * *y;
    }
}

/// The largest `|x_i|`, or NaN if there is one.
pub(super) fn largest<F: Float>(x: &[F]) -> f64 {
    let larger = |most: f64, x: &F| {
        let x = x.as_f64().abs();
        if most > x || most.is_nan() { most } else { x }
    };
    x.iter().fold(0.0, larger)
}

/// Calls `visit` for each parameter that is not frozen, with its part of a vector.
fn each<F: Float>(
    mut flat: &[F],
    mut visit: impl FnMut(Parameter<'_, F>, &[F]),
) -> impl FnMut(Parameter<'_, F>) {
    move |p| {
        if !p.frozen {
            let (part, later) = flat.split_at(p.value.len().min(flat.len()));
            flat = later;
            visit(p, part);
        }
    }
}

/// Moves the parameters to `x + t d`.
///
/// # Errors
/// If the model refuses.
pub(super) fn move_to<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    x: &[F],
    (t, d): (f64, &[F]),
) -> Result<(), Error> {
    let t = F::of(t);
    let mut d = d;
    model.parameters_at_any_stage(
        workspace,
        &mut each(x, |p, x| {
            let (own, later) = d.split_at(x.len().min(d.len()));
            d = later;
            for (w, (x, d)) in p.value.iter_mut().zip(x.iter().zip(own)) {
                *w = if t == F::zero() { *x } else { *x + t * *d };
            }
        }),
    )
}

/// Copies the gradients into `out`.
///
/// # Errors
/// If the workspace holds no gradients for this model.
pub(super) fn gradient<F: Float, M: Trainable<F>>(
    model: &mut M,
    workspace: &mut M::Workspace,
    out: &mut Vec<F>,
) -> Result<(), Error> {
    out.clear();
    model.parameters(workspace, &mut |p| {
        if !p.frozen {
            out.extend_from_slice(p.grad);
        }
    })
}

/// Copies the values into `out`, and the lengths of the parameters into `lengths`.
///
/// # Errors
/// If the workspace holds no gradients for this model, or a gradient has another length than its
/// parameter.
pub(super) fn values<F: Float, M: Trainable<F>>(
    place: &'static str,
    model: &mut M,
    workspace: &mut M::Workspace,
    (out, lengths): (&mut Vec<F>, &mut Vec<usize>),
) -> Result<(), Error> {
    out.clear();
    lengths.clear();
    let mut result = Ok(());
    model.parameters(workspace, &mut |p| {
        if p.frozen {
            return;
        }
        let (expected, found) = (p.value.len(), p.grad.len());
        if expected != found && result.is_ok() {
            let place = format!("{place}: gradient of {}", p.path);
            result = Err(Error::shape(place, &[expected], &[found]));
        }
        out.extend_from_slice(p.value);
        lengths.push(expected);
    })?;
    result
}
