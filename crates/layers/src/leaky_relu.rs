//! Leaky ReLU.

use ndarray::ArrayRef2;
use tensor_core::elementwise::{map, map2};
use tensor_core::functions::product_or_zero;
use tensor_core::{Error, Float};

use crate::Activation;
use crate::constants::check_factor;

/// A ReLU with a small slope on the negative side, PyTorch's `nn.LeakyReLU`.
///
/// ```text
/// A[n,c] = Z[n,c] where Z[n,c] > 0, s Z[n,c] elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `s` the slope of
/// the negative side, 0.01 by default.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// Each side is a straight line through 0, so `f′(z)` is its slope:
///
/// ```text
/// f′(z) = 1 where z > 0, s elsewhere        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// Unlike ReLU's, this gradient is not 0 on the negative side, so that no unit can become inactive
/// for good. At `z = 0` the derivative is the negative side's, as in PyTorch. Backward reads the
/// input: for `s ≤ 0` the sign of the output does not say on which side it was.
///
/// The slope is rounded to the layer's type first. NaN in `Z` or `dLdA` gives NaN; with the slope 0
/// an infinite `Z` or `dLdA` on the negative side gives 0.
///
/// (Maas, Hannun and Ng, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*, ICML
/// 2013, <https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf>, section 2.)
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, LeakyRelu};
/// use ndarray::{Array2, array};
///
/// let layer = LeakyRelu::new(0.25)?;
/// let (z, da) = (array![[-4.0, 0.0, 2.0]], array![[8.0, 8.0, 8.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[-1.0, 0.0, 2.0]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[2.0, 2.0, 8.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeakyRelu {
    negative_slope: f64,
}

/// Slope 0.01, as in PyTorch.
impl Default for LeakyRelu {
    fn default() -> Self {
        Self { negative_slope: 0.01 }
    }
}

impl LeakyRelu {
    /// A leaky ReLU with the given slope on the negative side.
    ///
    /// # Errors
    /// If the slope is neither 0 nor a normal number of `f32`: one rule for both types.
    pub fn new(negative_slope: f64) -> Result<Self, Error> {
        check_factor("LeakyRelu", "negative_slope", negative_slope)?;
        Ok(Self { negative_slope })
    }

    /// The slope on the negative side.
    pub fn negative_slope(&self) -> f64 {
        self.negative_slope
    }
}

impl Activation for LeakyRelu {
    const NAME: &'static str = "LeakyRelu";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        let slope = F::of(self.negative_slope);
        // A = Z where Z > 0, s Z elsewhere
        map(z, a, move |z| if z > F::zero() { z } else { product_or_zero(z, slope) });
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        let slope = F::of(self.negative_slope);
        // dLdZ = dLdA where Z > 0, s dLdA elsewhere
        map2(z, da, dz, move |z, da| {
            let gradient = if z > F::zero() { da } else { product_or_zero(da, slope) };
            if z.is_nan() { z } else { gradient }
        });
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::LeakyRelu;
    use crate::{Activation, Layer};

    // s = ¼: −2 becomes −½, and a gradient of 8 there becomes 2.
    #[test]
    fn forward_and_backward_by_hand() {
        let relu = LeakyRelu::new(0.25).unwrap();
        let (z, dy) = (array![[-2.0, 0.0, 3.0]], array![[8.0, -4.0, 5.0]]);
        let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
        relu.infer(&z, &mut a).unwrap();
        assert_eq!(a, array![[-0.5, 0.0, 3.0]]);
        relu.chain([&z, &a, &dy], &mut dz);
        assert_eq!(dz, array![[2.0, -1.0, 5.0]]);
    }
}
