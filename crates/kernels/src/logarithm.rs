//! [`ln`] and [`ln_1p`] without branches and calls, so that loops over them run in vectors.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use crate::Float;
use crate::exponential::{ROUNDER, polynomial};

/// The coefficients of `a`, that of the highest power first.
const SERIES: &[f64] = &[
    9.681_388_418_373_767e-2,
    1.109_569_724_658_752_8e-1,
    1.428_587_731_786_638e-1,
    1.999_999_939_842_433_7e-1,
    3.333_333_333_368_772_6e-1,
];

/// The natural logarithm `ln y`, for a result of type `F`: −∞ for 0, NaN below.
///
/// For results of type `f32`, a positive `y` is a normal `f64`, as every `f32` is.
///
/// With `y = 2ᵏ m`, `m` from `√½` to `√2`, and `f = m − 1`,
///
/// ```text
/// ln y = k ln 2 + 2 artanh s,   s = f/(2 + f)
/// artanh s = s + s³·a(s²),      a(t) = 1/3 + t/5 + t²/7 + …
/// ```
///
/// 5 terms stand for `a`, which agree with it at the zeros of a Chebyshev polynomial. All of it is
/// computed in `f64` and within 2⁻⁴²: a result rounded to `f32` is within 0.50001 units in the last
/// place. For results of type `f64` the function is the standard library's.
///
/// # Examples
/// ```
/// use kernels::logarithm::ln;
///
/// assert_eq!(ln::<f32>(2.0) as f32, std::f32::consts::LN_2);
/// assert_eq!(ln::<f64>(0.0), f64::NEG_INFINITY);
/// ```
#[inline(always)]
pub fn ln<F: Float>(y: f64) -> f64 {
    if F::NARROW { logarithm(y, y - 1.0) } else { y.ln() }
}

/// `ln(1 + x)` with all its digits near 0, for a result of type `F`: −∞ for −1, NaN below.
///
/// [`ln`] of `y = 1 + x`, but where `k = 0`, `f` is `x` itself, because `1 + x` has lost the digits
/// of a small `x`. As accurate as [`ln`].
///
/// # Examples
/// ```
/// use kernels::logarithm::ln_1p;
///
/// assert_eq!(ln_1p::<f32>(1e-20), 1e-20); // 1 + 1e-20 rounds to 1
/// assert_eq!(ln_1p::<f32>(1.0) as f32, std::f32::consts::LN_2);
/// ```
#[inline(always)]
pub fn ln_1p<F: Float>(x: f64) -> f64 {
    if F::NARROW { logarithm(1.0 + x, x) } else { x.ln_1p() }
}

/// `ln y`, where `y_minus_1` has the digits that `y` has lost.
#[inline(always)]
fn logarithm(y: f64, y_minus_1: f64) -> f64 {
    // k + 1024 and not k, so that nothing here is negative.
    let zero = FRAC_1_SQRT_2.to_bits().wrapping_sub(1024 << 52);
    let k = y.to_bits().wrapping_sub(zero) >> 52;
    let m = f64::from_bits(y.to_bits().wrapping_sub(k.wrapping_sub(1024) << 52));
    let f = if k == 1024 { y_minus_1 } else { m - 1.0 };
    let k = f64::from_bits(ROUNDER.to_bits().wrapping_add(k)) - (ROUNDER + 1024.0);
    let s = f / (2.0 + f);
    let t = s * s;
    let value = k * LN_2 + 2.0 * (s + s * t * polynomial(SERIES, t));
    // One after the other, so that each is a choice between two numbers and not a branch. The last
    // one lets NaN through.
    let value = if y == 0.0 { f64::NEG_INFINITY } else { value };
    let value = if y < 0.0 { f64::NAN } else { value };
    if y < f64::INFINITY { value } else { y }
}

#[cfg(test)]
mod tests {
    use super::{ln, ln_1p};
    use crate::ulps::{floats, ulp32, worst};

    // Rounded once, from 2⁻⁴² beside the exact value, of which an f32's last place is at least
    // 2⁻²⁴.
    #[test]
    fn f32_errors() {
        let positive = || floats().filter(|x| *x >= 0.0 || x.is_nan());
        let (error, at) = worst(positive(), |x| ulp32(ln::<f32>(x.into()), f64::from(x).ln()));
        assert!(error <= 0.500_01, "ln: {error} ulp at {at:?}");
        let from_minus_1 = || floats().filter(|x| *x >= -1.0 || x.is_nan());
        let (error, at) =
            worst(from_minus_1(), |x| ulp32(ln_1p::<f32>(x.into()), f64::from(x).ln_1p()));
        assert!(error <= 0.500_01, "ln_1p: {error} ulp at {at:?}");
    }

    #[test]
    fn edges() {
        assert_eq!([ln::<f32>(0.0), ln_1p::<f32>(-1.0)], [f64::NEG_INFINITY; 2]);
        assert_eq!([ln::<f32>(1.0), ln_1p::<f32>(0.0)], [0.0; 2]);
        let infinite = f64::INFINITY;
        assert_eq!([ln::<f32>(infinite), ln_1p::<f32>(infinite)], [infinite; 2]);
        assert!([-1.0, -infinite, f64::NAN].iter().all(|&y| ln::<f32>(y).is_nan()));
        assert_eq!(ln::<f64>(3.0), 3.0_f64.ln());
    }
}
