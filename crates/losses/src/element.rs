//! What a loss on arrays has to say of itself: [`ElementLoss`], and [`ColumnLoss`] with a number
//! for each column.

use tensor_core::{Float, Wide};

use crate::domain::Domain;
use crate::reduction::Reduction;

/// A loss that compares two arrays of one shape, element by element: two formulas.
///
/// ```text
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) ℓ'(A[n, c], Y[n, c])          ℓ'(a, y) = ∂ℓ(a, y)/∂a
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets. `A[n, c]` stands in one term of the sum
/// only, so the gradient is that term's derivative. [`loss`](Self::loss) is `ℓ`,
/// [`derivative`](Self::derivative) is `ℓ'`; the loops, the reduction, sample weights and shape
/// checks are the same for all such losses. A type that implements this trait has [`Loss`],
/// [`EachLoss`] and [`SampleWeightedLoss`]. If the formulas also read a number for each column, as
/// those with a weight for each class do, implement [`ColumnLoss`] instead.
///
/// Elements come in `f64`, whatever the type `F` of the arrays, and the sum is `f64`; a result is
/// rounded to `F` once. `F` is there for functions whose accuracy depends on it, as
/// `tensor_core::functions::softplus::<F>` does. With `#[inline(always)]` on both formulas, the
/// loops run in vector instructions.
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// Of the calls that follow: if the shapes of predictions, targets and gradient differ, if there
/// are no predictions, or if one of them, or a target, lies outside its [`Domain`].
///
/// # Examples
///
/// ```
/// use losses::{ElementLoss, Loss, Reduction};
/// use ndarray::{Array2, array};
/// use tensor_core::Float;
///
/// /// `ℓ = ln cosh(a − y)`, `ℓ' = tanh(a − y)`.
/// struct LogCosh;
///
/// impl ElementLoss for LogCosh {
///     const NAME: &'static str = "log-cosh";
///     fn reduction(&self) -> Reduction {
///         Reduction::Mean
///     }
///     #[inline(always)]
///     fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
///         (a - y).cosh().ln()
///     }
///     #[inline(always)]
///     fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
///         (a - y).tanh()
///     }
/// }
///
/// let mut da = Array2::zeros((1, 2));
/// let loss = LogCosh.backward(&array![[1.0, 2.0]], &array![[1.0, 1.0]], &mut da)?;
/// assert_eq!(loss, (0.0 + 1.0_f64.cosh().ln()) / 2.0);
/// assert_eq!(da, array![[0.0, 1.0_f64.tanh() / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
///
/// [`Loss`]: crate::Loss
/// [`EachLoss`]: crate::EachLoss
/// [`SampleWeightedLoss`]: crate::SampleWeightedLoss
pub trait ElementLoss {
    /// The name in messages.
    const NAME: &'static str;

    /// Mean over the `N·C` elements, or sum.
    fn reduction(&self) -> Reduction;

    /// `ℓ(a, y)`.
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64;

    /// `ℓ'(a, y) = ∂ℓ/∂a`. Where `ℓ` has a corner, the loss's page says what is taken.
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64;

    /// Whether a derivative may be infinite in `f64` beside an ordinary loss, as that of `ln a`
    /// near 0: a mean or a weight may bring it back, so the gradient is looked at. No if left out.
    fn is_steep(&self) -> bool {
        false
    }

    /// What a prediction may be; any number if this is left out.
    fn predictions(&self) -> Domain {
        Domain::ANY
    }

    /// What a target may be; any number if this is left out.
    fn targets(&self) -> Domain {
        Domain::ANY
    }

    /// `ℓ(a, y)` where it has left the range of `f64`, or something on the way to it has. Without
    /// this, [`loss`](Self::loss).
    fn wide_loss<F: Float>(&self, a: f64, y: f64) -> Wide {
        self.loss::<F>(a, y).into()
    }

    /// `ℓ'(a, y)`, likewise. Without this, [`derivative`](Self::derivative).
    fn wide_derivative<F: Float>(&self, a: f64, y: f64) -> Wide {
        self.derivative::<F>(a, y).into()
    }
}

/// An element-by-element loss whose formulas also read a coefficient of the element's column.
///
/// ```text
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c], k[c])
/// dLdA[n, c] = (1/(N·C)) ℓ'(A[n, c], Y[n, c], k[c])         ℓ'(a, y, k) = ∂ℓ(a, y, k)/∂a
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets, `k (C)` the
/// [`coefficients`](Self::coefficients), all 1 if there are none. The rest is as for
/// [`ElementLoss`], which is the case without coefficients: whatever implements that trait has this
/// one. [`BceWithLogitsLoss`](crate::BceWithLogitsLoss) is one with them.
///
/// # Shapes
///
/// Predictions `A (N, C)`, targets `Y (N, C)`, coefficients `k (C)`, gradient `dLdA (N, C)`.
///
/// # Errors
///
/// Of the calls that follow: as for [`ElementLoss`], and if there are not `C` coefficients.
///
/// # Examples
///
/// ```
/// use losses::{ColumnLoss, Loss, Reduction};
/// use ndarray::{Array2, array};
/// use tensor_core::Float;
///
/// /// Squared errors in the unit of each column: `ℓ = k (a − y)²`, `ℓ' = 2 k (a − y)`.
/// struct ScaledSquares(Vec<f64>);
///
/// impl ColumnLoss for ScaledSquares {
///     const NAME: &'static str = "scaled squares";
///     const COEFFICIENTS: &'static str = "scale of each column";
///     fn reduction(&self) -> Reduction {
///         Reduction::Mean
///     }
///     fn coefficients(&self) -> Option<&[f64]> {
///         Some(&self.0)
///     }
///     #[inline(always)]
///     fn column_loss<F: Float>(&self, a: f64, y: f64, k: f64) -> f64 {
///         k * (a - y) * (a - y)
///     }
///     #[inline(always)]
///     fn column_derivative<F: Float>(&self, a: f64, y: f64, k: f64) -> f64 {
///         2.0 * k * (a - y)
///     }
/// }
///
/// let mut da = Array2::zeros((1, 2));
/// let (a, y) = (array![[3.0, 3.0]], array![[1.0, 1.0]]);
/// assert_eq!(ScaledSquares(vec![1.0, 10.0]).backward(&a, &y, &mut da)?, (4.0 + 40.0) / 2.0);
/// assert_eq!(da, array![[4.0 / 2.0, 40.0 / 2.0]]);
/// assert_eq!(
///     ScaledSquares(vec![1.0]).forward(&a, &y).unwrap_err().to_string(),
///     "scaled squares: scale of each column: expected shape (2), found (1)"
/// );
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub trait ColumnLoss {
    /// The name in messages.
    const NAME: &'static str;

    /// What the coefficients are called in messages.
    const COEFFICIENTS: &'static str;

    /// Mean over the `N·C` elements, or sum.
    fn reduction(&self) -> Reduction;

    /// `k (C)`; `None` stands for ones.
    fn coefficients(&self) -> Option<&[f64]>;

    /// `ℓ(a, y, k)`.
    fn column_loss<F: Float>(&self, a: f64, y: f64, k: f64) -> f64;

    /// `ℓ'(a, y, k) = ∂ℓ/∂a`.
    fn column_derivative<F: Float>(&self, a: f64, y: f64, k: f64) -> f64;

    /// Whether a derivative may be infinite in `f64` beside an ordinary loss, as that of `ln a`
    /// near 0: a mean or a weight may bring it back, so the gradient is looked at. No if left out.
    fn is_steep(&self) -> bool {
        false
    }

    /// What a prediction may be; any number if this is left out.
    fn predictions(&self) -> Domain {
        Domain::ANY
    }

    /// What a target may be; any number if this is left out.
    fn targets(&self) -> Domain {
        Domain::ANY
    }

    /// What a row of `columns` elements adds to the denominator of the mean; `columns` if this is
    /// left out: every element is a sample.
    fn samples_in_row(&self, columns: usize) -> usize {
        columns
    }

    /// `ℓ(a, y, k)` where it has left the range of `f64`, or something on the way to it has.
    fn wide_column_loss<F: Float>(&self, a: f64, y: f64, k: f64) -> Wide {
        self.column_loss::<F>(a, y, k).into()
    }

    /// `ℓ'(a, y, k)`, likewise.
    fn wide_column_derivative<F: Float>(&self, a: f64, y: f64, k: f64) -> Wide {
        self.column_derivative::<F>(a, y, k).into()
    }
}

/// Without coefficients. All of it is known to the compiler, so that nothing of them is left in a
/// loop.
impl<L: ElementLoss> ColumnLoss for L {
    const NAME: &'static str = L::NAME;
    const COEFFICIENTS: &'static str = "coefficients";

    fn reduction(&self) -> Reduction {
        ElementLoss::reduction(self)
    }

    #[inline(always)]
    fn coefficients(&self) -> Option<&[f64]> {
        None
    }

    #[inline(always)]
    fn column_loss<F: Float>(&self, a: f64, y: f64, _k: f64) -> f64 {
        self.loss::<F>(a, y)
    }

    #[inline(always)]
    fn column_derivative<F: Float>(&self, a: f64, y: f64, _k: f64) -> f64 {
        self.derivative::<F>(a, y)
    }

    fn is_steep(&self) -> bool {
        ElementLoss::is_steep(self)
    }

    fn predictions(&self) -> Domain {
        ElementLoss::predictions(self)
    }

    fn targets(&self) -> Domain {
        ElementLoss::targets(self)
    }

    fn wide_column_loss<F: Float>(&self, a: f64, y: f64, _k: f64) -> Wide {
        self.wide_loss::<F>(a, y)
    }

    fn wide_column_derivative<F: Float>(&self, a: f64, y: f64, _k: f64) -> Wide {
        self.wide_derivative::<F>(a, y)
    }
}
