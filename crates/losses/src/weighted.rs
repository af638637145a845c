//! `L = Σ_n w[n]·L[n] / Σ_n w[n]`: any loss of this crate, with a weight for each row of the batch.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | predictions |
//! | `(Y, w)` | the loss's own target, `(N)` | finite weights ≥ 0 |
//! | `dLdA[n, :] = w[n]·dL[n]/dA[n, :] / Σ_m w[m]` | `(N, C)` | |
//!
//! A row of weight 2 does what two copies of it would do, and a row of weight 0 what leaving it out would do; so the mean is
//! divided by the sum of the weights (times what else the loss divides by: `C`, or the class weights of the targets). PyTorch
//! has no such argument for most losses; where it has one (`BCELoss(weight=…)`), its mean is divided by the number of elements
//! instead: take [`Reduction::Sum`](crate::Reduction) and divide by what you like.
//!
//! ```
//! use losses::{Loss, MseLoss, Weighted};
//! use ndarray::{Array2, array};
//!
//! let (a, y) = (array![[1.0], [2.0], [f64::NAN]], array![[0.0], [0.0], [0.0]]);
//! let mut da = Array2::zeros((3, 1));
//! let loss = Weighted(MseLoss::default()).backward(&a, (&y, &[1.0, 3.0, 0.0]), &mut da)?;
//! assert_eq!(loss, (1.0 * 1.0 + 3.0 * 4.0) / 4.0);
//! assert_eq!(da, array![[2.0 / 4.0], [3.0 * 4.0 / 4.0], [0.0]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::{Loss, WeightedLoss};

/// A loss whose target is a pair: the loss's own target, and a weight for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weighted<L>(pub L);

impl<F: Float, L: WeightedLoss<F>> Loss<F> for Weighted<L> {
    type Target<'a> = (L::Target<'a>, &'a [F]);

    fn forward(&self, a: &ArrayRef2<F>, (y, weights): Self::Target<'_>) -> Result<F, Error> {
        self.0.weighted(a, y, weights, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        (y, weights): Self::Target<'_>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        self.0.weighted(a, y, weights, Some(da))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::Weighted;
    use crate::{Loss, MseLoss, Reduction, RmseLoss};

    /// 5e-324 is the smallest subnormal number; the reciprocal of such a total would be infinite.
    #[test]
    fn tiny_weights_and_none_at_all() {
        let (a, y) = (array![[3.0], [1.0]], array![[1.0], [0.0]]);
        let mut da = Array2::from_elem((2, 1), f64::NAN);
        let weighted = Weighted(MseLoss::default());
        assert_eq!(weighted.backward(&a, (&y, &[5e-324, 0.0]), &mut da).unwrap(), 4.0);
        assert_eq!(da, array![[4.0], [0.0]]);
        for reduction in [Reduction::Mean, Reduction::Sum] {
            let weighted = Weighted(MseLoss { reduction });
            assert_eq!(weighted.backward(&a, (&y, &[0.0, -0.0]), &mut da).unwrap(), 0.0);
            assert_eq!(da, array![[0.0], [0.0]]);
        }
        assert_eq!(Weighted(RmseLoss).backward(&a, (&y, &[0.0, 0.0]), &mut da).unwrap(), 0.0);
        assert_eq!(da, array![[0.0], [0.0]]);
    }
}
