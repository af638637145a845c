//! CELU.

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{exp, exp_m1};
use tensor_core::{Error, Float};

use crate::Activation;
use crate::constants::check_positive_factor;

/// The continuously differentiable ELU, PyTorch's `nn.CELU`: it bends toward `−α` without a kink
/// for any `α`.
///
/// ```text
/// A[n,c] = Z[n,c] where Z[n,c] > 0, α (e^(Z[n,c]/α) − 1) elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place; `−α` is the limit
/// of the negative side, −1 by default. For `α = 1` this is [`Elu`](crate::Elu).
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there. On the
/// negative side the chain rule gives `α e^(z/α) · 1/α`:
///
/// ```text
/// f′(z) = 1 where z > 0, e^(z/α) elsewhere        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// At `z = 0` both sides have the slope 1. As in [`Elu`](crate::Elu), `e^(z/α) − 1` is computed as
/// one function, `exp_m1`, and the derivative from the input. Where `|z/α|` is below 1e-17 the
/// value is `z`, which it is to the last digit, so that a quotient that underflows does no harm.
///
/// The rounding of `z/α` would count `|z/α|` times in the exponential. In `f64` the derivative is
/// therefore multiplied by `1 + r`, with the remainder `r = (z − α·quotient)/α`, which a fused
/// multiply-add gives exactly. Value and derivative are within 4 units in the last place
/// everywhere, in `f32` within 0.501.
///
/// (Barron, *Continuously Differentiable Exponential Linear Units*, 2017,
/// <https://arxiv.org/abs/1704.07483>.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Celu};
/// use ndarray::{Array2, array};
///
/// let layer = Celu::new(2.0)?;
/// let (z, da) = (array![[-1e4, 0.0, 3.0]], array![[5.0, 5.0, 5.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.value(&z, &mut a);
/// assert_eq!(a, array![[-2.0, 0.0, 3.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 5.0, 5.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Celu {
    alpha: f64,
}

/// α = 1, as in PyTorch.
impl Default for Celu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Celu {
    /// A CELU that tends to `−alpha` on the negative side.
    ///
    /// # Errors
    /// If `alpha` is not a positive normal number of `f32`: one rule for both types. (PyTorch takes
    /// negative ones too, for which the negative side grows without a bound.)
    pub fn new(alpha: f64) -> Result<Self, Error> {
        check_positive_factor("Celu", "alpha", alpha)?;
        Ok(Self { alpha })
    }

    /// The negated limit of the negative side.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }
}

/// Below this `e^r − 1` is `r`: the next term is `r/2` of it, a tenth of a rounding.
const TINY: f64 = 1e-17;

/// `z` where `z > 0`, `α (e^(z/α) − 1)` elsewhere.
#[inline(always)]
fn value<F: Float>(z: f64, [alpha]: [f64; 1]) -> f64 {
    let ratio = z / alpha;
    // Computed for every z, so that there is no branch.
    let below = alpha * exp_m1::<F>(ratio);
    if z > 0.0 || ratio.abs() < TINY { z } else { below }
}

/// 1 where `z > 0`, `e^(z/α)` elsewhere; in `f64` with what the rounding of `z/α` has left out.
#[inline(always)]
fn slope<F: Float>(z: f64, [alpha]: [f64; 1]) -> f64 {
    let ratio = z / alpha;
    let below = exp::<F>(ratio);
    let has_rest = !F::NARROW && ratio.is_finite();
    let rest = if has_rest { (-ratio).mul_add(alpha, z) / alpha } else { 0.0 };
    if z > 0.0 { 1.0 } else { below + below * rest }
}

impl Activation for Celu {
    const NAME: &'static str = "Celu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.alpha], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.alpha], slope::<F>);
    }
}
