//! When to stop training.

use tensor_core::Error;

use crate::improvement::Best;
use crate::{Goal, Threshold, check};

/// Says when to stop training: after more than `patience` metrics in a row without improvement.
///
/// A metric is a number that tells how good the model is on rows that it is not trained on, a
/// validation loss for instance; [`step`](Self::step) is given one after each epoch. With `n` the
/// number of metrics in a row that were not better, 0 at first, a step does this:
///
/// | if | then | returns |
/// |---|---|---|
/// | it is one of the first [`start_from`](EarlyStoppingConfig::start_from) metrics | nothing | [`Waiting`](Progress::Waiting) |
/// | the metric beats the best one by the [`threshold`](EarlyStoppingConfig::threshold) | it is the best one, `n ← 0` | [`Improved`](Progress::Improved) |
/// | it does not, or is NaN, and `n + 1 ≤ patience` | `n ← n + 1` | [`Waiting`](Progress::Waiting) |
/// | it does not, or is NaN, and `n + 1 > patience` | `n ← n + 1` | [`Stop`](Progress::Stop) |
///
/// With a [`baseline`](EarlyStoppingConfig::baseline), a number that the model has to beat soon, a
/// best metric that does not beat it by the threshold is `Improved`, but `n ← n + 1` goes on.
///
/// Why: the training loss keeps falling while the model learns the noise of the training rows by
/// heart; the validation loss then rises. Stopping where it was lowest is a regularization that
/// costs nothing. The patience bridges epochs that are worse by chance.
///
/// It knows neither models nor loops: the training loop keeps the parameters of the best epoch, at
/// `Improved`, and ends at `Stop`.
///
/// Source: Goodfellow, Bengio and Courville, *Deep learning*, 2016,
/// <https://www.deeplearningbook.org/contents/regularization.html>, algorithm 7.1; the warm-up and
/// the baseline from Keras' `EarlyStopping`, <https://keras.io/api/callbacks/early_stopping/>,
/// `start_from_epoch` and `baseline`. In both, training stops when `n` *reaches* the patience, one
/// metric earlier; here patience counts as in [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau).
/// PyTorch has no counterpart.
///
/// # Examples
///
/// With patience 1, the second metric in a row that does not beat 0.9 stops:
///
/// ```
/// use optim::{EarlyStopping, EarlyStoppingConfig, Progress};
///
/// let config = EarlyStoppingConfig { patience: 1, ..EarlyStoppingConfig::default() };
/// let mut stopping = EarlyStopping::new(config)?;
/// assert_eq!(stopping.step(0.9), Progress::Improved); // save the model here
/// assert_eq!(stopping.step(1.0), Progress::Waiting);
/// assert_eq!(stopping.step(0.95), Progress::Stop);
/// assert_eq!((stopping.state().best, stopping.state().best_step), (0.9, 1));
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// The first metric is not looked at, and 0.5 has to be beaten: 0.8 and 0.7 are the best so far,
/// but `n` is 1 and 2, so that 0.7 again stops, with `n = 3`.
///
/// ```
/// use optim::{EarlyStopping, EarlyStoppingConfig, Progress};
///
/// let config = EarlyStoppingConfig {
///     patience: 2,
///     start_from: 1,
///     baseline: Some(0.5),
///     ..EarlyStoppingConfig::default()
/// };
/// let mut stopping = EarlyStopping::new(config)?;
/// let progress = [0.1, 0.8, 0.7, 0.7].map(|metric| stopping.step(metric));
/// use Progress::{Improved, Stop, Waiting};
/// assert_eq!(progress, [Waiting, Improved, Improved, Stop]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    config: EarlyStoppingConfig,
    state: EarlyStoppingState,
}

/// When [`EarlyStopping`] says stop. (The defaults are ours; PyTorch has none.)
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EarlyStoppingConfig {
    /// Whether small or large metrics are good.
    pub goal: Goal,
    /// How many metrics in a row may bring no improvement.
    pub patience: u64,
    /// By how much a metric must beat the best one.
    pub threshold: Threshold,
    /// How many metrics at the beginning are not looked at: Keras' `start_from_epoch`.
    pub start_from: u64,
    /// A number that a metric has to beat, by the threshold, for patience to begin anew.
    pub baseline: Option<f64>,
}

impl Default for EarlyStoppingConfig {
    fn default() -> Self {
        Self {
            goal: Goal::Min,
            patience: 10,
            threshold: Threshold::Absolute(0.0),
            start_from: 0,
            baseline: None,
        }
    }
}

/// The state of [`EarlyStopping`] between two metrics, to be saved and restored.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EarlyStoppingState {
    /// Metrics so far.
    pub steps: u64,
    /// The best metric; before the first one, the infinity that is worse than any.
    #[cfg_attr(feature = "serde", serde(with = "tensor_core::number"))]
    pub best: f64,
    /// The number of its step, from 1; 0 before the first one.
    pub best_step: u64,
    /// `n`: metrics since then, none of which was better; with a baseline, metrics since a best one
    /// last beat it.
    pub n_bad: u64,
}

/// What [`EarlyStopping::step`] says of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum Progress {
    /// The best so far.
    Improved,
    /// Not better, but patience is left.
    Waiting,
    /// Patience has run out.
    Stop,
}

const PLACE: &str = "early stopping";

impl EarlyStopping {
    /// One that has been given no metric yet.
    ///
    /// # Errors
    /// If the threshold is negative or not finite, or relative and 1 or more, or the baseline not
    /// finite.
    pub fn new(config: EarlyStoppingConfig) -> Result<Self, Error> {
        config.threshold.check(PLACE)?;
        let baseline = config.baseline.unwrap_or(0.0);
        Error::check_hyperparameter(
            PLACE,
            "baseline",
            "a finite number",
            baseline,
            f64::is_finite,
        )?;
        let best = config.goal.worst();
        let state = EarlyStoppingState { steps: 0, best, best_step: 0, n_bad: 0 };
        Ok(Self { config, state })
    }

    /// Takes the next metric.
    pub fn step(&mut self, metric: f64) -> Progress {
        let Self { config, state } = self;
        state.steps += 1;
        if state.steps <= config.start_from {
            return Progress::Waiting;
        }
        let beats = |best| config.goal.is_better(metric, best, config.threshold);
        state.n_bad += 1;
        if beats(state.best) {
            (state.best, state.best_step) = (metric, state.steps);
            if config.baseline.is_none_or(beats) {
                state.n_bad = 0;
            }
            return Progress::Improved;
        }
        if state.n_bad > config.patience { Progress::Stop } else { Progress::Waiting }
    }

    /// The state, to be saved.
    pub fn state(&self) -> EarlyStoppingState {
        self.state
    }

    /// Replaces the state by a saved one.
    ///
    /// # Errors
    /// If it is not one that `step` could have led to with this configuration, but for the
    /// patience, which may be another: a best metric that is NaN or stands for another goal, a
    /// count of bad metrics that is not the number of those since the best one, a count of 2⁶³ or
    /// more. The old state stays then, whole.
    pub fn restore(&mut self, state: EarlyStoppingState) -> Result<(), Error> {
        let EarlyStoppingState { steps, best, best_step, n_bad } = state;
        let EarlyStoppingConfig { goal, start_from, baseline, .. } = self.config;
        let place = "early stopping: state";
        Best { steps, metric: best, step: best_step }.check(place, goal)?;
        let looked_at = steps.saturating_sub(start_from);
        if best_step > 0 {
            let range = "0, or after the first start_from metrics";
            check::count(
                place,
                "best_step",
                best_step,
                range,
                start_from.saturating_add(1)..u64::MAX,
            )?;
        }
        let since = looked_at.min(steps - best_step);
        let most = if baseline.is_some() { looked_at } else { since };
        let range = "the number of metrics since the best one, or since the baseline was beaten";
        check::count(place, "n_bad", n_bad, range, since..most + 1)?;
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Progress};
    use crate::{Goal, Threshold};

    #[test]
    fn metrics_one_by_one() {
        use Progress::{Improved, Stop, Waiting};
        let config = EarlyStoppingConfig {
            goal: Goal::Max,
            patience: 2,
            threshold: Threshold::Absolute(0.5),
            ..EarlyStoppingConfig::default()
        };
        let mut stopping = EarlyStopping::new(config).unwrap();
        let table = [
            (1.0, Improved),
            (1.5, Waiting), // not by more than ½
            (f64::NAN, Waiting),
            (1.75, Improved),
            (1.0, Waiting),
            (2.0, Waiting),
            (0.0, Stop),
            (0.0, Stop),
            (9.0, Improved), // whoever goes on is told so
        ];
        let mut resumed = EarlyStopping::new(config).unwrap();
        for (step, (metric, progress)) in table.into_iter().enumerate() {
            resumed.restore(stopping.state()).unwrap();
            assert_eq!(stopping.step(metric), progress, "step {}", step + 1);
            assert_eq!(resumed.step(metric), progress, "step {}, restored", step + 1);
        }
        assert_eq!((stopping.state().best, stopping.state().best_step), (9.0, 9));
    }

    #[test]
    fn without_patience_the_first_bad_metric_stops() {
        let config = EarlyStoppingConfig { patience: 0, ..EarlyStoppingConfig::default() };
        let mut stopping = EarlyStopping::new(config).unwrap();
        assert_eq!(stopping.step(3.0), Progress::Improved);
        assert_eq!(stopping.step(3.0), Progress::Stop);
    }

    // pytorch/pytorch#47513, with early stopping: with the bound −3·(1 − 0.1) each of them would
    // have been better than the one before.
    #[test]
    fn a_constant_below_zero_improves_once() {
        let threshold = Threshold::Relative(0.1);
        for (goal, metric) in [(Goal::Min, -3.0), (Goal::Max, 3.0), (Goal::Max, -3.0)] {
            let config = EarlyStoppingConfig { goal, patience: 1, threshold, ..Default::default() };
            let mut stopping = EarlyStopping::new(config).unwrap();
            let progress = [metric; 4].map(|metric| stopping.step(metric));
            use Progress::{Improved, Stop, Waiting};
            assert_eq!(progress, [Improved, Waiting, Stop, Stop], "{goal:?}, {metric}");
        }
    }

    // Baseline 10, threshold 1, patience 2: 8 and 9 are best ones below it, 10.5 beats it by too
    // little; 12 beats it. Each state can be restored.
    #[test]
    fn warm_up_and_baseline() {
        use Progress::{Improved, Stop, Waiting};
        let config = EarlyStoppingConfig {
            goal: Goal::Max,
            patience: 2,
            threshold: Threshold::Absolute(1.0),
            start_from: 2,
            baseline: Some(10.0),
        };
        let table = [
            (99.0, Waiting, 0),
            (f64::NAN, Waiting, 0),
            (7.0, Improved, 1),
            (9.0, Improved, 2),
            (9.5, Stop, 3),
            (10.5, Improved, 4),
            (12.0, Improved, 0),
            (12.5, Waiting, 1),
            (11.0, Waiting, 2),
            (13.0, Stop, 3),
        ];
        let mut stopping = EarlyStopping::new(config).unwrap();
        let mut resumed = EarlyStopping::new(config).unwrap();
        for (metric, progress, n_bad) in table {
            resumed.restore(stopping.state()).unwrap();
            assert_eq!(stopping.step(metric), progress, "{metric}");
            assert_eq!(resumed.step(metric), progress, "{metric}, restored");
            assert_eq!(stopping.state().n_bad, n_bad, "{metric}");
        }
        let config = EarlyStoppingConfig { baseline: Some(f64::NAN), ..config };
        assert_eq!(
            EarlyStopping::new(config).unwrap_err().to_string(),
            "early stopping: expected baseline to be a finite number, found NaN"
        );
    }

    // Each state is one field away from one that fits: 9 metrics, the best one at step 5, 4 since.
    #[test]
    fn states_that_cannot_be_are_refused_whole() {
        let mut stopping = EarlyStopping::new(EarlyStoppingConfig::default()).unwrap();
        let fits = EarlyStoppingState { steps: 9, best: 2.0, best_step: 5, n_bad: 4 };
        stopping.restore(fits).unwrap();
        let n_bad = "the number of metrics since the best one, or since the baseline was beaten";
        let table = [
            (
                EarlyStoppingState { best: f64::NAN, ..fits },
                "best to be a number below inf, found NaN".to_owned(),
            ),
            (
                EarlyStoppingState { best: f64::NEG_INFINITY, best_step: 0, n_bad: 9, ..fits },
                "best to be inf, as there is no best step, found -inf".to_owned(),
            ),
            (
                EarlyStoppingState { steps: 1 << 63, ..fits },
                "steps to be below 2^63, found 9223372036854776000".to_owned(),
            ),
            (
                EarlyStoppingState { steps: 4, ..fits },
                "best_step to be at most steps, found 5".to_owned(),
            ),
            (EarlyStoppingState { n_bad: 3, ..fits }, format!("n_bad to be {n_bad}, found 3")),
            (
                EarlyStoppingState { n_bad: u64::MAX, ..fits },
                format!("n_bad to be {n_bad}, found 18446744073709552000"),
            ),
        ];
        for (state, message) in table {
            let error = stopping.restore(state).unwrap_err().to_string();
            assert_eq!(error, format!("early stopping: state: expected {message}"));
            assert_eq!(stopping.state(), fits);
        }
    }

    #[test]
    fn thresholds_are_checked() {
        let refused = |threshold| {
            let config = EarlyStoppingConfig { threshold, ..EarlyStoppingConfig::default() };
            EarlyStopping::new(config).unwrap_err().to_string()
        };
        assert_eq!(
            refused(Threshold::Absolute(-1.0)),
            "early stopping: expected threshold to be a finite number ≥ 0, found -1"
        );
        assert_eq!(
            refused(Threshold::Relative(1.0)),
            "early stopping: expected threshold to be from 0 to below 1, found 1"
        );
    }
}
