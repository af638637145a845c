//! The mean squared error.

use tensor_core::{Float, Wide};

use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// The mean squared error over all elements, PyTorch's `nn.MSELoss`.
///
/// ```text
/// L          = (1/(N·C)) Σ_n Σ_c (A[n, c] − Y[n, c])²
/// dLdA[n, c] = (2/(N·C)) (A[n, c] − Y[n, c])
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets. With [`Reduction::Sum`], `1/(N·C)` is
/// left out of both.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum. The derivative of `(a − y)²` with respect to `a` is
/// `2 (a − y)`;
/// the factor `1/(N·C)` stays in front. The mean is over the `N·C` elements, not over the `N` rows,
/// in the loss as in the gradient.
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If these shapes differ, or there are no predictions.
///
/// # Examples
///
/// ```
/// use losses::{Loss, MseLoss};
/// use ndarray::{Array2, array};
///
/// let (a, y) = (array![[1.0, 2.0]], array![[1.0, 4.0]]);
/// let mut da = Array2::zeros((1, 2));
/// let loss = MseLoss::default().backward(&a, &y, &mut da)?;
/// assert_eq!(loss, (0.0 + 4.0) / 2.0);
/// assert_eq!(da, array![[0.0, -2.0]]); // 2 (A − Y)/2
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MseLoss {
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl ElementLoss for MseLoss {
    const NAME: &'static str = "mse";

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y) * (a - y) // (a − y)²
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        2.0 * (a - y) // 2 (a − y)
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let d = Wide::from(a) - Wide::from(y);
        d * d
    }

    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        (Wide::from(a) - Wide::from(y)) * Wide::from(2.0)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::MseLoss;
    use crate::{Loss, Reduction};

    /// Fault 8 of the course notes (see the page `course` of the crate `models`): 1/N in one place,
    /// 1/(N·C) in the other. 1/(N·C) is right.
    // A − Y = [1 −2; ½ 0; −1 3; 4 −½], squares [1 4; ¼ 0; 1 9; 16 ¼], their sum 63/2, N·C = 8.
    #[test]
    fn fault_8_four_by_two_by_hand() {
        let y = array![[0.0, 1.0], [1.0, 0.0], [2.0, -1.0], [-3.0, 0.5]];
        let difference = array![[1.0, -2.0], [0.5, 0.0], [-1.0, 3.0], [4.0, -0.5]];
        let a = &y + &difference;
        for (reduction, loss, scale) in
            [(Reduction::Mean, 63.0 / 16.0, 0.25), (Reduction::Sum, 31.5, 2.0)]
        {
            let mse = MseLoss { reduction };
            let mut da = Array2::from_elem((4, 2), f64::NAN);
            assert_eq!(mse.forward(&a, &y).unwrap(), loss);
            assert_eq!(mse.backward(&a, &y, &mut da).unwrap(), loss);
            assert_eq!(da, &difference * scale);
        }
    }

    #[test]
    fn far_predictions_are_right_and_nan_stays_nan() {
        let mut da = Array2::zeros((1, 2));
        let mse = MseLoss::default();
        let far = mse.backward(&array![[1e4_f32, -1e4]], &array![[0.0, 0.0]], &mut da).unwrap();
        assert_eq!((far, &da), (1e8, &array![[1e4, -1e4]]));
        let loss = mse.backward(&array![[f32::NAN, 0.0]], &array![[0.0, 0.0]], &mut da).unwrap();
        assert!(loss.is_nan() && da[[0, 0]].is_nan() && da[[0, 1]] == 0.0);
        let loss = mse.backward(&array![[f32::INFINITY, 0.0]], &array![[0.0, 0.0]], &mut da);
        assert_eq!((loss.unwrap(), da), (f32::INFINITY, array![[f32::INFINITY, 0.0]]));
    }
}
