//! Mean and variance of values whose squares overflow: of the values times a power of two.

use kernels::sums::{Sum, two_sum};

/// The exponent that the largest value gets: squares of deviations, and sums of 2⁶⁰ of them, then
/// stay in the type, and the power of two is as near to 1 as that allows.
const LARGE: i32 = 480;

/// Moments of `s x`.
pub(super) struct Scaled {
    /// `μ`, rounded, and what that rounding has lost.
    pub(super) mean: [f64; 2],
    /// `σ²`.
    pub(super) variance: f64,
    /// `s`.
    pub(super) scale: f64,
}

/// The moments of `n` values `x(i)` whose plain variance is not finite: nothing if a value is not
/// finite either.
#[cold]
pub(super) fn moments(n: usize, x: &dyn Fn(usize) -> f64) -> Option<Scaled> {
    let scale = scale_of(n, x)?;
    let (x, count) = (|i| x(i) * scale, n as f64);
    // As `Moments::of`, one value after the other.
    let sum = (0..n).fold(Sum::<f64>::default(), |sum, i| sum.plus_difference(x(i), x(0)));
    let (mean, low) = two_sum(x(0), sum.value() / count);
    let square = |i| ((x(i) - mean) - low) * ((x(i) - mean) - low);
    let squares = (0..n).fold(Sum::<f64>::default(), |sum, i| sum.plus(square(i)));
    Some(Scaled { mean: [mean, low], variance: squares.value() / count, scale })
}

/// The same with 0 for `μ`.
#[cold]
pub(super) fn about_zero(n: usize, x: &dyn Fn(usize) -> f64) -> Option<Scaled> {
    let scale = scale_of(n, x)?;
    let square = |i| (x(i) * scale) * (x(i) * scale);
    let squares = (0..n).fold(Sum::<f64>::default(), |sum, i| sum.plus(square(i)));
    Some(Scaled { mean: [0.0; 2], variance: squares.value() / n as f64, scale })
}

/// The power of two that moves the largest value to [`LARGE`].
fn scale_of(n: usize, x: &dyn Fn(usize) -> f64) -> Option<f64> {
    let larger = |largest: f64, i| x(i).is_finite().then(|| largest.max(x(i).abs()));
    let largest = (0..n).try_fold(1.0, larger)?;
    // The largest is at least 1: the exponent stands in its bits.
    let exponent = (largest.to_bits() >> 52) as i32 - 1023;
    Some(f64::from_bits(((LARGE - exponent.max(LARGE) + 1023) as u64) << 52))
}
