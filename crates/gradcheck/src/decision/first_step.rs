//! The step that the first ladder begins with.

use crate::config::{Config, Precision};
use crate::decision::question::Question;

/// The first step `h₀` and the side to step to (0: both); `None` where the domain does not allow
/// any step.
///
/// `h₀` is the power of two nearest to `scale/4` (in single precision `scale`), or, where the
/// domain ends closer than that, the largest power of two that stays inside. Powers of two add
/// little rounding to `x ± h`.
///
/// Close to a bound the function varies over the distance to it, so that a step of that size loses
/// nothing. The quotients are one-sided only where the nearer bound is closer than both
/// `scale/4096` (in single precision `scale/1024`) and `|x|/8`.
pub(crate) fn first_step(question: &Question<'_>, config: &Config) -> Option<(f64, f64)> {
    // In single precision, rounding leaves few digits: a wider step loses fewer of them.
    let width = if config.precision == Precision::Single { 1.0 } else { 0.25 };
    let wanted = (question.scale * width).log2().round().exp2();
    let within = |limit: f64| if limit >= wanted { wanted } else { limit.log2().floor().exp2() };
    let (below, above) = question.reach;
    let nearer = below.min(above);
    if nearer > 0.0 && (within(nearer) >= wanted / 1024.0 || nearer >= question.x_size / 8.0) {
        return Some((within(nearer), 0.0));
    }
    let side = if above >= below { 1.0 } else { -1.0 };
    let step = within(below.max(above));
    // Below the last digit of x, x + h is x.
    (step > question.x_size * f64::EPSILON && step > 0.0).then_some((step, side))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(x_size: f64, reach: (f64, f64)) -> Option<(f64, f64)> {
        let question = Question {
            analytic: None,
            y: &[0.0],
            weights: &[1.0],
            x_size,
            scale: 1.0,
            reach,
            atol: 0.0,
            max_evaluations: 0,
        };
        first_step(&question, &Config::default())
    }

    #[test]
    fn the_domain_bounds_the_step_and_its_side() {
        let far = f64::INFINITY;
        assert_eq!(step(1.0, (far, far)), Some((0.25, 0.0)));
        assert_eq!(step(0.1, (0.1, far)), Some((0.0625, 0.0)));
        assert_eq!(step(0.0, (0.0, far)), Some((0.25, 1.0)));
        assert_eq!(step(1.0, (1.0, 0.0)), Some((0.25, -1.0)));
        assert_eq!(step(1.0, (0.0, 0.0)), None);
    }
}
