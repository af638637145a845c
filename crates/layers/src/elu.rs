//! `A = Z` where `Z > 0`, `A = α(e^Z − 1)` elsewhere: a ReLU that bends smoothly toward `−α`.
//!
//! Derivative: 1 where `Z > 0`, `α e^Z` elsewhere. (Clevert et al., ICLR 2016, <https://arxiv.org/abs/1511.07289>, equation 1.)
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Elu};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Elu::default().infer(&array![[0.0, 2.0, -1e4]], &mut a);
//! assert_eq!(a, array![[0.0, 2.0, -1.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{exp, exp_m1};
use tensor_core::{Error, Float};

use crate::Activation;

/// The exponential linear unit, PyTorch's `nn.ELU`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elu {
    alpha: f64,
}

/// α = 1, as in PyTorch.
impl Default for Elu {
    fn default() -> Self {
        Self { alpha: 1.0 }
    }
}

impl Elu {
    /// An ELU that tends to `−alpha` on the negative side.
    ///
    /// # Errors
    /// If `alpha` is not finite.
    pub fn new(alpha: f64) -> Result<Self, Error> {
        Error::check_hyperparameter("Elu", "alpha", "a finite number", alpha, f64::is_finite)?;
        Ok(Self { alpha })
    }

    /// The negated limit of the negative side.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }
}

/// By `exp_m1`: `e^z − 1` would lose all digits near 0.
#[inline(always)]
fn value<F: Float>(z: f64, [alpha]: [f64; 1]) -> f64 {
    // Computed for every z, so that there is no branch.
    let below = alpha * exp_m1::<F>(z);
    if z > 0.0 { z } else { below }
}

/// `α e^z` from the input: from the output, `a + α` would lose the tail.
#[inline(always)]
fn slope<F: Float>(z: f64, [alpha]: [f64; 1]) -> f64 {
    let below = alpha * exp::<F>(z);
    if z > 0.0 { 1.0 } else { below }
}

impl Activation for Elu {
    const NAME: &'static str = "Elu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.alpha], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.alpha], slope::<F>);
    }
}
