//! `A(h) = (φ(x+h) − φ(x−h)) / 2h` and `S(h) = (φ(x+h) − 2φ(x) + φ(x−h)) / h` for `h, h/2, h/4, …`
//!
//! Both come from the same evaluations and both are extrapolated to `h = 0` by a [`Tableau`]: `A`
//! to the derivative, `S` to the jump of the slope at the point, which is 0 for a smooth function,
//! `φ′(0⁺) − φ′(0⁻)` at a kink, and grows as `1/h` at a jump.

use crate::noise::Noise;
use crate::sum::weighted_difference;
use crate::tableau::{Expansion, Tableau};

/// Outputs at a point, and its distance from the centre as realised in floating point.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) t: f64,
    pub(crate) y: Vec<f64>,
}

/// A line through the point under test: from the distance asked for to a [`Point`].
pub(crate) type Line<'a> = dyn FnMut(f64) -> Point + 'a;

/// Everything about the centre that a ladder needs.
#[derive(Debug)]
pub(crate) struct Centre<'a> {
    pub(crate) y: &'a [f64],
    pub(crate) weights: &'a [f64],
    /// Size of the coordinate, whose relative rounding becomes an error of the value.
    pub(crate) x_size: f64,
    pub(crate) noise: &'a Noise,
    /// +1 or −1: step to this side only. 0: step to both.
    pub(crate) side: f64,
}

/// The outcome of one ladder.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    pub(crate) error: f64,
    pub(crate) jump: f64,
    pub(crate) jump_error: f64,
    /// Step of the row that the value was taken from.
    pub(crate) step: f64,
    /// `log₂ S(h)/S(h/2)` from row to row: 1 smooth, 0 kink, −1 jump, nothing where S is 0.
    pub(crate) rates: Vec<f64>,
    /// No output moved at any level, and rounding alone could explain this much slope.
    pub(crate) flat: bool,
    /// Noise of the first, widest quotient.
    pub(crate) first_noise: f64,
    /// Outputs that moved at any level.
    pub(crate) moved: Vec<bool>,
    pub(crate) levels: usize,
}

/// Climbs down at most `levels` rungs from `h0`; `enough` may end it after three.
pub(crate) fn ladder(
    line: &mut Line<'_>,
    centre: &Centre<'_>,
    h0: f64,
    levels: usize,
    budget: &mut usize,
    enough: &dyn Fn(&Estimate) -> bool,
) -> Estimate {
    let mut run = Ladder::new(centre, h0);
    let mut h = h0;
    let mut skipped = 0;
    while run.estimate.levels < levels && *budget >= 2 && h > 0.0 {
        let finite = if centre.side == 0.0 {
            *budget -= 2;
            run.central(line(h), line(-h), h)
        } else {
            *budget -= 1;
            run.one_sided(line(centre.side * h), h)
        };
        if !finite {
            // Restart below a level that left the function's natural domain.
            skipped += 1;
            if skipped > 40 {
                break;
            }
            run = Ladder::new(centre, h / 2.0);
        }
        h /= 2.0;
        if run.estimate.levels >= 3 && enough(&run.estimate) {
            break;
        }
    }
    run.estimate
}

struct Ladder<'a> {
    centre: &'a Centre<'a>,
    slopes: Tableau,
    jumps: Tableau,
    last_jump: f64,
    h0: f64,
    estimate: Estimate,
}

impl<'a> Ladder<'a> {
    fn new(centre: &'a Centre<'a>, h0: f64) -> Self {
        let slopes = if centre.side == 0.0 { Expansion::Even } else { Expansion::All };
        let estimate = Estimate {
            value: f64::NAN,
            error: f64::INFINITY,
            jump: 0.0,
            jump_error: if centre.side == 0.0 { f64::INFINITY } else { 0.0 },
            step: h0,
            rates: Vec::new(),
            flat: true,
            first_noise: 0.0,
            moved: vec![false; centre.y.len()],
            levels: 0,
        };
        Self {
            centre,
            slopes: Tableau::new(slopes),
            jumps: Tableau::new(Expansion::Odd),
            last_jump: 0.0,
            h0,
            estimate,
        }
    }

    /// One rung of both tableaux; false when a value is not finite.
    fn central(&mut self, plus: Point, minus: Point, h: f64) -> bool {
        let Centre { y, weights, x_size, noise, .. } = *self.centre;
        let width = plus.t - minus.t;
        let slope = weighted_difference(&plus.y, &minus.y, weights) / width;
        let right = weighted_difference(&plus.y, y, weights) / plus.t;
        let left = weighted_difference(&minus.y, y, weights) / minus.t;
        if !(slope.is_finite() && right.is_finite() && left.is_finite()) {
            return plus.t == 0.0 || minus.t == 0.0;
        }
        let n = noise.of_quotient(&plus.y, &minus.y, weights, x_size, width);
        self.mark(&plus.y);
        self.mark(&minus.y);
        let jump = right - left;
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

    fn one_sided(&mut self, point: Point, h: f64) -> bool {
        let Centre { y, weights, x_size, noise, .. } = *self.centre;
        let slope = weighted_difference(&point.y, y, weights) / point.t;
        if !slope.is_finite() {
            return false;
        }
        let n = noise.of_quotient(&point.y, y, weights, x_size, point.t.abs());
        self.mark(&point.y);
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
        self.estimate.step = self.h0 * (-(best.row as f64)).exp2();
        self.estimate.levels = self.slopes.rows();
    }

    fn mark(&mut self, y: &[f64]) {
        for ((moved, y), y0) in self.estimate.moved.iter_mut().zip(y).zip(self.centre.y) {
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

    fn climb(f: impl Fn(f64) -> f64, side: f64) -> Estimate {
        let y = [f(0.0)];
        let noise = Noise::of_value(&y, f64::EPSILON / 2.0);
        let centre = Centre { y: &y, weights: &[1.0], x_size: 1.0, noise: &noise, side };
        let mut line = |t: f64| Point { t, y: vec![f(t)] };
        ladder(&mut line, &centre, 0.25, 7, &mut 100, &|_| false)
    }

    #[test]
    fn smooth_kink_and_jump_are_told_apart() {
        let smooth = climb(|t| (0.3 + t).exp(), 0.0);
        assert!((smooth.value - 0.3_f64.exp()).abs() < smooth.error && smooth.error < 1e-11);
        assert!(smooth.jump.abs() <= smooth.jump_error);
        let kink = climb(|t| 3.0 * t.max(0.0) + t.sin(), 0.0);
        assert!((kink.value - 2.5).abs() < 1e-9 && (kink.jump - 3.0).abs() < 1e-9);
        let jump = climb(|t| if t > 0.0 { 1.0 } else { 0.0 }, 0.0);
        assert!(jump.error > 1.0 && jump.rates.iter().all(|rate| *rate == -1.0));
    }

    #[test]
    fn a_level_outside_the_natural_domain_is_left_out() {
        let log = climb(|t| (0.1 + t).ln(), 0.0);
        assert!((log.value - 10.0).abs() <= log.error && log.error < 1e-8, "{log:?}");
    }

    #[test]
    fn one_side_is_enough() {
        let right = climb(|t| (t + 1.0).sqrt(), 1.0);
        assert!((right.value - 0.5).abs() <= right.error && right.error < 1e-8, "{right:?}");
    }
}
