//! `L = −1/N Σ_n Σ_c Y[n, c] · ln softmax(A)[n, c]`: softmax and cross-entropy in one, on logits.
//!
//! | | shape | |
//! |---|---|---|
//! | `A` | `(N, C)` | logits: any real numbers, no softmax before |
//! | `Y` | `(N)` class indices, or `(N, C)` rows | one-hot rows, or a probability for each class |
//! | `dLdA = (softmax(A)·Σ_c Y[n, c] − Y)/N` | `(N, C)` | `(softmax(A) − Y)/N` where rows of `Y` sum to 1 |
//!
//! With `m = max_c A[n, c]`, `ln softmax(A)[n, c] = (A[n, c] − m) − ln Σ_k e^(A[n, k] − m)`: no exponent is positive and no
//! logarithm is of 0, so logits of ±1e4 give a finite, right loss. The course's `ln(softmax + 1e-15)` stops at 34.5.
//!
//! ```
//! use losses::{CrossEntropyLoss, Loss, Targets};
//! use ndarray::{Array2, array};
//!
//! let logits = array![[0.0, 0.0], [1e4, -1e4]];
//! let mut da = Array2::zeros((2, 2));
//! let loss = CrossEntropyLoss::default().backward(&logits, Targets::Classes(&[1, 1]), &mut da)?;
//! assert_eq!(loss, (2.0_f64.ln() + 2e4) / 2.0);
//! assert_eq!(da, array![[0.25, -0.25], [0.5, -0.5]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::{ArrayRef1, ArrayRef2};
use tensor_core::reduce::{self, Compensated};
use tensor_core::special::log_sum_exp;
use tensor_core::{Error, Float};

use crate::loss::check_predictions;
use crate::{Loss, Reduction};

/// Softmax cross-entropy on logits, PyTorch's `nn.CrossEntropyLoss`. The mean is over the `N` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CrossEntropyLoss {
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

/// The right answers for a batch of `N` rows and `C` classes.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, F> {
    /// The class of each row, `(N)`, from 0 to `C − 1`.
    Classes(&'a [usize]),
    /// A weight for each class in each row, `(N, C)`: one-hot, or probabilities. Rows need not sum to 1.
    Rows(&'a ArrayRef2<F>),
}

const PLACE: &str = "cross-entropy";

impl CrossEntropyLoss {
    /// The one pass over the rows that forward and backward share; without `da` only the loss is computed.
    fn pass<F: Float>(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        mut da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        check_predictions(PLACE, a, da.as_deref())?;
        y.check(a)?;
        let scale = self.reduction.scale::<F>(a.nrows());
        let mut total = Compensated::default();
        for (n, a) in a.rows().into_iter().enumerate() {
            let lse = log_sum_exp(&a);
            // −ln softmax(A)[n, c], with both differences small where the answer is right.
            let surprise = |c: usize| (lse.max - a[c]) + lse.ln_sum;
            let (loss, weight) = match y {
                Targets::Classes(labels) => (surprise(labels[n]), F::one()),
                Targets::Rows(rows) => row_loss(&rows.row(n), surprise),
            };
            total.add(loss);
            if let Some(da) = da.as_deref_mut() {
                for (c, da) in da.row_mut(n).iter_mut().enumerate() {
                    let y = match y {
                        Targets::Classes(labels) if labels[n] == c => F::one(),
                        Targets::Classes(_) => F::zero(),
                        Targets::Rows(rows) => rows[[n, c]],
                    };
                    *da = scale * minus_target(surprise(c), weight, y); // dLdA = (softmax(A)·Σ_c Y − Y)/N
                }
            }
        }
        Ok(total.sum() * scale)
    }
}

/// `Σ_c Y[c]·surprise(c)` and `Σ_c Y[c]` of one row. A class of weight 0 adds 0, even where its surprise is infinite.
fn row_loss<F: Float>(y: &ArrayRef1<F>, surprise: impl Fn(usize) -> F) -> (F, F) {
    let term = |c: usize| {
        let (y, s) = (y[c], surprise(c));
        if y == F::zero() && !s.is_nan() { F::zero() } else { y * s }
    };
    (reduce::sum_by(y.len(), &term), reduce::sum_by(y.len(), &|c| y[c]))
}

/// `weight·softmax − y`, with `softmax = e^(−surprise)`.
///
/// Above ½ as `weight·(softmax − 1) + (weight − y)`: where the answer is right, `softmax` rounds to 1 and the small
/// gradient that is left would be lost.
fn minus_target<F: Float>(surprise: F, weight: F, y: F) -> F {
    if surprise < F::of(std::f64::consts::LN_2) {
        weight * (-surprise).exp_m1() + (weight - y)
    } else {
        weight * (-surprise).exp() - y
    }
}

impl<F: Float> Targets<'_, F> {
    fn check(&self, a: &ArrayRef2<F>) -> Result<(), Error> {
        let n_classes = a.ncols();
        match self {
            Self::Classes(labels) if labels.len() != a.nrows() => {
                Err(Error::shape("cross-entropy: labels", &[a.nrows()], &[labels.len()]))
            }
            Self::Classes(labels) => match labels.iter().position(|&label| label >= n_classes) {
                Some(row) => {
                    Err(Error::Label { place: PLACE.into(), row, n_classes, found: labels[row] })
                }
                None => Ok(()),
            },
            Self::Rows(rows) if rows.dim() != a.dim() => {
                Err(Error::shape("cross-entropy: target rows", a.shape(), rows.shape()))
            }
            Self::Rows(_) => Ok(()),
        }
    }
}

impl<F: Float> Loss<F> for CrossEntropyLoss {
    type Target<'a> = Targets<'a, F>;

    fn forward(&self, a: &ArrayRef2<F>, y: Targets<'_, F>) -> Result<F, Error> {
        self.pass(a, y, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        self.pass(a, y, Some(da))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{CrossEntropyLoss, Targets};
    use crate::{Loss, Reduction};

    /// Logits `ln 1, ln 3; ln 2, ln 2; ln 9, ln 1; 0, 0`: softmax `[¼ ¾; ½ ½; 9/10 1/10; ½ ½]`.
    fn logits() -> Array2<f64> {
        array![[1.0, 3.0], [2.0, 2.0], [9.0, 1.0], [1.0, 1.0]].mapv(f64::ln)
    }

    // Labels 1, 0, 0, 1: L = (ln 4/3 + ln 2 + ln 10/9 + ln 2)/4 = ln(4/3 · 2 · 10/9 · 2)/4 = ln(160/27)/4.
    // dLdA = (softmax − one-hot)/4 = [¼ −¼; −½ ½; −1/10 1/10; ½ −½]/4.
    #[test]
    fn four_by_two_by_hand() {
        let one_hot = array![[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
        let gradient = array![[0.25, -0.25], [-0.5, 0.5], [-0.1, 0.1], [0.5, -0.5]];
        for y in [Targets::Classes(&[1, 0, 0, 1]), Targets::Rows(&one_hot)] {
            for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
                let loss = CrossEntropyLoss { reduction };
                let mut da = Array2::from_elem((4, 2), f64::NAN);
                let expected = (160.0_f64 / 27.0).ln() * scale;
                assert_relative_eq!(
                    loss.forward(&logits(), y).unwrap(),
                    expected,
                    max_relative = 1e-15
                );
                assert_relative_eq!(
                    loss.backward(&logits(), y, &mut da).unwrap(),
                    expected,
                    max_relative = 1e-15
                );
                assert_relative_eq!(da, &gradient * scale, max_relative = 1e-15);
            }
        }
    }

    // Row 0 weighs its classes 1 and 2, which do not sum to 1: L₀ = ln 4 + 2 ln 4/3, dLdA₀ = 3·[¼ ¾] − [1 2] = [−¼ ¼].
    // Row 1 weighs nothing: L₁ = 0, dLdA₁ = 0.
    #[test]
    fn rows_need_not_sum_to_one() {
        let y = array![[1.0, 2.0], [0.0, 0.0]];
        let a = array![[1.0, 3.0], [2.0, 2.0]].mapv(f64::ln);
        let mut da = Array2::from_elem((2, 2), f64::NAN);
        let loss = CrossEntropyLoss::default().backward(&a, Targets::Rows(&y), &mut da).unwrap();
        assert_relative_eq!(
            loss,
            (4.0_f64.ln() + 2.0 * (4.0_f64 / 3.0).ln()) / 2.0,
            max_relative = 1e-15
        );
        assert_relative_eq!(da, array![[-0.125, 0.125], [0.0, 0.0]], max_relative = 1e-14);
    }

    #[test]
    fn far_logits_are_finite_and_right() {
        let a = array![[1e4_f32, -1e4], [1e4, -1e4]];
        let mut da = Array2::zeros((2, 2));
        let ce = CrossEntropyLoss::default();
        // Row 0 is right: loss e^(−2e4) = 0. Row 1 is wrong by 2e4.
        assert_eq!(ce.backward(&a, Targets::Classes(&[0, 1]), &mut da).unwrap(), 1e4);
        assert_eq!(da, array![[0.0, 0.0], [0.5, -0.5]]);
        // A right answer by a margin of 50: loss and gradient are e^(−50) to full relative accuracy, not 0.
        let mut da = Array2::zeros((1, 2));
        let loss = ce.backward(&array![[50.0_f64, 0.0]], Targets::Classes(&[0]), &mut da).unwrap();
        let tiny = (-50.0_f64).exp();
        assert_relative_eq!(loss, tiny, max_relative = 1e-15);
        assert_relative_eq!(da, array![[-tiny, tiny]], max_relative = 1e-15);
    }

    #[test]
    fn infinite_and_nan_logits() {
        let ce = CrossEntropyLoss::default();
        let mut da = Array2::zeros((1, 2));
        // A class that is ruled out costs nothing unless it is the answer.
        let ruled_out = array![[0.0, f64::NEG_INFINITY]];
        let one_hot = array![[1.0, 0.0]];
        assert_eq!(ce.backward(&ruled_out, Targets::Classes(&[0]), &mut da).unwrap(), 0.0);
        assert_eq!(ce.backward(&ruled_out, Targets::Rows(&one_hot), &mut da).unwrap(), 0.0);
        assert_eq!(da, array![[0.0, 0.0]]);
        assert_eq!(ce.forward(&ruled_out, Targets::Classes(&[1])).unwrap(), f64::INFINITY);
        for a in [array![[f64::NAN, 0.0]], array![[0.0, f64::NAN]]] {
            assert!(ce.backward(&a, Targets::Classes(&[0]), &mut da).unwrap().is_nan());
            assert!(ce.forward(&a, Targets::Rows(&one_hot)).unwrap().is_nan());
            assert!(da.iter().all(|g| g.is_nan()));
        }
    }

    #[test]
    fn bad_targets_are_named() {
        let ce = CrossEntropyLoss::default();
        let a = Array2::<f64>::zeros((3, 2));
        let rows = Array2::zeros((3, 1));
        let messages = [
            (Targets::Classes(&[0, 1]), "cross-entropy: labels: expected shape (3), found (2)"),
            (
                Targets::Classes(&[0, 2, 5]),
                "cross-entropy: expected a label below 2 in row 1, found 2",
            ),
            (
                Targets::Rows(&rows),
                "cross-entropy: target rows: expected shape (3, 2), found (3, 1)",
            ),
        ];
        for (y, message) in messages {
            let mut da = Array2::from_elem((3, 2), 7.0);
            assert_eq!(ce.forward(&a, y).unwrap_err().to_string(), message);
            assert_eq!(ce.backward(&a, y, &mut da).unwrap_err().to_string(), message);
            assert_eq!(da, Array2::from_elem((3, 2), 7.0), "a refused call writes nothing");
        }
    }

    /// Fault 1 of the notes: their second forward fails, because the first one overwrote a method with its result.
    #[test]
    fn fault_1_forward_may_be_called_any_number_of_times() {
        let ce = CrossEntropyLoss::default();
        let first = ce.forward(&logits(), Targets::Classes(&[1, 0, 0, 1])).unwrap();
        for _ in 0..3 {
            assert_eq!(
                ce.forward(&logits(), Targets::Classes(&[1, 0, 0, 1])).unwrap().to_bits(),
                first.to_bits()
            );
        }
    }

    /// Fault 2 of the notes: `ln(softmax + 1e-15)` saturates at 34.5.
    #[test]
    fn fault_2_the_loss_does_not_saturate() {
        let loss = CrossEntropyLoss::default()
            .forward(&array![[0.0, 100.0]], Targets::Classes(&[0]))
            .unwrap();
        assert_eq!(loss, 100.0);
    }

    /// Fault 7 of the notes: one line drops the 1/N of the gradient.
    #[test]
    fn fault_7_the_gradient_is_divided_by_n() {
        let mut da = Array2::zeros((4, 2));
        CrossEntropyLoss::default()
            .backward(&Array2::<f64>::zeros((4, 2)), Targets::Classes(&[0; 4]), &mut da)
            .unwrap();
        assert_eq!(da.row(0), array![-0.125, 0.125]);
    }
}
