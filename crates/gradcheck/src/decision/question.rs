//! What is decided, and the answer with its evidence.

use crate::config::Config;
use crate::numeric::ladder::Estimate;
use crate::outcome::verdict::Verdict;

/// Is `a` the derivative of `φ(t) = Σ_j v_j y_j(x + t)` at `t = 0`?
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// `a`, the value to check; without one, the derivative is only measured.
    pub(crate) analytic: Option<f64>,
    /// The outputs `y_j` at `x`.
    pub(crate) y: &'a [f64],
    /// Their weights `v_j`.
    pub(crate) weights: &'a [f64],
    /// `|x|`
    pub(crate) x_size: f64,
    /// Length over which the function is expected to vary.
    pub(crate) scale: f64,
    /// How far the domain lets the point move down and up.
    pub(crate) reach: (f64, f64),
    /// Absolute part of the tolerance.
    pub(crate) atol: f64,
    /// Most points at which the line may be evaluated.
    pub(crate) max_evaluations: usize,
}

impl Question<'_> {
    /// `a`; without one the measured derivative, which then agrees with itself.
    pub(crate) fn analytic_or(&self, numeric: f64) -> f64 {
        self.analytic.unwrap_or(numeric)
    }

    /// `τ = rtol · max(|a|, |D|) + atol` for the numeric derivative `D`.
    pub(crate) fn tolerance(&self, config: &Config, numeric: f64) -> f64 {
        config.tolerance(self.analytic_or(numeric), numeric, self.atol)
    }
}

/// The verdict with the evidence for it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) estimate: Estimate,
    /// Whether the jump of the estimate is a kink.
    pub(crate) is_kink: bool,
    /// `τ` of the comparison.
    pub(crate) tolerance: f64,
    /// Points at which the line was evaluated.
    pub(crate) evaluations: usize,
}

impl Answer {
    /// The answer where no step is possible.
    pub(crate) fn without_evaluations(verdict: Verdict) -> Self {
        let estimate = Estimate::unknown(1, 0.0, 0.0);
        Self { verdict, estimate, is_kink: false, tolerance: 0.0, evaluations: 0 }
    }
}
