//! Pass, Unobserved, Inconclusive or Fail, and why.

use std::fmt;

/// What is known about one element, or about a whole report.
///
/// For the analytic value `a`, a numeric derivative `D ± E` ([`derivative`](crate::derivative))
/// and the tolerance `τ = rtol · max(|a|, |D|) + atol` ([`Config`](crate::Config)):
///
/// - **Pass**: `|a − D| ≤ τ` and `E ≤ τ`, and the slope does not jump. So no value further than
///   `2τ` from the truth passes.
/// - **Fail**: `|a − D| > τ + E` at two ranges of step size whose values of `D` agree. Where the
///   error bars stay above `τ`, `|a − D| > 8E + τ` at the range of the smaller one and
///   `|a − D| > 2E + τ` at the other. At a kink with the jump `J ± E_J` of the slope, where `D` is
///   the mean of the two slopes, `|a − D| > |J|/2 + τ + E + E_J`: `a` is no subgradient.
/// - **Unobserved**: no output moves, and `a` is 0 or too small to move one; or `a`, `D` and `E`
///   all lie below 8 times the rounding noise of the widest quotient.
/// - **Inconclusive**: anything else, with the [`Reason`].
///
/// The order is that of severity: the verdict of a report is the largest among its elements.
///
/// # Examples
/// ```
/// use gradcheck::{Fault, Reason, Verdict};
/// assert!(Verdict::Fail(Fault::Value) > Verdict::Inconclusive(Reason::Kink));
/// assert_eq!(Verdict::Inconclusive(Reason::Kink).to_string(), "INCONCLUSIVE(kink)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The analytic value lies within the tolerance of a converged numeric derivative.
    Pass,
    /// Both values are zero within the rounding noise of the function.
    Unobserved,
    /// Differences of this function at this point cannot tell.
    Inconclusive(Reason),
    /// The analytic value is wrong.
    Fail(Fault),
}

/// Why differences cannot tell: the part of [`Verdict::Inconclusive`] that names the cause, see
/// [`Verdict`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Reason, Verdict, check_gradient};
/// use ndarray::{ArrayD, arr1};
/// // At 0 the slopes are −1 and 1; the gradient says 0.
/// let x = arr1(&[0.0, 2.0]).into_dyn();
/// let f = |x: &ArrayD<f64>| x[[0]].abs() + x[[1]].abs();
/// let gradient = |_: &ArrayD<f64>| arr1(&[0.0, 1.0]).into_dyn();
/// let report = check_gradient("Σ|x|", &x, f, gradient, &Config::default());
/// assert_eq!(report.verdict(), Verdict::Inconclusive(Reason::Kink));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The slopes from left and right differ and the analytic value lies between them.
    Kink,
    /// The error bar of the numeric derivative is wider than the tolerance.
    Precision,
    /// The domain does not allow any step.
    Domain,
    /// The function is not finite at the point or around it.
    NonFinite,
    /// Two evaluations at the same point differ.
    Nondeterministic,
    /// No two step sizes agree: a jump, a cusp or noise.
    Rough,
}

/// How the analytic value is wrong: the part of [`Verdict::Fail`] that names the comparison it
/// fails, see [`Verdict`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Fault, Verdict, check_gradient};
/// use ndarray::arr1;
/// // The slopes of |x| at 0 are −1 and 1: 1.5 is no subgradient.
/// let x = arr1(&[0.0]).into_dyn();
/// let abs = |x: &ndarray::ArrayD<f64>| x[[0]].abs();
/// let report = check_gradient("|x|", &x, abs, |x| x + 1.5, &Config::default());
/// assert_eq!(report.verdict(), Verdict::Fail(Fault::NotASubgradient));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It differs from the numeric derivative by more than both tolerance and error bar.
    Value,
    /// At a kink it lies outside the interval between the two slopes.
    NotASubgradient,
    /// It is NaN or infinite where the function is finite.
    NonFinite,
}

impl Verdict {
    /// Whether this is a [`Verdict::Fail`].
    pub fn is_fail(self) -> bool {
        matches!(self, Self::Fail(_))
    }

    /// Whether this is a [`Verdict::Inconclusive`].
    pub fn is_inconclusive(self) -> bool {
        matches!(self, Self::Inconclusive(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Unobserved => f.write_str("unobserved"),
            Self::Inconclusive(reason) => write!(f, "INCONCLUSIVE({reason})"),
            Self::Fail(Fault::Value) => f.write_str("FAIL"),
            Self::Fail(Fault::NotASubgradient) => f.write_str("FAIL(not a subgradient)"),
            Self::Fail(Fault::NonFinite) => f.write_str("FAIL(not finite)"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kink => "kink",
            Self::Precision => "precision",
            Self::Domain => "domain",
            Self::NonFinite => "not finite",
            Self::Nondeterministic => "nondeterministic",
            Self::Rough => "rough",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_orders_verdicts() {
        let order = [
            Verdict::Pass,
            Verdict::Unobserved,
            Verdict::Inconclusive(Reason::Kink),
            Verdict::Inconclusive(Reason::Rough),
            Verdict::Fail(Fault::Value),
        ];
        assert!(order.is_sorted());
    }
}
