//! The logistic sigmoid.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::sigmoid;

use crate::Activation;
use crate::tail::exp_factors;

/// The logistic function, PyTorch's `nn.Sigmoid`: every number becomes one between 0 and 1.
///
/// ```text
/// A[n,c] = σ(Z[n,c])        σ(z) = 1/(1 + e^(−z))
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// By the quotient rule, and because `1 − σ(z) = e^(−z)/(1 + e^(−z))`,
///
/// ```text
/// σ′(z) = e^(−z)/(1 + e^(−z))² = σ(z) (1 − σ(z))        dLdZ[n,c] = dLdA[n,c] σ′(Z[n,c])
/// ```
///
/// The textbook's form is `A (1 − A)`. `1 − A` has no digits left where `A` is nearly 1, so the
/// first form is used, with `|z|` in place of `z`, which changes nothing because `σ′` is even:
/// `σ′(z) = e^(−|z|)/(1 + e^(−|z|))²`. Its exponent is never positive and cannot overflow.
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Sigmoid};
/// use ndarray::{Array2, array};
///
/// let layer = Sigmoid;
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[8.0, 8.0, 8.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 0.5, 1.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 2.0, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sigmoid;

#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    sigmoid::<F>(z)
}

/// `e^(−|z|)/(1 + e^(−|z|))²`.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> [f64; 2] {
    let [e, factor] = exp_factors::<F>(z);
    let denominator = 1.0 + e * factor;
    [e / (denominator * denominator), factor]
}

impl Activation for Sigmoid {
    const NAME: &'static str = "Sigmoid";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
