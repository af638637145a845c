//! What the checks that need no differences look at and find.

use std::fmt;

use crate::outcome::verdict::{Fault, Verdict};

/// What a structural check looks at: a property that needs no differences to be checked.
///
/// `g(v)` is the gradient for the cotangents `v` at one point. What does not hold is a [`Finding`].
///
/// # Examples
/// ```
/// use gradcheck::{Check, Config, Tensor, check_vjp};
/// use ndarray::arr1;
/// let report = check_vjp(
///     "identity",
///     &[Tensor::new("x", arr1(&[0.5, 1.5]))],
///     |x| x.to_vec(),
///     |_, v| vec![v[0].mapv(|v| v * v)], // not linear in v
///     &Config::default(),
/// );
/// assert!(report.findings.iter().any(|found| found.check == Check::LinearInCotangent));
/// assert_eq!(Check::LinearInCotangent.to_string(), "linear in the cotangent");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// There is one gradient for each tensor, of the tensor's shape.
    Shapes,
    /// Two forward passes at one point give the same bits.
    ForwardRepeatable,
    /// Two backward passes at one point give the same bits.
    BackwardRepeatable,
    /// A second backward pass does not add to the first.
    Overwrites,
    /// Passes at another point in between do not change the gradient at this one.
    NoStaleState,
    /// `g(v + w) = g(v) + g(w)` to rounding, and `g(0) = 0`.
    LinearInCotangent,
    /// Forward and backward do not change inputs and parameters.
    InputsUntouched,
    /// `backward_into` overwrites every element of its buffers.
    BuffersWritten,
    /// The memory layout of an array makes no difference:
    /// [`check_views`](crate::check_views).
    Views,
    /// A batch gives what its parts give: [`check_batch_split`](crate::check_batch_split).
    BatchSplit,
    /// `Σ_i w_i (H d)_i = Σ_i d_i (H w)_i`:
    /// [`check_hessian_product`](crate::check_hessian_product).
    Symmetry,
}

/// Something that a structural check found wrong: the property that does not hold ([`Check`]), and
/// where it was seen. A part of the [`Report`](crate::Report), or the result of
/// [`check_views`](crate::check_views) and [`check_batch_split`](crate::check_batch_split).
///
/// # Examples
/// ```
/// use gradcheck::{Check, check_views};
/// use ndarray::{ArrayViewD, arr2};
/// let x = arr2(&[[1.0, 2.0], [3.0, 4.0]]).into_dyn();
/// // Depends on the strides, not only on the elements.
/// let f = |x: ArrayViewD<f64>| x.mapv(|v| v) * x.strides()[1] as f64;
/// let findings = check_views("strides", &x, f, 1e-14);
/// assert!(findings.iter().all(|found| found.check == Check::Views));
/// assert!(findings[0].detail.starts_with("strides: a column-major view differs"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was seen, with numbers.
    pub detail: String,
}

impl Finding {
    pub(crate) fn fail(check: Check, detail: String) -> Self {
        Self { check, verdict: Verdict::Fail(Fault::Value), detail }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shapes => "shapes",
            Self::ForwardRepeatable => "forward repeatable",
            Self::BackwardRepeatable => "backward repeatable",
            Self::Overwrites => "overwrites",
            Self::NoStaleState => "no stale state",
            Self::LinearInCotangent => "linear in the cotangent",
            Self::InputsUntouched => "inputs untouched",
            Self::BuffersWritten => "buffers written",
            Self::Views => "views",
            Self::BatchSplit => "batch split",
            Self::Symmetry => "symmetry",
        })
    }
}
