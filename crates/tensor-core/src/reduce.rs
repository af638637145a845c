//! Sums whose order never changes: the same values give the same bits, whatever the strides or the number of threads.
//!
//! `sum` adds in eight interleaved lanes inside blocks of 128 and combines the blocks pairwise, which bounds the error of
//! `n` terms by `(16 + 3 + log₂(n/128))·u·Σ|xᵢ|` instead of `n·u·Σ|xᵢ|`, and lets the compiler use vector registers
//! (Higham, *Accuracy and Stability of Numerical Algorithms*, section 4.2).
//!
//! ```
//! use ndarray::{Array1, array};
//! use tensor_core::reduce;
//!
//! assert_eq!(reduce::sum(&[1.0_f32; 1000]), 1000.0);
//!
//! let mut columns = Array1::zeros(2);
//! reduce::column_sums(&array![[1.0, 2.0], [3.0, 4.0]], &mut columns);
//! assert_eq!(columns, array![4.0, 6.0]);
//! ```

use std::marker::PhantomData;

use ndarray::{ArrayRef1, ArrayRef2};

use crate::columns::STRIP;
use crate::simd::{Loop, vectorized};
use crate::{Float, columns};

const LANES: usize = 8;
const BLOCK: usize = 128;

/// `Σᵢ xᵢ`, 0 for no terms.
pub fn sum<F: Float>(x: &[F]) -> F {
    sum_by(x.len(), &|i| x[i])
}

/// `Σᵢ term(i)` for `i` in `0..n`, in the order described at the head of this module: for sums of an expression that is
/// not stored anywhere.
pub fn sum_by<F: Float>(n: usize, term: &impl Fn(usize) -> F) -> F {
    pairwise(0, n, term)
}

fn pairwise<F: Float>(start: usize, n: usize, term: &impl Fn(usize) -> F) -> F {
    if n > BLOCK {
        // The left part is a multiple of the block, so that where the cuts lie depends on n alone.
        let left = n.div_ceil(2 * BLOCK) * BLOCK;
        return pairwise(start, left, term) + pairwise(start + left, n - left, term);
    }
    let mut lanes = [F::zero(); LANES];
    let full = n / LANES * LANES;
    for i in (0..full).step_by(LANES) {
        for (lane, acc) in lanes.iter_mut().enumerate() {
            *acc += term(start + i + lane);
        }
    }
    for i in full..n {
        lanes[i - full] += term(start + i);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

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

/// What optimizers know a [`Sum`] as.
pub type Compensated<F> = Sum<F>;

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

/// `out[c] = Σ_n x[n, c]`: the gradient of a bias that was added to every row. Overwrites `out`.
///
/// Rows are added one after the other, each column to a [`Sum`].
///
/// # Shapes
/// `x (N, C)`, `out (C)`; any strides.
///
/// # Panics
/// If `out` has not `C` elements.
#[track_caller]
pub fn column_sums<F: Float>(x: &ArrayRef2<F>, out: &mut ArrayRef1<F>) {
    assert_eq!(x.ncols(), out.len(), "column_sums: one sum for each column");
    if x.ncols() < STRIP
        && let (Some(x), Some(out)) = (x.as_slice(), out.as_slice_mut())
    {
        return vectorized(Narrow { x, out });
    }
    columns::sums([x], &|_| [], &|[x], [], [sum]| [sum.plus(x)], |c, [sum]: [Sum<F>; 1]| {
        out[c] = sum.sum()
    });
}

/// [`column_sums`] of rows that are shorter than a strip and lie one behind the other.
struct Narrow<'a, F> {
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float> Narrow<'_, F> {
    /// As many times `W` columns as there are from `first` on; the next column.
    #[inline(always)]
    fn columns<const W: usize>(&mut self, first: usize) -> usize {
        let n_columns = self.out.len();
        let mut first = first;
        while let Some(out) = self.out[first..].first_chunk_mut() {
            let mut sums = [Sum::<F>::default(); W];
            for row in self.x.chunks_exact(n_columns) {
                let Some(row) = row[first..].first_chunk::<W>() else { continue };
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum = sum.plus(x.as_f64());
                }
            }
            *out = sums.map(Sum::sum);
            first += W;
        }
        first
    }
}

impl<F: Float> Loop for Narrow<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let first = self.columns::<8>(0);
        let first = self.columns::<4>(first);
        let first = self.columns::<2>(first);
        self.columns::<1>(first);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::{Sum, column_sums, sum};
    use crate::{Float, Rng};

    /// The definition, one term after the other in `f64`; for `f32` terms its own error is negligible.
    fn plain(x: impl Iterator<Item = f32>) -> (f64, f64) {
        x.fold((0.0, 0.0), |(sum, abs), v| (sum + v.as_f64(), abs + v.as_f64().abs()))
    }

    #[test]
    fn sum_meets_its_bound_at_every_length() {
        let mut rng = Rng::new(1);
        for n in (0..=300).chain([1023, 1024, 1025, 100_000]) {
            let x: Vec<f32> = (0..n).map(|_| rng.normal() as f32).collect();
            let (want, abs) = plain(x.iter().copied());
            let depth = 19.0 + (n as f64 / 128.0).log2().max(0.0).ceil();
            let bound = depth * f64::from(f32::EPSILON) / 2.0 * abs;
            let got = f64::from(sum(&x));
            assert!((got - want).abs() <= bound, "n = {n}: {got} against {want}, bound {bound:e}");
        }
    }

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

    #[test]
    fn every_term_is_added_exactly_once() {
        for n in 0..=600_u32 {
            let x: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&x), f64::from(n * (n + 1) / 2), "n = {n}");
        }
    }

    // Short rows, long ones and columns that lie in memory one behind the other are added up by loops of their own.
    #[test]
    fn column_sums_have_the_same_bits_in_any_layout() {
        fn check<F: Float>() {
            let mut rng = Rng::new(3);
            for cols in (0..=40).chain([70]) {
                for rows in [0, 1, 2, 3, 17, 100] {
                    let x = Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()));
                    let transposed = x.t().as_standard_layout().into_owned();
                    let [mut out, mut strided] =
                        [(); 2].map(|()| Array1::from_elem(cols, F::nan()));
                    column_sums(&x, &mut out);
                    column_sums(&transposed.t(), &mut strided);
                    assert_eq!(out, strided, "{rows} × {cols}");
                    for (x, sum) in x.columns().into_iter().zip(out) {
                        let plain =
                            x.iter().fold(Sum::<F>::default(), |sum, x| sum.plus(x.as_f64()));
                        assert_eq!(sum, plain.sum(), "{rows} × {cols}");
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn column_sums_match_the_definition_in_any_layout() {
        let mut rng = Rng::new(2);
        for (rows, cols) in [(1, 1), (3, 31), (16, 32), (17, 33), (100, 7), (129, 70), (0, 4)] {
            let x = Array2::from_shape_simple_fn((rows, cols), || rng.normal() as f32);
            let transposed = x.t().as_standard_layout().into_owned();
            let mut out = Array1::from_elem(cols, f32::NAN);
            let mut strided = out.clone();
            column_sums(&x, &mut out);
            column_sums(&transposed.t(), &mut strided);
            assert_eq!(out, strided, "{rows} × {cols}: bits depend on the strides");
            for (col, &got) in out.iter().enumerate() {
                let (want, abs) = plain(x.column(col).iter().copied());
                let n_u = rows as f64 * f64::from(f32::EPSILON) / 2.0;
                let bound = f64::from(f32::EPSILON) / 2.0 * want.abs() + n_u * n_u * abs;
                assert!((f64::from(got) - want).abs() <= bound, "{rows} × {cols}, column {col}");
            }
        }
    }
}
