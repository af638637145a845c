//! Early stopping: a metric that has not improved for a while says when to stop.
//!
//! | the metric | then |
//! |---|---|
//! | beats the best by the threshold | it is the best, and the count of bad ones starts anew |
//! | does not, or is NaN | it is a bad one; more than `patience` in a row mean stop |
//!
//! It knows nothing of models or loops: whoever trains keeps the best parameters, when told so.
//!
//! ```
//! use optim::{EarlyStopping, EarlyStoppingConfig, Progress};
//!
//! let config = EarlyStoppingConfig { patience: 1, ..EarlyStoppingConfig::default() };
//! let mut stopping = EarlyStopping::new(config)?;
//! assert_eq!(stopping.step(0.9), Progress::Improved); // save the model here
//! assert_eq!(stopping.step(1.0), Progress::Waiting);
//! assert_eq!(stopping.step(0.95), Progress::Stop);
//! assert_eq!((stopping.state().best, stopping.state().best_step), (0.9, 1));
//! # Ok::<(), tensor_core::Error>(())
//! ```

use tensor_core::Error;

use crate::{Goal, Threshold};

/// A watch over one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    config: EarlyStoppingConfig,
    state: EarlyStoppingState,
}

/// When to stop.
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

/// What it remembers: plain data, to be saved and put back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStoppingState {
    /// Metrics seen so far.
    pub steps: u64,
    /// The best metric; before the first one, the infinity that is worse than any.
    pub best: f64,
    /// The step that brought it, from 1; 0 before the first one.
    pub best_step: u64,
    /// Metrics since then that were not better.
    pub n_bad: u64,
}

/// What a metric means.
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
    /// A watch that has seen nothing yet.
    ///
    /// # Errors
    /// If the threshold is negative, not finite, or a share of 1 or more.
    pub fn new(config: EarlyStoppingConfig) -> Result<Self, Error> {
        config.threshold.check("early stopping")?;
        let best = config.goal.worst();
        let state = EarlyStoppingState { steps: 0, best, best_step: 0, n_bad: 0 };
        Ok(Self { config, state })
    }

    /// Looks at the next metric.
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

    /// What it remembers.
    pub fn state(&self) -> EarlyStoppingState {
        self.state
    }

    /// Puts a saved memory back.
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
