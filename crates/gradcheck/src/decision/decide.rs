//! A verdict about one analytic value, from ladders at smaller and smaller steps.

use crate::config::Config;
use crate::decision::evidence::Evidence;
use crate::decision::first_step::first_step;
use crate::decision::question::{Answer, Question};
use crate::numeric::ladder::{Center, Estimate, Line, ladder};
use crate::numeric::noise::Noise;
use crate::outcome::verdict::{Reason, Verdict};

/// Decides whether the analytic value `a` is the derivative along `line`.
///
/// The plain rule, with a numeric derivative `D`, its error bar `E` and the tolerance
/// `τ = rtol · max(|a|, |D|) + atol`:
///
/// ```text
/// D ± E ← one ladder
/// if |a − D| ≤ τ:      Pass
/// if |a − D| > τ + E:  Fail
/// otherwise:           Inconclusive
/// ```
///
/// A ladder also measures the jump of the slope, `J ± E_J` ([`ladder`]). The departures, numbered
/// as in the code here and in [`Evidence`]:
///
/// 1. Pass asks for a converged ladder, `E ≤ τ` and `E_J ≤ 4τ`: then no value further than `2τ`
///    from the truth passes, because the error bar and the distance are each at most `τ`.
/// 2. A converged ladder with a jump, `|J| > max(E_J, 2τ)`, decides nothing yet: the kink may lie
///    at the point or only near it. Smaller steps tell, because a kink near the point leaves them.
/// 3. Fail asks for two ladders that are smooth, agree with each other and both exclude `a`,
///    because one alone can be deceived by a kink or a narrow feature between its points.
/// 4. There are up to eight ladders, the second from a first step 32 times smaller, each further
///    one from 16 times smaller, down to `2⁻²⁹` of the first step, because kinks and narrow
///    features are resolved only by steps smaller than they are. The first takes at most 7 levels,
///    the others 5: the first is most often all that is needed, and the others are to see less far.
/// 5. Where the error is too wide, once, the noise of outputs that cannot depend on the element is
///    left out, because a large independent output would hide the element. Which ones can depend
///    costs evaluations (`probe`), so it is asked only then.
/// 6. Unobserved, when `a = 0` and no output moved in the first ladder: both are zero, and there
///    is no error bar to compare with, because nothing was seen.
/// 7. Unobserved instead of Fail, when no output moved although `a` says it should, but by less
///    than half of the last digit of the argument: an intermediate value as large as the argument
///    (the maximum that log-sum-exp subtracts and adds) rounds such a change away.
/// 8. When the ladders end without a decision, the two smooth ones of the smallest error bars
///    still exclude a gross error: Fail if `a` is further from the better one than
///    `8E + τ` and from the other than `2E + τ`, and the two agree. The error bars are above the
///    tolerance there, hence the factor.
/// 9. What converged only with a jump is a kink: Fail if `a` lies outside the interval
///    `D ± |J|/2` of the subgradients by more than `τ + E + E_J`, otherwise Inconclusive (kink).
/// 10. Any other smooth estimate is Unobserved if `a`, `D` and `E` all lie below 8 times the
///     rounding noise of the widest quotient, because nothing rises above it. Otherwise it is
///     Inconclusive: rough if the error bar is far above that noise, because the function itself
///     is then the cause, and precision if not. Without a smooth estimate: rough, or not finite if
///     no quotient was finite.
pub(crate) fn decide(
    question: &Question<'_>,
    noise: &Noise,
    config: &Config,
    line: &mut Line<'_>,
    probe: &mut dyn FnMut() -> Option<Vec<bool>>,
) -> Answer {
    let mut evidence = Evidence::new(question, config);
    let Some((mut h, side)) = first_step(question, config) else {
        return Answer::without_evaluations(Verdict::Inconclusive(Reason::Domain));
    };
    let mut noise = noise.clone();
    let mut budget = question.max_evaluations;
    let enough = |e: &Estimate| {
        let tau = question.tolerance(config, e.value);
        e.error <= tau / 10.0 && e.jump_error <= 0.4 * tau
    };
    let (mut ladders, mut is_probed, mut verdict) = (0, false, None);
    while ladders < 8 && verdict.is_none() && budget >= 4 {
        let Question { y, weights, x_size, .. } = *question;
        let center = Center { y, weights, x_size, noise: &noise, side };
        let levels = if ladders == 0 { 7 } else { 5 };
        let estimate = ladder(line, &center, h, levels, &mut budget, &enough);
        // 5. Once, and the same ladder again with less noise.
        if !is_probed && evidence.is_too_wide(&estimate) {
            is_probed = true;
            if let Some(smaller) = restricted(&noise, &estimate, probe) {
                budget = budget.saturating_sub(3);
                noise = smaller;
                continue;
            }
        }
        // 4. The next ladder.
        h *= if ladders == 0 { (-5.0_f64).exp2() } else { (-4.0_f64).exp2() };
        ladders += 1;
        verdict = evidence.add(estimate);
    }
    evidence.conclude(verdict, question.max_evaluations - budget)
}

/// (5) Noise without the outputs that cannot depend on the element, if that would help.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::ladder::Point;
    use crate::outcome::verdict::Fault;

    fn verdict(f: impl Fn(f64) -> f64, x: f64, a: f64) -> Verdict {
        let y = [f(x)];
        let noise = Noise::of_value(&y, f64::EPSILON / 2.0);
        let question = Question {
            analytic: Some(a),
            y: &y,
            weights: &[1.0],
            x_size: x.abs(),
            scale: 1.0,
            reach: (f64::INFINITY, f64::INFINITY),
            atol: 1e-9 * a.abs().max(1.0),
            max_evaluations: 84,
        };
        let mut line = |t: f64| Point { t: (x + t) - x, y: vec![f(x + t)] };
        decide(&question, &noise, &Config::default(), &mut line, &mut || None).verdict
    }

    #[test]
    fn right_and_wrong_values_of_smooth_functions() {
        assert_eq!(verdict(f64::exp, 0.3, 0.3_f64.exp()), Verdict::Pass);
        assert_eq!(verdict(f64::exp, 0.3, 0.3_f64.exp() + 5e-8), Verdict::Fail(Fault::Value));
        assert_eq!(verdict(|_| 2.0, 0.3, 0.0), Verdict::Unobserved);
        assert_eq!(verdict(|_| 2.0, 0.3, 1.0), Verdict::Fail(Fault::Value));
    }

    #[test]
    fn values_at_a_kink_and_near_it() {
        let relu = |x: f64| x.max(0.0);
        assert_eq!(verdict(relu, 0.0, 0.0), Verdict::Inconclusive(Reason::Kink));
        assert_eq!(verdict(relu, 0.0, 1.1), Verdict::Fail(Fault::NotASubgradient));
        assert_eq!(verdict(relu, 1e-6, 1.0), Verdict::Pass);
        assert_eq!(verdict(relu, 1e-6, 0.0), Verdict::Fail(Fault::Value));
    }

    #[test]
    fn a_jump_is_inconclusive() {
        assert_eq!(verdict(f64::floor, 1.0, 0.0), Verdict::Inconclusive(Reason::Rough));
    }
}
