//! `A = Z`: the layer that does nothing, for a place where an activation is expected.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Identity};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 2));
//! Identity.infer(&array![[-1.0, 2.0]], &mut a);
//! assert_eq!(a, array![[-1.0, 2.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;

use crate::{Layer, Saved};

/// Passes its input on, PyTorch's `nn.Identity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity;

impl<F: Float> Layer<F> for Identity {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Identity";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        y.assign(x);
    }

    fn backward(
        &self,
        _saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        if let Some(dx) = dx {
            dx.assign(dy); // dL/dZ = dL/dA
        }
    }
}
