//! What a batch normalization keeps of a forward pass.

use tensor_core::Float;
use tensor_core::sums::ColumnMoments;

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
}
