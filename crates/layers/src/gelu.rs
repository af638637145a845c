//! GELU, exact and by its tanh approximation.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::normal::{cdf, cdf_and_density};
use tensor_core::functions::{product_or_zero, sigmoid, sigmoid_derivative};

use crate::Activation;

/// The Gaussian error linear unit, PyTorch's `nn.GELU`: every input multiplied by the probability
/// that a standard normal number is smaller.
///
/// | variant | `A[n,c] = f(Z[n,c])` with | PyTorch |
/// |---|---|---|
/// | [`Exact`](Self::Exact) | `f(z) = z Φ(z)`, `Φ(z) = ½ erfc(−z/√2)` | `nn.GELU()` |
/// | [`Tanh`](Self::Tanh) | `f(z) = z ½(1 + tanh u)` | `nn.GELU(approximate="tanh")` |
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place; `Φ` is the
/// distribution function of the standard normal distribution, `Φ′(z) = e^(−z²/2)/√(2π)` its
/// density; `u = √(2/π) (z + 0.044715 z³)`.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// By the product rule, and for the second form with the logistic function `σ` of
/// [`Sigmoid`](crate::Sigmoid), because `½(1 + tanh u) = σ(2u)`:
///
/// ```text
/// exact:  f′(z) = Φ(z) + z Φ′(z)
/// tanh:   f′(z) = σ(2u) + z σ′(2u) (2u)′        (2u)′ = 2√(2/π) (1 + 3·0.044715 z²)
///
/// dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// `Φ` by `erfc`, and `σ(2u)` instead of `½(1 + tanh u)`, keep the digits of the negative tail,
/// where `1 + erf` and `1 + tanh` have none left. At −∞ the value is the limit 0, where PyTorch's
/// product gives NaN.
///
/// In `f64` the rounding of the argument shows in the negative tail: there the result is within
/// `4 + z²` (exact) or `4 + 4·|2u|` (tanh) units in the last place, elsewhere within 4. Where `Φ`,
/// `Φ′`, `σ` or `σ′` is below the smallest normal number, from `z = −37.5` (exact) or −21.4 (tanh)
/// on, it has that number's absolute precision, and `A` and the derivative have no more digits.
///
/// (Hendrycks and Gimpel, 2016, <https://arxiv.org/abs/1606.08415>, section 2.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Gelu};
/// use ndarray::{Array2, array};
///
/// let layer = Gelu::Exact;
/// let (z, da) = (array![[-1e4, 0.0, 1e4]], array![[4.0, 4.0, 4.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 0.0, 1e4]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 2.0, 4.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
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

/// `z Φ(z)`.
#[inline(always)]
fn exact<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    product_or_zero(z, cdf::<F>(z))
}

/// `Φ(z) + z Φ′(z)`.
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

/// `z ½(1 + tanh u) = z σ(2u)`: `1 + tanh u` has no digits left where `tanh u` rounds to −1.
#[inline(always)]
fn tanh_form<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    product_or_zero(z, sigmoid::<F>(two_u(z)))
}

/// `σ(2u) + z σ′(2u) (2u)′`, `(2u)′ = 2√(2/π)(1 + 3·0.044715 z²)`.
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
