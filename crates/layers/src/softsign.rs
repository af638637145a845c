//! Softsign.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};

use crate::Activation;

/// A rational sigmoid, PyTorch's `nn.Softsign`: its derivative falls off as `1/z²` instead of
/// exponentially.
///
/// ```text
/// A[n,c] = Z[n,c]/(1 + |Z[n,c]|)
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// For `z > 0` the quotient rule gives `((1 + z) − z)/(1 + z)²`, for `z < 0` the same with `−z`,
/// and at 0 both have the limit 1:
///
/// ```text
/// f′(z) = 1/(1 + |z|)²        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// It is computed from the input: `(1 − |A|)²`, which is equal to it, has no digits left where `A`
/// is nearly ±1. At ±∞ the value is the limit ±1, where PyTorch's quotient gives NaN.
///
/// (Glorot and Bengio, AISTATS 2010, <https://proceedings.mlr.press/v9/glorot10a.html>, section 3.)
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Softsign};
/// use ndarray::{Array2, array};
///
/// let layer = Softsign;
/// let (z, da) = (array![[-1.0, 0.0, 3.0]], array![[16.0, 16.0, 16.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 3)), Array2::zeros((1, 3)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[-0.5, 0.0, 0.75]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[4.0, 16.0, 1.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Softsign;

/// `z/(1 + |z|)`, at ±∞ its limit.
#[inline(always)]
fn value(z: f64, []: [f64; 0]) -> f64 {
    let quotient = z / (1.0 + z.abs());
    if z.is_infinite() { z.signum() } else { quotient }
}

/// `1/(1 + |z|)²`.
#[inline(always)]
fn slope(z: f64, []: [f64; 0]) -> [f64; 2] {
    let inverse = 1.0 / (1.0 + z.abs());
    // Two factors, because the square alone vanishes from 1e154 on.
    [inverse, inverse]
}

impl Activation for Softsign {
    const NAME: &'static str = "Softsign";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        map_rounded(z, a, [], value);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        chain_rounded(z, da, dz, [], slope);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::Softsign;
    use crate::{Activation, Layer};

    fn backward(x: &Array2<f64>, dy: &Array2<f64>) -> Array2<f64> {
        let mut dx = Array2::from_elem(x.dim(), f64::NAN);
        Softsign.chain([x, x, dy], &mut dx);
        dx
    }

    // z = −3, −1, 0, 1, 7: z/(1 + |z|) = −3/4, −1/2, 0, 1/2, 7/8 and
    // 1/(1 + |z|)² = 1/16, 1/4, 1, 1/4, 1/64.
    // Far out 1/(1 + 1e4)² = 9.998000299960005e-9.
    #[test]
    fn by_hand_and_far_from_zero() {
        let x = array![[-3.0, -1.0, 0.0, 1.0, 7.0]];
        let mut y = Array2::from_elem((1, 5), f64::NAN);
        Softsign.infer(&x, &mut y).unwrap();
        assert_eq!(y, array![[-0.75, -0.5, 0.0, 0.5, 0.875]]);
        let dy = Array2::ones((1, 5));
        assert_eq!(backward(&x, &dy), array![[0.0625, 0.25, 1.0, 0.25, 0.015625]]);

        let x = array![[-1e4, 1e4, f64::NEG_INFINITY, f64::INFINITY, f64::NAN]];
        Softsign.infer(&x, &mut y).unwrap();
        assert_eq!((y[[0, 0]], y[[0, 1]]), (-1e4 / 10_001.0, 1e4 / 10_001.0));
        assert_eq!((y[[0, 2]], y[[0, 3]], y[[0, 4]].is_nan()), (-1.0, 1.0, true));
        let dx = backward(&x, &dy);
        assert!((dx[[0, 0]] / 9.998_000_299_960_005e-9 - 1.0).abs() < 4.0 * f64::EPSILON);
        assert_eq!((dx[[0, 2]], dx[[0, 3]], dx[[0, 4]].is_nan()), (0.0, 0.0, true));
    }
}
