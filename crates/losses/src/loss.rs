//! What a loss is: a scalar that says how far predictions are from their targets, and its gradient.
//!
//! `forward` returns `L`; `backward` writes `dL/dA` and returns `L` as well, in one pass over the predictions, which is all
//! that a training loop needs. Neither keeps anything: both can be called in any order and any number of times.
//!
//! | trait | says | PyTorch |
//! |---|---|---|
//! | [`Loss`] | one number for a batch | `reduction="mean"`, `"sum"` |
//! | [`EachLoss`] | one number for each sample | `reduction="none"` |
//! | [`WeightedLoss`] | one number for a batch whose rows weigh differently | |
//!
//! A third [`Reduction`] for PyTorch's `"none"` was rejected: `forward` would then return a number or an array, and every
//! training loop would have to handle a case that it never meets.

use ndarray::{ArrayRef, ArrayRef2, Dimension};
use tensor_core::{Error, Float};

/// A scalar function of predictions and targets whose gradient is known.
pub trait Loss<F: Float> {
    /// What predictions are compared with: an array of the same shape, or [`Targets`](crate::Targets) for classes.
    type Target<'a>;

    /// `L(A, Y)`.
    ///
    /// # Shapes
    /// `a (N, C)`.
    ///
    /// # Errors
    /// If there are no predictions or the target does not fit them; nothing is broadcast.
    fn forward(&self, a: &ArrayRef2<F>, y: Self::Target<'_>) -> Result<F, Error>;

    /// Overwrites `da` with `dL/dA` and returns `L(A, Y)`, the same bits as [`forward`](Self::forward).
    ///
    /// # Shapes
    /// `a (N, C)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for `forward`, and if `da` has another shape than `a`. `da` is then untouched.
    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error>;
}

/// A loss that is a mean or a sum over samples, sample by sample: PyTorch's `reduction="none"`.
///
/// A sample is an element for a loss that compares arrays, and a row for a loss on classes. The reduction is not applied.
///
/// ```
/// use losses::{EachLoss, MseLoss};
/// use ndarray::{Array2, array};
///
/// let (a, y) = (array![[1.0, 2.0]], array![[1.0, 5.0]]);
/// let mut each = Array2::zeros((1, 2));
/// MseLoss::default().forward_each(&a, &y, &mut each)?;
/// assert_eq!(each, array![[0.0, 9.0]]);
///
/// // The gradient of 10·L[0, 0] + ½·L[0, 1], any function of the samples' losses: here 10·2(a − y) and ½·2(a − y).
/// let mut da = Array2::zeros((1, 2));
/// MseLoss::default().backward_each(&a, &y, &array![[10.0, 0.5]], &mut da)?;
/// assert_eq!(da, array![[0.0, -3.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub trait EachLoss<F: Float>: Loss<F> {
    /// `Ix2` where a sample is an element, `Ix1` where it is a row.
    type Samples: Dimension;

    /// Overwrites `each` with the loss of each sample.
    ///
    /// # Shapes
    /// `a (N, C)`, `each (N, C)` or `(N)`.
    ///
    /// # Errors
    /// As for [`forward`](Loss::forward), and if `each` has another shape. It is then untouched.
    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        each: &mut ArrayRef<F, Self::Samples>,
    ) -> Result<(), Error>;

    /// Overwrites `da` with `Σ d_each · d each/dA`: the gradient for `A` of a scalar whose gradient for the samples' losses
    /// is `d_each`.
    ///
    /// # Shapes
    /// `a (N, C)`, `d_each (N, C)` or `(N)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for [`backward`](Loss::backward), and if `d_each` has another shape. `da` is then untouched.
    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        d_each: &ArrayRef<F, Self::Samples>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error>;
}

/// A loss whose rows may weigh differently. [`Weighted`](crate::Weighted) makes a [`Loss`] of it.
pub trait WeightedLoss<F: Float>: Loss<F> {
    /// The loss in which row `n` counts `weights[n]` times: a weight of 2 does what a second copy of the row would do. The
    /// mean is divided by the sum of the weights, not by `N`. With `da`, overwrites it with the gradient.
    ///
    /// A row of weight 0 is not looked at: it may hold NaN, and its gradient is 0. If every weight is 0, so is the loss.
    ///
    /// # Shapes
    /// `a (N, C)`, `weights (N)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for [`backward`](Loss::backward), and if there is not one weight for each row, or one is negative or not finite.
    /// `da` is then untouched.
    fn weighted(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error>;
}

/// How the losses of the samples become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reduction {
    /// Their mean; what counts as a sample is said with each loss.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    /// What something of weight `part` contributes where all samples together weigh `total`.
    ///
    /// A quotient and not a factor `1/total`, which would overflow for a tiny total. If nothing weighs anything, the mean is
    /// 0 and not 0/0.
    pub(crate) fn share<F: Float>(self, part: F, total: F) -> F {
        match self {
            Self::Mean if total == F::zero() => part * F::zero(),
            Self::Mean => part / total,
            Self::Sum => part,
        }
    }
}

/// The checks that every loss makes first: predictions exist, the gradient's buffer fits them, and so do the weights.
pub(crate) fn check_predictions<F: Float>(
    place: &'static str,
    a: &ArrayRef2<F>,
    weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    if a.nrows() == 0 {
        return Err(Error::empty(place, "at least 1 row of predictions"));
    }
    if a.ncols() == 0 {
        return Err(Error::empty(place, "at least 1 prediction in a row"));
    }
    if let Some(da) = da {
        check_shape(place, "gradient", a.shape(), da.shape())?;
    }
    let Some(weights) = weights else { return Ok(()) };
    check_shape(place, "sample weights", &[a.nrows()], &[weights.len()])?;
    match weights.iter().position(|w| !(w.is_finite() && *w >= F::zero())) {
        Some(row) => Err(Error::Value {
            place: format!("{place}: sample weights").into(),
            row,
            expected: NOT_NEGATIVE,
            found: weights[row].as_f64(),
        }),
        None => Ok(()),
    }
}

/// `Ok` if an array has the shape that its role asks for.
pub(crate) fn check_shape(
    place: &'static str,
    role: &'static str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::shape(format!("{place}: {role}"), expected, found))
    }
}

const NOT_NEGATIVE: &str = "a finite number ≥ 0";

/// `Ok` if a configured number, or each of a configured list, is finite and not negative.
pub(crate) fn check_not_negative<'a>(
    place: &'static str,
    name: &'static str,
    values: impl IntoIterator<Item = &'a f64>,
) -> Result<(), Error> {
    values.into_iter().try_for_each(|&value| {
        Error::check_hyperparameter(place, name, NOT_NEGATIVE, value, |v| v >= 0.0 && v.is_finite())
    })
}
