//! Both passes over groups of values that are normalized by themselves.

mod cut;

use std::iter;

use ndarray::{Array1, Array2, ArrayRef2};
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Moments;
use tensor_core::sums::Sum;
use tensor_core::sums::rows::{self, Values};
use tensor_core::{Error, Float};

use crate::Affine;
use crate::affine::AffineSums;
use crate::constants::{check_eps, check_set};

use cut::cut;

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
        (moments, 1.0 / (moments.variance + self.eps).sqrt())
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
                mean[[n, k]] = F::of(moments.mean);
                inverse[[n, k]] = F::of(inv_std);
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

    pub(crate) fn backward<F: Float>(
        &self,
        affine: &Affine<F>,
        x: &ArrayRef2<F>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        sums: &mut AffineSums,
    ) {
        sums.weight.fill(0.0);
        sums.bias.fill(0.0);
        let (groups, size) = (*self, self.size());
        let dx_is_row_major = dx.as_ref().is_none_or(|dx| dx.is_standard_layout());
        match (x.as_slice(), dy.as_slice()) {
            // 1
            (Some(x), Some(dy)) if dx_is_row_major => {
                let dx = dx.and_then(|dx| dx.as_slice_mut());
                let mut dx = dx.map(|dx| dx.chunks_exact_mut(size));
                let dx = iter::from_fn(move || Some(dx.as_mut().and_then(Iterator::next)));
                let parts = x.chunks_exact(size).zip(dy.chunks_exact(size)).zip(dx);
                vectorized(Backward { groups, affine, parts, sums });
            }
            _ => {
                let dx = dx.into_iter().flat_map(|dx| dx.rows_mut());
                let mut dx = dx.flat_map(|row| cut(row, size));
                let dx = iter::from_fn(move || Some(dx.next()));
                let x = x.rows().into_iter().flat_map(|row| cut(row, size));
                let dy = dy.rows().into_iter().flat_map(|row| cut(row, size));
                let parts = x.zip(dy).zip(dx);
                vectorized(Backward { groups, affine, parts, sums });
            }
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
            let mut elements = y.into_iter().zip(x.values());
            // BZ[j] = γ[c] NZ[j] + β[c]
            if length == 1 {
                // 2
                let weight = slice(affine.weight(), first, size);
                let bias = slice(affine.bias(), first, size);
                let normalized = |x: F| moments.deviation(x.as_f64()) * inv_std; // 6
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
                // 4
                let (scale, offset) = (inv_std * affine.scale(c).as_f64(), affine.offset(c));
                for (y, &x) in elements.by_ref().take(length) {
                    *y = F::of(moments.deviation(x.as_f64()) * scale + offset.as_f64());
                }
            }
        }
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
            let group = Group { groups, x, dy, weight, moments, inv_std };
            let channels = first..first + n_channels;
            let (bias, weight) = (&mut sums.bias[channels.clone()], &mut sums.weight[channels]);
            let totals = if groups.length > 1 {
                group.add_channels(bias, weight)
            } else {
                group.add_values(bias, weight)
            };
            if let Some(dx) = dx {
                group.write_gradient(totals, dx);
            }
        }
    }
}

/// A group of one row: its values, `dLdBZ`, `γ`, the moments, and `r = 1/√(σ² + ε)`.
struct Group<'w, F, X> {
    groups: Groups,
    x: X,
    dy: X,
    weight: Option<&'w [F]>,
    moments: Moments<F>,
    inv_std: f64,
}

// Inlined, because all of it runs inside a vectorized loop.
impl<'a, F: Float, X: Values<'a, F>> Group<'a, F, X> {
    /// `NZ[j] = (Z[j] − μ) r`.
    #[inline(always)]
    fn normalized(&self, x: f64) -> f64 {
        self.moments.deviation(x) * self.inv_std
    }

    /// Adds the contributions to `dLdβ[c]` and `dLdγ[c]` of channels of length 1. Returns
    /// `Σ_j dLdNZ[j]` and `Σ_j dLdNZ[j] NZ[j]`. 2
    #[inline(always)]
    fn add_values(&self, d_beta: &mut [f64], d_gamma: &mut [f64]) -> [Sum<F>; 2] {
        let (x, dy) = (self.x, self.dy);
        let sums = d_beta.iter_mut().zip(d_gamma);
        for ((d_beta, d_gamma), (x, dy)) in sums.zip(x.values().zip(dy.values())) {
            // dLdβ[c] += dLdBZ[j], dLdγ[c] += dLdBZ[j] NZ[j]
            *d_beta += dy.as_f64();
            *d_gamma += dy.as_f64() * self.normalized(x.as_f64());
        }
        // dLdNZ[j] = dLdBZ[j] γ[c]
        match self.weight {
            Some(weight) => rows::sums([x, dy, X::of_slice(weight)], &|[x, dy, weight], sums| {
                add_gradients::<F>(sums, dy * weight, self.normalized(x))
            }),
            None => rows::sums([x, dy], &|[x, dy], sums| {
                add_gradients::<F>(sums, dy, self.normalized(x))
            }),
        }
    }

    /// The same for longer channels. 3
    #[inline(always)]
    fn add_channels(&self, d_beta: &mut [f64], d_gamma: &mut [f64]) -> [Sum<F>; 2] {
        let length = self.groups.length;
        let mut totals = [Sum::<F>::default(); 2];
        for (c, (d_beta, d_gamma)) in d_beta.iter_mut().zip(d_gamma).enumerate() {
            let channel = [self.x, self.dy].map(|values| values.part(c * length, length));
            let [bias, weight] = rows::sums(channel, &|[x, dy], sums| {
                add_gradients::<F>(sums, dy, self.normalized(x))
            });
            let (bias, weight) = (bias.value(), weight.value());
            *d_beta += bias;
            *d_gamma += weight;
            let scale = self.weight.map_or(1.0, |weight| weight[c].as_f64());
            totals = [totals[0].plus(bias * scale), totals[1].plus(weight * scale)];
        }
        totals
    }

    /// `dLdZ[j] = r (dLdNZ[j] − mean − NZ[j] slope)`, from the sums over `dLdNZ` and `dLdNZ NZ`.
    #[inline(always)]
    fn write_gradient<D>(&self, [sum, sum_normalized]: [Sum<F>; 2], dx: D)
    where
        D: IntoIterator<Item = &'a mut F>,
    {
        let Groups { length, is_centered, .. } = self.groups;
        let n = self.groups.size() as f64;
        let mean = if is_centered { sum.value() / n } else { 0.0 };
        let slope = sum_normalized.value() / n * self.inv_std; // 4
        let gradient = |dy: f64, x: F| {
            F::of(((dy - mean) - self.moments.deviation(x.as_f64()) * slope) * self.inv_std)
        };
        let mut elements = dx.into_iter().zip(self.x.values().zip(self.dy.values()));
        match self.weight {
            None => elements.for_each(|(dx, (&x, dy))| *dx = gradient(dy.as_f64(), x)),
            Some(weight) if length == 1 => {
                for ((dx, (&x, dy)), weight) in elements.zip(weight) {
                    *dx = gradient(dy.as_f64() * weight.as_f64(), x);
                }
            }
            Some(weight) => {
                for weight in weight {
                    for (dx, (&x, dy)) in elements.by_ref().take(length) {
                        *dx = gradient(dy.as_f64() * weight.as_f64(), x);
                    }
                }
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

/// Adds `dy` and `dy NZ` of one value.
#[inline(always)]
fn add_gradients<F: Float>([bias, weight]: [Sum<F>; 2], dy: f64, normalized: f64) -> [Sum<F>; 2] {
    [bias.plus(dy), weight.plus(dy * normalized)]
}
