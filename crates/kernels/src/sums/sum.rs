//! Running sums that lose nothing.

use std::marker::PhantomData;

use crate::Float;

/// A running sum `Σ_i x[i]` in `f64` whose error does not show in a result of type `F`.
///
/// For results of type `f32` it is a plain sum in `f64`, whose error is at most `n·2⁻⁵³ Σ|x[i]|`.
/// For results of type `f64` it is compensated: the rounding error of each addition is computed
/// exactly, the errors are added up beside the sum and added to it at the end:
///
/// ```text
/// s, e ← 0, 0;  for each x: s, r ← fl(s + x), the error of that;  e ← e + r;  result s + e
/// ```
///
/// The result is then off by `u·|Σx|` and a term in `n²u² Σ|x|`, with `u = 2⁻⁵³` (Ogita, Rump and
/// Oishi, SIAM Journal on Scientific Computing 26(6), 2005, <https://doi.org/10.1137/030601818>,
/// algorithm 4.4).
///
/// # Examples
/// ```
/// use kernels::sums::Sum;
///
/// let sum = [1e16, 1.0, 1.0, -1e16].iter().fold(Sum::<f64>::default(), |sum, &x| sum.plus(x));
/// assert_eq!(sum.sum(), 2.0); // a plain sum in f64 gives 0
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum<F> {
    sum: f64,
    error: f64,
    of: PhantomData<F>,
}

impl<F: Float> Sum<F> {
    #[inline(always)]
    fn from_parts(sum: f64, error: f64) -> Self {
        Self { sum, error, of: PhantomData }
    }

    /// The sum as it was rounded, and the sum of its rounding errors.
    #[inline(always)]
    fn parts(self) -> (f64, f64) {
        (self.sum, self.error)
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
        let (sum, rounding) = two_sum(self.sum, x);
        Self::from_parts(sum, if F::NARROW { 0.0 } else { self.error + rounding })
    }

    /// The sum with `a − b` more, and with the rounding error of that difference.
    #[inline(always)]
    #[must_use]
    pub fn plus_difference(self, a: f64, b: f64) -> Self {
        let (difference, rounding) = two_sum(a, -b);
        let sum = self.plus(difference);
        Self::from_parts(sum.sum, if F::NARROW { 0.0 } else { sum.error + rounding })
    }

    /// The sum with all terms of another.
    #[inline(always)]
    #[must_use]
    pub fn plus_all(self, other: Self) -> Self {
        let sum = self.plus(other.sum);
        Self::from_parts(sum.sum, sum.error + other.error)
    }

    /// The sum of the terms so far.
    #[inline(always)]
    pub fn value(self) -> f64 {
        // An overflow is not compensated: ∞ − ∞ would turn it into NaN.
        if self.sum.is_finite() { self.sum + self.error } else { self.sum }
    }

    /// The sum of the terms so far, rounded to `F`.
    #[inline(always)]
    pub fn sum(self) -> F {
        F::of(self.value())
    }
}

/// `a + b` rounded, and its rounding error, whichever of the two is larger (Knuth, *The Art of
/// Computer Programming* 2, section 4.2.2, theorem B).
///
/// # Examples
/// ```
/// use kernels::sums::two_sum;
///
/// assert_eq!(two_sum(1e16, 1.0), (1e16, 1.0)); // 1e16 + 1 rounds to 1e16
/// ```
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// `N` [`Sum`]s side by side, for loops in vectors: term `i` is added to the sum in lane `i mod N`,
/// and [`total`](Self::total) adds the lanes.
///
/// Two plain arrays and not one of [`Sum`]s, because neighbors in a vector have to be neighbors in
/// memory.
///
/// # Examples
/// ```
/// use kernels::sums::Lanes;
///
/// let mut lanes = Lanes::<f64, 2>::default();
/// for (i, x) in [1.0, 2.0, 3.0].into_iter().enumerate() {
///     lanes.add(i % 2, x);
/// }
/// assert_eq!([lanes.get(0).sum(), lanes.get(1).sum(), lanes.total().sum()], [4.0, 2.0, 6.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Lanes<F, const N: usize> {
    sums: [f64; N],
    errors: [f64; N],
    of: PhantomData<F>,
}

impl<F, const N: usize> Default for Lanes<F, N> {
    #[inline(always)]
    fn default() -> Self {
        Self { sums: [0.0; N], errors: [0.0; N], of: PhantomData }
    }
}

impl<F: Float, const N: usize> Lanes<F, N> {
    /// The sum in one lane.
    #[inline(always)]
    pub fn get(&self, lane: usize) -> Sum<F> {
        Sum::from_parts(self.sums[lane], self.errors[lane])
    }

    /// Replaces the sum in one lane.
    #[inline(always)]
    pub fn set(&mut self, lane: usize, sum: Sum<F>) {
        (self.sums[lane], self.errors[lane]) = sum.parts();
    }

    /// Adds a term to the sum in one lane.
    #[inline(always)]
    pub fn add(&mut self, lane: usize, term: f64) {
        self.set(lane, self.get(lane).plus(term));
    }

    /// All lanes in one sum: halves onto halves. It compiles where `N` is a power of two.
    #[inline(always)]
    pub fn total(mut self) -> Sum<F> {
        const { assert!(N.is_power_of_two(), "a lane would be left out") }
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
    fn the_rounding_error_of_a_difference_is_kept() {
        let tiny = 2.0_f64.powi(-60);
        let sum = Sum::<f64>::default().plus_difference(1.0, tiny).plus_difference(1.0, tiny);
        assert_eq!(sum.plus(-2.0).value(), -2.0 * tiny);
        assert_eq!(sum.plus_all(sum).plus(-4.0).value(), -4.0 * tiny);
        assert_eq!(Sum::<f32>::default().plus_difference(1.0, tiny).plus(-1.0).value(), 0.0);
    }

    #[test]
    fn rounding_errors_are_compensated() {
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
