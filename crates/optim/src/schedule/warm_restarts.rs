//! A cosine that starts anew again and again.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// Half a cosine that starts anew again and again, PyTorch's `CosineAnnealingWarmRestarts`:
/// `λ(t) = λ_min + (λ − λ_min)·(1 + cos(πs/T))/2`.
///
/// `t` is the step, from 0, λ the rate at each restart and `λ_min` (`eta_min`) the lowest rate. `s`
/// is the number of steps since the last restart and `T` the length of the present cycle: `T₀`
/// (`t_0`) for the first one, and from each to the next `m` (`t_mult`) times as long, `T₀ m`,
/// `T₀ m²`, ….
///
/// Why restarts: the jump back to a large rate takes the parameters out of a narrow minimum, and
/// the state at the end of each cycle is one to evaluate.
/// [`CosineAnnealingLr`](super::CosineAnnealingLr) is one cycle and explains the cosine.
///
/// Source: Loshchilov and Hutter, *SGDR: stochastic gradient descent with warm restarts*, ICLR
/// 2017, <https://arxiv.org/abs/1608.03983>, equation 5.
///
/// Difference to PyTorch: cycles are found by integers; PyTorch uses a logarithm, which rounds.
///
/// # Examples
///
/// Cycles of 2, 4, … steps. Step 1 is in the middle of the first, where `cos(π/2) = 0`; steps 2 and
/// 6 are restarts; step 4 is in the middle of the second.
///
/// ```
/// use optim::{CosineAnnealingWarmRestarts, Schedule};
///
/// let schedule = CosineAnnealingWarmRestarts::new(1.0, 2, 2, 0.0)?;
/// assert_eq!([0, 1, 2, 4, 6].map(|t| schedule.lr(t)), [1.0, 0.5, 1.0, 0.5, 1.0]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CosineAnnealingWarmRestarts {
    lr: f64,
    t_0: u64,
    t_mult: u64,
    eta_min: f64,
}

impl CosineAnnealingWarmRestarts {
    /// A schedule from `lr` to `eta_min` (PyTorch's default: 0), first in `t_0` steps, then each
    /// time in `t_mult` times as many (PyTorch's default: 1).
    ///
    /// # Errors
    /// If a rate is negative or not finite, or `t_0` or `t_mult` is 0.
    pub fn new(lr: f64, t_0: u64, t_mult: u64, eta_min: f64) -> Result<Self, Error> {
        check::not_negative("cosine annealing warm restarts", "lr", lr)?;
        check::steps("cosine annealing warm restarts", "t_0", t_0)?;
        check::steps("cosine annealing warm restarts", "t_mult", t_mult)?;
        check::not_negative("cosine annealing warm restarts", "eta_min", eta_min)?;
        Ok(Self { lr, t_0, t_mult, eta_min })
    }

    /// `(s, T)`: steps since the last restart, and the length of the cycle.
    fn cycle(&self, step: u64) -> (u128, u128) {
        let [step, t_0, t_mult] = [step, self.t_0, self.t_mult].map(u128::from);
        if t_mult == 1 {
            return (step % t_0, t_0);
        }
        let (mut since, mut length) = (step, t_0);
        while since >= length {
            since -= length;
            length *= t_mult; // a product of two numbers below 2⁶⁴
        }
        (since, length)
    }
}

impl Schedule for CosineAnnealingWarmRestarts {
    fn lr(&self, step: u64) -> f64 {
        let (since, length) = self.cycle(step);
        curve::cosine(self.lr, self.eta_min, curve::parts(since, length))
    }
}

#[cfg(test)]
mod tests {
    use super::CosineAnnealingWarmRestarts;
    use crate::Schedule;

    #[test]
    fn cycles_by_hand() {
        let growing = CosineAnnealingWarmRestarts::new(1.0, 3, 2, 0.0).unwrap();
        let table =
            [(0, (0, 3)), (2, (2, 3)), (3, (0, 6)), (8, (5, 6)), (9, (0, 12)), (21, (0, 24))];
        for (step, cycle) in table {
            assert_eq!(growing.cycle(step), cycle, "step {step}");
        }
        assert!(growing.lr(u64::MAX).is_finite());
        // The second cycle has 2⁶⁶ steps.
        let long = CosineAnnealingWarmRestarts::new(1.0, 1 << 33, 1 << 33, 0.0).unwrap();
        assert_eq!(long.cycle(u64::MAX), ((1 << 64) - 1 - (1 << 33), 1 << 66));
        let even = CosineAnnealingWarmRestarts::new(1.0, 4, 1, 0.5).unwrap();
        assert_eq!([0, 2, 4, 6, 400].map(|t| even.lr(t)), [1.0, 0.75, 1.0, 0.75, 1.0]);
    }

    #[test]
    fn numbers_are_checked() {
        let refused = |lr, t_0, t_mult, min| {
            CosineAnnealingWarmRestarts::new(lr, t_0, t_mult, min).unwrap_err().to_string()
        };
        let place = "cosine annealing warm restarts: expected";
        let range = "to be a finite number ≥ 0, found -1";
        assert_eq!(refused(-1.0, 1, 1, 0.0), format!("{place} lr {range}"));
        assert_eq!(refused(0.1, 1, 1, -1.0), format!("{place} eta_min {range}"));
        assert_eq!(refused(0.1, 0, 1, 0.0), format!("{place} t_0 to be at least 1, found 0"));
        assert_eq!(refused(0.1, 1, 0, 0.0), format!("{place} t_mult to be at least 1, found 0"));
    }
}
