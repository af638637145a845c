//! `A = 1/(1 + e^(−Z))`, with derivative `A(1 − A)`.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Sigmoid};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Sigmoid.infer(&array![[0.0, 1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[0.5, 1.0, 0.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{sigmoid, sigmoid_derivative};

use crate::Activation;

/// The logistic function, PyTorch's `nn.Sigmoid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sigmoid;

#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    sigmoid::<F>(z)
}

#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    sigmoid_derivative::<F>(z)
}

impl Activation for Sigmoid {
    const NAME: &'static str = "Sigmoid";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
