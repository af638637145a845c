//! `A = ln(1 + e^(βZ))/β`: a ReLU without a corner. Its derivative is `σ(βZ)`.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, Softplus};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 2));
//! Softplus::default().infer(&array![[1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[1e4, 0.0]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::{sigmoid, softplus};
use tensor_core::{Error, Float};

use crate::Activation;

/// The smooth ReLU, PyTorch's `nn.Softplus`.
///
/// PyTorch switches to the identity above `βZ = 20`, an error of up to 2e-9; here the formula holds everywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Softplus {
    beta: f64,
}

/// β = 1, as in PyTorch.
impl Default for Softplus {
    fn default() -> Self {
        Self { beta: 1.0 }
    }
}

impl Softplus {
    /// A softplus whose corner is the sharper the larger `beta` is.
    ///
    /// # Errors
    /// If `beta` is not positive and finite.
    pub fn new(beta: f64) -> Result<Self, Error> {
        let range = "a finite number > 0";
        Error::check_hyperparameter("Softplus", "beta", range, beta, |b| b > 0.0 && b.is_finite())?;
        Ok(Self { beta })
    }

    /// The sharpness of the corner.
    pub fn beta(&self) -> f64 {
        self.beta
    }
}

#[inline(always)]
fn value<F: Float>(z: f64, [beta]: [f64; 1]) -> f64 {
    softplus::<F>(beta * z) / beta
}

#[inline(always)]
fn slope<F: Float>(z: f64, [beta]: [f64; 1]) -> f64 {
    sigmoid::<F>(beta * z)
}

impl Activation for Softplus {
    const NAME: &'static str = "Softplus";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.beta], value::<F>);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.beta], slope::<F>);
    }
}
