//! Sets of `f64` values whose normalization leaves the type on the way to a result that does not.
//!
//! The loops of the normalizations compute in the plain order, and say afterwards whether a sum or
//! a factor has overflowed or vanished on the way. Such a set is computed again here: the same
//! formulas, value by value, with powers of two taken out, which changes no digit. Values of type
//! `f32` never come here: their products, computed in `f64`, have room.

use tensor_core::sums::Sum;

/// Half a rounding of the largest number: a difference to numbers below it does not overflow.
const LARGE: f64 = f64::MAX * f64::EPSILON / 8.0;

/// A power of two, `2⁻¹²⁸`: sums and differences of numbers times it do not overflow.
pub(crate) const SMALL: f64 = 1.0 / (1_u128 << 127) as f64 / 2.0;

/// How a set is normalized: `NZ[i] = (s x[i] − μ) r`, with `μ` and `r` those of `s x`, as
/// [`Moments`](tensor_core::sums::Moments) gives them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standard {
    /// `μ`, and what its rounding has lost.
    pub(crate) mean: [f64; 2],
    /// `1/√(σ² + s² ε)`.
    pub(crate) inverse: f64,
    /// `s`.
    pub(crate) scale: f64,
}

impl Standard {
    /// Whether the plain loops are right for a set with this factor `γ`: `r γ` is a number.
    #[inline(always)]
    pub(crate) fn is_plain(&self, gamma: f64) -> bool {
        let has_product = (self.inverse * gamma).is_normal() || gamma == 0.0;
        self.scale == 1.0 && self.mean[0].abs() <= LARGE && has_product
    }

    /// The exponent of the unit in which [`deviation`](Self::deviation) is given: a quarter of a
    /// difference of any two numbers is one.
    fn unit(&self) -> i32 {
        if self.mean[0].abs() <= LARGE { 0 } else { 2 }
    }

    /// `s x − μ` in units of `2^unit`.
    fn deviation(&self, x: f64) -> f64 {
        let unit = if self.unit() == 0 { 1.0 } else { 0.25 };
        let [mean, low] = self.mean.map(|part| part * unit);
        (x * self.scale * unit - mean) - low
    }

    /// `γ NZ` of one value after the other.
    pub(crate) fn times(self, gamma: f64) -> impl Fn(f64) -> f64 {
        let [first, second] = halves([self.inverse, gamma], self.unit());
        move |x| self.deviation(x) * first * second
    }
}

/// Whether sums of a backward pass may have left the type on the way.
#[inline(always)]
pub(crate) fn are_extreme(sums: [f64; 2]) -> bool {
    let [a, b] = sums.map(f64::abs);
    let largest = if a > b { a } else { b };
    !(largest > 1e-250 && a < 1e290 && b < 1e290)
}

/// A set with its gradients.
pub(crate) struct Set<'a> {
    /// How many values it has.
    pub(crate) n: usize,
    /// `x[i]`.
    pub(crate) x: &'a dyn Fn(usize) -> f64,
    /// `dLdBZ[i]`.
    pub(crate) dy: &'a dyn Fn(usize) -> f64,
    /// `γ` of value `i`.
    pub(crate) gamma: &'a dyn Fn(usize) -> f64,
    /// How it is normalized.
    pub(crate) standard: Standard,
}

/// Which of the three ways from a value to the loss there are: through its own normalized value
/// always.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ways {
    /// Through the mean of the set.
    pub(crate) mean: bool,
    /// Through its variance.
    pub(crate) variance: bool,
}

impl Set<'_> {
    /// Hands `dLdZ[i]` of each value to `write`, and returns `Σ_i dLdBZ[i]` and
    /// `Σ_i dLdBZ[i] NZ[i]`.
    ///
    /// ```text
    /// dLdNZ[i] = dLdBZ[i] γ[i]
    /// dLdZ[i]  = r (dLdNZ[i] − 1/n Σ_k dLdNZ[k] − NZ[i] 1/n Σ_k dLdNZ[k] NZ[k])
    /// ```
    #[cold]
    pub(crate) fn backward(&self, ways: Ways, write: &mut dyn FnMut(usize, f64)) -> [f64; 2] {
        let (n, standard) = (self.n, self.standard);
        // dLdBZ and γ with 1 for the exponent of the largest.
        let [k_dy, k_gamma] = [self.dy, self.gamma].map(|values| largest_exponent(n, values));
        let dy = |i: usize| times_power((self.dy)(i), -k_dy);
        let d_nz = |i: usize| dy(i) * times_power((self.gamma)(i), -k_gamma);
        // NZ[i] = dev(i) 2ᵏ r
        let deviation = |i: usize| standard.deviation((self.x)(i));
        let k = largest_exponent(n, &deviation);
        let dev = |i: usize| times_power(deviation(i), -k);
        let k = k + standard.unit();
        let r = times_power(standard.inverse, k);
        let sum = |term: &dyn Fn(usize) -> f64| {
            (0..n).fold(Sum::<f64>::default(), |sum, i| sum.plus(term(i))).value()
        };
        let part = |way: bool, term: &dyn Fn(usize) -> f64| {
            if way { sum(term) / n as f64 } else { 0.0 }
        };
        let mean = part(ways.mean, &d_nz);
        let slope = part(ways.variance, &|i| d_nz(i) * dev(i)) * r;
        let [first, second] =
            halves([standard.inverse, standard.scale], k_dy.saturating_add(k_gamma));
        for i in 0..n {
            // Without a way a NaN of `x` does not reach `dLdZ`.
            let through_variance = if ways.variance { dev(i) * r * slope } else { 0.0 };
            write(i, ((d_nz(i) - mean) - through_variance) * first * second);
        }
        let [r_first, r_second] = halves([standard.inverse, 1.0], k_dy.saturating_add(k));
        let d_gamma = sum(&|i| dy(i) * dev(i)) * r_first * r_second;
        [times_power(sum(&dy), k_dy), d_gamma]
    }
}

/// The exponent of the largest of `n` values in size; 0 if it is 0 or not finite.
fn largest_exponent(n: usize, values: &dyn Fn(usize) -> f64) -> i32 {
    let largest = (0..n).map(|i| values(i).abs()).fold(0.0, f64::max);
    exponent(largest)
}

/// `⌊log₂ |v|⌋`, of a subnormal number that of the smallest normal one; 0 if it is 0 or not finite.
fn exponent(v: f64) -> i32 {
    if v == 0.0 || !v.is_finite() {
        return 0;
    }
    ((v.to_bits() >> 52 & 0x7ff) as i32).max(1) - 1023
}

/// `v·2ᵏ`, for any `k`.
fn times_power(v: f64, k: i32) -> f64 {
    let [first, second] = powers(k);
    v * first * second
}

/// `2ᵏ` in two factors of one sign of the exponent. What is beyond `±2000` is so in every product.
fn powers(k: i32) -> [f64; 2] {
    let k = k.clamp(-2000, 2000);
    [k / 2, k - k / 2].map(|k| f64::from_bits(((k + 1023) as u64) << 52))
}

/// `a b 2ᵏ` in two factors, either both at least about 1 or both at most: a product with them
/// leaves the type on the way only if it does so at the end.
fn halves([a, b]: [f64; 2], k: i32) -> [f64; 2] {
    let (k_a, k_b) = (exponent(a), exponent(b));
    let mantissas = times_power(a, -k_a) * times_power(b, -k_b);
    let [first, second] = powers(k.saturating_add(k_a + k_b));
    [mantissas * first, second]
}

#[cfg(test)]
mod tests {
    use super::{Set, Standard, Ways, halves, powers, times_power};

    #[test]
    fn powers_of_two_are_taken_out_and_put_back() {
        assert_eq!(powers(-3), [0.5, 0.25]);
        assert_eq!(times_power(3.0, -1075), 5e-324 * 2.0); // 1.5·2⁻¹⁰⁷⁴ ties to even
        assert_eq!(times_power(5e-324, 2000), 5e-324 * 2.0_f64.powi(1000) * 2.0_f64.powi(1000));
        let [first, second] = halves([3.0e-300, 5e-200], 1600);
        // 1.5e-499·2¹⁶⁰⁰ = 1.5e-499·4.4462e481
        assert!((first * second / 6.669_2e-18 - 1.0).abs() < 1e-4, "{}", first * second);
    }

    // x = ∓1 with ε = 3: r = ½, NZ = ∓½. γ = 1e200, dLdBZ = (1, 3)·1e200: dLdNZ = (1, 3)·1e400,
    // means 2e400 and ½(−½ + 3/2)·1e400 = ½·1e400, so dLdZ = ½(1 − 2 + ¼, 3 − 2 − ¼)·1e400. With
    // x = ∓1e155 and ε = 0: r = 1e-155, NZ = ∓1 and the means 2e400 and 1e400: dLdZ = 0.
    #[test]
    fn by_hand_beyond_the_type() {
        let standard = Standard { mean: [0.0; 2], inverse: 0.5, scale: 1.0 };
        let set = Set {
            n: 2,
            x: &|i| [-1.0, 1.0][i],
            dy: &|i| [1e200, 3e200][i],
            gamma: &|_| 1e-250,
            standard,
        };
        let mut dx = [0.0; 2];
        let ways = Ways { mean: true, variance: true };
        let sums = set.backward(ways, &mut |i, d| dx[i] = d);
        for (found, want) in dx.into_iter().chain(sums).zip([-0.375e-50, 0.375e-50, 4e200, 1e200]) {
            assert!((found / want - 1.0_f64).abs() < 1e-14, "{found:e}, expected {want:e}");
        }
    }
}
