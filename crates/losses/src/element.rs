//! `L = Σ_n Σ_c ℓ(A[n, c], Y[n, c]) / (N·C)`: every loss that compares two arrays of one shape, element by element.
//!
//! Such a loss is two formulas, `ℓ` and `dℓ/da`; the passes over rows, the reduction, the weights of the rows and the
//! checks are the same for all and stand here. A loss of your own is one `impl`:
//!
//! ```
//! use losses::{ElementLoss, Loss, Reduction};
//! use ndarray::{Array2, array};
//! use tensor_core::Float;
//!
//! /// `ℓ = ln cosh(a − y)`, textbook form.
//! struct LogCosh;
//!
//! impl ElementLoss for LogCosh {
//!     const NAME: &'static str = "log-cosh";
//!     fn reduction(&self) -> Reduction {
//!         Reduction::Mean
//!     }
//!     fn loss<F: Float>(&self, a: f64, y: f64, _w: f64) -> f64 {
//!         (a - y).cosh().ln()
//!     }
//!     fn derivative<F: Float>(&self, a: f64, y: f64, _w: f64) -> f64 {
//!         (a - y).tanh()
//!     }
//! }
//!
//! let mut da = Array2::zeros((1, 2));
//! let loss = LogCosh.backward(&array![[1.0, 2.0]], &array![[1.0, 1.0]], &mut da)?;
//! assert_eq!(loss, 1.0_f64.cosh().ln() / 2.0);
//! assert_eq!(da, array![[0.0, 1.0_f64.tanh() / 2.0]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

mod pass;

use ndarray::{ArrayRef2, Ix2, Zip};
use tensor_core::{Error, Float};

use crate::loss::{check_predictions, check_shape};
use crate::{EachLoss, Loss, Reduction, WeightedLoss};

pub(crate) use pass::unrounded;
use pass::{pass, weight};

/// A loss that is a mean or a sum over all elements. [`Loss`], [`EachLoss`] and [`WeightedLoss`] follow.
///
/// Both formulas and the sum are computed in `f64`, for a result of type `F` to which it is rounded once. With
/// `#[inline(always)]` on them, loops over them run in vectors.
pub trait ElementLoss {
    /// The name in messages.
    const NAME: &'static str;

    /// Mean over the `N·C` elements, or sum.
    fn reduction(&self) -> Reduction;

    /// A number `w (C)` for each column, if the formulas have one. That there are `C` is for [`check`](Self::check) to say.
    fn weights(&self) -> Option<&[f64]> {
        None
    }

    /// `ℓ(a, y)`; `w` is the column's number, 1 without [`weights`](Self::weights).
    fn loss<F: Float>(&self, a: f64, y: f64, w: f64) -> f64;

    /// `dℓ/da`. Where `ℓ` has a corner, the file of the loss says what is taken.
    fn derivative<F: Float>(&self, a: f64, y: f64, w: f64) -> f64;

    /// What must hold beyond equal shapes: a range of the predictions, a length of the configuration.
    ///
    /// # Errors
    /// If it does not.
    fn check<F: Float>(&self, a: &ArrayRef2<F>) -> Result<(), Error> {
        let _ = a;
        Ok(())
    }
}

impl<F: Float, L: ElementLoss> Loss<F> for L {
    type Target<'a> = &'a ArrayRef2<F>;

    fn forward(&self, a: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F, Error> {
        pass(self, a, y, None, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        pass(self, a, y, None, Some(da))
    }
}

impl<F: Float, L: ElementLoss> WeightedLoss<F> for L {
    fn weighted(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        pass(self, a, y, Some(weights), da)
    }
}

impl<F: Float, L: ElementLoss> EachLoss<F> for L {
    type Samples = Ix2;

    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        each: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        check(self, a, y, None, None)?;
        check_shape(L::NAME, "losses of the samples", a.shape(), each.shape())?;
        Zip::indexed(each).and(a).and(y).for_each(|(_, c), each, a, y| {
            *each = F::of(self.loss::<F>(a.as_f64(), y.as_f64(), weight(self, c)));
        });
        Ok(())
    }

    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        d_each: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        check(self, a, y, None, Some(da))?;
        check_shape(L::NAME, "gradient of the samples", a.shape(), d_each.shape())?;
        Zip::indexed(da).and(a).and(y).and(d_each).for_each(|(_, c), da, a, y, d| {
            let slope = self.derivative::<F>(a.as_f64(), y.as_f64(), weight(self, c));
            *da = F::of(d.as_f64() * slope);
        });
        Ok(())
    }
}

pub(crate) fn check<F: Float, L: ElementLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    check_predictions(L::NAME, a, weights, da)?;
    check_shape(L::NAME, "target", a.shape(), y.shape())?;
    loss.check(a)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, ShapeBuilder, array};

    use tensor_core::Rng;

    use crate::{
        BceWithLogitsConfig, BceWithLogitsLoss, EachLoss, Loss, MseLoss, Reduction, Weighted,
    };

    #[test]
    fn nothing_is_broadcast() {
        let mse = MseLoss::default();
        let a = Array2::<f64>::zeros((3, 2));
        let mut da = Array2::from_elem((3, 2), 7.0);
        let mut odd = Array2::zeros((2, 3));
        let weighted = |w: &[f64]| Weighted(mse).forward(&a, (&a, w));
        let messages = [
            (
                mse.forward(&a, &Array2::zeros((3, 1))),
                "mse: target: expected shape (3, 2), found (3, 1)",
            ),
            (
                mse.backward(&a, &Array2::zeros((1, 2)), &mut da),
                "mse: target: expected shape (3, 2), found (1, 2)",
            ),
            (mse.backward(&a, &a, &mut odd), "mse: gradient: expected shape (3, 2), found (2, 3)"),
            (
                mse.backward(&Array2::zeros((0, 2)), &a, &mut da),
                "mse: expected at least 1 row of predictions, found 0",
            ),
            (
                mse.backward(&Array2::zeros((3, 0)), &a, &mut da),
                "mse: expected at least 1 prediction in a row, found 0",
            ),
            (
                mse.forward_each(&a, &a, &mut odd).map(|()| 0.0),
                "mse: losses of the samples: expected shape (3, 2), found (2, 3)",
            ),
            (
                mse.backward_each(&a, &a, &odd, &mut da).map(|()| 0.0),
                "mse: gradient of the samples: expected shape (3, 2), found (2, 3)",
            ),
            (weighted(&[1.0; 2]), "mse: sample weights: expected shape (3), found (2)"),
            (
                weighted(&[1.0, -1.0, 1.0]),
                "mse: sample weights: expected a finite number ≥ 0 in row 1, found -1",
            ),
            (
                weighted(&[1.0, 1.0, f64::NAN]),
                "mse: sample weights: expected a finite number ≥ 0 in row 2, found NaN",
            ),
        ];
        for (result, message) in messages {
            assert_eq!(result.unwrap_err().to_string(), message);
        }
        assert_eq!(da, Array2::from_elem((3, 2), 7.0), "a refused call writes nothing");
    }

    /// The sum of binary cross-entropies whose columns have these weights.
    fn with_weights(weights: &[f64]) -> BceWithLogitsLoss {
        let pos_weight = Some(weights.to_vec());
        BceWithLogitsLoss::new(BceWithLogitsConfig { pos_weight, reduction: Reduction::Sum })
            .unwrap()
    }

    /// Weights, predictions and targets of more columns than are computed side by side.
    fn wide() -> (Vec<f64>, Array2<f64>, Array2<f64>) {
        let (mut rng, shape) = (Rng::new(5), (3, 21));
        let weights = (0..shape.1).map(|c| 0.5 + c as f64).collect();
        let a = Array2::from_shape_simple_fn(shape, || rng.normal());
        (weights, a, Array2::from_shape_simple_fn(shape, || rng.uniform()))
    }

    #[test]
    fn every_column_has_its_own_weight() {
        let (weights, a, y) = wide();
        let (mut da, mut each) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
        let loss = with_weights(&weights).backward(&a, &y, &mut da).unwrap();
        with_weights(&weights).forward_each(&a, &y, &mut each).unwrap();
        let mut sum = 0.0;
        for (c, &weight) in weights.iter().enumerate() {
            let column = |x: &Array2<f64>| x.select(Axis(1), &[c]);
            let mut d_column = Array2::zeros((3, 1));
            let loss = with_weights(&[weight]);
            sum += loss.backward(&column(&a), &column(&y), &mut d_column).unwrap();
            assert_eq!(column(&da), d_column, "column {c}");
            let mut alone = Array2::zeros((3, 1));
            loss.forward_each(&column(&a), &column(&y), &mut alone).unwrap();
            assert_eq!(column(&each), alone, "column {c}");
        }
        assert!((loss - sum).abs() <= 1e-14 * sum, "{loss}, expected {sum}");
    }

    // Powers of two: their products with a gradient are exact.
    #[test]
    fn the_gradient_of_a_sample_is_a_factor() {
        let (weights, a, y) = wide();
        let d_each = Array2::from_shape_fn(a.dim(), |(n, c)| [2.0, -0.5, 0.0][(n + c) % 3]);
        let (mut da, mut plain) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
        with_weights(&weights).backward_each(&a, &y, &d_each, &mut da).unwrap();
        with_weights(&weights).backward(&a, &y, &mut plain).unwrap();
        assert_eq!(da, plain * d_each);
    }

    #[test]
    fn strides_do_not_matter_to_weights() {
        let (weights, a, y) = wide();
        let (mut plain, mut da) = (Array2::zeros((3, 21)), Array2::zeros((21, 3)).reversed_axes());
        // Shares of 1/7, so that no slope is taken without.
        let loss = Weighted(with_weights(&weights));
        let [a_t, y_t] = [&a, &y].map(|x| x.t().as_standard_layout().into_owned());
        let sevenths = [1.0 / 7.0; 3];
        let expected = loss.backward(&a, (&y, &sevenths), &mut plain).unwrap();
        let got = loss.backward(&a_t.t(), (&y_t.t(), &sevenths), &mut da).unwrap();
        assert_eq!((got, da), (expected, plain));
    }

    #[test]
    fn strides_do_not_matter() {
        let (a, y) = (array![[1.0, 5.0], [2.0, 7.0]], array![[0.5, 1.0], [4.0, 7.0]]);
        let (mut da, mut db) = (Array2::zeros((2, 2)), Array2::zeros((2, 2)));
        let mse = MseLoss { reduction: Reduction::Sum };
        let loss = mse.backward(&a, &y, &mut da).unwrap();
        let flipped = a.t().as_standard_layout().into_owned();
        assert_eq!(mse.backward(&flipped.t(), &y, &mut db).unwrap(), loss);
        assert_eq!(da, db);
    }

    // Packed, both formulas of sixteen elements are computed together; otherwise one after the other.
    #[test]
    fn no_width_or_layout_changes_a_bit() {
        fn check<L: for<'a> Loss<f32, Target<'a> = &'a ndarray::ArrayRef2<f32>>>(loss: &L) {
            let mut rng = Rng::new(6);
            for width in 1..=50 {
                let a = Array2::from_shape_simple_fn((3, width), || rng.uniform() as f32);
                let y = Array2::from_shape_simple_fn((3, width), || rng.uniform() as f32);
                let [mut a_t, mut y_t, mut da_t] = [(); 3].map(|()| Array2::zeros(a.dim().f()));
                a_t.assign(&a);
                y_t.assign(&y);
                let mut da = Array2::zeros(a.dim());
                let got = loss.backward(&a, &y, &mut da).unwrap();
                assert_eq!(got, loss.forward(&a, &y).unwrap(), "{width}");
                assert_eq!(got, loss.backward(&a_t, &y_t, &mut da_t).unwrap(), "{width}");
                assert_eq!(da, da_t, "{width}");
            }
        }
        check(&MseLoss::default());
        check(&crate::MaeLoss::default());
        check(&crate::HuberLoss::default());
        check(&crate::SmoothL1Loss::default());
        check(&crate::BceLoss::default());
        check(&BceWithLogitsLoss::default());
        check(&crate::RmseLoss);
    }
}
