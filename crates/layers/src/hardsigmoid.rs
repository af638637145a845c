//! The piecewise linear sigmoid.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};

use crate::Activation;

/// A sigmoid of three straight lines, PyTorch's `nn.Hardsigmoid`.
///
/// ```text
/// A[n,c] = 0 where Z[n,c] ≤ −3, 1 where Z[n,c] ≥ 3, (Z[n,c] + 3)/6 between
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// Each piece is a straight line, so `f′(z)` is its slope:
///
/// ```text
/// f′(z) = 1/6 where −3 < z < 3, 0 elsewhere        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// At the corners ±3 the derivative is 0, that of the outer side, as in PyTorch. NaN stays NaN in
/// both passes (PyTorch's gradient at NaN is 0). PyTorch's slope is 1/6 rounded to `f32` in `f64`
/// too, which is 3e-8 off; here it is 1/6.
///
/// (Howard et al., *Searching for MobileNetV3*, ICCV 2019, <https://arxiv.org/abs/1905.02244>,
/// section 5.2, where it stands as `ReLU6(z + 3)/6`.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Hardsigmoid};
/// use ndarray::{Array2, array};
///
/// let layer = Hardsigmoid;
/// let (z, da) = (array![[-4.0, -1.5, 0.0, 1.5, 4.0]], array![[6.0, 6.0, 6.0, 6.0, 6.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 5)), Array2::zeros((1, 5)));
/// layer.value(&z, &mut a);
/// assert_eq!(a, array![[0.0, 0.25, 0.5, 0.75, 1.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 1.0, 1.0, 1.0, 0.0]]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hardsigmoid;

/// 0, `(z + 3)/6` or 1. A NaN is on neither outer side.
#[inline(always)]
fn value(z: f64, []: [f64; 0]) -> f64 {
    let between = (z + 3.0) / 6.0;
    let right = if z >= 3.0 { 1.0 } else { between };
    if z <= -3.0 { 0.0 } else { right }
}

/// 1/6 between the corners, 0 outside, NaN for NaN.
#[inline(always)]
fn slope(z: f64, []: [f64; 0]) -> f64 {
    let outside = if z.is_nan() { z } else { 0.0 };
    if z.abs() < 3.0 { 1.0 / 6.0 } else { outside }
}

impl Activation for Hardsigmoid {
    const NAME: &'static str = "Hardsigmoid";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope);
    }
}
