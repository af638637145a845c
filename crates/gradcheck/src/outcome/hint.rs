//! The kinds of mistake that a failure can look like.

use std::fmt;

/// What a failure looks like: the kind of mistake that would explain the values. A part of the
/// [`Report`](crate::Report), the most specific hint first.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mistake, Tensor, check_vjp};
/// use ndarray::arr1;
/// let report = check_vjp(
///     "sin",
///     &[Tensor::new("x", arr1(&[0.5, 1.0, 2.0]))],
///     |x| vec![x[0].mapv(f64::sin)],
///     |x, v| vec![-&v[0] * &x[0].mapv(f64::cos)],
///     &Config::default(),
/// );
/// assert_eq!(report.hints[0].kind, Mistake::Sign);
/// assert_eq!(report.hints[0].to_string(), "x: wrong sign (a/n = −1)");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The kind of mistake.
    pub kind: Mistake,
    /// The tensor; `None` where all are concerned.
    pub tensor: Option<String>,
    /// The numbers that support it.
    pub detail: String,
}

/// Kinds of mistake that can be told from their effect on the gradient.
///
/// With the analytic values `a_i` and the numeric ones `n_i` of one tensor, each kind is the test
/// that stands beside it, made with a relative tolerance of 1e-6. The first that holds is the
/// [`Hint`]: those that the structural checks find ([`Check`](crate::Check)) before those that the
/// values show.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mistake, Tensor, check_vjp};
/// use ndarray::arr2;
/// let report = check_vjp(
///     "double",
///     &[Tensor::new("x", arr2(&[[0.5, 1.0], [2.0, -1.5]]))],
///     |x| vec![&x[0] * 2.0],
///     |_, v| vec![(&v[0] * 2.0).reversed_axes().as_standard_layout().into_owned()],
///     &Config::default(),
/// );
/// assert_eq!(report.hints[0].kind, Mistake::Transposed);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// Some `a_i` is NaN or infinite: never written, or 0/0.
    NotFinite,
    /// Each backward pass adds to the result of the last one.
    Accumulates,
    /// The gradient belongs to an earlier call.
    Stale,
    /// Two calls give different gradients.
    NotRepeatable,
    /// A part of the buffer is not written.
    Unwritten,
    /// The gradient is the same when all cotangents are 1.
    IgnoresCotangent,
    /// The gradient is not linear in the cotangent.
    NotLinear,
    /// Every failing `a_i` is 0.
    Zero,
    /// `a_i = −n_i`
    Sign,
    /// `a_i = c n_i` with one factor `c`.
    Scaled,
    /// `a` with its last two axes exchanged is `n`.
    Transposed,
    /// Two elements fail, and each has the value of the other.
    Swapped,
    /// `a` shifted by one place, along an axis or in memory order, is `n`.
    Rolled,
    /// `|a_i − n_i| ≤ 1e-6 · max_k |n_k|`, and most `a_i` are `f32` numbers.
    SinglePrecision,
    /// `n − a` is a constant, or a multiple of the tensor or of the output: a sum lacks a term,
    /// such as a mean, a coupling through a normalization, or weight decay.
    MissingTerm,
    /// The gradient is the same when only the first, or only the last, sample has a cotangent.
    PartOfBatch,
    /// One element fails.
    Element,
    /// All failures have the same index, or indices of the same parity, on one axis.
    Place,
    /// None of the others: a different factor in each element, as from a wrong local derivative.
    LocalDerivative,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Mistake::NotFinite => "not finite: a buffer never written, or 0/0?",
            Mistake::Accumulates => "backward adds to its last result instead of overwriting it",
            Mistake::Stale => "backward uses values of an earlier call",
            Mistake::NotRepeatable => "backward gives different gradients for the same input",
            Mistake::Unwritten => "a part of the gradient is never written",
            Mistake::IgnoresCotangent => {
                "backward ignores the cotangent: it is right for ones only"
            }
            Mistake::NotLinear => "the gradient is not linear in the cotangent",
            Mistake::Zero => "zero where the function does change",
            Mistake::Sign => "wrong sign",
            Mistake::Scaled => "off by a constant factor",
            Mistake::Transposed => "the transposed gradient would be right",
            Mistake::Swapped => "two elements are exchanged: a wrong arg max?",
            Mistake::Rolled => "right but for a shift by one place",
            Mistake::SinglePrecision => "right to single precision: is something stored as f32?",
            Mistake::MissingTerm => "a term of the sum is missing",
            Mistake::PartOfBatch => "only a part of the batch is summed",
            Mistake::Element => "a single element is wrong",
            Mistake::Place => "wrong at certain indices only: a border, a remainder, a stride?",
            Mistake::LocalDerivative => "a different factor in each element: the local derivative?",
        };
        match &self.tensor {
            Some(tensor) => write!(f, "{tensor}: {what} ({})", self.detail),
            None => write!(f, "{what} ({})", self.detail),
        }
    }
}
