//! The outcome of one check: counts, the worst elements with their evidence, findings and hints.

use crate::config::Config;
use crate::outcome::counts::Counts;
use crate::outcome::element::{DirectionReport, Element};
use crate::outcome::finding::Finding;
use crate::outcome::hint::Hint;
use crate::outcome::verdict::Verdict;

/// The outcome of one check.
///
/// Its `Display` is the table that the [crate page](crate#reading-a-report) explains. Its verdict
/// is the most severe one of its elements, directions and findings.
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
    /// One entry for each tensor.
    pub tensors: Vec<TensorReport>,
    /// Random directions, in the modes that use them.
    pub directions: Vec<DirectionReport>,
    /// Directions that were checked, the halves of failing ones included.
    pub probes: usize,
    /// What the checks without differences found wrong.
    pub findings: Vec<Finding>,
    /// What the failure looks like, most specific first.
    pub hints: Vec<Hint>,
    /// Forward passes.
    pub evaluations: usize,
    /// Backward passes.
    pub backward_calls: usize,
    /// Fraction of observable elements that `assert_pass` demands.
    pub min_observed: f64,
}

/// The elements of one tensor: how many got which verdict, and the worst of them. A part of the
/// [`Report`].
///
/// Worst are the most severe verdicts first, and among those the largest `|a − D| / (τ + E)`, with
/// the symbols of [`Element`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, check_gradient};
/// use ndarray::arr1;
/// let x = arr1(&[1.0, 2.0]).into_dyn();
/// let f = |x: &ndarray::ArrayD<f64>| 3.0 * x[[0]];
/// let gradient = |_: &ndarray::ArrayD<f64>| arr1(&[3.0, 0.5]).into_dyn();
/// let report = check_gradient("3 x₀", &x, f, gradient, &Config::default());
/// let tensor = &report.tensors[0];
/// assert_eq!((tensor.name.as_str(), tensor.counts.pass, tensor.counts.fail), ("x", 1, 1));
/// // The derivative with respect to x₁ is 0, not 0.5.
/// assert_eq!(tensor.worst[0].index, [1]);
/// ```
#[derive(Debug, Clone)]
pub struct TensorReport {
    /// Name of the tensor.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Elements by verdict.
    pub counts: Counts,
    /// `max_i |g_i|` of the analytic gradient.
    pub g_max: f64,
    /// Largest `|a − D| / max(|a|, |D|, g_max/10)` over the elements that pass or fail.
    pub worst_relative: f64,
    /// The worst elements, at most [`Config::keep`](crate::Config::keep).
    pub worst: Vec<Element>,
}

impl Report {
    /// A report of a check that has not begun.
    pub(crate) fn new(name: &str, config: &Config) -> Self {
        Self {
            name: name.to_string(),
            seed: config.seed,
            tensors: Vec::new(),
            directions: Vec::new(),
            probes: 0,
            findings: Vec::new(),
            hints: Vec::new(),
            evaluations: 0,
            backward_calls: 0,
            min_observed: config.min_observed,
        }
    }

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

    /// The elements that were kept, of all tensors.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.tensors.iter().flat_map(|tensor| &tensor.worst)
    }

    /// Panics with the whole report unless every element passes or is unobserved, and enough of
    /// them are observed.
    ///
    /// # Panics
    /// On any Fail, any Inconclusive, and when fewer than
    /// [`min_observed`](crate::Config::min_observed) of the elements are observable.
    #[track_caller]
    pub fn assert_pass(&self) {
        self.assert_pass_allowing(0.0);
    }

    /// Like [`Report::assert_pass`], but a fraction of the elements may be inconclusive: inputs at
    /// the kink of a ReLU, say.
    ///
    /// # Panics
    /// On any Fail, and when more are inconclusive or fewer observable than allowed.
    #[track_caller]
    pub fn assert_pass_allowing(&self, max_inconclusive: f64) {
        let problem = self.problem(max_inconclusive);
        assert!(problem.is_none(), "{}\n{self}", problem.unwrap_or_default());
    }

    /// The message with which [`Report::assert_pass_allowing`] would panic; `None` where it would
    /// not.
    pub fn problem(&self, max_inconclusive: f64) -> Option<String> {
        if self.verdict().is_fail() {
            return Some(format!("{}: the gradient is wrong", self.name));
        }
        let counts = self.counts();
        let total = counts.total().max(1) as f64;
        let elements = counts.n_inconclusive() as f64 / total;
        let undecided = self.directions.iter().filter(|d| d.verdict.is_inconclusive()).count();
        let directions = undecided as f64 / self.directions.len().max(1) as f64;
        let inconclusive = elements.max(directions);
        if inconclusive > max_inconclusive {
            return Some(format!("{}: {:.3} % inconclusive", self.name, 100.0 * inconclusive));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, check_vjp};
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
    fn too_many_inconclusive_or_unobserved_elements_are_a_problem() {
        let kink = relu(0.0, 0.0);
        assert_eq!(kink.counts().n_inconclusive(), 1);
        assert!(kink.problem(0.0).is_some() && kink.problem(0.4).is_none());
        assert!(relu(0.0, 2.0).problem(1.0).is_some());
        let mut inactive = relu(-1.0, 0.0);
        assert_eq!(inactive.counts().unobserved, 1);
        assert!(inactive.problem(0.0).is_none());
        inactive.min_observed = 0.7;
        assert!(inactive.problem(0.0).is_some());
    }

    #[test]
    #[should_panic(expected = "the gradient is wrong")]
    fn a_wrong_gradient_panics_with_the_report() {
        relu(-1.0, 0.5).assert_pass();
    }
}
