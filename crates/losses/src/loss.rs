//! What a loss is: a scalar that says how far predictions are from their targets, and its gradient.
//!
//! `forward` returns `L`; `backward` writes `dL/dA` and returns `L` as well, in one pass over the predictions, which is all
//! that a training loop needs. Neither keeps anything: both can be called in any order and any number of times.

use ndarray::ArrayRef2;
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
    /// The factor in front of a sum over `n` samples.
    pub(crate) fn scale<F: Float>(self, n: usize) -> F {
        match self {
            Self::Mean => F::one() / F::of(n as f64),
            Self::Sum => F::one(),
        }
    }
}

/// The checks that every loss makes first: predictions exist, and the gradient's buffer fits them.
pub(crate) fn check_predictions<F>(
    place: &'static str,
    a: &ArrayRef2<F>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    if a.nrows() == 0 {
        return Err(Error::empty(place, "at least 1 row of predictions"));
    }
    if a.ncols() == 0 {
        return Err(Error::empty(place, "at least 1 prediction in a row"));
    }
    match da {
        Some(da) if da.dim() != a.dim() => {
            Err(Error::shape(format!("{place}: gradient"), a.shape(), da.shape()))
        }
        _ => Ok(()),
    }
}
