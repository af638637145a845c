//! ELU.

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::exp_m1;
use tensor_core::{Error, Float};

use crate::Activation;
use crate::constants::check_factor;
use crate::tail::{exp_factors, times_exp};

/// The exponential linear unit, PyTorch's `nn.ELU`: a ReLU that bends smoothly toward `−α`.
///
/// ```text
/// A[n,c] = Z[n,c] where Z[n,c] > 0, α (e^Z[n,c] − 1) elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place; `−α` is the limit
/// of the negative side, −1 by default.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// ```text
/// f′(z) = 1 where z > 0, α e^z elsewhere        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// At `z = 0`, where the two sides meet, the derivative is the negative side's, `α`; for `α = 1`
/// there is no kink.
///
/// Two forms keep digits that the textbook's would lose. Forward: `e^z − 1` is computed as one
/// function, `exp_m1`, because the difference has no digits left near 0. Backward: `α e^z` is
/// computed from the input. `A + α`, which is equal to it, has no digits left where `A` is nearly
/// `−α`.
///
/// (Clevert, Unterthiner and Hochreiter, ICLR 2016, <https://arxiv.org/abs/1511.07289>, section 3.)
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Elu};
/// use ndarray::{Array2, array};
///
/// let layer = Elu::default();
/// let (z, da) = (array![[-1e4, 0.0, 2.0]], array![[5.0, 5.0, 5.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[-1.0, 0.0, 2.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 5.0, 5.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elu {
    alpha: f64,
}

/// α = 1, as in PyTorch.
impl Default for Elu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Elu {
    /// An ELU that tends to `−alpha` on the negative side.
    ///
    /// # Errors
    /// If `alpha` is neither 0 nor a normal number of `f32`: one rule for both types.
    pub fn new(alpha: f64) -> Result<Self, Error> {
        check_factor("Elu", "alpha", alpha)?;
        Ok(Self { alpha })
    }

    /// The negated limit of the negative side.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }
}

/// `z` where `z > 0`, `α (e^z − 1)` elsewhere. By `exp_m1`: the difference itself would lose all
/// digits near 0.
#[inline(always)]
fn value<F: Float>(z: f64, [alpha]: [f64; 1]) -> f64 {
    // Computed for every z, so that there is no branch.
    let below = alpha * exp_m1::<F>(z);
    if z > 0.0 { z } else { below }
}

/// 1 where `z > 0`, `α e^z` elsewhere. From the input: `a + α` would lose the digits of the tail.
#[inline(always)]
fn slope<F: Float>(z: f64, [alpha]: [f64; 1]) -> [f64; 2] {
    let below = times_exp(alpha, exp_factors::<F>(z));
    if z > 0.0 { [1.0, 1.0] } else { below }
}

impl Activation for Elu {
    const NAME: &'static str = "Elu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.alpha], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.alpha], slope::<F>);
    }
}
