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

use crate::Activation;

/// Passes its input on, PyTorch's `nn.Identity`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity;

impl Activation for Identity {
    const NAME: &'static str = "Identity";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        a.assign(z);
    }

    fn chain<F: Float>(&self, [_, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        dz.assign(da); // dLdZ = dLdA
    }
}
