//! Mean and variance of every column of a matrix.

use std::array::from_fn;
use std::marker::PhantomData;
use std::ops::Range;

use kernels::Float;
use kernels::simd::{Loop, vectorized};
use kernels::sums::Sum;
use ndarray::{Array1, ArrayRef1, ArrayRef2, ArrayView1};

use super::columns::{Finish, Packed, Rows, STRIP, Strip, in_strips};
use super::moments::{Moments, add_first, deviation, first_moments, square};
use super::scaled;
use crate::Error;
use crate::memory::zeros;

/// Mean `μ[c] = 1/N Σ_n x[n, c]` and biased variance `σ²[c] = 1/N Σ_n (x[n, c] − μ[c])²` of every
/// column of a matrix of type `F`, in buffers that are filled again and again.
///
/// Plainly, [`Moments`] of each column. Here one strip of columns ([`columns`](super::columns)) is
/// measured after the other, because the second sum then finds the values in the processor's cache.
///
/// Every column has a [`scale`](Self::scale) `s` of its own, as [`Moments`] has: 1 but for `f64`
/// values whose squares overflow. All numbers of a column are those of `s x`.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use tensor_core::sums::ColumnMoments;
///
/// let mut moments = ColumnMoments::new(2)?;
/// moments.measure(&array![[1.0, 5.0], [3.0, 5.0]])?;
/// assert_eq!(moments.mean, array![2.0, 5.0]);
/// assert_eq!(moments.variance, array![1.0, 0.0]); // ((1 − 2)² + (3 − 2)²)/2
/// assert_eq!(moments.inverse_deviation(0, 3.0), 0.5); // 1/√(1 + 3)
/// assert!(!moments.is_scaled());
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMoments<F> {
    /// `μ (C)` of `s x`, rounded to `f64`.
    pub mean: Array1<f64>,
    /// The low-order part of the mean, `(C)`: what that rounding has lost.
    pub mean_low: Array1<f64>,
    /// `σ² (C)` of `s x`.
    pub variance: Array1<f64>,
    /// `s (C)`, powers of two: 1 where no square overflows.
    pub scale: Array1<f64>,
    of: PhantomData<F>,
}

impl<F: Float> ColumnMoments<F> {
    /// Buffers for `n_columns` columns, all 0 with the scale 1.
    ///
    /// # Errors
    /// If there is no memory for them.
    pub fn new(n_columns: usize) -> Result<Self, Error> {
        let zeros = || zeros("ColumnMoments", n_columns);
        let mut scale = zeros()?;
        scale.fill(1.0);
        Ok(Self { mean: zeros()?, mean_low: zeros()?, variance: zeros()?, scale, of: PhantomData })
    }

    /// Computes the moments of the columns of `x`.
    ///
    /// # Shapes
    /// `x (N, C)`, `N` at least 1; any strides.
    ///
    /// # Errors
    /// If `x` has no rows or another number of columns. The moments stay what they were.
    pub fn measure(&mut self, x: &ArrayRef2<F>) -> Result<(), Error> {
        Error::check_features("moments", self.mean.len(), x.ncols())?;
        if x.nrows() == 0 {
            return Err(Error::empty("moments", "at least 1 row"));
        }
        let (first, n_rows) = (x.row(0), x.nrows());
        match x.as_slice() {
            Some(data) => self.measure_rows(Packed { data, n_columns: x.ncols() }, first, n_rows),
            None => self.measure_rows(x.view(), first, n_rows),
        }
        Ok(())
    }

    fn measure_rows<R: Rows<F>>(&mut self, x: R, first: ArrayView1<'_, F>, n_rows: usize) {
        in_strips(n_rows, first.len(), self, |range, moments| {
            vectorized(Measure { x, first, n_rows, range, moments });
        });
    }

    /// Sets moments that are known, such as running statistics.
    ///
    /// # Shapes
    /// `mean (C)`, `variance (C)`.
    ///
    /// # Errors
    /// If a length is not the number of columns: a single value is not broadcast. The moments stay
    /// what they were.
    pub fn set(&mut self, mean: &ArrayRef1<F>, variance: &ArrayRef1<F>) -> Result<(), Error> {
        for (place, values) in [("moments: mean", mean), ("moments: variance", variance)] {
            if values.len() != self.mean.len() {
                return Err(Error::shape(place, self.mean.shape(), values.shape()));
            }
        }
        self.mean.zip_mut_with(mean, |own, x| *own = x.as_f64());
        self.mean_low.fill(0.0);
        self.variance.zip_mut_with(variance, |own, x| *own = x.as_f64());
        self.scale.fill(1.0);
        Ok(())
    }

    /// Whether a column has another [`scale`](Self::scale) than 1, so that its values have to be
    /// multiplied by it before [`mean_parts`](Self::mean_parts) are subtracted.
    #[inline]
    pub fn is_scaled(&self) -> bool {
        !F::NARROW && self.scale.iter().any(|&scale| scale != 1.0)
    }

    /// `[μ_high, μ_low]` of column `c`: the mean of `s x` in two parts, for [`deviation`].
    #[inline(always)]
    pub fn mean_parts(&self, c: usize) -> [f64; 2] {
        [self.mean[c], self.mean_low[c]]
    }

    /// `1/√(σ² + s² ε)` of column `c`: what a deviation of `s x` is multiplied by to be normalized.
    /// Times `s` it is `1/√(σ² + ε)` of `x` itself.
    #[inline(always)]
    pub fn inverse_deviation(&self, c: usize, eps: f64) -> f64 {
        // Only what is needed is looked up: that costs time where columns are short.
        let scale = if F::NARROW { 1.0 } else { self.scale[c] };
        Moments::<F>::from_parts([0.0; 2], self.variance[c], scale).inverse_deviation(eps)
    }

    /// Mean and variance of column `c` of `x` itself, the latter ∞ where the type has no number for
    /// it.
    #[inline]
    pub fn unscaled(&self, c: usize) -> (f64, f64) {
        self.column(c).unscaled()
    }

    /// The moments of column `c`.
    #[inline(always)]
    fn column(&self, c: usize) -> Moments<F> {
        Moments::from_parts(self.mean_parts(c), self.variance[c], self.scale[c])
    }
}

struct Measure<'a, 'm, F, R> {
    x: R,
    first: ArrayView1<'a, F>,
    n_rows: usize,
    range: Range<usize>,
    moments: &'a mut Finish<'m, ColumnMoments<F>>,
}

impl<F: Float, R: Rows<F>> Loop for Measure<'_, '_, F, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, first, n_rows, range, moments } = self;
        let (input, n) = ((&[x], n_rows), n_rows as f64);
        for strip in Strip::all(range) {
            let shift = strip.look_up(&|c| [first[c].as_f64()]);
            let sums = strip
                .sums(input, &shift, &|[x], [shift], sums: [Sum<F>; 2]| add_first(x, shift, sums));
            let ([mut mean, mut mean_low], mut variance) = ([[0.0; STRIP]; 2], [0.0; STRIP]);
            for i in 0..STRIP {
                let sums = sums.map(|sums| sums.get(i));
                ([mean[i], mean_low[i]], variance[i]) = first_moments(shift[0][i], sums, n);
            }
            if !F::NARROW {
                // 4: σ² = mean((x − μ)²)
                let mean = [mean, mean_low];
                let [squares] = strip.sums(input, &mean, &|[x], mean, [sum]: [Sum<F>; 1]| {
                    [sum.plus(square(deviation::<F>(x, mean)))]
                });
                variance = from_fn(|i| squares.get(i).value() / n);
            }
            let mut scale = [1.0; STRIP];
            for (c, i) in strip.columns() {
                if !F::NARROW
                    && !variance[i].is_finite()
                    && let Some(found) = scaled::moments(n_rows, &|row| x.at(row, c).as_f64())
                {
                    ([mean[i], mean_low[i]], variance[i]) = (found.mean, found.variance);
                    scale[i] = found.scale;
                }
            }
            moments.with(|moments| {
                for (c, i) in strip.columns() {
                    (moments.mean[c], moments.mean_low[c]) = (mean[i], mean_low[i]);
                    (moments.variance[c], moments.scale[c]) = (variance[i], scale[i]);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::ColumnMoments;
    use crate::sums::{Moments, deviation};
    use crate::{Error, Rng};

    #[test]
    fn the_moments_of_a_column_are_those_of_a_list() {
        let mut rng = Rng::new(1);
        for (n, c) in [(1, 1), (2, 3), (17, 33), (50, 70)] {
            let x = Array2::from_shape_simple_fn((n, c), || 1e3 + rng.normal());
            let mut columns = ColumnMoments::new(c).unwrap();
            columns.measure(&x).unwrap();
            for j in 0..c {
                let column = x.column(j).to_vec();
                let list = Moments::of(&column[..]);
                // The two add in another order: (16 + log₂ n) roundings of terms up to n times
                // their mean.
                let bound = 32.0 * f64::EPSILON;
                let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= bound * scale;
                assert!(close(columns.variance[j], list.variance, list.variance), "({n}, {c})");
                assert!(close(columns.mean[j], list.mean, list.mean), "({n}, {c})");
                let deviation = deviation::<f64>(x[[0, j]], columns.mean_parts(j));
                assert!(close(deviation, list.deviation(x[[0, j]]), 4.0), "({n}, {c})");
            }
        }
    }

    // Nothing is left of what was measured before, whose means have low-order parts.
    #[test]
    fn known_moments_take_the_place_of_measured_ones() {
        let mut columns = ColumnMoments::new(2).unwrap();
        columns.measure(&array![[1.0, 5.0], [2.0, 9.0]]).unwrap();
        columns.set(&array![3.0, -2.0], &array![4.0, 0.25]).unwrap();
        assert_eq!(columns.mean, array![3.0, -2.0]);
        assert_eq!([0, 1].map(|c| deviation::<f64>(4.5, columns.mean_parts(c))), [1.5, 6.5]);
        assert_eq!(columns.variance, array![4.0, 0.25]);
        // √(4 + 5) = 3, √(¼ + 2) = 3/2
        assert_eq!(columns.inverse_deviation(0, 5.0), 1.0 / 3.0);
        assert_eq!(columns.inverse_deviation(1, 2.0), 1.0 / 1.5);
    }

    #[test]
    fn nan_makes_the_variance_of_its_column_nan() {
        let mut columns = ColumnMoments::new(2).unwrap();
        columns.measure(&array![[1.0, f64::NAN], [2.0, 1.0]]).unwrap();
        assert!(columns.variance[1].is_nan());
        assert_eq!(columns.variance[0], 0.25);
    }

    // Columns (1, −1, 2, 0)·unit, one of them with plain squares.
    #[test]
    fn every_column_has_a_scale_of_its_own() {
        let units = [1e155, 1.0, 3e200, 1e-150];
        let x = Array2::from_shape_fn((4, 40), |(n, c)| {
            [1.0, -1.0, 2.0, 0.0][n] * units.get(c).copied().unwrap_or(7.0)
        });
        let transposed = x.t().as_standard_layout().into_owned();
        let mut columns = ColumnMoments::new(40).unwrap();
        columns.measure(&x).unwrap();
        assert!(columns.is_scaled());
        let mut other = ColumnMoments::new(40).unwrap();
        other.measure(&transposed.t()).unwrap();
        assert_eq!(columns, other);
        for c in 0..40 {
            let scale = columns.scale[c];
            assert_eq!(scale == 1.0, c != 0 && c != 2, "column {c}");
            for (x, want) in x.column(c).iter().zip([1.0, -3.0, 3.0, -1.0]) {
                let deviation = deviation::<f64>(x * scale, columns.mean_parts(c));
                let got = deviation * columns.inverse_deviation(c, 0.0);
                let want = want / 5.0_f64.sqrt();
                assert!((got - want).abs() <= 4.0 * f64::EPSILON * want.abs(), "column {c}: {got}");
            }
            assert_eq!(columns.unscaled(c).0, x[[0, c]] / 2.0);
        }
        columns.set(&Array1::zeros(40), &Array1::ones(40)).unwrap();
        assert!(!columns.is_scaled());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_changes() {
        let mut columns = ColumnMoments::new(3).unwrap();
        columns.set(&array![1.0, 2.0, 3.0], &array![4.0, 5.0, 6.0]).unwrap();
        let before = columns.clone();
        let (three, one) = (array![7.0, 8.0, 9.0], array![7.0]);
        let message = |result: Result<(), Error>| result.unwrap_err().to_string();
        assert_eq!(
            message(columns.set(&one, &three)),
            "moments: mean: expected shape (3), found (1)"
        );
        assert_eq!(
            message(columns.set(&three, &one)),
            "moments: variance: expected shape (3), found (1)"
        );
        assert_eq!(
            message(columns.measure(&Array2::zeros((2, 1)))),
            "moments: expected 3 input features, found 1"
        );
        assert_eq!(
            message(columns.measure(&Array2::zeros((0, 3)))),
            "moments: expected at least 1 row, found 0"
        );
        assert_eq!(columns, before);
    }
}
