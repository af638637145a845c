//! Normal numbers within bounds.

use libm::{exp, log, sqrt};

use super::rng::Rng;

/// From here on a normal number above the bound `α` is `α + E/α` to the last digit of an `f64`.
const FAR: f64 = 1e8;

/// A normal number with this mean and deviation, given that it lies in `[a, b]`, which may reach to
/// infinity: exactly so distributed, since numbers are drawn and refused.
///
/// In units of the deviation, with bounds `α` and `β` around 0 or above it (Robert, *Simulation of
/// truncated normal variables*, Statistics and Computing 5, 1995,
/// <https://doi.org/10.1007/BF00143942>):
///
/// | | drawn | kept with probability |
/// |---|---|---|
/// | wide, around 0 | normal | 1 within the bounds |
/// | narrow | uniform from `α` to `β` | `e^((m² − z²)/2)`, `m` the place nearest to 0 |
/// | wide, above 0 | `α + E/λ`, `E` exponential, `λ = (α + √(α² + 4))/2` | `e^(−(z − λ)²/2)` below `β` |
pub(super) fn draw(rng: &mut Rng, [mean, std]: [f64; 2], [a, b]: [f64; 2]) -> f64 {
    let (low, high) = ((a - mean) / std, (b - mean) / std);
    if high < 0.0 {
        // Below the mean: mirrored.
        return -draw(rng, [-mean, std], [-b, -a]);
    }
    let x = if low >= FAR {
        a + std * (exponential(rng) / low)
    } else {
        mean + std * standard(rng, low, high)
    };
    x.max(a).min(b)
}

/// The same in units of the deviation, for a `β` that is not negative.
fn standard(rng: &mut Rng, low: f64, high: f64) -> f64 {
    let root = sqrt(low * low + 4.0);
    // Where one of the wide forms keeps more than the narrow one.
    let is_wide = if low <= 0.0 {
        high - low > 2.5
    } else {
        high - low > 2.0 / (low + root) * exp((low * low - low * root) / 4.0 + 0.5)
    };
    let (rate, nearest) = ((low + root) / 2.0, low.max(0.0));
    loop {
        let (z, log_kept) = match (is_wide, low <= 0.0) {
            (true, true) => (rng.normal(), 0.0),
            (true, false) => {
                let z = low + exponential(rng) / rate;
                (z, -(z - rate) * (z - rate) / 2.0)
            }
            (false, _) => {
                let z = low + (high - low) * rng.uniform();
                (z, (nearest - z) * (nearest + z) / 2.0)
            }
        };
        if low <= z && z <= high && rng.uniform() <= exp(log_kept) {
            return z;
        }
    }
}

/// Exponential with mean 1.
fn exponential(rng: &mut Rng) -> f64 {
    -log(1.0 - rng.uniform())
}

#[cfg(test)]
mod tests {
    use kernels::normal::{cdf, density};

    use super::{FAR, draw};
    use crate::Rng;

    // With Z = Φ(β) − Φ(α) the mean is d = (φ(α) − φ(β))/Z, the variance 1 + (α φ(α) − β φ(β))/Z −
    // d², in units of the deviation (Johnson, Kotz and Balakrishnan, Continuous Univariate
    // Distributions 1, section 13.10.1). Five standard deviations of each estimate.
    #[test]
    fn moments_are_those_of_the_truncated_distribution() {
        let infinite = f64::INFINITY;
        let bounds = [
            [-2.0, 2.0],
            [-1.5, 0.7],
            [-0.3, 0.4],
            [0.5, 3.0],
            [0.5, 0.6],
            [2.0, infinite],
            [8.0, 9.0],
            [-infinite, -3.0],
            [-infinite, infinite],
        ];
        for (seed, [low, high]) in bounds.into_iter().enumerate() {
            let mut rng = Rng::new(seed as u64);
            let (mean, std, n) = (3.0, 0.5, 40_000);
            let [a, b] = [low, high].map(|bound| mean + std * bound);
            let draws: Vec<f64> =
                (0..n).map(|_| (draw(&mut rng, [mean, std], [a, b]) - mean) / std).collect();
            assert!(draws.iter().all(|z| (low - 1e-12..=high + 1e-12).contains(z)));
            // The tail that is small keeps its digits.
            let mass = if low > 0.0 {
                cdf::<f64>(-low) - cdf::<f64>(-high)
            } else {
                cdf::<f64>(high) - cdf::<f64>(low)
            };
            let edge = |z: f64| if z.is_finite() { z * density::<f64>(z) } else { 0.0 };
            let center = (density::<f64>(low) - density::<f64>(high)) / mass;
            let variance = 1.0 + (edge(low) - edge(high)) / mass - center * center;
            let of = |f: &dyn Fn(f64) -> f64| draws.iter().map(|z| f(*z)).sum::<f64>() / n as f64;
            let found = of(&|z| z);
            let error = 5.0 * (variance / n as f64).sqrt();
            assert!((found - center).abs() <= error, "[{low}, {high}]: {found}, {center}");
            let found = of(&|z| (z - center) * (z - center));
            let fourth = of(&|z| (z - center).powi(4));
            let error = 5.0 * ((fourth - variance * variance) / n as f64).sqrt();
            assert!((found - variance).abs() <= error, "[{low}, {high}]: {found}, {variance}");
        }
    }

    // α + E/α: the mean beyond α is 1/α, nothing beside a far α; bounds that meet; any size.
    #[test]
    fn far_out_it_is_the_bound() {
        let mut rng = Rng::new(1);
        for (mean, std, a, b) in [
            (0.0, 1.0, 1e12, f64::INFINITY),
            (0.0, 1e-300, 1e300, f64::INFINITY),
            (5.0, 2.0, 5.5, 5.5),
            (0.0, 1.0, -f64::MAX, -1e200),
        ] {
            let x = draw(&mut rng, [mean, std], [a, b]);
            let nearest = if b < mean { b } else { a };
            assert!((x / nearest - 1.0).abs() <= 1e-12, "{x:e} in [{a:e}, {b:e}]");
        }
        let x = draw(&mut rng, [0.0, 1.0], [FAR, FAR + 1.0]);
        assert!((FAR..FAR + 1e-6).contains(&x));
    }
}
