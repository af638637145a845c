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

use crate::Activation;

/// The rectified linear unit, PyTorch's `nn.ReLU`.
///
/// At the kink `Z = 0` every slope between 0 and 1 is a subgradient; 0 is the course's and PyTorch's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relu;

impl Activation for Relu {
    const NAME: &'static str = "Relu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        // "not ≤ 0" instead of "> 0": a NaN passes.
        map(z, a, |z| if z <= F::zero() { F::zero() } else { z });
    }

    fn chain<F: Float>(&self, [_, a, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        // dLdZ = dLdA ⊙ [A > 0]: `A > 0` exactly where `Z > 0`, so the output serves.
        map2(a, da, dz, |a, da| if a <= F::zero() { F::zero() } else { da });
    }
}
