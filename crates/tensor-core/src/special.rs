//! Functions whose textbook formula overflows or cancels far from zero, in the form that does not.
//!
//! | function | textbook | fails at | here |
//! |---|---|---|---|
//! | [`sigmoid`] | `e^x/(1+e^x)` | NaN for x > 89 in f32 | `1/(1+e^(−x))` for x ≥ 0, the textbook's for x < 0 |
//! | [`softplus`] | `ln(1+e^x)` | x > 89 in f32, and 0 for x < −17 | `max(x, 0) + ln_1p(e^(−\|x\|))` |
//! | [`softmax`] | `e^xᵢ / Σ e^xₖ` | xᵢ > 89 in f32 | the row's maximum subtracted first |
//! | [`log_softmax`] | `ln softmax(x)` | −∞ where softmax rounds to 0 | `(xᵢ − max) − ln Σ e^(xₖ − max)` |
//!
//! NaN in gives NaN out.
//!
//! ```
//! use tensor_core::special;
//!
//! assert_eq!(special::sigmoid(-1e4_f32), 0.0);
//! assert_eq!(special::softplus(1e4_f32), 1e4);
//! assert_eq!(special::softplus(-50.0_f64), (-50.0_f64).exp());
//! ```

use ndarray::ArrayRef1;

use crate::Float;
use crate::exponential::exp;
use crate::reduce::Compensated;

/// The logistic function `σ(x) = 1/(1+e^(−x))`.
///
/// The exponent is never positive, so nothing overflows, and for negative `x` the small result keeps its relative
/// accuracy.
#[inline(always)]
pub fn sigmoid<F: Float>(x: F) -> F {
    let e = exp(-x.abs());
    let numerator = if x >= F::zero() { F::one() } else { e };
    numerator / (F::one() + e)
}

/// `σ′(x) = σ(x)·(1 − σ(x)) = e^(−|x|)/(1 + e^(−|x|))²`.
///
/// From the input, because `1 − σ(x)` has no digits left where `σ(x)` rounds to 1.
#[inline(always)]
pub fn sigmoid_derivative<F: Float>(x: F) -> F {
    let e = exp(-x.abs());
    let denominator = F::one() + e;
    e / denominator / denominator
}

/// `x·y`, but 0 where `y` is 0, even for infinite `x`: the limit of a product whose second factor vanishes exponentially.
#[inline(always)]
pub fn product_or_zero<F: Float>(x: F, y: F) -> F {
    if y == F::zero() && !x.is_nan() { y } else { x * y }
}

/// `−1`, `0` or `1`: the derivative of `|x|`, with 0 at the corner, as PyTorch's `sign`. NaN for NaN.
///
/// (The standard library's `signum` gives 1 for 0.)
#[inline]
pub fn sign<F: Float>(x: F) -> F {
    if x == F::zero() { F::zero() } else { x.signum() }
}

/// `softplus(x) = ln(1 + e^x)`, a smooth `max(0, x)`; its derivative is [`sigmoid`].
#[inline]
pub fn softplus<F: Float>(x: F) -> F {
    // ln(1+e^x) = x + ln(1+e^(−x)): take the form whose exponent is ≤ 0.
    x.max(F::zero()) + exp(-x.abs()).ln_1p()
}

/// `ln Σ exp(xᵢ)` in two parts that must not be added too early.
///
/// The sum is `max + ln_sum`. A caller that wants `ln Σ exp(xᵢ) − xₖ` writes `(max − xₖ) + ln_sum`: then the result keeps its
/// relative accuracy even where it is tiny against `max`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogSumExp<F> {
    /// The largest element; NaN if any element is.
    pub max: F,
    /// `ln Σ exp(xᵢ − max)`, between 0 and `ln C`.
    pub ln_sum: F,
}

/// The log-sum-exp of a row.
///
/// A row that holds +∞, or nothing but −∞, gives NaN, as in PyTorch's softmax: the limit depends on how it is approached.
pub fn log_sum_exp<F: Float>(x: &ArrayRef1<F>) -> LogSumExp<F> {
    let (argmax, max) = argmax(x);
    // The largest element contributes exactly 1. Keeping it out of the sum lets ln_1p see what is left, however small.
    let mut rest = F::zero();
    for (i, &v) in x.iter().enumerate() {
        let e = exp(v - max);
        rest += if i == argmax && !e.is_nan() { F::zero() } else { e };
    }
    LogSumExp { max, ln_sum: rest.ln_1p() }
}

/// `y ← softmax(x)`: `yᵢ = exp(xᵢ) / Σₖ exp(xₖ)`.
///
/// # Shapes
/// `x (C)`, `y (C)`; if `y` is shorter, only that many are written.
pub fn softmax<F: Float>(x: &ArrayRef1<F>, y: &mut ArrayRef1<F>) {
    let (_, max) = argmax(x);
    // Compensated: the error of the sum is in every element of the row.
    let mut sum = Compensated::default();
    for (y, &x) in y.iter_mut().zip(x) {
        *y = exp(x - max);
        sum.add(*y);
    }
    let sum = sum.sum();
    for y in y.iter_mut() {
        *y /= sum;
    }
}

/// `y ← ln softmax(x)`: `yᵢ = xᵢ − ln Σₖ exp(xₖ)`.
///
/// # Shapes
/// `x (C)`, `y (C)`; if `y` is shorter, only that many are written.
pub fn log_softmax<F: Float>(x: &ArrayRef1<F>, y: &mut ArrayRef1<F>) {
    let lse = log_sum_exp(x);
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - lse.max) - lse.ln_sum;
    }
}

/// Index and value of the largest element, the first of equals; a NaN wins, so that it reaches the result.
fn argmax<F: Float>(x: &ArrayRef1<F>) -> (usize, F) {
    let mut best = (0, F::neg_infinity());
    for (i, &v) in x.iter().enumerate() {
        if v > best.1 || (v.is_nan() && !best.1.is_nan()) {
            best = (i, v);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::{
        LogSumExp, log_softmax, log_sum_exp, product_or_zero, sigmoid, sigmoid_derivative, sign,
        softmax, softplus,
    };

    #[test]
    fn sigmoid_and_softplus_far_out() {
        for x in [1e4_f64, 745.0, 40.0] {
            assert_eq!(sigmoid(x), 1.0);
            assert_eq!(sigmoid(-x), (-x).exp());
            assert_eq!(softplus(x), x);
            assert_eq!(softplus(-x), (-x).exp());
        }
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(softplus(0.0), 2.0_f64.ln());
        assert!(sigmoid(f32::NAN).is_nan() && softplus(f32::NAN).is_nan());
        assert_eq!((sigmoid(f32::INFINITY), sigmoid(f32::NEG_INFINITY)), (1.0, 0.0));
        assert_eq!((softplus(f32::INFINITY), softplus(f32::NEG_INFINITY)), (f32::INFINITY, 0.0));
    }

    // σ(±ln 3) = ½ ± ¼, so σ′ = ¾·¼ at both. Far out 1 + e^(−|x|) rounds to 1, and σ′ is e^(−|x|).
    #[test]
    fn the_slope_of_the_sigmoid() {
        assert_eq!(sigmoid_derivative(0.0), 0.25);
        for sign in [1.0, -1.0] {
            let slope = sigmoid_derivative(sign * 3.0_f64.ln());
            assert!((slope - 0.1875).abs() <= 2.0 * f64::EPSILON * 0.1875, "{slope}");
            for x in [40.0_f64, 745.0, 1e4, f64::INFINITY] {
                assert_eq!(sigmoid_derivative(sign * x), (-x).exp());
            }
        }
        assert!(sigmoid_derivative(f32::NAN).is_nan());
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

    #[test]
    fn log_sum_exp_keeps_a_tiny_remainder() {
        // ln(e⁰ + e^(−50)) − 0 = ln(1 + e^(−50)) = e^(−50) to 22 digits; the naive sum gives 0.
        assert_eq!(
            log_sum_exp(&array![0.0, -50.0]),
            LogSumExp { max: 0.0, ln_sum: (-50.0_f64).exp() }
        );
        // Two equal maxima: ln 2 above either.
        assert_eq!(log_sum_exp(&array![1e4, 1e4]), LogSumExp { max: 1e4, ln_sum: 2.0_f64.ln() });
    }

    #[test]
    fn the_largest_of_a_row_with_nan_is_nan() {
        for x in [array![f64::NAN, 1.0], array![1.0, f64::NAN], array![2.0, f64::NAN, 3.0]] {
            let LogSumExp { max, ln_sum } = log_sum_exp(&x);
            assert!(max.is_nan() && ln_sum.is_nan(), "{x} gave {max} and {ln_sum}");
        }
    }

    #[test]
    fn softmax_rows_far_out() {
        let x = array![1e4_f32, -1e4, 1e4];
        let mut y = Array1::zeros(3);
        softmax(&x, &mut y);
        assert_eq!(y, array![0.5, 0.0, 0.5]);
        log_softmax(&x, &mut y);
        assert_eq!(y, array![-(2.0_f32.ln()), -2e4 - 2.0_f32.ln(), -(2.0_f32.ln())]);
    }

    #[test]
    fn softmax_lets_nan_through() {
        for x in [array![f64::NAN, 0.0], array![0.0, f64::NAN], array![f64::INFINITY, 0.0]] {
            let mut y = Array1::zeros(2);
            softmax(&x, &mut y);
            assert!(y[0].is_nan(), "{x} gave {y}");
            log_softmax(&x, &mut y);
            assert!(y[0].is_nan(), "{x} gave {y}");
        }
    }
}
