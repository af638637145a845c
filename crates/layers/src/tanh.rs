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
use tensor_core::elementwise::{map, map2};
use tensor_core::special::sigmoid_derivative;

use crate::{Layer, Saved};

/// The hyperbolic tangent, PyTorch's `nn.Tanh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tanh;

impl<F: Float> Layer<F> for Tanh {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Tanh";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        map(x, y, |z| z.tanh());
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        if let Some(dx) = dx {
            // tanh(z) = 2σ(2z) − 1, so 1 − tanh² = 4σ′(2z): 1 − A² itself has no digits left where A rounds to 1.
            let (two, four) = (F::of(2.0), F::of(4.0));
            map2(saved.x, dy, dx, |z, dy| dy * (four * sigmoid_derivative(two * z)));
        }
    }
}
