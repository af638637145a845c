//! Running sums that lose nothing.

use std::marker::PhantomData;

use kernels::Float;

/// A running sum in `f64` whose error does not show in a result of type `F`.
///
/// For results of type `f32` this is a plain sum: its error is `n·2⁻⁵³ Σ|xᵢ|`. For those of type `f64` it is compensated: what
/// rounding takes from each addition is kept aside and added at the end, so that the error is `u·|Σxᵢ|` and a term in `n²u²`
/// (Ogita, Rump and Oishi, SIAM Journal on Scientific Computing 26(6), 2005, <https://doi.org/10.1137/030601818>,
/// algorithm 4.4).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum<F> {
    sum: f64,
    lost: f64,
    of: PhantomData<F>,
}

impl<F: Float> Sum<F> {
    #[inline(always)]
    pub(crate) fn from_parts(sum: f64, lost: f64) -> Self {
        Self { sum, lost, of: PhantomData }
    }

    /// What was added up, and what it lost.
    #[inline(always)]
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.sum, self.lost)
    }

    /// Adds one term.
    #[inline(always)]
    pub fn add(&mut self, x: F) {
        *self = self.plus(x.as_f64());
    }

    /// The sum with one term more.
    #[inline(always)]
    #[must_use]
    pub fn plus(self, x: f64) -> Self {
        let (sum, took) = two_sum(self.sum, x);
        Self::from_parts(sum, if F::NARROW { 0.0 } else { self.lost + took })
    }

    /// The sum with `a − b` more, and with what that difference loses.
    #[inline(always)]
    #[must_use]
    pub fn plus_difference(self, a: f64, b: f64) -> Self {
        let (difference, took) = two_sum(a, -b);
        let sum = self.plus(difference);
        Self::from_parts(sum.sum, if F::NARROW { 0.0 } else { sum.lost + took })
    }

    /// The sum with all terms of another.
    #[inline(always)]
    #[must_use]
    pub fn plus_all(self, other: Self) -> Self {
        let sum = self.plus(other.sum);
        Self::from_parts(sum.sum, sum.lost + other.lost)
    }

    /// The sum of the terms so far.
    #[inline(always)]
    pub fn value(self) -> f64 {
        // Beyond the largest number there is nothing to compensate, and ∞ − ∞ would turn it into NaN.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }

    /// The sum of the terms so far, rounded to `F`.
    #[inline(always)]
    pub fn sum(self) -> F {
        F::of(self.value())
    }
}

/// `a + b` rounded, and what that took, whichever is larger (Knuth).
#[inline(always)]
pub(crate) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Sums side by side, `N` terms at a time: for loops in vectors.
///
/// Two plain arrays and not one of [`Sum`]s, so that neighbors in memory are neighbors in a vector.
#[derive(Debug, Clone, Copy)]
pub struct Lanes<F, const N: usize> {
    sums: [f64; N],
    lost: [f64; N],
    of: PhantomData<F>,
}

impl<F, const N: usize> Default for Lanes<F, N> {
    #[inline(always)]
    fn default() -> Self {
        Self { sums: [0.0; N], lost: [0.0; N], of: PhantomData }
    }
}

impl<F: Float, const N: usize> Lanes<F, N> {
    /// The sum in one lane.
    #[inline(always)]
    pub fn get(&self, lane: usize) -> Sum<F> {
        Sum::from_parts(self.sums[lane], self.lost[lane])
    }

    /// Replaces the sum in one lane.
    #[inline(always)]
    pub fn set(&mut self, lane: usize, sum: Sum<F>) {
        (self.sums[lane], self.lost[lane]) = sum.parts();
    }

    /// Adds a term to the sum in one lane.
    #[inline(always)]
    pub fn add(&mut self, lane: usize, term: f64) {
        self.set(lane, self.get(lane).plus(term));
    }

    /// All lanes in one sum: halves onto halves. `N` is a power of two.
    #[inline(always)]
    pub fn total(mut self) -> Sum<F> {
        let mut n = N;
        while n > 1 {
            n /= 2;
            for lane in 0..n {
                self.set(lane, self.get(lane).plus_all(self.get(lane + n)));
            }
        }
        self.get(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    // 1 − 2⁻⁶⁰ rounds to 1.
    #[test]
    fn a_difference_keeps_what_it_loses() {
        let tiny = 2.0_f64.powi(-60);
        let sum = Sum::<f64>::default().plus_difference(1.0, tiny).plus_difference(1.0, tiny);
        assert_eq!(sum.plus(-2.0).value(), -2.0 * tiny);
        assert_eq!(sum.plus_all(sum).plus(-4.0).value(), -4.0 * tiny);
        assert_eq!(Sum::<f32>::default().plus_difference(1.0, tiny).plus(-1.0).value(), 0.0);
    }

    #[test]
    fn compensation_saves_what_rounding_takes() {
        let add = |terms: &[f64]| {
            let mut total = Sum::<f64>::default();
            terms.iter().for_each(|&x| total.add(x));
            total.sum()
        };
        // 1e16 + 1 rounds to 1e16: the plain sum is 0.
        assert_eq!(add(&[1e16, 1.0, 1.0, -1e16]), 2.0);
        assert_eq!(add(&[1.0, 1e16, 1.0, -1e16]), 2.0);
        assert_eq!(add(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert!(add(&[f64::NAN, 1.0]).is_nan());
    }
}
