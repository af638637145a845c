//! The gated linear unit.

use ndarray::ArrayRef2;
use tensor_core::functions::sigmoid_derivative;
use tensor_core::{Error, Float};

use crate::halves::{chain_halves, half, map_halves, times_sigmoid};
use crate::products::product_by_slope;
use crate::{Layer, Saved, Tensors};

/// The gated linear unit over the features, PyTorch's `nn.GLU(dim=1)`: the second half of each row
/// decides how much of the first half passes.
///
/// ```text
/// Z = [X | B]                            X the first half of the features, B the second
/// A[n,c] = X[n,c] σ(B[n,c])              σ(b) = 1/(1 + e^(−b))
/// ```
///
/// `Z[n,k]` is input feature `k` of sample `n`, `X[n,c] = Z[n,c]`, `B[n,c] = Z[n,H+c]`, `A[n,c]`
/// the output; `H` is half the number of input features. A [`Linear`](crate::Linear) of `2H`
/// outputs before it makes both halves.
///
/// # Gradient
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `X[n,c]` and
/// `B[n,c]` enter `A[n,c]` alone, so that of the sum of the chain rule one term is left for each:
///
/// ```text
/// dLdX[n,c] = dLdA[n,c] ∂A[n,c]/∂X[n,c] = dLdA[n,c] σ(B[n,c])
/// dLdB[n,c] = dLdA[n,c] ∂A[n,c]/∂B[n,c] = dLdA[n,c] X[n,c] σ′(B[n,c])
/// σ′(b)     = σ(b) (1 − σ(b))
/// dLdZ = [dLdX | dLdB]
/// ```
///
/// `σ′` is the one of [`Sigmoid`](crate::Sigmoid), which keeps its digits in both tails; all of it
/// is computed from the input, and nothing is kept.
///
/// Values and gradients are rounded once in `f32`, within 0.501 units in the last place, and within
/// 4 (values) and 8 (gradients) in `f64`, there for `|b| ≤ 708`; further out `dLdB` is made of a
/// `σ′` that has fewer digits. A product with a factor 0 is 0, also if the other one is infinite:
/// PyTorch gives NaN for an infinite `x` and a `σ(b)` that rounds to 0.
///
/// (Dauphin, Fan, Auli and Grangier, *Language Modeling with Gated Convolutional Networks*, ICML
/// 2017, <https://arxiv.org/abs/1612.08083>, equation 1.)
///
/// # Shapes
/// `Z`, `dLdZ`: `(N, 2H)`. `A`, `dLdA`: `(N, H)`. No parameters, no buffers. An odd number of
/// features is refused.
///
/// # Examples
/// `σ(0) = ½` and `σ′(0) = ¼`:
///
/// ```
/// use layers::{Glu, Layer, Saved, Tensors};
/// use ndarray::{Array2, array};
///
/// let (z, da) = (array![[6.0, 5.0, 0.0, 1e4]], array![[8.0, 3.0]]);
/// let mut a = Array2::zeros((1, 2));
/// Glu.infer(&z, &mut a)?;
/// assert_eq!(a, array![[6.0 / 2.0, 5.0]]);
///
/// let (mut dz, saved) = (Array2::zeros((1, 4)), Saved { x: &z, y: &a, cache: &mut () });
/// Glu.backward(saved, &da, Some(&mut dz), &mut Glu)?;
/// assert_eq!(dz, array![[8.0 / 2.0, 3.0, 8.0 * 6.0 / 4.0, 0.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Glu;

/// `[dLdX, dLdB]` of `[x, b, dLdA]`.
#[inline(always)]
fn gradient<F: Float>([x, b, da]: [f64; 3]) -> [f64; 2] {
    let slope = sigmoid_derivative::<F>(b);
    [times_sigmoid::<F>(da, b), product_by_slope(da, x, slope)]
}

impl<F: Float> Tensors<F> for Glu {}

impl<F: Float> Layer<F> for Glu {
    type Cache = ();
    const NAME: &'static str = "Glu";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        half("Glu", in_features)
    }

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        map_halves(x, y, times_sigmoid::<F>); // A[n,c] = X[n,c] σ(B[n,c])
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut Self,
    ) {
        if let Some(dx) = dx {
            chain_halves([saved.x, dy], dx, gradient::<F>); // dLdZ = [dLdX | dLdB]
        }
    }
}
