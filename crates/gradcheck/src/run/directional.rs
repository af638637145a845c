//! All elements at once, along random directions.

use crate::arrays::element;
use crate::numeric::noise::Noise;
use crate::numeric::sum::Sum;
use crate::outcome::element::DirectionReport;
use crate::outcome::report::Report;
use crate::outcome::verdict::Verdict;
use crate::random::rng::Rng;
use crate::run::direction::Entry;
use crate::run::elements::Measured;
use crate::run::evaluation::Run;

/// Checks `Σ_i g_i d_i = d/dt φ(x + t d)` at `t = 0` along random directions `d`, where
/// `φ = Σ_j v_j F_j`; finds the elements that make one fail; and decides about `sample` elements of
/// every tensor one by one.
///
/// The tolerance is `rtol · (|Σ_i g_i d_i| + √(Σ_i (g_i d_i)²))`: errors of the elements have
/// independent signs. A wrong element is missed by one direction only if its error times
/// `|d_i|`, which is at least half of the tensor's size, stays below the tolerance, or if others
/// cancel it, which they do not in the next direction, with other signs.
pub(crate) fn check_directions(
    run: &mut Run<'_>,
    tensors: &mut [Measured],
    sample: usize,
    report: &mut Report,
) {
    let all: Vec<usize> = (0..tensors.len()).collect();
    let is_at_bound = |entry: &Entry, run: &Run<'_>| {
        let (below, above) = run.reach(&[*entry]);
        below.min(above) < 1.0 / 1024.0
    };
    // Elements at a bound of their domain would shorten every step: those one by one.
    let direction = run.random_direction(&all, 1.0);
    let (at_bound, mut support): (Vec<Entry>, Vec<Entry>) =
        direction.into_iter().partition(|entry| is_at_bound(entry, run));
    decide_each(run, tensors, &at_bound);
    let rng = Rng::new(run.config.seed ^ 0x0dd);
    let mut prober = Prober { rng, noise: run.noise(&support), probes: 0 };
    for _ in 0..run.config.directions {
        prober.redraw_signs(&mut support);
        let outcome = prober.probe(run, &support);
        let failed = outcome.verdict.is_fail();
        report.directions.push(outcome);
        if failed && !prober.find_all(run, tensors, &mut support).is_empty() {
            break;
        }
    }
    report.probes = prober.probes;
    for tensor in tensors {
        let n = tensor.verdicts.len();
        let picks: Vec<usize> = (0..sample.min(n)).map(|_| prober.rng.below(n)).collect();
        tensor.decide(run, picks);
    }
}

fn decide_each(run: &mut Run<'_>, tensors: &mut [Measured], entries: &[Entry]) {
    for group in entries.chunk_by(|a, b| a.tensor == b.tensor) {
        tensors[group[0].tensor].decide(run, group.iter().map(|entry| entry.flat));
    }
}

/// Checks directions one after the other.
struct Prober {
    rng: Rng,
    noise: Noise,
    probes: usize,
}

impl Prober {
    /// A random sign for every component.
    fn redraw_signs(&mut self, direction: &mut [Entry]) {
        for entry in direction {
            if self.rng.bits() >> 63 == 0 {
                entry.d = -entry.d;
            }
        }
    }

    /// One direction, in at most `max_direction_evaluations`.
    fn probe(&mut self, run: &mut Run<'_>, direction: &[Entry]) -> DirectionReport {
        self.probes += 1;
        let (mut analytic, mut squares) = (Sum::default(), Sum::default());
        for entry in direction {
            let term = element(&run.gradients[entry.tensor], entry.flat) * entry.d; // g_i d_i
            analytic.add(term);
            squares.add(term * term);
        }
        let atol = run.config.rtol * squares.value().sqrt();
        let answer = run.direction(direction, analytic.value(), atol, &self.noise);
        DirectionReport {
            analytic: analytic.value(),
            numeric: answer.estimate.value,
            error: answer.estimate.error,
            tolerance: answer.tolerance,
            evaluations: answer.evaluations,
            verdict: answer.verdict,
        }
    }

    /// Elements that make a direction fail. They are decided one by one and taken out of the
    /// support; as long as what is left still fails, there are more in it.
    fn find_all(
        &mut self,
        run: &mut Run<'_>,
        tensors: &mut [Measured],
        support: &mut Vec<Entry>,
    ) -> Vec<Entry> {
        let mut found = Vec::new();
        for _ in 0..=support.len().ilog2() {
            let wrong = self.localize(run, support.clone());
            decide_each(run, tensors, &wrong);
            support.retain(|entry| !wrong.iter().any(|w| w.is_same_element(entry)));
            found.extend(wrong);
            self.redraw_signs(support);
            if support.is_empty() || !self.probe(run, support).verdict.is_fail() {
                break;
            }
        }
        found
    }

    /// Single elements that make a direction fail. The direction is halved, and the half that fails
    /// is halved again: at most two probes a halving.
    fn localize(&mut self, run: &mut Run<'_>, support: Vec<Entry>) -> Vec<Entry> {
        let mut elements = Vec::new();
        let mut failing = vec![support];
        while let Some(mut left) = failing.pop() {
            if left.len() < 2 {
                elements.extend(left);
                continue;
            }
            let mut right = left.split_off(left.len() / 2);
            self.redraw_signs(&mut left);
            let in_left = self.probe(run, &left).verdict;
            // Together they fail: if the left half is right, the right half is wrong.
            let in_right = if in_left == Verdict::Pass || in_left == Verdict::Unobserved {
                true
            } else {
                self.redraw_signs(&mut right);
                self.probe(run, &right).verdict.is_fail()
            };
            if in_right {
                failing.push(right);
            }
            if in_left.is_fail() || (in_left.is_inconclusive() && !in_right) {
                failing.push(left);
            }
        }
        elements.sort_by_key(|entry| (entry.tensor, entry.flat));
        elements
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Domain, Mode, Rng, Tensor, Verdict, check_vjp};
    use ndarray::ArrayD;

    fn sines(n: usize, wrong: &[usize]) -> crate::Report {
        let x = Tensor::new("x", Rng::new(8).normal_array(&[n], 1.0));
        let config = Config { mode: Mode::Directional, ..Config::default() };
        check_vjp(
            "sin",
            &[x],
            |x| vec![x[0].mapv(f64::sin)],
            |x, v| {
                let mut g = &v[0] * &x[0].mapv(f64::cos);
                wrong.iter().for_each(|k| g[[*k]] *= 1.1);
                vec![g]
            },
            &config,
        )
    }

    #[test]
    fn a_right_gradient_takes_few_evaluations() {
        let report = sines(1000, &[]);
        assert_eq!(report.verdict(), Verdict::Pass, "{report}");
        assert_eq!(report.directions.len(), 3);
        assert!(report.directions.iter().all(|d| d.evaluations <= 40), "{report}");
    }

    #[test]
    fn exactly_the_wrong_elements_are_found() {
        let wrong = [17, 18, 555, 900];
        let report = sines(1000, &wrong);
        let mut found: Vec<usize> = report.elements().map(|e| e.index[0]).collect();
        found.sort_unstable();
        assert_eq!(found, wrong, "{report}");
        assert_eq!(report.counts().fail, 4);
        assert!(report.probes <= 4 * 4 * 10, "{} probes", report.probes);
    }

    #[test]
    fn directions_respect_the_domain() {
        let p = Rng::new(1).normal_array(&[50], 1.0).mapv(|x| x.abs().min(1.0));
        let inside = |x: &[ArrayD<f64>]| {
            assert!(x[0].iter().all(|p| (0.0..=1.0).contains(p)), "{}", x[0]);
            vec![x[0].mapv(|p| p * p)]
        };
        let inputs = [Tensor::new("p", p).within(Domain::new(0.0, 1.0))];
        let config = Config { mode: Mode::Hybrid { sample_per_tensor: 4 }, ..Config::default() };
        let vjp = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] * &x[0] * 2.0];
        let report = check_vjp("square", &inputs, inside, vjp, &config);
        assert!(!report.verdict().is_fail(), "{report}");
        assert!(report.counts().pass >= 4, "{report}");
    }
}
