//! Difference quotients at halving steps, extrapolated to step 0.

use crate::numeric::noise::Noise;
use crate::numeric::sum::weighted_difference;
use crate::numeric::tableau::{Expansion, Tableau};

/// Outputs at a point, and its distance from the center as it is in floating point.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) t: f64,
    pub(crate) y: Vec<f64>,
}

/// A line through the point under test: from the distance asked for to a [`Point`].
pub(crate) type Line<'a> = dyn FnMut(f64) -> Point + 'a;

/// Everything about the center of a line that a ladder needs.
#[derive(Debug)]
pub(crate) struct Center<'a> {
    /// The outputs `y_j` there.
    pub(crate) y: &'a [f64],
    /// Their weights `v_j`.
    pub(crate) weights: &'a [f64],
    /// Magnitude of the coordinate, whose relative rounding becomes an error of the value.
    pub(crate) x_size: f64,
    pub(crate) noise: &'a Noise,
    /// +1 or −1: step to this side only. 0: step to both.
    pub(crate) side: f64,
}

/// The outcome of one ladder: `D ± E` and `J ± E_J`, and what else the decision needs.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    /// `D`
    pub(crate) value: f64,
    /// `E`
    pub(crate) error: f64,
    /// `J`
    pub(crate) jump: f64,
    /// `E_J`
    pub(crate) jump_error: f64,
    /// Step of the row that the value was taken from.
    pub(crate) step: f64,
    /// `log₂ |S(h)/S(h/2)|` from row to row: 1 smooth, 0 kink, −1 jump; none where S is 0.
    pub(crate) rates: Vec<f64>,
    /// No output moved at any level.
    pub(crate) flat: bool,
    /// Noise of the first, widest quotient.
    pub(crate) first_noise: f64,
    /// Outputs that moved at any level.
    pub(crate) moved: Vec<bool>,
    /// Quotients that went into the tableau.
    pub(crate) levels: usize,
}

impl Estimate {
    /// What is known before the first quotient, at step `h0`. A one-sided ladder has no jump.
    pub(crate) fn unknown(n_outputs: usize, side: f64, h0: f64) -> Self {
        Self {
            value: f64::NAN,
            error: f64::INFINITY,
            jump: 0.0,
            jump_error: if side == 0.0 { f64::INFINITY } else { 0.0 },
            step: h0,
            rates: Vec::new(),
            flat: true,
            first_noise: 0.0,
            moved: vec![false; n_outputs],
            levels: 0,
        }
    }
}

/// The derivative and the jump of the slope of `φ(t) = Σ_j v_j y_j(x + t)` at `t = 0`, from
/// quotients at the steps `h = h₀, h₀/2, h₀/4, …`:
///
/// ```text
/// A(h) = (φ(h) − φ(−h)) / 2h             → D, the derivative
/// S(h) = (φ(h) − 2φ(0) + φ(−h)) / h      → J, the jump of the slope
/// ```
///
/// With one-sided derivatives, `φ(±h) = φ(0) ± φ′(0±) h + φ″(0±) h²/2 ± …`. Where `φ` is smooth,
/// odd terms cancel in `S` and even ones in `A`: `A(h) = φ′ + c₂ h² + c₄ h⁴ + …` and
/// `S(h) = φ″ h + d₃ h³ + …`, so that `J = 0`. At a kink, `J = φ′(0⁺) − φ′(0⁻)` and `D` is the mean
/// of the two slopes. At a jump of `φ` itself `S` grows as `1/h`. Two tableaux
/// ([`Tableau`]) extrapolate both to `h = 0`, from the same evaluations. The noise of `A(h)` is at
/// most `n(h)` ([`Noise`]); that of `S(h)`, the difference of two slopes over half the distance
/// each, at most `4 n(h)`.
///
/// At the edge of a domain (`side = ±1`) the quotient is one-sided,
/// `(φ(±h) − φ(0)) / ±h = φ′ + c₁ h + c₂ h² + …`, and nothing is known about a jump.
///
/// Takes at most `levels` steps, each for one or two evaluations of `budget`. `enough` may end the
/// ladder after three.
pub(crate) fn ladder(
    line: &mut Line<'_>,
    center: &Center<'_>,
    h0: f64,
    levels: usize,
    budget: &mut usize,
    enough: &dyn Fn(&Estimate) -> bool,
) -> Estimate {
    let mut run = Ladder::new(center, h0);
    let mut h = h0;
    let mut skipped = 0;
    while run.estimate.levels < levels && *budget >= 2 && h > 0.0 {
        let finite = if center.side == 0.0 {
            *budget -= 2;
            run.central(line(h), line(-h), h)
        } else {
            *budget -= 1;
            run.one_sided(line(center.side * h), h)
        };
        if !finite {
            // The function is not defined this far out: start again below.
            skipped += 1;
            if skipped > 40 {
                break;
            }
            run = Ladder::new(center, h / 2.0);
        }
        h /= 2.0;
        if run.estimate.levels >= 3 && enough(&run.estimate) {
            break;
        }
    }
    run.estimate
}

struct Ladder<'a> {
    center: &'a Center<'a>,
    slopes: Tableau,
    jumps: Tableau,
    /// `S` of the last level.
    last_jump: f64,
    h0: f64,
    estimate: Estimate,
}

impl<'a> Ladder<'a> {
    fn new(center: &'a Center<'a>, h0: f64) -> Self {
        let slopes = if center.side == 0.0 { Expansion::Even } else { Expansion::All };
        Self {
            center,
            slopes: Tableau::new(slopes),
            jumps: Tableau::new(Expansion::Odd),
            last_jump: 0.0,
            h0,
            estimate: Estimate::unknown(center.y.len(), center.side, h0),
        }
    }

    /// One row of both tableaux; false when a value is not finite.
    fn central(&mut self, plus: Point, minus: Point, h: f64) -> bool {
        let Center { y, weights, x_size, noise, .. } = *self.center;
        let width = plus.t - minus.t; // 2h
        let slope = weighted_difference(&plus.y, &minus.y, weights) / width; // A(h)
        let right = weighted_difference(&plus.y, y, weights) / plus.t;
        let left = weighted_difference(&minus.y, y, weights) / minus.t;
        if !(slope.is_finite() && right.is_finite() && left.is_finite()) {
            // A step that rounds to 0 gives 0/0; that says nothing about the function.
            return plus.t == 0.0 || minus.t == 0.0;
        }
        let n = noise.of_quotient(&plus.y, &minus.y, weights, x_size, width); // n(h)
        self.mark_moved(&plus.y);
        self.mark_moved(&minus.y);
        let jump = right - left; // S(h)
        if self.last_jump != 0.0 && jump != 0.0 {
            self.estimate.rates.push((self.last_jump / jump).abs().log2());
        }
        self.last_jump = jump;
        self.jumps.push(jump, 4.0 * n);
        let best = self.jumps.best();
        (self.estimate.jump, self.estimate.jump_error) = (best.value, best.error);
        self.push(slope, n, h);
        true
    }

    /// One row of the slopes' tableau, from one side; false when a value is not finite.
    fn one_sided(&mut self, point: Point, h: f64) -> bool {
        let Center { y, weights, x_size, noise, .. } = *self.center;
        let slope = weighted_difference(&point.y, y, weights) / point.t;
        if !slope.is_finite() {
            return false;
        }
        let n = noise.of_quotient(&point.y, y, weights, x_size, point.t.abs());
        self.mark_moved(&point.y);
        self.push(slope, n, h);
        true
    }

    fn push(&mut self, slope: f64, noise: f64, h: f64) {
        if self.estimate.levels == 0 {
            self.h0 = h;
            self.estimate.first_noise = noise;
        }
        self.slopes.push(slope, noise);
        let best = self.slopes.best();
        (self.estimate.value, self.estimate.error) = (best.value, best.error);
        self.estimate.step = self.h0 * (-(best.row as f64)).exp2(); // h_k = h₀ 2⁻ᵏ
        self.estimate.levels = self.slopes.rows();
    }

    fn mark_moved(&mut self, y: &[f64]) {
        for ((moved, y), y0) in self.estimate.moved.iter_mut().zip(y).zip(self.center.y) {
            if y != y0 {
                *moved = true;
                self.estimate.flat = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(f: impl Fn(f64) -> f64, side: f64) -> Estimate {
        let y = [f(0.0)];
        let noise = Noise::of_value(&y, f64::EPSILON / 2.0);
        let center = Center { y: &y, weights: &[1.0], x_size: 1.0, noise: &noise, side };
        let mut line = |t: f64| Point { t, y: vec![f(t)] };
        ladder(&mut line, &center, 0.25, 7, &mut 100, &|_| false)
    }

    #[test]
    fn smooth_kink_and_jump_are_told_apart() {
        let smooth = estimate(|t| (0.3 + t).exp(), 0.0);
        assert!((smooth.value - 0.3_f64.exp()).abs() < smooth.error && smooth.error < 1e-11);
        assert!(smooth.jump.abs() <= smooth.jump_error);
        let kink = estimate(|t| 3.0 * t.max(0.0) + t.sin(), 0.0);
        assert!((kink.value - 2.5).abs() < 1e-9 && (kink.jump - 3.0).abs() < 1e-9);
        let jump = estimate(|t| if t > 0.0 { 1.0 } else { 0.0 }, 0.0);
        assert!(jump.error > 1.0 && jump.rates.iter().all(|rate| *rate == -1.0));
    }

    #[test]
    fn a_step_to_where_the_function_is_undefined_is_left_out() {
        let log = estimate(|t| (0.1 + t).ln(), 0.0);
        assert!((log.value - 10.0).abs() <= log.error && log.error < 1e-8, "{log:?}");
    }

    #[test]
    fn a_one_sided_ladder_converges() {
        let right = estimate(|t| (t + 1.0).sqrt(), 1.0);
        assert!((right.value - 0.5).abs() <= right.error && right.error < 1e-8, "{right:?}");
    }
}
