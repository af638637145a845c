//! One rise and one long fall.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// One rise to a peak and one long fall over the whole training, PyTorch's `OneCycleLR`.
///
/// | phase | from step | to step | rate |
/// |---|---|---|---|
/// | up | 0 | `p T − 1` | from `λ_max/d` to `λ_max` |
/// | down | `p T − 1` | `T − 1` | from `λ_max` to `λ_max/(d d′)` |
///
/// With [`three_phase`](OneCycleLrConfig::three_phase):
///
/// | phase | from step | to step | rate |
/// |---|---|---|---|
/// | up | 0 | `p T − 1` | from `λ_max/d` to `λ_max` |
/// | down | `p T − 1` | `2 p T − 2` | from `λ_max` to `λ_max/d` |
/// | further down | `2 p T − 2` | `T − 1` | from `λ_max/d` to `λ_max/(d d′)` |
///
/// `λ_max` (`max_lr`) is the peak, `T` (`total_steps`) the number of steps of the training, `p`
/// ([`pct_start`](OneCycleLrConfig::pct_start)) the fraction of them that the rise takes, `d`
/// ([`div_factor`](OneCycleLrConfig::div_factor)) and `d′`
/// ([`final_div_factor`](OneCycleLrConfig::final_div_factor)) the ratios of the peak to the start
/// and of the start to the end. The ends of a phase may lie between two steps, as in PyTorch. At
/// step `t` of a phase that goes from step `a` with rate `x` to step `b` with rate `y`, with
/// `q = (t − a)/(b − a)`, the rate is `y + (x − y)(1 + cos πq)/2` or `x + (y − x) q`, as
/// [`anneal`](OneCycleLrConfig::anneal) says.
///
/// The momentum goes the other way, on the same curves: from `μ_max`
/// ([`max_momentum`](OneCycleLrConfig::max_momentum)) to `μ_min`
/// ([`base_momentum`](OneCycleLrConfig::base_momentum)) while the rate rises, back to `μ_max` while
/// it falls, and stays there in a third phase: [`momentum`](Self::momentum).
///
/// Why: the rise is a warm-up, the peak is a rate that would be too large for the whole training
/// and acts as regularization in the middle of it, and the long fall lets the parameters settle.
///
/// Source: Smith and Topin, *Super-convergence: very fast training of neural networks using large
/// learning rates*, 2017, <https://arxiv.org/abs/1708.07120>, section 3, in the form of PyTorch.
///
/// Differences to PyTorch: a loop sets the momentum itself, or does not (`cycle_momentum=False`).
/// After the last step the rate stays at the end, where PyTorch raises an error.
///
/// # Examples
///
/// `T = 10`, `p = ½`: up from `1/4` at step 0 to 1 at step 4, down to `1/(4·2)` at step 9. Step 2
/// is in the middle of the rise, `(¼ + 1)/2 = ⅝`.
///
/// ```
/// use optim::{OneCycleLr, OneCycleLrConfig, Schedule};
///
/// let config = OneCycleLrConfig {
///     pct_start: 0.5,
///     div_factor: 4.0,
///     final_div_factor: 2.0,
///     ..OneCycleLrConfig::default()
/// };
/// let schedule = OneCycleLr::new(1.0, 10, config)?;
/// assert_eq!([0, 2, 4, 9, 99].map(|t| schedule.lr(t)), [0.25, 0.625, 1.0, 0.125, 0.125]);
/// assert_eq!([0, 4, 9].map(|t| schedule.momentum(t)), [0.95, 0.85, 0.95]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycleLr {
    /// The rates at the start, at the peak and at the end.
    rates: [f64; 3],
    total_steps: u64,
    config: OneCycleLrConfig,
}

/// The shape of a [`OneCycleLr`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneCycleLrConfig {
    /// `p`: the fraction of the steps in which the rate rises.
    pub pct_start: f64,
    /// The curve of each phase.
    pub anneal: Anneal,
    /// `d`: the peak divided by the rate of the first step.
    pub div_factor: f64,
    /// `d′`: the rate of the first step divided by the rate of the last one.
    pub final_div_factor: f64,
    /// Whether the fall back to the first rate mirrors the rise, before a third phase.
    pub three_phase: bool,
    /// `μ_min`: the momentum at the peak, from 0 to below 1.
    pub base_momentum: f64,
    /// `μ_max`: the momentum at both ends, from 0 to below 1.
    pub max_momentum: f64,
}

impl Default for OneCycleLrConfig {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            anneal: Anneal::Cosine,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
            base_momentum: 0.85,
            max_momentum: 0.95,
        }
    }
}

/// The curve on which the rate of a [`OneCycleLr`] goes from one value to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Anneal {
    /// Half a cosine.
    #[default]
    Cosine,
    /// A straight line.
    Linear,
}

const PLACE: &str = "one-cycle lr";

impl OneCycleLr {
    /// A cycle of `total_steps` steps with its peak at `max_lr`.
    ///
    /// # Errors
    /// If the rate is negative or not finite at the peak or at an end, there are no steps,
    /// `pct_start` is not from 0 to 1 (½ with three phases), a division factor is not positive and
    /// finite, or a momentum not from 0 to below 1.
    pub fn new(max_lr: f64, total_steps: u64, config: OneCycleLrConfig) -> Result<Self, Error> {
        let OneCycleLrConfig { pct_start, div_factor, final_div_factor, three_phase, .. } = config;
        check::not_negative(PLACE, "max_lr", max_lr)?;
        check::steps(PLACE, "total_steps", total_steps)?;
        let (range, most) = if three_phase { ("from 0 to 0.5", 0.5) } else { ("from 0 to 1", 1.0) };
        Error::check_hyperparameter(PLACE, "pct_start", range, pct_start, |v| {
            (0.0..=most).contains(&v)
        })?;
        for (name, factor) in [("div_factor", div_factor), ("final_div_factor", final_div_factor)] {
            check::positive(PLACE, name, factor)?;
        }
        check::below_one(PLACE, "base_momentum", config.base_momentum)?;
        check::below_one(PLACE, "max_momentum", config.max_momentum)?;
        let (start, bottom) = (max_lr / div_factor, quotient(max_lr, div_factor, final_div_factor));
        check::not_negative(PLACE, "max_lr / div_factor", start)?;
        check::not_negative(PLACE, "max_lr / (div_factor · final_div_factor)", bottom)?;
        Ok(Self { rates: [start, max_lr, bottom], total_steps, config })
    }

    /// The momentum at step `step`, counted from 0: for
    /// [`Descent::set_momentum`](crate::Descent::set_momentum).
    pub fn momentum(&self, step: u64) -> f64 {
        let OneCycleLrConfig { base_momentum: low, max_momentum: high, .. } = self.config;
        let (phase, parts) = self.phase(step);
        let (from, to) = match phase {
            Phase::Up => (high, low),
            Phase::Down => (low, high),
            Phase::FurtherDown => (high, high),
        };
        self.config.anneal.between(from, to, parts)
    }

    /// The phase of a step, and how much of it is done and left.
    fn phase(&self, step: u64) -> (Phase, [f64; 2]) {
        let OneCycleLrConfig { pct_start, three_phase, .. } = self.config;
        let (t, total) = (step as f64, self.total_steps as f64);
        let up_end = pct_start * total - 1.0;
        let mirror_end = 2.0 * pct_start * total - 2.0;
        let (phase, a, b) = if t <= up_end {
            (Phase::Up, 0.0, up_end)
        } else if three_phase && t > mirror_end {
            (Phase::FurtherDown, mirror_end, total - 1.0)
        } else {
            (Phase::Down, up_end, if three_phase { mirror_end } else { total - 1.0 })
        };
        // A phase without length is over as soon as it starts.
        let parts =
            if b > a && t < b { [t - a, b - t].map(|part| part / (b - a)) } else { [1.0, 0.0] };
        (phase, parts)
    }
}

/// What the steps of a cycle have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Up,
    Down,
    FurtherDown,
}

impl Anneal {
    fn between(self, from: f64, to: f64, parts: [f64; 2]) -> f64 {
        match self {
            Self::Cosine => curve::cosine(from, to, parts),
            Self::Linear => curve::line(from, to, parts),
        }
    }
}

/// `x/(a b)`, right wherever it is representable: no number in between lies further out than the
/// factors and the result, nor is subnormal, which would lose digits.
fn quotient(x: f64, a: f64, b: f64) -> f64 {
    let (small, large) = (a.min(b), a.max(b));
    let up = 2.0_f64.powi(500); // exact on the way up
    if (small < 1.0) == (large < 1.0) {
        return match x / small {
            first if first.is_normal() => first / large,
            _ => x * up / small / large / up,
        };
    }
    let scale = if small * large < f64::MIN_POSITIVE { up } else { 1.0 };
    x / (small * scale * large) * scale
}

impl Schedule for OneCycleLr {
    fn lr(&self, step: u64) -> f64 {
        let [start, peak, bottom] = self.rates;
        let (phase, parts) = self.phase(step);
        let (from, to) = match phase {
            Phase::Up => (start, peak),
            Phase::Down if self.config.three_phase => (peak, start),
            Phase::Down => (peak, bottom),
            Phase::FurtherDown => (start, bottom),
        };
        self.config.anneal.between(from, to, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::{Anneal, OneCycleLr, OneCycleLrConfig};
    use crate::Schedule;

    // T = 10, p = ½, peak 8, d = 4, d′ = 2: start 2, bottom 1. Up from 2 at t = 0 to 8 at t = 4, a
    // line of 3/2 a step; down to 1 at t = 9, 7/5 a step. With three phases and p = 3/10: up to 8
    // at t = 2, down to 2 at t = 4, to 1 at t = 9.
    #[test]
    fn lines_by_hand() {
        let config = OneCycleLrConfig {
            pct_start: 0.5,
            anneal: Anneal::Linear,
            div_factor: 4.0,
            final_div_factor: 2.0,
            ..OneCycleLrConfig::default()
        };
        let two = OneCycleLr::new(8.0, 10, config).unwrap();
        let three = OneCycleLrConfig { pct_start: 0.3, three_phase: true, ..config };
        let three = OneCycleLr::new(8.0, 10, three).unwrap();
        let table = [
            (0, 2.0, 2.0),
            (1, 3.5, 5.0),
            (2, 5.0, 8.0),
            (3, 6.5, 5.0),
            (4, 8.0, 2.0),
            (5, 6.6, 1.8),
            (8, 2.4, 1.2),
            (9, 1.0, 1.0),
            (1000, 1.0, 1.0),
        ];
        for (t, first, second) in table {
            assert!((two.lr(t) - first).abs() < 1e-14, "step {t}: {}", two.lr(t));
            assert!((three.lr(t) - second).abs() < 1e-14, "step {t}: {}", three.lr(t));
        }
    }

    // As for the lines above, with the momentum from 0.9 down to 0.5 in 4 steps, 0.1 a step, and up
    // in 5 steps; with three phases down in 2 steps, up in 2, and then 0.9.
    #[test]
    fn momentum_by_hand() {
        let config = OneCycleLrConfig {
            pct_start: 0.5,
            anneal: Anneal::Linear,
            base_momentum: 0.5,
            max_momentum: 0.9,
            ..OneCycleLrConfig::default()
        };
        let two = OneCycleLr::new(8.0, 10, config).unwrap();
        let three = OneCycleLrConfig { pct_start: 0.3, three_phase: true, ..config };
        let three = OneCycleLr::new(8.0, 10, three).unwrap();
        let table = [
            (0, 0.9, 0.9),
            (1, 0.8, 0.7),
            (2, 0.7, 0.5),
            (3, 0.6, 0.7),
            (4, 0.5, 0.9),
            (5, 0.58, 0.9),
            (9, 0.9, 0.9),
            (u64::MAX, 0.9, 0.9),
        ];
        for (t, first, second) in table {
            assert!((two.momentum(t) - first).abs() < 1e-15, "step {t}: {}", two.momentum(t));
            assert!((three.momentum(t) - second).abs() < 1e-15, "step {t}: {}", three.momentum(t));
        }
    }

    // With p = 1 the rise takes all of the training, and its last step is at the peak.
    #[test]
    fn a_rise_to_the_end() {
        let config = OneCycleLrConfig { pct_start: 1.0, div_factor: 4.0, ..Default::default() };
        let schedule = OneCycleLr::new(8.0, 5, config).unwrap();
        assert_eq!([0, 2, 4].map(|t| schedule.lr(t)), [2.0, 5.0, 8.0]);
    }

    #[test]
    fn short_cycles_are_finite() {
        for total_steps in 1..=7 {
            for pct_start in [0.0, 0.2, 0.3, 0.5, 1.0] {
                for three_phase in [false, pct_start <= 0.5] {
                    let config = OneCycleLrConfig { pct_start, three_phase, ..Default::default() };
                    let schedule = OneCycleLr::new(1.0, total_steps, config).unwrap();
                    for t in 0..10 {
                        let lr = schedule.lr(t);
                        assert!((0.0..=1.0).contains(&lr), "{config:?}, {total_steps}, {t}: {lr}");
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_are_checked() {
        let default = OneCycleLrConfig::default;
        let refused =
            |lr, steps, config| OneCycleLr::new(lr, steps, config).unwrap_err().to_string();
        assert_eq!(
            refused(f64::NAN, 5, default()),
            "one-cycle lr: expected max_lr to be a finite number ≥ 0, found NaN"
        );
        assert_eq!(
            refused(1.0, 0, default()),
            "one-cycle lr: expected total_steps to be at least 1, found 0"
        );
        assert_eq!(
            refused(1.0, 5, OneCycleLrConfig { pct_start: 1.1, ..default() }),
            "one-cycle lr: expected pct_start to be from 0 to 1, found 1.1"
        );
        assert_eq!(
            refused(1.0, 5, OneCycleLrConfig { pct_start: 0.6, three_phase: true, ..default() }),
            "one-cycle lr: expected pct_start to be from 0 to 0.5, found 0.6"
        );
        assert_eq!(
            refused(1.0, 5, OneCycleLrConfig { div_factor: 0.0, ..default() }),
            "one-cycle lr: expected div_factor to be a finite number > 0, found 0"
        );
        assert_eq!(
            refused(1.0, 5, OneCycleLrConfig { final_div_factor: f64::INFINITY, ..default() }),
            "one-cycle lr: expected final_div_factor to be a finite number > 0, found inf"
        );
        assert_eq!(
            refused(1e308, 5, OneCycleLrConfig { div_factor: 0.1, ..default() }),
            "one-cycle lr: expected max_lr / div_factor to be a finite number ≥ 0, found inf"
        );
        assert_eq!(
            refused(1.0, 5, OneCycleLrConfig { max_momentum: 1.0, ..default() }),
            "one-cycle lr: expected max_momentum to be from 0 to below 1, found 1"
        );
    }
}
