//! `A = s·Z` where `Z > 0`, `A = s·α(e^Z − 1)` elsewhere, with the two constants for which mean 0 and variance 1 are a fixed point.
//!
//! `α = 1.6732632423543772…`, `s = 1.0507009873554804…` (Klambauer et al., NeurIPS 2017, <https://arxiv.org/abs/1706.02515>,
//! equation 14; digits from the authors' code).
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Selu};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 2));
//! Selu.infer(&array![[0.0, 1.0]], &mut a);
//! assert_eq!(a, array![[0.0, 1.0507009873554805]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{exp, exp_m1};

use crate::Activation;

/// The self-normalizing ELU, PyTorch's `nn.SELU`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selu;

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    // Computed for every z, so that there is no branch.
    let below = SCALE * ALPHA * exp_m1::<F>(z);
    if z > 0.0 { SCALE * z } else { below }
}

#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    let below = SCALE * ALPHA * exp::<F>(z);
    if z > 0.0 { SCALE } else { below }
}

impl Activation for Selu {
    const NAME: &'static str = "Selu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope::<F>);
    }
}
