//! [`Classifier`]: from a table to predicted classes.

use data::{Dataset, KFold, Preprocessor, Table};
use losses::{CrossEntropyConfig, CrossEntropyLoss};
use metrics::{ClassificationReport, ConfusionMatrix};
use models::Sequential;
use ndarray::Array2;
use tensor_core::functions::softmax;

use crate::Error;
use crate::cross_validation::{CrossValidation, cross_validate};
use crate::estimator::{EstimatorConfig, Prepared, groups};
use crate::history::History;
use crate::observer::Observer;
use crate::predict::predict;
use crate::scores::{confusion, predicted_classes};

/// A network that predicts a column of a table: what its columns go through, the network, and the
/// names of the classes, in one value.
///
/// The target is a column of text, or of numbers whose values are classes. Columns are found by
/// name: a table to predict needs those that it was trained on, in any order, and no target.
///
/// Everything is a function of table and configuration: two fits are equal bit for bit.
/// [`preprocessor`](Self::preprocessor) and [`model`](Self::model) are there to go on with by hand.
///
/// # Examples
/// ```
/// use data::{Shares, Split, samples};
/// use training::Classifier;
///
/// let penguins = samples::penguins()?;
/// let split = Split::random(penguins.n_rows(), Shares::default(), 1)?;
/// let (train, test) = (penguins.rows(&split.train)?, penguins.rows(&split.test)?);
///
/// let classifier = Classifier::fit(&train, "species")?;
/// assert!(classifier.score(&test)? > 0.95); // accuracy
/// println!("{}", classifier.report(&test)?);
///
/// let unknown = test.without(&["species"])?;
/// assert_eq!(classifier.predict(&unknown)?.len(), test.n_rows());
/// assert_eq!(classifier.predict_proba(&unknown)?.ncols(), 3);
/// # Ok::<(), training::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Classifier {
    preprocessor: Preprocessor,
    model: Sequential<f32>,
    history: History,
}

impl Classifier {
    /// A classifier with the [default](EstimatorConfig) choices.
    ///
    /// # Errors
    /// If there is no column of that name, the table does not fit, or a loss is not finite.
    pub fn fit(table: &Table, target: &str) -> Result<Self, Error> {
        Self::fit_with(table, target, &EstimatorConfig::default())
    }

    /// A classifier with choices of your own.
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
        let preprocessing = config.preprocessing.clone().class_target(target);
        let groups = groups(table, target)?;
        let prepared = Prepared::new(table, &preprocessing, &groups, &config.training)?;
        let class_weights = match config.balanced {
            true => Some(prepared.train.balanced_class_weights()?),
            false => None,
        };
        let loss = CrossEntropyConfig { class_weights, ..CrossEntropyConfig::default() };
        let loss = CrossEntropyLoss::new(loss)?;
        let (model, history) = prepared.fit(loss, config, observer)?;
        Ok(Self { preprocessor: prepared.preprocessor, model, history })
    }

    /// The class of each row.
    ///
    /// # Errors
    /// If the table lacks a column, or holds a value that cannot be.
    pub fn predict(&self, table: &Table) -> Result<Vec<&str>, Error> {
        let outputs = self.outputs(table)?;
        let names = self.class_names();
        Ok(predicted_classes(&outputs).into_iter().map(|class| names[class].as_str()).collect())
    }

    /// The probability of each class, a row of numbers that sum to 1 for each row of the table.
    ///
    /// # Shapes
    /// `(N, C)`, the classes in the order of [`class_names`](Self::class_names).
    ///
    /// # Errors
    /// As for [`predict`](Self::predict).
    pub fn predict_proba(&self, table: &Table) -> Result<Array2<f32>, Error> {
        let outputs = self.outputs(table)?;
        let mut probabilities = Array2::zeros(outputs.dim());
        softmax(&outputs, &mut probabilities);
        Ok(probabilities)
    }

    fn outputs(&self, table: &Table) -> Result<Array2<f32>, Error> {
        Ok(predict(&self.model, &self.preprocessor.features(table)?)?)
    }

    /// The share of the rows whose class is predicted; of weighted rows, if there is a column of
    /// weights.
    ///
    /// # Errors
    /// As for [`predict`](Self::predict), and if the table lacks the target.
    pub fn score(&self, table: &Table) -> Result<f64, Error> {
        Ok(self.confusion(table)?.accuracy()?)
    }

    /// How often each class is predicted as each class.
    ///
    /// # Errors
    /// As for [`score`](Self::score).
    pub fn confusion(&self, table: &Table) -> Result<ConfusionMatrix, Error> {
        let rows: Dataset<f32> = self.preprocessor.transform(table)?;
        confusion(&predict(&self.model, rows.features())?, &rows)
    }

    /// Precision, recall and F1 of each class, as a table to be printed.
    ///
    /// # Errors
    /// As for [`score`](Self::score).
    pub fn report(&self, table: &Table) -> Result<ClassificationReport, Error> {
        Ok(self.confusion(table)?.report(self.class_names())?)
    }

    /// The scores of cross-validation: each fold's rows are scored by a classifier that was fitted
    /// on all others. Of each class, every fold has the same share.
    ///
    /// # Errors
    /// As for [`fit_with`](Self::fit_with), and if a class has fewer rows than there are folds.
    ///
    /// # Examples
    /// ```
    /// use data::{KFold, samples};
    /// use training::{Classifier, EstimatorConfig};
    ///
    /// let config = EstimatorConfig { hidden: vec![16], ..EstimatorConfig::default() };
    /// let folds = KFold::new(3)?.shuffled(1);
    /// let scores = Classifier::cross_validate(&samples::iris()?, "species", &folds, &config)?;
    /// assert!(scores.mean() > 0.9);
    /// println!("{scores}"); // mean ± standard deviation
    /// # Ok::<(), training::Error>(())
    /// ```
    pub fn cross_validate(
        table: &Table,
        target: &str,
        folds: &KFold,
        config: &EstimatorConfig,
    ) -> Result<CrossValidation, Error> {
        let folds = folds.stratified(&groups(table, target)?)?;
        cross_validate(table, &folds, |train| Self::fit_with(train, target, config), Self::score)
    }

    /// The names of the classes, sorted.
    pub fn class_names(&self) -> &[String] {
        self.preprocessor.class_names()
    }

    /// What the columns go through.
    pub fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// The network, from features to a logit for each class.
    pub fn model(&self) -> &Sequential<f32> {
        &self.model
    }

    /// The course of its training.
    pub fn history(&self) -> &History {
        &self.history
    }
}
