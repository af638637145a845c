//! Receiver operating characteristic: the curve, and the area below it.

use kernels::Float;
use ndarray::{ArrayRef1, ArrayRef2};

use crate::classes::check_scores;
use crate::rows::{Weights, check_classes, check_length, counting};
use crate::{Average, Error};

const NAME: &str = "ROC AUC";

/// The receiver operating characteristic of a score for two classes: for every threshold, which
/// share of the rows of class 0 it lets through, and which share of those of class 1.
///
/// ```text
/// FPR(θ) = Σ w [y = 0, s ≥ θ]/Σ w [y = 0]        TPR(θ) = Σ w [y = 1, s ≥ θ]/Σ w [y = 1]
/// ```
///
/// The first point is `(0, 0)`, at the threshold ∞; then comes one point for each score that is
/// different from the one before, from the highest to the lowest, and the last is `(1, 1)`.
///
/// scikit-learn's `roc_curve(…, drop_intermediate=False)`. If a class has no rows, its shares are
/// NaN, as there.
///
/// Source: Fawcett, *An introduction to ROC analysis*, Pattern Recognition Letters 27, 2006,
/// <https://doi.org/10.1016/j.patrec.2005.10.010>, algorithms 1 and 2.
///
/// # Examples
/// ```
/// use metrics::RocCurve;
/// use ndarray::array;
///
/// let curve = RocCurve::new(&[0, 0, 1, 1], &array![0.1, 0.4, 0.35, 0.8])?;
/// assert_eq!(curve.thresholds, [f64::INFINITY, 0.8, 0.4, 0.35, 0.1]);
/// assert_eq!(curve.false_positive_rates, [0.0, 0.0, 0.5, 0.5, 1.0]);
/// assert_eq!(curve.true_positive_rates, [0.0, 0.5, 0.5, 1.0, 1.0]);
/// assert_eq!(curve.area(), 0.75);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    /// θ, from ∞ down.
    pub thresholds: Vec<f64>,
    /// FPR(θ).
    pub false_positive_rates: Vec<f64>,
    /// TPR(θ).
    pub true_positive_rates: Vec<f64>,
}

impl RocCurve {
    /// The curve of `scores (N)` for rows of class 0 or 1: `truth (N)`.
    ///
    /// # Errors
    /// If the lengths differ, a class is neither 0 nor 1, or a score is NaN.
    pub fn new<F: Float>(truth: &[usize], scores: &ArrayRef1<F>) -> Result<Self, Error> {
        let mut auc = RocAuc::default();
        auc.update(truth, scores)?;
        Ok(auc.curve())
    }

    /// The area below the curve, by trapezoids; NaN if a class has no rows.
    ///
    /// It is the probability that a row of class 1 has a higher score than one of class 0, equal
    /// scores counted half: ½ for chance, 1 for perfect order.
    pub fn area(&self) -> f64 {
        let (x, y) = (&self.false_positive_rates, &self.true_positive_rates);
        if x.len() < 2 {
            return f64::NAN;
        }
        let trapezoid = |(x, y): (&[f64], &[f64])| (x[1] - x[0]) * (y[0] + y[1]) / 2.0;
        x.windows(2).zip(y.windows(2)).map(trapezoid).sum()
    }
}

/// The area below the [`RocCurve`] of a score for two classes, of rows that come in batches.
///
/// It is the probability that a row of class 1 has a higher score than one of class 0. If all rows
/// are of one class it is NaN, with scikit-learn's `roc_auc_score` too. It keeps every score: the
/// order of all rows is needed.
///
/// # Shapes
/// `truth (N)`, `scores (N)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::RocAuc;
/// use ndarray::array;
///
/// let mut auc = RocAuc::default();
/// auc.update(&[0, 1], &array![0.1, 0.8])?;
/// auc.update(&[0, 1], &array![0.4, 0.35])?;
/// assert_eq!(auc.value(), 0.75); // 3 of the 4 pairs are in the right order
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RocAuc {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    score: f64,
    positive: bool,
    weight: f64,
}

impl RocAuc {
    counting!(
        [F] NAME,
        [usize],
        ArrayRef1<F>,
        "If the lengths differ, a class is neither 0 nor 1, or a score is NaN."
    );

    fn count<F: Float>(
        &mut self,
        truth: &[usize],
        scores: &ArrayRef1<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_length(NAME, "scores", truth.len(), scores.len())?;
        check_classes(NAME, 2, truth)?;
        if let Some(row) = scores.iter().position(|score| score.is_nan()) {
            let (column, expected) = (None, "a number");
            return Err(Error::Value { metric: NAME, row, column, expected, found: f64::NAN });
        }
        let row = |(row, (&class, score)): (usize, (&usize, &F))| Row {
            score: score.as_f64(),
            positive: class == 1,
            weight: weights.of(row),
        };
        self.rows.extend(truth.iter().zip(scores).enumerate().map(row));
        Ok(())
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.rows.extend_from_slice(&other.rows);
    }

    /// The curve of all rows so far.
    pub fn curve(&self) -> RocCurve {
        let mut rows = self.rows.clone();
        // Rows of weight 0 would be points of their own.
        rows.retain(|row| row.weight > 0.0);
        rows.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (mut thresholds, mut fp, mut tp) = (vec![f64::INFINITY], vec![0.0], vec![0.0]);
        let (mut negative, mut positive) = (0.0, 0.0);
        for equal in rows.chunk_by(|a, b| a.score == b.score) {
            for row in equal {
                *(if row.positive { &mut positive } else { &mut negative }) += row.weight;
            }
            thresholds.push(equal[0].score);
            fp.push(negative);
            tp.push(positive);
        }
        fp.iter_mut().for_each(|weight| *weight /= negative);
        tp.iter_mut().for_each(|weight| *weight /= positive);
        RocCurve { thresholds, false_positive_rates: fp, true_positive_rates: tp }
    }

    /// The area below the curve of all rows so far.
    pub fn value(&self) -> f64 {
        self.curve().area()
    }

    /// The weight of the rows of class 1.
    fn positive(&self) -> f64 {
        self.rows.iter().filter(|row| row.positive).map(|row| row.weight).sum()
    }
}

/// The area below the [`RocCurve`] for several classes: each class against all others, by the score
/// in its column.
///
/// scikit-learn's `roc_auc_score(…, multi_class="ovr")`. Only the order within a column counts, so
/// the rows need not add up to 1; scikit-learn asks for that.
///
/// # Shapes
/// `truth (N)`, `scores (N, n_classes)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::{Average, OneVsRestAuc};
/// use ndarray::array;
///
/// let mut auc = OneVsRestAuc::new(3);
/// auc.update(&[0, 1, 2], &array![[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])?;
/// // Class 0 has the second of three scores, class 1 the lowest, class 2 the highest.
/// assert_eq!(auc.classes(), [0.5, 0.0, 1.0]);
/// assert_eq!(auc.value(Average::Macro), 0.5);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OneVsRestAuc {
    classes: Vec<RocAuc>,
}

impl OneVsRestAuc {
    /// One for classes `0 … n_classes − 1` that has counted no rows yet.
    pub fn new(n_classes: usize) -> Self {
        Self { classes: vec![RocAuc::default(); n_classes] }
    }

    counting!(
        [F] NAME,
        [usize],
        ArrayRef2<F>,
        "If the numbers of rows differ, there is not a column for each class, or a score is NaN."
    );

    fn count<F: Float>(
        &mut self,
        truth: &[usize],
        scores: &ArrayRef2<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_length(NAME, "columns of scores", self.classes.len(), scores.ncols())?;
        check_scores(NAME, truth, scores)?;
        let mut is_class = vec![0; truth.len()];
        for (class, auc) in self.classes.iter_mut().enumerate() {
            is_class.iter_mut().zip(truth).for_each(|(is, &y)| *is = usize::from(y == class));
            auc.count(&is_class, &scores.column(class), weights)?;
        }
        Ok(())
    }

    /// Adds what another one has counted.
    ///
    /// # Errors
    /// If it has another number of classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        check_length(NAME, "classes", self.classes.len(), other.classes.len())?;
        self.classes.iter_mut().zip(&other.classes).for_each(|(a, b)| a.merge(b));
        Ok(())
    }

    /// The area of each class; NaN for one without rows, or that all rows have.
    pub fn classes(&self) -> Vec<f64> {
        self.classes.iter().map(RocAuc::value).collect()
    }

    /// The areas of the classes averaged. [`Average::Micro`] takes all columns as one: each row
    /// counts once for every class. [`Average::Weighted`] leaves classes without rows out;
    /// [`Average::Macro`] is NaN if there are any.
    pub fn value(&self, average: Average) -> f64 {
        let mean = |weight: fn(&RocAuc) -> f64| {
            let counted =
                || self.classes.iter().map(|auc| (auc, weight(auc))).filter(|c| c.1 > 0.0);
            let all: f64 = counted().map(|(_, weight)| weight).sum();
            counted().map(|(auc, weight)| auc.value() * weight).sum::<f64>() / all
        };
        match average {
            Average::Macro => mean(|_| 1.0),
            Average::Weighted => mean(RocAuc::positive),
            Average::Micro => {
                let mut all = RocAuc::default();
                self.classes.iter().for_each(|class| all.merge(class));
                all.value()
            }
        }
    }
}
