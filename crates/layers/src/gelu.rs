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
use tensor_core::elementwise::{map, map2};
use tensor_core::exponential::exp;
use tensor_core::special::{product_or_zero, sigmoid, sigmoid_derivative};

use crate::{Layer, Saved};

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
/// `1/√(2π)`, the normal density at 0.
const DENSITY_AT_0: f64 = 0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;

/// `Φ(z)`, by erfc so that the lower tail keeps its digits.
fn normal_cdf<F: Float>(z: F) -> F {
    F::of(0.5) * F::erfc(-z * F::of(std::f64::consts::FRAC_1_SQRT_2))
}

/// `Φ′(z) = e^(−z²/2)/√(2π)`.
fn normal_density<F: Float>(z: F) -> F {
    F::of(DENSITY_AT_0) * exp(F::of(-0.5) * z * z)
}

/// `2u = 2√(2/π)(z + 0.044715 z³)`.
fn two_u<F: Float>(z: F) -> F {
    F::of(TWO_SQRT_2_OVER_PI) * z * (F::one() + F::of(CUBIC) * z * z)
}

impl<F: Float> Layer<F> for Gelu {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Gelu";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        match self {
            Self::Exact => map(x, y, |z| product_or_zero(z, normal_cdf(z))),
            // ½(1 + tanh u) = σ(2u): the sum itself has no digits left where tanh u rounds to −1.
            Self::Tanh => map(x, y, |z| product_or_zero(z, sigmoid(two_u(z)))),
        }
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        let Some(dx) = dx else { return };
        match self {
            // dA/dZ = Φ(Z) + Z Φ′(Z)
            Self::Exact => map2(saved.x, dy, dx, |z, dy| {
                dy * (normal_cdf(z) + product_or_zero(z, normal_density(z)))
            }),
            // dA/dZ = σ(2u) + Z σ′(2u) (2u)′, (2u)′ = 2√(2/π)(1 + 3·0.044715 Z²)
            Self::Tanh => map2(saved.x, dy, dx, |z, dy| {
                let slope = F::of(TWO_SQRT_2_OVER_PI) * z * (F::one() + F::of(3.0 * CUBIC) * z * z);
                dy * (sigmoid(two_u(z)) + product_or_zero(slope, sigmoid_derivative(two_u(z))))
            }),
        }
    }
}
