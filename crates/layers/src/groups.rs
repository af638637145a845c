//! Both passes over groups of values that are normalized by themselves.

mod cut;
mod group;

use std::iter;

use ndarray::{Array1, Array2, ArrayRef2};
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::rows::Values;
use tensor_core::sums::{Moments, deviation};
use tensor_core::{Error, Float};

use crate::Affine;
use crate::affine::AffineSums;
use crate::constants::{check_eps, check_set};
use crate::extreme::{SMALL, are_extreme};

use cut::cut;
use group::Group;

/// How rows are cut into groups, and both passes over them: for every layer that normalizes a
/// sample by itself. [`GroupNorm`](crate::GroupNorm) derives the formulas,
/// [`RmsNorm`](crate::RmsNorm) those without a mean.
///
/// Plainly, for every row and every group of `M` values `j` in it, `c` the channel of value `j`:
///
/// ```text
/// normalize  μ = 1/M Σ_j Z[j];  σ² = 1/M Σ_j (Z[j] − μ)²;  r = 1/√(σ² + ε)
///            NZ[j] = (Z[j] − μ) r;  BZ[j] = γ[c] NZ[j] + β[c]
/// backward   μ, r, NZ as before
///            dLdβ[c] += dLdBZ[j];  dLdγ[c] += dLdBZ[j] NZ[j]
///            dLdNZ[j] = dLdBZ[j] γ[c]
///            mean = 1/M Σ_j dLdNZ[j];  slope = 1/M Σ_j dLdNZ[j] NZ[j]
///            dLdZ[j] = r (dLdNZ[j] − mean − NZ[j] slope)
/// ```
///
/// Here
///
/// 1. Arrays whose rows lie one after another are cut as one slice, others row by row, because a
///    slice is read a vector at a time. What is computed is the same.
/// 2. Channels of length 1 have loops of their own: `γ` and `β` then lie beside the values, and
///    everything is one loop over slices that the compiler vectorizes.
/// 3. For longer channels `dLdBZ` and `dLdBZ NZ` are summed along the channel first. These sums are
///    the contributions to `dLdβ` and `dLdγ`, and times `γ[c]` those to `mean` and `slope`: `γ[c]`
///    is the same for the whole channel, so that one pass gives all four.
/// 4. Products of numbers of a group or channel are taken before the pass over its values: `r γ[c]`
///    for channels of length > 1, `slope r` for `NZ[j] slope = (Z[j] − μ) (slope r)`.
/// 5. Nothing is kept from forward for backward: `μ` and `σ²` are two sums over values that are at
///    hand, and what is not kept cannot be out of date.
/// 6. Everything is computed in `f64` and rounded once, when it is written.
/// 7. A group of `f64` values in which a number leaves the type on the way is computed again with
///    powers of two taken out (`extreme.rs`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Groups {
    n_groups: usize,
    channels: usize,
    length: usize,
    eps: f64,
    /// Whether the mean is subtracted.
    is_centered: bool,
}

impl Groups {
    pub(crate) fn new<F: Float>(
        place: &'static str,
        [n_groups, channels, length]: [usize; 3],
        eps: f64,
    ) -> Result<Self, Error> {
        if channels == 0 {
            return Err(Error::empty(place, "at least 1 channel"));
        }
        if length == 0 {
            return Err(Error::empty(place, "a length of at least 1"));
        }
        if channels.checked_mul(length).is_none() {
            let (place, found) = (place.into(), vec![channels, length]);
            return Err(Error::TooLarge { place, found, size: size_of::<F>() });
        }
        let range = "a divisor of the number of channels";
        Error::check_hyperparameter(place, "n_groups", range, n_groups as f64, |_| {
            channels.checked_rem(n_groups) == Some(0)
        })?;
        let size = channels / n_groups * length;
        check_set(place, size)?;
        check_eps::<F>(place, eps)?;
        Ok(Self { n_groups, channels, length, eps, is_centered: true })
    }

    /// The same without a mean: values are divided by their root mean square.
    pub(crate) fn about_zero(self) -> Self {
        Self { is_centered: false, ..self }
    }

    /// The moments of a group and `1/√(σ² + ε)`.
    #[inline(always)]
    fn moments<'a, F: Float>(&self, x: impl Values<'a, F>) -> (Moments<F>, f64) {
        let moments = if self.is_centered { Moments::of(x) } else { Moments::about_zero(x) };
        (moments, moments.inverse_deviation(self.eps))
    }

    pub(crate) fn out_features(
        &self,
        place: &'static str,
        in_features: usize,
    ) -> Result<usize, Error> {
        Error::check_features(place, self.channels * self.length, in_features)
    }

    /// `C`.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Whether the mean is subtracted.
    pub(crate) fn is_centered(&self) -> bool {
        self.is_centered
    }

    /// Mean and `1/√(σ² + ε)` of each group of each row, `(N, n_groups)`, as the passes compute
    /// them.
    pub(crate) fn measured<F: Float>(&self, x: &ArrayRef2<F>) -> [Array2<F>; 2] {
        let shape = (x.nrows(), self.n_groups);
        let (mut mean, mut inverse) = (Array2::zeros(shape), Array2::zeros(shape));
        for (n, row) in x.rows().into_iter().enumerate() {
            for (k, group) in cut(row, self.size()).enumerate() {
                let (moments, inv_std) = self.moments(group);
                mean[[n, k]] = F::of(moments.unscaled().0);
                inverse[[n, k]] = F::of(inv_std * moments.scale);
            }
        }
        [mean, inverse]
    }

    /// `M`: values in a group.
    fn size(&self) -> usize {
        self.channels / self.n_groups * self.length
    }

    /// The first channel of group `k`, counted over all rows.
    #[inline(always)]
    fn first_channel(&self, k: usize) -> usize {
        k % self.n_groups * (self.channels / self.n_groups)
    }

    pub(crate) fn normalize<F: Float>(
        &self,
        affine: &Affine<F>,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
    ) {
        let (groups, size) = (*self, self.size());
        match (x.as_slice(), y.as_slice_mut()) {
            // 1
            (Some(x), Some(y)) => {
                let parts = x.chunks_exact(size).zip(y.chunks_exact_mut(size));
                vectorized(Normalize { groups, affine, parts });
            }
            _ => {
                let x = x.rows().into_iter().flat_map(|row| cut(row, size));
                let y = y.rows_mut().into_iter().flat_map(|row| cut(row, size));
                let parts = x.zip(y);
                vectorized(Normalize { groups, affine, parts });
            }
        }
    }

    /// `dLdγ` and `dLdβ` once more, where a sum over rows has left the type on the way: of `dLdBZ`
    /// times a power of two. 7
    #[cold]
    fn add_extreme<F: Float>(&self, [x, dy]: [&ArrayRef2<F>; 2], sums: &mut AffineSums) {
        sums.fill(0.0);
        for (x, dy) in x.rows().into_iter().zip(dy.rows()) {
            for (k, x) in cut(x, self.size()).enumerate() {
                let (moments, inv_std) = self.moments(x);
                for (i, x) in x.iter().enumerate() {
                    let c = self.first_channel(k) + i / self.length;
                    let dy = dy[k * self.size() + i].as_f64() * SMALL;
                    sums.bias[c] += dy;
                    sums.weight[c] += dy * (moments.deviation(x.as_f64()) * inv_std);
                }
            }
        }
        sums.weight.iter_mut().chain(&mut sums.bias).for_each(|sum| *sum /= SMALL);
    }

    pub(crate) fn backward<F: Float>(
        &self,
        affine: &Affine<F>,
        x: &ArrayRef2<F>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        sums: &mut AffineSums,
    ) {
        sums.fill(0.0);
        let (groups, size, x_dy) = (*self, self.size(), [x, dy]);
        let dx_is_row_major = dx.as_ref().is_none_or(|dx| dx.is_standard_layout());
        match (x.as_slice(), dy.as_slice()) {
            // 1
            (Some(x), Some(dy)) if dx_is_row_major => {
                let dx = dx.and_then(|dx| dx.as_slice_mut());
                let mut dx = dx.map(|dx| dx.chunks_exact_mut(size));
                let dx = iter::from_fn(move || Some(dx.as_mut().and_then(Iterator::next)));
                let parts = x.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx);
                vectorized(Backward { groups, affine, parts, sums: &mut *sums });
            }
            _ => {
                let dx = dx.into_iter().flat_map(|dx| dx.rows_mut());
                let mut dx = dx.flat_map(|row| cut(row, size));
                let dx = iter::from_fn(move || Some(dx.next()));
                let x = x.rows().into_iter().flat_map(|row| cut(row, size));
                let dy = dy.rows().into_iter().flat_map(|row| cut(row, size));
                let parts = x.zip(dy).zip(dx);
                vectorized(Backward { groups, affine, parts, sums: &mut *sums });
            }
        }
        if !F::NARROW && !sums.are_finite() {
            self.add_extreme(x_dy, sums);
        }
    }
}

struct Normalize<'a, F, I> {
    groups: Groups,
    affine: &'a Affine<F>,
    /// Each group's `x` and `y`.
    parts: I,
}

impl<'a, F, X, Y, I> Loop for Normalize<'a, F, I>
where
    F: Float,
    X: Values<'a, F>,
    Y: IntoIterator<Item = &'a mut F>,
    I: Iterator<Item = (X, Y)>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { groups, affine, parts } = self;
        let (size, length) = (groups.size(), groups.length);
        for (k, (x, y)) in parts.enumerate() {
            let first = groups.first_channel(k);
            let (moments, inv_std) = groups.moments(x);
            let mean = [moments.mean, moments.mean_low];
            let mut elements = y.into_iter().zip(x.values());
            // BZ[j] = γ[c] NZ[j] + β[c]
            if length == 1 && !is_scaled(&moments) {
                // 2
                let weight = slice(affine.weight(), first, size);
                let bias = slice(affine.bias(), first, size);
                let normalized = |x: F| deviation::<F>(x.as_f64(), mean) * inv_std; // 6
                match (weight, bias) {
                    (Some(weight), Some(bias)) => {
                        for (((y, &x), &weight), &bias) in elements.zip(weight).zip(bias) {
                            *y = F::of(normalized(x) * weight.as_f64() + bias.as_f64());
                        }
                    }
                    (Some(weight), None) => {
                        for ((y, &x), &weight) in elements.zip(weight) {
                            *y = F::of(normalized(x) * weight.as_f64());
                        }
                    }
                    (None, _) => elements.for_each(|(y, &x)| *y = F::of(normalized(x))),
                }
                continue;
            }
            for c in first..first + size / length {
                let (weight, offset) = (affine.scale(c).as_f64(), affine.offset(c).as_f64());
                let (scale, channel) = (inv_std * weight, elements.by_ref().take(length)); // 4
                let has_scale = F::NARROW || scale.is_normal() || weight == 0.0;
                if !has_scale || is_scaled(&moments) {
                    write_extreme(moments, [inv_std, weight, offset], channel); // 7
                    continue;
                }
                for (y, &x) in channel {
                    *y = F::of(deviation::<F>(x.as_f64(), mean) * scale + offset);
                }
            }
        }
    }
}

/// Whether the moments are those of the values times a power of two. 7
#[inline(always)]
fn is_scaled<F: Float>(moments: &Moments<F>) -> bool {
    !F::NARROW && moments.scale != 1.0
}

/// `BZ[j]` of one channel from `r`, `γ` and `β`, where a number leaves the type on the way. 7
#[inline(always)]
fn write_extreme<'a, F: Float>(
    moments: Moments<F>,
    [inv_std, weight, offset]: [f64; 3],
    channel: impl Iterator<Item = (&'a mut F, &'a F)>,
) {
    for (y, x) in channel {
        *y = F::of(moments.deviation(x.as_f64()) * inv_std * weight + offset);
    }
}

struct Backward<'a, F, I> {
    groups: Groups,
    affine: &'a Affine<F>,
    /// Each group's `x` and `dy`, and `dx` if it is wanted.
    parts: I,
    sums: &'a mut AffineSums,
}

impl<'a, F, X, D, I> Loop for Backward<'a, F, I>
where
    F: Float,
    X: Values<'a, F>,
    D: IntoIterator<Item = &'a mut F>,
    I: Iterator<Item = ((X, X), Option<D>)>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { groups, affine, parts, sums } = self;
        let n_channels = groups.channels / groups.n_groups;
        for (k, ((x, dy), dx)) in parts.enumerate() {
            let first = groups.first_channel(k);
            let weight = slice(affine.weight(), first, n_channels);
            let (moments, inv_std) = groups.moments(x); // 5
            let Groups { length, is_centered, .. } = groups;
            let group = Group { length, is_centered, x, dy, weight, moments, inv_std };
            let channels = first..first + n_channels;
            let (bias, weight) = (&mut sums.bias[channels.clone()], &mut sums.weight[channels]);
            let totals = if is_scaled(&moments) {
                group.add_extreme(bias, weight) // 7
            } else if length > 1 {
                group.add_channels(bias, weight)
            } else {
                group.add_values(bias, weight)
            };
            let Some(dx) = dx else { continue };
            let totals = totals.map(|total| total.value());
            if is_scaled(&moments) || !F::NARROW && are_extreme(totals) {
                group.write_extreme(dx); // 7
            } else {
                group.write_gradient(totals, dx);
            }
        }
    }
}

/// The values of `n` channels from `first` on.
#[inline(always)]
fn slice<F>(channels: Option<&Array1<F>>, first: usize, n: usize) -> Option<&[F]> {
    // An `Affine` holds its values row-major; were they not, the range would panic.
    channels.map(|channels| &channels.as_slice().unwrap_or_default()[first..first + n])
}
