//! Softmax and cross-entropy in one, on logits.

mod row;
mod row_targets;

use ndarray::{ArrayRef1, ArrayRef2, Ix1};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::{Error, Float, Wide};

use crate::check::check_not_negative;
use crate::loss::{EachLoss, Loss, SampleWeightedLoss};
use crate::range::{are_safe, is_target_safe, is_weight_safe};
use crate::reduction::Reduction;
use crate::row::{Classes, RowLoss};
use crate::targets::Targets;
use row::{all_classes, one_class, wide};
use row_targets::{RowTargets, Y};

/// Softmax and cross-entropy in one, on logits: PyTorch's `nn.CrossEntropyLoss`.
///
/// ```text
/// P[n, c]    = exp(A[n, c]) / Σ_k exp(A[n, k])     softmax: the predicted probabilities
/// ℓ_n        = −Σ_c Y[n, c] ln P[n, c]             the loss of a sample
/// L          = (1/N) Σ_n ℓ_n                       the loss
/// dLdA[n, c] = (1/N) (P[n, c] − Y[n, c])           its gradient, if rows of Y sum to 1
/// ```
///
/// - `A[n, c]`: the logit of class `c` for sample `n`, any real number. The model ends in a linear
///   layer: no softmax before this loss.
/// - `Y[n, c]`: the target probability of class `c` for sample `n`. Of a class label `y[n]`, it is
///   the one-hot row: 1 for `c = y[n]`, else 0. [`Targets`] is either.
///
/// # Why softmax(A) − Y
///
/// Write `S_n = Σ_k exp(A[n, k])`. Then `ln P[n, c] = A[n, c] − ln S_n`, and
///
/// ```text
/// ℓ_n = −Σ_c Y[n, c] A[n, c] + (Σ_c Y[n, c]) ln S_n
/// ```
///
/// Take the derivative with respect to one logit `A[n, k]`. It is in one term of the first sum, and
/// `∂ ln S_n/∂A[n, k] = exp(A[n, k])/S_n = P[n, k]`:
///
/// ```text
/// ∂ℓ_n/∂A[n, k] = −Y[n, k] + (Σ_c Y[n, c]) P[n, k]
///               = P[n, k] − Y[n, k]                where Σ_c Y[n, c] = 1
/// ```
///
/// The first line holds for any rows. A class gets more gradient the more its probability exceeds
/// the target; where they agree, it is 0. That softmax and cross-entropy are one loss has this
/// reason: apart, the derivative of the loss divides by `P[n, c]`, which may be 0, and that of the
/// softmax multiplies by it again.
///
/// # Where the 1/N comes from
///
/// From the mean in `L`: row `n` of `A` is in `ℓ_n` only, and `ℓ_n` has the factor `1/N`. So has
/// `dLdA`, and through the chain rule all that is computed from it. No layer divides again: with
/// `A[n, i] = Σ_j W[i, j] X[n, j] + b[i]`, the sum `dLdW[i, j] = Σ_n dLdA[n, i] X[n, j]` is the
/// gradient of the mean already. [`Loss`] says more.
///
/// # Label smoothing and class weights
///
/// With label smoothing `ε` and class weights `w[c]`, both from [`CrossEntropyConfig`], `T` takes
/// the place of `Y`:
///
/// ```text
/// T[n, c]       = w[c] ((1 − ε) Y[n, c] + ε/C)
/// ℓ_n           = −Σ_c T[n, c] ln P[n, c]
/// ∂ℓ_n/∂A[n, k] = (Σ_c T[n, c]) P[n, k] − T[n, k]
/// ```
///
/// Smoothing moves a part `ε` of each row from the correct class to all `C` evenly. With `ε = 0.1`
/// and four classes, `[0 0 1 0]` becomes `[0.025 0.025 0.925 0.025]`. The gradient is 0 where
/// `P = T`, which finite logits reach. `P = Y` for a one-hot row they only approach, and grow
/// without bound.
///
/// # The mean, and what an ignored class does to it
///
/// | targets | mean |
/// |---|---|
/// | classes `y[n]` | `Σ_n ℓ_n / Σ_n w[y[n]]`, both over the rows that are not ignored |
/// | rows `Y[n, :]` | `Σ_n ℓ_n / N`, whatever the class weights |
///
/// A row whose label is [`ignore_index`](CrossEntropyConfig::ignore_index) has no loss and the
/// gradient 0, and is not counted: if one of four rows is ignored, the mean is over three and the
/// gradients of the other rows are a third larger. With [`Reduction::Sum`] there are no
/// denominators.
///
/// If every row is ignored, or the classes of all labels have weight 0, loss and gradient are 0:
/// nothing can be learned from such a batch. PyTorch returns NaN, which would spoil the parameters.
///
/// # Far from zero
///
/// Exponentials are of `A[n, c] − max_k A[n, k]`, which is never positive, and the logarithm is of
/// a sum of at least 1: logits of ±10000 give a finite, correct loss, and a correct answer by a
/// margin of 50 costs `e^−50`, not 0. `−ln(P + 1e-15)`, which the course notes (see the page
/// `course` of the crate `models`) compute, cannot exceed 34.5.
///
/// # Shapes
///
/// Logits `A (N, C)`, targets `y (N)` or `Y (N, C)`, class weights `w (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If there are no predictions, if targets, class weights or `dLdA` do not fit them, if a label is
/// neither a class nor the ignored index, if a number of a target row is negative or infinite, or
/// if an index is to be ignored and the targets are rows. NaN is no error: it comes out again.
///
/// # Examples
///
/// ```
/// use losses::{CrossEntropyLoss, Loss, Targets};
/// use ndarray::{Array2, array};
///
/// // softmax(A) = [½ ½; 0 1], Y = [0 1; 1 0], N = 2.
/// let logits = array![[0.0, 0.0], [-1e4, 1e4]];
/// let mut da = Array2::zeros((2, 2));
/// let loss = CrossEntropyLoss::default().backward(&logits, Targets::Classes(&[1, 0]), &mut da)?;
/// assert_eq!(loss, (2.0_f64.ln() + 2e4) / 2.0);
/// assert_eq!(da, array![[0.5, -0.5], [-1.0, 1.0]] / 2.0);
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// PyTorch's labels, with its ignored index:
///
/// ```
/// use losses::{CrossEntropyConfig, CrossEntropyLoss, IGNORE_INDEX, Loss, Targets};
/// use ndarray::{Array2, array};
///
/// let config =
///     CrossEntropyConfig { ignore_index: Some(IGNORE_INDEX), ..CrossEntropyConfig::default() };
/// let (logits, labels) = (array![[0.0, 0.0], [3.0, 4.0]], [1_i64, -100]);
/// let mut da = Array2::zeros((2, 2));
/// CrossEntropyLoss::new(config)?.backward(&logits, Targets::Signed(&labels), &mut da)?;
/// assert_eq!(da, array![[0.5, -0.5], [0.0, 0.0]]); // divided by 1, not by 2
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropyLoss {
    config: CrossEntropyConfig,
}

/// Choices of a [`CrossEntropyLoss`], which says what they do; PyTorch's defaults, but for the
/// ignored index: PyTorch ignores [`IGNORE_INDEX`](crate::IGNORE_INDEX) unasked.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CrossEntropyConfig {
    /// `w (C)`: what each class counts.
    pub class_weights: Option<Vec<f64>>,
    /// Rows with this label are left out. It need not be a class.
    pub ignore_index: Option<i64>,
    /// `ε`, from 0 to 1: how much of the target is spread evenly over all classes.
    pub label_smoothing: f64,
    /// Mean or sum over the rows.
    pub reduction: Reduction,
}

const PLACE: &str = "cross-entropy";

impl CrossEntropyLoss {
    /// A loss with the given choices.
    ///
    /// # Errors
    /// If a class weight is negative or not finite, or the smoothing not from 0 to 1. That there
    /// are `C` weights is checked with each batch.
    pub fn new(config: CrossEntropyConfig) -> Result<Self, Error> {
        check_not_negative(PLACE, "class_weights", config.class_weights.iter().flatten())?;
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

    #[inline(always)]
    fn row_targets<'a, F>(&'a self, y: Y<'a, F>, n_classes: usize) -> RowTargets<'a, F> {
        let (epsilon, class_weights) =
            (self.config.label_smoothing, self.config.class_weights.as_deref());
        RowTargets { y, n_classes, epsilon, class_weights }
    }

    #[inline(always)]
    fn classes(&self) -> Classes<'_> {
        let weights = self.config.class_weights.as_deref();
        Classes { weights, ignore_index: self.config.ignore_index }
    }
}

impl<F: Float> RowLoss<F> for CrossEntropyLoss {
    const NAME: &'static str = PLACE;
    type Target<'a> = Targets<'a, F>;

    fn reduction(&self) -> Reduction {
        self.config.reduction
    }

    fn check(
        &self,
        a: &ArrayRef2<F>,
        y: Targets<'_, F>,
        sample_weights: Option<&[F]>,
    ) -> Result<(), Error> {
        self.classes().check_weights(PLACE, a)?;
        y.check(PLACE, a, self.config.ignore_index, sample_weights)
    }

    fn class_weights(&self) -> Option<&[f64]> {
        self.config.class_weights.as_deref()
    }

    // ε/C, (1 − ε) Y and w times their sum: digits that these lose, a large −ln P would show.
    fn are_factors_safe(&self) -> bool {
        let (w, epsilon) = (self.config.class_weights.as_deref(), self.config.label_smoothing);
        are_safe(w) && is_weight_safe(epsilon)
    }

    fn is_target_safe(&self, y: Targets<'_, F>, n: usize) -> bool {
        let multiplied = self.config.class_weights.is_some() && self.config.label_smoothing == 0.0;
        match y.labels() {
            Err(rows) if multiplied => rows.row(n).iter().all(|y| is_target_safe(*y)),
            _ => true,
        }
    }

    /// `w[y[n]]` of a class, 1 of a row.
    #[inline(always)]
    fn count(&self, y: Targets<'_, F>, n: usize) -> Option<f64> {
        match y.labels() {
            Ok(y) => self.classes().count(y, n),
            Err(_) => Some(1.0),
        }
    }

    #[inline(always)]
    fn row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Targets<'_, F>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64 {
        match Y::new(y, n) {
            Y::Class(class) if self.config.label_smoothing == 0.0 => {
                one_class(n, a, (class, self.classes().weight(class)), gradient)
            }
            y => all_classes(n, a, &self.row_targets(y, a.values().ncols()), gradient),
        }
    }

    fn wide_row(
        &self,
        n: usize,
        a: &mut Exponentials<'_, F>,
        y: Targets<'_, F>,
        gradient: Option<(Wide, &mut ArrayRef1<F>)>,
    ) -> Wide {
        let x = a.values().row(n);
        wide(x, &self.row_targets(Y::new(y, n), x.len()), gradient)
    }
}

crate::row::row_loss!(CrossEntropyLoss, Targets<'a, F>, Targets<'_, F>);
