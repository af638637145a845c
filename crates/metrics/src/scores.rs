//! Precision, recall and F1, of each class and averaged.

use crate::{ConfusionMatrix, Error};

/// Precision, recall and F1 of one class, or an average of those.
///
/// With `tp` the weight of the rows of the class for which it was predicted, `p` of all for which
/// it was predicted and `t` of all rows of the class:
///
/// ```text
/// precision = tp/p        recall = tp/t        F1 = 2 tp/(p + t)
/// ```
///
/// Precision: how far a prediction of this class can be believed. Recall: how much of the class is
/// found. F1 is their harmonic mean. Where a denominator is 0 (the class was never predicted, or
/// has no rows) the score is 0; scikit-learn gives the same number and a warning.
///
/// Source: van Rijsbergen, *Information retrieval*, 1979, chapter 7,
/// <http://www.dcs.gla.ac.uk/Keith/Preface.html>.
///
/// # Examples
/// ```
/// use metrics::{Average, ConfusionMatrix};
///
/// let mut confusion = ConfusionMatrix::new(2);
/// confusion.update(&[0, 0, 0, 1], &[0, 0, 1, 1])?;
/// let of_class_1 = confusion.scores()[1];
/// assert_eq!((of_class_1.precision, of_class_1.recall), (0.5, 1.0)); // 1 of 2; 1 of 1
/// assert_eq!(of_class_1.f1, 2.0 / 3.0);
/// assert_eq!(confusion.average(Average::Macro)?.precision, (1.0 + 0.5) / 2.0);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// `tp/p`.
    pub precision: f64,
    /// `tp/t`.
    pub recall: f64,
    /// `2 tp/(p + t)`.
    pub f1: f64,
    /// `t`: how many rows the class has, or their weight.
    pub support: f64,
}

/// How [`ConfusionMatrix::average`] averages over classes.
///
/// # Examples
///
/// Class 0 has 8 of 8 rows right, class 1 none of 2:
///
/// ```
/// use metrics::{Average, ConfusionMatrix};
///
/// let mut confusion = ConfusionMatrix::new(2);
/// confusion.update(&[0, 0, 0, 0, 0, 0, 0, 0, 1, 1], &[0; 10])?;
/// let recall = |average| confusion.average(average).map(|scores| scores.recall);
/// assert_eq!(recall(Average::Macro)?, 0.5);
/// assert_eq!(recall(Average::Micro)?, 0.8);
/// assert_eq!(recall(Average::Weighted)?, 0.8);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Average {
    /// The plain mean: every class counts alike, a rare one as much as a frequent one.
    Macro,
    /// Of `Σ tp`, `Σ p` and `Σ t`: every row counts alike. With one prediction a row all three
    /// scores are then the accuracy.
    Micro,
    /// The mean with the support of each class as its weight.
    Weighted,
}

/// Scores by class.
impl ConfusionMatrix {
    /// The scores of each class, in order. A class that has no rows and was never predicted has
    /// zeros.
    pub fn scores(&self) -> Vec<Scores> {
        (0..self.n_classes()).map(|class| self.scores_of(class)).collect()
    }

    /// The scores averaged over the classes that came up, as truth or as prediction: those that
    /// scikit-learn would average over, whatever the number of classes that could have come.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn average(&self, average: Average) -> Result<Scores, Error> {
        let support = self.total("average of scores")?;
        let classes = || self.occurring().map(|class| self.scores_of(class));
        let mean = |weight: fn(&Scores) -> f64| {
            let all: f64 = classes().map(|scores| weight(&scores)).sum();
            let of = |value: fn(&Scores) -> f64| {
                classes().map(|scores| value(&scores) * weight(&scores)).sum::<f64>() / all
            };
            let (precision, recall) = (of(|scores| scores.precision), of(|scores| scores.recall));
            Scores { precision, recall, f1: of(|scores| scores.f1), support }
        };
        Ok(match average {
            Average::Macro => mean(|_| 1.0),
            Average::Weighted => mean(|scores| scores.support),
            // Σ p = Σ t: each row has one class and one prediction.
            Average::Micro => scores(self.counts().diag().sum(), support, support),
        })
    }

    fn scores_of(&self, class: usize) -> Scores {
        let counts = self.counts();
        scores(counts[[class, class]], counts.column(class).sum(), counts.row(class).sum())
    }
}

fn scores(tp: f64, p: f64, t: f64) -> Scores {
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    Scores { precision: share(tp, p), recall: share(tp, t), f1: share(2.0 * tp, p + t), support: t }
}
