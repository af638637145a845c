//! `|a − D| ≤ τ + E`? A sequence of ladders, each at smaller steps, until one verdict is safe.
//!
//! A Pass rests on one converged ladder: error bar below `τ`, no jump of the slope, `|a − D| ≤ τ`,
//! so that no value further than `2τ` from the truth passes. A Fail
//! rests on two ladders whose steps do not overlap, since a single one can be deceived by a kink
//! or a narrow feature between its points; or, when the error bars stay above the tolerance, on
//! a distance of eight of them. Whatever neither supports is inconclusive.

use crate::ladder::{Centre, Estimate, Line, Point, ladder};
use crate::noise::Noise;
use crate::{Config, Fault, Precision, Reason, Verdict};

/// One derivative to judge.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// The value on trial; without one, the derivative is only measured.
    pub(crate) analytic: Option<f64>,
    pub(crate) y: &'a [f64],
    pub(crate) weights: &'a [f64],
    pub(crate) x_size: f64,
    /// Length over which the function is expected to vary.
    pub(crate) scale: f64,
    /// How far the domain lets the point move down and up.
    pub(crate) room: (f64, f64),
    pub(crate) atol: f64,
    pub(crate) max_evaluations: usize,
}

/// The verdict with the evidence for it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    pub(crate) estimate: Estimate,
    /// Whether the estimate's jump is real.
    pub(crate) kink: bool,
    pub(crate) tolerance: f64,
    pub(crate) evaluations: usize,
}

/// Judges one derivative along `line`. `probe` tells which outputs can depend on the element at
/// all; it is asked only where the noise of the others stands in the way.
pub(crate) fn decide(
    question: &Question<'_>,
    noise: &Noise,
    config: &Config,
    line: &mut Line<'_>,
    probe: &mut dyn FnMut() -> Option<Vec<bool>>,
) -> Answer {
    let mut noise = noise.clone();
    let Some((h0, side)) = first_step(question, config) else {
        return nothing(Verdict::Inconclusive(Reason::Domain));
    };
    let mut budget = question.max_evaluations;
    let tau = |d: f64| config.tolerance(question.analytic.unwrap_or(d), d, question.atol);
    let enough =
        |e: &Estimate| e.error <= tau(e.value) / 10.0 && e.jump_error <= 0.4 * tau(e.value);
    let mut trial =
        Trial { question, tau: &tau, smooth: Vec::new(), kink: None, last: None, hidden: false };
    let mut h = h0;
    let mut rung = 0;
    let mut probed = false;
    let mut verdict = None;
    while rung < 8 && verdict.is_none() && budget >= 4 {
        let levels = if rung == 0 { 7 } else { 5 };
        let centre = Centre {
            y: question.y,
            weights: question.weights,
            x_size: question.x_size,
            noise: &noise,
            side,
        };
        let estimate = ladder(line, &centre, h, levels, &mut budget, &enough);
        let tau = tau(estimate.value);
        let is_wide = estimate.error > tau || estimate.jump_error > 4.0 * tau;
        if !probed && is_wide {
            probed = true;
            let smaller = restricted(&noise, &estimate, probe);
            if let Some(smaller) = smaller {
                budget = budget.saturating_sub(3);
                noise = smaller;
                continue;
            }
        }
        h *= if rung == 0 { (-5.0_f64).exp2() } else { (-4.0_f64).exp2() };
        rung += 1;
        verdict = trial.hear(estimate);
    }
    let (verdict, estimate, kink) = trial.conclude(verdict);
    Answer {
        verdict,
        kink,
        tolerance: tau(estimate.value),
        evaluations: question.max_evaluations - budget,
        estimate,
    }
}

/// Step and side to begin with; `None` where the domain leaves no room.
fn first_step(question: &Question<'_>, config: &Config) -> Option<(f64, f64)> {
    // With few digits to share between truncation and rounding the step has to be wider.
    let width = if config.precision == Precision::Single { 1.0 } else { 0.25 };
    let wanted = (question.scale * width).log2().round().exp2();
    let (below, above) = question.room;
    let fit = |room: f64| if room >= wanted { wanted } else { room.log2().floor().exp2() };
    let narrow = below.min(above);
    // Close to an edge the function varies over the distance from it, so that a step of that
    // size is no loss; only at the edge itself is one side all there is.
    if narrow > 0.0 && (fit(narrow) >= wanted / 1024.0 || narrow >= question.x_size / 8.0) {
        return Some((fit(narrow), 0.0));
    }
    let wide = below.max(above);
    let side = if above >= below { 1.0 } else { -1.0 };
    let step = fit(wide);
    (step > question.x_size * f64::EPSILON && step > 0.0).then_some((step, side))
}

/// Noise without the outputs that cannot depend on the element, if that would help.
fn restricted(
    noise: &Noise,
    estimate: &Estimate,
    probe: &mut dyn FnMut() -> Option<Vec<bool>>,
) -> Option<Noise> {
    if estimate.moved.iter().all(|moved| *moved) {
        return None;
    }
    let mut depends = probe()?;
    depends.iter_mut().zip(&estimate.moved).for_each(|(d, moved)| *d |= moved);
    let mut smaller = noise.clone();
    smaller.restrict(depends);
    Some(smaller)
}

fn nothing(verdict: Verdict) -> Answer {
    let y = [0.0];
    let noise = Noise::of_value(&y, 0.0);
    let centre = Centre { y: &y, weights: &y, x_size: 0.0, noise: &noise, side: 0.0 };
    let estimate = ladder(&mut |t| Point { t, y: Vec::new() }, &centre, 0.0, 0, &mut 0, &|_| true);
    Answer { verdict, estimate, kink: false, tolerance: 0.0, evaluations: 0 }
}

struct Trial<'a> {
    question: &'a Question<'a>,
    tau: &'a dyn Fn(f64) -> f64,
    smooth: Vec<Estimate>,
    kink: Option<Estimate>,
    last: Option<Estimate>,
    /// Whether a ladder stood still over steps in which what the value on trial says could not be seen.
    hidden: bool,
}

impl Trial<'_> {
    /// Takes one more ladder into account; some verdicts end the trial.
    fn hear(&mut self, e: Estimate) -> Option<Verdict> {
        let a = self.question.analytic.unwrap_or(e.value);
        let tau = (self.tau)(e.value);
        let is_first = self.last.replace(e.clone()).is_none();
        if e.levels == 0 {
            return None;
        }
        if e.flat && a == 0.0 && is_first {
            self.smooth.push(e);
            return Some(Verdict::Unobserved);
        }
        self.hidden |= e.flat && self.could_be_hidden(a * e.step);
        let converged = e.error <= tau && e.jump_error <= 4.0 * tau;
        if converged && e.jump.abs() > e.jump_error.max(2.0 * tau) {
            self.kink = Some(e);
            return None;
        }
        if converged && (a - e.value).abs() <= tau {
            self.smooth.push(e);
            return Some(Verdict::Pass);
        }
        let straight = e.jump.abs() <= 2.0 * e.jump_error + 2.0 * tau;
        if e.jump_error <= 8.0 * e.error.max(tau) && straight {
            let far = |p: &Estimate| (a - p.value).abs() > tau + p.error;
            let second = converged
                && far(&e)
                && self.smooth.last().is_some_and(|p| {
                    (p.value - e.value).abs() <= p.error + e.error + tau && far(p)
                });
            self.smooth.push(e);
            if second {
                let wrong = Verdict::Fail(Fault::Value);
                return Some(if self.hidden { Verdict::Unobserved } else { wrong });
            }
        }
        None
    }

    /// Whether a function that did not move at all could have moved by `change` unseen: an intermediate as large as the
    /// argument, such as the maximum that log-sum-exp takes out and puts back, rounds away what is smaller than its last digit.
    fn could_be_hidden(&self, change: f64) -> bool {
        let total: f64 = self.question.weights.iter().map(|v| v.abs()).sum();
        change.abs() <= f64::EPSILON / 2.0 * self.question.x_size * total
    }

    fn conclude(mut self, verdict: Option<Verdict>) -> (Verdict, Estimate, bool) {
        if verdict == Some(Verdict::Fail(Fault::Value)) {
            // Both ladders exclude the value; show the better one.
            self.smooth.drain(..self.smooth.len() - 2);
            self.smooth.sort_by(|p, q| q.error.total_cmp(&p.error));
        }
        if let Some((verdict, e)) = verdict.zip(self.smooth.last().cloned()) {
            return (verdict, e, false);
        }
        self.smooth.sort_by(|p, q| p.error.total_cmp(&q.error));
        let mut best = self.smooth.into_iter();
        let (first, second) = (best.next(), best.next());
        let a = |e: &Estimate| self.question.analytic.unwrap_or(e.value);
        if let (Some(b), Some(o)) = (&first, &second) {
            let tau = (self.tau)(b.value);
            let far = (a(b) - b.value).abs() > 8.0 * b.error + tau
                && (a(o) - o.value).abs() > 2.0 * o.error + tau;
            if far && !self.hidden && (b.value - o.value).abs() <= 2.0 * (b.error + o.error) + tau {
                return (Verdict::Fail(Fault::Value), b.clone(), false);
            }
        }
        if let Some(e) = self.kink {
            let slack = (self.tau)(e.value) + e.error + e.jump_error;
            let outside = (a(&e) - e.value).abs() > e.jump.abs() / 2.0 + slack;
            let verdict = if outside {
                Verdict::Fail(Fault::NotASubgradient)
            } else {
                Verdict::Inconclusive(Reason::Kink)
            };
            return (verdict, e, true);
        }
        if let Some(e) = first {
            // Nothing of either value rises above the rounding of the widest quotient.
            let dark = 8.0 * e.first_noise;
            let unseen = a(&e).abs().max(e.value.abs()).max(e.error) <= dark;
            // Noise limits the precision in small steps; anything else that does is a feature of f.
            let rough = e.error > 1e-3 * a(&e).abs().max(e.value.abs()) && e.error > 128.0 * dark;
            let verdict = match (unseen, rough) {
                (true, _) => Verdict::Unobserved,
                (false, true) => Verdict::Inconclusive(Reason::Rough),
                (false, false) => Verdict::Inconclusive(Reason::Precision),
            };
            return (verdict, e, false);
        }
        let reason = match &self.last {
            Some(e) if e.levels > 0 => Reason::Rough,
            _ => Reason::NonFinite,
        };
        let last = self.last.unwrap_or_else(|| nothing(Verdict::Pass).estimate);
        (Verdict::Inconclusive(reason), last, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(f: impl Fn(f64) -> f64, x: f64, a: f64) -> Verdict {
        let y = [f(x)];
        let noise = Noise::of_value(&y, f64::EPSILON / 2.0);
        let question = Question {
            analytic: Some(a),
            y: &y,
            weights: &[1.0],
            x_size: x.abs(),
            scale: 1.0,
            room: (f64::INFINITY, f64::INFINITY),
            atol: 1e-9 * a.abs().max(1.0),
            max_evaluations: 84,
        };
        let mut line = |t: f64| Point { t: (x + t) - x, y: vec![f(x + t)] };
        decide(&question, &noise, &Config::default(), &mut line, &mut || None).verdict
    }

    #[test]
    fn right_and_wrong() {
        assert_eq!(judge(f64::exp, 0.3, 0.3_f64.exp()), Verdict::Pass);
        assert_eq!(judge(f64::exp, 0.3, 0.3_f64.exp() + 5e-8), Verdict::Fail(Fault::Value));
        assert_eq!(judge(|_| 2.0, 0.3, 0.0), Verdict::Unobserved);
        assert_eq!(judge(|_| 2.0, 0.3, 1.0), Verdict::Fail(Fault::Value));
    }

    #[test]
    fn at_and_near_a_kink() {
        let relu = |x: f64| x.max(0.0);
        assert_eq!(judge(relu, 0.0, 0.0), Verdict::Inconclusive(Reason::Kink));
        assert_eq!(judge(relu, 0.0, 1.1), Verdict::Fail(Fault::NotASubgradient));
        assert_eq!(judge(relu, 1e-6, 1.0), Verdict::Pass);
        assert_eq!(judge(relu, 1e-6, 0.0), Verdict::Fail(Fault::Value));
    }

    #[test]
    fn a_jump_gives_no_verdict() {
        assert_eq!(judge(f64::floor, 1.0, 0.0), Verdict::Inconclusive(Reason::Rough));
    }
}
