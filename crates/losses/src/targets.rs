//! The right answers for a batch: a class for each row, or a weight for each class in each row.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::loss::check_shape;
use crate::row::check_labels;

/// The right answers for a batch of `N` rows and `C` classes.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, F> {
    /// The class of each row, `(N)`, from 0 to `C − 1`.
    Classes(&'a [usize]),
    /// A weight for each class in each row, `(N, C)`: one-hot, or probabilities. Rows need not sum to 1.
    Rows(&'a ArrayRef2<F>),
}

impl<F: Float> Targets<'_, F> {
    /// Whether they fit predictions `a (N, C)`.
    pub(crate) fn check(
        &self,
        place: &'static str,
        a: &ArrayRef2<F>,
        ignore_index: Option<usize>,
    ) -> Result<(), Error> {
        match (self, ignore_index) {
            (Self::Classes(labels), _) => check_labels(place, a, labels, ignore_index),
            (Self::Rows(_), Some(index)) => Error::check_hyperparameter(
                place,
                "ignore_index",
                "left out with target rows",
                index as f64,
                |_| false,
            ),
            (Self::Rows(rows), None) => check_shape(place, "target rows", a.shape(), rows.shape()),
        }
    }
}
