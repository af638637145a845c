//! `A = tanh(Z)`, with derivative `1 − A²`.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Tanh};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Tanh.infer(&array![[0.0, 1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[0.0, 1.0, -1.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{sigmoid_derivative, tanh};

use crate::Activation;

/// The hyperbolic tangent, PyTorch's `nn.Tanh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tanh;

#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    tanh::<F>(z)
}

/// `tanh(z) = 2σ(2z) − 1`, so `1 − tanh² = 4σ′(2z)`: `1 − A²` itself has no digits left where `A` rounds to 1.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    4.0 * sigmoid_derivative::<F>(2.0 * z)
}

impl Activation for Tanh {
    const NAME: &'static str = "Tanh";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
