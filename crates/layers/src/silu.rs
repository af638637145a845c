//! `A = Z·σ(Z)`, with derivative `σ(Z) + Z·σ′(Z)`; also known as swish.
//!
//! (Elfwing et al., Neural Networks 107, 2018, <https://arxiv.org/abs/1702.03118>, equations 4 and 6.)
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Silu};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Silu.infer(&array![[0.0, 1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[0.0, 1e4, 0.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::exp;
use tensor_core::functions::{product_or_zero, sigmoid, sigmoid_derivative};

use crate::Activation;

/// The sigmoid-weighted linear unit, PyTorch's `nn.SiLU`.
///
/// At −∞ the value is the limit 0, where PyTorch's product gives NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Silu;

/// `z σ(z) = z/(1 + e^(−z))`, with an exponent that is never positive; `σ` first would round once more.
#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let e = exp::<F>(-z.abs());
    let below = product_or_zero(z, e);
    let numerator = if z >= 0.0 { z } else { below };
    numerator / (1.0 + e)
}

#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    sigmoid::<F>(z) + product_or_zero(z, sigmoid_derivative::<F>(z))
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
