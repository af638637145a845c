//! Mean and variance that keep their digits however far the values lie from zero.

use std::array::from_fn;
use std::marker::PhantomData;
use std::ops::Range;

use kernels::Float;
use kernels::simd::{Loop, vectorized};
use ndarray::{Array1, ArrayRef1, ArrayRef2, ArrayView1};

use crate::Error;
use crate::memory::zeros;

use super::columns::{Finish, Packed, Rows, STRIP, Strip, in_strips};
use kernels::sums::rows::{self, Values};
use kernels::sums::{Sum, two_sum};

/// Mean `μ = 1/n Σ_i x[i]` and biased variance `σ² = 1/n Σ_i (x[i] − μ)²` of a list of values of
/// type `F`, with their digits however far the values lie from zero.
///
/// The textbook's `mean(x²) − μ²` loses everything where the mean is much larger than the
/// deviation. The plain form `mean((x − μ)²)` still loses what `μ` rounds away: values near 10⁸
/// that deviate by 1 are centered to 8 digits in `f64`, to none in `f32`. Here the first value is
/// subtracted before anything is summed:
///
/// | | plain | here |
/// |---|---|---|
/// | 1. shift | | `K = x[0]` |
/// | 2. center | `μ = mean(x)` | `d = mean(x − K)`, so that `μ = K + d` |
/// | 3. deviation | `x − μ` | `(x − μ_high) − μ_low` |
/// | 4. variance | `mean((x − μ)²)` | the same of these deviations |
///
/// 1. Because `x − K` is exact where the values are close together and far from zero (Sterbenz). No
///    value lies further than `√n` deviations from the mean, so `K` is never a bad choice (Chan,
///    Golub and LeVeque, *Algorithms for Computing the Sample Variance*, The American Statistician
///    37(3), 1983, <https://doi.org/10.1080/00031305.1983.10483115>, section 3).
/// 2. `K + d` is kept in two parts: `μ_high`, the nearest `f64`, and `μ_low`, its rounding error,
///    because `μ_high` alone has lost digits. For `f32` values `μ_low` is not needed.
/// 3. For the same reason.
/// 4. For `f32` values `σ² = mean((x − K)²) − d²`, because one pass over the values is then enough.
///    It loses at most a factor `n` of the 29 digits that `f64` has more, since `d² ≤ n σ²`.
///
/// Everything is computed in `f64`. Values that are all equal have variance 0, exactly. NaN or an
/// infinity among the values makes the variance NaN.
///
/// # Examples
/// ```
/// use tensor_core::sums::Moments;
///
/// let x = [1e8_f32, 1e8 + 8.0, 1e8 + 16.0];
/// let moments = Moments::of(&x[..]);
/// assert_eq!((moments.mean, moments.variance as f32), (1e8 + 8.0, 128.0 / 3.0));
/// assert_eq!(x.map(|x| moments.deviation(x.into())), [-8.0, 0.0, 8.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<F> {
    /// `μ`, rounded to `f64`.
    pub mean: f64,
    /// The low-order part of the mean: what that rounding has lost. The mean is `mean + mean_low`.
    pub mean_low: f64,
    /// `σ²`.
    pub variance: f64,
    of: PhantomData<F>,
}

impl<F: Float> Moments<F> {
    /// Those of a list that is not empty. All of it is inlined, for loops that run through
    /// [`vectorized`].
    #[inline(always)]
    pub fn of<'a>(x: impl Values<'a, F>) -> Self
    where
        F: 'a,
    {
        let (n, shift) = (x.count() as f64, x.at(0).as_f64());
        let sums = rows::sums([x], &|[x], sums| add_first(x, shift, sums));
        let ([mean, mean_low], variance) = first_moments(shift, sums, n);
        let moments = Self { mean, mean_low, variance, of: PhantomData };
        if F::NARROW {
            return moments;
        }
        // 4: σ² = mean((x − μ)²)
        let [squares] =
            rows::sums([x], &|[x], [sum]: [Sum<F>; 1]| [sum.plus(square(moments.deviation(x)))]);
        Self { variance: squares.value() / n, ..moments }
    }

    /// Those of a list that is not empty, with 0 for `μ`: the variance is the mean square. Inlined
    /// as well.
    #[inline(always)]
    pub fn about_zero<'a>(x: impl Values<'a, F>) -> Self
    where
        F: 'a,
    {
        let [squares] = rows::sums([x], &|[x], [sum]: [Sum<F>; 1]| [sum.plus(square(x))]);
        let variance = squares.value() / x.count() as f64;
        Self { mean: 0.0, mean_low: 0.0, variance, of: PhantomData }
    }

    /// `x − μ`, with both parts of `μ`.
    #[inline(always)]
    pub fn deviation(&self, x: f64) -> f64 {
        deviation::<F>(x, [self.mean, self.mean_low])
    }
}

/// The deviation `x − μ = (x − μ_high) − μ_low` from a mean in two parts, as
/// [`ColumnMoments::mean_parts`] gives them; for `f32` values `x − μ_high`.
///
/// # Examples
/// ```
/// use tensor_core::sums::deviation;
///
/// assert_eq!(deviation::<f64>(3.0, [1.0, 0.25]), 1.75);
/// assert_eq!(deviation::<f32>(3.0, [1.0, 0.25]), 2.0);
/// ```
#[inline(always)]
pub fn deviation<F: Float>(x: f64, [high, low]: [f64; 2]) -> f64 {
    if F::NARROW { x - high } else { (x - high) - low } // 3
}

/// Adds `x − K` and, for `f32` values, its square.
#[inline(always)]
fn add_first<F: Float>(x: f64, shift: f64, [sum, squares]: [Sum<F>; 2]) -> [Sum<F>; 2] {
    // 4, for f32: Σ (x − K)²
    let squares = if F::NARROW { squares.plus(square(x - shift)) } else { squares };
    // 1: Σ (x − K)
    [sum.plus_difference(x, shift), squares]
}

/// `μ` in two parts, and for `f32` values `σ²`, from what [`add_first`] has added up.
#[inline(always)]
fn first_moments<F: Float>(shift: f64, [sum, squares]: [Sum<F>; 2], n: f64) -> ([f64; 2], f64) {
    // 2: d = mean(x − K), μ = K + d
    let from_shift = sum.value() / n;
    let (mean, low) = two_sum(shift, from_shift);
    // An infinity has no low-order part, and must not become NaN by it.
    let low = if low.is_nan() { 0.0 } else { low };
    // 4, for f32: σ² = mean((x − K)²) − d²
    ([mean, low], squares.value() / n - square(from_shift))
}

/// Mean `μ[c] = 1/N Σ_n x[n, c]` and biased variance `σ²[c] = 1/N Σ_n (x[n, c] − μ[c])²` of every
/// column of a matrix of type `F`, in buffers that are filled again and again.
///
/// Plainly, [`Moments`] of each column. Here one strip of columns ([`columns`](super::columns)) is
/// measured after the other, because the second sum then finds the values in the processor's cache.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use tensor_core::sums::ColumnMoments;
///
/// let mut moments = ColumnMoments::new(2)?;
/// moments.measure(&array![[1.0, 5.0], [3.0, 5.0]]);
/// assert_eq!(moments.mean, array![2.0, 5.0]);
/// assert_eq!(moments.variance, array![1.0, 0.0]); // ((1 − 2)² + (3 − 2)²)/2
/// assert_eq!(moments.inverse_deviation(0, 3.0), 0.5); // 1/√(1 + 3)
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMoments<F> {
    /// `μ (C)`, rounded to `f64`.
    pub mean: Array1<f64>,
    /// The low-order part of the mean, `(C)`: what that rounding has lost.
    pub mean_low: Array1<f64>,
    /// `σ² (C)`.
    pub variance: Array1<f64>,
    of: PhantomData<F>,
}

impl<F: Float> ColumnMoments<F> {
    /// Buffers for `n_columns` columns, all 0.
    ///
    /// # Errors
    /// If there is no room for them.
    pub fn new(n_columns: usize) -> Result<Self, Error> {
        let zeros = || zeros("ColumnMoments", n_columns);
        Ok(Self { mean: zeros()?, mean_low: zeros()?, variance: zeros()?, of: PhantomData })
    }

    /// Computes the moments of the columns of `x`.
    ///
    /// # Shapes
    /// `x (N, C)`, `N` at least 1; any strides.
    ///
    /// # Panics
    /// If `x` has no rows or another number of columns.
    #[track_caller]
    pub fn measure(&mut self, x: &ArrayRef2<F>) {
        assert_eq!(x.ncols(), self.mean.len(), "moments: as many columns as were allocated");
        let (first, n_rows) = (x.row(0), x.nrows());
        match x.as_slice() {
            Some(data) => self.measure_rows(Packed { data, n_columns: x.ncols() }, first, n_rows),
            None => self.measure_rows(x.view(), first, n_rows),
        }
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
    /// # Panics
    /// If a length is not the number of columns.
    #[track_caller]
    pub fn set(&mut self, mean: &ArrayRef1<F>, variance: &ArrayRef1<F>) {
        self.mean.zip_mut_with(mean, |own, x| *own = x.as_f64());
        self.mean_low.fill(0.0);
        self.variance.zip_mut_with(variance, |own, x| *own = x.as_f64());
    }

    /// `[μ_high, μ_low]` of column `c`: the mean in two parts, for [`deviation`].
    #[inline(always)]
    pub fn mean_parts(&self, c: usize) -> [f64; 2] {
        [self.mean[c], self.mean_low[c]]
    }

    /// `1/√(σ² + ε)` of column `c`.
    #[inline(always)]
    pub fn inverse_deviation(&self, c: usize, eps: f64) -> f64 {
        1.0 / (self.variance[c] + eps).sqrt()
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
            moments.with(|moments| {
                for (c, i) in strip.columns() {
                    (moments.mean[c], moments.mean_low[c]) = (mean[i], mean_low[i]);
                    moments.variance[c] = variance[i];
                }
            });
        }
    }
}

#[inline(always)]
fn square(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{ColumnMoments, Moments, deviation};
    use crate::{Float, Rng};

    // 1..=n has mean (n + 1)/2 and variance (n² − 1)/12. For n = 2ᵏ the mean and all sums are
    // exact: so must be the result.
    #[test]
    fn an_offset_changes_no_bit() {
        fn check<F: Float>(offset: f64) {
            for n in [2_usize, 8, 64, 256] {
                let values = |i: usize| F::of(offset + (i + 1) as f64);
                let list: Vec<F> = (0..n).map(values).collect();
                let moments = Moments::of(&list[..]);
                let mean = (n as f64 + 1.0) / 2.0;
                let variance = ((n * n) as f64 - 1.0) / 12.0;
                assert_eq!(moments.variance, variance, "offset {offset:e}, n = {n}");
                for i in 0..n {
                    let deviation = moments.deviation(values(i).as_f64());
                    assert_eq!(deviation, (i + 1) as f64 - mean, "offset {offset:e}, value {i}");
                }
            }
        }
        [0.0, -3.0, 1e8, -1e8, 1e12, 9e15 - 512.0].into_iter().for_each(check::<f64>);
        [0.0, -3.0, 1e4, -1e6, 1.6e7].into_iter().for_each(check::<f32>);
    }

    #[test]
    fn the_moments_of_a_column_are_those_of_a_list() {
        let mut rng = Rng::new(1);
        for (n, c) in [(1, 1), (2, 3), (17, 33), (50, 70)] {
            let x = Array2::from_shape_simple_fn((n, c), || 1e3 + rng.normal());
            let mut columns = ColumnMoments::new(c).unwrap();
            columns.measure(&x);
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

    #[test]
    fn about_zero_the_variance_is_the_mean_square() {
        let moments = Moments::about_zero(&[1.0_f32, -2.0, 4.0][..]);
        assert_eq!((moments.mean, moments.variance, moments.deviation(5.0)), (0.0, 7.0, 5.0));
    }

    // Nothing is left of what was measured before, whose means have low-order parts.
    #[test]
    fn known_moments_take_the_place_of_measured_ones() {
        let mut columns = ColumnMoments::new(2).unwrap();
        columns.measure(&array![[1.0, 5.0], [2.0, 9.0]]);
        columns.set(&array![3.0, -2.0], &array![4.0, 0.25]);
        assert_eq!(columns.mean, array![3.0, -2.0]);
        assert_eq!([0, 1].map(|c| deviation::<f64>(4.5, columns.mean_parts(c))), [1.5, 6.5]);
        assert_eq!(columns.variance, array![4.0, 0.25]);
        // √(4 + 5) = 3, √(¼ + 2) = 3/2
        assert_eq!(columns.inverse_deviation(0, 5.0), 1.0 / 3.0);
        assert_eq!(columns.inverse_deviation(1, 2.0), 1.0 / 1.5);
    }

    #[test]
    fn equal_values_have_no_variance() {
        for value in [0.0, -0.0, 0.1, 1e300, f64::MIN_POSITIVE / 2.0] {
            let moments = Moments::of(&[value; 7][..]);
            assert_eq!((moments.mean, moments.variance), (value, 0.0));
            assert_eq!(moments.deviation(value), 0.0);
        }
    }

    #[test]
    fn nan_and_infinities_give_nan() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for x in [[bad, 1.0], [1.0, bad]] {
                let moments = Moments::of(&x[..]);
                assert!(moments.variance.is_nan(), "{x:?}");
                assert!(moments.deviation(bad).is_nan(), "{x:?}");
            }
        }
        let mut columns = ColumnMoments::new(2).unwrap();
        columns.measure(&array![[1.0, f64::NAN], [2.0, 1.0]]);
        assert!(columns.variance[1].is_nan());
        assert_eq!(columns.variance[0], 0.25);
    }
}
