//! `L = Σ |A − Y| / (N·C)`: the mean absolute error over all elements.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | predictions |
//! | `Y` | `(N, C)` | targets |
//! | `dLdA = sign(A − Y)/(N·C)` | `(N, C)` | 0 where `A = Y`, as in PyTorch |
//!
//! ```
//! use losses::{Loss, MaeLoss};
//! use ndarray::{Array2, array};
//!
//! let (a, y) = (array![[1.0, 2.0]], array![[1.0, 5.0]]);
//! let mut da = Array2::zeros((1, 2));
//! let loss = MaeLoss::default().backward(&a, &y, &mut da)?;
//! assert_eq!(loss, (0.0 + 3.0) / 2.0);
//! assert_eq!(da, array![[0.0, -0.5]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use tensor_core::Float;
use tensor_core::functions::sign;

use crate::{ElementLoss, Reduction};

/// The mean absolute error, PyTorch's `nn.L1Loss`.
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
    fn loss<F: Float>(&self, a: f64, y: f64, _w: f64) -> f64 {
        (a - y).abs()
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64, _w: f64) -> f64 {
        sign(a - y)
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
