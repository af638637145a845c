//! `L = Σ (A − Y)² / (N·C)`: the mean squared error over all elements.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | predictions |
//! | `Y` | `(N, C)` | targets |
//! | `dLdA = 2 (A − Y)/(N·C)` | `(N, C)` | |
//!
//! ```
//! use losses::{Loss, MseLoss};
//! use ndarray::{Array2, array};
//!
//! let (a, y) = (array![[1.0, 2.0]], array![[1.0, 4.0]]);
//! let mut da = Array2::zeros((1, 2));
//! let loss = MseLoss::default().backward(&a, &y, &mut da)?;
//! assert_eq!(loss, (0.0 + 4.0) / 2.0);
//! assert_eq!(da, array![[0.0, -2.0]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::{ArrayRef2, Zip};
use tensor_core::{Error, Float, reduce};

use crate::loss::check_predictions;
use crate::{Loss, Reduction};

/// The mean squared error, PyTorch's `nn.MSELoss`. The mean is over the `N·C` elements; the sum leaves `1/(N·C)` out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MseLoss {
    /// Mean or sum over the elements.
    pub reduction: Reduction,
}

const PLACE: &str = "mse";

impl<F: Float> Loss<F> for MseLoss {
    type Target<'a> = &'a ArrayRef2<F>;

    fn forward(&self, a: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F, Error> {
        check_predictions(PLACE, a, None)?;
        if y.dim() != a.dim() {
            return Err(Error::shape("mse: target", a.shape(), y.shape()));
        }
        let (n, c) = a.dim();
        let total = reduce::sum_by(n * c, &|i| {
            let difference = a[[i / c, i % c]] - y[[i / c, i % c]];
            difference * difference
        });
        Ok(total * self.reduction.scale(n * c)) // L = Σ (A − Y)²/(N·C)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        check_predictions(PLACE, a, Some(da))?;
        let loss = self.forward(a, y)?;
        let scale = F::of(2.0) * self.reduction.scale(a.len());
        Zip::from(da).and(a).and(y).for_each(|da, &a, &y| *da = scale * (a - y)); // dLdA = 2 (A − Y)/(N·C)
        Ok(loss)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::MseLoss;
    use crate::{Loss, Reduction};

    /// Fault 8 of the notes: 1/N in one place, 1/(N·C) in the other; 1/(N·C) stands.
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
    fn nothing_is_broadcast() {
        let mse = MseLoss::default();
        let a = Array2::<f64>::zeros((3, 2));
        let mut da = a.clone();
        let messages = [
            (
                mse.forward(&a, &Array2::zeros((3, 1))),
                "mse: target: expected shape (3, 2), found (3, 1)",
            ),
            (
                mse.forward(&a, &Array2::zeros((1, 2))),
                "mse: target: expected shape (3, 2), found (1, 2)",
            ),
            (
                mse.backward(&a, &a, &mut Array2::zeros((2, 3))),
                "mse: gradient: expected shape (3, 2), found (2, 3)",
            ),
            (
                mse.backward(&Array2::zeros((0, 2)), &a, &mut da),
                "mse: expected at least 1 row of predictions, found 0",
            ),
            (
                mse.backward(&Array2::zeros((3, 0)), &a, &mut da),
                "mse: expected at least 1 prediction in a row, found 0",
            ),
        ];
        for (result, message) in messages {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn nan_in_gives_nan_out() {
        let a = array![[f32::NAN, 0.0]];
        let mut da = Array2::zeros((1, 2));
        let loss = MseLoss::default().backward(&a, &array![[0.0, 0.0]], &mut da).unwrap();
        assert!(loss.is_nan() && da[[0, 0]].is_nan() && da[[0, 1]] == 0.0);
    }
}
