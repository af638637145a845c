//! `L = √(Σ (A − Y)² / (N·C))`: the root of the mean squared error, in the unit of the targets.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | predictions |
//! | `Y` | `(N, C)` | targets |
//! | `dLdA = (A − Y)/(N·C·L)` | `(N, C)` | 0 where `L = 0` |
//!
//! Computed as `m·√(Σ ((A − Y)/m)² / (N·C))` with `m = max |A − Y|`, so that no square of an `f64` overflows or vanishes. PyTorch has no
//! such loss; the square root of its `MSELoss` has the gradient NaN where all predictions are right.
//!
//! There is no reduction to choose and no loss of a single sample: the root stands outside the mean.
//!
//! ```
//! use losses::{Loss, RmseLoss};
//! use ndarray::{Array2, array};
//!
//! let mut da = Array2::zeros((1, 2));
//! let loss = RmseLoss.backward(&array![[1.0, 7.0]], &array![[0.0, 0.0]], &mut da)?;
//! assert_eq!(loss, 5.0); // √((1 + 49)/2)
//! assert!((da[[0, 1]] - 7.0_f64 / (2.0 * 5.0)).abs() < 1e-15);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::ArrayRef2;
use tensor_core::reduce::{self, Sum};
use tensor_core::{Error, Float};

use crate::loss::{check_predictions, check_shape};
use crate::{Loss, Reduction, WeightedLoss};

/// The root of the mean squared error over all elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RmseLoss;

const PLACE: &str = "rmse";

impl RmseLoss {
    fn pass<F: Float>(
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: Option<&[F]>,
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        check_predictions(PLACE, a, weights, da.as_deref())?;
        check_shape(PLACE, "target", a.shape(), y.shape())?;
        let (rows, columns) = a.dim();
        let weight = |n: usize| weights.map_or(1.0, |w| w[n].as_f64());
        let counts = |n: &usize| weight(*n) != 0.0;
        let all = reduce::sum_by(rows, &weight) * columns as f64;
        let difference = |n: usize, c: usize| a[[n, c]].as_f64() - y[[n, c]].as_f64();

        // Once NaN, it stays: nothing is larger.
        let larger = |m: f64, d: f64| if d > m || d.is_nan() { d } else { m };
        let distances = |n: usize| (0..columns).map(move |c| difference(n, c).abs());
        let largest = (0..rows).filter(counts).flat_map(distances).fold(0.0, larger);
        let scaled = |n: usize, c: usize| difference(n, c) / largest;
        let root = if largest == 0.0 || largest.is_infinite() {
            // Nothing to scale: all right, or a loss of ∞.
            1.0
        } else {
            let row = |n| weight(n) * reduce::sum_by(columns, &|c| scaled(n, c) * scaled(n, c));
            let squares =
                (0..rows).filter(counts).fold(Sum::<F>::default(), |sum, n| sum.plus(row(n)));
            Reduction::Mean.share(squares.value(), all).sqrt()
        };
        let loss = largest * root;
        if let Some(da) = da {
            for ((n, c), da) in da.indexed_iter_mut() {
                *da = if counts(&n) && loss != 0.0 {
                    F::of(Reduction::Mean.share(weight(n), all) * (scaled(n, c) / root))
                } else {
                    F::zero()
                };
            }
        }
        Ok(F::of(loss))
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

impl<F: Float> WeightedLoss<F> for RmseLoss {
    fn weighted(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        Self::pass(a, y, Some(weights), da)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::RmseLoss;
    use crate::Loss;

    // A − Y = [2 −2; 4 −1], squares [4 4; 16 1], their sum 25, N·C = 4: L = 5/2, dLdA = (A − Y)/(4 · 5/2).
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
}
