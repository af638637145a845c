//! A rate that falls to 0 along a power of what is left.

use std::f64::consts::E;

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that falls to 0 along a power of the steps left, PyTorch's `PolynomialLR`:
/// `λ(t) = λ (1 − min(t, T)/T)^p`.
///
/// `t` is the step, from 0, λ the rate of the first step, `T` (`total_iters`) the step from which
/// on the rate is 0, and `p` (`power`) the exponent: 1 for a straight line, above 1 for a curve
/// that falls fast at first and arrives flat, below 1 for one that falls late. With `p = 0` the
/// rate stays (`0⁰ = 1`).
///
/// Why: with `p = 0.9` or 1 it is the usual schedule of a training whose length is known, without
/// the flat beginning of a cosine ([`CosineAnnealingLr`](super::CosineAnnealingLr)).
///
/// Source: Chen et al., *DeepLab*, 2016, <https://arxiv.org/abs/1606.00915>, section 4.1.2, where it
/// is called "poly".
///
/// Difference to PyTorch: computed from the step and not from the rate before, which adds up
/// rounding errors.
///
/// # Examples
///
/// `T = 4`, `p = 2`, from 1: `(3/4)² = 9/16`, `(2/4)² = ¼`.
///
/// ```
/// use optim::{PolynomialLr, Schedule};
///
/// let schedule = PolynomialLr::new(1.0, 4, 2.0)?;
/// assert_eq!([0, 1, 2, 4, 5].map(|t| schedule.lr(t)), [1.0, 0.5625, 0.25, 0.0, 0.0]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolynomialLr {
    lr: f64,
    total_iters: u64,
    power: f64,
}

impl PolynomialLr {
    /// A schedule from `lr` to 0 in `total_iters` steps (PyTorch's default: 5) with the exponent
    /// `power` (PyTorch's default: 1).
    ///
    /// # Errors
    /// If `lr` or `power` is negative or not finite, or `total_iters` is 0: the rate would be 0
    /// from the start.
    pub fn new(lr: f64, total_iters: u64, power: f64) -> Result<Self, Error> {
        check::not_negative("polynomial lr", "lr", lr)?;
        check::steps("polynomial lr", "total_iters", total_iters)?;
        check::not_negative("polynomial lr", "power", power)?;
        Ok(Self { lr, total_iters, power })
    }
}

impl Schedule for PolynomialLr {
    fn lr(&self, step: u64) -> f64 {
        let total = self.total_iters;
        let left = total.saturating_sub(step);
        if left == total || self.power == 0.0 {
            return self.lr;
        }
        if left == 0 {
            return 0.0;
        }
        // λ (left/T)^p. Of left/T a large p sees the rounding, too: what it took is put back, as
        // (x + r)^p = x^p (1 + r/x)^p, where r/x = (left − x T)/(x T) is tiny.
        let x = left as f64 / total as f64;
        let [left, total] = [left, total].map(halves);
        let rest = (-x).mul_add(total[0], left[0]) + (left[1] - x * total[1]);
        let log = self.power * (rest / (x * total[0])); // of (1 + r/x)^p
        if log.abs() > 0.1 {
            // p > 10¹⁴: both powers may leave the range, but not their product.
            return curve::power(self.lr, E, [self.power * x.ln() + log, 0.0]);
        }
        curve::power(self.lr, x, [self.power, 0.0]) * log.exp()
    }
}

/// `n` as the `f64` nearest to it and what that leaves.
fn halves(n: u64) -> [f64; 2] {
    let near = n as f64;
    [near, (i128::from(n) - near as i128) as f64]
}

#[cfg(test)]
mod tests {
    use super::PolynomialLr;
    use crate::Schedule;

    // (1 − 1/2⁶³)^(2⁶³) = e⁻¹ up to 2⁻⁶⁴, though 1 − 2⁻⁶³ rounds to 1; (1 − 1/3)^p for p = 1000 is
    // e^(1000 ln ⅔) = 8.104774656527568e-177; and 10³⁰⁰·(10⁻¹⁰)⁴⁰ = 10⁻¹⁰⁰.
    #[test]
    fn large_powers() {
        let near =
            |found: f64, right: f64| assert!((found / right - 1.0).abs() < 4e-15, "{found:e}");
        near(PolynomialLr::new(1.0, 1 << 63, 2.0_f64.powi(63)).unwrap().lr(1), (-1.0_f64).exp());
        near(PolynomialLr::new(1.0, 3, 1000.0).unwrap().lr(1), 8.104_774_656_527_568e-177);
        near(PolynomialLr::new(1e300, 10_000_000_000, 40.0).unwrap().lr(9_999_999_999), 1e-100);
        assert_eq!(PolynomialLr::new(0.5, 3, 0.0).unwrap().lr(u64::MAX), 0.5);
        assert_eq!(PolynomialLr::new(0.5, 3, 1e308).unwrap().lr(1), 0.0);
    }

    #[test]
    fn numbers_are_checked() {
        let refused = |lr, t, power| PolynomialLr::new(lr, t, power).unwrap_err().to_string();
        let range = "to be a finite number ≥ 0, found";
        assert_eq!(refused(-1.0, 5, 1.0), format!("polynomial lr: expected lr {range} -1"));
        assert_eq!(refused(1.0, 5, -0.5), format!("polynomial lr: expected power {range} -0.5"));
        assert_eq!(
            refused(1.0, 0, 1.0),
            "polynomial lr: expected total_iters to be at least 1, found 0"
        );
    }
}
