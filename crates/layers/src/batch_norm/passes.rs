//! Both passes of a batch normalization over the columns of a batch.

use ndarray::{ArrayRef2, Zip};
use tensor_core::Float;
use tensor_core::sums::{ColumnMoments, Sum, columns, deviation, inverse_deviation};

use super::cache::BatchNorm1dCache;
use crate::affine::AffineSums;
use crate::extreme::{Set, Standard, Ways, are_extreme, is_ordinary};
use crate::{Affine, Mode};

/// The passes over a batch. Plainly, for every feature `c`:
///
/// ```text
/// forward   μ  = 1/N Σ_n Z[n];  σ² = 1/N Σ_n (Z[n] − μ)²;  r = 1/√(σ² + ε)
///           NZ[n] = (Z[n] − μ) r;  BZ[n] = γ NZ[n] + β
/// backward  dLdβ = Σ_n dLdBZ[n];  dLdγ = Σ_n dLdBZ[n] NZ[n]
///           dLdZ[n] = γ r (dLdBZ[n] − dLdβ/N − NZ[n] dLdγ/N)
/// ```
///
/// Here
///
/// 1. All features are computed row by row (`columns`), because the values of a feature stand far
///    apart in memory and those of a row side by side. `μ`, `r` and the other numbers of a feature
///    are looked up once for all rows.
/// 2. Products of numbers of a feature are taken before the pass over its values: `r γ` forward,
///    `r dLdγ/N` backward. `NZ` appears nowhere, because `Z − μ` times such a product is cheaper.
/// 3. `dLdγ = r Σ_n dLdBZ[n] (Z[n] − μ)`: the factor `r` is multiplied to the sum, not to its
///    terms.
/// 4. `μ` has two parts, `Z − μ = (Z − mean) − mean_low`, because `f64` values far from zero would
///    lose the digits of their deviations with `μ` in one number.
/// 5. Everything is computed in `f64` and rounded once, when it is written. `dLdβ` and `dLdγ` enter
///    `dLdZ` before they are rounded.
/// 6. A column of `f64` values in which a number leaves the type on the way is computed again with
///    numbers whose exponent has no end (`extreme.rs`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Passes<'a, F> {
    pub(super) eps: f64,
    pub(super) affine: &'a Affine<F>,
}

/// The moments of a column, or the running ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// `μ`, and what its rounding has lost.
    pub(super) mean: [f64; 2],
    /// `σ²`.
    pub(super) variance: f64,
    /// `s`, the power of two that the values were multiplied by.
    pub(super) scale: f64,
}

impl Column {
    #[inline(always)]
    pub(super) fn of<F: Float>(moments: &ColumnMoments<F>, c: usize) -> Self {
        let (variance, scale) = (moments.variance[c], moments.scale[c]);
        Self { mean: moments.mean_parts(c), variance, scale }
    }

    /// Whether the column is so far from the ends of the type that the plain loop is right: `r` and
    /// `γ` are [`is_ordinary`]. Without a root and a division.
    #[inline(always)]
    fn is_ordinary(&self, eps: f64, [gamma, offset]: [f64; 2]) -> bool {
        let (square, mean) = (self.variance + eps, self.mean[0].abs());
        let has_product = 1e-200 < square && square < 1e200 && (is_ordinary(gamma) || gamma == 0.0);
        has_product && self.scale == 1.0 && mean < 1e100 && offset.abs() < 1e290
    }

    /// How the column is normalized.
    fn standard(self, eps: f64) -> Standard {
        let Self { mean, variance, scale } = self;
        Standard { mean, inverse: inverse_deviation(variance, eps * scale * scale), scale }
    }
}

impl<F: Float> Passes<'_, F> {
    /// `r[c] γ[c]`.
    #[inline(always)]
    pub(super) fn scale(&self, moments: &ColumnMoments<F>, c: usize) -> f64 {
        moments.inverse_deviation(c, self.eps) * self.affine.scale(c).as_f64()
    }

    /// `γ[c]` and `β[c]`.
    #[inline(always)]
    fn factors(&self, c: usize) -> [f64; 2] {
        [self.affine.scale(c), self.affine.offset(c)].map(F::as_f64)
    }

    /// `BZ` of the columns in which a number leaves the type on the way: 6.
    pub(super) fn normalize_extremes(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        column: impl Fn(usize) -> Column,
    ) {
        for c in 0..if F::NARROW { 0 } else { x.ncols() } {
            let (column, factors) = (column(c), self.factors(c));
            if column.is_ordinary(self.eps, factors) {
                continue;
            }
            let normalized = column.standard(self.eps).scale_and_offset(factors);
            Zip::from(y.column_mut(c)).and(x.column(c)).for_each(|y, x| {
                *y = F::of(normalized(x.as_f64()));
            });
        }
    }

    /// All gradients of such columns: 6.
    pub(super) fn differentiate_extremes(
        &self,
        cache: &mut BatchNorm1dCache<F>,
        [x, dy]: [&ArrayRef2<F>; 2],
        mut dx: Option<&mut ArrayRef2<F>>,
    ) {
        let way = cache.mode == Mode::Train;
        for c in 0..if F::NARROW { 0 } else { x.ncols() } {
            let (column, [gamma, _]) = (Column::of(&cache.moments, c), self.factors(c));
            let (bias, weight) = (cache.sums.bias[c], cache.sums.weight[c]);
            // Σ dLdBZ (Z − μ) may have lost terms that r would make large again: 3
            let are_extreme = are_extreme([bias, weight]) || weight.abs() < 1e-200;
            if column.is_ordinary(self.eps, [gamma, 0.0]) && !are_extreme {
                continue;
            }
            let set = Set {
                n: x.nrows(),
                x: &|n| x[[n, c]].as_f64(),
                dy: &|n| dy[[n, c]].as_f64(),
                gamma: &|_| gamma,
                standard: column.standard(self.eps),
            };
            let mut dx = dx.as_deref_mut();
            let ways = Ways { mean: way, variance: way };
            [cache.sums.bias[c], cache.sums.weight[c]] = set.backward(ways, &mut |n, gradient| {
                if let Some(dx) = &mut dx {
                    dx[[n, c]] = F::of(gradient);
                }
            });
        }
    }

    /// `dLdβ[c] = Σ_n dLdBZ[n,c]` and `dLdγ[c] = r[c] Σ_n dLdBZ[n,c] (Z[n,c] − μ[c])`.
    pub(super) fn parameter_gradients(
        &self,
        moments: &ColumnMoments<F>,
        x_dy: [&ArrayRef2<F>; 2],
        sums: &mut AffineSums,
    ) {
        // 1
        columns::sums(
            x_dy,
            &|c| moments.mean_parts(c), // 4
            &|[x, dy], mean, [bias, weight]: [Sum<F>; 2]| {
                [bias.plus(dy), weight.plus(dy * deviation::<F>(x, mean))]
            },
            |c, [bias, weight]| {
                let inv_std = moments.inverse_deviation(c, self.eps);
                (sums.bias[c], sums.weight[c]) = (bias.value(), weight.value() * inv_std); // 3
            },
        );
    }

    /// `dLdZ[n,c] = (dLdBZ[n,c] − dLdβ[c]/N − NZ[n,c] dLdγ[c]/N) (r[c] γ[c])`.
    pub(super) fn input_gradient(
        &self,
        cache: &BatchNorm1dCache<F>,
        x_dy: [&ArrayRef2<F>; 2],
        dx: &mut ArrayRef2<F>,
    ) {
        let BatchNorm1dCache { moments, sums, .. } = cache;
        let n = dx.nrows() as f64;
        let column = |c: usize| {
            let [mean, mean_low] = moments.mean_parts(c);
            let inv_std = moments.inverse_deviation(c, self.eps);
            let slope = inv_std * (sums.weight[c] / n); // 2
            [mean, mean_low, sums.bias[c] / n, slope, inv_std * self.affine.scale(c).as_f64()]
        };
        columns::map(x_dy, &column, dx, &|[x, dy], [mean, mean_low, mean_dy, slope, scale]| {
            // NZ dLdγ/N = (Z − μ) (r dLdγ/N), with the sums before they are rounded: 5
            ((dy - mean_dy) - deviation::<F>(x, [mean, mean_low]) * slope) * scale
        });
    }
}
