//! The scores of a classifier as a table.

use std::fmt;

use crate::rows::check_length;
use crate::{Average, ConfusionMatrix, Error, Scores};

/// The scores of each class and their averages, as data and, printed, as a table: scikit-learn's
/// `classification_report`.
///
/// Made by [`ConfusionMatrix::report`].
///
/// # Examples
/// ```
/// use metrics::ConfusionMatrix;
///
/// let mut confusion = ConfusionMatrix::new(2);
/// confusion.update(&[0, 0, 0, 1], &[0, 0, 1, 1])?;
/// let report = confusion.report(&["Adelie", "Gentoo"])?;
/// assert_eq!(report.accuracy, 0.75);
/// assert_eq!(
///     report.to_string(),
///     "              precision    recall  f1-score   support\n\
///      \n\
///      \x20     Adelie       1.00      0.67      0.80         3\n\
///      \x20     Gentoo       0.50      1.00      0.67         1\n\
///      \n\
///      \x20   accuracy                           0.75         4\n\
///      \x20  macro avg       0.75      0.83      0.73         4\n\
///      weighted avg       0.88      0.75      0.77         4\n"
/// );
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ClassificationReport {
    /// Each class that came up, by its name, in order.
    pub classes: Vec<(String, Scores)>,
    /// The share of the rows whose class was predicted.
    pub accuracy: f64,
    /// The mean of the classes.
    pub macro_average: Scores,
    /// The mean of the classes, weighted by their support.
    pub weighted_average: Scores,
}

impl ConfusionMatrix {
    /// The scores of each class that came up, and their averages.
    ///
    /// # Errors
    /// If there is not one name for each class, or nothing has been counted.
    pub fn report<S: AsRef<str>>(&self, names: &[S]) -> Result<ClassificationReport, Error> {
        let place = "classification report";
        check_length(place, "class names", self.n_classes(), names.len())?;
        self.total(place)?;
        let scores = self.scores();
        let class = |class: usize| (names[class].as_ref().to_owned(), scores[class]);
        Ok(ClassificationReport {
            classes: self.occurring().map(class).collect(),
            accuracy: self.accuracy()?,
            macro_average: self.average(Average::Macro)?,
            weighted_average: self.average(Average::Weighted)?,
        })
    }
}

const WEIGHTED: &str = "weighted avg";

impl fmt::Display for ClassificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.classes.iter().map(|(name, _)| name.chars().count());
        let width = names.fold(WEIGHTED.len(), usize::max);
        writeln!(f, "{:width$}  precision    recall  f1-score   support\n", "")?;
        for (name, scores) in &self.classes {
            row(f, width, name, scores)?;
        }
        let support = Support(self.macro_average.support);
        let accuracy = "accuracy";
        writeln!(
            f,
            "\n{accuracy:>width$}  {:>9} {:>9} {:>9.2} {support:>9}",
            "", "", self.accuracy
        )?;
        row(f, width, "macro avg", &self.macro_average)?;
        row(f, width, WEIGHTED, &self.weighted_average)
    }
}

fn row(f: &mut fmt::Formatter<'_>, width: usize, name: &str, scores: &Scores) -> fmt::Result {
    let Scores { precision, recall, f1, support } = *scores;
    let support = Support(support);
    writeln!(f, "{name:>width$}  {precision:>9.2} {recall:>9.2} {f1:>9.2} {support:>9}")
}

/// A number of rows, or a weight with its digits.
struct Support(f64);

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}
