//! What a loss is: the traits [`Loss`], [`EachLoss`] and [`SampleWeightedLoss`].

use ndarray::{ArrayRef, ArrayRef2, Dimension};
use tensor_core::{Error, Float};

/// A number `L(A, Y)` that says how far predictions `A` are from their targets `Y`, and its
/// gradient `dLdA`.
///
/// `A` has `N` rows, one a sample, and `C` columns. What `Y` is, the loss says:
/// [`Target`](Self::Target).
///
/// ```text
/// forward:   L          = (1/N) Σ_n ℓ_n              ℓ_n: the loss of sample n
/// backward:  dLdA[n, c] = (1/N) ∂ℓ_n/∂A[n, c]        only ℓ_n depends on row n of A
/// ```
///
/// # Where the 1/N comes from, and why no layer divides again
///
/// The loss is a mean, and the `1/N` in front of it stands in front of its gradient as well. That
/// is the only place where anything is divided by `N`. All that follows is the chain rule. In a
/// linear layer, for example, `Z[n, i] = Σ_j W[i, j] A[n, j] + b[i]`, and `W[i, j]` has a part in
/// every row of `Z`, so that
///
/// ```text
/// dLdW[i, j] = Σ_n dLdZ[n, i] A[n, j]
/// ```
///
/// is a plain sum over the samples. Each `dLdZ[n, i]` in it has its `1/N` from the loss already;
/// to divide the sum by `N` once more would make the gradient `N` times too small. With
/// [`Reduction::Sum`](crate::Reduction::Sum) nothing is divided anywhere.
///
/// # A loss keeps nothing
///
/// `backward` reads predictions and targets again instead of keeping those of the last `forward`,
/// and returns `L` as well: a training loop calls `backward` alone. Both can be called in any order
/// and any number of times; a validation loss computed in between changes nothing.
///
/// # Shapes
///
/// Predictions `A (N, C)`; targets `(N, C)`, or `(N)` for classes; gradient `dLdA (N, C)`.
///
/// # Errors
///
/// If there are no predictions, or if targets or gradient do not fit them. The gradient is then
/// unchanged.
///
/// # Examples
///
/// ```
/// use losses::{Loss, MseLoss};
/// use ndarray::{Array2, array};
///
/// // L = (1² + 3²)/2, dLdA = 2 (A − Y)/2.
/// let (a, y) = (array![[1.0], [2.0]], array![[0.0], [5.0]]);
/// let mut da = Array2::zeros((2, 1));
/// assert_eq!(MseLoss::default().forward(&a, &y)?, 5.0);
/// assert_eq!(MseLoss::default().backward(&a, &y, &mut da)?, 5.0);
/// assert_eq!(da, array![[1.0], [-3.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// A loss of your own that works element by element implements [`ElementLoss`] instead, and gets
/// this trait from it.
///
/// [`ElementLoss`]: crate::ElementLoss
pub trait Loss<F: Float> {
    /// What predictions are compared with: an array of their shape, or [`Targets`](crate::Targets)
    /// or [`Labels`](crate::Labels) for classes.
    type Target<'a>;

    /// `L(A, Y)`.
    ///
    /// # Shapes
    /// `a (N, C)`.
    ///
    /// # Errors
    /// If there are no predictions or the target does not fit them; nothing is broadcast.
    fn forward(&self, a: &ArrayRef2<F>, y: Self::Target<'_>) -> Result<F, Error>;

    /// Overwrites `da` with `dLdA` and returns `L(A, Y)`, the same bits as
    /// [`forward`](Self::forward).
    ///
    /// # Shapes
    /// `a (N, C)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for `forward`, and if `da` has another shape than `a`. `da` is then unchanged.
    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error>;
}

/// The loss of each sample, before mean or sum: PyTorch's `reduction="none"`.
///
/// A sample is an element for a loss that compares arrays, and a row for a loss on classes. With
/// `ℓ_s` the loss of sample `s`:
///
/// ```text
/// forward_each:   each[s]    = ℓ_s
/// backward_each:  dLdA[n, c] = Σ_s d_each[s] ∂ℓ_s/∂A[n, c]
/// ```
///
/// `d_each[s] = ∂L/∂ℓ_s` is the gradient of whatever number `L` you make of the samples' losses;
/// the second line is the chain rule. In [`backward`](Loss::backward), it is `1/N` for each.
///
/// The loss's own [`Reduction`](crate::Reduction) is not applied. To weight rows by numbers that do
/// not depend on their losses, [`SampleWeighted`](crate::SampleWeighted) is shorter.
///
/// # Shapes
///
/// Predictions `A (N, C)`; `each` and `d_each`, `(N, C)` where a sample is an element and `(N)`
/// where it is a row; gradient `dLdA (N, C)`.
///
/// # Errors
///
/// As for [`Loss`], and if `each` or `d_each` does not fit. What would have been written is then
/// unchanged.
///
/// # Examples
///
/// ```
/// use losses::{EachLoss, MseLoss};
/// use ndarray::{Array2, array};
///
/// let (a, y) = (array![[1.0, 2.0]], array![[1.0, 5.0]]);
/// let mut each = Array2::zeros((1, 2));
/// MseLoss::default().forward_each(&a, &y, &mut each)?;
/// assert_eq!(each, array![[0.0, 9.0]]);
///
/// // L = 10·ℓ[0, 0] + ½·ℓ[0, 1]: its gradient is 10·2 (A − Y) and ½·2 (A − Y).
/// let mut da = Array2::zeros((1, 2));
/// MseLoss::default().backward_each(&a, &y, &array![[10.0, 0.5]], &mut da)?;
/// assert_eq!(da, array![[0.0, -3.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub trait EachLoss<F: Float>: Loss<F> {
    /// `Ix2` where a sample is an element, `Ix1` where it is a row.
    type Samples: Dimension;

    /// Overwrites `each` with the loss of each sample; 0 for an ignored row.
    ///
    /// # Shapes
    /// `a (N, C)`, `each (N, C)` or `(N)`.
    ///
    /// # Errors
    /// As for [`forward`](Loss::forward), and if `each` has another shape. It is then unchanged.
    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        each: &mut ArrayRef<F, Self::Samples>,
    ) -> Result<(), Error>;

    /// Overwrites `da` with `Σ_s d_each[s] ∂ℓ_s/∂A`.
    ///
    /// # Shapes
    /// `a (N, C)`, `d_each (N, C)` or `(N)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for [`backward`](Loss::backward), and if `d_each` has another shape. `da` is then
    /// unchanged.
    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        d_each: &ArrayRef<F, Self::Samples>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error>;
}

/// A loss whose samples can be given weights; [`SampleWeighted`](crate::SampleWeighted) makes a
/// [`Loss`] of it.
///
/// With a weight `s_n ≥ 0` for each row and `ℓ_n` the loss of row `n`:
///
/// ```text
/// mean:  L          = Σ_n s_n ℓ_n / Σ_n s_n
///        dLdA[n, c] = s_n ∂ℓ_n/∂A[n, c] / Σ_m s_m
/// sum:   the same without the denominator
/// ```
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets as the loss has them, weights `s (N)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// As for [`Loss`], and if there is not one weight for each row, or one is negative or not finite.
///
/// # Examples
///
/// ```
/// use losses::{MseLoss, SampleWeightedLoss};
/// use ndarray::{Array2, array};
///
/// // Errors 1 and 2 with weights 1 and 3: L = (1·1 + 3·4)/(1 + 3).
/// let (a, y) = (array![[1.0], [2.0]], array![[0.0], [0.0]]);
/// let mut da = Array2::zeros((2, 1));
/// let loss = MseLoss::default().sample_weighted(&a, &y, &[1.0, 3.0], Some(&mut da))?;
/// assert_eq!(loss, 13.0 / 4.0);
/// assert_eq!(da, array![[1.0 * 2.0 / 4.0], [3.0 * 4.0 / 4.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub trait SampleWeightedLoss<F: Float>: Loss<F> {
    /// The loss in which row `n` counts `sample_weights[n]` times: a weight of 2 has the effect of
    /// a second copy of the row. With `da`, overwrites it with the gradient.
    ///
    /// A row of weight 0 is not looked at: it may hold NaN, and its gradient is 0. If every weight
    /// is 0, so is the loss.
    ///
    /// # Shapes
    /// `a (N, C)`, `sample_weights (N)`, `da (N, C)`.
    ///
    /// # Errors
    /// As for [`backward`](Loss::backward), and if there is not one weight for each row, or one is
    /// negative or not finite. `da` is then unchanged.
    fn sample_weighted(
        &self,
        a: &ArrayRef2<F>,
        y: Self::Target<'_>,
        sample_weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error>;
}
