//! Numbers of twice the digits: what rounding takes from a sum or a product, kept beside it.
//!
//! The statistics of a column are computed once and used for all of its values, so that what they lose all values lose. A
//! [`Pair`] is the sum of two numbers of which the second is what the first has no room for; it costs a handful of
//! operations where a wider type would be one, and stays in the type (Dekker, Numerische Mathematik 18, 1971,
//! <https://doi.org/10.1007/BF01397083>; Muller et al., *Handbook of Floating-Point Arithmetic*, section 4.3).
//!
//! ```
//! use tensor_core::pair::Pair;
//!
//! let third = Pair::from(1.0_f32).over(3.0);
//! assert_eq!(third.value, 1.0 / 3.0);
//! let exact = f64::from(third.value) + f64::from(third.rest);
//! assert!((exact - 1.0 / 3.0).abs() < 1e-15);
//! ```

use crate::Float;

/// `value + rest`, where the rest is at most a few units of the value's last place.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pair<F> {
    /// The number, nearly.
    pub value: F,
    /// What rounding took; 0 or NaN beside a value that is not finite.
    pub rest: F,
}

impl<F: Float> From<F> for Pair<F> {
    #[inline(always)]
    fn from(value: F) -> Self {
        Self { value, rest: F::zero() }
    }
}

impl<F: Float> Pair<F> {
    /// The constant `x` with more digits than one `F` holds.
    #[inline(always)]
    pub fn of(x: f64) -> Self {
        let value = F::of(x);
        Self { value, rest: F::of(x - value.as_f64()) }
    }

    /// `a + b`, exactly, whichever is larger (Knuth).
    #[inline(always)]
    pub fn sum(a: F, b: F) -> Self {
        let value = a + b;
        let part = value - a;
        Self { value, rest: (a - (value - part)) + (b - part) }
    }

    /// `a − b`, exactly.
    #[inline(always)]
    pub fn difference(a: F, b: F) -> Self {
        let value = a - b;
        let part = value - a;
        Self { value, rest: (a - (value - part)) - (b + part) }
    }

    /// `a·b`, exactly, unless the rest is too small for the type.
    #[inline(always)]
    pub fn product(a: F, b: F) -> Self {
        let value = a * b;
        Self { value, rest: a.mul_add(b, -value) }
    }

    /// `self + other`.
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        let sum = Self::sum(self.value, other.value);
        let rest = sum.rest + (self.rest + other.rest);
        // An infinity has no rest, and must not become NaN for it.
        if rest.is_nan() { Self::from(sum.value) } else { Self::sum(sum.value, rest) }
    }

    /// `self·b`.
    #[inline(always)]
    pub fn times(self, b: F) -> Self {
        let product = Self::product(self.value, b);
        Self { rest: self.rest.mul_add(b, product.rest), ..product }
    }

    /// `self/b`.
    #[inline(always)]
    pub fn over(self, b: F) -> Self {
        let value = self.value / b;
        // What the quotient misses of the numerator, exactly.
        let remainder = (-value).mul_add(b, self.value);
        Self { value, rest: (remainder + self.rest) / b }
    }

    /// `1/√self`.
    #[inline(always)]
    pub fn inverse_root(self) -> Self {
        let root = F::one() / self.value.sqrt();
        // One step of Newton: r + r·(1 − a·r²)/2.
        let product = Self::product(self.value, root);
        let square = product.value.mul_add(root, -F::one());
        let beyond = square + (product.rest + self.rest * root) * root;
        Self { value: root, rest: -F::of(0.5) * root * beyond }
    }

    /// A result that was computed with `factor.value` as a factor, as if with the whole factor.
    #[inline(always)]
    #[must_use]
    pub fn refined_by(self, factor: Self) -> Self {
        Self { rest: self.rest + self.value * (factor.rest / factor.value), ..self }
    }

    /// The nearest `F`; infinities stay what they are.
    #[inline(always)]
    pub fn rounded(self) -> F {
        let sum = self.value + self.rest;
        // Beyond the largest number there is no rest: ∞ − ∞ would turn it into NaN.
        if sum.is_nan() { self.value } else { sum }
    }
}

#[cfg(test)]
mod tests {
    use super::Pair;
    use crate::Rng;

    fn exact(pair: Pair<f32>) -> f64 {
        f64::from(pair.value) + f64::from(pair.rest)
    }

    // In f64 the sum and the product of two f32 near 1 are exact: nothing may be lost at all.
    #[test]
    fn nothing_is_lost() {
        let mut rng = Rng::new(1);
        for _ in 0..1000 {
            let (a, b) = (rng.normal() as f32, (100.0 * rng.normal()) as f32);
            let (x, y) = (f64::from(a), f64::from(b));
            assert_eq!(exact(Pair::sum(a, b)), x + y);
            assert_eq!(exact(Pair::difference(a, b)), x - y);
            assert_eq!(exact(Pair::product(a, b)), x * y);
        }
    }

    // u² of f32 is 3.6e-15. Rests are a few u and each operation rounds them a few times: 4u². The root that Newton's step
    // starts from is within 2u, of which the step leaves 3/2 of the square, 6u², and rounds its correction: 8u².
    #[test]
    fn twice_the_digits() {
        let mut rng = Rng::new(2);
        let within =
            |n: f64, found: Pair<f32>, want: f64| (exact(found) / want - 1.0).abs() <= n * 3.6e-15;
        for _ in 0..1000 {
            let wide = 0.5 + rng.normal().abs();
            let (pair, b) = (Pair::<f32>::of(wide), 0.5 + rng.normal().abs() as f32);
            let (x, y) = (exact(pair), f64::from(b));
            assert!(within(4.0, pair, wide));
            assert!(within(4.0, pair.plus(Pair::from(b)), x + y));
            assert!(within(4.0, pair.times(b), x * y));
            assert!(within(4.0, pair.over(b), x / y));
            assert!(within(4.0, Pair::product(pair.value, b).refined_by(pair), x * y));
            assert!(within(8.0, pair.inverse_root(), 1.0 / x.sqrt()));
        }
    }

    #[test]
    fn infinities_stay() {
        assert_eq!(Pair::product(f32::MAX, 2.0).rounded(), f32::INFINITY);
        assert_eq!(Pair::from(f32::INFINITY).inverse_root().rounded(), 0.0);
        assert_eq!(Pair::from(f64::INFINITY).times(2.0).rounded(), f64::INFINITY);
        assert_eq!(
            Pair::from(f64::INFINITY).over(2.0).plus(Pair::from(1.0)).rounded(),
            f64::INFINITY
        );
        assert!(Pair::from(f64::NAN).inverse_root().rounded().is_nan());
    }
}
