//! What a network is trained on: features, a target, and how much each row counts.

use ndarray::{Array2, Axis};
use tensor_core::Float;

use crate::{Error, Split};

/// Rows to train or to score on: features `(N, C)`, what is to be predicted of each row, and
/// optionally how much each row counts.
///
/// # Shapes
/// Features `(N, C)`; `N` classes, or values `(N, K)`; `N` weights.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::array;
///
/// let x = array![[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let target = Target::classes(vec![0, 1, 1], ["no", "yes"])?;
/// let dataset = Dataset::new(x, target)?;
/// assert_eq!((dataset.n_rows(), dataset.n_features()), (3, 2));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset<F> {
    features: Array2<F>,
    target: Target<F>,
    weights: Option<Vec<F>>,
}

/// What is to be predicted: a class, or numbers.
///
/// # Shapes
/// `N` labels, each a place in the names; values `(N, K)`, a column for each output.
///
/// # Examples
/// ```
/// use data::Target;
/// use ndarray::array;
///
/// let prices = Target::Values(array![[120.0], [80.0]]);
/// assert_eq!(prices.n_rows(), 2);
/// let error = Target::<f64>::classes(vec![0, 2], ["no", "yes"]).unwrap_err();
/// assert_eq!(error.to_string(), "target: expected a code from 0 to 1 in row 1, found 2");
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Target<F> {
    /// Classes.
    Classes {
        /// The class of each row, `(N)`.
        labels: Vec<usize>,
        /// The names of the classes.
        names: Vec<String>,
    },
    /// Numbers, `(N, K)`.
    Values(Array2<F>),
}

impl<F: Float> Target<F> {
    /// Classes with their names: row `n` is of class `names[labels[n]]`.
    ///
    /// # Errors
    /// If a label is not the place of a name.
    pub fn classes<S: Into<String>>(
        labels: Vec<usize>,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let target = Self::Classes { labels, names: names.into_iter().map(Into::into).collect() };
        target.check()?;
        Ok(target)
    }

    /// `Ok` if each label is the place of a name.
    fn check(&self) -> Result<(), Error> {
        let Self::Classes { labels, names } = self else { return Ok(()) };
        match labels.iter().position(|&label| label >= names.len()) {
            Some(row) => Err(Error::UnknownCode {
                place: "target",
                row,
                n_codes: names.len(),
                found: labels[row] as f64,
            }),
            None => Ok(()),
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values(values) => values.nrows(),
        }
    }

    /// How many outputs a network needs for it: one for each class, or one for each value.
    pub fn n_outputs(&self) -> usize {
        match self {
            Self::Classes { names, .. } => names.len(),
            Self::Values(values) => values.ncols(),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { labels, names } => Self::Classes {
                labels: rows.iter().map(|&row| labels[row]).collect(),
                names: names.clone(),
            },
            Self::Values(values) => Self::Values(values.select(Axis(0), rows)),
        }
    }
}

impl<F: Float> Dataset<F> {
    /// Features and target of the same rows.
    ///
    /// # Errors
    /// If there are no rows or no columns, features and target differ in the number of rows, or a
    /// label is not the place of a name.
    pub fn new(features: Array2<F>, target: Target<F>) -> Result<Self, Error> {
        let (n_rows, n_columns) = features.dim();
        for (n, expected) in [(n_rows, "at least 1 row"), (n_columns, "at least 1 column")] {
            if n == 0 {
                return Err(Error::TooFew {
                    place: "dataset",
                    expected: expected.into(),
                    found: 0,
                });
            }
        }
        check_rows("dataset: target", n_rows, target.n_rows())?;
        target.check()?;
        // Rows are copied into batches: one after the other in memory.
        let features = features.as_standard_layout().into_owned();
        Ok(Self { features, target, weights: None })
    }

    /// The same rows, each with its weight: one of weight 2 counts as two rows in the loss, one of
    /// weight 0 not at all.
    ///
    /// # Errors
    /// If there is not one weight for each row, or one is negative or not finite.
    pub fn with_weights(mut self, weights: Vec<F>) -> Result<Self, Error> {
        check_rows("dataset: weights", self.n_rows(), weights.len())?;
        let is_weight = |w: &F| w.is_finite() && *w >= F::zero();
        if let Some(row) = weights.iter().position(|w| !is_weight(w)) {
            let (expected, found) = ("a finite weight ≥ 0", weights[row].as_f64());
            return Err(Error::Value { place: "dataset", row, column: 0, expected, found });
        }
        self.weights = Some(weights);
        Ok(self)
    }

    /// The same rows, each with the [balanced weight](Self::balanced_class_weights) of its class,
    /// times the weight that it has: for losses without weights of classes.
    ///
    /// # Errors
    /// If the target is no class.
    pub fn with_balanced_weights(self) -> Result<Self, Error> {
        let of_class = self.balanced_class_weights()?;
        let Target::Classes { labels, .. } = &self.target else { return Ok(self) };
        let own = |row: usize| self.weights.as_ref().map_or(1.0, |w| w[row].as_f64());
        let weight = |(row, &label): (usize, &usize)| F::of(of_class[label] * own(row));
        let weights = labels.iter().enumerate().map(weight).collect();
        self.with_weights(weights)
    }

    /// A weight for each class with which all classes count the same, however many rows they have:
    /// scikit-learn's `class_weight="balanced"`.
    ///
    /// ```text
    /// w[c] = N/(C n[c])
    /// ```
    ///
    /// `n[c]` of the `N` rows are of class `c`, and `C` classes have rows. One without rows, of
    /// which scikit-learn knows nothing, has the weight 1. For
    /// `CrossEntropyConfig::class_weights` of the crate `losses`.
    ///
    /// # Errors
    /// If the target is no class.
    ///
    /// # Examples
    /// ```
    /// use data::{Dataset, Target};
    /// use ndarray::Array2;
    ///
    /// let target = Target::classes(vec![0, 0, 0, 1], ["common", "rare"])?;
    /// let dataset = Dataset::new(Array2::<f64>::zeros((4, 1)), target)?;
    /// assert_eq!(dataset.balanced_class_weights()?, [4.0 / (2.0 * 3.0), 4.0 / (2.0 * 1.0)]);
    /// # Ok::<(), data::Error>(())
    /// ```
    pub fn balanced_class_weights(&self) -> Result<Vec<f64>, Error> {
        let (labels, names) = self.classes()?;
        let mut counts = vec![0; names.len()];
        labels.iter().for_each(|&label| counts[label] += 1);
        let n_classes = counts.iter().filter(|&&n| n > 0).count();
        let weight = |n: usize| match n {
            0 => 1.0,
            n => labels.len() as f64 / (n_classes as f64 * n as f64),
        };
        Ok(counts.into_iter().map(weight).collect())
    }

    /// The features, `(N, C)`.
    pub fn features(&self) -> &Array2<F> {
        &self.features
    }

    /// What is to be predicted.
    pub fn target(&self) -> &Target<F> {
        &self.target
    }

    /// The labels and the names of the classes.
    ///
    /// # Errors
    /// If the target is no class.
    pub fn classes(&self) -> Result<(&[usize], &[String]), Error> {
        match &self.target {
            Target::Classes { labels, names } => Ok((labels, names)),
            Target::Values(_) => Err(Error::TargetType { expected: "classes", found: "values" }),
        }
    }

    /// The values, `(N, K)`.
    ///
    /// # Errors
    /// If the target is a class.
    pub fn values(&self) -> Result<&Array2<F>, Error> {
        match &self.target {
            Target::Values(values) => Ok(values),
            Target::Classes { .. } => {
                Err(Error::TargetType { expected: "values", found: "classes" })
            }
        }
    }

    /// How much each row counts, if they do not count the same.
    pub fn weights(&self) -> Option<&[F]> {
        self.weights.as_deref()
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.features.nrows()
    }

    /// Number of columns of the features.
    pub fn n_features(&self) -> usize {
        self.features.ncols()
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// If there are none, or one is not there.
    pub fn rows(&self, rows: &[usize]) -> Result<Self, Error> {
        if let Some(&found) = rows.iter().find(|&&row| row >= self.n_rows()) {
            return Err(Error::Row { place: "dataset", n_rows: self.n_rows(), found });
        }
        let part = Self::new(self.features.select(Axis(0), rows), self.target.select(rows))?;
        match &self.weights {
            Some(weights) => part.with_weights(rows.iter().map(|&row| weights[row]).collect()),
            None => Ok(part),
        }
    }

    /// The parts of a split: for training, and for validation if it has rows for it. Its test rows
    /// are the caller's, by [`rows`](Self::rows), at the end.
    ///
    /// # Errors
    /// As for [`rows`](Self::rows).
    pub fn split(&self, split: &Split) -> Result<(Self, Option<Self>), Error> {
        let validation = (!split.validation.is_empty()).then(|| self.rows(&split.validation));
        Ok((self.rows(&split.train)?, validation.transpose()?))
    }
}

fn check_rows(place: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Rows { place, expected, found }) }
}
