//! What the ladders of one question have shown so far.

use crate::config::Config;
use crate::decision::question::{Answer, Question};
use crate::numeric::ladder::Estimate;
use crate::outcome::verdict::{Fault, Reason, Verdict};

/// What the ladders of one question have shown so far.
///
/// Symbols as in [`decide`]: the analytic value `a`, an estimate `D ± E` with jump `J ± E_J`, the
/// tolerance `τ`. The numbers are those of its list.
///
/// [`decide`]: crate::decision::decide::decide
pub(crate) struct Evidence<'a> {
    question: &'a Question<'a>,
    config: &'a Config,
    /// Estimates of ladders without a jump.
    smooth: Vec<Estimate>,
    /// The last converged estimate with a jump.
    kink: Option<Estimate>,
    last: Option<Estimate>,
    /// (7) Whether a ladder that did not move could not have shown a slope of `a`.
    is_hidden: bool,
}

impl<'a> Evidence<'a> {
    pub(crate) fn new(question: &'a Question<'a>, config: &'a Config) -> Self {
        Self { question, config, smooth: Vec::new(), kink: None, last: None, is_hidden: false }
    }

    fn tolerance(&self, e: &Estimate) -> f64 {
        self.question.tolerance(self.config, e.value)
    }

    fn analytic(&self, e: &Estimate) -> f64 {
        self.question.analytic_or(e.value)
    }

    /// (1) `E ≤ τ` and `E_J ≤ 4τ`.
    fn is_converged(&self, e: &Estimate) -> bool {
        let tau = self.tolerance(e);
        e.error <= tau && e.jump_error <= 4.0 * tau
    }

    /// (5) `E > τ` or `E_J > 4τ`; false for an estimate without any number.
    pub(crate) fn is_too_wide(&self, e: &Estimate) -> bool {
        let tau = self.tolerance(e);
        e.error > tau || e.jump_error > 4.0 * tau
    }

    /// Takes one more ladder into account; returns the verdict if that settles it.
    pub(crate) fn add(&mut self, e: Estimate) -> Option<Verdict> {
        let (a, tau) = (self.analytic(&e), self.tolerance(&e));
        let is_first = self.last.replace(e.clone()).is_none();
        if e.levels == 0 {
            return None;
        }
        // 6. Nothing moved, and nothing should.
        if e.flat && a == 0.0 && is_first {
            self.smooth.push(e);
            return Some(Verdict::Unobserved);
        }
        self.is_hidden |= e.flat && self.could_be_hidden(a * e.step);
        let is_converged = self.is_converged(&e);
        // 2. |J| > max(E_J, 2τ)
        if is_converged && e.jump.abs() > e.jump_error.max(2.0 * tau) {
            self.kink = Some(e);
            return None;
        }
        // 1. |a − D| ≤ τ
        if is_converged && (a - e.value).abs() <= tau {
            self.smooth.push(e);
            return Some(Verdict::Pass);
        }
        // The jump is known about as well as the slope, and is 0 within its error.
        let is_straight = e.jump.abs() <= 2.0 * e.jump_error + 2.0 * tau;
        if !(e.jump_error <= 8.0 * e.error.max(tau) && is_straight) {
            return None;
        }
        // 3. Two ladders exclude a; 7. unless they could not have seen it.
        let is_excluded_twice = is_converged && self.is_excluded_with_the_last(a, tau, &e);
        self.smooth.push(e);
        let wrong = if self.is_hidden { Verdict::Unobserved } else { Verdict::Fail(Fault::Value) };
        is_excluded_twice.then_some(wrong)
    }

    /// (3) `|a − D| > τ + E` for this estimate and the last smooth one, which agree:
    /// `|D − D′| ≤ E + E′ + τ`.
    fn is_excluded_with_the_last(&self, a: f64, tau: f64, e: &Estimate) -> bool {
        let excludes = |p: &Estimate| (a - p.value).abs() > tau + p.error;
        let agree = |p: &Estimate| (p.value - e.value).abs() <= p.error + e.error + tau;
        excludes(e) && self.smooth.last().is_some_and(|p| agree(p) && excludes(p))
    }

    /// (7) Whether rounding the argument could hide a `change` of the value:
    /// `|change| ≤ u |x| Σ_j |v_j|`, with the unit roundoff `u` of `f64`.
    fn could_be_hidden(&self, change: f64) -> bool {
        let total: f64 = self.question.weights.iter().map(|v| v.abs()).sum();
        change.abs() <= f64::EPSILON / 2.0 * self.question.x_size * total
    }

    /// The answer: `verdict` where a ladder settled it, otherwise what all of them together allow.
    pub(crate) fn conclude(mut self, verdict: Option<Verdict>, evaluations: usize) -> Answer {
        if verdict == Some(Verdict::Fail(Fault::Value)) {
            // Both of the last two exclude the value; show the better one.
            self.smooth.drain(..self.smooth.len() - 2);
            self.smooth.sort_by(|p, q| q.error.total_cmp(&p.error));
        }
        let (verdict, estimate, is_kink) = match verdict.zip(self.smooth.last().cloned()) {
            Some((verdict, e)) => (verdict, e, false),
            None => self.undecided(),
        };
        let tolerance = self.tolerance(&estimate);
        Answer { verdict, estimate, is_kink, tolerance, evaluations }
    }

    /// The verdict when no ladder settled it, with its estimate and whether that is a kink.
    fn undecided(&mut self) -> (Verdict, Estimate, bool) {
        self.smooth.sort_by(|p, q| p.error.total_cmp(&q.error));
        if let [best, other, ..] = self.smooth.as_slice()
            && self.is_gross_error(best, other)
        {
            return (Verdict::Fail(Fault::Value), best.clone(), false);
        }
        if let Some(e) = self.kink.take() {
            return (self.at_kink(&e), e, true);
        }
        if let Some(e) = self.smooth.first() {
            return (self.unresolved(e), e.clone(), false);
        }
        // 10. No smooth ladder at all.
        let reason = match &self.last {
            Some(e) if e.levels > 0 => Reason::Rough,
            _ => Reason::NonFinite,
        };
        let last = self.last.take().unwrap_or_else(|| Estimate::unknown(1, 0.0, 0.0));
        (Verdict::Inconclusive(reason), last, false)
    }

    /// (8) `|a − D| > 8E + τ` for the best, `|a − D| > 2E + τ` for the other, and they agree.
    fn is_gross_error(&self, best: &Estimate, other: &Estimate) -> bool {
        let tau = self.tolerance(best);
        let distance = |e: &Estimate| (self.analytic(e) - e.value).abs();
        let agree = (best.value - other.value).abs() <= 2.0 * (best.error + other.error) + tau;
        distance(best) > 8.0 * best.error + tau
            && distance(other) > 2.0 * other.error + tau
            && agree
            && !self.is_hidden
    }

    /// (9) Every value between the two slopes is a subgradient: `|a − D| ≤ |J|/2`.
    fn at_kink(&self, e: &Estimate) -> Verdict {
        let slack = self.tolerance(e) + e.error + e.jump_error;
        let is_outside = (self.analytic(e) - e.value).abs() > e.jump.abs() / 2.0 + slack;
        if is_outside {
            Verdict::Fail(Fault::NotASubgradient)
        } else {
            Verdict::Inconclusive(Reason::Kink)
        }
    }

    /// (10) Smooth, but neither excluded nor confirmed.
    fn unresolved(&self, e: &Estimate) -> Verdict {
        let size = self.analytic(e).abs().max(e.value.abs());
        let noise = 8.0 * e.first_noise;
        let is_below_noise = size.max(e.error) <= noise;
        let is_rough = e.error > 1e-3 * size && e.error > 128.0 * noise;
        match (is_below_noise, is_rough) {
            (true, _) => Verdict::Unobserved,
            (false, true) => Verdict::Inconclusive(Reason::Rough),
            (false, false) => Verdict::Inconclusive(Reason::Precision),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `τ = 1e-8` for values near 1.
    fn question(analytic: f64) -> Question<'static> {
        Question {
            analytic: Some(analytic),
            y: &[1.0],
            weights: &[1.0],
            x_size: 1.0,
            scale: 1.0,
            reach: (f64::INFINITY, f64::INFINITY),
            atol: 0.0,
            max_evaluations: 100,
        }
    }

    /// `1 ± error` at a smooth point.
    fn one(error: f64) -> Estimate {
        let unknown = Estimate::unknown(1, 0.0, 0.25);
        Estimate { value: 1.0, error, jump_error: error, flat: false, levels: 5, ..unknown }
    }

    fn verdict(analytic: f64, estimates: &[Estimate]) -> Verdict {
        let (question, config) = (question(analytic), Config::default());
        let mut evidence = Evidence::new(&question, &config);
        let settled = estimates.iter().find_map(|e| evidence.add(e.clone()));
        evidence.conclude(settled, 0).verdict
    }

    const WRONG: Verdict = Verdict::Fail(Fault::Value);

    #[test]
    fn a_pass_needs_one_converged_ladder_and_a_fail_two() {
        let unresolved = Verdict::Inconclusive(Reason::Precision);
        assert_eq!(verdict(1.0 + 0.9e-8, &[one(0.9e-8)]), Verdict::Pass); // (1)
        assert_eq!(verdict(1.0, &[one(1.1e-8)]), unresolved);
        assert_eq!(verdict(1.0 + 3e-8, &[one(1e-9)]), unresolved); // (3)
        assert_eq!(verdict(1.0 + 3e-8, &[one(1e-9), one(1e-9)]), WRONG);
        // Outside of the tolerance, but within tolerance and error bar.
        assert_eq!(verdict(1.0 + 1.5e-8, &[one(1e-9), one(0.9e-8)]), unresolved);
        assert_eq!(verdict(1.0 + 1.5e-8, &[one(0.9e-8), one(1e-9)]), unresolved);
    }

    #[test]
    fn two_ladders_that_disagree_exclude_nothing() {
        let other = Estimate { value: 2.0, ..one(1e-9) };
        assert!(!verdict(3.0, &[one(1e-9), other]).is_fail());
    }

    #[test]
    fn a_kink_is_decided_after_all_ladders() {
        let kink = [Estimate { jump: 1.0, ..one(1e-9) }];
        assert_eq!(verdict(1.4, &kink), Verdict::Inconclusive(Reason::Kink)); // (9)
        assert_eq!(verdict(1.6, &kink), Verdict::Fail(Fault::NotASubgradient));
        // (2) Only near the point: the next ladder is smooth.
        let [kink] = kink;
        assert_eq!(verdict(1.0, &[kink, one(1e-9)]), Verdict::Pass);
    }

    #[test]
    fn wide_error_bars_exclude_a_gross_error_only() {
        let wide = [one(1e-3), one(1e-3)];
        assert_eq!(verdict(1.009, &wide), WRONG); // (8)
        assert_eq!(verdict(1.007, &wide), Verdict::Inconclusive(Reason::Precision)); // (10)
    }

    #[test]
    fn what_rounding_hides_is_unobserved() {
        let flat = Estimate { value: 0.0, flat: true, ..one(0.0) };
        let twice = [flat.clone(), flat];
        assert_eq!(verdict(0.0, &twice), Verdict::Unobserved); // (6)
        assert_eq!(verdict(1e-17, &twice), Verdict::Unobserved); // (7)
        assert_eq!(verdict(1e-3, &twice), WRONG);
        let noisy = Estimate { first_noise: 1.0, ..one(1.0) };
        assert_eq!(verdict(2.0, &[noisy]), Verdict::Unobserved); // (10)
    }
}
