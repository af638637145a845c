//! A layer and a loss of one's own, each from two formulas: [`ElementwiseLayer`] and
//! [`ElementwiseLoss`].

use std::fmt;

use layers::Activation;
use losses::{ElementLoss, Reduction};
use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};

/// A layer of your own without weights, from a function and its derivative.
///
/// ```text
/// A[n,c] = f(Z[n,c])        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `L` the loss.
/// Both functions are called in `f64`, whatever the type of the model, and their results rounded
/// once. Where the derivative is 0, an infinite `dLdA` gives 0.
///
/// The short form for a program. [`Activation`] is the trait for a library: with choices, and with
/// formulas for each type of number.
///
/// # Shapes
/// `Z`, `A` and both gradients `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::Layer;
/// use ndarray::{Array2, array};
/// use training::ElementwiseLayer;
///
/// let square = ElementwiseLayer::new("Square", |z| z * z, |z| 2.0 * z);
/// let mut a = Array2::zeros((1, 2));
/// square.infer(&array![[3.0_f32, -1.0]], &mut a)?;
/// assert_eq!(a, array![[9.0, 1.0]]);
/// assert_eq!(format!("{square:?}"), "Square");
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ElementwiseLayer<V, D> {
    name: &'static str,
    value: V,
    derivative: D,
}

impl<V, D> ElementwiseLayer<V, D>
where
    V: Fn(f64) -> f64 + Copy + Send + Sync + 'static,
    D: Fn(f64) -> f64 + Copy + Send + Sync + 'static,
{
    /// A layer of the function `value` with this derivative. The name is what it is printed as.
    pub fn new(name: &'static str, value: V, derivative: D) -> Self {
        Self { name, value, derivative }
    }
}

impl<V, D> Activation for ElementwiseLayer<V, D>
where
    V: Fn(f64) -> f64 + Copy + Send + Sync + 'static,
    D: Fn(f64) -> f64 + Copy + Send + Sync + 'static,
{
    const NAME: &'static str = "ElementwiseLayer";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        let value = self.value;
        map_rounded(z, a, [], move |z, []: [f64; 0]| value(z)); // f(z)
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        let derivative = self.derivative;
        chain_rounded(z, da, dz, [], move |z, []: [f64; 0]| derivative(z)); // dLdA f′(z)
    }
}

/// A loss of your own that compares predictions and targets element by element, from a function and
/// its derivative.
///
/// ```text
/// L          = (1/(N·C)) Σ_n Σ_c ℓ(A[n, c], Y[n, c])
/// dLdA[n, c] = (1/(N·C)) ℓ'(A[n, c], Y[n, c])          ℓ'(a, y) = ∂ℓ(a, y)/∂a
/// ```
///
/// `A (N, C)` are the predictions, `Y (N, C)` the targets. Both functions are called in `f64`,
/// whatever the type of the model.
///
/// The short form for a program. [`ElementLoss`] is the trait for a library: a sum instead of the
/// mean, numbers that targets may be, formulas for where `f64` ends.
///
/// # Shapes
/// Predictions `A (N, C)`, targets `Y (N, C)`, gradient `dLdA (N, C)`.
///
/// # Examples
///
/// `ℓ = ln cosh(a − y)`, a square near 0 and a distance far from it, with `ℓ' = tanh(a − y)`:
///
/// ```
/// use losses::Loss;
/// use ndarray::{Array2, array};
/// use training::ElementwiseLoss;
///
/// let loss =
///     ElementwiseLoss::new("log-cosh", |a, y| (a - y).cosh().ln(), |a, y| (a - y).tanh());
/// let mut da = Array2::zeros((1, 2));
/// loss.backward(&array![[1.0, 2.0]], &array![[1.0, 1.0]], &mut da)?;
/// assert_eq!(da, array![[0.0, 1.0_f64.tanh() / 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct ElementwiseLoss<V, D> {
    name: &'static str,
    value: V,
    derivative: D,
}

impl<V: Fn(f64, f64) -> f64, D: Fn(f64, f64) -> f64> ElementwiseLoss<V, D> {
    /// A loss of the function `value`, of prediction and target, with this derivative by the
    /// prediction. The name is what it is printed as, and what a
    /// [`TrainingState`](crate::TrainingState) knows it by.
    pub fn new(name: &'static str, value: V, derivative: D) -> Self {
        Self { name, value, derivative }
    }
}

impl<V: Fn(f64, f64) -> f64, D: Fn(f64, f64) -> f64> ElementLoss for ElementwiseLoss<V, D> {
    const NAME: &'static str = "elementwise loss";

    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    #[inline(always)]
    fn loss<F: Float>(&self, a: f64, y: f64) -> f64 {
        (self.value)(a, y) // ℓ(a, y)
    }

    #[inline(always)]
    fn derivative<F: Float>(&self, a: f64, y: f64) -> f64 {
        (self.derivative)(a, y) // ℓ'(a, y)
    }
}

impl<V, D> fmt::Debug for ElementwiseLayer<V, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<V, D> fmt::Debug for ElementwiseLoss<V, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
