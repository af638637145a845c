//! The layer that passes its input on.

use ndarray::ArrayRef2;
use tensor_core::Float;

use crate::Activation;

/// The layer that passes its input on, PyTorch's `nn.Identity`: for a place where an activation is
/// expected.
///
/// ```text
/// A[n,c] = Z[n,c]
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// `f(z) = z`, so `f′(z) = 1` and `dLdZ[n,c] = dLdA[n,c]`. Nothing is kept for backward.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Identity};
/// use ndarray::{Array2, array};
///
/// let layer = Identity;
/// let (z, da) = (array![[-1.0, 2.0]], array![[3.0, 4.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[-1.0, 2.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[3.0, 4.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity;

impl Activation for Identity {
    const NAME: &'static str = "Identity";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        a.assign(z);
    }

    fn chain<F: Float>(&self, [_, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        dz.assign(da); // dLdZ = dLdA
    }
}
