//! `λ(t) = λ_min + (λ − λ_min)·(1 + cos(πt/T))/2`.

use tensor_core::Error;

use super::step::check_steps;
use super::{Schedule, cosine};
use crate::rule::check_not_negative;

/// A rate that falls along half a cosine from `λ` to `λ_min` in `T` steps, PyTorch's `CosineAnnealingLR`.
///
/// After `T` steps the cosine goes on and the rate rises again, with the period `2T`, as PyTorch's does; to stay at the
/// bottom, continue with [`then`](Schedule::then) and a constant.
///
/// (Loshchilov and Hutter, ICLR 2017, <https://arxiv.org/abs/1608.03983>, equation 5, without restarts.)
///
/// ```
/// use optim::{CosineAnnealingLr, Schedule};
///
/// let schedule = CosineAnnealingLr::new(1.0, 10, 0.5)?;
/// assert_eq!([0, 5, 10, 15, 20].map(|t| schedule.lr(t)), [1.0, 0.75, 0.5, 0.75, 1.0]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineAnnealingLr {
    lr: f64,
    t_max: u64,
    eta_min: f64,
}

impl CosineAnnealingLr {
    /// A schedule from `lr` to `eta_min` (PyTorch's default: 0) in `t_max` steps.
    ///
    /// # Errors
    /// If a rate is negative or not finite, or `t_max` is 0.
    pub fn new(lr: f64, t_max: u64, eta_min: f64) -> Result<Self, Error> {
        check_not_negative("cosine annealing lr", "lr", lr)?;
        check_steps("cosine annealing lr", "t_max", t_max)?;
        check_not_negative("cosine annealing lr", "eta_min", eta_min)?;
        Ok(Self { lr, t_max, eta_min })
    }
}

impl Schedule for CosineAnnealingLr {
    fn lr(&self, step: u64) -> f64 {
        // Mirrored into one half, where the cosine is exact at both ends.
        let (t, period) = (u128::from(step), 2 * u128::from(self.t_max));
        let t = (t % period).min(period - t % period);
        cosine(self.lr, self.eta_min, t as f64 / self.t_max as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::CosineAnnealingLr;
    use crate::Schedule;

    // cos 60° = ½: a third of the way, the rate has fallen by a quarter. The period is 6, and 3 000 001 = 6·500 000 + 1.
    #[test]
    fn thirds_by_hand() {
        let schedule = CosineAnnealingLr::new(4.0, 3, 0.0).unwrap();
        for (t, rate) in [(1, 3.0), (2, 1.0), (4, 1.0), (5, 3.0), (3_000_001, 3.0)] {
            assert!((schedule.lr(t) - rate).abs() < 1e-15, "{t}: {}", schedule.lr(t));
        }
    }

    // The way back up is the way down, bit for bit.
    #[test]
    fn the_second_half_mirrors_the_first() {
        for t_max in [7, 1000] {
            let schedule = CosineAnnealingLr::new(0.1, t_max, 0.001).unwrap();
            for t in 0..=t_max {
                assert_eq!(schedule.lr(2 * t_max - t), schedule.lr(t), "{t} of {t_max}");
                assert_eq!(schedule.lr(2 * t_max + t), schedule.lr(t), "{t} of {t_max}");
            }
        }
    }

    #[test]
    fn numbers_are_checked() {
        let refused = |lr, t, min| CosineAnnealingLr::new(lr, t, min).unwrap_err().to_string();
        let place = "cosine annealing lr: expected";
        let range = "to be a finite number ≥ 0, found NaN";
        assert_eq!(refused(f64::NAN, 1, 0.0), format!("{place} lr {range}"));
        assert_eq!(refused(0.1, 1, f64::NAN), format!("{place} eta_min {range}"));
        assert_eq!(refused(0.1, 0, 0.0), format!("{place} t_max to be at least 1, found 0"));
    }
}
