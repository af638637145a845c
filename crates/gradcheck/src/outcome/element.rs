//! One element, or one direction, and the evidence about it.

use crate::outcome::verdict::Verdict;

/// One element of a tensor: the analytic value `a`, the numeric derivative `D ± E`, the tolerance
/// `τ` and the [`Verdict`] that follows from them. A [`TensorReport`](crate::TensorReport) keeps
/// the worst ones.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Tensor, check_vjp};
/// use ndarray::arr1;
/// let report = check_vjp(
///     "x²",
///     &[Tensor::new("x", arr1(&[1.5, 3.0]))],
///     |x| vec![&x[0] * &x[0]],
///     |x, v| vec![&v[0] * &x[0]], // forgot the 2
///     &Config::default(),
/// );
/// let element = &report.tensors[0].worst[0];
/// assert!((element.ratio() - 0.5).abs() < 1e-9);
/// assert!((element.relative_error() - 0.5).abs() < 1e-9);
/// assert!(element.verdict.is_fail() && !element.is_kink());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Position in the tensor.
    pub index: Vec<usize>,
    /// The element's value.
    pub x: f64,
    /// `a`, the value that is checked.
    pub analytic: f64,
    /// `D`, the derivative by differences.
    pub numeric: f64,
    /// `E`, a bound on the error of `numeric`.
    pub error: f64,
    /// `τ`, the tolerance of the comparison.
    pub tolerance: f64,
    /// Slopes to the left and to the right; equal unless there is a kink.
    pub slopes: (f64, f64),
    /// Step at which `numeric` was found.
    pub step: f64,
    /// `log₂` of the ratio of slope jumps from step to step: 1 smooth, 0 kink, −1 jump.
    pub rates: Vec<f64>,
    /// Forward passes spent on it.
    pub evaluations: usize,
    /// The verdict.
    pub verdict: Verdict,
}

impl Element {
    /// `a / D`
    pub fn ratio(&self) -> f64 {
        self.analytic / self.numeric
    }

    /// `|a − D| / max(|a|, |D|)`, 0 where both are 0.
    pub fn relative_error(&self) -> f64 {
        let size = self.analytic.abs().max(self.numeric.abs());
        let distance = (self.analytic - self.numeric).abs();
        if distance == 0.0 { 0.0 } else { distance / size }
    }

    /// Whether the slopes to the two sides differ.
    pub fn is_kink(&self) -> bool {
        self.slopes.0 != self.slopes.1
    }
}

/// One random direction `d` through all tensors, in [`Mode::Directional`](crate::Mode): a part of
/// the [`Report`](crate::Report). `Σ_i g_i d_i` is compared with `d/dt Σ_j v_j F_j(x + t d)` at
/// `t = 0`.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mode, Tensor, Verdict, check_vjp};
/// use ndarray::arr1;
/// let report = check_vjp(
///     "square",
///     &[Tensor::new("x", arr1(&[0.5, 1.0, 1.5]))],
///     |x| vec![&x[0] * &x[0]],
///     |x, v| vec![&v[0] * &x[0] * 2.0],
///     &Config { mode: Mode::Directional, ..Config::default() },
/// );
/// let direction = &report.directions[0];
/// assert_eq!(direction.verdict, Verdict::Pass);
/// assert!((direction.analytic - direction.numeric).abs() <= direction.tolerance);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionReport {
    /// `Σ_i g_i d_i`
    pub analytic: f64,
    /// The derivative along the direction by differences.
    pub numeric: f64,
    /// Bound on the error of `numeric`.
    pub error: f64,
    /// Tolerance of the comparison.
    pub tolerance: f64,
    /// Forward passes spent on it.
    pub evaluations: usize,
    /// The verdict.
    pub verdict: Verdict,
}
