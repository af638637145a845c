//! The numeric derivative by itself.

use crate::config::Config;
use crate::decision::decide::decide;
use crate::decision::question::{Answer, Question};
use crate::numeric::ladder::Point;
use crate::numeric::noise::Noise;
use crate::outcome::verdict::{Reason, Verdict};
use crate::subject::domain::Domain;

/// A numeric derivative `D ± E` that knows its error, from [`derivative`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Domain, derivative};
/// // 3 is the derivative of 3x + x² at 0, to the right of which alone it may be evaluated.
/// let d = derivative(|x| 3.0 * x + x * x, 0.0, Domain::new(0.0, 1.0), &Config::default());
/// assert!((d.value - 3.0).abs() <= d.error && d.error < 1e-8);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Derivative {
    /// `D`, the derivative; at a kink, the mean of the two slopes.
    pub value: f64,
    /// `E`, a bound on the error of `value`, from extrapolation and rounding.
    pub error: f64,
    /// `J`, the slope to the right minus the slope to the left.
    pub jump: f64,
    /// `E_J`, a bound on the error of `jump`.
    pub jump_error: f64,
    /// Step at which the value was found.
    pub step: f64,
    /// Calls of the function.
    pub evaluations: usize,
    /// What the function looks like at the point.
    pub shape: Shape,
}

/// What a function looks like at a point, as far as differences show it: part of a
/// [`Derivative`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Domain, Shape, derivative};
/// let shape = |f: fn(f64) -> f64| derivative(f, 0.0, Domain::REAL, &Config::default()).shape;
/// assert_eq!(shape(f64::exp), Shape::Smooth);
/// assert_eq!(shape(f64::abs), Shape::Kink);
/// assert_eq!(shape(f64::signum), Shape::Unknown);
/// ```
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
    /// The slope to the left of the point: `D − J/2` at a kink.
    pub fn left(&self) -> f64 {
        if self.shape == Shape::Kink { self.value - self.jump / 2.0 } else { self.value }
    }

    /// The slope to the right of the point: `D + J/2` at a kink.
    pub fn right(&self) -> f64 {
        if self.shape == Shape::Kink { self.value + self.jump / 2.0 } else { self.value }
    }
}

/// The derivative of `f` at `x`, with an error bar and the jump of the slope. `f` is evaluated
/// within `domain` only. Tolerances and budget are those of `config`.
///
/// With quotients at the steps `h_k = h₀ 2⁻ᵏ`, `k = 0, 1, 2, …`,
///
/// ```text
/// A(h) = (f(x + h) − f(x − h)) / 2h                = f′(x) + c₂ h² + c₄ h⁴ + …
/// S(h) = (f(x + h) − 2 f(x) + f(x − h)) / h        = jump of the slope + d₁ h + d₃ h³ + …
/// ```
///
/// Neville's recursion extrapolates `A` to `h = 0` (and `S` likewise, with `2^(2m−1)` for `4^m`),
/// and carries a bound `n(h)` on the rounding noise of each quotient along:
///
/// ```text
/// T[k][0] = A(h_k)      T[k][m] = (4^m T[k][m−1] − T[k−1][m−1]) / (4^m − 1)
/// N[k][0] = n(h_k)      N[k][m] = (4^m N[k][m−1] + N[k−1][m−1]) / (4^m − 1)
/// E[k][m] = max(|T[k][m] − T[k][m−1]|, |T[k][m] − T[k−1][m−1]|) + N[k][m]
/// ```
///
/// The entry of the smallest `E` is the derivative, and `E` its error bar. The noise is
///
/// ```text
/// n(h) = max(κ u [max(|f(x+h)| + |f(x−h)|, Y/16) + |x| |A(h)|], 3σ, q) / 2h
/// ```
///
/// with the unit roundoff `u`, `κ = 2`, `Y` the largest `|f|` seen around `x`, `σ` the standard
/// deviation of the noise, and `q` the smallest step between values of `f`, where that is visible.
/// `σ² = max_k (k!)²/(2k)! · mean_i (Δᵏf_i)²` over the differences of orders 3 to 6 of 7 close,
/// equidistant values `f_i`.
///
/// `h₀` is the power of two nearest to `|x|/4`, or ¼ at 0, or what the domain allows. One such
/// ladder of at most 7 steps is followed by up to 7 others, of at most 5 smaller steps each, until
/// one has an error bar of at most `τ = rtol · |D| + atol_ratio · rtol · s`, with `s` the steepest
/// secant seen, and no jump of the slope.
///
/// C. J. F. Ridders, "Accurate computation of F′(x) and F′(x) F″(x)", Advances in Engineering
/// Software 4 (1982), 75–76, <https://doi.org/10.1016/S0141-1195(82)80057-0>: the recursion and
/// the distances in `E`; `N` is ours. J. J. Moré and S. M. Wild, "Estimating computational noise",
/// SIAM J. Sci. Comput. 33 (2011), <https://doi.org/10.1137/100786125>: `σ`.
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
    let (below, above) = domain.distances(x);
    let width = below.min(above).min(scale);
    let unit = config.precision.unit_roundoff();
    let (noise, steepest) = noise_and_steepest_secant(&mut line, &y, x, width, unit);
    let question = Question {
        analytic: None,
        y: &y,
        weights: &[1.0],
        x_size: x.abs(),
        scale,
        reach: (below, above),
        atol: config.atol_ratio * config.rtol * steepest,
        max_evaluations: config.max_evaluations,
    };
    let answer = decide(&question, &noise, config, &mut line, &mut || None);
    let (shape, e) = (shape(&answer), answer.estimate);
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

/// The noise of the function along the line, and the largest `|f(x + t) − f(x)| / |t|` seen: what a
/// derivative of 0 is small against.
fn noise_and_steepest_secant(
    line: &mut dyn FnMut(f64) -> Point,
    y: &[f64; 1],
    x: f64,
    width: f64,
    unit: f64,
) -> (Noise, f64) {
    let mut steepest: f64 = 0.0;
    // At the edge of the domain there is no line through the point.
    if width <= 0.0 {
        return (Noise::of_value(y, unit), steepest);
    }
    let noise = Noise::measure(y, &[1.0], unit, x.abs(), &mut |t| {
        let point = line(t * width);
        let secant = ((point.y[0] - y[0]) / point.t).abs();
        steepest = if secant.is_finite() { steepest.max(secant) } else { steepest };
        point.y
    });
    (noise, steepest)
}

fn shape(answer: &Answer) -> Shape {
    match answer.verdict {
        _ if answer.is_kink => Shape::Kink,
        Verdict::Inconclusive(reason) if reason != Reason::Precision => Shape::Unknown,
        _ => Shape::Smooth,
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
