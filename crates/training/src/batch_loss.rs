//! Losses that find their targets in a batch.

use std::fmt::Debug;

use data::{Batch, BatchTarget};
use losses::{Labels, Loss, Targets};
use ndarray::ArrayRef2;
use tensor_core::Float;

use crate::Error;

/// A loss that finds its targets in a [`Batch`]: what a [`Trainer`](crate::Trainer) takes.
///
/// Every [`Loss`] whose target can be made [from a batch](FromBatch) is one, those of the crate
/// `losses` and your own; nobody has to implement it.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use losses::{CrossEntropyLoss, MseLoss};
/// use ndarray::array;
/// use training::BatchLoss;
///
/// let x = array![[0.0, 0.0]];
/// let classes = Dataset::new(x.clone(), Target::classes(vec![1], ["no", "yes"])?)?;
/// let loss = CrossEntropyLoss::default().loss(&x, &classes.as_batch())?;
/// assert_eq!(loss, 2.0_f64.ln());
///
/// let error = MseLoss::default().loss(&x, &classes.as_batch()).unwrap_err();
/// assert_eq!(error.to_string(), "target: expected values, found classes");
/// # Ok::<(), training::Error>(())
/// ```
pub trait BatchLoss<F: Float>: Debug {
    /// Whether it takes weights of rows.
    const TAKES_WEIGHTS: bool;

    /// The loss of predictions `a` for the rows of a batch.
    ///
    /// # Shapes
    /// `a (N, C)`.
    ///
    /// # Errors
    /// Those of the loss, and if the batch holds another kind of target.
    fn loss(&self, a: &ArrayRef2<F>, batch: &Batch<'_, F>) -> Result<F, Error>;

    /// The same, and overwrites `da` with its gradient.
    ///
    /// # Shapes
    /// `a (N, C)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for [`loss`](Self::loss).
    fn gradient(
        &self,
        a: &ArrayRef2<F>,
        batch: &Batch<'_, F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error>;
}

impl<F, L> BatchLoss<F> for L
where
    F: Float,
    L: Loss<F> + Debug,
    for<'a> L::Target<'a>: FromBatch<'a, F>,
{
    const TAKES_WEIGHTS: bool = <L::Target<'static> as FromBatch<'static, F>>::TAKES_WEIGHTS;

    fn loss(&self, a: &ArrayRef2<F>, batch: &Batch<'_, F>) -> Result<F, Error> {
        Ok(self.forward(a, L::Target::from_batch(batch)?)?)
    }

    fn gradient(
        &self,
        a: &ArrayRef2<F>,
        batch: &Batch<'_, F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        Ok(self.backward(a, L::Target::from_batch(batch)?, da)?)
    }
}

/// A target that is made from a batch.
///
/// | target | of a batch with |
/// |---|---|
/// | `&ArrayRef2<F>` | values |
/// | [`Labels`] | classes |
/// | [`Targets`] | classes, or values as a row of probabilities |
/// | a pair of these and weights, for [`SampleWeighted`](losses::SampleWeighted) | weights, too |
///
/// A loss of your own whose target is one of these needs nothing more; for another one, implement
/// this trait for it.
///
/// # Examples
/// ```
/// use data::{Batch, Dataset, Target};
/// use ndarray::Array2;
/// use training::{Error, FromBatch};
///
/// /// Signs: −1 for class 0, 1 for all others.
/// struct Signs(Vec<f64>);
///
/// impl<'a> FromBatch<'a, f64> for Signs {
///     fn from_batch(batch: &'a Batch<'_, f64>) -> Result<Self, Error> {
///         let labels: &[usize] = FromBatch::<f64>::from_batch(batch)?;
///         Ok(Self(labels.iter().map(|&label| if label == 0 { -1.0 } else { 1.0 }).collect()))
///     }
/// }
///
/// let target = Target::classes(vec![0, 1], ["no", "yes"])?;
/// let dataset = Dataset::new(Array2::<f64>::zeros((2, 1)), target)?;
/// assert_eq!(Signs::from_batch(&dataset.as_batch())?.0, [-1.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait FromBatch<'a, F>: Sized {
    /// Whether it holds the weights of the rows.
    const TAKES_WEIGHTS: bool = false;

    /// The target of the rows.
    ///
    /// # Errors
    /// If the batch holds another kind of target.
    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error>;
}

impl<'a, F: Float> FromBatch<'a, F> for &'a ArrayRef2<F> {
    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error> {
        match &batch.target {
            BatchTarget::Values(values) => Ok(values),
            BatchTarget::Classes(_) => wrong_target("values", "classes"),
        }
    }
}

impl<'a, F: Float> FromBatch<'a, F> for &'a [usize] {
    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error> {
        match batch.target {
            BatchTarget::Classes(labels) => Ok(labels),
            BatchTarget::Values(_) => wrong_target("classes", "values"),
        }
    }
}

impl<'a, F: Float> FromBatch<'a, F> for Labels<'a> {
    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error> {
        FromBatch::<F>::from_batch(batch).map(Labels::Classes)
    }
}

impl<'a, F: Float> FromBatch<'a, F> for Targets<'a, F> {
    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error> {
        Ok(match &batch.target {
            BatchTarget::Classes(labels) => Targets::Classes(labels),
            BatchTarget::Values(rows) => Targets::Rows(rows),
        })
    }
}

impl<'a, F: Float, T: FromBatch<'a, F>> FromBatch<'a, F> for (T, &'a [F]) {
    const TAKES_WEIGHTS: bool = true;

    fn from_batch(batch: &'a Batch<'_, F>) -> Result<Self, Error> {
        match batch.weights {
            Some(weights) => Ok((T::from_batch(batch)?, weights)),
            None => Err(Error::Weights {
                expected: "with weights, for a loss of weighted rows",
                found: "without",
            }),
        }
    }
}

fn wrong_target<T>(expected: &'static str, found: &'static str) -> Result<T, Error> {
    Err(data::Error::TargetType { expected, found }.into())
}
