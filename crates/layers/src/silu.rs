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
use tensor_core::elementwise::{map, map2};
use tensor_core::exponential::exp;
use tensor_core::special::{product_or_zero, sigmoid, sigmoid_derivative};

use crate::{Layer, Saved};

/// The sigmoid-weighted linear unit, PyTorch's `nn.SiLU`.
///
/// At −∞ the value is the limit 0, where PyTorch's product gives NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Silu;

impl<F: Float> Layer<F> for Silu {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Silu";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        // z σ(z) = z/(1 + e^(−z)), with an exponent that is never positive; σ first would round once more.
        map(x, y, |z| {
            let e = exp(-z.abs());
            let numerator = if z >= F::zero() { z } else { product_or_zero(z, e) };
            numerator / (F::one() + e)
        });
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        if let Some(dx) = dx {
            map2(saved.x, dy, dx, |z, dy| {
                dy * (sigmoid(z) + product_or_zero(z, sigmoid_derivative(z)))
            });
        }
    }
}
