//! A rate that falls when a metric stops improving.

use tensor_core::Error;

use crate::improvement::Best;
use crate::{Goal, Threshold, check};

/// A rate that is cut when a metric stops improving, PyTorch's `ReduceLROnPlateau`:
/// `λ ← max(λ f, λ_min)` after more than `patience` metrics in a row without improvement.
///
/// λ is the rate, `f` ([`factor`](ReduceLrOnPlateauConfig::factor)) the factor of a cut, `λ_min`
/// ([`min_lr`](ReduceLrOnPlateauConfig::min_lr)) the lowest rate. A metric is a number that tells
/// how good the model is, a validation loss for instance; [`step`](Self::step) is given one after
/// each epoch. With `n` the number of metrics in a row that were not better, 0 at first, and `c`
/// what is left of the cooldown, 0 at first, a step does this:
///
/// | if | then |
/// |---|---|
/// | the metric beats the best one by the [`threshold`](ReduceLrOnPlateauConfig::threshold) | it is the best one, and `n ← 0` |
/// | it does not, or is NaN | `n ← n + 1` |
/// | `c > 0` | `c ← c − 1` and `n ← 0` |
/// | `n > patience` | `n ← 0`, `c ← cooldown`, and the cut, unless it is `≤ eps` |
///
/// Why: unlike a [`Schedule`](super::Schedule) it needs no plan of how long training takes. A
/// plateau of the metric is where smaller steps may help ([`StepLr`](super::StepLr) says why). As
/// the metric decides, there is a state to save: [`state`](Self::state),
/// [`restore`](Self::restore).
///
/// Differences to PyTorch: it is given the rate and returns the new one, and does not know the
/// optimizer; relative thresholds mean the same for metrics below 0 ([`Threshold`]).
///
/// # Examples
///
/// With patience 1, the second metric in a row that does not beat 2 cuts the rate:
///
/// ```
/// use optim::{ReduceLrOnPlateau, ReduceLrOnPlateauConfig};
///
/// let config = ReduceLrOnPlateauConfig {
///     factor: 0.5,
///     patience: 1,
///     ..ReduceLrOnPlateauConfig::default()
/// };
/// let mut plateau = ReduceLrOnPlateau::new(0.5, config)?;
/// let rates = [3.0, 2.0, 2.0, 2.5, 1.0].map(|metric| plateau.step(metric));
/// assert_eq!(rates, [0.5, 0.5, 0.5, 0.25, 0.25]); // optimizer.set_lr(rate)?
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReduceLrOnPlateau {
    config: ReduceLrOnPlateauConfig,
    state: PlateauState,
}

/// When a [`ReduceLrOnPlateau`] cuts the rate, and by how much; PyTorch's defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ReduceLrOnPlateauConfig {
    /// Whether small or large metrics are good.
    pub goal: Goal,
    /// `f`: what a cut multiplies the rate by.
    pub factor: f64,
    /// How many metrics in a row may bring no improvement.
    pub patience: u64,
    /// By how much a metric must beat the best one.
    pub threshold: Threshold,
    /// How many metrics after a cut are not counted, whatever they are.
    pub cooldown: u64,
    /// `λ_min`: the rate does not fall below.
    pub min_lr: f64,
    /// A cut that lowers the rate by no more than this is not made.
    pub eps: f64,
}

impl Default for ReduceLrOnPlateauConfig {
    fn default() -> Self {
        Self {
            goal: Goal::Min,
            factor: 0.1,
            patience: 10,
            threshold: Threshold::Relative(1e-4),
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
        }
    }
}

/// The state of a [`ReduceLrOnPlateau`] between two metrics, to be saved and restored.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PlateauState {
    /// The rate as it stands.
    pub lr: f64,
    /// Metrics so far: PyTorch's `last_epoch`.
    pub steps: u64,
    /// The best metric; before the first one, the infinity that is worse than any.
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number"))]
    pub best: f64,
    /// The number of its step, from 1; 0 before the first one.
    pub best_step: u64,
    /// `n`: metrics in a row that were not better.
    pub n_bad: u64,
    /// `c`: metrics left of the cooldown.
    pub cooldown_left: u64,
}

const PLACE: &str = "reduce lr on plateau";

impl ReduceLrOnPlateau {
    /// A schedule that starts at `lr`.
    ///
    /// # Errors
    /// If a number is negative or not finite, the factor is 1 or more, or so is a relative
    /// threshold.
    pub fn new(lr: f64, config: ReduceLrOnPlateauConfig) -> Result<Self, Error> {
        check::not_negative(PLACE, "lr", lr)?;
        check::below_one(PLACE, "factor", config.factor)?;
        config.threshold.check(PLACE)?;
        check::not_negative(PLACE, "min_lr", config.min_lr)?;
        check::not_negative(PLACE, "eps", config.eps)?;
        let best = config.goal.worst();
        let state = PlateauState { lr, steps: 0, best, best_step: 0, n_bad: 0, cooldown_left: 0 };
        Ok(Self { config, state })
    }

    /// Takes the next metric and returns the rate from now on.
    pub fn step(&mut self, metric: f64) -> f64 {
        let Self { config, state } = self;
        state.steps += 1;
        if config.goal.is_better(metric, state.best, config.threshold) {
            (state.best, state.best_step, state.n_bad) = (metric, state.steps, 0);
        } else {
            state.n_bad += 1;
        }
        if state.cooldown_left > 0 {
            state.cooldown_left -= 1;
            state.n_bad = 0;
        }
        if state.n_bad > config.patience {
            (state.n_bad, state.cooldown_left) = (0, config.cooldown);
            let lr = (state.lr * config.factor).max(config.min_lr); // max(λ f, λ_min)
            if state.lr - lr > config.eps {
                state.lr = lr;
            }
        }
        state.lr
    }

    /// The rate as it stands.
    pub fn lr(&self) -> f64 {
        self.state.lr
    }

    /// The state, to be saved.
    pub fn state(&self) -> PlateauState {
        self.state
    }

    /// Replaces the state by a saved one.
    ///
    /// # Errors
    /// If it is not one that `step` could have led to with this configuration: a rate that is
    /// negative or not finite, a best metric that is NaN or stands for another goal, more bad
    /// metrics than patience allows or than there were, more cooldown than a cut begins, a count of
    /// 2⁶³ or more. The old state stays then, whole.
    pub fn restore(&mut self, state: PlateauState) -> Result<(), Error> {
        let PlateauState { lr, steps, best, best_step, n_bad, cooldown_left } = state;
        let place = "reduce lr on plateau: state";
        check::not_negative(place, "lr", lr)?;
        Best { steps, metric: best, step: best_step }.check(place, self.config.goal)?;
        let (range, most) = match cooldown_left {
            0 => ("at most patience and the metrics since the best one", self.config.patience),
            _ => ("0 during the cooldown", 0),
        };
        let most = most.min(steps - best_step);
        check::count(place, "n_bad", n_bad, range, 0..most.saturating_add(1))?;
        let range = "at most the configured cooldown";
        let most = self.config.cooldown;
        check::count(place, "cooldown_left", cooldown_left, range, 0..most.saturating_add(1))?;
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{PlateauState, ReduceLrOnPlateau, ReduceLrOnPlateauConfig};
    use crate::{Goal, Threshold};

    #[test]
    fn metrics_one_by_one() {
        let config = ReduceLrOnPlateauConfig {
            goal: Goal::Max,
            factor: 0.5,
            patience: 1,
            threshold: Threshold::Relative(0.25),
            cooldown: 2,
            min_lr: 0.1875,
            eps: 1e-8,
        };
        let mut plateau = ReduceLrOnPlateau::new(1.0, config).unwrap();
        let mut resumed = plateau;
        let table = [
            (4.0, 1.0),
            (5.0, 1.0),  // not above 4·5/4: bad
            (5.25, 1.0), // better
            (5.0, 1.0),
            (f64::NAN, 0.5), // the second bad one; two metrics of cooldown follow
            (0.0, 0.5),
            (0.0, 0.5),
            (0.0, 0.5),
            (0.0, 0.25), // cut again
            (9.0, 0.25), // better, during the cooldown
            (9.0, 0.25),
            (9.0, 0.25),
            (9.0, 0.1875), // no lower than the minimum
            (0.0, 0.1875),
            (0.0, 0.1875),
            (0.0, 0.1875),
            (0.0, 0.1875),
        ];
        for (step, (metric, lr)) in table.into_iter().enumerate() {
            resumed.restore(plateau.state()).unwrap();
            assert_eq!(plateau.step(metric), lr, "metric {step}");
            assert_eq!(resumed.step(metric), lr, "metric {step}, restored");
        }
        assert_eq!((plateau.lr(), plateau.state().best), (0.1875, 9.0));
    }

    #[test]
    fn thresholds_count_in_all_four_ways() {
        let table = [
            (Goal::Min, Threshold::Relative(0.25), 8.0, 6.0, 5.75),
            (Goal::Min, Threshold::Absolute(0.25), 8.0, 7.75, 7.5),
            (Goal::Max, Threshold::Relative(0.25), 8.0, 10.0, 10.25),
            (Goal::Max, Threshold::Absolute(0.25), 8.0, 8.25, 8.5),
        ];
        for (goal, threshold, first, not_better, better) in table {
            let config = ReduceLrOnPlateauConfig { goal, threshold, ..Default::default() };
            let mut plateau = ReduceLrOnPlateau::new(1.0, config).unwrap();
            let best = [first, not_better, better].map(|metric| {
                plateau.step(metric);
                plateau.state().best
            });
            assert_eq!(best, [first, first, better], "{goal:?}, {threshold:?}");
        }
    }

    // pytorch/pytorch#47513, google-deepmind/optax#1767: −0.95 is no better than −1, so the rate is
    // cut to a tenth. There the bound was −1·(1 − 0.1) = −0.9, above the best.
    #[test]
    fn a_worse_metric_below_zero_is_no_improvement() {
        let threshold = Threshold::Relative(0.1);
        let config = ReduceLrOnPlateauConfig { patience: 0, threshold, ..Default::default() };
        for (goal, sign) in [(Goal::Min, 1.0), (Goal::Max, -1.0)] {
            let config = ReduceLrOnPlateauConfig { goal, ..config };
            let mut plateau = ReduceLrOnPlateau::new(0.1, config).unwrap();
            let rates = [-1.0, -0.95].map(|metric| plateau.step(sign * metric));
            assert_eq!(rates[0], 0.1);
            assert!((rates[1] - 0.01).abs() < 1e-17, "{goal:?}: {rates:?}");
        }
    }

    // Each state is one field away from one that fits: 9 metrics, the best one at step 5, 2 bad
    // ones since; patience 3, cooldown 2.
    #[test]
    fn states_that_cannot_be_are_refused_whole() {
        let config = ReduceLrOnPlateauConfig { patience: 3, cooldown: 2, ..Default::default() };
        let fits =
            PlateauState { lr: 0.1, steps: 9, best: 2.0, best_step: 5, n_bad: 2, cooldown_left: 0 };
        let mut plateau = ReduceLrOnPlateau::new(0.5, config).unwrap();
        plateau.restore(fits).unwrap();
        let inf = f64::INFINITY;
        let table = [
            (PlateauState { lr: f64::NAN, ..fits }, "lr to be a finite number ≥ 0, found NaN"),
            (PlateauState { lr: -0.1, ..fits }, "lr to be a finite number ≥ 0, found -0.1"),
            (PlateauState { best: f64::NAN, ..fits }, "best to be a number below inf, found NaN"),
            (PlateauState { best: inf, ..fits }, "best to be a number below inf, found inf"),
            (
                PlateauState { best: -inf, best_step: 0, ..fits },
                "best to be inf, as there is no best step, found -inf",
            ),
            (
                PlateauState { steps: u64::MAX, ..fits },
                "steps to be below 2^63, found 18446744073709552000",
            ),
            (PlateauState { best_step: 10, ..fits }, "best_step to be at most steps, found 10"),
            (
                PlateauState { n_bad: 4, ..fits },
                "n_bad to be at most patience and the metrics since the best one, found 4",
            ),
            (
                PlateauState { n_bad: 2, best_step: 8, ..fits },
                "n_bad to be at most patience and the metrics since the best one, found 2",
            ),
            (
                PlateauState { cooldown_left: 1, ..fits },
                "n_bad to be 0 during the cooldown, found 2",
            ),
            (
                PlateauState { cooldown_left: 3, n_bad: 0, ..fits },
                "cooldown_left to be at most the configured cooldown, found 3",
            ),
        ];
        for (state, message) in table {
            let error = plateau.restore(state).unwrap_err().to_string();
            assert_eq!(error, format!("reduce lr on plateau: state: expected {message}"));
            assert_eq!(plateau.state(), fits);
        }
        // Nothing is better than a best of −∞, and it is a metric that may come.
        plateau.restore(PlateauState { best: -inf, ..fits }).unwrap();
    }

    // A minimum above the rate never raises it.
    #[test]
    fn a_minimum_above_the_rate() {
        let config = ReduceLrOnPlateauConfig { patience: 0, min_lr: 0.5, ..Default::default() };
        let mut plateau = ReduceLrOnPlateau::new(0.1, config).unwrap();
        assert_eq!([1.0, 1.0, 1.0].map(|metric| plateau.step(metric)), [0.1; 3]);
    }

    #[test]
    fn a_cut_within_eps_is_not_made() {
        let config = ReduceLrOnPlateauConfig { patience: 0, eps: 0.5, ..Default::default() };
        let mut plateau = ReduceLrOnPlateau::new(0.5, config).unwrap();
        assert_eq!([1.0, 1.0, 1.0].map(|metric| plateau.step(metric)), [0.5; 3]);
    }

    #[test]
    fn only_a_cut_of_more_than_eps_is_made() {
        let config = ReduceLrOnPlateauConfig { factor: 0.5, patience: 0, ..Default::default() };
        for (eps, lr) in [(0.5, 1.0), (0.25, 0.5)] {
            let config = ReduceLrOnPlateauConfig { eps, ..config };
            let mut plateau = ReduceLrOnPlateau::new(1.0, config).unwrap();
            assert_eq!([1.0, 1.0].map(|metric| plateau.step(metric)), [1.0, lr]);
        }
    }

    #[test]
    fn numbers_are_checked() {
        let default = ReduceLrOnPlateauConfig::default;
        let refused = |lr, config| ReduceLrOnPlateau::new(lr, config).unwrap_err().to_string();
        let place = "reduce lr on plateau: expected";
        let range = "to be a finite number ≥ 0, found -1";
        assert_eq!(refused(-1.0, default()), format!("{place} lr {range}"));
        let config = ReduceLrOnPlateauConfig { min_lr: -1.0, ..default() };
        assert_eq!(refused(0.1, config), format!("{place} min_lr {range}"));
        let config = ReduceLrOnPlateauConfig { eps: -1.0, ..default() };
        assert_eq!(refused(0.1, config), format!("{place} eps {range}"));
        let config = ReduceLrOnPlateauConfig { factor: 1.0, ..default() };
        assert_eq!(
            refused(0.1, config),
            format!("{place} factor to be from 0 to below 1, found 1")
        );
    }
}
