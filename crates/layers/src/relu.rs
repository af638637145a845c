//! ReLU.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{map, map2};

use crate::Activation;

/// The rectified linear unit, PyTorch's `nn.ReLU`: what is negative becomes 0.
///
/// ```text
/// A[n,c] = max(0, Z[n,c])
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// `f(z) = max(0, z)` is the constant 0 below 0 and `z` above, so
///
/// ```text
/// f′(z) = 1 where z > 0, 0 where z < 0        dLdZ[n,c] = dLdA[n,c] if Z[n,c] > 0, else 0
/// ```
///
/// At `z = 0` there is no derivative: every slope from 0 to 1 is a subgradient. 0 is the choice of
/// PyTorch and of the course notes (see the page `course` of the crate `models`).
///
/// *Why does backward read the output?* `A[n,c] > 0` exactly where `Z[n,c] > 0`, so the output
/// answers the question as well as the input. It is at hand in any case, because the layer above
/// reads it as its input, and it has just been in use: `Z` need not be fetched from memory once
/// more.
///
/// NaN stays NaN in the output, as in PyTorch. Backward gives NaN where `Z` or `dLdA` is NaN, where
/// PyTorch gives 0: a NaN is never hidden. An infinite `dLdA` at a slope of 0 gives 0.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Relu};
/// use ndarray::{Array2, array};
///
/// let layer = Relu;
/// let (z, da) = (array![[-1.0, 0.0, 2.0]], array![[10.0, 20.0, 30.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 0.0, 2.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 0.0, 30.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relu;

impl Activation for Relu {
    const NAME: &'static str = "Relu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        // A = max(0, Z), written as "0 if Z ≤ 0" because a NaN then stays NaN.
        map(z, a, |z| if z <= F::zero() { F::zero() } else { z });
    }

    fn chain<F: Float>(&self, [_, a, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        // dLdZ = dLdA where Z > 0, else 0. `A > 0` exactly where `Z > 0`, so the output serves.
        map2(a, da, dz, |a, da| {
            let kept = if a > F::zero() { da } else { F::zero() };
            if a.is_nan() || da.is_nan() { a + da } else { kept }
        });
    }
}
