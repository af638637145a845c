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
use crate::extreme::{Standard, are_extreme};

use cut::cut;
use group::Group;

/// A power of two, `2⁻¹²⁸`: sums of numbers times it do not overflow.
const SMALL: f64 = 1.0 / (1_u128 << 127) as f64 / 2.0;

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
///    numbers whose exponent has no end (`extreme.rs`). `NZ` and `dLdNZ` are numbers of the type
///    all the same: below the smallest normal one they have its absolute precision.
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
        let (groups, size, is_ordinary) = (*self, self.size(), affine.is_ordinary());
        match (x.as_slice(), y.as_slice_mut()) {
            // 1
            (Some(x), Some(y)) => {
                let parts = x.chunks_exact(size).zip(y.chunks_exact_mut(size));
                vectorized(Normalize { groups, affine, is_ordinary, parts });
            }
            _ => {
                let x = x.rows().into_iter().flat_map(|row| cut(row, size));
                let y = y.rows_mut().into_iter().flat_map(|row| cut(row, size));
                let parts = x.zip(y);
                vectorized(Normalize { groups, affine, is_ordinary, parts });
            }
        }
    }

    /// Those of `dLdγ` and `dLdβ` once more whose sums over rows have left the type on the way: of
    /// `dLdBZ` times a power of two. 7
    #[cold]
    fn add_extreme<F: Float>(&self, [x, dy]: [&ArrayRef2<F>; 2], sums: &mut AffineSums) {
        sums.begin_again();
        for (x, dy) in x.rows().into_iter().zip(dy.rows()) {
            for (k, x) in cut(x, self.size()).enumerate() {
                let (moments, inv_std) = self.moments(x);
                for (i, x) in x.iter().enumerate() {
                    let c = self.first_channel(k) + i / self.length;
                    let dy = dy[k * self.size() + i].as_f64() * SMALL;
                    let normalized = moments.deviation(x.as_f64()) * inv_std;
                    sums.add_again(c, [dy * normalized, dy]);
                }
            }
        }
        sums.end_again(1.0 / SMALL);
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
        let is_ordinary = affine.is_ordinary();
        let dx_is_row_major = dx.as_ref().is_none_or(|dx| dx.is_standard_layout());
        match (x.as_slice(), dy.as_slice()) {
            // 1
            (Some(x), Some(dy)) if dx_is_row_major => {
                let dx = dx.and_then(|dx| dx.as_slice_mut());
                let mut dx = dx.map(|dx| dx.chunks_exact_mut(size));
                let dx = iter::from_fn(move || Some(dx.as_mut().and_then(Iterator::next)));
                let parts = x.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx);
                vectorized(Backward { groups, affine, parts, is_ordinary, sums: &mut *sums });
            }
            _ => {
                let dx = dx.into_iter().flat_map(|dx| dx.rows_mut());
                let mut dx = dx.flat_map(|row| cut(row, size));
                let dx = iter::from_fn(move || Some(dx.next()));
                let x = x.rows().into_iter().flat_map(|row| cut(row, size));
                let dy = dy.rows().into_iter().flat_map(|row| cut(row, size));
                let parts = x.zip(dy).zip(dx);
                vectorized(Backward { groups, affine, parts, is_ordinary, sums: &mut *sums });
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
    /// Whether all γ and β are. 7
    is_ordinary: bool,
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
        let Self { groups, affine, is_ordinary, parts } = self;
        let (size, length) = (groups.size(), groups.length);
        for (k, (x, y)) in parts.enumerate() {
            let first = groups.first_channel(k);
            let (moments, inv_std) = groups.moments(x);
            let mut elements = y.into_iter().zip(x.values());
            let standard = Standard::of(&moments, inv_std);
            if !(F::NARROW || is_ordinary && standard.is_ordinary()) {
                write_extreme(standard, affine, [first, length], elements); // 7
                continue;
            }
            // BZ[j] = γ[c] NZ[j] + β[c]
            if length == 1 {
                let parameters = [affine.weight(), affine.bias()]; // 2
                let normalized = |x: F| deviation::<F>(x.as_f64(), standard.mean) * inv_std; // 6
                match parameters.map(|values| slice(values, first, size)) {
                    [Some(weight), Some(bias)] => {
                        for (((y, &x), &weight), &bias) in elements.zip(weight).zip(bias) {
                            *y = F::of(normalized(x) * weight.as_f64() + bias.as_f64());
                        }
                    }
                    [Some(weight), None] => {
                        for ((y, &x), &weight) in elements.zip(weight) {
                            *y = F::of(normalized(x) * weight.as_f64());
                        }
                    }
                    [None, _] => elements.for_each(|(y, &x)| *y = F::of(normalized(x))),
                }
                continue;
            }
            for c in first..first + size / length {
                let (weight, offset) = (affine.scale(c).as_f64(), affine.offset(c).as_f64());
                let scale = inv_std * weight; // 4
                for (y, &x) in elements.by_ref().take(length) {
                    *y = F::of(deviation::<F>(x.as_f64(), standard.mean) * scale + offset);
                }
            }
        }
    }
}

/// `BZ[j]` of a group from its first channel and their length, where a number leaves the type on
/// the way. 7
#[cold]
fn write_extreme<'a, F: Float>(
    standard: Standard,
    affine: &Affine<F>,
    [first, length]: [usize; 2],
    elements: impl Iterator<Item = (&'a mut F, &'a F)>,
) {
    for (j, (y, x)) in elements.enumerate() {
        let c = first + j / length;
        let factors = [affine.scale(c), affine.offset(c)].map(F::as_f64);
        *y = F::of(standard.scale_and_offset(factors)(x.as_f64()));
    }
}

struct Backward<'a, F, I> {
    groups: Groups,
    affine: &'a Affine<F>,
    /// Each group's `x` and `dy`, and `dx` if it is wanted.
    parts: I,
    /// Whether all γ are. 7
    is_ordinary: bool,
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
        let Self { groups, affine, parts, is_ordinary, sums } = self;
        let n_channels = groups.channels / groups.n_groups;
        for (k, ((x, dy), dx)) in parts.enumerate() {
            let first = groups.first_channel(k);
            let weight = slice(affine.weight(), first, n_channels);
            let (moments, inv_std) = groups.moments(x); // 5
            let Groups { length, is_centered, .. } = groups;
            let group = Group { length, is_centered, x, dy, weight, moments, inv_std };
            let channels = first..first + n_channels;
            let (bias, weight) = (&mut sums.bias[channels.clone()], &mut sums.weight[channels]);
            let is_plain =
                F::NARROW || is_ordinary && Standard::of(&moments, inv_std).is_ordinary();
            let totals = if !is_plain {
                group.add_extreme(bias, weight) // 7
            } else if length > 1 {
                group.add_channels(bias, weight)
            } else {
                group.add_values(bias, weight)
            };
            let Some(dx) = dx else { continue };
            let totals = totals.map(|total| total.value());
            // Without a mean the second sum is all that values share.
            let shared = if is_centered { totals } else { [totals[1]; 2] };
            if !is_plain || !F::NARROW && are_extreme(shared) {
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
