//! Half a cosine.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that falls along half a cosine, PyTorch's `CosineAnnealingLR`:
/// `λ(t) = λ_min + (λ − λ_min)·(1 + cos(πt/T))/2`.
///
/// `t` is the step, from 0, λ the rate of the first step, `λ_min` (`eta_min`) the lowest rate and
/// `T` (`t_max`) the step at which it is reached.
///
/// Why a cosine: `(1 + cos(πp))/2` falls from 1 at `p = 0` over ½ at `p = ½` to 0 at `p = 1`, and
/// is flat at both ends. The rate stays large for a while, then falls without a jump, and many
/// steps are left at small rates.
///
/// After `T` steps the cosine goes on and the rate rises again, with the period `2T`, as in
/// PyTorch. To stay at the lowest rate, continue with [`then`](Schedule::then) and a
/// [`ConstantLr`](super::ConstantLr).
///
/// Source: Loshchilov and Hutter, *SGDR: stochastic gradient descent with warm restarts*, ICLR
/// 2017, <https://arxiv.org/abs/1608.03983>, equation 5, without restarts.
///
/// Difference to PyTorch: computed from the step and not from the rate before, which adds up
/// rounding errors.
///
/// # Examples
///
/// From 1 to ½ in 10 steps: `cos(π/2) = 0` at step 5, so the rate is `½ + ½·½ = ¾`.
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
        check::not_negative("cosine annealing lr", "lr", lr)?;
        check::steps("cosine annealing lr", "t_max", t_max)?;
        check::not_negative("cosine annealing lr", "eta_min", eta_min)?;
        Ok(Self { lr, t_max, eta_min })
    }
}

impl Schedule for CosineAnnealingLr {
    fn lr(&self, step: u64) -> f64 {
        // cos(πt/T) has the period 2T and is even: t is reduced to 0..=T.
        let (t, total) = (u128::from(step), u128::from(self.t_max));
        let t = (t % (2 * total)).min(2 * total - t % (2 * total));
        curve::cosine(self.lr, self.eta_min, curve::parts(t, total))
    }
}

#[cfg(test)]
mod tests {
    use super::CosineAnnealingLr;
    use crate::Schedule;

    // cos 60° = ½: a third of the way, the rate has fallen by a quarter. The period is 6, and 3 000
    // 001 = 6·500 000 + 1.
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
