//! Layers that normalize every sample by itself, but for their formula and their choices.

use ndarray::{Array2, ArrayD, ArrayRef2};
use tensor_core::{Float, Path};

use crate::Affine;
use crate::affine::AffineSums;
use crate::groups::Groups;

/// The cache of the layers that normalize every sample by itself: [`LayerNorm`](crate::LayerNorm),
/// [`GroupNorm`](crate::GroupNorm), [`InstanceNorm1d`](crate::InstanceNorm1d) and
/// [`RmsNorm`](crate::RmsNorm). Memory in which backward adds up `dLdγ` and `dLdβ` over all
/// samples.
///
/// It keeps nothing of a forward pass. Mean and deviation are measured again: two sums over values
/// that are at hand.
#[derive(Debug, Clone)]
pub struct SampleNormCache {
    pub(crate) sums: AffineSums,
}

/// The constructors and the [`Layer`](crate::Layer) of a type with the fields `groups: Groups` and
/// `affine: Affine<F>`.
macro_rules! sample_norm {
    ($name:ident) => {
        impl<F: Float> $name<F> {
            /// The layer with other γ and β.
            ///
            /// # Errors
            /// If they are made for another number of channels.
            pub fn with_affine(mut self, affine: Affine<F>) -> Result<Self, Error> {
                let place = concat!(stringify!($name), ": weight");
                self.affine = affine.fitting(place, self.affine.channels())?;
                Ok(self)
            }
        }

        crate::sample_norm::sample_norm!(layer $name);
    };
    (layer $name:ident) => {
        impl<F: Float> $name<F> {
            /// γ and β.
            pub fn affine(&self) -> &Affine<F> {
                &self.affine
            }
        }

        impl<F: Float> crate::Tensors<F> for $name<F> {
            #[inline(always)]
            fn tensors<V: crate::Visitor<Self, F>>(v: &mut V) {
                v.child(None, |layer| &layer.affine, |layer| &mut layer.affine);
            }
        }

        impl<F: Float> crate::Layer<F> for $name<F> {
            type Cache = crate::SampleNormCache;
            const NAME: &'static str = stringify!($name);

            fn out_features(&self, in_features: usize) -> Result<usize, Error> {
                self.groups.out_features(Self::NAME, in_features)
            }

            fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<crate::SampleNormCache, Error> {
                let sums = crate::affine::AffineSums::new(self.affine.channels())?;
                Ok(crate::SampleNormCache { sums })
            }

            fn check_cache(
                &self,
                cache: &crate::SampleNormCache,
                _rows: usize,
                _in_features: usize,
            ) -> Result<(), Error> {
                cache.sums.check(Self::NAME, self.affine.channels())
            }

            fn compute(&self, x: &ndarray::ArrayRef2<F>, y: &mut ndarray::ArrayRef2<F>) {
                self.groups.normalize(&self.affine, x, y);
            }

            fn differentiate(
                &self,
                saved: crate::Saved<'_, F, crate::SampleNormCache>,
                dy: &ndarray::ArrayRef2<F>,
                dx: Option<&mut ndarray::ArrayRef2<F>>,
                grads: &mut Self,
            ) {
                let sums = &mut saved.cache.sums;
                self.groups.backward(&self.affine, saved.x, dy, dx, sums);
                sums.round_into(&mut grads.affine);
            }

            fn intermediates(
                &self,
                seen: crate::Seen<'_, F, crate::SampleNormCache>,
                path: tensor_core::Path<'_>,
                show: &mut dyn FnMut(tensor_core::Path<'_>, ndarray::ArrayD<F>),
            ) {
                if self.out_features(seen.x.ncols()).is_ok() {
                    crate::sample_norm::show_moments(&self.groups, seen.x, path, show);
                }
            }
        }
    };
}

pub(crate) use sample_norm;

/// Shows mean and `1/√(σ² + ε)` of each group of each row, `(N, n_groups)`, and the normalized
/// values.
pub(crate) fn show_moments<F: Float>(
    groups: &Groups,
    x: &ArrayRef2<F>,
    path: Path<'_>,
    show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
) {
    let [mean, inverse_deviation] = groups.measured(x);
    if groups.is_centered() {
        show(path.name("mean"), mean.into_dyn());
    }
    show(path.name("inverse_deviation"), inverse_deviation.into_dyn());
    let mut normalized = Array2::zeros(x.dim());
    groups.normalize(&Affine::none(groups.channels()), x, &mut normalized);
    show(path.name("normalized"), normalized.into_dyn());
}
