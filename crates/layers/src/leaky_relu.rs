//! `A = Z` where `Z > 0`, `A = s·Z` elsewhere, with a small slope `s`.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, LeakyRelu};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! LeakyRelu::new(0.25)?.infer(&array![[-4.0, 0.0, 2.0]], &mut a);
//! assert_eq!(a, array![[-1.0, 0.0, 2.0]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::ArrayRef2;
use tensor_core::elementwise::{map, map2};
use tensor_core::{Error, Float};

use crate::Activation;

/// A ReLU that lets a little of the negative side through, PyTorch's `nn.LeakyReLU`.
///
/// At `Z = 0` the derivative is the negative side's, as in PyTorch.
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
    /// If the slope is not finite.
    pub fn new(negative_slope: f64) -> Result<Self, Error> {
        let finite = "a finite number";
        Error::check_hyperparameter(
            "LeakyRelu",
            "negative_slope",
            finite,
            negative_slope,
            f64::is_finite,
        )?;
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
        map(z, a, move |z| if z > F::zero() { z } else { slope * z });
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        let slope = F::of(self.negative_slope);
        map2(z, da, dz, move |z, da| if z > F::zero() { da } else { slope * da });
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::LeakyRelu;
    use crate::{Activation, Layer};

    // α = ¼: −2 becomes −½, and a gradient of 8 there becomes 2.
    #[test]
    fn forward_and_backward_by_hand() {
        let relu = LeakyRelu::new(0.25).unwrap();
        let (z, dy) = (array![[-2.0, 0.0, 3.0]], array![[8.0, -4.0, 5.0]]);
        let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
        relu.infer(&z, &mut a);
        assert_eq!(a, array![[-0.5, 0.0, 3.0]]);
        relu.chain([&z, &a, &dy], &mut dz);
        assert_eq!(dz, array![[2.0, -1.0, 5.0]]);
    }
}
