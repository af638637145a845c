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

use crate::{Layer, Saved};

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

impl<F: Float> Layer<F> for Tanh {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Tanh";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        map_rounded(x, y, [], value::<F>);
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        if let Some(dx) = dx {
            chain_rounded(saved.x, dy, dx, [], slope::<F>);
        }
    }
}
