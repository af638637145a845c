//! Whether plain arithmetic stayed within the range of `f64`.
//!
//! Two things show it: a sum, and the weights that were in it. Weights from 1e-90 to 1e90 and a sum
//! from 1e-200 to 1e300 are *safe*: no term overflowed, or the sum would be infinite, and what
//! vanished, at most 5e-324 a term times its weight, is far below the sum's last digit. So is a sum
//! of 0 without weights. Anything else is computed again in wide numbers. That happens to NaN as
//! well, and gives NaN again.

use tensor_core::Float;

/// Whether weights are 0 or of a size that products with them do not lose digits.
pub(crate) fn are_safe<F: Float>(weights: Option<&[F]>) -> bool {
    let (low, high) = (1e-90, 1e90);
    let is_safe = |s: f64| s == 0.0 || (low..=high).contains(&s);
    weights.is_none_or(|weights| weights.iter().all(|s| is_safe(s.as_f64())))
}

/// Whether a sum of plain numbers is what it should be.
pub(crate) fn is_safe<F: Float>(sum: f64, weights: Option<&[F]>) -> bool {
    let is_ordinary = (1e-200..=1e300).contains(&sum.abs());
    (is_ordinary || sum == 0.0 && weights.is_none()) && are_safe(weights)
}
