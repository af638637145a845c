//! [`exp`] and [`exp_m1`] without branches and calls, so that loops over them run in vectors.

pub(crate) mod series;

use crate::Float;

/// `ln 2` in two parts: the high one has so few digits that its product with any `n` is exact, the
/// low one is the remainder.
const LN_2: (f64, f64) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
/// `1.5·2⁵²`: what is added to it is rounded to a whole number, which stands in the last bits.
pub(crate) const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Beyond, `eˣ − 1` is `eˣ` in `f64`.
const FAR: f64 = 64.0;

/// `series[0]·xⁿ + … + series[n]`, as `E(x²) + x·O(x²)` with the even and the odd terms: two chains
/// of half the length, which a processor runs side by side.
#[inline(always)]
pub(crate) fn polynomial(series: &'static [f64], x: f64) -> f64 {
    let (square, last) = (x * x, series.len() + 1);
    every_second(series, last % 2, square) + x * every_second(series, (last + 1) % 2, square)
}

/// The sum of every second term from `start` on. A plain loop, whose calls and bounds are gone when
/// the length is known: with the iterators' `step_by` a call is left wherever the compiler thinks
/// that there are enough copies of it, and a loop with a call does not run in vectors.
#[inline(always)]
fn every_second(series: &[f64], start: usize, square: f64) -> f64 {
    let Some(&first) = series.get(start) else { return 0.0 };
    let (mut sum, mut i) = (first, start + 2);
    while i < series.len() {
        sum = sum * square + series[i];
        i += 2;
    }
    sum
}

/// `eʳ − 1`, and `2ⁿ` in two factors, because one alone would overflow or vanish before the
/// product.
#[inline(always)]
fn parts<F: Float>(x: f64) -> (f64, (f64, f64)) {
    let (lowest, highest) = F::RANGE;
    // Comparisons and not `max` and `min`, which would turn NaN into a bound.
    let x = if x < lowest { lowest } else { x };
    let x = if x > highest { highest } else { x };
    let rounded = x * std::f64::consts::LOG2_E + ROUNDER;
    let n = rounded - ROUNDER;
    let r = if F::NARROW { x - n * std::f64::consts::LN_2 } else { (x - n * LN_2.0) - n * LN_2.1 };
    let p = r + r * r * polynomial(F::SERIES, r);
    let n = rounded.to_bits().wrapping_sub(ROUNDER.to_bits()).cast_signed();
    let half = if F::NARROW { n } else { n >> 1 };
    let two_to = |n: i64| f64::from_bits((n.wrapping_add(1023) << 52).cast_unsigned());
    (p, (two_to(half), two_to(n.wrapping_sub(half))))
}

/// The exponential `eˣ`, for a result of type `F`.
///
/// With `n = round(x / ln 2)` and `r = x − n ln 2`, which lies within ±0.347,
///
/// ```text
/// eˣ = 2ⁿ eʳ,   eʳ − 1 = r + r²·q(r),   q(r) = 1/2! + r/3! + r²/4! + …
/// ```
///
/// All of it in `f64`, for results of either type:
///
/// | results of | `q` | `ln 2` | error |
/// |---|---|---|---|
/// | `f32` | 7 terms | one `f64` | 2⁻³⁷: a result rounded to `f32` is within 0.5002 ulp |
/// | `f64` | the series up to `r¹¹/13!` | two parts, so that `n ln 2` is exact | within 2 ulp |
///
/// (An ulp is a unit in the last place.) The 7 terms agree with `q` at the zeros of a Chebyshev
/// polynomial, which leaves an error below `2⁻³⁸ eʳ`; the series would need 4 more.
///
/// NaN gives NaN, −∞ gives 0, and what overflows in `F` gives ∞ when it is rounded to `F`.
///
/// # Examples
/// ```
/// use kernels::exponential::exp;
///
/// assert_eq!(exp::<f32>(0.0), 1.0);
/// assert_eq!(exp::<f32>(1.0) as f32, std::f32::consts::E);
/// assert_eq!(exp::<f64>(f64::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn exp<F: Float>(x: f64) -> f64 {
    let (p, (first, second)) = parts::<F>(x);
    // eˣ = 2ⁿ eʳ
    (p + 1.0) * first * second
}

/// `eˣ − 1` with all its digits near 0, for a result of type `F`.
///
/// `2ⁿ·p + (2ⁿ − 1)` with `n` and `p = eʳ − 1` as in [`exp`]: where `n = 0` it is `p` itself, and
/// nothing cancels. Far above 0, where `2ⁿ` alone might overflow, it is `eˣ`, beside which the 1
/// does not show. Rounded to `f32` it is within 0.5002 units in the last place, in `f64` within
/// 3.
///
/// # Examples
/// ```
/// use kernels::exponential::exp_m1;
///
/// assert_eq!(exp_m1::<f64>(1e-20), 1e-20); // e^1e-20 rounds to 1
/// assert_eq!(exp_m1::<f32>(f64::NEG_INFINITY), -1.0);
/// ```
#[inline(always)]
pub fn exp_m1<F: Float>(x: f64) -> f64 {
    let (p, (first, second)) = parts::<F>(x);
    let two_to_n = first * second;
    // Near 0 the factor 2ⁿ is 1 and p is the result. The sign of −0 is lost in the series.
    let value = two_to_n * p + (two_to_n - 1.0);
    let value = if !F::NARROW && x > FAR { (p + 1.0) * first * second } else { value };
    if x == 0.0 { x } else { value }
}

#[cfg(test)]
mod tests {
    use super::{exp, exp_m1};
    use crate::ulps::{floats, ulp32, worst};

    fn ulp64(got: f64, want: f64) -> f64 {
        if got == want || (got.is_nan() && want.is_nan()) {
            return 0.0;
        }
        (got - want).abs() / (want.next_up() - want).abs()
    }

    // Half an ulp is the one rounding.
    #[test]
    fn f32_errors() {
        let (error, at) = worst(floats(), |x| ulp32(exp::<f32>(x.into()), f64::from(x).exp()));
        assert!(error <= 0.5002, "exp: {error} ulp at {at:?}");
        let (error, at) =
            worst(floats(), |x| ulp32(exp_m1::<f32>(x.into()), f64::from(x).exp_m1()));
        assert!(error <= 0.5002, "exp_m1: {error} ulp at {at:?}");
    }

    // Against the C library's functions, which are themselves within 1 ulp: a bound of 2 here
    // proves 3.
    #[test]
    fn f64_errors() {
        let doubles = || {
            let dense = (-800_000..=800_000).map(|i| f64::from(i) * 9.37e-4);
            let tiny = (-320..0).flat_map(|e| [1.7, -1.1].map(|m| m * 10.0_f64.powi(e)));
            dense.chain(tiny)
        };
        let (error, at) = worst(doubles(), |x| ulp64(exp::<f64>(x), x.exp()));
        assert!(error <= 2.0, "exp: {error} ulp at {at:?}");
        let (error, at) = worst(doubles(), |x| ulp64(exp_m1::<f64>(x), x.exp_m1()));
        assert!(error <= 3.0, "exp_m1: {error} ulp at {at:?}");
    }

    #[test]
    fn edges() {
        let (far, infinite) = (f64::from(f32::MAX), f64::INFINITY);
        assert_eq!([0.0, -infinite, infinite].map(exp::<f64>), [1.0, 0.0, infinite]);
        assert_eq!([0.0, -infinite, -far, -750.0].map(exp::<f32>), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!([infinite, far, 90.0].map(|x| exp::<f32>(x) as f32), [f32::INFINITY; 3]);
        assert_eq!(exp::<f64>(-745.0), f64::from_bits(1), "the smallest number there is");
        assert!(exp::<f32>(f64::NAN).is_nan() && exp_m1::<f64>(f64::NAN).is_nan());
        assert_eq!([exp_m1::<f32>(-infinite), exp_m1::<f64>(-infinite)], [-1.0; 2]);
        assert!(exp_m1::<f32>(-0.0).is_sign_negative());
    }
}
