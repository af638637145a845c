//! The class of each row, as any integer that classes come in.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::check::{check_shape, is_counted};

/// The label that PyTorch leaves out by default, for
/// [`CrossEntropyConfig::ignore_index`](crate::CrossEntropyConfig) and
/// [`NllConfig::ignore_index`](crate::NllConfig).
///
/// PyTorch's losses ignore it unasked. Here nothing is ignored unless the configuration says so: a
/// label that is no class is an error by default, for it may be a mistake.
///
/// ```
/// use losses::{CrossEntropyConfig, CrossEntropyLoss, IGNORE_INDEX, Loss, Targets};
/// use ndarray::array;
///
/// // As torch.nn.CrossEntropyLoss() does it: row 1 is left out, the mean is over one row.
/// let config =
///     CrossEntropyConfig { ignore_index: Some(IGNORE_INDEX), ..CrossEntropyConfig::default() };
/// let (a, y) = (array![[0.0, 0.0], [7.0, 8.0]], [1, -100]);
/// let loss = CrossEntropyLoss::new(config)?.forward(&a, Targets::Signed(&y))?;
/// assert_eq!(loss, 2.0_f64.ln());
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub const IGNORE_INDEX: i64 = -100;

/// The class `y[n]` of each row `n`, `(N)`: an integer from 0 to `C − 1`, or the ignored index.
///
/// The labels are read where they are, nothing is copied: PyTorch's labels are `i64`, a file's are
/// often `i32`, an index of this language is `usize`. A label that is neither a class nor ignored
/// is an error that names it as the number that it is.
///
/// [`NllLoss`](crate::NllLoss) takes these; [`Targets`](crate::Targets) has the same three and rows
/// of probabilities as well.
///
/// # Examples
///
/// ```
/// use losses::{Labels, Loss, NllLoss};
/// use ndarray::array;
///
/// let a = array![[0.5, 0.5], [0.25, 0.75]].mapv(f64::ln);
/// let nll = NllLoss::default();
/// let loss = nll.forward(&a, Labels::Classes(&[0, 1]))?;
/// assert_eq!(loss, -(0.5_f64.ln() + 0.75_f64.ln()) / 2.0);
/// assert_eq!(loss, nll.forward(&a, Labels::Signed(&[0, 1]))?);
/// assert_eq!(loss, nll.forward(&a, Labels::Signed32(&[0, 1]))?);
///
/// let error = nll.forward(&a, Labels::Signed(&[0, -1])).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "nll: expected a class from 0 to 1 in row 1, found -1 \
///      (to leave such rows out, set ignore_index)"
/// );
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labels<'a> {
    /// Labels of type `usize`.
    Classes(&'a [usize]),
    /// Labels of type `i64`, PyTorch's `torch.long`.
    Signed(&'a [i64]),
    /// Labels of type `i32`.
    Signed32(&'a [i32]),
}

impl Labels<'_> {
    /// `Ok` if there is one label for each row of `a`, each a class or ignored, or of a row of
    /// sample weight 0.
    pub(crate) fn check<F: Float>(
        self,
        place: &'static str,
        a: &ArrayRef2<F>,
        ignore_index: Option<i64>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        let n_labels = match self {
            Self::Classes(labels) => labels.len(),
            Self::Signed(labels) => labels.len(),
            Self::Signed32(labels) => labels.len(),
        };
        check_shape(place, "labels", &[a.nrows()], &[n_labels])?;
        let n_classes = a.ncols();
        let is_wrong = |&row: &usize| {
            let is_class = self.at(row).is_some_and(|c| c >= 0 && (c as u64) < n_classes as u64);
            !(is_class || self.is_ignored(row, ignore_index)) && is_counted(sample_weights, row)
        };
        match (0..n_labels).find(is_wrong) {
            Some(row) => Err(Error::Label {
                place: place.into(),
                row,
                n_classes,
                ignore_index,
                found: self.exactly(row),
            }),
            None => Ok(()),
        }
    }

    /// Whether a row is left out.
    #[inline(always)]
    pub(crate) fn is_ignored(self, row: usize, ignore_index: Option<i64>) -> bool {
        ignore_index.is_some_and(|index| self.at(row) == Some(index))
    }

    /// The class of a row that is not ignored, of labels that were checked.
    #[inline(always)]
    pub(crate) fn class(self, row: usize) -> usize {
        match self {
            Self::Classes(labels) => labels[row],
            Self::Signed(labels) => labels[row] as usize,
            Self::Signed32(labels) => labels[row] as usize,
        }
    }

    /// A label; `None` for a `usize` above every `i64`, which is no class and no ignored index.
    #[inline(always)]
    fn at(self, row: usize) -> Option<i64> {
        match self {
            Self::Classes(labels) => i64::try_from(labels[row]).ok(),
            Self::Signed(labels) => Some(labels[row]),
            Self::Signed32(labels) => Some(labels[row].into()),
        }
    }

    /// A label, for messages.
    fn exactly(self, row: usize) -> i128 {
        match self {
            Self::Classes(labels) => labels[row] as i128,
            Self::Signed(labels) => labels[row].into(),
            Self::Signed32(labels) => labels[row].into(),
        }
    }
}
