//! The gated linear unit with a SiLU.

use ndarray::ArrayRef2;
use tensor_core::functions::{product_or_zero, sigmoid, sigmoid_derivative};
use tensor_core::{Error, Float};

use crate::halves::{chain_halves, half, map_halves, sigmoid_factors};
use crate::products::{product, product_by_slope};
use crate::{Layer, Saved, Tensors};

/// The gated linear unit with a SiLU as its gate, known as SwiGLU: SiLU of the first half of each
/// row times the second half.
///
/// ```text
/// Z = [G | X]                            G the first half of the features, X the second
/// A[n,c] = SiLU(G[n,c]) X[n,c]           SiLU(g) = g σ(g), σ(g) = 1/(1 + e^(−g))
/// ```
///
/// `Z[n,k]` is input feature `k` of sample `n`, `G[n,c] = Z[n,c]`, `X[n,c] = Z[n,H+c]`, `A[n,c]`
/// the output; `H` is half the number of input features. A [`Linear`](crate::Linear) of `2H`
/// outputs before it makes both halves: the paper's `Swish₁(x W) ⊗ x V` is one with `W` and `V`
/// stacked. The gate stands first, as there; in [`Glu`](crate::Glu) it stands last.
///
/// PyTorch has no such module; it is `F.silu(g) * x` with `g, x = z.chunk(2, dim=1)`.
///
/// # Gradient
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `G[n,c]` and
/// `X[n,c]` enter `A[n,c]` alone, so that of the sum of the chain rule one term is left for each:
///
/// ```text
/// dLdG[n,c] = dLdA[n,c] X[n,c] SiLU′(G[n,c])        SiLU′(g) = σ(g) + g σ′(g)
/// dLdX[n,c] = dLdA[n,c] SiLU(G[n,c])
/// dLdZ = [dLdG | dLdX]
/// ```
///
/// SiLU and its derivative are those of [`Silu`](crate::Silu); all of it is computed from the
/// input, and nothing is kept.
///
/// Values and gradients are rounded once in `f32`, and values are within 0.501 units in the last
/// place, in `f64` within 4. `SiLU′` has a zero at `g` = −1.2785, where no number of units can be
/// promised, and in `f64` fewer digits below `g` = −708. A product with a factor 0 is 0, also if
/// the other one is infinite.
///
/// (Shazeer, *GLU Variants Improve Transformer*, 2020, <https://arxiv.org/abs/2002.05202>, equation
/// 5, without biases.)
///
/// # Shapes
/// `Z`, `dLdZ`: `(N, 2H)`. `A`, `dLdA`: `(N, H)`. No parameters, no buffers. An odd number of
/// features is refused.
///
/// # Examples
/// `SiLU(0) = 0` and `SiLU′(0) = ½`; far out on the right SiLU is the identity.
///
/// ```
/// use layers::{Layer, Saved, SwiGlu, Tensors};
/// use ndarray::{Array2, array};
///
/// let (z, da) = (array![[0.0, 1e4, 6.0, 5.0]], array![[8.0, 3.0]]);
/// let mut a = Array2::zeros((1, 2));
/// SwiGlu.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 1e4 * 5.0]]);
///
/// let (mut dz, saved) = (Array2::zeros((1, 4)), Saved { x: &z, y: &a, cache: &mut () });
/// SwiGlu.backward(saved, &da, Some(&mut dz), &mut SwiGlu)?;
/// assert_eq!(dz, array![[8.0 * 6.0 / 2.0, 3.0 * 5.0, 0.0, 3.0 * 1e4]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SwiGlu;

/// `SiLU(g) x = g x σ(g)`. The larger of `g` and `x` is multiplied by `σ(g)` first, so that nothing
/// overflows or loses digits that the result has; far out on the left, where `σ(g)` has two factors
/// and the larger one is above 708, by the smaller factor first and by the other one last.
#[inline(always)]
fn value<F: Float>(g: f64, x: f64) -> f64 {
    let [sigmoid, factor] = sigmoid_factors::<F>(1.0, g);
    let [first, last] = if factor < 1.0 { [factor, sigmoid] } else { [sigmoid, 1.0] };
    let [large, small] = if g.abs() > x.abs() { [g, x] } else { [x, g] };
    product(product(product(large, first), small), last)
}

/// `[dLdG, dLdX]` of `[g, x, dLdA]`.
#[inline(always)]
fn gradient<F: Float>([g, x, da]: [f64; 3]) -> [f64; 2] {
    let slope = sigmoid::<F>(g) + product_or_zero(g, sigmoid_derivative::<F>(g));
    [product_by_slope(da, x, slope), value::<F>(g, da)]
}

impl<F: Float> Tensors<F> for SwiGlu {}

impl<F: Float> Layer<F> for SwiGlu {
    type Cache = ();
    const NAME: &'static str = "SwiGlu";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        half("SwiGlu", in_features)
    }

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        map_halves(x, y, value::<F>); // A[n,c] = SiLU(G[n,c]) X[n,c]
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut Self,
    ) {
        if let Some(dx) = dx {
            chain_halves([saved.x, dy], dx, gradient::<F>); // dLdZ = [dLdG | dLdX]
        }
    }
}
