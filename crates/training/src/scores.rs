//! Scores of a model's outputs for the rows of a dataset: metrics for a trainer.

use data::Dataset;
use metrics::{
    AbsoluteError, ConfusionMatrix, ErrorMean, ExplainedVariance, RowError, SquaredError,
};
use ndarray::{ArrayRef2, ArrayView1};
use tensor_core::Float;

use crate::Error;

/// The class of each row of outputs: the column with the largest number, the first of equal ones.
/// Of a single column, the logit of class 1: class 1 where it is above 0.
///
/// # Shapes
/// `outputs (N, C)` gives `(N)`.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use training::predicted_classes;
///
/// assert_eq!(predicted_classes(&array![[0.1, 0.7, 0.2], [3.0, -1.0, 3.0]]), [1, 0]);
/// assert_eq!(predicted_classes(&array![[0.3], [-0.3]]), [1, 0]);
/// ```
pub fn predicted_classes<F: Float>(outputs: &ArrayRef2<F>) -> Vec<usize> {
    let largest = |row: ArrayView1<'_, F>| match row.len() {
        1 => usize::from(row[0] > F::zero()),
        n => (1..n).fold(0, |best, i| if row[i] > row[best] { i } else { best }),
    };
    outputs.rows().into_iter().map(largest).collect()
}

/// The share of the rows whose class is predicted.
///
/// # Shapes
/// `outputs (N, C)`, a dataset of `N` rows of classes.
///
/// # Errors
/// If the dataset holds no classes, or other rows.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::classes(vec![0, 1, 1, 1], ["no", "yes"])?;
/// let dataset = Dataset::new(Array2::<f32>::zeros((4, 1)), target)?;
/// let outputs = array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]];
/// assert_eq!(training::accuracy(&outputs, &dataset)?, 3.0 / 4.0);
/// # Ok::<(), training::Error>(())
/// ```
pub fn accuracy<F: Float>(outputs: &ArrayRef2<F>, dataset: &Dataset<F>) -> Result<f64, Error> {
    Ok(confusion(outputs, dataset)?.accuracy()?)
}

/// The mean over the classes of the share of their rows that is predicted: where classes have
/// unequal numbers of rows.
///
/// # Shapes
/// `outputs (N, C)`, a dataset of `N` rows of classes.
///
/// # Errors
/// As for [`accuracy`].
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::classes(vec![0, 1, 1, 1], ["no", "yes"])?;
/// let dataset = Dataset::new(Array2::<f32>::zeros((4, 1)), target)?;
/// let outputs = array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]];
/// assert_eq!(training::balanced_accuracy(&outputs, &dataset)?, (1.0 + 2.0 / 3.0) / 2.0);
/// # Ok::<(), training::Error>(())
/// ```
pub fn balanced_accuracy<F: Float>(
    outputs: &ArrayRef2<F>,
    dataset: &Dataset<F>,
) -> Result<f64, Error> {
    Ok(confusion(outputs, dataset)?.balanced_accuracy()?)
}

/// The confusion matrix of the predicted classes, from which all others are read: precision,
/// recall, F1, the report.
///
/// # Shapes
/// `outputs (N, C)`, a dataset of `N` rows of classes.
///
/// # Errors
/// If the dataset holds no classes, or other rows.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::classes(vec![0, 1], ["no", "yes"])?;
/// let dataset = Dataset::new(Array2::<f32>::zeros((2, 1)), target)?;
/// let confusion = training::confusion(&array![[1.0, 0.0], [1.0, 0.0]], &dataset)?;
/// assert_eq!(confusion.accuracy()?, 0.5);
/// println!("{}", confusion.report(&["no", "yes"])?);
/// # Ok::<(), training::Error>(())
/// ```
pub fn confusion<F: Float>(
    outputs: &ArrayRef2<F>,
    dataset: &Dataset<F>,
) -> Result<ConfusionMatrix, Error> {
    let (labels, names) = dataset.classes()?;
    let mut confusion = ConfusionMatrix::new(names.len());
    let predicted = predicted_classes(outputs);
    match weights(dataset) {
        Some(weights) => confusion.update_weighted(labels, &predicted, &weights)?,
        None => confusion.update(labels, &predicted)?,
    }
    Ok(confusion)
}

/// The coefficient of determination R²: the share of the target's variance that the outputs
/// explain, the mean of it for several outputs.
///
/// # Shapes
/// `outputs (N, K)`, a dataset of `N` rows of `K` values.
///
/// # Errors
/// If the dataset holds no values, or other rows.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::Values(array![[1.0], [3.0]]);
/// let dataset = Dataset::new(Array2::<f64>::zeros((2, 1)), target)?;
/// let outputs = array![[1.0], [2.0]]; // errors 0 and 1
/// assert_eq!(training::r2(&outputs, &dataset)?, 1.0 - 1.0 / 2.0);
/// # Ok::<(), training::Error>(())
/// ```
pub fn r2<F: Float>(outputs: &ArrayRef2<F>, dataset: &Dataset<F>) -> Result<f64, Error> {
    each_output(outputs, dataset, |truth, predicted, weights| {
        let mut explained = ExplainedVariance::default();
        match weights {
            Some(weights) => explained.update_weighted(&truth, &predicted, weights)?,
            None => explained.update(&truth, &predicted)?,
        }
        explained.r2()
    })
}

/// The mean absolute error, in the unit of the target; the mean of it for several outputs.
///
/// # Shapes
/// `outputs (N, K)`, a dataset of `N` rows of `K` values.
///
/// # Errors
/// As for [`r2`].
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::Values(array![[1.0], [3.0]]);
/// let dataset = Dataset::new(Array2::<f64>::zeros((2, 1)), target)?;
/// assert_eq!(training::mae(&array![[1.0], [2.0]], &dataset)?, 0.5); // errors 0 and 1
/// # Ok::<(), training::Error>(())
/// ```
pub fn mae<F: Float>(outputs: &ArrayRef2<F>, dataset: &Dataset<F>) -> Result<f64, Error> {
    mean_error(outputs, dataset, AbsoluteError, ErrorMean::value)
}

/// The root of the mean squared error, in the unit of the target; the mean of it for several
/// outputs.
///
/// # Shapes
/// `outputs (N, K)`, a dataset of `N` rows of `K` values.
///
/// # Errors
/// As for [`r2`].
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let target = Target::Values(array![[1.0], [3.0]]);
/// let dataset = Dataset::new(Array2::<f64>::zeros((2, 1)), target)?;
/// assert_eq!(training::rmse(&array![[1.0], [2.0]], &dataset)?, 0.5_f64.sqrt()); // errors 0 and 1
/// # Ok::<(), training::Error>(())
/// ```
pub fn rmse<F: Float>(outputs: &ArrayRef2<F>, dataset: &Dataset<F>) -> Result<f64, Error> {
    mean_error(outputs, dataset, SquaredError, ErrorMean::root)
}

/// The mean over the outputs of what is read from the errors of one.
fn mean_error<F: Float, E: RowError + Copy>(
    outputs: &ArrayRef2<F>,
    dataset: &Dataset<F>,
    rule: E,
    read: impl Fn(&ErrorMean<E>) -> Result<f64, metrics::Error>,
) -> Result<f64, Error> {
    each_output(outputs, dataset, |truth, predicted, weights| {
        let mut mean = ErrorMean::of(rule);
        match weights {
            Some(weights) => mean.update_weighted(&truth, &predicted, weights)?,
            None => mean.update(&truth, &predicted)?,
        }
        read(&mean)
    })
}

/// The mean over the outputs of a score of one.
fn each_output<F: Float>(
    outputs: &ArrayRef2<F>,
    dataset: &Dataset<F>,
    score: impl Fn(ArrayView1<'_, F>, ArrayView1<'_, F>, Option<&[f64]>) -> Result<f64, metrics::Error>,
) -> Result<f64, Error> {
    let truth = dataset.values()?;
    if truth.dim() != outputs.dim() {
        let error = tensor_core::Error::shape("score: outputs", truth.shape(), outputs.shape());
        return Err(error.into());
    }
    let weights = weights(dataset);
    let scores = truth.columns().into_iter().zip(outputs.columns());
    let scores = scores.map(|(truth, predicted)| score(truth, predicted, weights.as_deref()));
    let scores = scores.collect::<Result<Vec<f64>, _>>()?;
    Ok(scores.iter().sum::<f64>() / scores.len() as f64)
}

fn weights<F: Float>(dataset: &Dataset<F>) -> Option<Vec<f64>> {
    Some(dataset.weights()?.iter().map(|w| w.as_f64()).collect())
}
