//! Whether plain arithmetic stayed within the range of `f64`.
//!
//! Three things show it:
//!
//! 1. A *sum* from 1e-200 to 1e300 is safe: no term overflowed, or the sum would be infinite, and
//!    what vanished is far below the sum's last digit. So is a sum of 0 without weights.
//! 2. *Weights*, of samples, classes and columns, are safe from 1e-90 to 1e90, and so is 0: what
//!    vanished, at most 5e-324, stays far below 1e-200 when they multiply it.
//! 3. A *gradient* that a factor above 1 has multiplied is safe where it is at least 1e-200 times
//!    that factor: a derivative below the normal numbers has lost digits, which the factor would
//!    show. Without such a factor, what is lost is below the smallest number there is. In `f32`,
//!    all this lies below the smallest number whatever the factor.
//! 4. A gradient that is infinite is not safe either: a factor below 1 may bring its derivative
//!    back. Beside a sum that is safe, only a loss that says `is_steep` has such a derivative.
//!
//! Anything else is computed again in wide numbers. That happens to NaN as well, and gives NaN
//! again.

use tensor_core::Float;
use tensor_core::functions::product_or_zero;

use crate::reduction::Reduction;

/// Below, `f64` may have lost digits on the way.
const LEAST: f64 = 1e-200;

/// Whether a target is 0 or of such a size, next to weights that are safe. NaN is: plain numbers
/// hand it on.
#[inline(always)]
pub(crate) fn is_target_safe<F: Float>(y: F) -> bool {
    F::NARROW || y == F::zero() || y.as_f64() >= LEAST || y.is_nan()
}

/// Whether a weight is 0 or of a size that products with it do not lose digits.
#[inline(always)]
pub(crate) fn is_weight_safe(weight: f64) -> bool {
    weight == 0.0 || (1e-90..=1e90).contains(&weight)
}

/// Whether all of them are. In `f32`, they are so from 1e-15 to 1e15: `exp::<f32>` stops growing at
/// e^200, and a ratio of smaller weights would take that for the result.
pub(crate) fn are_safe<F: Float>(weights: Option<&[F]>) -> bool {
    let is_near = |s: f64| !F::NARROW || s == 0.0 || (1e-15..=1e15).contains(&s);
    let is_safe = |s: f64| is_weight_safe(s) && is_near(s);
    weights.is_none_or(|weights| weights.iter().all(|s| is_safe(s.as_f64())))
}

/// The largest weight; 1 if there are none.
pub(crate) fn largest<F: Float>(weights: Option<&[F]>) -> f64 {
    let larger = |largest: f64, s: &F| largest.max(s.as_f64());
    weights.map_or(1.0, |weights| weights.iter().fold(0.0, larger))
}

/// Whether gradients of weighted samples may have lost digits though the sum has not: where a
/// weight makes them larger than the derivative.
pub(crate) fn may_lose_digits<F: Float>(
    reduction: Reduction,
    total: f64,
    sample_weights: Option<&[F]>,
    coefficients: Option<&[f64]>,
) -> bool {
    let factor = || reduction.reduce(largest(sample_weights), total) * largest(coefficients);
    let is_weighted = sample_weights.is_some() || coefficients.is_some();
    !F::NARROW && is_weighted && factor() > 1.0
}

/// Whether a plain gradient, which is a derivative times `factor`, is what it should be.
#[inline(always)]
pub(crate) fn is_gradient_safe<F: Float>(gradient: f64, factor: f64) -> bool {
    let factor = factor.abs();
    let has_digits = F::NARROW || factor <= 1.0 || gradient.abs() >= LEAST * factor;
    has_digits && gradient.is_finite()
}

/// Whether the plain loss of one sample is what it should be.
#[inline(always)]
pub(crate) fn is_loss_safe<F: Float>(loss: f64) -> bool {
    (F::NARROW || loss.abs() >= LEAST) && loss.is_finite()
}

/// Whether a sum of plain numbers is what it should be.
pub(crate) fn is_safe<F: Float>(sum: f64, weights: Option<&[F]>) -> bool {
    let is_ordinary = (LEAST..=1e300).contains(&sum.abs());
    (is_ordinary || sum == 0.0 && weights.is_none()) && are_safe(weights)
}

/// `x k y`, where a factor of 0 wins over an infinite `x`. `k y` may be below the normal numbers
/// and lose digits that a large `x` shows: not in `f32`, where the product is taken once for all.
#[inline(always)]
pub(crate) fn product_of_three<F: Float>(x: f64, k: f64, y: f64) -> f64 {
    if F::NARROW { product_or_zero(x, k * y) } else { product_or_zero(product_or_zero(x, k), y) }
}

#[cfg(test)]
mod tests {
    use super::{are_safe, is_gradient_safe, may_lose_digits};
    use crate::reduction::Reduction::{Mean, Sum};

    #[test]
    fn a_factor_shows_what_was_lost() {
        // 1e-310 has 14 digits, and 1e50 times it has no more.
        assert!(is_gradient_safe::<f64>(1e-310, 1.0) && !is_gradient_safe::<f64>(1e-260, 1e50));
        assert!(is_gradient_safe::<f64>(1e-150, -1e50) && is_gradient_safe::<f32>(0.0, 1e38));
        assert!(!is_gradient_safe::<f64>(0.0, 2.0) && !is_gradient_safe::<f32>(f64::NAN, 1.0));
        // 2/1 in a sum; 2/4 in a mean, times a coefficient of 3.
        let lose = |r, k| may_lose_digits::<f64>(r, 4.0, Some(&[1.0, 2.0]), k);
        assert!(lose(Sum, None) && !lose(Mean, None) && lose(Mean, Some(&[3.0])));
        assert!(!may_lose_digits::<f32>(Sum, 4.0, Some(&[2.0]), None));
    }

    #[test]
    fn weights_of_f32_stay_closer_to_one() {
        assert!(are_safe::<f64>(Some(&[1e-90, 0.0, 1e90])) && !are_safe::<f64>(Some(&[1e91])));
        assert!(are_safe::<f32>(Some(&[1e-14, 0.0, 1e14])) && !are_safe::<f32>(Some(&[1e-16])));
    }
}
