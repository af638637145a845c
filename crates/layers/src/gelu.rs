//! `A = Z·Φ(Z)` with the normal distribution function `Φ`: every input weighted by how likely a normal number is smaller.
//!
//! | form | `A` | PyTorch |
//! |---|---|---|
//! | exact | `Z·Φ(Z)`, `Φ(z) = ½ erfc(−z/√2)` | `nn.GELU()` |
//! | tanh | `Z·½(1 + tanh u)`, `u = √(2/π)(Z + 0.044715 Z³)` | `nn.GELU(approximate="tanh")` |
//!
//! (Hendrycks and Gimpel, 2016, <https://arxiv.org/abs/1606.08415>, section 2.)
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Gelu, Layer};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Gelu::Exact.infer(&array![[0.0, 1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[0.0, 1e4, 0.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::normal::{cdf, cdf_and_density};
use tensor_core::functions::{product_or_zero, sigmoid, sigmoid_derivative};

use crate::Activation;

/// The Gaussian error linear unit, PyTorch's `nn.GELU`.
///
/// At −∞ the value is the limit 0, where PyTorch's product gives NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gelu {
    /// With the error function.
    #[default]
    Exact,
    /// With the tanh approximation, off by up to 5e-4: for models that were trained with it.
    Tanh,
}

/// `√(2/π)`, twice: `½(1 + tanh u) = σ(2u)`, and only `2u` is ever needed.
const TWO_SQRT_2_OVER_PI: f64 =
    2.0 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
/// The coefficient of the cubic term.
const CUBIC: f64 = 0.044_715;

#[inline(always)]
fn exact<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    product_or_zero(z, cdf::<F>(z))
}

/// `dA/dZ = Φ(Z) + Z Φ′(Z)`.
#[inline(always)]
fn exact_slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let (cdf, density) = cdf_and_density::<F>(z);
    cdf + product_or_zero(z, density)
}

/// `2u = 2√(2/π)(z + 0.044715 z³)`.
#[inline(always)]
fn two_u(z: f64) -> f64 {
    TWO_SQRT_2_OVER_PI * z * (1.0 + CUBIC * z * z)
}

/// `½(1 + tanh u) = σ(2u)`: the sum itself has no digits left where `tanh u` rounds to −1.
#[inline(always)]
fn tanh_form<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    product_or_zero(z, sigmoid::<F>(two_u(z)))
}

/// `dA/dZ = σ(2u) + Z σ′(2u) (2u)′`, `(2u)′ = 2√(2/π)(1 + 3·0.044715 Z²)`.
#[inline(always)]
fn tanh_slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let slope = TWO_SQRT_2_OVER_PI * z * (1.0 + 3.0 * CUBIC * z * z);
    sigmoid::<F>(two_u(z)) + product_or_zero(slope, sigmoid_derivative::<F>(two_u(z)))
}

impl Activation for Gelu {
    const NAME: &'static str = "Gelu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        match self {
            Self::Exact => map_rounded(z, a, [], exact::<F>),
            Self::Tanh => map_rounded(z, a, [], tanh_form::<F>),
        }
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        match self {
            Self::Exact => chain_rounded(z, da, dz, [], exact_slope::<F>),
            Self::Tanh => chain_rounded(z, da, dz, [], tanh_slope::<F>),
        }
    }
}
