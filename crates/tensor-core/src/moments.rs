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
//! The variance is the biased one, divided by `n`. Values that are all equal have variance 0, exactly. NaN or an infinity
//! among the values makes the variance NaN.
//!
//! ```
//! use tensor_core::moments::Moments;
//!
//! let x = [1e8_f32, 1e8 + 8.0, 1e8 + 16.0];
//! let moments = Moments::of(x.len(), &|i| x[i]);
//! assert_eq!(moments.mean(), 1e8 + 8.0);
//! assert_eq!(moments.variance, 128.0 / 3.0);
//! assert_eq!(x.map(|x| moments.deviation(x)), [-8.0, 0.0, 8.0]);
//! ```

use ndarray::{Array1, ArrayRef1, ArrayRef2};

use crate::Float;
use crate::reduce::{column_sums_by, sum_by};

/// Mean and biased variance of a list of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<F> {
    /// `K`: a value near the others.
    pub shift: F,
    /// `d`: the mean of `x − K`.
    pub center: F,
    /// `mean(((x − K) − d)²)`.
    pub variance: F,
}

impl<F: Float> Moments<F> {
    /// Of the values `x(0)` to `x(n − 1)`; `n` is at least 1.
    pub fn of(n: usize, x: &impl Fn(usize) -> F) -> Self {
        let inverse_n = F::of(1.0 / n as f64);
        let shift = x(0);
        let center = sum_by(n, &|i| x(i) - shift) * inverse_n;
        let squares = sum_by(n, &|i| square((x(i) - shift) - center));
        Self { shift, center, variance: squares * inverse_n }
    }

    /// `μ`.
    pub fn mean(&self) -> F {
        self.shift + self.center
    }

    /// `x − μ`, with the digits that `μ` itself has no room for.
    #[inline]
    pub fn deviation(&self, x: F) -> F {
        (x - self.shift) - self.center
    }
}

/// Mean and biased variance of every column of a matrix, in buffers that are filled again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMoments<F> {
    /// `K (C)`.
    pub shift: Array1<F>,
    /// `d (C)`.
    pub center: Array1<F>,
    /// `σ² (C)`.
    pub variance: Array1<F>,
}

impl<F: Float> ColumnMoments<F> {
    /// Room for `n_columns` columns.
    pub fn new(n_columns: usize) -> Self {
        let zeros = Array1::zeros(n_columns);
        Self { shift: zeros.clone(), center: zeros.clone(), variance: zeros }
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
        let inverse_n = F::of(1.0 / x.nrows() as f64);
        let Self { shift, center, variance } = self;
        shift.assign(&x.row(0));
        column_sums_by(x, &|c, x| x - shift[c], center);
        center.iter_mut().for_each(|d| *d *= inverse_n);
        column_sums_by(x, &|c, x| square((x - shift[c]) - center[c]), variance);
        variance.iter_mut().for_each(|v| *v *= inverse_n);
    }

    /// Takes moments that are known: for columns that are compared with what was measured elsewhere.
    ///
    /// # Panics
    /// If a length is not the number of columns.
    #[track_caller]
    pub fn set(&mut self, mean: &ArrayRef1<F>, variance: &ArrayRef1<F>) {
        self.shift.assign(mean);
        self.center.fill(F::zero());
        self.variance.assign(variance);
    }

    /// `μ` of column `c`.
    pub fn mean(&self, c: usize) -> F {
        self.shift[c] + self.center[c]
    }

    /// `x − μ` for a value of column `c`.
    #[inline]
    pub fn deviation(&self, c: usize, x: F) -> F {
        (x - self.shift[c]) - self.center[c]
    }
}

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
                let moments = Moments::of(n, &values);
                let mean = (n as f64 + 1.0) / 2.0;
                let variance = ((n * n) as f64 - 1.0) / 12.0;
                assert_eq!(moments.variance, F::of(variance), "offset {offset:e}, n = {n}");
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
                let list = Moments::of(n, &|i| x[[i, j]]);
                // The two add in another order: (16 + log₂ n) roundings of terms up to n times their mean.
                let bound = 32.0 * f64::EPSILON;
                let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= bound * scale;
                assert!(close(columns.variance[j], list.variance, list.variance), "({n}, {c})");
                assert!(close(columns.mean(j), list.mean(), list.mean()), "({n}, {c})");
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
        assert_eq!((columns.mean(0), columns.mean(1)), (3.0, -2.0));
        assert_eq!((columns.deviation(0, 4.5), columns.deviation(1, 4.5)), (1.5, 6.5));
        assert_eq!(columns.variance, array![4.0, 0.25]);
    }

    #[test]
    fn equal_values_have_no_variance() {
        for value in [0.0, -0.0, 0.1, 1e300, f64::MIN_POSITIVE / 2.0] {
            let moments = Moments::of(7, &|_| value);
            assert_eq!((moments.mean(), moments.variance), (value, 0.0));
            assert_eq!(moments.deviation(value), 0.0);
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for x in [[bad, 1.0], [1.0, bad]] {
                let moments = Moments::of(2, &|i| x[i]);
                assert!(moments.variance.is_nan(), "{x:?}");
                assert!(moments.deviation(bad).is_nan(), "{x:?}");
            }
        }
        let mut columns = ColumnMoments::new(2);
        columns.measure(&array![[1.0, f64::NAN], [2.0, 1.0]]);
        assert!(columns.variance[1].is_nan());
        assert_eq!(columns.variance[0], 0.25);
    }
}
