//! The one rule for the constants of all layers: a constant must not round to 0 or to ∞ where it is
//! used.
//!
//! | constant | of | must be | because |
//! |---|---|---|---|
//! | `ε` | a layer of a type `F` | positive and normal in `F` | rounded to 0 it would divide equal values by 0 |
//! | a slope, `α`, `β` | a layer of both types | 0 (where that has a meaning) or a normal number of `f32` | rounded to ∞ it would give `∞·0` = NaN, rounded to 0 another layer |
//! | momentum, `p` | | in a range from 0 to 1 | computed in `f64` whatever the type, so that rounding is harmless |

use tensor_core::{Error, Float};

/// Refuses an `ε` that is not a positive normal number in the layer's type: what vanishes of
/// squares then never shows beside it.
pub(crate) fn check_eps<F: Float>(layer: &'static str, eps: f64) -> Result<(), Error> {
    let in_range = |eps: f64| eps > 0.0 && F::of(eps).is_normal();
    let range = "a normal number > 0 in the layer's type";
    Error::check_hyperparameter(layer, "eps", range, eps, in_range)
}

/// Refuses a set that is normalized of fewer than two values. One value is its own mean: normalized
/// it is 0, or its sign, whatever it was, so that nothing could be learned from it.
pub(crate) fn check_set(layer: &'static str, size: usize) -> Result<(), Error> {
    if size < 2 {
        return Err(Error::too_few(
            layer,
            "at least 2 values in each set that is normalized",
            size,
        ));
    }
    Ok(())
}

/// Refuses a factor that is neither 0 nor a normal number of `f32`.
pub(crate) fn check_factor(
    layer: &'static str,
    name: &'static str,
    factor: f64,
) -> Result<(), Error> {
    let range = "0 or a number from 1.2e-38 to 3.4e38 in size, which f32 holds as well";
    Error::check_hyperparameter(layer, name, range, factor, |v| v == 0.0 || is_normal(v))
}

/// Refuses a factor that is not a positive normal number of `f32`.
pub(crate) fn check_positive_factor(
    layer: &'static str,
    name: &'static str,
    factor: f64,
) -> Result<(), Error> {
    let range = "a number from 1.2e-38 to 3.4e38, which f32 holds as well";
    Error::check_hyperparameter(layer, name, range, factor, |v| v > 0.0 && is_normal(v))
}

/// Whether a number is still normal when it is rounded to `f32`.
fn is_normal(v: f64) -> bool {
    (v as f32).is_normal()
}
