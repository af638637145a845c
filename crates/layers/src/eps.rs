//! The range of ε, which all normalizations have in common.

use tensor_core::{Error, Float};

/// Refuses an `ε` that is not a finite number above 0 in the layer's type. An `ε` that rounds to 0
/// there would divide equal values by 0.
pub(crate) fn check_eps<F: Float>(layer: &'static str, eps: f64) -> Result<(), Error> {
    let in_range = |eps| F::of(eps) > F::zero() && F::of(eps).is_finite();
    let range = "a finite number > 0 in the layer's type";
    Error::check_hyperparameter(layer, "eps", range, eps, in_range)
}
