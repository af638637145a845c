//! `Σ g_i d_i = d/dt φ(x + t d)`: all elements at once along random directions.
//!
//! A wrong element hides in one direction only if its error times `|d_i| ≥ ½` stays below the
//! tolerance `rtol·(|Σ g_i d_i| + ‖g∘d‖₂)` or is cancelled by others, which the next direction,
//! with other signs, undoes. A failing direction is halved, and the half that fails is halved
//! again, until single elements are left, which are then judged one by one.

use crate::check::Measured;
use crate::noise::Noise;
use crate::report::{DirectionReport, Report};
use crate::run::{Entry, Run, element, rms};
use crate::sum::Sum;
use crate::{Rng, Verdict};

/// Checks by directions, localises what fails, and judges `sample` elements of every tensor.
pub(crate) fn run(run: &mut Run<'_>, tensors: &mut [Measured], sample: usize, report: &mut Report) {
    let all: Vec<usize> = (0..tensors.len()).collect();
    let is_cramped = |entry: &Entry, run: &Run<'_>| {
        let (below, above) = run.room(&[*entry]);
        below.min(above) < 1.0 / 1024.0
    };
    // Elements at the edge of their domain would stop every direction: one by one, then.
    let (cramped, mut support): (Vec<Entry>, Vec<Entry>) =
        around(run, &all, 1.0).into_iter().partition(|entry| is_cramped(entry, run));
    judge(run, tensors, &cramped);
    let mut prober =
        Prober { rng: Rng::new(run.config.seed ^ 0x0dd), noise: run.noise(&support), probes: 0 };
    let mut found = Vec::new();
    for _ in 0..run.config.directions {
        prober.redraw(&mut support);
        let outcome = prober.probe(run, &support);
        let failed = outcome.verdict.is_fail();
        report.directions.push(outcome);
        if failed && found.is_empty() {
            // As long as the rest fails there is more to be found in it.
            for _ in 0..=support.len().ilog2() {
                let wrong = prober.localise(run, support.clone());
                judge(run, tensors, &wrong);
                support.retain(|entry| !wrong.iter().any(|w| same(w, entry)));
                found.extend(wrong);
                prober.redraw(&mut support);
                if support.is_empty() || !prober.probe(run, &support).verdict.is_fail() {
                    break;
                }
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    report.probes = prober.probes;
    for tensor in tensors {
        let n = tensor.verdicts.len();
        let picks: Vec<usize> = (0..sample.min(n)).map(|_| prober.rng.below(n)).collect();
        tensor.judge(run, picks);
    }
}

fn same(a: &Entry, b: &Entry) -> bool {
    (a.tensor, a.flat) == (b.tensor, b.flat)
}

fn judge(run: &mut Run<'_>, tensors: &mut [Measured], entries: &[Entry]) {
    for group in entries.chunk_by(|a, b| a.tensor == b.tensor) {
        tensors[group[0].tensor].judge(run, group.iter().map(|entry| entry.flat));
    }
}

struct Prober {
    rng: Rng,
    noise: Noise,
    probes: usize,
}

impl Prober {
    /// New signs for every component.
    fn redraw(&mut self, direction: &mut [Entry]) {
        for entry in direction {
            if self.rng.bits() >> 63 == 0 {
                entry.d = -entry.d;
            }
        }
    }

    /// One direction, at most `max_direction_evaluations`.
    fn probe(&mut self, run: &mut Run<'_>, direction: &[Entry]) -> DirectionReport {
        self.probes += 1;
        let (mut analytic, mut squares) = (Sum::default(), Sum::default());
        for entry in direction {
            let term = element(&run.gradients[entry.tensor], entry.flat) * entry.d;
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

    /// Single elements that make a direction fail: at most two probes a level of halving each.
    fn localise(&mut self, run: &mut Run<'_>, support: Vec<Entry>) -> Vec<Entry> {
        let mut leaves = Vec::new();
        let mut failing = vec![support];
        while let Some(mut left) = failing.pop() {
            if left.len() < 2 {
                leaves.extend(left);
                continue;
            }
            let mut right = left.split_off(left.len() / 2);
            self.redraw(&mut left);
            let in_left = self.probe(run, &left).verdict;
            // Together they fail: where the left half does not, the right one is to blame.
            let in_right = if in_left == Verdict::Pass || in_left == Verdict::Unobserved {
                true
            } else {
                self.redraw(&mut right);
                self.probe(run, &right).verdict.is_fail()
            };
            if in_right {
                failing.push(right);
            }
            if in_left.is_fail() || (in_left.is_inconclusive() && !in_right) {
                failing.push(left);
            }
        }
        leaves.sort_by_key(|entry| (entry.tensor, entry.flat));
        leaves
    }
}

/// A random direction through the given tensors: `±(512 + r)/1024` times a power of two near the
/// tensor's rms, so that short steps along it stay exact in floating point.
pub(crate) fn around(run: &Run<'_>, tensors: &[usize], width: f64) -> Vec<Entry> {
    let mut rng = Rng::new(run.config.seed ^ 0xd1_2ec7);
    let mut direction = Vec::new();
    for &tensor in tensors {
        let size = (width * rms(&run.base[tensor])).log2().round().exp2();
        let domain = run.names[tensor].1;
        for flat in 0..run.base[tensor].len() {
            let mut d = size * rng.cotangent();
            // Away from an edge rather than not at all.
            let (below, above) = domain.room(element(&run.base[tensor], flat));
            if below.min(above) < size / 1024.0 {
                d = if above > below { d.abs() } else { -d.abs() };
            }
            direction.push(Entry { tensor, flat, d });
        }
    }
    direction
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
