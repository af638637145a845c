//! What can be seen of a model and its workspace, so that it can be compared before and after.

use models::{Sequential, Workspace};
use tensor_core::{Error, Float};

use crate::laid::bits;

/// Every tensor of a model, by bits.
pub(crate) fn tensors<F: Float>(model: &Sequential<F>) -> Vec<(String, Vec<u64>)> {
    model.tensors().map(|(name, t)| (name, bits(t.value.iter()))).collect()
}

/// One thing in a workspace: its bits, or that it cannot be read.
pub(crate) type Seen = Vec<Option<Vec<u64>>>;

/// Activations, their gradients and the parameters' gradients; what is refused is `None`.
pub(crate) fn workspace<F: Float>(model: &Sequential<F>, ws: &Workspace<F>) -> Seen {
    let mut seen = Vec::new();
    for i in 0..=model.n_layers() {
        seen.push(ws.activation(i).ok().map(|a| bits(a.iter())));
        seen.push(ws.activation_gradient(i).ok().map(|a| bits(a.iter())));
    }
    match ws.parameter_gradients() {
        Ok(list) => seen.extend(list.map(|(_, t)| Some(bits(t.value.iter())))),
        Err(_) => seen.push(None),
    }
    seen
}

/// Whether what can be read after a refused call is what could be read before it.
pub(crate) fn is_kept(before: &Seen, after: &Seen) -> bool {
    let readable = after.iter().any(Option::is_some);
    !readable || before == after
}

/// Whether an error says that calls are out of order.
pub(crate) fn is_order<T>(result: &Option<Result<T, Error>>) -> bool {
    matches!(result, Some(Err(Error::Order { .. })))
}
