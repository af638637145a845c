//! The root of the mean squared error.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float, Wide};

use crate::element::ElementLoss;
use crate::element_pass;
use crate::element_wide::{WideSums, gradients};
use crate::loss::{Loss, SampleWeightedLoss};
use crate::range::is_safe;
use crate::reduction::Reduction;

/// The root of the mean squared error over all elements, in the unit of the targets.
///
/// ```text
/// M          = (1/(N·C)) Σ_n Σ_c (A[n, c] − Y[n, c])²       the mean squared error
/// L          = √M
/// dLdA[n, c] = (A[n, c] − Y[n, c])/(N·C·L)                  0 where L = 0
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets. There is no reduction to choose and no
/// loss of a single sample: the root stands outside the mean.
///
/// # Derivation
///
/// By the chain rule, `∂L/∂A[n, c] = (1/(2 √M)) ∂M/∂A[n, c]`, and `A[n, c]` is in one term of `M`:
/// `∂M/∂A[n, c] = 2 (A[n, c] − Y[n, c])/(N·C)`. The twos cancel, and `√M = L`. Where all
/// predictions are right, `M = 0` and the root has no derivative; 0 is taken, so that nothing is
/// moved. PyTorch has no such loss; the gradient of the root of its `MSELoss` is NaN there.
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
/// use losses::{Loss, RmseLoss};
/// use ndarray::{Array2, array};
///
/// let mut da = Array2::zeros((1, 2));
/// let loss = RmseLoss.backward(&array![[1.0, 7.0]], &array![[0.0, 0.0]], &mut da)?;
/// assert_eq!(loss, 5.0); // √((1 + 49)/2)
/// assert!((da[[0, 1]] - 7.0_f64 / (2.0 * 5.0)).abs() < 1e-15);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RmseLoss;

impl RmseLoss {
    /// `L`, and `dLdA` into `da` if there is one.
    ///
    /// Plainly: `M`, its root `L`, then the gradient, each as above. The code departs from this for
    /// one reason: a square may overflow or vanish where the root would not. If `M` shows that, all
    /// of it is done once more in numbers whose exponent does not run out.
    fn pass<F: Float>(
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: Option<&[F]>,
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        let squares = Squares { inverse: 1.0 };
        element_pass::check(&squares, a, y, sample_weights, da.as_deref())?;
        let (sum, total) = element_pass::sum_and_total(&squares, a, y, sample_weights, None);
        let mean = sum / total; // M
        if sum == 0.0 || !is_safe(sum, sample_weights) {
            return Ok(F::of(Self::wide_pass(a, y, sample_weights, da)));
        }
        let root = mean.sqrt();
        if let Some(da) = da {
            let squares = Squares { inverse: 1.0 / root };
            element_pass::sum_and_total(&squares, a, y, sample_weights, Some(da));
        }
        Ok(F::of(root))
    }

    /// The same in wide numbers, and unrounded.
    fn wide_pass<F: Float>(
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: Option<&[F]>,
        da: Option<&mut ArrayRef2<F>>,
    ) -> f64 {
        let squares = Squares { inverse: 1.0 };
        let WideSums { sum, total } = WideSums::new(&squares, a, y, sample_weights);
        let root = if sum.is_zero() { sum } else { (sum / total).sqrt() };
        if let Some(da) = da {
            da.fill(F::zero());
            if !root.is_zero() {
                da.fill(F::nan()); // what is not finite is computed again
                gradients(&squares, a, y, sample_weights, total * root, da);
            }
        }
        root.value()
    }
}

/// The mean of `(a − y)²`, with the gradient of its root.
struct Squares {
    /// `1/L`, for the gradient.
    inverse: f64,
}

impl ElementLoss for Squares {
    const NAME: &'static str = "rmse";

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y) * (a - y) // (a − y)²
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        (a - y) * self.inverse // (a − y)/L
    }

    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        let d = Wide::from(a) - Wide::from(y);
        d * d
    }

    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        (Wide::from(a) - Wide::from(y)) * Wide::from(self.inverse)
    }
}

impl<F: Float> Loss<F> for RmseLoss {
    type Target<'a> = &'a ArrayRef2<F>;

    fn forward(&self, a: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F, Error> {
        Self::pass(a, y, None, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        Self::pass(a, y, None, Some(da))
    }
}

impl<F: Float> SampleWeightedLoss<F> for RmseLoss {
    fn sample_weighted(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        Self::pass(a, y, Some(sample_weights), da)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use tensor_core::Rng;

    use super::RmseLoss;
    use crate::{Loss, SampleWeighted};

    // A − Y = [2 −2; 4 −1], squares [4 4; 16 1], their sum 25, N·C = 4: L = 5/2, dLdA = (A − Y)/(4
    // · 5/2).
    #[test]
    fn two_by_two_by_hand() {
        let d = array![[2.0, -2.0], [4.0, -1.0]];
        let y = array![[3.0, 0.0], [-1.0, 2.0]];
        let mut da = Array2::from_elem((2, 2), f64::NAN);
        assert_eq!(RmseLoss.forward(&(&d + &y), &y).unwrap(), 2.5);
        assert_eq!(RmseLoss.backward(&(&d + &y), &y, &mut da).unwrap(), 2.5);
        assert_relative_eq!(da, &d / 10.0, epsilon = 0.0, max_relative = 1e-15);
    }

    // A = −Y: the distances are 6 and 6, and dLdA = ±6/(2·6).
    #[test]
    fn predictions_opposite_to_their_targets_are_wrong() {
        let (a, y) = (array![[3.0, -3.0]], array![[-3.0, 3.0]]);
        let mut da = Array2::from_elem((1, 2), f64::NAN);
        assert_eq!(RmseLoss.backward(&a, &y, &mut da).unwrap(), 6.0);
        assert_eq!(da, array![[0.5, -0.5]]);
    }

    #[test]
    fn no_square_overflows_or_vanishes() {
        let mut da = Array2::zeros((1, 2));
        let y = array![[0.0, 0.0]];
        for size in [1e300, 1e4, 1e-200, 5e-324_f64] {
            let loss = RmseLoss.backward(&array![[size, -size]], &y, &mut da).unwrap();
            assert_eq!((loss, &da), (size, &array![[0.5, -0.5]]));
        }
    }

    #[test]
    fn right_predictions_and_numbers_that_are_none() {
        let mut da = Array2::from_elem((1, 2), f64::NAN);
        let y = array![[1.0, 2.0]];
        assert_eq!(RmseLoss.backward(&y, &y, &mut da).unwrap(), 0.0);
        assert_eq!(da, array![[0.0, 0.0]]);
        let loss = RmseLoss.backward(&array![[f64::INFINITY, 5.0]], &y, &mut da).unwrap();
        assert!(loss == f64::INFINITY && da[[0, 0]].is_nan() && da[[0, 1]] == 0.0);
        for a in [array![[f64::NAN, 5.0]], array![[5.0, f64::NAN]]] {
            assert!(RmseLoss.backward(&a, &y, &mut da).unwrap().is_nan());
            assert!(da.iter().all(|g| g.is_nan()));
        }
        let mut row = Array2::zeros((2, 1));
        let message = "rmse: target: expected shape (1, 2), found (2, 1)";
        assert_eq!(RmseLoss.forward(&y, &row).unwrap_err().to_string(), message);
        let message = "rmse: gradient: expected shape (1, 2), found (2, 1)";
        assert_eq!(RmseLoss.backward(&y, &y, &mut row).unwrap_err().to_string(), message);
    }

    // Sizes at which nothing is scaled, and at which squares vanish or overflow: the loss and its
    // gradient only scale with them.
    #[test]
    fn every_size_is_the_same_loss() {
        let mut rng = Rng::new(3);
        for columns in [1, 7, 40] {
            let d = Array2::from_shape_simple_fn((3, columns), || rng.normal());
            let y = Array2::zeros(d.dim());
            let weights = [0.5, 0.0, 2.0];
            let squares = |n: usize| d.row(n).map(|d| d * d).sum();
            let mean = (0.5 * squares(0) + 2.0 * squares(2)) / (2.5 * columns as f64);
            for size in [1.0, 1e-90, 1e-110, 1e-250, 1e140, 1e160, 1e300] {
                let a = d.mapv(|d: f64| d * size);
                let mut da = Array2::from_elem(d.dim(), f64::NAN);
                let loss = SampleWeighted(RmseLoss).backward(&a, (&y, &weights), &mut da).unwrap();
                let close = |got: f64, want: f64| {
                    assert!((got - want).abs() <= 1e-14 * want.abs(), "{size}: {got:e}, {want:e}");
                };
                close(loss / size, mean.sqrt());
                for ((n, c), &g) in da.indexed_iter() {
                    close(g, weights[n] * d[[n, c]] / (2.5 * columns as f64 * mean.sqrt()));
                }
            }
        }
    }
}
