//! Both passes over groups of values that are normalized by themselves: what [`GroupNorm`](crate::GroupNorm),
//! [`LayerNorm`](crate::LayerNorm), [`InstanceNorm1d`](crate::InstanceNorm1d) and [`RmsNorm`](crate::RmsNorm) share. The formulas
//! stand in `group_norm.rs`, those without a mean in `rms_norm.rs`. All is computed in `f64`, and what is written is rounded once.

use std::{iter, mem};

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, ArrayViewMut1, Axis};
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Moments;
use tensor_core::sums::Sum;
use tensor_core::sums::rows::{self, Values};
use tensor_core::{Error, Float};

use crate::Affine;
use crate::affine::AffineSums;

/// How rows are cut into groups, and both passes over them: for every layer that normalizes a sample by itself.
///
/// Nothing is saved for backward: the moments of a group are two sums over values that are at hand, and what is not kept
/// cannot be out of date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Groups {
    n_groups: usize,
    channels: usize,
    length: usize,
    eps: f64,
    /// Whether the mean is taken away.
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
        let range = "a divisor of the number of channels";
        Error::check_hyperparameter(place, "n_groups", range, n_groups as f64, |_| {
            channels.checked_rem(n_groups) == Some(0)
        })?;
        // In F: an ε that rounds to 0 would divide equal values by 0.
        let in_range = |e| F::of(e) > F::zero() && F::of(e).is_finite();
        let range = "a finite number > 0 in the layer's type";
        Error::check_hyperparameter(place, "eps", range, eps, in_range)?;
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

    /// Whether the mean is taken away.
    pub(crate) fn is_centered(&self) -> bool {
        self.is_centered
    }

    /// Mean and `1/√(σ² + ε)` of each group of each row, `(N, n_groups)`, as the passes compute them.
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
        let dx_is_packed = dx.as_ref().is_none_or(|dx| dx.is_standard_layout());
        match (x.as_slice(), dy.as_slice()) {
            (Some(x), Some(dy)) if dx_is_packed => {
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
            // BZ = γ ⊙ NZ + β
            if length == 1 {
                let weight = slice(affine.weight(), first, size);
                let bias = slice(affine.bias(), first, size);
                let normalized = |x: F| moments.deviation(x.as_f64()) * inv_std;
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
        let (size, length) = (groups.size(), groups.length);
        let n = size as f64;
        for (k, ((x, dy), dx)) in parts.enumerate() {
            let first = groups.first_channel(k);
            let (moments, inv_std) = groups.moments(x);
            let normalized = |x: f64| moments.deviation(x) * inv_std;
            let weight = slice(affine.weight(), first, size / length);
            // Σ dLdNZ and Σ dLdNZ ⊙ NZ, where dLdNZ = dLdBZ ⊙ γ
            let [sum, sum_normalized] = if length > 1 {
                let mut all = [Sum::<F>::default(); 2];
                for c in first..first + size / length {
                    let start = (c - first) * length;
                    let [bias, weight] = rows::sums(
                        [x.part(start, length), dy.part(start, length)],
                        &|[x, dy], s| add_gradients::<F>(s, dy, normalized(x)),
                    );
                    let (bias, weight) = (bias.value(), weight.value());
                    sums.bias[c] += bias;
                    sums.weight[c] += weight;
                    let scale = affine.scale(c).as_f64();
                    all = [all[0].plus(bias * scale), all[1].plus(weight * scale)];
                }
                all
            } else {
                let channels = first..first + size;
                let biases = sums.bias[channels.clone()].iter_mut();
                let shares = biases.zip(&mut sums.weight[channels]);
                for ((bias, weight), (x, dy)) in shares.zip(x.values().zip(dy.values())) {
                    *bias += dy.as_f64();
                    *weight += dy.as_f64() * normalized(x.as_f64());
                }
                match weight {
                    Some(weight) => {
                        rows::sums([x, dy, X::of_slice(weight)], &|[x, dy, weight], s| {
                            add_gradients::<F>(s, dy * weight, normalized(x))
                        })
                    }
                    None => {
                        rows::sums([x, dy], &|[x, dy], s| add_gradients::<F>(s, dy, normalized(x)))
                    }
                }
            };
            let Some(dx) = dx else { continue };
            let mean = if groups.is_centered { sum.value() / n } else { 0.0 };
            let slope = sum_normalized.value() / n * inv_std;
            // dLdZ = (dLdNZ − mean(dLdNZ) − NZ ⊙ mean(dLdNZ ⊙ NZ))/√(σ² + ε)
            let gradient = |dy: f64, x: F| {
                F::of(((dy - mean) - moments.deviation(x.as_f64()) * slope) * inv_std)
            };
            let mut elements = dx.into_iter().zip(x.values().zip(dy.values()));
            match weight {
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
}

/// The groups of a row.
fn cut<R: Cut>(row: R, size: usize) -> impl Iterator<Item = R> {
    let mut rest = row;
    iter::from_fn(move || rest.take(size))
}

/// A row that gives away its first values.
trait Cut: Sized {
    /// The first `n` values, unless there are none left.
    fn take(&mut self, n: usize) -> Option<Self>;
}

impl<F> Cut for ArrayView1<'_, F> {
    fn take(&mut self, n: usize) -> Option<Self> {
        let (part, rest) = (*self).split_at(Axis(0), n.min(self.len()));
        *self = rest;
        (!part.is_empty()).then_some(part)
    }
}

impl<F> Cut for ArrayViewMut1<'_, F> {
    fn take(&mut self, n: usize) -> Option<Self> {
        let row = mem::replace(self, ArrayViewMut1::from(&mut []));
        let n = n.min(row.len());
        let (part, rest) = row.split_at(Axis(0), n);
        *self = rest;
        (!part.is_empty()).then_some(part)
    }
}

/// The values of `n` channels from `first` on.
#[inline(always)]
fn slice<F>(channels: Option<&Array1<F>>, first: usize, n: usize) -> Option<&[F]> {
    // An Affine keeps its values in order; were they not, the range would panic.
    channels.map(|channels| &channels.as_slice().unwrap_or_default()[first..first + n])
}

/// Adds an element's share of `dLdβ` and of `dLdγ`.
#[inline(always)]
fn add_gradients<F: Float>([bias, weight]: [Sum<F>; 2], dy: f64, normalized: f64) -> [Sum<F>; 2] {
    [bias.plus(dy), weight.plus(dy * normalized)]
}
