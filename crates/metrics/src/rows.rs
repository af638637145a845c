//! What all metrics check of the rows that they are given, and how they average over them.

use kernels::sums::Sum;

use crate::Error;

/// One weight a row, or 1 for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a>(Option<&'a [f64]>);

impl<'a> Weights<'a> {
    pub(crate) const ONES: Self = Self(None);

    /// # Errors
    /// If there are not `n_rows` weights, or one is negative or not finite.
    pub(crate) fn new(
        metric: &'static str,
        n_rows: usize,
        weights: &'a [f64],
    ) -> Result<Self, Error> {
        check_length(metric, "weights", n_rows, weights.len())?;
        match weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            None => Ok(Self(Some(weights))),
            Some(row) => Err(Error::Value {
                metric,
                row,
                column: None,
                expected: "a finite weight ≥ 0",
                found: weights[row],
            }),
        }
    }

    pub(crate) fn of(self, row: usize) -> f64 {
        self.0.map_or(1.0, |weights| weights[row])
    }
}

/// # Errors
/// If the two differ.
pub(crate) fn check_length(
    metric: &'static str,
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Length { metric, what, expected, found }) }
}

/// # Errors
/// If a class is `n_classes` or more.
pub(crate) fn check_classes(
    metric: &'static str,
    n_classes: usize,
    classes: &[usize],
) -> Result<(), Error> {
    match classes.iter().position(|&class| class >= n_classes) {
        None => Ok(()),
        Some(row) => Err(Error::Class { metric, row, n_classes, found: classes[row] }),
    }
}

/// A mean over weighted rows, `Σ w x / Σ w`, whose rounding errors are carried along.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mean {
    sum: Sum<f64>,
    weight: Sum<f64>,
}

impl Mean {
    /// A row of weight 0 does not count, whatever its `x`.
    pub(crate) fn add(&mut self, x: f64, weight: f64) {
        if weight > 0.0 {
            self.sum = self.sum.plus(x * weight);
            self.weight = self.weight.plus(weight);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.sum = self.sum.plus_all(other.sum);
        self.weight = self.weight.plus_all(other.weight);
    }

    /// # Errors
    /// If no row counts.
    pub(crate) fn value(self, metric: &'static str) -> Result<f64, Error> {
        Ok(self.sum.value() / check_weight(metric, self.weight.value())?)
    }
}

/// `weight` again.
///
/// # Errors
/// If it is 0: nothing has been counted.
pub(crate) fn check_weight(metric: &'static str, weight: f64) -> Result<f64, Error> {
    if weight > 0.0 {
        Ok(weight)
    } else {
        Err(Error::Empty { metric, expected: "at least 1 row of positive weight" })
    }
}

/// `update` and `update_weighted` of a metric, above its own `count`: name in messages, what is
/// right, what was predicted, what is refused; in front the type of the predictions, if it is open.
macro_rules! counting {
    ([$($F:ident)?] $name:expr, $truth:ty, $predicted:ty, $refused:literal) => {
        /// Counts a batch: what is right, and what was predicted.
        ///
        /// # Errors
        #[doc = $refused]
        /// Nothing is counted then.
        pub fn update$(<$F: Float>)?(
            &mut self,
            truth: &$truth,
            predicted: &$predicted,
        ) -> Result<(), Error> {
            self.count(truth, predicted, Weights::ONES)
        }

        /// The same with a weight for each row.
        ///
        /// # Errors
        /// As [`update`](Self::update); also if there is not one weight a row, or a weight is
        /// negative or not finite.
        pub fn update_weighted$(<$F: Float>)?(
            &mut self,
            truth: &$truth,
            predicted: &$predicted,
            weights: &[f64],
        ) -> Result<(), Error> {
            self.count(truth, predicted, Weights::new($name, truth.len(), weights)?)
        }
    };
}
pub(crate) use counting;
