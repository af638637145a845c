//! What a classifier and a regressor share: choices, the split, and the network.

use std::collections::HashMap;

use data::{Dataset, Preprocessor, PreprocessorBuilder, Table, Values};
use losses::SampleWeighted;
use models::{Mlp, Sequential};
use optim::{AdamW, AdamWConfig, EarlyStoppingConfig};
use tensor_core::Rng;

use crate::Error;
use crate::batch_loss::BatchLoss;
use crate::config::{Stopping, TrainerConfig};
use crate::history::History;
use crate::observer::Observer;
use crate::trainer::Trainer;

/// How a [`Classifier`](crate::Classifier) or a [`Regressor`](crate::Regressor) is made of a table:
/// its network, its training, and what its columns go through.
///
/// The defaults: two hidden layers of 64 with ReLU; AdamW; batches of 32; up to 300 epochs, ended
/// by 30 without a better loss on 15 % of the rows, with the best weights; the usual
/// [`Preprocessor`].
///
/// # Examples
/// ```
/// use training::{EstimatorConfig, TrainerConfig};
///
/// let defaults = EstimatorConfig::default();
/// let config = EstimatorConfig {
///     hidden: vec![32],
///     dropout: 0.1,
///     training: TrainerConfig { epochs: 50, seed: 7, ..defaults.training.clone() },
///     ..defaults
/// };
/// assert_eq!(config.training.validation_share, 0.15);
/// ```
#[derive(Debug, Clone)]
pub struct EstimatorConfig {
    /// Widths of the hidden layers, each followed by ReLU.
    pub hidden: Vec<usize>,
    /// The share of the hidden values that dropout leaves out of each step.
    pub dropout: f64,
    /// AdamW's learning rate and weight decay, and its other constants.
    pub optimizer: AdamWConfig,
    /// Epochs, batches, seed, early stopping and so on. The validation share is taken from the rows
    /// of each class, never the last one, and nothing is learned from them: neither a weight nor
    /// the mean of a column.
    pub training: TrainerConfig,
    /// Whether all classes count the same, however many rows they have.
    pub balanced: bool,
    /// What the columns go through. Its target is set by `fit`.
    pub preprocessing: PreprocessorBuilder,
}

impl Default for EstimatorConfig {
    fn default() -> Self {
        let when = EarlyStoppingConfig { patience: 30, ..EarlyStoppingConfig::default() };
        let training = TrainerConfig {
            epochs: 300,
            validation_share: 0.15,
            stopping: Some(Stopping { when, ..Stopping::default() }),
            ..TrainerConfig::default()
        };
        Self {
            hidden: vec![64, 64],
            dropout: 0.0,
            optimizer: AdamWConfig::default(),
            training,
            balanced: false,
            preprocessing: Preprocessor::builder(),
        }
    }
}

/// Rows to train on, rows to validate on, and what was learned from the first of them.
pub(crate) struct Prepared {
    pub(crate) preprocessor: Preprocessor,
    pub(crate) train: Dataset<f32>,
    pub(crate) validation: Option<Dataset<f32>>,
}

impl Prepared {
    /// Splits the rows, learns from one part and transforms both.
    ///
    /// # Errors
    /// If the table does not fit.
    pub(crate) fn new(
        table: &Table,
        preprocessing: &PreprocessorBuilder,
        groups: &[usize],
        config: &TrainerConfig,
    ) -> Result<Self, Error> {
        let (train, validation) = split(groups, config.validation_share, config.seed);
        if validation.is_empty() {
            let preprocessor = preprocessing.fit(table)?;
            let train = preprocessor.transform(table)?;
            return Ok(Self { preprocessor, train, validation: None });
        }
        let preprocessor = preprocessing.fit(&table.rows(&train)?)?;
        let train = preprocessor.transform(&table.rows(&train)?)?;
        let validation = Some(preprocessor.transform(&table.rows(&validation)?)?);
        Ok(Self { preprocessor, train, validation })
    }

    /// A network of these widths, trained; by weighted rows, if they have weights.
    ///
    /// # Errors
    /// If a choice lies outside its range, or a loss is not finite.
    pub(crate) fn fit<L: BatchLoss<f32>>(
        &self,
        loss: L,
        config: &EstimatorConfig,
        observer: &mut impl Observer<f32>,
    ) -> Result<(Sequential<f32>, History), Error>
    where
        SampleWeighted<L>: BatchLoss<f32>,
    {
        match self.train.weights() {
            Some(_) => self.fit_to(SampleWeighted(loss), config, observer),
            None => self.fit_to(loss, config, observer),
        }
    }

    fn fit_to<L: BatchLoss<f32>>(
        &self,
        loss: L,
        config: &EstimatorConfig,
        observer: &mut impl Observer<f32>,
    ) -> Result<(Sequential<f32>, History), Error> {
        let mut widths = vec![self.preprocessor.n_features()];
        widths.extend(&config.hidden);
        widths.push(self.train.target().n_outputs());
        let mlp = Mlp::new(&widths).seed(config.training.seed).dropout(config.dropout);
        let mut model = mlp.build()?;
        let optimizer = AdamW::new(config.optimizer)?;
        let training = TrainerConfig { validation_share: 0.0, ..config.training.clone() };
        let trainer = Trainer::new(loss, optimizer, training)?;
        let validation = self.validation.as_ref();
        let history = trainer.fit_observed(&mut model, &self.train, validation, observer)?;
        Ok((model, history))
    }
}

/// The group of each row: equal values of a column are one group, and so are missing ones.
pub(crate) fn groups(table: &Table, column: &str) -> Result<Vec<usize>, Error> {
    match table.column(column)?.values() {
        Values::Text(text) => Ok(numbered(text.iter())),
        Values::Numbers(numbers) => Ok(numbered(numbers.iter().map(|x| x.to_bits()))),
    }
}

/// Equal values get equal numbers, in the order in which they first come up.
fn numbered<T: Eq + std::hash::Hash>(values: impl Iterator<Item = T>) -> Vec<usize> {
    let mut numbers = HashMap::new();
    let mut number = |value| {
        let next = numbers.len();
        *numbers.entry(value).or_insert(next)
    };
    values.map(&mut number).collect()
}

/// Rows to train on and rows to validate on: of each group its share, rounded, but never its last
/// row.
fn split(groups: &[usize], share: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let n_groups = groups.iter().max().map_or(0, |last| last + 1);
    let mut rows = vec![Vec::new(); n_groups];
    groups.iter().enumerate().for_each(|(row, &group)| rows[group].push(row));
    let mut rng = Rng::new(seed);
    let (mut train, mut validation) = (Vec::new(), Vec::new());
    for mut rows in rows {
        rng.shuffle(&mut rows);
        let n = (rows.len() as f64 * share).round() as usize;
        let n = n.min(rows.len().saturating_sub(1));
        validation.extend(rows.drain(..n));
        train.append(&mut rows);
    }
    train.sort_unstable();
    validation.sort_unstable();
    (train, validation)
}

#[cfg(test)]
mod tests {
    use data::{Column, Table};

    use super::{groups, split};

    // 8 rows of group 0, 3 of group 1, 1 of group 2: a quarter is 2, ¾ rounded to 1, and the only
    // row of the last group stays.
    #[test]
    fn each_group_gives_its_share_and_keeps_a_row() {
        let of = [0, 0, 0, 1, 0, 1, 2, 0, 0, 1, 0, 0];
        let (train, validation) = split(&of, 0.25, 5);
        let count = |rows: &[usize], group| rows.iter().filter(|&&row| of[row] == group).count();
        assert_eq!([0, 1, 2].map(|group| count(&validation, group)), [2, 1, 0]);
        assert_eq!([0, 1, 2].map(|group| count(&train, group)), [6, 2, 1]);
        let mut all = [train, validation].concat();
        all.sort_unstable();
        assert_eq!(all, (0..12).collect::<Vec<_>>());
        assert_ne!(split(&of, 0.25, 5), split(&of, 0.25, 6));
        assert_eq!(split(&of, 0.0, 5).1, []);
        assert_eq!(split(&[0, 1, 2], 0.9, 5).1, []);
    }

    #[test]
    fn equal_values_are_a_group() {
        let text = Column::text_of("t", [Some("b"), None, Some("a"), Some("b"), None]);
        let numbers = Column::numbers_of("n", vec![2.0, f64::NAN, 2.0, 0.5, f64::NAN]);
        let table = Table::new(vec![text, numbers]).unwrap();
        assert_eq!(groups(&table, "t").unwrap(), [0, 1, 2, 0, 1]);
        assert_eq!(groups(&table, "n").unwrap(), [0, 1, 0, 2, 1]);
        assert!(groups(&table, "x").is_err());
    }
}
