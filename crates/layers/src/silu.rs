//! SiLU, also known as swish.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::product_or_zero;

use crate::Activation;
use crate::tail::{exp_factors, times_exp, where_exp_is_a_number};

/// The sigmoid-weighted linear unit, PyTorch's `nn.SiLU`; also known as swish.
///
/// ```text
/// A[n,c] = Z[n,c] σ(Z[n,c])        σ(z) = 1/(1 + e^(−z))
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// By the product rule,
///
/// ```text
/// f′(z) = σ(z) + z σ′(z)        σ′(z) = σ(z) (1 − σ(z))        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// `σ′` is the one of [`Sigmoid`](crate::Sigmoid), which keeps its digits in both tails. The value
/// is computed as `z/(1 + e^(−z))`, on the negative side as `z e^z/(1 + e^z)`: no exponent is
/// positive, so nothing overflows. At −∞ the value is the limit 0, where PyTorch's product gives
/// NaN.
///
/// (Elfwing, Uchibe and Doya, Neural Networks 107, 2018, <https://arxiv.org/abs/1702.03118>,
/// equations 4 and 6.)
///
/// In `f64` the result is within 4 units in the last place, its derivative within 8, down to the
/// smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Silu};
/// use ndarray::{Array2, array};
///
/// let layer = Silu;
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[4.0, 4.0, 4.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 0.0, 1e4]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 2.0, 4.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Silu;

/// `z σ(z) = z/(1 + e^(−z))`, with an exponent that is never positive. `z` times `σ(z)` would round
/// once more.
#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let [e, factor] = exp_factors::<F>(z);
    let below = product_or_zero(z, e) * factor;
    let numerator = if z >= 0.0 { z } else { below };
    numerator / (1.0 + e * factor)
}

/// `σ(z) + z σ′(z)`, with `e = e^(−|z|)`: `1/(1 + e) + z e/(1 + e)²`, on the negative side `e`
/// times `1/(1 + e) + z/(1 + e)²`, which may be as large as `z` while `dLdA` is near the largest
/// number.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> [f64; 2] {
    let z = where_exp_is_a_number(z);
    let factors = exp_factors::<F>(z);
    let e = factors[0] * factors[1];
    let denominator = 1.0 + e;
    let is_right = z >= 0.0;
    let (e, factors) = if is_right { (e, [1.0, 1.0]) } else { (1.0, factors) };
    times_exp(1.0 / denominator + z / (denominator * denominator) * e, factors)
}

impl Activation for Silu {
    const NAME: &'static str = "Silu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
