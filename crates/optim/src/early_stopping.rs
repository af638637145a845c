//! When to stop training.

use tensor_core::Error;

use crate::{Goal, Threshold};

/// Says when to stop training: after more than `patience` metrics in a row without improvement.
///
/// A metric is a number that tells how good the model is on rows that it is not trained on, a
/// validation loss for instance; [`step`](Self::step) is given one after each epoch. With `n` the
/// number of metrics in a row that were not better, 0 at first, a step does this:
///
/// | if | then | returns |
/// |---|---|---|
/// | the metric beats the best one by the [`threshold`](EarlyStoppingConfig::threshold) | it is the best one, `n ← 0` | [`Improved`](Progress::Improved) |
/// | it does not, or is NaN, and `n + 1 ≤ patience` | `n ← n + 1` | [`Waiting`](Progress::Waiting) |
/// | it does not, or is NaN, and `n + 1 > patience` | `n ← n + 1` | [`Stop`](Progress::Stop) |
///
/// Why: the training loss keeps falling while the model learns the noise of the training rows by
/// heart; the validation loss then rises. Stopping where it was lowest is a regularization that
/// costs nothing. The patience bridges epochs that are worse by chance.
///
/// It knows neither models nor loops: the training loop keeps the parameters of the best epoch, at
/// `Improved`, and ends at `Stop`.
///
/// Source: Goodfellow, Bengio and Courville, *Deep learning*, 2016,
/// <https://www.deeplearningbook.org/contents/regularization.html>, algorithm 7.1. There, and in
/// Keras, training stops when `n` *reaches* the patience, one metric earlier; here patience counts
/// as in [`ReduceLrOnPlateau`](crate::ReduceLrOnPlateau). PyTorch has no counterpart.
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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    config: EarlyStoppingConfig,
    state: EarlyStoppingState,
}

/// When [`EarlyStopping`] says stop. (The defaults are ours; PyTorch has none.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStoppingConfig {
    /// Whether small or large metrics are good.
    pub goal: Goal,
    /// How many metrics in a row may bring no improvement.
    pub patience: u64,
    /// By how much a metric must beat the best one.
    pub threshold: Threshold,
}

impl Default for EarlyStoppingConfig {
    fn default() -> Self {
        Self { goal: Goal::Min, patience: 10, threshold: Threshold::Absolute(0.0) }
    }
}

/// The state of [`EarlyStopping`] between two metrics, to be saved and restored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStoppingState {
    /// Metrics so far.
    pub steps: u64,
    /// The best metric; before the first one, the infinity that is worse than any.
    pub best: f64,
    /// The number of its step, from 1; 0 before the first one.
    pub best_step: u64,
    /// `n`: metrics since then, none of which was better.
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

impl EarlyStopping {
    /// One that has been given no metric yet.
    ///
    /// # Errors
    /// If the threshold is negative or not finite, or relative and 1 or more.
    pub fn new(config: EarlyStoppingConfig) -> Result<Self, Error> {
        config.threshold.check("early stopping")?;
        let best = config.goal.worst();
        let state = EarlyStoppingState { steps: 0, best, best_step: 0, n_bad: 0 };
        Ok(Self { config, state })
    }

    /// Takes the next metric.
    pub fn step(&mut self, metric: f64) -> Progress {
        let Self { config, state } = self;
        state.steps += 1;
        if config.goal.is_better(metric, state.best, config.threshold) {
            (state.best, state.best_step, state.n_bad) = (metric, state.steps, 0);
            return Progress::Improved;
        }
        state.n_bad += 1;
        if state.n_bad > config.patience { Progress::Stop } else { Progress::Waiting }
    }

    /// The state, to be saved.
    pub fn state(&self) -> EarlyStoppingState {
        self.state
    }

    /// Replaces the state by a saved one.
    pub fn restore(&mut self, state: EarlyStoppingState) {
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::{EarlyStopping, EarlyStoppingConfig, Progress};
    use crate::{Goal, Threshold};

    #[test]
    fn metrics_one_by_one() {
        use Progress::{Improved, Stop, Waiting};
        let config = EarlyStoppingConfig {
            goal: Goal::Max,
            patience: 2,
            threshold: Threshold::Absolute(0.5),
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
            resumed.restore(stopping.state());
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
