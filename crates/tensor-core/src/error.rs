//! [`Error`]: every way in which input can be wrong, with the [`Place`], what was expected and what
//! came.

use std::borrow::Cow;
use std::fmt;

/// Where something went wrong, as an [`Error`] names it: a layer, a loss, a call. Borrowed where it
/// is a fixed name, so that errors cost nothing until they happen.
pub type Place = Cow<'static, str>;

/// What was wrong with the input of a call.
///
/// It means that a shape, a label, a name, a configuration or the order of calls cannot be right.
/// Numbers are never errors: NaN and infinities go through the formulas.
///
/// A message reads `place: expected …, found …`, in lower case and without a full stop, so that it
/// can stand in a longer sentence.
///
/// # Examples
/// ```
/// use tensor_core::Error;
///
/// let error = Error::features("layer 0 (Linear)", 2, 3);
/// assert_eq!(error.to_string(), "layer 0 (Linear): expected 2 input features, found 3");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A row has the wrong number of features.
    Features {
        /// Layer or call.
        place: Place,
        /// Features that the parameters were made for.
        expected: usize,
        /// Features of the input.
        found: usize,
    },
    /// A whole array has the wrong shape. Nothing is ever broadcast to make shapes fit.
    Shape {
        /// Tensor, loss or call.
        place: Place,
        /// The shape that fits.
        expected: Vec<usize>,
        /// The shape that came.
        found: Vec<usize>,
    },
    /// Fewer of something than make sense: rows of a batch, features, layers.
    TooFew {
        /// Layer or call.
        place: Place,
        /// How many of what: `"at least 1 row"`.
        expected: &'static str,
        /// How many came.
        found: usize,
    },
    /// More rows than the workspace was made for.
    BatchTooLarge {
        /// The call.
        place: Place,
        /// Rows that fit.
        capacity: usize,
        /// Rows that came.
        found: usize,
    },
    /// A class index that names no class.
    Label {
        /// The loss.
        place: Place,
        /// Row of the batch.
        row: usize,
        /// Number of classes: labels run from 0 to `n_classes − 1`.
        n_classes: usize,
        /// The label beside the classes that would have been accepted, if any.
        ignore_index: Option<i64>,
        /// The label that came: wide enough for any `usize` and any signed one.
        found: i128,
    },
    /// A number in the data that the definition has no meaning for: a probability above 1, a
    /// negative sample weight.
    Value {
        /// The loss, and what in it.
        place: Place,
        /// Row of the batch.
        row: usize,
        /// Column of the row; `None` where a row has one number only, as a sample weight.
        column: Option<usize>,
        /// The range: `"a probability from 0 to 1"`.
        expected: &'static str,
        /// The value that came.
        found: f64,
    },
    /// A configuration value outside its range.
    Hyperparameter {
        /// The optimizer, layer or loss.
        place: Place,
        /// The field.
        name: &'static str,
        /// The range: `"a finite number ≥ 0"`.
        expected: &'static str,
        /// The value that came.
        found: f64,
    },
    /// A tensor name that the model does not have.
    UnknownTensor {
        /// The call.
        place: Place,
        /// The name asked for.
        found: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// No layer at that path.
    UnknownLayer {
        /// The call.
        place: Place,
        /// The path that was asked for.
        found: String,
        /// Paths of the layers there are.
        known: Vec<String>,
    },
    /// A layer of another type than was asked for.
    LayerType {
        /// The call and the path.
        place: Place,
        /// The type that was asked for.
        expected: &'static str,
        /// The layer's type.
        found: &'static str,
    },
    /// Two tensors of one name in a model.
    DuplicateTensor {
        /// The model.
        place: Place,
        /// The name.
        found: String,
    },
    /// A call out of order: backward before forward, a step before backward.
    Order {
        /// The call.
        place: Place,
        /// What has to come first.
        expected: &'static str,
        /// What the workspace holds.
        found: &'static str,
    },
    /// An index past the end of the trace.
    Index {
        /// The call.
        place: Place,
        /// Number of entries: indices run from 0 to `len − 1`.
        len: usize,
        /// The index that came.
        found: usize,
    },
    /// A workspace that another model made.
    ForeignWorkspace {
        /// The call.
        place: Place,
    },
    /// A state of an optimizer that does not fit its rule or the model's parameters.
    ForeignState {
        /// The optimizer, and what in its state.
        place: Place,
        /// What fits.
        expected: String,
        /// What came.
        found: String,
    },
    /// More memory than there is, or more than a size can say.
    TooLarge {
        /// The tensor, layer or call that asks for it.
        place: Place,
        /// The sizes whose product it is.
        found: Vec<usize>,
        /// Bytes of one element.
        size: usize,
    },
}

impl Error {
    /// A row of `found` features where `expected` fit.
    pub fn features(place: impl Into<Place>, expected: usize, found: usize) -> Self {
        Self::Features { place: place.into(), expected, found }
    }

    /// `expected` again, if that many features came.
    ///
    /// # Errors
    /// [`Error::Features`] if not.
    pub fn check_features(
        place: impl Into<Place>,
        expected: usize,
        found: usize,
    ) -> Result<usize, Self> {
        if expected == found { Ok(expected) } else { Err(Self::features(place, expected, found)) }
    }

    /// An array of shape `found` where `expected` fits.
    pub fn shape(place: impl Into<Place>, expected: &[usize], found: &[usize]) -> Self {
        Self::Shape { place: place.into(), expected: expected.to_vec(), found: found.to_vec() }
    }

    /// `found` of what `expected` says how many are needed.
    pub fn too_few(place: impl Into<Place>, expected: &'static str, found: usize) -> Self {
        Self::TooFew { place: place.into(), expected, found }
    }

    /// None of what `expected` says how many are needed.
    pub fn empty(place: impl Into<Place>, expected: &'static str) -> Self {
        Self::too_few(place, expected, 0)
    }

    /// Checks a configuration value, with the range as the closure `ok`.
    ///
    /// # Errors
    /// If `ok(value)` is false: that `value` does not lie in the range that `expected` describes.
    pub fn check_hyperparameter(
        place: &'static str,
        name: &'static str,
        expected: &'static str,
        value: f64,
        ok: impl FnOnce(f64) -> bool,
    ) -> Result<(), Self> {
        if ok(value) {
            Ok(())
        } else {
            Err(Self::Hyperparameter { place: place.into(), name, expected, found: value })
        }
    }

    /// The same error one level further out: `"layer 2 (Linear)"` in front of the place it names.
    pub fn within(mut self, outer: &str) -> Self {
        let place = match &mut self {
            Self::Features { place, .. }
            | Self::Shape { place, .. }
            | Self::TooFew { place, .. }
            | Self::BatchTooLarge { place, .. }
            | Self::Label { place, .. }
            | Self::Value { place, .. }
            | Self::Hyperparameter { place, .. }
            | Self::UnknownTensor { place, .. }
            | Self::UnknownLayer { place, .. }
            | Self::LayerType { place, .. }
            | Self::DuplicateTensor { place, .. }
            | Self::Order { place, .. }
            | Self::Index { place, .. }
            | Self::ForeignWorkspace { place }
            | Self::ForeignState { place, .. }
            | Self::TooLarge { place, .. } => place,
        };
        *place = format!("{outer}: {place}").into();
        self
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Features { place, expected, found } => {
                write!(f, "{place}: expected {expected} input features, found {found}")
            }
            Self::Shape { place, expected, found } => {
                write!(f, "{place}: expected shape {}, found {}", Tuple(expected), Tuple(found))
            }
            Self::TooFew { place, expected, found } => {
                write!(f, "{place}: expected {expected}, found {found}")
            }
            Self::BatchTooLarge { place, capacity, found } => {
                write!(f, "{place}: expected a batch of at most {capacity} rows, found {found}")
            }
            Self::Label { place, row, n_classes, ignore_index, found } => {
                write!(f, "{place}: expected a class from 0 to {}", n_classes.saturating_sub(1))?;
                match ignore_index {
                    Some(index) => {
                        write!(f, " or the ignored index {index} in row {row}, found {found}")
                    }
                    None => write!(
                        f,
                        " in row {row}, found {found} (to leave such rows out, set ignore_index)"
                    ),
                }
            }
            Self::Value { place, row, column, expected, found } => {
                write!(f, "{place}: expected {expected} in row {row}")?;
                column.map_or(Ok(()), |column| write!(f, ", column {column}"))?;
                write!(f, ", found {found}")
            }
            Self::Hyperparameter { place, name, expected, found } => {
                write!(f, "{place}: expected {name} to be {expected}, found {found}")
            }
            Self::UnknownTensor { place, found, known } => {
                write!(f, "{place}: expected one of {}, found \"{found}\"", known.join(", "))
            }
            Self::UnknownLayer { place, found, known } => {
                write!(
                    f,
                    "{place}: expected one of the layers {}, found \"{found}\"",
                    known.join(", ")
                )
            }
            Self::LayerType { place, expected, found } => {
                write!(f, "{place}: expected a layer of type {expected}, found {found}")
            }
            Self::DuplicateTensor { place, found } => {
                write!(
                    f,
                    "{place}: expected every tensor to have a name of its own, found two \"{found}\""
                )
            }
            Self::Order { place, expected, found } => {
                write!(f, "{place}: expected {expected} first, found {found}")
            }
            Self::Index { place, len, found } => {
                write!(f, "{place}: expected an index below {len}, found {found}")
            }
            Self::ForeignWorkspace { place } => {
                write!(f, "{place}: expected a workspace of this model, found one of another")
            }
            Self::ForeignState { place, expected, found } => {
                write!(f, "{place}: expected {expected}, found {found}")
            }
            Self::TooLarge { place, found, size } => {
                let (found, s) = (Tuple(found), if *size == 1 { "" } else { "s" });
                write!(
                    f,
                    "{place}: expected a size that fits into memory, found {found} of {size} byte{s}"
                )
            }
        }
    }
}

/// A shape as Python and the papers write it: `()`, `(3)`, `(2, 3)`.
struct Tuple<'a>(&'a [usize]);

impl fmt::Display for Tuple<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, n) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{n}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn messages_name_place_expected_and_found() {
        let table = [
            (
                Error::shape("0.weight", &[3, 2], &[2, 3]),
                "0.weight: expected shape (3, 2), found (2, 3)",
            ),
            (Error::shape("mse", &[4], &[]), "mse: expected shape (4), found ()"),
            (
                Error::empty("forward", "at least one row"),
                "forward: expected at least one row, found 0",
            ),
            (
                Error::features("input", 2, 3).within("layer 1 (Linear)"),
                "layer 1 (Linear): input: expected 2 input features, found 3",
            ),
            (
                Error::Value {
                    place: "bce".into(),
                    row: 3,
                    column: Some(1),
                    expected: "a probability from 0 to 1",
                    found: 1.5,
                }
                .within("validation"),
                "validation: bce: expected a probability from 0 to 1 in row 3, column 1, found 1.5",
            ),
        ];
        for (error, message) in table {
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn hyperparameters_are_judged_by_the_closure() {
        let check = |v: f64| Error::check_hyperparameter("sgd", "lr", "≥ 0", v, |v| v >= 0.0);
        assert_eq!(check(0.0), Ok(()));
        assert_eq!(check(-1.0).unwrap_err().to_string(), "sgd: expected lr to be ≥ 0, found -1");
        assert_eq!(
            check(f64::NAN).unwrap_err().to_string(),
            "sgd: expected lr to be ≥ 0, found NaN"
        );
    }
}
