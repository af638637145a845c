//! Any loss of this crate with a weight for each row of the batch.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::loss::{Loss, SampleWeightedLoss};

/// A loss with a weight `s_n` for each row of the batch, whatever the loss:
/// `L = Σ_n s_n ℓ_n / Σ_n s_n`.
///
/// ```text
/// L          = Σ_n s_n ℓ_n / Σ_n s_n                    ℓ_n: the loss of row n
/// dLdA[n, c] = s_n ∂ℓ_n/∂A[n, c] / Σ_m s_m              row n of A is in ℓ_n only
/// ```
///
/// `ℓ_n` is, for a loss on arrays, the mean over the elements of row `n`. For a loss on classes
/// with class weights `w`, whose `ℓ_n` contains `w[y[n]]`, the denominator is `Σ_n s_n w[y[n]]`. A
/// row of weight 2 has the effect of two copies of it, a row of weight 0 that of leaving it out: it
/// is not even looked at. If all weights are 0, so are loss and gradient. With
/// [`Reduction::Sum`](crate::Reduction::Sum), the denominator is left out.
///
/// For [`RmseLoss`](crate::RmseLoss), the mean under the root is weighted.
///
/// PyTorch has no such argument for most losses. Where it has one (`BCELoss(weight=…)`), its mean
/// is divided by the number of elements instead: take the sum, and divide by what you like.
///
/// # Shapes
///
/// Predictions `A (N, C)`, gradient `dLdA (N, C)`. The target is a pair: the loss's own target, and
/// `s (N)`, finite numbers ≥ 0.
///
/// # Errors
///
/// Those of the loss, and if there is not one weight for each row, or one is negative or not
/// finite.
///
/// # Examples
///
/// ```
/// use losses::{Loss, MseLoss, SampleWeighted};
/// use ndarray::{Array2, array};
///
/// let (a, y) = (array![[1.0], [2.0], [f64::NAN]], array![[0.0], [0.0], [0.0]]);
/// let mut da = Array2::zeros((3, 1));
/// let mse = SampleWeighted(MseLoss::default());
/// let loss = mse.backward(&a, (&y, &[1.0, 3.0, 0.0]), &mut da)?;
/// assert_eq!(loss, (1.0 * 1.0 + 3.0 * 4.0) / 4.0);
/// assert_eq!(da, array![[2.0 / 4.0], [3.0 * 4.0 / 4.0], [0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SampleWeighted<L>(pub L);

impl<F: Float, L: SampleWeightedLoss<F>> Loss<F> for SampleWeighted<L> {
    type Target<'a> = (L::Target<'a>, &'a [F]);

    fn forward(&self, a: &ArrayRef2<F>, (y, weights): Self::Target<'_>) -> Result<F, Error> {
        self.0.sample_weighted(a, y, weights, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        (y, weights): Self::Target<'_>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        self.0.sample_weighted(a, y, weights, Some(da))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::SampleWeighted;
    use crate::{Loss, MseLoss, Reduction, RmseLoss};

    /// 5e-324 is the smallest subnormal number; the reciprocal of such a total would be infinite.
    #[test]
    fn tiny_weights_and_none_at_all() {
        let (a, y) = (array![[3.0], [1.0]], array![[1.0], [0.0]]);
        let mut da = Array2::from_elem((2, 1), f64::NAN);
        let weighted = SampleWeighted(MseLoss::default());
        assert_eq!(weighted.backward(&a, (&y, &[5e-324, 0.0]), &mut da).unwrap(), 4.0);
        assert_eq!(da, array![[4.0], [0.0]]);
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let weighted = SampleWeighted(MseLoss { reduction });
            assert_eq!(weighted.backward(&a, (&y, &[0.0, -0.0]), &mut da).unwrap(), 0.0);
            assert_eq!(da, array![[0.0], [0.0]]);
        }
        let rmse = SampleWeighted(RmseLoss);
        assert_eq!(rmse.backward(&a, (&y, &[0.0, 0.0]), &mut da).unwrap(), 0.0);
        assert_eq!(da, array![[0.0], [0.0]]);
    }
}
