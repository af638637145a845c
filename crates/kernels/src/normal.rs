//! The normal distribution: [`cdf`] `Φ(z)`, the probability that a normal number is at most `z`,
//! and its [`density`] `φ(z)`, without branches and calls, so that loops over them run in vectors.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use crate::Float;
use crate::exponential::{exp, polynomial};

/// `φ(0) = 1/√(2π)`.
const DENSITY_AT_0: f64 = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;

/// What `FRAC_1_SQRT_2` lacks of `1/√2`.
const FRAC_1_SQRT_2_LOW: f64 = -4.833646656726457e-17;

/// Where `u` is 0.
const MIDDLE: f64 = 5.5;

/// `Φ` is 0 below, even in `f64`.
const FAR: f64 = 40.0;

/// The coefficients of `(a + 5.5) R(a)` as a polynomial in `u`, that of the highest power first.
const SERIES: &[f64] = &[
    1.054_337_305_622_294_7e-6,
    -1.121_050_903_820_795_9e-7,
    -1.161_185_079_560_449_3e-5,
    1.689_800_489_267_753_8e-5,
    7.107_039_765_888_582e-5,
    -3.248_534_274_037_206e-4,
    2.697_464_268_014_520_5e-4,
    2.443_090_013_586_736_5e-3,
    -1.392_354_605_577_780_4e-2,
    4.509_756_177_637_586e-2,
    -1.097_030_850_170_807e-1,
    2.178_724_345_051_401_6e-1,
    -3.670_490_656_155_132_6e-1,
    5.355_964_890_094_327e-1,
    -6.851_834_205_680_439e-1,
    7.737_696_342_766_736e-1,
];

/// The normal distribution function `Φ(z) = ½ erfc(−z/√2)`, the integral of [`density`] up to `z`,
/// for a result of type `F`.
///
/// The lower tail keeps its digits: with `a = |z|`,
///
/// ```text
/// Φ(−a) = e^(−a²/2) R(a),   Φ(a) = 1 − Φ(−a)
/// ```
///
/// `R` falls slowly, from ½ at 0 to `φ(0)/a` far out. So `(a + 5.5) R(a)` is nearly constant, and a
/// function of `u = (a − 5.5)/(a + 5.5)` that a polynomial of 16 terms gives for `a` up to 40,
/// beyond which `Φ(−a)` is 0 even in `f64`. They agree at the zeros of a Chebyshev polynomial,
/// which leaves an error of 2⁻⁴⁰. (The variable `u` is that of Shepherd and Laframboise, *Chebyshev
/// Approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞*, Mathematics of Computation 36, 1981,
/// <https://doi.org/10.1090/S0025-5718-1981-0595058-X>.)
///
/// All of it in `f64`: with the exponential's 2⁻³⁷ a result rounded to `f32` is within 0.5002 units
/// in the last place. For results of type `f64` it is the error function of `libm`, corrected for
/// what `z/√2` has lost by rounding, which far below 0 would be a thousand units: within 4.
///
/// # Examples
/// ```
/// use kernels::normal::cdf;
///
/// assert_eq!([cdf::<f32>(f64::NEG_INFINITY), cdf::<f32>(40.0)], [0.0, 1.0]);
/// assert_eq!(cdf::<f32>(0.0) as f32, 0.5);
/// ```
#[inline(always)]
pub fn cdf<F: Float>(z: f64) -> f64 {
    if F::NARROW { cdf_and_density::<F>(z).0 } else { wide_cdf(z) }
}

/// The density of the normal distribution `φ(z) = e^(−z²/2)/√(2π)`, the derivative of [`cdf`], for
/// a result of type `F`. As accurate as [`cdf`]: in `f64` the exponential is corrected for what
/// `z²` has lost by rounding.
///
/// # Examples
/// ```
/// use kernels::normal::density;
///
/// assert_eq!(density::<f32>(0.0) as f32, 0.398_942_3); // 1/√(2π)
/// assert_eq!(density::<f64>(f64::INFINITY), 0.0);
/// ```
#[inline(always)]
pub fn density<F: Float>(z: f64) -> f64 {
    if F::NARROW { DENSITY_AT_0 * exp::<F>(-0.5 * z * z) } else { wide_density(z) }
}

/// [`cdf`] for results of type `f64`.
#[inline(always)]
fn wide_cdf(z: f64) -> f64 {
    let x = z * FRAC_1_SQRT_2;
    // Below 0, a/√2 = rest − x to a hundred bits. Above, the slope is less than Φ.
    let a = if z < 0.0 { -z } else { 0.0 };
    let a = if a > FAR { FAR } else { a };
    let rest = a.mul_add(FRAC_1_SQRT_2, -(a * FRAC_1_SQRT_2)) + a * FRAC_1_SQRT_2_LOW;
    // The slope of −ln Φ(−a), φ(a)/Φ(−a): less than its bound (3a + √(a² + 8))/4, for an a of 1 by
    // 2 %, farther out by less and less (Sampford, Annals of Mathematical Statistics 24, 1953).
    let slope = 0.25 * (3.0 * a + (a * a + 8.0).sqrt());
    0.5 * <f64 as Float>::erfc(-x) * (1.0 - SQRT_2 * slope * rest)
}

/// [`density`] for results of type `f64`.
#[inline(always)]
fn wide_density(z: f64) -> f64 {
    // Comparisons and not `clamp`, so that all but NaN is a number whose square is one.
    let z = if z > FAR { FAR } else { z };
    let z = if z < -FAR { -FAR } else { z };
    // z² = square + lost, exactly
    let square = z * z;
    let lost = z.mul_add(z, -square);
    DENSITY_AT_0 * exp::<f64>(-0.5 * square) * (1.0 - 0.5 * lost)
}

/// `Φ(z)` and `φ(z)`: [`cdf`] and [`density`] from one exponential, as GELU's derivative needs
/// them.
///
/// # Examples
/// ```
/// use kernels::normal::cdf_and_density;
///
/// let (cdf, density) = cdf_and_density::<f32>(0.0);
/// assert_eq!([cdf as f32, density as f32], [0.5, 0.398_942_3]);
/// ```
#[inline(always)]
pub fn cdf_and_density<F: Float>(z: f64) -> (f64, f64) {
    if !F::NARROW {
        return (wide_cdf(z), wide_density(z));
    }
    let a = z.abs();
    // A comparison and not `min`, which would turn NaN into the bound.
    let a = if a > FAR { FAR } else { a };
    let e = exp::<F>(-0.5 * a * a);
    let scale = 1.0 / (a + MIDDLE);
    let tail = e * (scale * polynomial(SERIES, (a - MIDDLE) * scale));
    (if z > 0.0 { 1.0 - tail } else { tail }, DENSITY_AT_0 * e)
}

#[cfg(test)]
mod tests {
    use super::{FAR, cdf, cdf_and_density, density};
    use crate::Float;
    use crate::ulps::{floats, ulp32, worst};

    /// By libm's error function, whose error does not show in f32.
    fn exact(z: f64) -> f64 {
        0.5 * <f64 as Float>::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
    }

    #[test]
    fn f32_errors() {
        let check = |at: &mut dyn Iterator<Item = f32>| {
            let (error, at) = worst(at, |z| ulp32(cdf::<f32>(z.into()), exact(z.into())));
            assert!(error <= 0.5002, "{error} ulp at {at:?}");
        };
        check(&mut floats());
        check(&mut (0..=200_000).map(|i| (i - 150_000) as f32 * 1e-4));
    }

    // Before it is rounded: the series' 2⁻⁴⁰ and the exponential's 2⁻³⁷.
    #[test]
    fn the_lower_tail_keeps_its_digits() {
        for z in (0..=37_000).map(|i| f64::from(i) * -1e-3) {
            let error = (cdf::<f32>(z) / exact(z) - 1.0).abs();
            assert!(error <= 2.0_f64.powi(-36), "{error:e} at {z}");
        }
    }

    // Near 0 nothing is lost by rounding z/√2. Farther out: the test `functions` of the oracle.
    #[test]
    fn f64_is_libms() {
        for z in (-100..=100).map(|i| f64::from(i) / 100.0) {
            let error = (cdf::<f64>(z) / exact(z) - 1.0).abs();
            assert!(error <= 4.0 * f64::EPSILON, "{z}: {error:e}");
        }
    }

    #[test]
    fn far_out() {
        for z in [FAR, 1e10, f64::INFINITY] {
            assert_eq!([cdf::<f32>(z), cdf::<f32>(-z)], [1.0, 0.0]);
            assert_eq!([cdf::<f64>(z), cdf::<f64>(-z)], [1.0, 0.0]);
            assert_eq!([density::<f32>(z), density::<f64>(-z)], [0.0, 0.0]);
        }
        assert!(cdf::<f32>(f64::NAN).is_nan() && density::<f32>(f64::NAN).is_nan());
    }

    // φ is the slope of Φ, here by a central difference: its error is h²/6·|φ″| ≤ 7e-10 and what
    // rounding leaves.
    #[test]
    fn the_density_is_the_slope() {
        let h = 1e-4;
        for z in (-40..=40).map(|i| f64::from(i) / 10.0) {
            let slope = (cdf::<f64>(z + h) - cdf::<f64>(z - h)) / (2.0 * h);
            assert!((slope - density::<f64>(z)).abs() < 2e-9, "{z}");
            let (_, density) = cdf_and_density::<f32>(z);
            assert!((slope - density).abs() < 2e-9, "{z}");
        }
    }
}
