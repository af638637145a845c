//! Up and down again and again.

use tensor_core::Error;

use super::{Schedule, curve};
use crate::check;

/// A rate that goes up and down between two bounds again and again, PyTorch's `CyclicLR`:
/// `λ(t) = λ_min + (λ_max − λ_min)·x(t)·s(t)`.
///
/// `t` is the step, from 0. A cycle has `u + d` steps: `x` rises from 0 to 1 in `u` of them
/// ([`step_size_up`](CyclicLrConfig::step_size_up)) and falls back in `d`
/// ([`step_size_down`](CyclicLrConfig::step_size_down)), on straight lines. `λ_min` is `base_lr`,
/// `λ_max` is `max_lr`, and with `n` the number of whole cycles before `t`, the scale `s` of the
/// [`mode`](CyclicLrConfig::mode) is
///
/// | mode | `s(t)` | |
/// |---|---|---|
/// | [`Triangular`](CycleMode::Triangular) | 1 | |
/// | [`Triangular2`](CycleMode::Triangular2) | `2⁻ⁿ` | the upper bound comes down by half of the way after each cycle |
/// | [`ExpRange`](CycleMode::ExpRange) | `γ^t` | it comes down at each step |
///
/// The momentum goes the other way, from `μ_max` down to `μ_min`, as for
/// [`OneCycleLr`](super::OneCycleLr): `μ(t) = μ_max − (μ_max − μ_min)·x(t)·s(t)`.
///
/// Why: a rate that is too small on the way up and too large at the top is right in between,
/// without a search for the right one; the tops take the parameters out of narrow minima. The
/// bounds are read off the curve of a [`RateFinder`](crate::RateFinder).
///
/// Source: Smith, *Cyclical learning rates for training neural networks*, WACV 2017,
/// <https://arxiv.org/abs/1506.01186>, sections 3.1 and 3.2.
///
/// Differences to PyTorch: a loop sets the momentum itself, or does not (`cycle_momentum=False`);
/// positions in a cycle are integers. There is no `scale_fn`: a scale of your own is a
/// [`LambdaLr`](super::LambdaLr).
///
/// # Examples
///
/// Up from ¼ to 1¼ in 4 steps, down in 2; the second cycle goes half as high.
///
/// ```
/// use optim::{CycleMode, CyclicLr, CyclicLrConfig, Schedule};
///
/// let config = CyclicLrConfig {
///     step_size_up: 4,
///     step_size_down: Some(2),
///     mode: CycleMode::Triangular2,
///     ..CyclicLrConfig::default()
/// };
/// let schedule = CyclicLr::new(0.25, 1.25, config)?;
/// assert_eq!([0, 1, 4, 5, 6, 10].map(|t| schedule.lr(t)), [0.25, 0.5, 1.25, 0.75, 0.25, 0.75]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CyclicLr {
    base_lr: f64,
    max_lr: f64,
    config: CyclicLrConfig,
}

/// The shape of a [`CyclicLr`]; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CyclicLrConfig {
    /// `u`: the steps of the rise.
    pub step_size_up: u64,
    /// `d`: the steps of the fall; as many as of the rise if `None`.
    pub step_size_down: Option<u64>,
    /// How the height of a cycle changes.
    pub mode: CycleMode,
    /// `μ_min`: the momentum at the top, from 0 to below 1.
    pub base_momentum: f64,
    /// `μ_max`: the momentum at the bottom, from 0 to below 1.
    pub max_momentum: f64,
}

impl Default for CyclicLrConfig {
    fn default() -> Self {
        Self {
            step_size_up: 2000,
            step_size_down: None,
            mode: CycleMode::Triangular,
            base_momentum: 0.8,
            max_momentum: 0.9,
        }
    }
}

/// How the height of the cycles of a [`CyclicLr`] changes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CycleMode {
    /// All cycles are equally high.
    #[default]
    Triangular,
    /// Each is half as high as the one before.
    Triangular2,
    /// The height at step `t` is multiplied by `γ^t`.
    ExpRange {
        /// γ, from 0 to 1.
        gamma: f64,
    },
}

const PLACE: &str = "cyclic lr";

impl CyclicLr {
    /// A schedule between `base_lr` and `max_lr`.
    ///
    /// # Errors
    /// If a rate is negative or not finite, a rise or fall has no steps, γ is not from 0 to 1, or a
    /// momentum not from 0 to below 1.
    pub fn new(base_lr: f64, max_lr: f64, config: CyclicLrConfig) -> Result<Self, Error> {
        check::not_negative(PLACE, "base_lr", base_lr)?;
        check::not_negative(PLACE, "max_lr", max_lr)?;
        check::steps(PLACE, "step_size_up", config.step_size_up)?;
        check::steps(PLACE, "step_size_down", config.step_size_down.unwrap_or(1))?;
        if let CycleMode::ExpRange { gamma } = config.mode {
            let in_range = |v| (0.0..=1.0).contains(&v);
            Error::check_hyperparameter(PLACE, "gamma", "from 0 to 1", gamma, in_range)?;
        }
        check::below_one(PLACE, "base_momentum", config.base_momentum)?;
        check::below_one(PLACE, "max_momentum", config.max_momentum)?;
        Ok(Self { base_lr, max_lr, config })
    }

    /// The momentum at step `step`, counted from 0: for
    /// [`Descent::set_momentum`](crate::Descent::set_momentum).
    pub fn momentum(&self, step: u64) -> f64 {
        self.between(self.config.max_momentum, self.config.base_momentum, step)
    }

    /// `low + (high − low)·x(t)·s(t)`, as `low − low·x·s + high·x·s`.
    fn between(&self, low: f64, high: f64, step: u64) -> f64 {
        let CyclicLrConfig { step_size_up, step_size_down, mode, .. } = self.config;
        let up = u128::from(step_size_up);
        let down = u128::from(step_size_down.unwrap_or(step_size_up));
        let at = u128::from(step) % (up + down);
        let [x, _] =
            if at <= up { curve::parts(at, up) } else { curve::parts(up + down - at, down) };
        let scaled = |end: f64| match mode {
            CycleMode::Triangular => end * x,
            CycleMode::Triangular2 => {
                curve::grown(end * x, 0.5, (u128::from(step) / (up + down)) as u64)
            }
            CycleMode::ExpRange { gamma } => curve::grown(end * x, gamma, step),
        };
        (low - scaled(low) + scaled(high)).clamp(low.min(high), low.max(high))
    }
}

impl Schedule for CyclicLr {
    fn lr(&self, step: u64) -> f64 {
        self.between(self.base_lr, self.max_lr, step)
    }
}

#[cfg(test)]
mod tests {
    use super::{CycleMode, CyclicLr, CyclicLrConfig};
    use crate::Schedule;

    // Without a number of its own the fall takes as long as the rise. From 0 to 8 in 4 steps: 2 a
    // step; with γ = ½ times 2⁻ᵗ. The momentum falls from 0.9 by 0.1 a step.
    #[test]
    fn cycles_by_hand() {
        let config = CyclicLrConfig {
            step_size_up: 4,
            base_momentum: 0.5,
            max_momentum: 0.9,
            ..CyclicLrConfig::default()
        };
        let triangular = CyclicLr::new(0.0, 8.0, config).unwrap();
        let mode = CycleMode::ExpRange { gamma: 0.5 };
        let falling = CyclicLr::new(0.0, 8.0, CyclicLrConfig { mode, ..config }).unwrap();
        for (t, even, less) in
            [(0, 0.0, 0.0), (1, 2.0, 1.0), (4, 8.0, 0.5), (6, 4.0, 0.0625), (12, 8.0, 0.001953125)]
        {
            assert_eq!((triangular.lr(t), falling.lr(t)), (even, less), "step {t}");
        }
        for (t, momentum) in [(0, 0.9), (1, 0.8), (4, 0.5), (6, 0.7), (8, 0.9)] {
            assert!((triangular.momentum(t) - momentum).abs() < 1e-15, "step {t}");
        }
        // Two numbers near the end of u64 do not add up in it.
        let long = CyclicLrConfig { step_size_up: u64::MAX, ..config };
        assert_eq!(CyclicLr::new(0.0, 8.0, long).unwrap().lr(1 << 63), 4.0);
    }

    #[test]
    fn numbers_are_checked() {
        let default = CyclicLrConfig::default;
        let refused = |low, config| CyclicLr::new(low, 1.0, config).unwrap_err().to_string();
        let table = [
            (-1.0, default(), "base_lr to be a finite number ≥ 0, found -1"),
            (
                0.0,
                CyclicLrConfig { step_size_up: 0, ..default() },
                "step_size_up to be at least 1, found 0",
            ),
            (
                0.0,
                CyclicLrConfig { step_size_down: Some(0), ..default() },
                "step_size_down to be at least 1, found 0",
            ),
            (
                0.0,
                CyclicLrConfig { mode: CycleMode::ExpRange { gamma: 1.5 }, ..default() },
                "gamma to be from 0 to 1, found 1.5",
            ),
            (
                0.0,
                CyclicLrConfig { max_momentum: f64::NAN, ..default() },
                "max_momentum to be from 0 to below 1, found NaN",
            ),
        ];
        for (low, config, message) in table {
            assert_eq!(refused(low, config), format!("cyclic lr: expected {message}"));
        }
    }
}
