//! A threshold.

use ndarray::ArrayRef2;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::{Error, Float};

use crate::Activation;
use crate::constants::check_factor;

/// What is not above a threshold becomes a constant, PyTorch's `nn.Threshold`. With the constant 0
/// this is the thresholded ReLU.
///
/// ```text
/// A[n,c] = Z[n,c] where Z[n,c] > θ, v elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `θ` the
/// threshold, `v` the value of what is not above it. `Threshold::new(0.0, 0.0)` is
/// [`Relu`](crate::Relu). PyTorch has no defaults for the two either.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there: 1 of
/// `z` itself, 0 of a constant.
///
/// ```text
/// f′(z) = 1 where z > θ, 0 elsewhere        dLdZ[n,c] = dLdA[n,c] if Z[n,c] > θ, else 0
/// ```
///
/// At `z = θ` there is a corner, or a jump if `v ≠ θ`, of which the gradient knows nothing; the
/// derivative there is 0, as in PyTorch. NaN stays NaN in both passes (PyTorch lets the gradient at
/// NaN pass).
///
/// Both numbers are kept in `f64`, and values of either type are compared with `θ` itself: in `f32`
/// 0.1 is above a threshold of 0.1, because it is 0.100000001…. (PyTorch rounds `θ` to `f32` first,
/// and takes it as not above.) `v` is rounded to the layer's type.
///
/// (Konda, Memisevic and Krueger, *Zero-bias autoencoders and the benefits of co-adapting
/// features*, ICLR 2015, <https://arxiv.org/abs/1402.3337>, section 3, with `θ = 1`, `v = 0`.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Threshold};
/// use ndarray::{Array2, array};
///
/// let layer = Threshold::new(1.0, -7.0)?;
/// let (z, da) = (array![[0.5, 1.0, 1.5]], array![[10.0, 20.0, 30.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.value(&z, &mut a);
/// assert_eq!(a, array![[-7.0, -7.0, 1.5]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 0.0, 30.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    threshold: f64,
    value: f64,
}

impl Threshold {
    /// A layer that keeps what is above `threshold` and puts `value` in place of the rest.
    ///
    /// # Errors
    /// If `threshold` is not finite, or `value` is neither 0 nor a normal number of `f32`: one rule
    /// for both types.
    pub fn new(threshold: f64, value: f64) -> Result<Self, Error> {
        let finite = "a finite number";
        let is_finite = f64::is_finite;
        Error::check_hyperparameter("Threshold", "threshold", finite, threshold, is_finite)?;
        check_factor("Threshold", "value", value)?;
        Ok(Self { threshold, value })
    }

    /// `θ`: what is above it is kept.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// `v`: what the rest becomes; PyTorch's `value`.
    pub fn replacement(&self) -> f64 {
        self.value
    }
}

/// `v` where `z ≤ θ`, else `z`: written so that a NaN stays NaN.
#[inline(always)]
fn value(z: f64, [threshold, value]: [f64; 2]) -> f64 {
    if z <= threshold { value } else { z }
}

/// 0 where `z ≤ θ`, else 1; NaN for NaN.
#[inline(always)]
fn slope(z: f64, [threshold]: [f64; 1]) -> f64 {
    let above = if z.is_nan() { z } else { 1.0 };
    if z <= threshold { 0.0 } else { above }
}

impl Activation for Threshold {
    const NAME: &'static str = "Threshold";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [self.threshold, self.value], value);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [self.threshold], slope);
    }
}
