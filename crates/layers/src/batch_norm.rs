//! Batch normalization.

mod cache;
mod config;
mod passes;
#[cfg(test)]
mod tests;

use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2};
use tensor_core::functions::product_or_zero;
use tensor_core::memory::zeros;
use tensor_core::sums::{columns, deviation};
use tensor_core::{Error, Float, Path};

use crate::constants::check_eps;
use crate::{Affine, Layer, Mode, Part, Saved, Seen, Tensors, Visitor};

pub use cache::BatchNorm1dCache;
pub use config::BatchNorm1dConfig;
use passes::{Column, Passes};

/// Batch normalization of `(N, C)` batches, PyTorch's `nn.BatchNorm1d`: every feature gets mean 0
/// and variance 1 over the batch, then a scale and an offset of its own.
///
/// ```text
/// μ[c]    = 1/N Σ_n Z[n,c]                        mean of feature c over the batch
/// σ²[c]   = 1/N Σ_n (Z[n,c] − μ[c])²              its biased variance
/// r[c]    = 1/√(σ²[c] + ε)                        ε > 0, so that an equal feature can be divided
/// NZ[n,c] = (Z[n,c] − μ[c]) r[c]                  normalized
/// BZ[n,c] = γ[c] NZ[n,c] + β[c]                   scaled and offset
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `BZ[n,c]` the output in its place, `γ` the
/// parameter `weight`, `β` the parameter `bias`. In evaluation `μ` and `σ²` are the running
/// statistics, as constants. They move with each optimizer step, once for each pass that counts for
/// it, which is one unless gradients are accumulated; `1 − α` is the momentum:
///
/// ```text
/// running[c] ← α running[c] + (1 − α) batch[c]
/// ```
///
/// # Gradients
/// Features do not mix, so the index `c` is left out. `dLdBZ[n] = ∂L/∂BZ[n]` is handed down by the
/// layer above. `β` and `γ` enter every row, so that their gradients are sums over rows; `NZ[n]`
/// enters `BZ[n]` alone:
///
/// ```text
/// dLdβ     = Σ_n dLdBZ[n] ∂BZ[n]/∂β = Σ_n dLdBZ[n]
/// dLdγ     = Σ_n dLdBZ[n] ∂BZ[n]/∂γ = Σ_n dLdBZ[n] NZ[n]
/// dLdNZ[n] = dLdBZ[n] γ
/// ```
///
/// `Z[n]` acts on the loss in three ways: through its own `NZ[n]`, through `σ²` and through `μ`,
/// which enter the `NZ` of every row. By the chain rule
///
/// ```text
/// dLdZ[n] = dLdNZ[n] ∂NZ[n]/∂Z[n] + dLdσ² ∂σ²/∂Z[n] + dLdμ ∂μ/∂Z[n]
///         = dLdNZ[n] r            + dLdσ² 2(Z[n] − μ)/N + dLdμ/N
///
/// dLdσ²   = Σ_m dLdNZ[m] ∂NZ[m]/∂σ²                       ∂r/∂σ² = −½ (σ² + ε)^(−3/2) = −½ r³
///         = −½ r³ Σ_m dLdNZ[m] (Z[m] − μ)                 (Z[m] − μ) r = NZ[m]
///         = −½ r² γ dLdγ
///
/// dLdμ    = Σ_m dLdNZ[m] ∂NZ[m]/∂μ + dLdσ² ∂σ²/∂μ
///         = −r Σ_m dLdNZ[m] − dLdσ² 2/N Σ_m (Z[m] − μ)    Σ_m (Z[m] − μ) = 0: the term vanishes
///         = −r γ dLdβ
/// ```
///
/// Put in, with `r (Z[n] − μ) = NZ[n]` once more:
///
/// ```text
/// dLdZ[n] = γ r dLdBZ[n] − ½ r² γ dLdγ 2(Z[n] − μ)/N − r γ dLdβ/N
///         = γ r (dLdBZ[n] − dLdβ/N − NZ[n] dLdγ/N)        in training
/// dLdZ[n] = γ r dLdBZ[n]                                  in evaluation: μ and σ² are constants
/// ```
///
/// *Why is `dLdZ` 0 in the worked example of the course notes* (see the page `course` of the crate
/// `models`), `Z = [1, 2, 3]`, `dLdBZ = [0.1, 0.2, 0.3]`? There `dLdBZ[n] = 0.2 + 0.1 (Z[n] − μ)`:
/// the upstream gradient is an affine function of the normalized values, `dLdBZ[n] = a + b NZ[n]`.
/// Normalization removes offset and scale: however `Z` changes, `Σ_n NZ[n]` stays 0 and
/// `Σ_n NZ[n]²` stays `N` (for `ε → 0`). So a small change `ΔNZ` has `Σ_n ΔNZ[n] = 0` and
/// `Σ_n NZ[n] ΔNZ[n] = 0`, and the loss changes by `γ Σ_n (a + b NZ[n]) ΔNZ[n] = 0`. In the
/// formula `dLdβ/N = a` cancels the first part and `NZ[n] dLdγ/N = b NZ[n]` the second. `β` and `γ`
/// do set offset and scale; their gradients are not 0.
///
/// # Kept for backward
/// `μ` and `σ²` of the pass ([`BatchNorm1dCache`]), and its mode, which decides between the two
/// gradients. `NZ` is not kept: it is one subtraction and one product away from the input. A pass
/// does not change the layer; the running statistics move when [`settle`](Layer::settle) is called.
///
/// # Shapes
/// | | shape | |
/// |---|---|---|
/// | `Z`, `BZ`, `dLdBZ`, `dLdZ` | `(N, C)` | input, output, gradients; in training `N ≥ 2` |
/// | `γ`, `dLdγ` | `(C)` | parameter `weight`, unless it is left out |
/// | `β`, `dLdβ` | `(C)` | parameter `bias`, unless it is left out |
/// | `running_mean`, `running_var` | `(C)` | buffers |
/// | `μ`, `σ²` | `(C)` | cache |
///
/// # Differences
/// The defaults are those of the course notes, `ε` = 1e-8 and a biased running variance;
/// [`BatchNorm1dConfig::pytorch`] gives PyTorch's. `num_batches_tracked` is not kept: PyTorch reads
/// it only for `momentum=None`, which is not offered here, and fills it in where it is missing.
///
/// (Ioffe and Szegedy, ICML 2015, <https://arxiv.org/abs/1502.03167>, algorithm 1 and section 3.)
///
/// # Examples
/// With `ε = 3` the square root is whole: `Z = [1, 3]` has `μ = 2`, `σ² = 1`, `r = 1/√4 = ½`.
///
/// ```
/// use layers::{BatchNorm1d, BatchNorm1dConfig, Layer, Mode, Saved, Tensors};
/// use ndarray::{Array2, array};
/// use tensor_core::Path;
///
/// let config = BatchNorm1dConfig { eps: 3.0, momentum: 0.5, ..Default::default() };
/// let mut norm = BatchNorm1d::with_config(1, config)?; // γ = 1, β = 0
/// let z = array![[1.0], [3.0]];
/// let (mut bz, mut cache) = (Array2::zeros((2, 1)), norm.cache(2, 1)?);
/// norm.forward(&z, &mut bz, &mut cache, Mode::Train)?;
/// assert_eq!(bz, array![[-0.5], [0.5]]);
/// assert_eq!((cache.mean(0), cache.variance(0)), (2.0, 1.0));
///
/// let dbz = array![[1.0], [3.0]];
/// let (mut dz, mut grads) = (Array2::zeros((2, 1)), norm.gradient());
/// let saved = Saved { x: &z, y: &bz, cache: &mut cache };
/// norm.backward(saved, &dbz, Some(&mut dz), &mut grads)?;
/// assert_eq!(grads.affine().bias(), Some(&array![1.0 + 3.0]));
/// assert_eq!(grads.affine().weight(), Some(&array![1.0 * -0.5 + 3.0 * 0.5])); // 1
/// // ½ (dLdBZ − 4/2 − NZ·1/2)
/// assert_eq!(dz, array![[0.5 * (1.0 - 2.0 + 0.25)], [0.5 * (3.0 - 2.0 - 0.25)]]);
///
/// norm.settle(&mut cache, Path::root(), &|_| true); // ½·0 + ½·2 and ½·1 + ½·1
/// assert_eq!((norm.running_mean()[0], norm.running_var()[0]), (1.0, 1.0));
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm1d<F> {
    config: BatchNorm1dConfig,
    affine: Affine<F>,
    running_mean: Array1<F>,
    running_var: Array1<F>,
}

impl<F: Float> BatchNorm1d<F> {
    /// A layer for `features` features with the default choices: γ = 1, β = 0, running mean 0,
    /// running variance 1.
    ///
    /// # Errors
    /// If there are no features.
    pub fn new(features: usize) -> Result<Self, Error> {
        Self::with_config(features, BatchNorm1dConfig::default())
    }

    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are no features, ε is not a positive number of the type `F`, or the momentum lies
    /// outside `[0, 1]`.
    pub fn with_config(features: usize, config: BatchNorm1dConfig) -> Result<Self, Error> {
        if features == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 feature"));
        }
        check_eps::<F>(Self::NAME, config.eps)?;
        let in_range = |m| (0.0..=1.0).contains(&m);
        let range = "a number from 0 to 1";
        Error::check_hyperparameter(Self::NAME, "momentum", range, config.momentum, in_range)?;
        let mut running_var = zeros("BatchNorm1d: running_var", features)?;
        running_var.fill(F::one());
        Ok(Self {
            config,
            affine: if config.affine { Affine::new(features)? } else { Affine::none(features) },
            running_mean: zeros("BatchNorm1d: running_mean", features)?,
            running_var,
        })
    }

    /// The layer with other γ and β.
    ///
    /// # Errors
    /// If they are not made for its features.
    pub fn with_affine(mut self, affine: Affine<F>) -> Result<Self, Error> {
        self.affine = affine.fitting("BatchNorm1d: weight", self.running_mean.len())?;
        Ok(self)
    }

    /// γ and β.
    pub fn affine(&self) -> &Affine<F> {
        &self.affine
    }

    /// `running_mean (C)`.
    pub fn running_mean(&self) -> &ArrayRef1<F> {
        &self.running_mean
    }

    /// `running_var (C)`.
    pub fn running_var(&self) -> &ArrayRef1<F> {
        &self.running_var
    }
}

impl<F: Float> BatchNorm1d<F> {
    /// Both passes, but for the statistics.
    fn passes(&self) -> Passes<'_, F> {
        Passes { eps: self.config.eps, affine: &self.affine }
    }
}

impl<F: Float> Tensors<F> for BatchNorm1d<F> {
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.child(None, |layer| &layer.affine, |layer| &mut layer.affine);
        v.buffer("running_mean", |layer| &layer.running_mean, |layer| &mut layer.running_mean);
        v.buffer("running_var", |layer| &layer.running_var, |layer| &mut layer.running_var);
    }
}

impl<F: Float> Layer<F> for BatchNorm1d<F> {
    type Cache = BatchNorm1dCache<F>;
    const NAME: &'static str = "BatchNorm1d";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Error::check_features(Self::NAME, self.running_mean.len(), in_features)
    }

    fn cache(&self, _max_batch: usize, in_features: usize) -> Result<BatchNorm1dCache<F>, Error> {
        BatchNorm1dCache::new(in_features)
    }

    fn check_cache(&self, cache: &BatchNorm1dCache<F>, _: usize, _: usize) -> Result<(), Error> {
        cache.sums.check(Self::NAME, self.running_mean.len())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        // BZ = (Z − μ) (r γ) + β with the running statistics
        let column = |c: usize| {
            let inv_std = 1.0 / (self.running_var[c].as_f64() + self.config.eps).sqrt();
            let (scale, offset) = (self.affine.scale(c).as_f64(), self.affine.offset(c).as_f64());
            [self.running_mean[c].as_f64(), inv_std * scale, offset]
        };
        columns::map([x], &column, y, &|[x], [mean, scale, offset]| (x - mean) * scale + offset);
        self.passes().normalize_extremes(x, y, |c| {
            let mean = [self.running_mean[c].as_f64(), 0.0];
            Column { mean, variance: self.running_var[c].as_f64(), scale: 1.0 }
        });
    }

    /// # Errors
    /// If a training batch has fewer than two rows: one value has no variance.
    fn check_rows(&self, rows: usize, _: &BatchNorm1dCache<F>, mode: Mode) -> Result<(), Error> {
        match mode {
            Mode::Train if rows < 2 => {
                Err(Error::too_few(Self::NAME, "at least 2 rows in training", rows))
            }
            Mode::Train | Mode::Eval => Ok(()),
        }
    }

    /// # Errors
    /// As for [`check_rows`](Layer::check_rows).
    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut BatchNorm1dCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        self.check_rows(x.nrows(), cache, mode)?;
        (cache.mode, cache.pending) = (mode, None);
        match mode {
            Mode::Train => {
                cache.moments.measure(x)?;
                cache.pending = Some(x.nrows());
            }
            Mode::Eval => cache.moments.set(&self.running_mean, &self.running_var)?,
        }
        let moments = &cache.moments;
        let column = |c: usize| {
            let [mean, mean_low] = moments.mean_parts(c);
            let scale = self.passes().scale(moments, c);
            [mean, mean_low, scale, self.affine.offset(c).as_f64()]
        };
        // BZ[n,c] = (Z[n,c] − μ[c]) (r[c] γ[c]) + β[c], row by row
        columns::map([x], &column, y, &|[x], [mean, mean_low, scale, offset]| {
            deviation::<F>(x, [mean, mean_low]) * scale + offset
        });
        self.passes().normalize_extremes(x, y, |c| Column::of(moments, c));
        Ok(())
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, BatchNorm1dCache<F>>,
        dy: &ArrayRef2<F>,
        mut dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let Saved { x, cache, .. } = saved;
        self.passes().parameter_gradients(&cache.moments, [x, dy], &mut cache.sums);
        if let Some(dx) = dx.as_deref_mut() {
            match cache.mode {
                Mode::Train => self.passes().input_gradient(cache, [x, dy], dx),
                Mode::Eval => {
                    // dLdZ[n,c] = dLdBZ[n,c] (r[c] γ[c])
                    let scale = |c: usize| [self.passes().scale(&cache.moments, c)];
                    columns::map([dy], &scale, dx, &|[dy], [scale]| product_or_zero(dy, scale));
                }
            }
        }
        self.passes().differentiate_extremes(cache, [x, dy], dx);
        cache.sums.round_into(&mut grads.affine);
    }

    fn intermediates(
        &self,
        seen: Seen<'_, F, BatchNorm1dCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let moments = &seen.cache.moments;
        if moments.mean.len() != seen.x.ncols() {
            return;
        }
        let columns = 0..moments.mean.len();
        let shown = |f: fn(&BatchNorm1dCache<F>, usize) -> F| {
            columns.clone().map(|c| f(seen.cache, c)).collect::<Array1<F>>().into_dyn()
        };
        show(path.name("mean"), shown(BatchNorm1dCache::mean));
        show(path.name("variance"), shown(BatchNorm1dCache::variance));
        // NZ[n,c] = (Z[n,c] − μ[c]) r[c]
        let column = |c: usize| {
            let [mean, mean_low] = moments.mean_parts(c);
            [mean, mean_low, moments.inverse_deviation(c, self.config.eps)]
        };
        let mut normalized = Array2::zeros(seen.x.dim());
        columns::map([seen.x], &column, &mut normalized, &|[x], [mean, mean_low, inv_std]| {
            deviation::<F>(x, [mean, mean_low]) * inv_std
        });
        let plain = Passes { eps: self.config.eps, affine: &Affine::none(columns.end) };
        plain.normalize_extremes(seen.x, &mut normalized, |c| Column::of(moments, c));
        show(path.name("normalized"), normalized.into_dyn());
    }

    fn count(&self, cache: &mut BatchNorm1dCache<F>, part: Part) {
        cache.count(part, &self.config);
    }

    fn settle(
        &mut self,
        cache: &mut BatchNorm1dCache<F>,
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        if self.check_cache(cache, 0, 0).is_ok() {
            cache.count(Part::Further, &self.config); // a pass without a backward pass
            let running = [&mut self.running_mean, &mut self.running_var];
            cache.settle(running, path, moves);
        }
    }
}
