//! Mean and variance that keep their digits however far the values lie from zero.
//!
//! The textbook's `mean(x²) − mean(x)²` loses everything where the mean is much larger than the deviation; the two-pass
//! form `mean((x − μ)²)` still loses what `μ` itself rounds away: values of 10⁸ with deviation 1 are centered to 8 digits
//! in f64, to none in f32. Here the first value is taken away before anything is summed:
//!
//! | | plain | here |
//! |---|---|---|
//! | shift | | `K = x₀` |
//! | center | `μ = mean(x)` | `d = mean(x − K)`, so that `μ = K + d` |
//! | deviation | `x − μ` | `(x − K) − d` |
//! | variance | `mean((x − μ)²)` | `mean(((x − K) − d)²)` |
//!
//! `x − K` is exact where the values are close together and far from zero (Sterbenz), and no value lies further than `√n`
//! deviations from the mean, so that `K` is never a bad choice (Chan, Golub and LeVeque, *Algorithms for Computing the Sample
//! Variance*, The American Statistician 37(3), 1983, <https://doi.org/10.1080/00031305.1983.10483115>, section 3).
//!
//! Once `d` is known, `K + d` is split anew into its nearest `F` and the rest that this has no
//! room for, because `x − K` rounds less the nearer `K` is.
//! Sums are [compensated](Compensated) and results are [pairs](Pair): what a statistic loses, every value loses.
//!
//! The variance is the biased one, divided by `n`. Values that are all equal have variance 0, exactly. NaN or an infinity
//! among the values makes the variance NaN.
//!
//! ```
//! use tensor_core::moments::Moments;
//!
//! let x = [1e8_f32, 1e8 + 8.0, 1e8 + 16.0];
//! let moments = Moments::of(&x[..]);
//! assert_eq!(moments.mean.rounded(), 1e8 + 8.0);
//! assert_eq!(moments.variance.rounded(), 128.0 / 3.0);
//! assert_eq!(x.map(|x| moments.deviation(x)), [-8.0, 0.0, 8.0]);
//! ```

use ndarray::{Array1, ArrayRef1, ArrayRef2, ArrayView1};

use crate::Float;
use crate::columns::{Packed, Rows, Strip};
use crate::pair::Pair;
use crate::reduce::Compensated;
use crate::rows::{self, Values};
use crate::simd::{Loop, vectorized};

/// Mean and biased variance of a list of values, both [pairs](Pair), as good as rounded once from their exact values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<F> {
    /// `μ`.
    pub mean: Pair<F>,
    /// `σ²`.
    pub variance: Pair<F>,
}

impl<F: Float> Moments<F> {
    /// Of a list that is not empty. All of it is inlined, for loops that run through [`vectorized`].
    #[inline(always)]
    pub fn of<'a>(x: impl Values<'a, F>) -> Self
    where
        F: 'a,
    {
        let (n, shift) = (F::of(x.count() as f64), x.at(0));
        let [from_shift] =
            rows::sums([x], &|[x], [sum]| [sum.plus_pair(Pair::difference(x, shift))]);
        let mean = Pair::from(shift).plus(from_shift.pair().over(n));
        let [squares] =
            rows::sums([x], &|[x], [sum]| [sum.plus(square((x - mean.value) - mean.rest))]);
        Self { mean, variance: squares.pair().over(n) }
    }

    /// `x − μ`, with the digits that `μ` itself has no room for.
    #[inline(always)]
    pub fn deviation(&self, x: F) -> F {
        (x - self.mean.value) - self.mean.rest
    }
}

/// Mean and biased variance of every column of a matrix, in buffers that are filled again and again.
///
/// Both are [pairs](Pair), as good as rounded once from their exact values: what a statistic loses, every value of its column
/// loses. Plainly, in the terms of the table at the head of this module, `μ = K + mean(x − K)`, whose rest is kept, and
/// `σ² = mean((x − μ)²)`, each strip of columns after the other, so that the second sum reads what the first has left in the
/// processor's cache.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMoments<F> {
    /// `μ (C)`.
    pub mean: Array1<F>,
    /// What `μ` itself has no room for, `(C)`.
    pub mean_rest: Array1<F>,
    /// `σ² (C)`.
    pub variance: Array1<F>,
    /// What `σ²` has no room for, `(C)`.
    pub variance_rest: Array1<F>,
}

impl<F: Float> ColumnMoments<F> {
    /// Room for `n_columns` columns.
    pub fn new(n_columns: usize) -> Self {
        let zeros = Array1::zeros(n_columns);
        Self {
            mean: zeros.clone(),
            mean_rest: zeros.clone(),
            variance: zeros.clone(),
            variance_rest: zeros,
        }
    }

    /// Takes the moments of the columns of `x`.
    ///
    /// # Shapes
    /// `x (N, C)`, `N` at least 1; any strides.
    ///
    /// # Panics
    /// If `x` has no rows or another number of columns.
    #[track_caller]
    pub fn measure(&mut self, x: &ArrayRef2<F>) {
        assert_eq!(x.ncols(), self.mean.len(), "moments: as many columns as there is room for");
        let (first, n_rows) = (x.row(0), x.nrows());
        match x.as_slice() {
            Some(data) => {
                let x = Packed { data, n_columns: x.ncols() };
                vectorized(Measure { x, first, n_rows, moments: self });
            }
            None => vectorized(Measure { x: x.view(), first, n_rows, moments: self }),
        }
    }

    /// Takes moments that are known: for columns that are compared with what was measured elsewhere.
    ///
    /// # Panics
    /// If a length is not the number of columns.
    #[track_caller]
    pub fn set(&mut self, mean: &ArrayRef1<F>, variance: &ArrayRef1<F>) {
        self.mean.assign(mean);
        self.mean_rest.fill(F::zero());
        self.variance.assign(variance);
        self.variance_rest.fill(F::zero());
    }

    /// `x − μ` for a value of column `c`.
    #[inline]
    pub fn deviation(&self, c: usize, x: F) -> F {
        (x - self.mean[c]) - self.mean_rest[c]
    }

    /// `1/√(σ² + ε)` of column `c`.
    #[inline(always)]
    pub fn inverse_deviation(&self, c: usize, eps: Pair<F>) -> Pair<F> {
        let variance = Pair { value: self.variance[c], rest: self.variance_rest[c] };
        variance.plus(eps).inverse_root()
    }
}

struct Measure<'a, F, R> {
    x: R,
    first: ArrayView1<'a, F>,
    n_rows: usize,
    moments: &'a mut ColumnMoments<F>,
}

impl<F: Float, R: Rows<F>> Loop for Measure<'_, F, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, first, n_rows, moments } = self;
        let (input, n) = ((&[x], n_rows), F::of(n_rows as f64));
        for strip in Strip::all(first.len()) {
            let zero = [Compensated::default()];
            let shift = strip.look_up(&|c| [first[c]]);
            let from_shift = strip.sums(input, &shift, zero, &|[x], [shift], [sum]| {
                [sum.plus_pair(Pair::difference(x, shift))]
            });
            for (c, i) in strip.columns() {
                let mean = Pair::from(first[c]).plus(from_shift[0][i].pair().over(n));
                (moments.mean[c], moments.mean_rest[c]) = (mean.value, mean.rest);
            }
            let mean = strip.look_up(&|c| [moments.mean[c], moments.mean_rest[c]]);
            let squares = strip.sums(input, &mean, zero, &|[x], [mean, rest], [sum]| {
                [sum.plus(square((x - mean) - rest))]
            });
            for (c, i) in strip.columns() {
                let variance = squares[0][i].pair().over(n);
                (moments.variance[c], moments.variance_rest[c]) = (variance.value, variance.rest);
            }
        }
    }
}

#[inline(always)]
fn square<F: Float>(x: F) -> F {
    x * x
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{ColumnMoments, Moments};
    use crate::{Float, Rng};

    // 1..=n has mean (n + 1)/2 and variance (n² − 1)/12. For n = 2ᵏ the mean and all sums are exact: so must be the result.
    #[test]
    fn an_offset_changes_no_bit() {
        fn check<F: Float>(offset: f64) {
            for n in [2_usize, 8, 64, 256] {
                let values = |i: usize| F::of(offset + (i + 1) as f64);
                let list: Vec<F> = (0..n).map(values).collect();
                let moments = Moments::of(&list[..]);
                let mean = (n as f64 + 1.0) / 2.0;
                let variance = ((n * n) as f64 - 1.0) / 12.0;
                assert_eq!(
                    moments.variance.rounded(),
                    F::of(variance),
                    "offset {offset:e}, n = {n}"
                );
                for i in 0..n {
                    let deviation = moments.deviation(values(i)).as_f64();
                    assert_eq!(deviation, (i + 1) as f64 - mean, "offset {offset:e}, value {i}");
                }
            }
        }
        [0.0, -3.0, 1e8, -1e8, 1e12, 9e15 - 512.0].into_iter().for_each(check::<f64>);
        [0.0, -3.0, 1e4, -1e6, 1.6e7].into_iter().for_each(check::<f32>);
    }

    #[test]
    fn columns_are_lists() {
        let mut rng = Rng::new(1);
        for (n, c) in [(1, 1), (2, 3), (17, 33), (50, 70)] {
            let x = Array2::from_shape_simple_fn((n, c), || 1e3 + rng.normal());
            let mut columns = ColumnMoments::new(c);
            columns.measure(&x);
            for j in 0..c {
                let column = x.column(j).to_vec();
                let list = Moments::of(&column[..]);
                // The two add in another order: (16 + log₂ n) roundings of terms up to n times their mean.
                let bound = 32.0 * f64::EPSILON;
                let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= bound * scale;
                assert!(
                    close(columns.variance[j], list.variance.value, list.variance.value),
                    "({n}, {c})"
                );
                assert!(close(columns.mean[j], list.mean.value, list.mean.value), "({n}, {c})");
                let deviation = columns.deviation(j, x[[0, j]]);
                assert!(close(deviation, list.deviation(x[[0, j]]), 4.0), "({n}, {c})");
            }
        }
    }

    // What was measured before, with centers other than 0, leaves nothing behind.
    #[test]
    fn known_moments_take_the_place_of_measured_ones() {
        let mut columns = ColumnMoments::new(2);
        columns.measure(&array![[1.0, 5.0], [2.0, 9.0]]);
        columns.set(&array![3.0, -2.0], &array![4.0, 0.25]);
        assert_eq!(columns.mean, array![3.0, -2.0]);
        assert_eq!((columns.deviation(0, 4.5), columns.deviation(1, 4.5)), (1.5, 6.5));
        assert_eq!(columns.variance, array![4.0, 0.25]);
    }

    #[test]
    fn equal_values_have_no_variance() {
        for value in [0.0, -0.0, 0.1, 1e300, f64::MIN_POSITIVE / 2.0] {
            let moments = Moments::of(&[value; 7][..]);
            assert_eq!((moments.mean.rounded(), moments.variance.rounded()), (value, 0.0));
            assert_eq!(moments.deviation(value), 0.0);
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for x in [[bad, 1.0], [1.0, bad]] {
                let moments = Moments::of(&x[..]);
                assert!(moments.variance.rounded().is_nan(), "{x:?}");
                assert!(moments.deviation(bad).is_nan(), "{x:?}");
            }
        }
        let mut columns = ColumnMoments::new(2);
        columns.measure(&array![[1.0, f64::NAN], [2.0, 1.0]]);
        assert!(columns.variance[1].is_nan());
        assert_eq!(columns.variance[0], 0.25);
    }
}
