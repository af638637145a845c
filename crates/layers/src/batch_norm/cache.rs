//! What a batch normalization keeps of a forward pass.

use ndarray::Array1;
use tensor_core::sums::ColumnMoments;
use tensor_core::{Float, Path};

use super::config::BatchNorm1dConfig;

use crate::Mode;
use crate::affine::AffineSums;

/// What a [`BatchNorm1d`](super::BatchNorm1d) keeps of a forward pass: the statistics `μ` and `σ²`
/// that were used, and whether the running ones have still to be moved by them.
#[derive(Debug, Clone)]
pub struct BatchNorm1dCache<F> {
    pub(super) moments: ColumnMoments<F>,
    /// `dLdγ` and `dLdβ` of the last backward pass.
    pub(super) sums: AffineSums,
    pub(super) mode: Mode,
    /// Rows of the training batch by whose statistics the running ones have still to be moved.
    pub(super) pending: Option<usize>,
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

    /// Moves the running mean and variance by those of the batch, once for each batch, where they
    /// move: `running ← α running + (1 − α) batch`.
    pub(super) fn settle(
        &mut self,
        config: &BatchNorm1dConfig,
        [mean, variance]: [&mut Array1<F>; 2],
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        let Some(n) = self.pending.take() else { return };
        let momentum = config.momentum;
        let correction =
            if config.unbiased_running_var { n as f64 / (n as f64 - 1.0) } else { 1.0 };
        let tensors = [
            ("running_mean", mean, &self.moments.mean, 1.0),
            ("running_var", variance, &self.moments.variance, correction),
        ];
        for (name, running, batch, factor) in tensors {
            if moves(path.name(name)) {
                running.zip_mut_with(batch, |r, batch| {
                    *r = F::of((1.0 - momentum) * r.as_f64() + momentum * (batch * factor));
                });
            }
        }
    }
}
