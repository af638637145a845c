//! How often the right class is among the `k` with the highest scores.

use kernels::Float;
use ndarray::{ArrayRef2, ArrayView1};

use crate::Error;
use crate::classes::check_scores;
use crate::rows::{Mean, Weights, counting};

const NAME: &str = "top-k accuracy";

/// The share of the rows whose class is among the `k` classes of the highest scores.
///
/// ```text
/// Σ_n w_n [rank of class y_n in row n < k]/Σ_n w_n
/// ```
///
/// The rank of a class is the number of classes with a higher score. Of equal scores the class with
/// the higher number comes first, as with scikit-learn's `top_k_accuracy_score`.
///
/// With `k = 1` this is the accuracy of the class with the highest score. Which scores these are,
/// logits or probabilities, does not matter.
///
/// # Shapes
/// `truth (N)`, `scores (N, n_classes)`, `weights (N)`.
///
/// # Examples
/// ```
/// use metrics::TopKAccuracy;
/// use ndarray::array;
///
/// let mut top_2 = TopKAccuracy::new(2)?;
/// top_2.update(&[0, 2], &array![[0.5, 0.2, 0.3], [0.5, 0.4, 0.1]])?; // second row: rank 2
/// assert_eq!(top_2.value()?, 0.5);
/// # Ok::<(), metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TopKAccuracy {
    k: usize,
    mean: Mean,
}

impl TopKAccuracy {
    /// One that has seen no rows yet.
    ///
    /// # Errors
    /// If `k` is 0.
    pub fn new(k: usize) -> Result<Self, Error> {
        if k == 0 {
            let (expected, found) = ("at least 1", 0.0);
            return Err(Error::Choice { metric: NAME, name: "k", expected, found });
        }
        Ok(Self { k, mean: Mean::default() })
    }

    counting!(
        [F] NAME,
        [usize],
        ArrayRef2<F>,
        "If the numbers of rows differ, a class has no column, or a score is NaN."
    );

    fn count<F: Float>(
        &mut self,
        truth: &[usize],
        scores: &ArrayRef2<F>,
        weights: Weights<'_>,
    ) -> Result<(), Error> {
        check_scores(NAME, truth, scores)?;
        for (row, (&class, scores)) in truth.iter().zip(scores.rows()).enumerate() {
            let hit = rank(class, scores) < self.k;
            self.mean.add(f64::from(u8::from(hit)), weights.of(row));
        }
        Ok(())
    }

    /// Adds what another one has counted.
    ///
    /// # Errors
    /// If it counts with another `k`.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.k != other.k {
            return Err(Error::OtherRule { metric: NAME });
        }
        self.mean.merge(other.mean);
        Ok(())
    }

    /// The share so far.
    ///
    /// # Errors
    /// If nothing has been counted.
    pub fn value(&self) -> Result<f64, Error> {
        self.mean.value(NAME)
    }
}

/// How many classes come before `class`.
fn rank<F: Float>(class: usize, scores: ArrayView1<'_, F>) -> usize {
    let own = scores[class];
    let before = |&(other, &score): &(usize, &F)| score > own || (score == own && other > class);
    scores.iter().enumerate().filter(before).count()
}
