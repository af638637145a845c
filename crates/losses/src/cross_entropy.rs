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
//! Class weights `w (C)` and label smoothing ε put `T` in the place of `Y`, as PyTorch defines them; a class index stands for
//! its one-hot row:
//!
//! | | |
//! |---|---|
//! | `T[n, c] = w[c]·((1 − ε)·Y[n, c] + ε/C)` | what each class of each row counts |
//! | `ℓ_n = −Σ_c T[n, c]·ln softmax(A)[n, c]` | the loss of a row |
//! | mean, class indices: `Σ_n ℓ_n / Σ_n w[y_n]` | over the rows that are not ignored |
//! | mean, rows: `Σ_n ℓ_n / N` | whatever the class weights; ignoring an index is an error |
//! | sum | without the denominator |
//!
//! If every row is ignored, or the targets' classes weigh nothing, the mean is 0 and so is the gradient: such a batch has
//! nothing to teach. PyTorch gives NaN, which would spoil the parameters.
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

use ndarray::{ArrayRef1, ArrayRef2, Ix1};
use tensor_core::functions::exponentials::{Exponentials, MAX_PART, sum_of, write};
use tensor_core::functions::product_or_zero;
use tensor_core::sums::Sum;
use tensor_core::{Error, Float};

use crate::loss::check_not_negative;
use crate::row::{self, RowLoss, check_class_weights, class_weight};
use crate::{EachLoss, Loss, Reduction, Targets, WeightedLoss};

/// Softmax cross-entropy on logits, PyTorch's `nn.CrossEntropyLoss`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropyLoss {
    config: CrossEntropyConfig,
}

/// Choices of a [`CrossEntropyLoss`]; PyTorch's defaults, but for the ignored index, which PyTorch sets to −100.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropyConfig {
    /// `w (C)`: what each class counts.
    pub weight: Option<Vec<f64>>,
    /// Rows with this label are left out. It need not be a class.
    pub ignore_index: Option<usize>,
    /// ε: how much of the target is spread evenly over all classes.
    pub label_smoothing: f64,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

const PLACE: &str = "cross-entropy";

impl CrossEntropyLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If a class weight is negative or not finite, or the smoothing not from 0 to 1. That there are `C` weights is checked
    /// with each batch.
    pub fn new(config: CrossEntropyConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "weight", config.weight.iter().flatten())?;
        let (name, range) = ("label_smoothing", "from 0 to 1");
        Error::check_hyperparameter(PLACE, name, range, config.label_smoothing, |e| {
            (0.0..=1.0).contains(&e)
        })?;
        Ok(Self { config })
    }

    /// The choices made.
    pub fn config(&self) -> &CrossEntropyConfig {
        &self.config
    }

    fn class_weight(&self, class: usize) -> f64 {
        class_weight(self.config.weight.as_deref(), class)
    }
}

impl<F: Float> RowLoss<F> for CrossEntropyLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = Targets<'a, F>;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check(&self, a: &ArrayRef2<F>, y: Targets<'_, F>) -> Result<(), Error> {
        check_class_weights(PLACE, a, self.config.weight.as_deref())?;
        y.check(PLACE, a, self.config.ignore_index)
    }

    fn count(&self, y: Targets<'_, F>, row: usize) -> Option<f64> {
        match y {
            Targets::Classes(labels) if Some(labels[row]) == self.config.ignore_index => None,
            Targets::Classes(labels) => Some(self.class_weight(labels[row])),
            Targets::Rows(_) => Some(1.0),
        }
    }

    #[inline(always)]
    fn row(
        &self,
        row: usize,
        a: &mut Exponentials<'_, F>,
        y: Targets<'_, F>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        match y {
            Targets::Classes(labels) if self.config.label_smoothing == 0.0 => {
                self.one_class(row, a, labels[row], gradient)
            }
            _ => self.all_classes(row, a, y, gradient),
        }
    }
}

impl CrossEntropyLoss {
    /// The row whose target is one class: `t` times its one-hot row, with the class's weight `t`.
    #[inline(always)]
    fn one_class<F: Float>(
        &self,
        row: usize,
        a: &mut Exponentials<'_, F>,
        label: usize,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let (rest, ln_sum) = a.sums(row);
        let (t, (shifted, power)) = (self.class_weight(label), a.value(row, label));
        if let Some((factor, da)) = gradient {
            let share = factor * t / (1.0 + rest);
            for start in a.starts() {
                write(da, start, a.part(row, start).1, |power| share * power);
            }
            let is_above_half = shifted == 0.0 && rest < 1.0;
            let slope =
                if is_above_half { largest(0.0, t, rest) } else { t * (power / (1.0 + rest)) - t };
            da[label] = F::of(factor * slope);
        }
        term(ln_sum, shifted, t)
    }

    /// The row whose targets `T` are numbers for all classes.
    #[inline(always)]
    fn all_classes<F: Float>(
        &self,
        row: usize,
        a: &mut Exponentials<'_, F>,
        y: Targets<'_, F>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        let (rest, ln_sum) = a.sums(row);
        let (n_classes, mut room) = (a.values().ncols(), [0.0; MAX_PART]);
        let (mut total, mut loss) = (Sum::<F>::default(), Sum::<F>::default());
        for start in a.starts() {
            let t = self.targets((y, row), (start, n_classes), &mut room);
            total = total.plus_all(sum_of(t, t, |t, _| t));
            let surprise = |shifted: f64, t: f64| term(ln_sum, shifted, t);
            loss = loss.plus_all(sum_of(a.part(row, start).0, t, surprise));
        }
        let Some((factor, da)) = gradient else { return loss.value() };
        let total = total.value();
        let share = total / (1.0 + rest);
        for start in a.starts() {
            let t = self.targets((y, row), (start, n_classes), &mut room);
            for (t, power) in t.iter_mut().zip(a.part(row, start).1) {
                *t = factor * (power * share - *t);
            }
            write(da, start, t, |gradient| gradient);
        }
        // A class above ½, which is the only largest one.
        if rest < 1.0 {
            let c = a.argmax(row);
            let mut others = Sum::<F>::default();
            for start in a.starts() {
                let t = self.targets((y, row), (start, n_classes), &mut room);
                if let Some(t) = c.checked_sub(start).and_then(|c| t.get_mut(c)) {
                    *t = 0.0;
                }
                others = others.plus_all(sum_of(t, t, |t, _| t));
            }
            da[c] = F::of(factor * largest(others.value(), total, rest));
        }
        loss.value()
    }

    /// `T[n, c]` of as many classes as there is room for, from the class `start` on.
    #[inline(always)]
    fn targets<'t, F: Float>(
        &self,
        (y, row): (Targets<'_, F>, usize),
        (start, n_classes): (usize, usize),
        room: &'t mut [f64; MAX_PART],
    ) -> &'t mut [f64] {
        let t = &mut room[..MAX_PART.min(n_classes - start)];
        let keep = 1.0 - self.config.label_smoothing;
        let spread = self.config.label_smoothing / n_classes as f64;
        match y {
            Targets::Classes(labels) => {
                t.fill(spread);
                if let Some(t) = labels[row].checked_sub(start).and_then(|c| t.get_mut(c)) {
                    *t = keep + spread;
                }
            }
            Targets::Rows(rows) => {
                let (rows, target) = (rows.row(row), |y: &F| keep * y.as_f64() + spread);
                match rows.to_slice() {
                    Some(y) => t.iter_mut().zip(&y[start..]).for_each(|(t, y)| *t = target(y)),
                    None => {
                        t.iter_mut().zip(rows.iter().skip(start)).for_each(|(t, y)| *t = target(y))
                    }
                }
            }
        }
        if let Some(weight) = &self.config.weight {
            t.iter_mut().zip(&weight[start..]).for_each(|(t, w)| *t *= w);
        }
        t
    }
}

/// `−T[n, c]·ln softmax(A)[n, c]`, as `((max − A[n, c]) + ln Σ)·T`: both are small where the answer is right. A class of weight 0
/// adds 0, even where its surprise is infinite.
#[inline(always)]
fn term(ln_sum: f64, shifted: f64, t: f64) -> f64 {
    product_or_zero(ln_sum - shifted, t)
}

/// `others − total·(1 − softmax)`: the gradient of a class above ½, where `total·softmax − target` would be of numbers that
/// are nearly equal. Where the answer is right, `softmax` rounds to 1 and the small gradient that is left would be lost.
///
/// `others` is `total` without the class's own target. Only a class that is alone the largest is above ½.
#[inline(always)]
fn largest(others: f64, total: f64, rest: f64) -> f64 {
    others - total * (rest / (1.0 + rest))
}

impl<F: Float> Loss<F> for CrossEntropyLoss {
    type Target<'a> = Targets<'a, F>;

    fn forward(&self, a: &ArrayRef2<F>, y: Targets<'_, F>) -> Result<F, Error> {
        row::pass(self, a, y, None, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        row::pass(self, a, y, None, Some(da))
    }
}

impl<F: Float> WeightedLoss<F> for CrossEntropyLoss {
    fn weighted(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        row::pass(self, a, y, Some(weights), da)
    }
}

impl<F: Float> EachLoss<F> for CrossEntropyLoss {
    type Samples = Ix1;

    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        each: &mut ArrayRef1<F>,
    ) -> Result<(), Error> {
        row::forward_each(self, a, y, each)
    }

    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        d_each: &ArrayRef1<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        row::backward_each(self, a, y, d_each, da)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use ndarray::{Array2, array};

    use super::{CrossEntropyConfig, CrossEntropyLoss};
    use crate::{Loss, Reduction, Targets};

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
                let config = CrossEntropyConfig { reduction, ..CrossEntropyConfig::default() };
                let loss = CrossEntropyLoss::new(config).unwrap();
                let mut da = Array2::from_elem((4, 2), f64::NAN);
                let expected = (160.0_f64 / 27.0).ln() * scale;
                assert_relative_eq!(
                    loss.forward(&logits(), y).unwrap(),
                    expected,
                    epsilon = 0.0,
                    max_relative = 1e-15
                );
                assert_relative_eq!(
                    loss.backward(&logits(), y, &mut da).unwrap(),
                    expected,
                    epsilon = 0.0,
                    max_relative = 1e-15
                );
                assert_relative_eq!(da, &gradient * scale, epsilon = 0.0, max_relative = 1e-15);
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
            epsilon = 0.0,
            max_relative = 1e-15
        );
        assert_relative_eq!(
            da,
            array![[-0.125, 0.125], [0.0, 0.0]],
            epsilon = 0.0,
            max_relative = 1e-14
        );
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
