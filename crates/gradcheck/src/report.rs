//! Counts, the worst elements with their evidence, findings and hints: what a check found.

use std::collections::BTreeMap;

use crate::{Finding, Hint, Reason, Verdict};

/// The outcome of one check.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Verdict, check_gradient};
/// use ndarray::arr1;
/// let x = arr1(&[0.3, -1.2]).into_dyn();
/// let f = |x: &ndarray::ArrayD<f64>| x.iter().map(|x| x * x).sum();
/// let report = check_gradient("Σx²", &x, f, |x| x * 2.0, &Config::default());
/// assert_eq!(report.verdict(), Verdict::Pass);
/// assert_eq!((report.counts().pass, report.counts().total()), (2, 2));
/// println!("{report}");
/// report.assert_pass();
/// ```
#[derive(Debug, Clone)]
#[must_use = "a report says nothing until it is asserted or printed"]
pub struct Report {
    /// What was checked.
    pub name: String,
    /// Seed of cotangents and directions.
    pub seed: u64,
    /// One entry a tensor.
    pub tensors: Vec<TensorReport>,
    /// Random directions, in the modes that use them.
    pub directions: Vec<DirectionReport>,
    /// Directions and parts of directions that were probed, localisation included.
    pub probes: usize,
    /// What the checks without differences found wrong.
    pub findings: Vec<Finding>,
    /// What the failure looks like, most specific first.
    pub hints: Vec<Hint>,
    /// Forward passes.
    pub evaluations: usize,
    /// Backward passes.
    pub backward_calls: usize,
    /// Share of observable elements that `assert_pass` demands.
    pub min_observed: f64,
}

/// The elements of one tensor.
#[derive(Debug, Clone)]
pub struct TensorReport {
    /// Name of the tensor.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Elements by verdict.
    pub counts: Counts,
    /// `‖g‖∞` of the analytic gradient.
    pub g_max: f64,
    /// Largest `|a − D| / max(|a|, |D|, ‖g‖∞/10)` over elements with a definite verdict.
    pub worst_relative: f64,
    /// The worst elements, at most [`Config::keep`](crate::Config::keep).
    pub worst: Vec<Element>,
}

/// Elements by verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Right.
    pub pass: usize,
    /// Wrong.
    pub fail: usize,
    /// Zero as far as anybody can see.
    pub unobserved: usize,
    /// Undecided, by reason.
    pub inconclusive: BTreeMap<Reason, usize>,
}

/// One element and the evidence about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Position in the tensor.
    pub index: Vec<usize>,
    /// The element's value.
    pub x: f64,
    /// The derivative on trial.
    pub analytic: f64,
    /// The derivative by differences.
    pub numeric: f64,
    /// Bound on the error of `numeric`.
    pub error: f64,
    /// Tolerance the comparison used.
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

/// One random direction through all tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectionReport {
    /// `Σ g_i d_i`.
    pub analytic: f64,
    /// The derivative along the direction by differences.
    pub numeric: f64,
    /// Bound on the error of `numeric`.
    pub error: f64,
    /// Tolerance the comparison used.
    pub tolerance: f64,
    /// Forward passes spent on it.
    pub evaluations: usize,
    /// The verdict.
    pub verdict: Verdict,
}

impl Report {
    /// The most severe verdict of elements, directions and findings.
    pub fn verdict(&self) -> Verdict {
        let counts = self.counts();
        let fault = self.elements().map(|e| e.verdict).find(|verdict| verdict.is_fail());
        let directions = self.directions.iter().map(|d| d.verdict);
        let findings = self.findings.iter().map(|finding| finding.verdict);
        let all = directions.chain(findings).chain(fault);
        let reasons = counts.inconclusive.keys().map(|reason| Verdict::Inconclusive(*reason));
        all.chain(reasons).max().unwrap_or(Verdict::Pass)
    }

    /// Elements of all tensors by verdict.
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        self.tensors.iter().for_each(|tensor| all.add(&tensor.counts));
        all
    }

    /// Every element kept.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.tensors.iter().flat_map(|tensor| &tensor.worst)
    }

    /// Panics with the whole report unless every element passes or is an honest zero, and enough
    /// of them are observable.
    ///
    /// # Panics
    /// On any Fail, any Inconclusive, and when fewer than
    /// [`min_observed`](crate::Config::min_observed) of the elements are observable.
    #[track_caller]
    pub fn assert_pass(&self) {
        self.assert_pass_allowing(0.0);
    }

    /// Like [`Report::assert_pass`], with a share of inconclusive elements that is acceptable:
    /// inputs at the kink of a ReLU, say.
    ///
    /// # Panics
    /// On any Fail, and when a share is out of bounds.
    #[track_caller]
    pub fn assert_pass_allowing(&self, max_inconclusive: f64) {
        let problem = self.problem(max_inconclusive);
        assert!(problem.is_none(), "{}\n{self}", problem.unwrap_or_default());
    }

    /// What stands in the way of `assert_pass_allowing`.
    pub fn problem(&self, max_inconclusive: f64) -> Option<String> {
        if self.verdict().is_fail() {
            return Some(format!("{}: the gradient is wrong", self.name));
        }
        let counts = self.counts();
        let total = counts.total().max(1) as f64;
        let share = counts.n_inconclusive() as f64 / total;
        let lost = self.directions.iter().filter(|d| d.verdict.is_inconclusive()).count();
        let share = share.max(lost as f64 / self.directions.len().max(1) as f64);
        if share > max_inconclusive {
            return Some(format!("{}: {:.3} % inconclusive", self.name, 100.0 * share));
        }
        let observed = 1.0 - counts.unobserved as f64 / total;
        (counts.total() > 0 && observed < self.min_observed).then(|| {
            format!(
                "{}: only {:.1} % of the elements show in the outputs",
                self.name,
                100.0 * observed
            )
        })
    }
}

impl Counts {
    /// Counts one more verdict.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail(_) => self.fail += 1,
            Verdict::Unobserved => self.unobserved += 1,
            Verdict::Inconclusive(reason) => *self.inconclusive.entry(reason).or_default() += 1,
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unobserved += other.unobserved;
        for (reason, n) in &other.inconclusive {
            *self.inconclusive.entry(*reason).or_default() += n;
        }
    }

    /// Undecided elements, whatever the reason.
    pub fn n_inconclusive(&self) -> usize {
        self.inconclusive.values().sum()
    }

    /// All elements.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.unobserved + self.n_inconclusive()
    }
}

impl Element {
    /// `analytic / numeric`.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Tensor, check_vjp};
    use ndarray::arr1;

    fn relu(at: f64, slope: f64) -> Report {
        let inputs = [Tensor::new("x", arr1(&[at, 1.0, 2.0]))];
        check_vjp(
            "relu",
            &inputs,
            |x| vec![x[0].mapv(|x| x.max(0.0))],
            |x, v| vec![&v[0] * &x[0].mapv(|x| if x > 0.0 { 1.0 } else { slope })],
            &Config::default(),
        )
    }

    #[test]
    fn shares_are_asserted() {
        let kink = relu(0.0, 0.0);
        assert_eq!(kink.counts().n_inconclusive(), 1);
        assert!(kink.problem(0.0).is_some() && kink.problem(0.4).is_none());
        assert!(relu(0.0, 2.0).problem(1.0).is_some());
        let mut dark = relu(-1.0, 0.0);
        assert_eq!(dark.counts().unobserved, 1);
        assert!(dark.problem(0.0).is_none());
        dark.min_observed = 0.7;
        assert!(dark.problem(0.0).is_some());
    }

    #[test]
    #[should_panic(expected = "the gradient is wrong")]
    fn a_wrong_gradient_panics_with_the_report() {
        relu(-1.0, 0.5).assert_pass();
    }
}
