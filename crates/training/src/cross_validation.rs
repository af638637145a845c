//! Cross-validation of anything that is fitted on a table.

use std::fmt;

use data::{Fold, Table};

use crate::Error;

/// Scores of cross-validation, one for each fold, with their mean and their spread.
///
/// The standard deviation is that of the folds, `√(Σ (s − s̄)²/k)`, NumPy's default. It says how
/// much the score depends on the rows; folds share most of their training rows, so that it is no
/// error bar of the mean.
///
/// # Examples
/// ```
/// use training::CrossValidation;
///
/// let scores = CrossValidation { scores: vec![0.9, 1.0, 0.8] };
/// assert_eq!(scores.to_string(), "0.9000 ± 0.0816");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// One for each fold, in order.
    pub scores: Vec<f64>,
}

impl CrossValidation {
    /// The mean.
    pub fn mean(&self) -> f64 {
        self.scores.iter().sum::<f64>() / self.scores.len() as f64
    }

    /// The standard deviation of the folds.
    pub fn std(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.scores.iter().map(|score| (score - mean).powi(2)).sum();
        (squares / self.scores.len() as f64).sqrt()
    }
}

/// Mean and standard deviation.
impl fmt::Display for CrossValidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4} ± {:.4}", self.mean(), self.std())
    }
}

/// Fits on the training rows of each fold and scores on its test rows: for whatever is fitted and
/// scored. [`Classifier`](crate::Classifier::cross_validate) and
/// [`Regressor`](crate::Regressor::cross_validate) have it as a method.
///
/// # Errors
/// Those of `fit` and `score`, and if a fold names a row that is not there.
///
/// # Examples
///
/// How far off the mean of the other rows is:
///
/// ```
/// use data::{Column, KFold, Table};
/// use training::cross_validate;
///
/// let table = Table::new(vec![Column::numbers_of("y", vec![1.0, 2.0, 3.0, 6.0])])?;
/// let mean = |table: &Table| {
///     let y = table.column("y")?.numbers()?;
///     Ok(y.iter().sum::<f64>() / y.len() as f64)
/// };
/// let folds = KFold::new(2)?.folds(4)?;
/// let result = cross_validate(&table, &folds, mean, |fitted, test| Ok(mean(test)? - fitted))?;
/// assert_eq!(result.scores, [1.5 - 4.5, 4.5 - 1.5]);
/// # Ok::<(), training::Error>(())
/// ```
pub fn cross_validate<M>(
    table: &Table,
    folds: &[Fold],
    fit: impl Fn(&Table) -> Result<M, Error>,
    score: impl Fn(&M, &Table) -> Result<f64, Error>,
) -> Result<CrossValidation, Error> {
    let of_fold = |fold: &Fold| score(&fit(&table.rows(&fold.train)?)?, &table.rows(&fold.test)?);
    Ok(CrossValidation { scores: folds.iter().map(of_fold).collect::<Result<_, _>>()? })
}
