//! How the losses of the samples become one number.

use tensor_core::Float;

/// How the losses `ℓ` of the samples become one number: their mean or their sum.
///
/// | | loss | gradient |
/// |---|---|---|
/// | [`Mean`](Self::Mean) | `L = (1/M) Σ ℓ` | `∂L/∂A = (1/M) ∂ℓ/∂A` |
/// | [`Sum`](Self::Sum) | `L = Σ ℓ` | `∂L/∂A = ∂ℓ/∂A` |
///
/// `M` is the number of samples: the `N·C` elements of a loss that compares arrays, the `N` rows
/// of a loss on classes. Ignored rows are not counted; with class weights or sample weights, `M`
/// is the sum of the weights. Why no layer divides by `N` once more is said with [`Loss`].
///
/// PyTorch's third reduction, `"none"`, is a trait here, [`EachLoss`]: it returns an array, which a
/// training loop never asks for.
///
/// ```
/// use losses::{Loss, MseLoss, Reduction};
/// use ndarray::{Array2, array};
///
/// // (A − Y)² is 1 and 9; 2 (A − Y) is 2 and −6.
/// let (a, y) = (array![[1.0, 2.0]], array![[0.0, 5.0]]);
/// let mut da = Array2::zeros((1, 2));
/// let mean = MseLoss { reduction: Reduction::Mean };
/// assert_eq!(mean.backward(&a, &y, &mut da)?, 10.0 / 2.0);
/// assert_eq!(da, array![[2.0 / 2.0, -6.0 / 2.0]]);
/// let sum = MseLoss { reduction: Reduction::Sum };
/// assert_eq!(sum.backward(&a, &y, &mut da)?, 10.0);
/// assert_eq!(da, array![[2.0, -6.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// [`Loss`]: crate::Loss
/// [`EachLoss`]: crate::EachLoss
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// `value/total` for the mean, `value` for the sum.
    ///
    /// A quotient and not a factor `1/total`, which would overflow for a tiny total. If all weights
    /// are 0, the mean is 0 and not 0/0.
    pub(crate) fn reduce<F: Float>(self, value: F, total: F) -> F {
        match self {
            Self::Mean if total == F::zero() => value * F::zero(),
            Self::Mean => value / total,
            Self::Sum => value,
        }
    }
}
