//! `BZ = γ ⊙ (Z − μ)/√(σ² + ε) + β`: every feature gets mean 0 and variance 1 over the batch, then a scale and an offset.
//!
//! | | shape | |
//! |---|---|---|
//! | `Z`, `BZ` | `(N, C)` | input and output |
//! | `μ = mean_n Z`, `σ² = mean_n (Z − μ)²` | `(C)` | in training; in evaluation the running statistics, as constants |
//! | `NZ = (Z − μ)/√(σ² + ε)` | `(N, C)` | |
//! | `γ`, `β` | `(C)` | `weight`, `bias` |
//! | `dLdβ = Σ_n dLdBZ` | `(C)` | |
//! | `dLdγ = Σ_n dLdBZ ⊙ NZ` | `(C)` | |
//! | `dLdZ = γ/√(σ² + ε) ⊙ (dLdBZ − dLdβ/N − NZ ⊙ dLdγ/N)` | `(N, C)` | in training |
//! | `dLdZ = γ/√(σ² + ε) ⊙ dLdBZ` | `(N, C)` | in evaluation |
//! | `running ← α·running + (1 − α)·batch` | `(C)` | once for each optimizer step |
//!
//! The gradient in training is the chain over `dLdσ²` and `dLdμ` with the sums carried out: `Σ_n (Z − μ) = 0` removes one
//! term of `dLdμ`, and what stays of the two are `dLdγ` and `dLdβ`, which are wanted anyway. (Ioffe and Szegedy, ICML 2015,
//! <https://arxiv.org/abs/1502.03167>, algorithm 1 and section 3; the long form is the tests' reference.)
//!
//! The passes over the batch: one for `μ` and `σ²`, one for `BZ`; one for `dLdγ` and `dLdβ`, one for `dLdZ`. All of them compute
//! in `f64`, and what they write is rounded once.
//!
//! ```
//! use layers::{BatchNorm1d, Layer, Mode};
//! use ndarray::{Array2, array};
//!
//! let norm = BatchNorm1d::new(1)?;
//! let (mut bz, mut cache) = (Array2::zeros((2, 1)), norm.cache(2, 1));
//! norm.forward(&array![[10.0], [14.0]], &mut bz, &mut cache, Mode::Train)?;
//! assert!((bz[[0, 0]] + 1.0_f64).abs() < 1e-8 && (bz[[1, 0]] - 1.0).abs() < 1e-8);
//! assert_eq!((cache.mean(0), cache.variance(0)), (12.0, 4.0));
//! # Ok::<(), tensor_core::Error>(())
//! ```

mod config;

use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2};
use tensor_core::sums::Sum;
use tensor_core::sums::columns;
use tensor_core::sums::{ColumnMoments, deviation};
use tensor_core::{Error, Float, Path};

use crate::affine::AffineSums;
use crate::{Affine, Layer, Mode, Saved, Seen, Tensors, Training, Visitor};

pub use config::BatchNorm1dConfig;

/// Batch normalization of `(N, C)` batches, PyTorch's `nn.BatchNorm1d`.
///
/// Parameters: `weight (C)`, `bias (C)` unless they are left out. Buffers: `running_mean (C)`, `running_var (C)`.
///
/// A forward pass does not change the layer. The statistics of a training batch wait in the [`BatchNorm1dCache`] until the
/// optimizer's step calls [`settle`](Layer::settle), which moves the running statistics by them once; a forward pass in
/// evaluation leaves nothing to move. Which gradient `backward` computes is decided by the mode of the forward pass before it:
/// after evaluation the statistics are constants.
///
/// The defaults are the course's, ε = 1e-8 and a biased running variance; [`BatchNorm1dConfig::pytorch`] gives PyTorch's. Its
/// `num_batches_tracked` is not kept: PyTorch reads it only to average with `momentum=None`, which is not offered here, and
/// fills it in when a file does not have it.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm1d<F> {
    config: BatchNorm1dConfig,
    affine: Affine<F>,
    running_mean: Array1<F>,
    running_var: Array1<F>,
}

/// What a [`BatchNorm1d`] keeps of a forward pass: the statistics that were used, and whether they are still to be settled.
#[derive(Debug, Clone)]
pub struct BatchNorm1dCache<F> {
    moments: ColumnMoments<F>,
    /// `dLdγ` and `dLdβ` of the last backward pass.
    sums: AffineSums,
    mode: Mode,
    /// Rows of the training batch whose statistics the running ones have not seen.
    pending: Option<usize>,
}

impl<F: Float> BatchNorm1dCache<F> {
    /// `μ` of feature `c` as the last forward pass used it.
    pub fn mean(&self, c: usize) -> F {
        F::of(self.moments.mean[c])
    }

    /// `σ²` of feature `c` as the last forward pass used it.
    pub fn variance(&self, c: usize) -> F {
        F::of(self.moments.variance[c])
    }
}

impl<F: Float> BatchNorm1d<F> {
    /// A layer for `features` features with the course's choices: γ = 1, β = 0, running mean 0, running variance 1.
    ///
    /// # Errors
    /// If there are no features.
    pub fn new(features: usize) -> Result<Self, Error> {
        Self::with_config(features, BatchNorm1dConfig::default())
    }

    /// A layer for `features` features.
    ///
    /// # Errors
    /// If there are no features, ε is not a positive number of the type `F`, or the momentum lies outside `[0, 1]`.
    pub fn with_config(features: usize, config: BatchNorm1dConfig) -> Result<Self, Error> {
        if features == 0 {
            return Err(Error::empty(Self::NAME, "at least 1 feature"));
        }
        // In F: an ε that rounds to 0 would divide a constant feature by 0.
        let in_range = |e| F::of(e) > F::zero() && F::of(e).is_finite();
        let range = "a finite number > 0 in the layer's type";
        Error::check_hyperparameter(Self::NAME, "eps", range, config.eps, in_range)?;
        let in_range = |m| (0.0..=1.0).contains(&m);
        let range = "a number from 0 to 1";
        Error::check_hyperparameter(Self::NAME, "momentum", range, config.momentum, in_range)?;
        Ok(Self {
            config,
            affine: if config.affine { Affine::new(features) } else { Affine::none(features) },
            running_mean: Array1::zeros(features),
            running_var: Array1::ones(features),
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

    fn cache(&self, _max_batch: usize, in_features: usize) -> BatchNorm1dCache<F> {
        BatchNorm1dCache {
            moments: ColumnMoments::new(in_features),
            sums: AffineSums::new(in_features),
            mode: Mode::Eval,
            pending: None,
        }
    }

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        let column = |c: usize| {
            let inv_std = 1.0 / (self.running_var[c].as_f64() + self.config.eps).sqrt();
            let (scale, offset) = (self.affine.scale(c).as_f64(), self.affine.offset(c).as_f64());
            [self.running_mean[c].as_f64(), inv_std * scale, offset]
        };
        columns::map([x], &column, y, &|[x], [mean, scale, offset]| (x - mean) * scale + offset);
    }

    /// # Errors
    /// If a training batch has fewer than two rows: one value has no variance.
    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut BatchNorm1dCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        (cache.mode, cache.pending) = (mode, None);
        match mode {
            Mode::Train if x.nrows() < 2 => {
                return Err(Error::too_few(Self::NAME, "at least 2 rows in training", x.nrows()));
            }
            Mode::Train => {
                cache.moments.measure(x);
                cache.pending = Some(x.nrows());
            }
            Mode::Eval => cache.moments.set(&self.running_mean, &self.running_var),
        }
        let moments = &cache.moments;
        let column = |c: usize| {
            let [mean, rest] = moments.mean_parts(c);
            let scale = moments.inverse_deviation(c, self.config.eps);
            let scale = scale * self.affine.scale(c).as_f64();
            [mean, rest, scale, self.affine.offset(c).as_f64()]
        };
        // BZ = γ/√(σ² + ε) ⊙ (Z − μ) + β
        columns::map([x], &column, y, &|[x], [mean, rest, scale, offset]| {
            deviation::<F>(x, [mean, rest]) * scale + offset
        });
        Ok(())
    }

    fn backward(
        &self,
        saved: Saved<'_, F, BatchNorm1dCache<F>>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let Saved { x, cache, .. } = saved;
        let (moments, sums) = (&cache.moments, &mut cache.sums);
        let inv_std = |c: usize| moments.inverse_deviation(c, self.config.eps);
        columns::sums(
            [x, dy],
            &|c| moments.mean_parts(c),
            &|[x, dy], center, [bias, weight]: [Sum<F>; 2]| {
                // dLdβ = Σ_n dLdBZ, dLdγ = Σ_n dLdBZ ⊙ (Z − μ), still to be divided by √(σ² + ε)
                [bias.plus(dy), weight.plus(dy * deviation::<F>(x, center))]
            },
            |c, [bias, weight]| {
                (sums.bias[c], sums.weight[c]) = (bias.value(), weight.value() * inv_std(c));
            },
        );
        sums.round_into(&mut grads.affine);
        let Some(dx) = dx else { return };
        let scale = |c: usize| inv_std(c) * self.affine.scale(c).as_f64();
        match cache.mode {
            // dLdZ = γ/√(σ² + ε) ⊙ (dLdBZ − dLdβ/N − NZ ⊙ dLdγ/N)
            Mode::Train => {
                let n = x.nrows() as f64;
                let column = |c: usize| {
                    let [mean, rest] = moments.mean_parts(c);
                    let slope = inv_std(c) * (sums.weight[c] / n);
                    [mean, rest, sums.bias[c] / n, slope, scale(c)]
                };
                columns::map(
                    [x, dy],
                    &column,
                    dx,
                    &|[x, dy], [mean, rest, mean_dy, slope, scale]| {
                        ((dy - mean_dy) - deviation::<F>(x, [mean, rest]) * slope) * scale
                    },
                );
            }
            // dLdZ = γ/√(σ² + ε) ⊙ dLdBZ
            Mode::Eval => columns::map([dy], &|c| [scale(c)], dx, &|[dy], [scale]| dy * scale),
        }
    }

    fn intermediates(
        &self,
        seen: Seen<'_, F, BatchNorm1dCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let moments = &seen.cache.moments;
        show(path.name("mean"), moments.mean.mapv(F::of).into_dyn());
        show(path.name("variance"), moments.variance.mapv(F::of).into_dyn());
        // Ẑ = (Z − μ)/√(σ² + ε)
        let column = |c: usize| {
            let [mean, rest] = moments.mean_parts(c);
            [mean, rest, moments.inverse_deviation(c, self.config.eps)]
        };
        let mut normalized = Array2::zeros(seen.x.dim());
        columns::map([seen.x], &column, &mut normalized, &|[x], [mean, rest, inv_std]| {
            deviation::<F>(x, [mean, rest]) * inv_std
        });
        show(path.name("normalized"), normalized.into_dyn());
    }

    fn settle(&mut self, cache: &mut BatchNorm1dCache<F>, training: Training) {
        let Some(n) = cache.pending.take() else { return };
        if training == Training::Frozen {
            return;
        }
        let momentum = self.config.momentum;
        let correction = match self.config.unbiased_running_var {
            true => n as f64 / (n as f64 - 1.0),
            false => 1.0,
        };
        // running ← α·running + (1 − α)·batch
        let moments = &cache.moments;
        let step = |running: &mut F, batch: f64| {
            *running = F::of((1.0 - momentum) * running.as_f64() + momentum * batch);
        };
        for (running, &mean) in self.running_mean.iter_mut().zip(&moments.mean) {
            step(running, mean);
        }
        for (running, &variance) in self.running_var.iter_mut().zip(&moments.variance) {
            step(running, variance * correction);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayRef2, array};

    use tensor_core::Path;

    use super::{BatchNorm1d, BatchNorm1dCache, BatchNorm1dConfig};
    use crate::{Affine, Layer, Mode, Saved, Tensors};

    /// A forward and a backward pass: output, cache, `dx`, `dLdγ` and `dLdβ` of feature 0.
    fn step(
        norm: &BatchNorm1d<f64>,
        x: &ArrayRef2<f64>,
        dy: &ArrayRef2<f64>,
        mode: Mode,
    ) -> (Array2<f64>, BatchNorm1dCache<f64>, Array2<f64>, [f64; 2]) {
        let mut cache = norm.cache(x.nrows(), x.ncols());
        let nan = Array2::from_elem(x.dim(), f64::NAN);
        let (mut y, mut dx, mut grads) = (nan.clone(), nan, norm.gradient());
        norm.forward(x, &mut y, &mut cache, mode).unwrap();
        norm.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads);
        (y, cache, dx, [grads.affine.weight().unwrap()[0], grads.affine.bias().unwrap()[0]])
    }

    fn assert_close(found: &ArrayRef2<f64>, expected: &[f64; 3], bound: f64) {
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= bound,
                "{found:e}, expected {expected:e} ± {bound:e}"
            );
        }
    }

    /// γ = 2, β = 1 and the smallest ε there is.
    fn of_the_notes() -> BatchNorm1d<f64> {
        let config = BatchNorm1dConfig { eps: f64::MIN_POSITIVE, ..Default::default() };
        let affine = Affine::from_parts(array![2.0], Some(array![1.0])).unwrap();
        BatchNorm1d::with_config(1, config).unwrap().with_affine(affine).unwrap()
    }

    // Z = [1, 2, 3], γ = 2, β = 1, dLdBZ = [0.1, 0.2, 0.3], ε → 0:
    //   μ = 2, σ² = 2/3, 1/σ = √(3/2), NZ = [−√(3/2), 0, √(3/2)], BZ = 2 NZ + 1
    //   dLdβ = 0.6
    //   dLdγ = −0.1·√(3/2) + 0.3·√(3/2) = 0.2·√(3/2) = 0.2449490 (the notes print half of it)
    //   dLdZ = 2√(3/2) (dLdBZ − 0.2 − NZ·0.2√(3/2)/3) = 2√(3/2) ([−0.1, 0, 0.1] − [−0.1, 0, 0.1]) = 0 (the notes leave it open)
    #[test]
    fn fault_9_the_worked_example() {
        let root = 1.5_f64.sqrt();
        let (x, dy) = (array![[1.0], [2.0], [3.0]], array![[0.1], [0.2], [0.3]]);
        let (bz, cache, dz, [d_gamma, d_beta]) = step(&of_the_notes(), &x, &dy, Mode::Train);
        assert_eq!((cache.mean(0), cache.variance(0)), (2.0, 2.0 / 3.0));
        // A few roundings of numbers of size 1.
        let bound = 4.0 * f64::EPSILON;
        assert_close(&bz, &[1.0 - 2.0 * root, 1.0, 1.0 + 2.0 * root], bound);
        assert!((d_beta - 0.6).abs() <= bound, "{d_beta}");
        assert!((d_gamma - 0.2 * root).abs() <= bound, "{d_gamma}");
        assert!((d_gamma - 0.244_949_0).abs() <= 5e-8, "{d_gamma}");
        assert_close(&dz, &[0.0; 3], bound);
    }

    // After evaluation the statistics are the running ones, here mean 1 and variance 4 (1/σ = ½), and constants:
    //   NZ = [0, ½, 1], BZ = 2 NZ + 1 = [1, 2, 3], dLdγ = 0.2·½ + 0.3·1 = 0.4, dLdZ = 2·½·dLdBZ
    #[test]
    fn fault_6_backward_after_evaluation_uses_the_running_statistics() {
        let mut norm = of_the_notes();
        norm.each_tensor_mut(Path::root(), &mut |path, mut t| match path.leaf() {
            "running_mean" => t.value.fill(1.0),
            "running_var" => t.value.fill(4.0),
            _ => {}
        });
        let (x, dy) = (array![[1.0], [2.0], [3.0]], array![[0.1], [0.2], [0.3]]);
        let (bz, cache, dz, [d_gamma, d_beta]) = step(&norm, &x, &dy, Mode::Eval);
        assert_eq!(bz, array![[1.0], [2.0], [3.0]]);
        assert_eq!((cache.mean(0), cache.variance(0)), (1.0, 4.0));
        assert_close(&dz, &[0.1, 0.2, 0.3], 0.0);
        assert!((d_gamma - 0.4).abs() <= f64::EPSILON && (d_beta - 0.6).abs() <= f64::EPSILON);
    }
}
