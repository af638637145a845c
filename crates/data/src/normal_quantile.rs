//! Quantiles of the normal distribution.

use std::f64::consts::TAU;

use tensor_core::functions::normal;

/// `Φ⁻¹(p)`: the `z` with `Φ(z) = p`, for `p` between 0 and 1; −∞ and ∞ at the ends.
///
/// A start within 4.5e-4 (Abramowitz and Stegun, *Handbook of mathematical functions*, 26.2.23),
/// then three steps of Halley's method, each of which triples the number of right digits:
///
/// ```text
/// e = (Φ(z) − p)/φ(z)        z ← z − e/(1 + z e/2)
/// ```
///
/// because `Φ''/Φ' = −z`. Above ½ by symmetry: `Φ⁻¹(p) = −Φ⁻¹(1 − p)`, where `1 − p` is exact.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 || p == 0.5 {
        return if p == 0.0 { f64::NEG_INFINITY } else { 0.0 };
    }
    if p.is_nan() || p < 0.0 {
        return f64::NAN;
    }
    let t = (-2.0 * p.ln()).sqrt();
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328);
    let denominator = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let mut z = numerator / denominator - t;
    for _ in 0..3 {
        // Φ/φ and p/φ, each divided by itself: φ alone vanishes where p is tiny.
        let density = (-0.5 * z * z).exp() / TAU.sqrt();
        let e = (normal::cdf::<f64>(z) - p) / density;
        z -= e / (1.0 + 0.5 * z * e);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::normal_quantile;
    use tensor_core::functions::normal;

    #[test]
    fn it_is_the_inverse_of_the_distribution_function() {
        // Abramowitz and Stegun, table 26.5: Q(1.95996 39845 40054) = 0.025.
        assert!((normal_quantile(0.025) + 1.959_963_984_540_054).abs() < 1e-15 * 2.0);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-14);
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(normal_quantile(f64::NAN).is_nan());
        let mut p = 0.5;
        while p > 1e-300 {
            let z = normal_quantile(p);
            // dz/z = dp/(z φ(z)) ≈ dp/p/z² in the tail: a rounding of p moves z by less than one.
            let error = (normal::cdf::<f64>(z) / p - 1.0).abs();
            assert!(error < 1e-15 * (4.0 + z * z), "Φ({z}) = {p}·(1 ± {error:e})");
            p *= 0.73;
        }
    }
}
