//! [`Regressor`]: from a table to predicted numbers.

use data::{Dataset, KFold, Preprocessor, Table};
use losses::MseLoss;
use metrics::ExplainedVariance;
use models::Sequential;
use ndarray::Array2;

use crate::Error;
use crate::cross_validation::{CrossValidation, cross_validate};
use crate::estimator::{EstimatorConfig, Prepared};
use crate::history::History;
use crate::observer::Observer;
use crate::predict::predict;

/// A network that predicts a column of numbers of a table: what its columns go through, the
/// network, and the scale of the target, in one value.
///
/// The network is trained by the mean squared error of the target scaled to mean 0 and standard
/// deviation 1; predictions are in the target's own unit. Columns are found by name: a table to
/// predict needs those that it was trained on, in any order, and no target.
///
/// Everything is a function of table and configuration: two fits are equal bit for bit.
///
/// # Examples
/// ```
/// use data::{Shares, Split, samples};
/// use training::Regressor;
///
/// let penguins = samples::penguins()?;
/// let known = penguins.column("body_mass_g")?.numbers()?.iter().enumerate();
/// let known: Vec<usize> = known.filter(|(_, mass)| !mass.is_nan()).map(|(row, _)| row).collect();
/// let penguins = penguins.rows(&known)?; // rows without a target are refused, or dropped
/// let split = Split::random(penguins.n_rows(), Shares::default(), 1)?;
/// let (train, test) = (penguins.rows(&split.train)?, penguins.rows(&split.test)?);
///
/// let regressor = Regressor::fit(&train, "body_mass_g")?;
/// assert!(regressor.score(&test)? > 0.8); // R²
/// let grams = regressor.predict(&test)?;
/// assert!(grams.iter().all(|mass| (2000.0..8000.0).contains(mass)));
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Regressor {
    preprocessor: Preprocessor,
    model: Sequential<f32>,
    history: History,
}

impl Regressor {
    /// A regressor with the [default](EstimatorConfig) choices.
    ///
    /// # Errors
    /// If there is no column of numbers of that name, the table does not fit, or a loss is not
    /// finite.
    pub fn fit(table: &Table, target: &str) -> Result<Self, Error> {
        Self::fit_with(table, target, &EstimatorConfig::default())
    }

    /// A regressor with choices of your own.
    ///
    /// # Errors
    /// As for [`fit`](Self::fit), and if a choice lies outside its range.
    pub fn fit_with(table: &Table, target: &str, config: &EstimatorConfig) -> Result<Self, Error> {
        Self::fit_observed(table, target, config, &mut ())
    }

    /// The same, and tells an observer of it: a progress bar, a log.
    ///
    /// # Errors
    /// As for [`fit_with`](Self::fit_with), and those of the observer.
    pub fn fit_observed(
        table: &Table,
        target: &str,
        config: &EstimatorConfig,
        observer: &mut impl Observer<f32>,
    ) -> Result<Self, Error> {
        let preprocessing = config.preprocessing.clone().value_targets([target]).scale_target();
        let groups = vec![0; table.n_rows()];
        let prepared = Prepared::new(table, &preprocessing, &groups, &config.training)?;
        let (model, history) = prepared.fit(MseLoss::default(), config, observer)?;
        Ok(Self { preprocessor: prepared.preprocessor, model, history })
    }

    /// The predicted number of each row, in the target's unit.
    ///
    /// # Shapes
    /// A number for each row of the table.
    ///
    /// # Errors
    /// If the table lacks a column, or holds a value that cannot be.
    pub fn predict(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let outputs = predict(&self.model, &self.preprocessor.features(table)?)?;
        Ok(self.in_unit(outputs)?.into_iter().collect())
    }

    fn in_unit(&self, outputs: Array2<f32>) -> Result<Array2<f64>, Error> {
        let mut values = outputs.mapv(f64::from);
        self.preprocessor.inverse_target(&mut values)?;
        Ok(values)
    }

    /// The coefficient of determination R² of the predictions; of weighted rows, if there is a
    /// column of weights.
    ///
    /// # Errors
    /// As for [`predict`](Self::predict), and if the table lacks the target.
    pub fn score(&self, table: &Table) -> Result<f64, Error> {
        let rows: Dataset<f32> = self.preprocessor.transform(table)?;
        let predicted = self.in_unit(predict(&self.model, rows.features())?)?;
        let truth = self.in_unit(rows.values()?.clone())?;
        let mut explained = ExplainedVariance::default();
        let (truth, predicted) = (truth.column(0), predicted.column(0));
        match rows.weights() {
            Some(weights) => {
                let weights: Vec<f64> = weights.iter().map(|&w| w.into()).collect();
                explained.update_weighted(&truth, &predicted, &weights)?;
            }
            None => explained.update(&truth, &predicted)?,
        }
        Ok(explained.r2()?)
    }

    /// The scores of cross-validation: each fold's rows are scored by a regressor that was fitted
    /// on all others.
    ///
    /// # Errors
    /// As for [`fit_with`](Self::fit_with), and if there are fewer rows than folds.
    pub fn cross_validate(
        table: &Table,
        target: &str,
        folds: &KFold,
        config: &EstimatorConfig,
    ) -> Result<CrossValidation, Error> {
        let folds = folds.folds(table.n_rows())?;
        cross_validate(table, &folds, |train| Self::fit_with(train, target, config), Self::score)
    }

    /// What the columns go through.
    pub fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// The network, from features to the scaled target.
    pub fn model(&self) -> &Sequential<f32> {
        &self.model
    }

    /// The course of its training.
    pub fn history(&self) -> &History {
        &self.history
    }
}
