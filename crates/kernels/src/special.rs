//! Functions whose textbook formula overflows or cancels far from zero, in the form that does not.
//!
//! They are computed in `f64`, for results of a type `F`. For `f32` there is no branch and no call
//! in them, so that loops over them run in vectors.

use crate::Float;
use crate::exponential::{exp, exp_m1};
use crate::logarithm::ln_1p;

/// The logistic function `σ(x) = 1/(1 + e^(−x))`, for a result of type `F`.
///
/// With `e = e^(−|x|)` it is `1/(1 + e)` for `x ≥ 0` and `e/(1 + e)` for `x < 0`: no exponent is
/// positive, so nothing overflows, and a small result keeps its digits. (`e^x/(1 + e^x)` is NaN for
/// `x > 89` in `f32`.) Rounded to `f32` it is within 0.501 units in the last place, in `f64` within
/// 4.
///
/// # Examples
/// ```
/// use kernels::special::sigmoid;
///
/// assert_eq!([sigmoid::<f32>(0.0), sigmoid::<f32>(1e4), sigmoid::<f32>(-1e4)], [0.5, 1.0, 0.0]);
/// ```
#[inline(always)]
pub fn sigmoid<F: Float>(x: f64) -> f64 {
    let e = exp::<F>(-x.abs());
    let numerator = if x >= 0.0 { 1.0 } else { e };
    numerator / (1.0 + e)
}

/// The derivative of [`sigmoid`], `σ′(x) = σ(x)·(1 − σ(x)) = e/(1 + e)²` with `e = e^(−|x|)`.
///
/// From the input, because `1 − σ(x)` has no digits left where `σ(x)` rounds to 1. As accurate as
/// [`sigmoid`].
///
/// # Examples
/// ```
/// use kernels::special::sigmoid_derivative;
///
/// assert_eq!(sigmoid_derivative::<f64>(0.0), 0.25);
/// assert_eq!(sigmoid_derivative::<f64>(40.0), (-40.0_f64).exp()); // where σ rounds to 1
/// ```
#[inline(always)]
pub fn sigmoid_derivative<F: Float>(x: f64) -> f64 {
    let e = exp::<F>(-x.abs());
    let denominator = 1.0 + e;
    e / (denominator * denominator)
}

/// The hyperbolic tangent `tanh x = (e^x − e^(−x))/(e^x + e^(−x))`, for a result of type `F`.
///
/// With `p = e^(−2|x|) − 1` it is `−p/(p + 2)` with the sign of `x`: nothing overflows, and near 0,
/// where the textbook's difference cancels, all digits are kept. Rounded to `f32` it is within
/// 0.501 units in the last place. For a result of type `f64` it is the standard library's, which is
/// more accurate.
///
/// # Examples
/// ```
/// use kernels::special::tanh;
///
/// assert_eq!([tanh::<f32>(1e4), tanh::<f32>(-1e4)], [1.0, -1.0]);
/// assert_eq!(tanh::<f32>(1e-20), 1e-20);
/// ```
#[inline(always)]
pub fn tanh<F: Float>(x: f64) -> f64 {
    if !F::NARROW {
        return x.tanh();
    }
    let p = exp_m1::<F>(-2.0 * x.abs());
    (-p / (p + 2.0)).copysign(x)
}

/// `x·y`, but 0 where `y` is 0, even for infinite `x`: the limit of a product whose second factor
/// vanishes exponentially. NaN in either gives NaN.
///
/// # Examples
/// ```
/// use kernels::special::product_or_zero;
///
/// assert_eq!(product_or_zero(f64::INFINITY, 0.0), 0.0); // x·e^(−x) far out
/// assert_eq!(product_or_zero(3.0, -2.0), -6.0);
/// ```
#[inline(always)]
pub fn product_or_zero<F: Float>(x: F, y: F) -> F {
    if y == F::zero() && !x.is_nan() { y } else { x * y }
}

/// The derivative of `|x|`: `−1` for `x < 0`, `1` for `x > 0`, and `0` at the corner, as PyTorch's
/// `sign`. NaN for NaN.
///
/// (The standard library's `signum` gives 1 for 0.)
///
/// # Examples
/// ```
/// use kernels::special::sign;
///
/// assert_eq!([-2.0, 0.0, 3.0].map(sign), [-1.0, 0.0, 1.0]);
/// ```
#[inline(always)]
pub fn sign<F: Float>(x: F) -> F {
    if x == F::zero() { F::zero() } else { x.signum() }
}

/// `softplus(x) = ln(1 + e^x)`, a smooth `max(0, x)`, for a result of type `F`; its derivative is
/// [`sigmoid`].
///
/// Computed as `max(x, 0) + ln(1 + e^(−|x|))`: the textbook's form overflows for `x > 89` in `f32`
/// and gives 0 for `x < −17`. As accurate as [`sigmoid`].
///
/// # Examples
/// ```
/// use kernels::special::softplus;
///
/// assert_eq!(softplus::<f64>(0.0), 2.0_f64.ln());
/// assert_eq!(softplus::<f32>(1e4), 1e4);
/// assert_eq!(softplus::<f64>(-50.0), (-50.0_f64).exp());
/// ```
#[inline(always)]
pub fn softplus<F: Float>(x: f64) -> f64 {
    // ln(1 + e^x) = x + ln(1 + e^(−x)): the form whose exponent is ≤ 0.
    x.max(0.0) + ln_1p::<F>(exp::<F>(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::{product_or_zero, sigmoid, sigmoid_derivative, sign, softplus, tanh};
    use crate::ulps::{floats, ulp32, worst};

    // The exact values are those of the system's functions in f64, whose error does not show in
    // f32. Half an ulp is the one rounding; each exponential and each logarithm adds at most
    // 0.0002.
    #[test]
    fn f32_errors() {
        fn check(name: &str, function: fn(f64) -> f64, exact: fn(f64) -> f64) {
            let (error, at) = worst(floats(), |x| ulp32(function(x.into()), exact(x.into())));
            assert!(error <= 0.501, "{name}: {error} ulp at {at:?}");
        }
        check("sigmoid", sigmoid::<f32>, |x| {
            if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
        });
        check("its derivative", sigmoid_derivative::<f32>, |x| {
            (-x.abs()).exp() / (1.0 + (-x.abs()).exp()).powi(2)
        });
        check("softplus", softplus::<f32>, |x| {
            if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
        });
        check("tanh", tanh::<f32>, f64::tanh);
    }

    #[test]
    fn far_out() {
        for x in [1e4_f64, 745.0, 40.0] {
            assert_eq!(sigmoid::<f64>(x), 1.0);
            assert_eq!(sigmoid::<f64>(-x), (-x).exp());
            assert_eq!(softplus::<f64>(x), x);
            assert_eq!(softplus::<f64>(-x), (-x).exp());
        }
        assert_eq!(sigmoid::<f64>(0.0), 0.5);
        assert_eq!(softplus::<f64>(0.0), 2.0_f64.ln());
        let infinite = f64::INFINITY;
        assert_eq!([sigmoid::<f32>(infinite), sigmoid::<f32>(-infinite)], [1.0, 0.0]);
        assert_eq!([softplus::<f32>(infinite), softplus::<f32>(-infinite)], [infinite, 0.0]);
        assert_eq!([tanh::<f32>(infinite), tanh::<f32>(-infinite)], [1.0, -1.0]);
        assert!(tanh::<f32>(-0.0).is_sign_negative());
        for x in (1..50).map(|i| 0.06 * f64::from(i)) {
            assert_eq!(tanh::<f64>(x), x.tanh());
        }
    }

    // σ(±ln 3) = ½ ± ¼, so σ′ = ¾·¼ at both. Far out 1 + e^(−|x|) rounds to 1, and σ′ is e^(−|x|).
    #[test]
    fn the_slope_of_the_sigmoid() {
        assert_eq!(sigmoid_derivative::<f64>(0.0), 0.25);
        for sign in [1.0, -1.0] {
            let slope = sigmoid_derivative::<f64>(sign * 3.0_f64.ln());
            assert!((slope - 0.1875).abs() <= 2.0 * f64::EPSILON * 0.1875, "{slope}");
            for x in [40.0_f64, 745.0, 1e4, f64::INFINITY] {
                assert_eq!(sigmoid_derivative::<f64>(sign * x), (-x).exp());
            }
        }
    }

    #[test]
    fn a_product_is_zero_where_its_second_factor_is() {
        assert_eq!([product_or_zero(3.0, -2.0), product_or_zero(0.0, 2.0)], [-6.0, 0.0]);
        assert_eq!(product_or_zero(f64::INFINITY, 2.0), f64::INFINITY);
        for x in [5.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!([product_or_zero(x, 0.0), product_or_zero(x, -0.0)], [0.0, 0.0]);
        }
        assert!([0.0, 1.0, f64::NAN].iter().all(|&y| product_or_zero(f64::NAN, y).is_nan()));
        assert!(product_or_zero(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn sign_of_both_zeros_is_zero() {
        let signs = [2.0, -1e-320, 0.0, -0.0, f64::NEG_INFINITY].map(sign);
        assert_eq!(signs, [1.0, -1.0, 0.0, 0.0, -1.0]);
        assert!(sign(f32::NAN).is_nan());
    }
}
