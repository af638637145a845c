//! `f′(x) ± E`, and the jump of the slope at `x`, by extrapolated differences.

use crate::decide::{Question, decide};
use crate::ladder::Point;
use crate::noise::Noise;
use crate::{Config, Domain, Reason, Verdict};

/// A numeric derivative that knows its error.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivative {
    /// The derivative; at a kink, the mean of the two slopes.
    pub value: f64,
    /// Bound on the error of `value`, from extrapolation and rounding.
    pub error: f64,
    /// Slope to the right minus slope to the left.
    pub jump: f64,
    /// Bound on the error of `jump`.
    pub jump_error: f64,
    /// Step at which the value was found.
    pub step: f64,
    /// Calls of the function.
    pub evaluations: usize,
    /// What the function looks like at the point.
    pub shape: Shape,
}

/// The local shape of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Both slopes agree.
    Smooth,
    /// A corner: both slopes exist and differ.
    Kink,
    /// No derivative was found: a jump, a cusp, noise, or values that are not finite.
    Unknown,
}

impl Derivative {
    /// The slope to the left of the point.
    pub fn left(&self) -> f64 {
        if self.shape == Shape::Kink { self.value - self.jump / 2.0 } else { self.value }
    }

    /// The slope to the right of the point.
    pub fn right(&self) -> f64 {
        if self.shape == Shape::Kink { self.value + self.jump / 2.0 } else { self.value }
    }
}

/// The derivative of `f` at `x`, looking within `domain`. Tolerances and budget are those of
/// `config`; the width of the first step is `|x|/4`, or ¼ at 0.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Domain, Shape, derivative};
/// let d = derivative(|x| x.sin(), 1.0, Domain::REAL, &Config::default());
/// assert!((d.value - 1.0_f64.cos()).abs() <= d.error && d.error < 1e-8);
///
/// let corner = derivative(|x| x.abs(), 0.0, Domain::REAL, &Config::default());
/// assert_eq!((corner.shape, corner.left(), corner.right()), (Shape::Kink, -1.0, 1.0));
/// ```
pub fn derivative(
    mut f: impl FnMut(f64) -> f64,
    x: f64,
    domain: Domain,
    config: &Config,
) -> Derivative {
    let y = [f(x)];
    let scale = if x == 0.0 { 1.0 } else { x.abs() };
    let round = |t: f64| config.precision.round(x + t);
    let mut calls = 1;
    let mut line = |t: f64| {
        calls += 1;
        Point { t: round(t) - x, y: vec![f(round(t))] }
    };
    let (below, above) = domain.room(x);
    let reach = below.min(above).min(scale);
    let unit = config.precision.unit_roundoff();
    // Steepest secant seen around the point: what a derivative of 0 is small against.
    let mut steepest: f64 = 0.0;
    let noise = if reach > 0.0 {
        Noise::measure(&y, &[1.0], unit, x.abs(), &mut |t| {
            let point = line(t * reach);
            let secant = ((point.y[0] - y[0]) / point.t).abs();
            steepest = if secant.is_finite() { steepest.max(secant) } else { steepest };
            point.y
        })
    } else {
        Noise::of_value(&y, unit)
    };
    let question = Question {
        analytic: None,
        y: &y,
        weights: &[1.0],
        x_size: x.abs(),
        scale,
        room: (below, above),
        atol: config.atol_ratio * config.rtol * steepest,
        max_evaluations: config.max_evaluations,
    };
    let answer = decide(&question, &noise, config, &mut line, &mut || None);
    let shape = match answer.verdict {
        _ if answer.kink => Shape::Kink,
        Verdict::Inconclusive(reason) if reason != Reason::Precision => Shape::Unknown,
        _ => Shape::Smooth,
    };
    let e = answer.estimate;
    Derivative {
        value: e.value,
        error: e.error,
        jump: e.jump,
        jump_error: e.jump_error,
        step: e.step,
        evaluations: calls,
        shape,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bar_covers_the_error() {
        type Function = fn(f64) -> f64;
        let cases: [(Function, Function, f64); 5] = [
            (f64::exp, f64::exp, 1.5),
            (f64::tanh, |x| 1.0 - x.tanh().powi(2), 0.25),
            (|x| x.powi(3), |x| 3.0 * x * x, -2.0),
            (|x| 1.0 / (1.0 + 25.0 * x * x), |x| -50.0 * x / (1.0 + 25.0 * x * x).powi(2), 0.3),
            (f64::ln, |x| 1.0 / x, 1e-5),
        ];
        for (i, (f, exact, x)) in cases.into_iter().enumerate() {
            let d = derivative(f, x, Domain::REAL, &Config::default());
            let error = (d.value - exact(x)).abs();
            assert!(error <= d.error, "case {i}: {error} > {}", d.error);
            assert!(d.error <= 1e-8 * exact(x).abs(), "case {i}: {d:?}");
        }
    }

    #[test]
    fn an_edge_of_the_domain_is_never_stepped_over() {
        let f = |x: f64| {
            assert!(x >= 0.0, "stepped to {x}");
            x * x + 3.0 * x
        };
        let d = derivative(f, 0.0, Domain::new(0.0, 10.0), &Config::default());
        assert!((d.value - 3.0).abs() <= d.error && d.error < 1e-8, "{d:?}");
    }

    #[test]
    fn a_jump_has_no_derivative() {
        let d = derivative(f64::signum, 0.0, Domain::REAL, &Config::default());
        assert_eq!(d.shape, Shape::Unknown);
    }
}
