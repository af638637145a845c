//! Sets of `f64` values whose normalization leaves the type on the way to a result that does not.
//!
//! The loops of the normalizations compute in the plain order, and say afterwards whether a sum or
//! a factor has overflowed or vanished on the way. Such a set is computed again here: the same
//! formulas, value by value, in numbers whose exponent has no end. Values of type `f32` never come
//! here: their products, computed in `f64`, have room.

use tensor_core::sums::Moments;
use tensor_core::{Float, Wide};

/// Whether a factor is so far from the ends of the type that products of two such numbers, and of
/// one with a value of the type, leave it only where the result does.
#[inline(always)]
pub(crate) fn is_ordinary(factor: f64) -> bool {
    let size = factor.abs();
    1e-100 < size && size < 1e100
}

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
    /// By these moments, and `1/√(σ² + s² ε)` of them.
    #[inline(always)]
    pub(crate) fn of<F: Float>(moments: &Moments<F>, inverse: f64) -> Self {
        let Moments { mean, mean_low, scale, .. } = *moments;
        Self { mean: [mean, mean_low], inverse, scale }
    }

    /// Whether the plain loops are right for a set with ordinary `γ` and `β`.
    #[inline(always)]
    pub(crate) fn is_ordinary(&self) -> bool {
        self.scale == 1.0 && self.mean[0].abs() < 1e100 && is_ordinary(self.inverse)
    }

    /// `NZ` of one value after the other.
    pub(crate) fn normalize(self) -> impl Fn(f64) -> Wide {
        let [mean, low] = self.mean.map(Wide::from);
        let [scale, inverse] = [self.scale, self.inverse].map(Wide::from);
        move |x| ((Wide::from(x) * scale - mean) - low) * inverse
    }

    /// `γ NZ + β` of one value after the other.
    pub(crate) fn scale_and_offset(self, [gamma, offset]: [f64; 2]) -> impl Fn(f64) -> f64 {
        let (normalize, [gamma, offset]) = (self.normalize(), [gamma, offset].map(Wide::from));
        move |x| (normalize(x) * gamma + offset).value()
    }
}

/// Whether what is made of these sums over a set may leave the type on the way, or is made of terms
/// that did: one of them has to be far from 0, because its error hides what the terms of both lost.
#[inline(always)]
pub(crate) fn are_extreme(sums: [f64; 2]) -> bool {
    let [a, b] = sums.map(f64::abs);
    let largest = if a > b { a } else { b };
    !(largest > 1e-200 && a < 1e150 && b < 1e150)
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
    /// Whether all gradients are 0 because all `dLdBZ[i]` are, as behind a unit that a ReLU never
    /// lets through: so many sets are, and sums of 0 come here, that they are told apart first.
    fn is_without_gradient(&self) -> bool {
        let is_zero = |i: usize| {
            let factors = [(self.x)(i), (self.gamma)(i)];
            (self.dy)(i) == 0.0 && factors.iter().all(|factor| factor.is_finite())
        };
        self.standard.inverse.is_finite() && (0..self.n).all(is_zero)
    }

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
        if self.is_without_gradient() {
            (0..n).for_each(|i| write(i, 0.0));
            return [0.0; 2];
        }
        let dy = |i: usize| Wide::from((self.dy)(i));
        let d_nz = |i: usize| dy(i) * Wide::from((self.gamma)(i));
        let normalize = standard.normalize();
        let nz = |i: usize| normalize((self.x)(i));
        let inverse = Wide::from(standard.inverse) * Wide::from(standard.scale);
        let mean =
            if ways.mean { Wide::sum_of(n, d_nz) / Wide::from(n as f64) } else { Wide::ZERO };
        let slope = match ways.variance {
            true => Wide::sum_of(n, |i| d_nz(i) * nz(i)) / Wide::from(n as f64),
            false => Wide::ZERO,
        };
        for i in 0..n {
            // Without a way a NaN of `x` does not reach `dLdZ`.
            let through_variance = if ways.variance { nz(i) * slope } else { Wide::ZERO };
            write(i, (((d_nz(i) - mean) - through_variance) * inverse).value());
        }
        [Wide::sum_of(n, dy), Wide::sum_of(n, |i| dy(i) * nz(i))].map(Wide::value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Set, Standard, Ways};

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
