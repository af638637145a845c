//! Hardswish.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};

use crate::Activation;

/// SiLU with a piecewise linear sigmoid, PyTorch's `nn.Hardswish`.
///
/// ```text
/// A[n,c] = 0 where Z[n,c] ≤ −3, Z[n,c] where Z[n,c] ≥ 3, Z[n,c] (Z[n,c] + 3)/6 between
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place: `z` times
/// [`Hardsigmoid`](crate::Hardsigmoid) of `z`.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// Between the two corners `f(z) = z²/6 + z/2`, so
///
/// ```text
/// f′(z) = 0 where z ≤ −3, 1 where z ≥ 3, z/3 + ½ between        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// At the corners, where the sides have the slopes 0 and −½, and 3/2 and 1, the derivative is that
/// of the outer side, as in PyTorch 2.15. It is computed as `(2z + 3)/6`, which keeps its digits at
/// the zero `z = −3/2`. NaN stays NaN in both passes (PyTorch's gradient at NaN is 1), and at −∞
/// the value is the limit 0, where PyTorch's product gives NaN.
///
/// (Howard et al., *Searching for MobileNetV3*, ICCV 2019, <https://arxiv.org/abs/1905.02244>,
/// section 5.2.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Hardswish};
/// use ndarray::{Array2, array};
///
/// let layer = Hardswish;
/// let (z, da) = (array![[-4.0, -1.5, 0.0, 1.5, 4.0]], array![[8.0, 8.0, 8.0, 8.0, 8.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 5)), Array2::zeros((1, 5)));
/// layer.value(&z, &mut a);
/// assert_eq!(a, array![[0.0, -0.375, 0.0, 1.125, 4.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 0.0, 4.0, 8.0, 8.0]]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hardswish;

/// 0, `z (z + 3)/6` or `z`. A NaN is on neither outer side.
#[inline(always)]
fn value(z: f64, []: [f64; 0]) -> f64 {
    let between = z * (z + 3.0) / 6.0;
    let right = if z >= 3.0 { z } else { between };
    if z <= -3.0 { 0.0 } else { right }
}

/// 0, `(2z + 3)/6` or 1.
#[inline(always)]
fn slope(z: f64, []: [f64; 0]) -> f64 {
    let between = (2.0 * z + 3.0) / 6.0;
    let right = if z >= 3.0 { 1.0 } else { between };
    if z <= -3.0 { 0.0 } else { right }
}

impl Activation for Hardswish {
    const NAME: &'static str = "Hardswish";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope);
    }
}
