//! A bound on the rounding error of one difference quotient.

use crate::numeric::sum::{Sum, weighted_difference};

/// `κ`, the safety factor on the unit roundoff: with 2, the error bar covers the truth in all but
/// 70 of 10⁶ elements of the standard set, with no false alarm. 4 covered all but 16, but left
/// kinks at a distance of 1e-7 undecided.
const KAPPA: f64 = 2.0;

/// A bound `n(h)` on the rounding error of the central quotient
/// `(φ(x + h) − φ(x − h)) / 2h`, where `φ = Σ_j v_j y_j`:
///
/// ```text
/// n(h) = max(κ u S(h), 3σ, q) / 2h
/// S(h) = Σ_j |v_j| [max(|y_j⁺| + |y_j⁻|, Y_j/16) + |x| |y_j⁺ − y_j⁻| / 2h]
/// ```
///
/// | symbol | meaning |
/// |---|---|
/// | `y_j⁺`, `y_j⁻` | output `j` at `x + h` and at `x − h` |
/// | `v_j` | its weight, the cotangent |
/// | `u` | the unit roundoff: 2⁻⁵³ for `f64`, 2⁻²⁴ for `f32` |
/// | `κ` | 2, a safety factor |
/// | `Y_j` | the largest magnitude of output `j` at `x` and at two points far from it |
/// | `σ` | the standard deviation of `φ`'s noise, measured |
/// | `q` | the smallest step between values of `φ`, measured; 0 where it is not visible |
///
/// `κ u (|y_j⁺| + |y_j⁻|)` is what a backward stable evaluation of the two outputs commits, and
/// `u |x|` times the slope what rounding the argument does. `Y_j` stands for intermediate values
/// that are large and cancel near `x`: where they do not cancel, the output shows their size.
///
/// `σ` comes from the table of differences of 7 equidistant values `φ_0 … φ_6`. For noise that is
/// independent from point to point, `E[(Δᵏφ)²] = (2k)!/(k!)² σ²`, while the differences of order
/// `k` of the smooth part vanish with the spacing; so, over orders 3 to 6,
///
/// ```text
/// σ² = max_k (k!)²/(2k)! · mean_i (Δᵏφ_i)²
/// ```
///
/// J. J. Moré and S. M. Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33 (2011),
/// 1292–1314, the difference table (their Table 3.1), <https://doi.org/10.1137/100786125>, after
/// R. W. Hamming, "Introduction to Applied Numerical Analysis" (1971).
///
/// Where the 7 values are all equal, the spacing grows by factors of 64 until they are not, and
/// `q` is the smallest difference of neighbors that is not 0.
#[derive(Debug, Clone)]
pub(crate) struct Noise {
    /// `u`
    unit: f64,
    /// `Y_j / 16`
    size: Vec<f64>,
    /// `max(3σ, q)`
    floor: f64,
    /// Outputs that can depend on the element; all of them while unknown.
    depends: Option<Vec<bool>>,
}

impl Noise {
    /// Noise of a function about which only its value at the point is known: `σ = q = 0`.
    pub(crate) fn of_value(y: &[f64], unit: f64) -> Self {
        let size = y.iter().map(|y| y.abs() / 16.0).collect();
        Self { unit, size, floor: 0.0, depends: None }
    }

    /// Measures `Y_j`, `σ` and `q` along a line through the point, in eight evaluations, or more
    /// where the spacing has to grow.
    ///
    /// `at(s)` are the outputs at distance `s` in units of the neighborhood's width, `y` those at
    /// 0, and `x_size` is the largest argument's magnitude.
    pub(crate) fn measure(
        y: &[f64],
        weights: &[f64],
        unit: f64,
        x_size: f64,
        at: &mut dyn FnMut(f64) -> Vec<f64>,
    ) -> Self {
        let mut noise = Self::of_value(y, unit);
        noise.grow_to(&at(1.0));
        noise.grow_to(&at(-1.0));
        let narrowest = 512.0 * unit;
        let mut spacing = narrowest;
        while spacing < 0.01 {
            let samples = Samples::take(y, weights, spacing, at);
            noise.grow_where_unmoved(&samples.unmoved, x_size);
            if let Some(step) = samples.smallest_step() {
                // Only after the spacing grew is every step at least a quantum of the value.
                let quantum = if spacing <= narrowest { 0.0 } else { step };
                noise.floor = quantum.max(3.0 * deviation(samples.values.to_vec()));
                break;
            }
            spacing *= 64.0;
        }
        noise
    }

    /// `Y_j ← max(Y_j, |y_j|)` with the outputs at one more point.
    fn grow_to(&mut self, outputs: &[f64]) {
        for (size, y) in self.size.iter_mut().zip(outputs) {
            if y.is_finite() {
                *size = size.max(y.abs() / 16.0);
            }
        }
    }

    /// A small output that shows nothing of a move of its arguments may be what is left of
    /// intermediate values as large as they are: `ln Σ_k exp(x_k) − x_i` at a saturated point.
    fn grow_where_unmoved(&mut self, unmoved: &[bool], x_size: f64) {
        for (size, _) in self.size.iter_mut().zip(unmoved).filter(|(_, unmoved)| **unmoved) {
            if *size < x_size / 1024.0 {
                *size = x_size;
            }
        }
    }

    /// Leaves out of `S(h)` the outputs that are known not to depend on the element.
    pub(crate) fn restrict(&mut self, depends: Vec<bool>) {
        self.depends = Some(depends);
    }

    /// `n(h)` for a difference over the distance `width = 2h`; `x_size` is `|x|`.
    pub(crate) fn of_quotient(
        &self,
        plus: &[f64],
        minus: &[f64],
        weights: &[f64],
        x_size: f64,
        width: f64,
    ) -> f64 {
        let mut sum = 0.0; // S(h)
        for (j, ((p, m), v)) in plus.iter().zip(minus).zip(weights).enumerate() {
            // An output that is bitwise the same still has its noise, unless it cannot depend on
            // the element: a saturated softmax would otherwise give a derivative of 0 ± 0.
            if p == m && self.depends.as_ref().is_some_and(|depends| !depends[j]) {
                continue;
            }
            let value = (p.abs() + m.abs()).max(self.size[j]);
            sum += v.abs() * (value + x_size * (p - m).abs() / width);
        }
        (KAPPA * self.unit * sum).max(self.floor) / width
    }
}

/// `φ` at 7 equidistant points, relative to the first, and the outputs equal at all of them.
struct Samples {
    values: [f64; 7],
    unmoved: Vec<bool>,
}

impl Samples {
    fn take(y: &[f64], weights: &[f64], spacing: f64, at: &mut dyn FnMut(f64) -> Vec<f64>) -> Self {
        let mut samples = Self { values: [0.0; 7], unmoved: vec![true; y.len()] };
        for (k, value) in samples.values.iter_mut().enumerate().skip(1) {
            let outputs = at(spacing * k as f64);
            let pairs = outputs.iter().zip(y);
            samples.unmoved.iter_mut().zip(pairs).for_each(|(same, (a, b))| *same &= a == b);
            *value = weighted_difference(&outputs, y, weights);
        }
        samples
    }

    /// The smallest difference of neighbors that is not 0.
    fn smallest_step(&self) -> Option<f64> {
        let steps = self.values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let steps = steps.filter(|step| *step > 0.0 && step.is_finite());
        Some(steps.fold(f64::INFINITY, f64::min)).filter(|step| step.is_finite())
    }
}

/// `σ = max_k √((k!)²/(2k)! · mean_i (Δᵏφ_i)²)` over orders 3 to 6; 0 where it is not finite.
fn deviation(mut differences: Vec<f64>) -> f64 {
    let mut factor: f64 = 1.0; // (k!)² / (2k)!
    let mut sigma: f64 = 0.0;
    for k in 1..=6 {
        let order = f64::from(k);
        factor *= order * order / ((2.0 * order) * (2.0 * order - 1.0));
        // Δᵏφ_i = Δᵏ⁻¹φ_{i+1} − Δᵏ⁻¹φ_i
        differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if k >= 3 {
            let mut squares = Sum::default();
            differences.iter().for_each(|d| squares.add(d * d));
            sigma = sigma.max((factor * squares.value() / differences.len() as f64).sqrt());
        }
    }
    if sigma.is_finite() { sigma } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::rng::Rng;

    #[test]
    fn the_deviation_is_that_of_noise_and_not_of_a_polynomial() {
        let cubic: Vec<f64> = (0..7).map(|k| f64::from(k * k)).collect();
        assert_eq!(deviation(cubic), 0.0);
        let mut rng = Rng::new(3);
        let mean = (0..200).map(|_| deviation((0..7).map(|_| rng.normal()).collect())).sum::<f64>()
            / 200.0;
        assert!((0.7..2.0).contains(&mean), "{mean}");
    }

    #[test]
    fn a_large_intermediate_shows_in_the_floor() {
        let f = |t: f64| vec![(1e6 + t * t + t) - 1e6];
        let noise = Noise::measure(&f(0.3), &[1.0], f64::EPSILON / 2.0, 1.0, &mut |t| f(0.3 + t));
        assert!(noise.floor > 1e-11, "{noise:?}");
    }

    #[test]
    fn independent_outputs_add_nothing_once_known() {
        let mut noise = Noise::of_value(&[1.0, 1e9], f64::EPSILON / 2.0);
        let before = noise.of_quotient(&[1.1, 1e9], &[0.9, 1e9], &[1.0, 1.0], 1.0, 0.2);
        noise.restrict(vec![true, false]);
        let after = noise.of_quotient(&[1.1, 1e9], &[0.9, 1e9], &[1.0, 1.0], 1.0, 0.2);
        assert!(before > 1e-7 && after < 1e-14, "{before} {after}");
    }
}
