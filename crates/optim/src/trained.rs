//! The parameters that an optimizer moves, each checked before anything is read.

use tensor_core::{Error, Float, Parameter, Trainable};

use crate::Key;

/// Which parameters stay as they are: an optimizer's [`is_frozen`](crate::Optimizer::is_frozen).
pub(crate) type Frozen<'a> = &'a dyn Fn(Key<'_>) -> bool;

/// Calls `visit` for every parameter that is frozen neither by the model nor by the optimizer.
///
/// # Errors
/// If the model refuses.
pub(crate) fn visit<F: Float, M: Trainable<F>>(
    frozen: Frozen<'_>,
    model: &mut M,
    workspace: &mut M::Workspace,
    mut visit: impl FnMut(Parameter<'_, F>),
) -> Result<(), Error> {
    model.parameters(workspace, &mut |p| {
        if !p.frozen && !frozen(Key::of(&p)) {
            visit(p);
        }
    })
}

/// Whether every parameter has a gradient of its own length.
///
/// # Errors
/// If not, naming the first one that has not; or if the model refuses.
pub(crate) fn check<F: Float, M: Trainable<F>>(
    place: &'static str,
    model: &mut M,
    workspace: &mut M::Workspace,
) -> Result<(), Error> {
    let mut result = Ok(());
    model.parameters(workspace, &mut |p| {
        if result.is_ok() {
            result = lengths(place, &p);
        }
    })?;
    result
}

/// Whether a parameter and its gradient have one length.
pub(crate) fn lengths<F>(place: &'static str, p: &Parameter<'_, F>) -> Result<(), Error> {
    let (expected, found) = (p.value.len(), p.grad.len());
    if expected == found {
        return Ok(());
    }
    Err(Error::shape(format!("{place}: gradient of {}", p.path), &[expected], &[found]))
}
