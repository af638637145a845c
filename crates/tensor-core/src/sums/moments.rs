//! Mean and variance that keep their digits however far the values lie from zero.

use std::marker::PhantomData;

use kernels::Float;
use kernels::sums::rows::{self, Values};
use kernels::sums::{Sum, two_sum};

use super::scaled;

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
/// # Values whose squares overflow
/// In `f64` those of values beyond 10¹⁵⁴ do. Where the variance shows that, everything is measured
/// again of `s x[i]`, with `s` a power of two, which changes no digit: [`scale`](Self::scale) is
/// that `s`, and 1 for all other values, whose numbers are the plain ones. So the fields are those
/// of `s x`, and what is made of them has its digits wherever the values lie:
///
/// ```text
/// (x − μ)/√(σ² + ε) = deviation(x)·inverse_deviation(ε)
///       1/√(σ² + ε) = scale·inverse_deviation(ε)                the factor of a gradient
/// ```
///
/// Small values need no `s`: what vanishes of their squares, less than 2⁻¹⁰⁷⁴ each, does not show
/// in `σ² + ε` for an `ε` from 10⁻³⁰⁷ on.
///
/// # Examples
/// ```
/// use tensor_core::sums::Moments;
///
/// let x = [1e8_f32, 1e8 + 8.0, 1e8 + 16.0];
/// let moments = Moments::of(&x[..]);
/// assert_eq!((moments.mean, moments.variance as f32), (1e8 + 8.0, 128.0 / 3.0));
/// assert_eq!(x.map(|x| moments.deviation(x.into())), [-8.0, 0.0, 8.0]);
///
/// // The variance would be 1.25e310. μ = 0.5e155, and 0.5/√1.25 = √0.2.
/// let x = [1.0, -1.0, 2.0, 0.0].map(|x| x * 1e155);
/// let moments = Moments::of(&x[..]);
/// let normalized = moments.deviation(x[0]) * moments.inverse_deviation(1e-5);
/// assert!((normalized - 0.2_f64.sqrt()).abs() < 1e-15);
/// assert_eq!(moments.unscaled(), (0.5e155, f64::INFINITY));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments<F> {
    /// `μ` of `s x`, rounded to `f64`.
    pub mean: f64,
    /// The low-order part of the mean: what that rounding has lost. The mean is `mean + mean_low`.
    pub mean_low: f64,
    /// `σ²` of `s x`.
    pub variance: f64,
    /// `s`, a power of two: 1 where no square overflows.
    pub scale: f64,
    of: PhantomData<F>,
}

impl<F: Float> Moments<F> {
    /// Those of a list that is not empty. All of it is inlined, for loops that run through
    /// [`vectorized`](crate::simd::vectorized).
    ///
    /// # Panics
    /// If the list is empty.
    #[inline(always)]
    pub fn of<'a>(x: impl Values<'a, F>) -> Self
    where
        F: 'a,
    {
        let (n, shift) = (x.count() as f64, x.at(0).as_f64());
        let sums = rows::sums([x], &|[x], sums| add_first(x, shift, sums));
        let (mean, variance) = first_moments(shift, sums, n);
        if F::NARROW {
            return Self::from_parts(mean, variance, 1.0);
        }
        // 4: σ² = mean((x − μ)²)
        let [squares] =
            rows::sums([x], &|[x], [sum]: [Sum<F>; 1]| [sum.plus(square(deviation::<F>(x, mean)))]);
        let variance = squares.value() / n;
        if variance.is_finite() {
            return Self::from_parts(mean, variance, 1.0);
        }
        let scaled = scaled::moments(x.count(), &move |i| x.at(i).as_f64());
        scaled.map_or(Self::from_parts(mean, variance, 1.0), Self::from_scaled)
    }

    /// Those of a list that is not empty, with 0 for `μ`: the variance is the mean square. Inlined
    /// as well.
    ///
    /// # Panics
    /// If the list is empty.
    #[inline(always)]
    pub fn about_zero<'a>(x: impl Values<'a, F>) -> Self
    where
        F: 'a,
    {
        assert!(x.count() > 0, "moments: of at least one value");
        let [squares] = rows::sums([x], &|[x], [sum]: [Sum<F>; 1]| [sum.plus(square(x))]);
        let plain = Self::from_parts([0.0; 2], squares.value() / x.count() as f64, 1.0);
        if F::NARROW || plain.variance.is_finite() {
            return plain;
        }
        let scaled = scaled::about_zero(x.count(), &move |i| x.at(i).as_f64());
        scaled.map_or(plain, Self::from_scaled)
    }

    #[inline(always)]
    pub(super) fn from_parts([mean, mean_low]: [f64; 2], variance: f64, scale: f64) -> Self {
        Self { mean, mean_low, variance, scale, of: PhantomData }
    }

    fn from_scaled(scaled: scaled::Scaled) -> Self {
        Self::from_parts(scaled.mean, scaled.variance, scaled.scale)
    }

    /// `s x − μ`, with both parts of `μ`: `x − μ` where the [`scale`](Self::scale) is 1.
    #[inline(always)]
    pub fn deviation(&self, x: f64) -> f64 {
        let x = if F::NARROW { x } else { x * self.scale };
        deviation::<F>(x, [self.mean, self.mean_low])
    }

    /// `1/√(σ² + s² ε)`: what a [`deviation`](Self::deviation) is multiplied by to be normalized.
    #[inline(always)]
    pub fn inverse_deviation(&self, eps: f64) -> f64 {
        inverse_deviation(self.variance, eps * self.scale * self.scale)
    }

    /// Mean and variance of `x` itself, the latter ∞ where the type has no number for it.
    #[inline]
    pub fn unscaled(&self) -> (f64, f64) {
        (self.mean / self.scale, self.variance / self.scale / self.scale)
    }
}

/// `1/√(σ² + ε)`, also where that sum leaves the type.
///
/// # Examples
/// ```
/// use tensor_core::sums::inverse_deviation;
///
/// assert_eq!(inverse_deviation(1.0, 3.0), 0.5);
/// assert_eq!(inverse_deviation(2.0_f64.powi(1023), 2.0_f64.powi(1023)), 2.0_f64.powi(-512));
/// ```
#[inline(always)]
pub fn inverse_deviation(variance: f64, eps: f64) -> f64 {
    let square = variance + eps;
    // One root and one division in either case: the compiler would compute both.
    let has_room = square < f64::INFINITY;
    let quarter = 0.25 * variance + 0.25 * eps;
    let (factor, square) = if has_room { (1.0, square) } else { (0.5, quarter) };
    factor / square.sqrt()
}

/// The deviation `x − μ = (x − μ_high) − μ_low` from a mean in two parts, as
/// [`ColumnMoments::mean_parts`](super::ColumnMoments::mean_parts) gives them; for `f32` values `x − μ_high`.
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
pub(super) fn add_first<F: Float>(x: f64, shift: f64, [sum, squares]: [Sum<F>; 2]) -> [Sum<F>; 2] {
    // 4, for f32: Σ (x − K)²
    let squares = if F::NARROW { squares.plus(square(x - shift)) } else { squares };
    // 1: Σ (x − K)
    [sum.plus_difference(x, shift), squares]
}

/// `μ` in two parts, and for `f32` values `σ²`, from what [`add_first`] has added up.
#[inline(always)]
pub(super) fn first_moments<F: Float>(
    shift: f64,
    [sum, squares]: [Sum<F>; 2],
    n: f64,
) -> ([f64; 2], f64) {
    // 2: d = mean(x − K), μ = K + d
    let from_shift = sum.value() / n;
    let (mean, low) = two_sum(shift, from_shift);
    // An infinity has no low-order part, and must not become NaN by it.
    let low = if low.is_nan() { 0.0 } else { low };
    // 4, for f32: σ² = mean((x − K)²) − d²
    ([mean, low], squares.value() / n - square(from_shift))
}

#[inline(always)]
pub(super) fn square(x: f64) -> f64 {
    x * x
}

#[cfg(test)]
mod tests {
    use super::Moments;
    use crate::Float;

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
    fn about_zero_the_variance_is_the_mean_square() {
        let moments = Moments::about_zero(&[1.0_f32, -2.0, 4.0][..]);
        assert_eq!((moments.mean, moments.variance, moments.deviation(5.0)), (0.0, 7.0, 5.0));
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
    }

    // (1, −1, 2, 0): μ = ½, σ² = (¼ + 9/4 + 9/4 + ¼)/4 = 5/4, (x − μ)/σ = (1, −3, 3, −1)/√5. Times
    // 10¹⁵⁵ the squares overflow in f64 (LayerNorm gave zeros).
    #[test]
    fn normalized_values_do_not_depend_on_the_unit() {
        let want = [1.0, -3.0, 3.0, -1.0].map(|x| x / 5.0_f64.sqrt());
        let check = |unit: f64, extra: usize| {
            // A multiple of the four has their moments.
            let x = [1.0, -1.0, 2.0, 0.0].map(|x| x * unit).repeat(extra);
            let moments = Moments::of(&x[..]);
            let inverse = moments.inverse_deviation(0.0);
            for (i, &x) in x.iter().enumerate() {
                let (got, want) = (moments.deviation(x) * inverse, want[i % 4]);
                assert!((got - want).abs() <= 4.0 * f64::EPSILON * want.abs(), "{unit:e}: {got}");
            }
            // 1/σ of x itself has its digits where it is no subnormal number.
            let (slope, want) = (moments.scale * inverse, 1.0 / 1.25_f64.sqrt() / unit);
            assert!(
                (slope / want - 1.0).abs() <= 1e-14 || !want.is_normal(),
                "{unit:e}: {slope:e}"
            );
            let error = (moments.unscaled().0 - unit / 2.0).abs();
            assert!(error <= f64::EPSILON * unit, "{unit:e}");
        };
        for extra in [1, 9] {
            // Twice a unit is a number up to 2¹⁰²²; no square vanishes from 2⁻⁵⁰⁹ on.
            (-509..=1022).for_each(|e| check(2.0_f64.powi(e), extra));
            check(1e155, extra);
        }
    }

    // (1, −1, −1): μ = −⅓, deviations (4, −2, −2)/3, σ² = 8/9. The first deviation of the largest
    // numbers is above all numbers; normalized it is √2.
    #[test]
    fn the_largest_numbers_have_moments() {
        let x = [f64::MAX, -f64::MAX, -f64::MAX];
        let moments = Moments::of(&x[..]);
        let root = 2.0_f64.sqrt();
        for (x, want) in x.iter().zip([root, -0.5 * root, -0.5 * root]) {
            let got = moments.deviation(*x) * moments.inverse_deviation(1e-5);
            assert!((got / want - 1.0).abs() <= 4.0 * f64::EPSILON, "{got}");
        }
    }

    // (3, 4): the mean square is 25/2.
    #[test]
    fn the_root_mean_square_has_any_unit() {
        for unit in [1.0, 1e-150, 1e155, 4e307] {
            let x = [3.0 * unit, 4.0 * unit];
            let moments = Moments::about_zero(&x[..]);
            let got = moments.deviation(x[0]) * moments.inverse_deviation(0.0);
            assert!((got / (3.0 / 12.5_f64.sqrt()) - 1.0).abs() <= 1e-15, "{unit:e}: {got}");
        }
    }

    // σ² is nothing beside ε: r = 1/√ε. Or ε beside σ²: r = 1/σ.
    #[test]
    fn whichever_is_small_leaves_the_other() {
        let table =
            [(1e-170, 1e-5), (1e-300, 1.0), (1e-170, 1e-307), (1e200, 1e-307), (1e200, 1.0)];
        for (unit, eps) in table {
            let x = [1.0, -1.0].map(|x| x * unit);
            let moments = Moments::of(&x[..]);
            let got = moments.deviation(x[0]) * moments.inverse_deviation(eps);
            let want = if unit < 1.0 { x[0] / eps.sqrt() } else { 1.0 };
            assert!((got / want - 1.0).abs() <= 4.0 * f64::EPSILON, "{got:e}, {want:e}");
        }
    }
}
