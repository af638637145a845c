//! What a batch normalization keeps of its passes.

use ndarray::Array1;
use tensor_core::memory::zeros;
use tensor_core::sums::ColumnMoments;
use tensor_core::{Error, Float, Path};

use super::BatchNorm1dConfig;
use crate::affine::AffineSums;
use crate::{Mode, Part};

/// What a [`BatchNorm1d`](super::BatchNorm1d) keeps of a forward pass: the statistics `μ` and `σ²`
/// that were used, and by what the running ones have still to be moved.
#[derive(Debug, Clone)]
pub struct BatchNorm1dCache<F> {
    pub(super) moments: ColumnMoments<F>,
    /// `dLdγ` and `dLdβ` of the last backward pass.
    pub(super) sums: AffineSums,
    pub(super) mode: Mode,
    /// Rows of the last pass, if it was of training and does not count yet.
    pub(super) pending: Option<usize>,
    pub(super) update: Update,
}

/// What the passes that count make of the running statistics, one after the other:
///
/// ```text
/// running ← α running + (1 − α) batch_1,  then  ← α running + (1 − α) batch_2,  …
///         = keep·running + moved          keep ← α keep,  moved ← α moved + (1 − α) batch_p
/// ```
#[derive(Debug, Clone)]
pub(super) struct Update {
    n_passes: usize,
    keep: f64,
    mean: Array1<f64>,
    variance: Array1<f64>,
}

impl<F: Float> BatchNorm1dCache<F> {
    pub(super) fn new(features: usize) -> Result<Self, Error> {
        let zeros = || zeros("BatchNorm1d: statistics", features);
        Ok(Self {
            moments: ColumnMoments::new(features)?,
            sums: AffineSums::new(features)?,
            mode: Mode::Eval,
            pending: None,
            update: Update { n_passes: 0, keep: 1.0, mean: zeros()?, variance: zeros()? },
        })
    }

    /// `μ` of feature `c` as the last forward pass used it.
    pub fn mean(&self, c: usize) -> F {
        F::of(self.moments.unscaled(c).0)
    }

    /// `σ²` of feature `c` as the last forward pass used it.
    pub fn variance(&self, c: usize) -> F {
        F::of(self.moments.unscaled(c).1)
    }

    /// The last pass counts: its statistics are put behind those that count already.
    pub(super) fn count(&mut self, part: Part, config: &BatchNorm1dConfig) {
        let Self { moments, pending, update, .. } = self;
        if part == Part::Whole {
            update.n_passes = 0;
        }
        let Some(n) = pending.take() else { return };
        let correction = match config.unbiased_running_var {
            true => n as f64 / (n as f64 - 1.0),
            false => 1.0,
        };
        let (keep, share, is_first) =
            (1.0 - config.momentum, config.momentum, update.n_passes == 0);
        update.n_passes += 1;
        update.keep = if is_first { keep } else { keep * update.keep };
        let add = |moved: &mut f64, batch: f64| {
            *moved = if is_first { share * batch } else { keep * *moved + share * batch };
        };
        for (c, mean) in update.mean.iter_mut().enumerate() {
            add(mean, moments.unscaled(c).0);
        }
        for (c, variance) in update.variance.iter_mut().enumerate() {
            // A variance beyond the type counts as its largest number: ∞ would stay for ever.
            let batch = moments.unscaled(c).1 * correction;
            let is_beyond = batch == f64::INFINITY && moments.variance[c].is_finite();
            add(variance, if is_beyond { f64::MAX } else { batch });
        }
    }

    /// Moves the running mean and variance by those of the passes that count, once, where they
    /// move.
    pub(super) fn settle(
        &mut self,
        [mean, variance]: [&mut Array1<F>; 2],
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        let Update { n_passes, keep, mean: moved_mean, variance: moved_variance } =
            &mut self.update;
        if std::mem::take(n_passes) == 0 {
            return;
        }
        let tensors =
            [("running_mean", mean, moved_mean), ("running_var", variance, moved_variance)];
        for (name, running, moved) in tensors {
            if moves(path.name(name)) {
                running.zip_mut_with(moved, |r, moved| {
                    let next = F::of(*keep * r.as_f64() + moved);
                    // ∞ would stay for ever.
                    let is_beyond = next == F::infinity() && r.is_finite() && moved.is_finite();
                    *r = if is_beyond { F::max_value() } else { next };
                });
            }
        }
    }
}
