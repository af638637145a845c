//! `ln` and `ln_1p` without branches and calls, so that loops over them run in vectors.
//!
//! With `y = 2ᵏ m`, `m` from `√½` to `√2`, and `f = m − 1`,
//!
//! ```text
//! ln y = k ln 2 + 2 artanh s,   s = f/(2 + f),   artanh s = s + s³·a(s²)
//! ```
//!
//! For `ln(1 + x)` with `k = 0`, `f` is `x` itself: `1 + x` has no digits left of a small one. `a(t) = 1/3 + t/5 + t²/7 + …` is
//! replaced by 5 terms that agree with it at the zeros of a Chebyshev polynomial. All of it in `f64` and within 2⁻⁴²: a result
//! rounded to `f32` is within 0.50001 ulp. For results of type `f64` the functions are the standard library's.
//!
//! ```
//! use kernels::logarithm::{ln, ln_1p};
//!
//! assert_eq!(ln::<f32>(2.0) as f32, std::f32::consts::LN_2);
//! assert_eq!(ln_1p::<f32>(1e-20), 1e-20);
//! ```

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use crate::Float;
use crate::exponential::{ROUNDER, polynomial};

/// `a`, the highest power first.
const SERIES: &[f64] = &[
    9.681_388_418_373_767e-2,
    1.109_569_724_658_752_8e-1,
    1.428_587_731_786_638e-1,
    1.999_999_939_842_433_7e-1,
    3.333_333_333_368_772_6e-1,
];

/// `ln y`, for a result of type `F`: −∞ for 0, NaN below.
#[inline(always)]
pub fn ln<F: Float>(y: f64) -> f64 {
    if F::NARROW { logarithm(y, y - 1.0) } else { y.ln() }
}

/// `ln(1 + x)` with all its digits near 0, for a result of type `F`: −∞ for −1, NaN below.
#[inline(always)]
pub fn ln_1p<F: Float>(x: f64) -> f64 {
    if F::NARROW { logarithm(1.0 + x, x) } else { x.ln_1p() }
}

/// `ln y`, where `above` is `y − 1`, if that is small.
#[inline(always)]
fn logarithm(y: f64, above: f64) -> f64 {
    // Counted from 1024 below, so that nothing here is negative.
    let zero = FRAC_1_SQRT_2.to_bits().wrapping_sub(1024 << 52);
    let k = y.to_bits().wrapping_sub(zero) >> 52;
    let m = f64::from_bits(y.to_bits().wrapping_sub(k.wrapping_sub(1024) << 52));
    let f = if k == 1024 { above } else { m - 1.0 };
    let k = f64::from_bits(ROUNDER.to_bits().wrapping_add(k)) - (ROUNDER + 1024.0);
    let s = f / (2.0 + f);
    let t = s * s;
    let value = k * LN_2 + 2.0 * (s + s * t * polynomial(SERIES, t));
    // One after the other, so that each is a choice between two numbers and not a branch. The last lets NaN through.
    let value = if y == 0.0 { f64::NEG_INFINITY } else { value };
    let value = if y < 0.0 { f64::NAN } else { value };
    if y < f64::INFINITY { value } else { y }
}

#[cfg(test)]
mod tests {
    use super::{ln, ln_1p};
    use crate::ulps::{floats, ulp32, worst};

    // Rounded once from 2⁻⁴² beside the exact value, of which an f32's unit of the last place is at least 2⁻²⁴.
    #[test]
    fn f32_errors() {
        let positive = || floats().filter(|x| *x >= 0.0 || x.is_nan());
        let (error, at) = worst(positive(), |x| ulp32(ln::<f32>(x.into()), f64::from(x).ln()));
        assert!(error <= 0.500_01, "ln: {error} ulp at {at:?}");
        let above = || floats().filter(|x| *x >= -1.0 || x.is_nan());
        let (error, at) = worst(above(), |x| ulp32(ln_1p::<f32>(x.into()), f64::from(x).ln_1p()));
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
