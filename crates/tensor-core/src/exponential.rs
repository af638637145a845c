//! `exp` and `exp_m1` without branches and calls, so that loops over them run in vectors.
//!
//! With `n = round(x / ln 2)` and `r = x − n ln 2`, which lies within ±0.347,
//!
//! ```text
//! eˣ = 2ⁿ eʳ,   eʳ − 1 = r + r²/2! + r³/3! + …
//! ```
//!
//! `ln 2` is taken in two parts, of which the first has so few digits that `n` times it is exact: `r` keeps its relative
//! accuracy. The series stops where the next term is below a tenth of the last digit: after `r⁷/7!` in `f32` and `r¹³/13!` in
//! `f64`. The rounding of the sum and what `r` has lost leave an error below 1 ulp; the tests state what is reached.
//!
//! There is no hyperbolic tangent here: built on these it is within 2 ulp, which is more than users of PyTorch are used to, so
//! `Tanh` calls the standard library's.
//!
//! ```
//! use tensor_core::exponential::{exp, exp_m1};
//!
//! assert_eq!(exp(0.0_f32), 1.0);
//! assert_eq!(exp_m1(1e-20_f64), 1e-20);
//! ```

use crate::Float;

/// What differs between the types.
#[allow(private_bounds, reason = "the supertrait is sealed")]
pub(crate) trait Exponential: Sized {
    /// The digits of `ln 2` that survive a product with any `n`, and the rest.
    const LN_2: (Self, Self);
    /// `1.5 · 2^p` for `p + 1` digits: what is added to it is rounded to a whole number, which stands in its last bits.
    const ROUNDER: Self;
    /// Beyond these, `eˣ` is 0 or ∞.
    const RANGE: (Self, Self);
    /// `1/13!, …, 1/2!`, as far as they are needed.
    fn coefficients() -> &'static [Self];
    /// `2ⁿ` in two factors for `n` in the last bits of `rounded = ROUNDER + n`: one alone would overflow before the product.
    fn powers_of_two(rounded: Self) -> (Self, Self);
}

impl Exponential for f32 {
    const LN_2: (Self, Self) = (0.693_145_75, 1.428_606_8e-6);
    const ROUNDER: Self = 12_582_912.0;
    const RANGE: (Self, Self) = (-104.0, 89.0);

    #[inline(always)]
    fn coefficients() -> &'static [Self] {
        const { &[1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5] }
    }

    #[inline(always)]
    fn powers_of_two(rounded: Self) -> (Self, Self) {
        let n = rounded.to_bits().wrapping_sub(Self::ROUNDER.to_bits()).cast_signed();
        let half = n >> 1;
        let power = |n: i32| Self::from_bits(((n + 127) << 23).cast_unsigned());
        (power(half), power(n - half))
    }
}

impl Exponential for f64 {
    const LN_2: (Self, Self) = (6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10);
    const ROUNDER: Self = 6_755_399_441_055_744.0;
    const RANGE: (Self, Self) = (-746.0, 710.0);

    #[inline(always)]
    fn coefficients() -> &'static [Self] {
        const {
            &[
                1.0 / 6_227_020_800.0,
                1.0 / 479_001_600.0,
                1.0 / 39_916_800.0,
                1.0 / 3_628_800.0,
                1.0 / 362_880.0,
                1.0 / 40_320.0,
                1.0 / 5040.0,
                1.0 / 720.0,
                1.0 / 120.0,
                1.0 / 24.0,
                1.0 / 6.0,
                0.5,
            ]
        }
    }

    #[inline(always)]
    fn powers_of_two(rounded: Self) -> (Self, Self) {
        let n = rounded.to_bits().wrapping_sub(Self::ROUNDER.to_bits()).cast_signed();
        let half = n >> 1;
        let power = |n: i64| Self::from_bits(((n + 1023) << 52).cast_unsigned());
        (power(half), power(n - half))
    }
}

/// `eʳ − 1` and the factors of `2ⁿ`.
#[inline(always)]
fn parts<F: Float>(x: F) -> (F, (F, F)) {
    let (lowest, highest) = F::RANGE;
    // Comparisons and not `max` and `min`, which would turn NaN into a bound.
    let x = if x < lowest { lowest } else { x };
    let x = if x > highest { highest } else { x };
    let rounded = x * F::of(std::f64::consts::LOG2_E) + F::ROUNDER;
    let n = rounded - F::ROUNDER;
    let (high, low) = F::LN_2;
    let r = (x - n * high) - n * low;
    let mut series = F::zero();
    for &coefficient in F::coefficients() {
        series = series * r + coefficient;
    }
    (r + r * r * series, F::powers_of_two(rounded))
}

/// `eˣ`, within 1 ulp.
#[inline(always)]
pub fn exp<F: Float>(x: F) -> F {
    let (p, (half, rest)) = parts(x);
    (p + F::one()) * half * rest
}

/// `eˣ − 1` for `x` below the overflow of `eˣ`, with all its digits near 0, within 2 ulp.
#[inline(always)]
pub fn exp_m1<F: Float>(x: F) -> F {
    let (p, (half, rest)) = parts(x);
    let power = half * rest;
    // Near 0 the power is 1 and p is the answer. The sign of −0 is lost in the series.
    let value = power * p + (power - F::one());
    if x == F::zero() { x } else { value }
}

#[cfg(test)]
mod tests {
    use super::{exp, exp_m1};

    /// The distance of two `f32` in units of the last place of the exact value `want`.
    fn ulp32(got: f32, want: f64) -> f64 {
        let nearest = want as f32;
        if got == nearest || (got.is_nan() && want.is_nan()) {
            return 0.0;
        }
        let unit = f64::from(nearest.next_up()) - f64::from(nearest);
        (f64::from(got) - want).abs() / unit.abs()
    }

    fn ulp64(got: f64, want: f64) -> f64 {
        if got == want || (got.is_nan() && want.is_nan()) {
            return 0.0;
        }
        (got - want).abs() / (want.next_up() - want).abs()
    }

    /// The worst of `error` over the arguments, with its place.
    fn worst<T: Copy>(xs: impl Iterator<Item = T>, error: impl Fn(T) -> f64) -> (f64, Option<T>) {
        xs.map(|x| (error(x), Some(x))).fold((0.0, None), |a, b| if a.0 >= b.0 { a } else { b })
    }

    // A prime step through the bit patterns meets every exponent and every part of the table of values.
    fn floats() -> impl Iterator<Item = f32> {
        (0..=u32::MAX).step_by(6007).map(f32::from_bits)
    }

    #[test]
    fn f32_errors() {
        let (error, at) = worst(floats(), |x| ulp32(exp(x), f64::from(x).exp()));
        assert!(error <= 1.0, "exp: {error} ulp at {at:?}");
        let below = || floats().filter(|x| *x < 80.0 || x.is_nan());
        let (error, at) = worst(below(), |x| ulp32(exp_m1(x), f64::from(x).exp_m1()));
        assert!(error <= 2.0, "exp_m1: {error} ulp at {at:?}");
    }

    // The C library's functions are themselves within 1 ulp.
    #[test]
    fn f64_errors() {
        let doubles = || {
            let dense = (-800_000..=800_000).map(|i| f64::from(i) * 9.37e-4);
            let tiny = (-320..0).flat_map(|e| [1.7, -1.1].map(|m| m * 10.0_f64.powi(e)));
            dense.chain(tiny)
        };
        let (error, at) = worst(doubles(), |x| ulp64(exp(x), x.exp()));
        assert!(error <= 2.0, "exp: {error} ulp at {at:?}");
        let below = || doubles().filter(|x| *x < 700.0);
        let (error, at) = worst(below(), |x| ulp64(exp_m1(x), x.exp_m1()));
        assert!(error <= 3.0, "exp_m1: {error} ulp at {at:?}");
    }

    #[test]
    fn edges() {
        assert_eq!(
            (exp(0.0), exp(f64::NEG_INFINITY), exp(f64::INFINITY)),
            (1.0, 0.0, f64::INFINITY)
        );
        assert_eq!(
            (exp(0.0_f32), exp(f32::NEG_INFINITY), exp(f32::MAX)),
            (1.0, 0.0, f32::INFINITY)
        );
        assert_eq!(exp(-745.0_f64), f64::from_bits(1), "the smallest number there is");
        assert!(exp(f32::NAN).is_nan() && exp_m1(f64::NAN).is_nan());
        assert_eq!(exp_m1(f64::NEG_INFINITY), -1.0);
        assert!(exp_m1(-0.0_f32).is_sign_negative());
    }
}
