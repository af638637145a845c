//! Softplus.

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::ln_1p;
use tensor_core::{Error, Float};

use crate::Activation;
use crate::constants::check_positive_factor;
use crate::tail::exp_factors;

/// A ReLU without a corner, PyTorch's `nn.Softplus`.
///
/// ```text
/// A[n,c] = ln(1 + e^(β Z[n,c]))/β
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place; the corner is the
/// sharper the larger `β` is, 1 by default.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// By the chain rule, and after division of numerator and denominator by `e^(βz)`,
///
/// ```text
/// f′(z) = 1/β · β e^(βz)/(1 + e^(βz)) = 1/(1 + e^(−βz)) = σ(βz)
///
/// dLdZ[n,c] = dLdA[n,c] σ(β Z[n,c])
/// ```
///
/// with the logistic function `σ` of [`Sigmoid`](crate::Sigmoid). It is computed from the input.
///
/// `e^(βz)` overflows for large `βz`, so the value is computed as
/// `max(0, z) + ln(1 + e^(−|βz|))/β`, in which `βz` may overflow as well. PyTorch switches to the
/// identity above `βz = 20`, an error of up to 2e-9; here the formula holds everywhere.
///
/// (Glorot, Bordes and Bengio, *Deep Sparse Rectifier Neural Networks*, AISTATS 2011,
/// <https://proceedings.mlr.press/v15/glorot11a.html>.)
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Softplus};
/// use ndarray::{Array2, array};
///
/// let layer = Softplus::default();
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[4.0, 4.0, 4.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, std::f64::consts::LN_2, 1e4]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 2.0, 4.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softplus {
    beta: f64,
}

/// β = 1, as in PyTorch.
impl Default for Softplus {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Softplus {
    /// A softplus whose corner is the sharper the larger `beta` is.
    ///
    /// # Errors
    /// If `beta` is not a positive normal number of `f32`: one rule for both types.
    pub fn new(beta: f64) -> Result<Self, Error> {
        check_positive_factor("Softplus", "beta", beta)?;
        Ok(Self { beta })
    }

    /// The sharpness of the corner.
    pub fn beta(&self) -> f64 {
        self.beta
    }
}

/// `ln(1 + e^(βz))/β = max(0, z) + ln(1 + e^(−|βz|))/β`: where `βz` overflows, the logarithm is 0.
#[inline(always)]
fn value<F: Float>(z: f64, [beta]: [f64; 1]) -> f64 {
    let [e, factor] = exp_factors::<F>(beta * z);
    // Where there is a factor, ln(1 + e) is e to all digits.
    let logarithm = if factor < 1.0 { e } else { ln_1p::<F>(e) };
    z.max(0.0) + logarithm / beta * factor
}

/// `σ(βz)`.
#[inline(always)]
fn slope<F: Float>(z: f64, [beta]: [f64; 1]) -> [f64; 2] {
    let z = beta * z;
    let [e, factor] = exp_factors::<F>(z);
    let denominator = 1.0 + e * factor;
    if z >= 0.0 { [1.0 / denominator, 1.0] } else { [e / denominator, factor] }
}

impl Activation for Softplus {
    const NAME: &'static str = "Softplus";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.beta], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.beta], slope::<F>);
    }
}
