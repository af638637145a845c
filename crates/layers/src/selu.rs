//! SELU.

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::elementwise::{chain_rounded, map_rounded};
use tensor_core::functions::exp_m1;

use crate::Activation;
use crate::tail::{exp_factors, times_exp};

/// The self-normalizing ELU, PyTorch's `nn.SELU`: scaled so that mean 0 and variance 1 are a fixed
/// point.
///
/// ```text
/// A[n,c] = s Z[n,c] where Z[n,c] > 0, s α (e^Z[n,c] − 1) elsewhere
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place.
/// `α = 1.6732632423543772…` and `s = 1.0507009873554804…` are the two numbers for which a standard
/// normal `Z` gives an `A` of mean 0 and variance 1.
///
/// # Derivative
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. `A[n,c]`
/// depends on `Z[n,c]` alone, so that the chain rule multiplies it by the derivative there.
///
/// ```text
/// f′(z) = s where z > 0, s α e^z elsewhere        dLdZ[n,c] = dLdA[n,c] f′(Z[n,c])
/// ```
///
/// As in [`Elu`](crate::Elu), `e^z − 1` is one function, which keeps its digits near 0, and the
/// derivative is computed from the input, which keeps the digits of the tail.
///
/// (Klambauer, Unterthiner, Mayr and Hochreiter, NeurIPS 2017, <https://arxiv.org/abs/1706.02515>,
/// equation 14; the digits from the authors' code.)
///
/// In `f64` the result is within 4 units in the last place, down to the smallest number.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, for any `C`. No parameters, no buffers.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer, Selu};
/// use ndarray::{Array2, array};
///
/// let layer = Selu;
/// let (z, da) = (array![[0.0, 1.0]], array![[0.0, 1.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// layer.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.0, 1.0507009873554805]]);
/// layer.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.0, 1.0507009873554805]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selu;

const ALPHA: f64 = 1.673_263_242_354_377_2;
const SCALE: f64 = 1.050_700_987_355_480_5;

/// `s z` where `z > 0`, `s α (e^z − 1)` elsewhere.
#[inline(always)]
fn value<F: Float>(z: f64, []: [f64; 0]) -> f64 {
    // Computed for every z, so that there is no branch.
    let below = SCALE * ALPHA * exp_m1::<F>(z);
    if z > 0.0 { SCALE * z } else { below }
}

/// `s` where `z > 0`, `s α e^z` elsewhere.
#[inline(always)]
fn slope<F: Float>(z: f64, []: [f64; 0]) -> [f64; 2] {
    let below = times_exp(SCALE * ALPHA, exp_factors::<F>(z));
    if z > 0.0 { [SCALE, 1.0] } else { below }
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
