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

use crate::{Layer, Saved};

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

impl<F: Float> Layer<F> for Sigmoid {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Sigmoid";

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
