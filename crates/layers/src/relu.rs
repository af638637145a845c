//! `A = max(0, Z)`, with derivative 1 where `Z > 0` and 0 elsewhere, at `Z = 0` too.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Relu};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Relu.infer(&array![[-1.0, 0.0, 2.0]], &mut a);
//! assert_eq!(a, array![[0.0, 0.0, 2.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{map, map2};

use crate::{Layer, Saved};

/// The rectified linear unit, PyTorch's `nn.ReLU`.
///
/// At the kink `Z = 0` every slope between 0 and 1 is a subgradient; 0 is the course's and PyTorch's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relu;

impl<F: Float> Layer<F> for Relu {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "Relu";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        // "not ≤ 0" instead of "> 0": a NaN passes.
        map(x, y, |z| if z <= F::zero() { F::zero() } else { z });
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        if let Some(dx) = dx {
            // dL/dZ = dL/dA ⊙ [A > 0]; the output is as good as the input here, and still in cache.
            map2(saved.y, dy, dx, |a, dy| if a <= F::zero() { F::zero() } else { dy });
        }
    }
}
