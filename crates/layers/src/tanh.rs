//! The hyperbolic tangent.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::tanh;

use crate::Activation;
use crate::tail::{exp_factors, times_exp};

/// The hyperbolic tangent, PyTorch's `nn.Tanh`: every number becomes one between −1 and 1.
///
/// ```text
/// A[n,c] = tanh(Z[n,c])        tanh(z) = (e^z − e^(−z))/(e^z + e^(−z))
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// By the quotient rule, with `tanh = sinh/cosh`, `sinh′ = cosh` and `cosh′ = sinh`,
///
/// ```text
/// tanh′(z) = (cosh²(z) − sinh²(z))/cosh²(z) = 1 − tanh²(z)
///
/// dLdZ[n,c] = dLdA[n,c] tanh′(Z[n,c])
/// ```
///
/// The textbook's form is `1 − A²`, which has no digits left where `A` is nearly ±1. With the
/// logistic function `σ` of [`Sigmoid`](crate::Sigmoid), `tanh(z) = 2σ(2z) − 1`, so
/// `tanh′(z) = 4σ′(2z)`, and that keeps them.
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Tanh};
/// use ndarray::{Array2, array};
///
/// let layer = Tanh;
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[3.0, 3.0, 3.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[-1.0, 0.0, 1.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 3.0, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tanh;

#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    tanh::<F>(z)
}

/// `1 − tanh²(z) = 4σ′(2z)`: the difference itself has no digits left where `tanh` rounds to ±1.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> [f64; 2] {
    let factors = exp_factors::<F>(2.0 * z);
    let denominator = 1.0 + factors[0] * factors[1];
    times_exp(4.0 / (denominator * denominator), factors)
}

impl Activation for Tanh {
    const NAME: &'static str = "Tanh";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
