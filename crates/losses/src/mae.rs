//! The mean absolute error.

use tensor_core::functions::sign;
use tensor_core::{Float, Wide};

use crate::element::ElementLoss;
use crate::reduction::Reduction;

/// The mean absolute error over all elements, PyTorch's `nn.L1Loss`.
///
/// ```text
/// L          = (1/(N·C)) Σ_n Σ_c |A[n, c] − Y[n, c]|
/// dLdA[n, c] = (1/(N·C)) sign(A[n, c] − Y[n, c])
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets. With [`Reduction::Sum`], `1/(N·C)` is
/// left out of both.
///
/// # Derivation
///
/// `A[n, c]` is in one term of the double sum. `|d|` is `d` for `d > 0` and `−d` for `d < 0`, so
/// its derivative is 1 or −1. At the corner `d = 0` there is none; 0 is taken, as in PyTorch: a
/// prediction that is right is not moved.
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
/// use losses::{Loss, MaeLoss};
/// use ndarray::{Array2, array};
///
/// let (a, y) = (array![[1.0, 2.0]], array![[1.0, 5.0]]);
/// let mut da = Array2::zeros((1, 2));
/// let loss = MaeLoss::default().backward(&a, &y, &mut da)?;
/// assert_eq!(loss, (0.0 + 3.0) / 2.0);
/// assert_eq!(da, array![[0.0, -0.5]]); // sign(A − Y)/2
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaeLoss {
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

impl ElementLoss for MaeLoss {
    const NAME: &'static str = "mae";

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y).abs() // |a − y|
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        sign(a - y)
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        (Wide::from(a) - Wide::from(y)).abs()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::MaeLoss;
    use crate::{Loss, Reduction};

    // A − Y = [1 −2; ½ 0; −1 3; 4 −½]: Σ|A − Y| = 12, N·C = 8.
    #[test]
    fn four_by_two_by_hand() {
        let y = array![[0.0, 1.0], [1.0, 0.0], [2.0, -1.0], [-3.0, 0.5]];
        let a = &y + &array![[1.0, -2.0], [0.5, 0.0], [-1.0, 3.0], [4.0, -0.5]];
        let signs = array![[1.0, -1.0], [1.0, 0.0], [-1.0, 1.0], [1.0, -1.0]];
        for (reduction, loss, scale) in [(Reduction::Mean, 1.5, 0.125), (Reduction::Sum, 12.0, 1.0)]
        {
            let mut da = Array2::from_elem((4, 2), f64::NAN);
            assert_eq!(MaeLoss { reduction }.forward(&a, &y).unwrap(), loss);
            assert_eq!(MaeLoss { reduction }.backward(&a, &y, &mut da).unwrap(), loss);
            assert_eq!(da, &signs * scale);
        }
    }

    #[test]
    fn extremes() {
        let mut da = Array2::zeros((1, 4));
        let a = array![[1e4_f32, f32::NEG_INFINITY, -0.0, 1e-45]];
        let mae = MaeLoss { reduction: Reduction::Sum };
        let y = Array2::zeros((1, 4));
        assert_eq!(mae.backward(&a, &y, &mut da).unwrap(), f32::INFINITY);
        assert_eq!(da, array![[1.0, -1.0, 0.0, 1.0]]);
        let loss = mae.backward(&array![[f32::NAN, 1.0, 0.0, 0.0]], &y, &mut da).unwrap();
        assert!(loss.is_nan() && da[[0, 0]].is_nan() && da[[0, 1]] == 1.0);
    }
}
