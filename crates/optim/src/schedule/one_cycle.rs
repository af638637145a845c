//! One rise and one long fall.

use tensor_core::Error;

use super::{Schedule, cosine};
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
/// Why: the rise is a warm-up, the peak is a rate that would be too large for the whole training
/// and acts as regularization in the middle of it, and the long fall lets the parameters settle.
///
/// Source: Smith and Topin, *Super-convergence: very fast training of neural networks using large
/// learning rates*, 2017, <https://arxiv.org/abs/1708.07120>, section 3, in the form of PyTorch.
///
/// Differences to PyTorch: the momentum is not cycled. After the last step the rate stays at the
/// end, where PyTorch raises an error.
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
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCycleLr {
    max_lr: f64,
    total_steps: u64,
    config: OneCycleLrConfig,
}

/// The shape of a [`OneCycleLr`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
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
}

impl Default for OneCycleLrConfig {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            anneal: Anneal::Cosine,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }
}

/// The curve on which the rate of a [`OneCycleLr`] goes from one value to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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
    /// If the rate is negative or not finite, there are no steps, `pct_start` is not from 0 to 1 (½
    /// with three phases), or a division factor is not positive and finite.
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
        Ok(Self { max_lr, total_steps, config })
    }
}

impl Schedule for OneCycleLr {
    fn lr(&self, step: u64) -> f64 {
        let OneCycleLrConfig { pct_start, anneal, div_factor, final_div_factor, three_phase } =
            self.config;
        let (peak, start) = (self.max_lr, self.max_lr / div_factor);
        let bottom = start / final_div_factor;
        let (t, total) = (step as f64, self.total_steps as f64);
        let up_end = pct_start * total - 1.0;
        let mirror_end = 2.0 * pct_start * total - 2.0;
        // The phase of this step: the steps at which it starts and ends, and the rates there.
        let (a, b, x, y) = if t <= up_end {
            (0.0, up_end, start, peak)
        } else if three_phase && t <= mirror_end {
            (up_end, mirror_end, peak, start)
        } else if three_phase {
            (mirror_end, total - 1.0, start, bottom)
        } else {
            (up_end, total - 1.0, peak, bottom)
        };
        // A phase without length is over as soon as it starts.
        let q = if b > a { ((t - a) / (b - a)).min(1.0) } else { 1.0 };
        match anneal {
            Anneal::Cosine => cosine(x, y, q),
            Anneal::Linear => x + (y - x) * q,
        }
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
            three_phase: false,
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
    }
}
