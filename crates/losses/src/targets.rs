//! The targets of a batch: a class for each row, or a probability for each class.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::check::{check_shape, check_values};
use crate::domain::Domain;
use crate::labels::Labels;

/// The targets `Y` of a batch of `N` rows and `C` classes, for
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// | | what it holds | the row `Y[n, :]` that it stands for |
/// |---|---|---|
/// | [`Classes`](Self::Classes), [`Signed`](Self::Signed), [`Signed32`](Self::Signed32) | `y (N)`, a class for each row, as in [`Labels`] | one-hot: `Y[n, c] = 1` if `c = y[n]`, else 0 |
/// | [`Rows`](Self::Rows) | `Y (N, C)` | itself |
///
/// # Errors
///
/// Of the loss that reads them: if there is not one label or one row of `C` numbers for each row of
/// predictions, if a label is neither a class nor ignored, or if a number of a row is negative or
/// infinite. NaN in a row is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{CrossEntropyLoss, Loss, Targets};
/// use ndarray::array;
///
/// // softmax is [¼ ¾] in both rows.
/// let a = array![[1.0, 3.0], [1.0, 3.0]].mapv(f64::ln);
/// let ce = CrossEntropyLoss::default();
/// let loss = ce.forward(&a, Targets::Classes(&[0, 1]))?;
/// assert!((loss - (4.0_f64.ln() + (4.0_f64 / 3.0).ln()) / 2.0).abs() < 1e-15);
/// assert_eq!(loss, ce.forward(&a, Targets::Signed(&[0, 1]))?);
/// assert_eq!(loss, ce.forward(&a, Targets::Rows(&array![[1.0, 0.0], [0.0, 1.0]]))?);
///
/// let error = ce.forward(&a, Targets::Signed(&[0, -1])).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "cross-entropy: expected a class from 0 to 1 in row 1, found -1 \
///      (to leave such rows out, set ignore_index)"
/// );
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, F> {
    /// The class of each row, `(N)`, from 0 to `C − 1`.
    Classes(&'a [usize]),
    /// The same as `i64`, PyTorch's `torch.long`.
    Signed(&'a [i64]),
    /// The same as `i32`.
    Signed32(&'a [i32]),
    /// A number for each class in each row, `(N, C)`: one-hot, or probabilities. Each is finite and
    /// not negative; rows need not sum to 1, and a number may be above 1.
    Rows(&'a ArrayRef2<F>),
}

impl<'a, F: Float> Targets<'a, F> {
    /// The classes of the rows, or the rows.
    #[inline(always)]
    pub(crate) fn labels(self) -> Result<Labels<'a>, &'a ArrayRef2<F>> {
        match self {
            Self::Classes(labels) => Ok(Labels::Classes(labels)),
            Self::Signed(labels) => Ok(Labels::Signed(labels)),
            Self::Signed32(labels) => Ok(Labels::Signed32(labels)),
            Self::Rows(rows) => Err(rows),
        }
    }

    /// `Ok` if they fit predictions `a (N, C)`.
    pub(crate) fn check(
        self,
        place: &'static str,
        a: &ArrayRef2<F>,
        ignore_index: Option<i64>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        match (self.labels(), ignore_index) {
            (Ok(labels), _) => labels.check(place, a, ignore_index, sample_weights),
            (Err(_), Some(index)) => Error::check_hyperparameter(
                place,
                "ignore_index",
                "None with Targets::Rows (to leave rows out, give them the sample weight 0)",
                index as f64,
                |_| false,
            ),
            (Err(rows), None) => {
                check_shape(place, "target rows", a.shape(), rows.shape())?;
                check_values(place, "target rows", Domain::NOT_NEGATIVE, rows, sample_weights)
            }
        }
    }
}
