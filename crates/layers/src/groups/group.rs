//! The backward pass of one group. The numbers are those of the list in the file above.

use tensor_core::sums::rows::{self, Values};
use tensor_core::sums::{Moments, Sum, deviation};
use tensor_core::{Float, Wide};

use crate::extreme::{Set, Standard, Ways};

/// A group of one row, handed by value to what is not inlined, so that the loops need not keep it
/// in memory: its values, `dLdBZ`, `γ`, the moments, and `r = 1/√(σ² + ε)`.
#[derive(Clone, Copy)]
pub(super) struct Group<'w, F, X> {
    /// `L`: values of a channel.
    pub(super) length: usize,
    /// Whether the mean is subtracted.
    pub(super) is_centered: bool,
    pub(super) x: X,
    pub(super) dy: X,
    pub(super) weight: Option<&'w [F]>,
    pub(super) moments: Moments<F>,
    pub(super) inv_std: f64,
}

// Inlined, because all of it runs inside a vectorized loop.
impl<'a, F: Float, X: Values<'a, F>> Group<'a, F, X> {
    /// `Z[j] − μ`, where the moments are those of the values themselves: without a factor, which
    /// would cost time in every value.
    #[inline(always)]
    fn deviation(&self, x: f64) -> f64 {
        deviation::<F>(x, [self.moments.mean, self.moments.mean_low])
    }

    /// `NZ[j] = (Z[j] − μ) r`, where they are.
    #[inline(always)]
    fn normalized(&self, x: f64) -> f64 {
        self.deviation(x) * self.inv_std
    }

    /// Adds the contributions to `dLdβ[c]` and `dLdγ[c]` of channels of length 1. Returns
    /// `Σ_j dLdNZ[j]` and `Σ_j dLdNZ[j] NZ[j]`. 2
    #[inline(always)]
    pub(super) fn add_values(&self, d_beta: &mut [f64], d_gamma: &mut [f64]) -> [Sum<F>; 2] {
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
    pub(super) fn add_channels(&self, d_beta: &mut [f64], d_gamma: &mut [f64]) -> [Sum<F>; 2] {
        let length = self.length;
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
    pub(super) fn write_gradient<D>(&self, [sum, sum_normalized]: [f64; 2], dx: D)
    where
        D: IntoIterator<Item = &'a mut F>,
    {
        let Self { length, is_centered, .. } = *self;
        let n = self.x.count() as f64;
        let mean = if is_centered { sum / n } else { 0.0 };
        let slope = sum_normalized / n * self.inv_std; // 4
        let gradient = |dy: f64, x: F| {
            F::of(((dy - mean) - self.deviation(x.as_f64()) * slope) * self.inv_std)
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

impl<'a, F: Float, X: Values<'a, F>> Group<'_, F, X> {
    /// The same contributions where a number leaves the type on the way. The sums over `dLdNZ` are
    /// left to [`write_extreme`](Self::write_extreme).
    #[cold]
    #[inline(never)]
    pub(super) fn add_extreme(self, d_beta: &mut [f64], d_gamma: &mut [f64]) -> [Sum<F>; 2] {
        let normalize = Standard::of(&self.moments, self.inv_std).normalize();
        for (c, (d_beta, d_gamma)) in d_beta.iter_mut().zip(d_gamma).enumerate() {
            let place = |i: usize| c * self.length + i;
            let dy = |i: usize| Wide::from(self.dy.at(place(i)).as_f64());
            let nz = |i: usize| normalize(self.x.at(place(i)).as_f64());
            *d_beta += Wide::sum_of(self.length, dy).value();
            *d_gamma += Wide::sum_of(self.length, |i| dy(i) * nz(i)).value();
        }
        [Sum::default(); 2]
    }

    /// `dLdZ[j]` where a number leaves the type on the way.
    #[cold]
    #[inline(never)]
    pub(super) fn write_extreme<D>(self, dx: D)
    where
        D: IntoIterator<Item = &'a mut F>,
    {
        let gamma = |i: usize| self.weight.map_or(1.0, |w| w[i / self.length].as_f64());
        let set = Set {
            n: self.x.count(),
            x: &|i| self.x.at(i).as_f64(),
            dy: &|i| self.dy.at(i).as_f64(),
            gamma: &gamma,
            standard: Standard::of(&self.moments, self.inv_std),
        };
        let mut dx = dx.into_iter();
        let ways = Ways { mean: self.is_centered, variance: true };
        set.backward(ways, &mut |_, gradient| {
            if let Some(dx) = dx.next() {
                *dx = F::of(gradient);
            }
        });
    }
}

/// Adds `dy` and `dy NZ` of one value.
#[inline(always)]
fn add_gradients<F: Float>([bias, weight]: [Sum<F>; 2], dy: f64, normalized: f64) -> [Sum<F>; 2] {
    [bias.plus(dy), weight.plus(dy * normalized)]
}
