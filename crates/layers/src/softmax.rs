//! Softmax along a row.

use ndarray::{ArrayRef2, ArrayView1, ArrayViewMut1};
use tensor_core::functions::exponentials::{Exponentials, write_beside};
use tensor_core::functions::softmax;
use tensor_core::sums::Sum;
use tensor_core::sums::rows::sum_beside;
use tensor_core::{Float, Wide};

use crate::Activation;
use crate::row_gradient::{RowGradient, has_room, write_rows};

/// The softmax over the features, PyTorch's `nn.Softmax(dim=1)`: every row becomes positive and
/// sums to 1.
///
/// ```text
/// A[n,c] = e^Z[n,c] / S[n]        S[n] = Σ_k e^Z[n,k]
/// ```
///
/// `Z[n,c]` is the score (logit) of class `c` for sample `n`, `A[n,c]` the probability of that
/// class.
///
/// # Gradient
/// Every output of a row depends on every input of that row, so the derivatives are a matrix, the
/// Jacobian. Let `z`, `a`, `s` be `Z`, `A`, `S` of one sample. By the quotient rule, with
/// `∂e^z[i]/∂z[j] = e^z[i]` if `i = j`, else 0, and `∂s/∂z[j] = e^z[j]`,
///
/// ```text
/// ∂a[i]/∂z[j] = (∂e^z[i]/∂z[j])/s − e^z[i] e^z[j]/s²
///             = a[i] ([i = j] − a[j])                     [i = j] is 1 if i = j, else 0
/// ```
///
/// The layer above hands down `dLda[i] = ∂L/∂a[i]`, the gradient of the loss `L`. By the chain rule
/// `z[j]` acts on the loss through every `a[i]`:
///
/// ```text
/// dLdz[j] = Σ_i dLda[i] ∂a[i]/∂z[j]
///         = Σ_i dLda[i] a[i] [i = j] − Σ_i dLda[i] a[i] a[j]
///         = a[j] (dLda[j] − Σ_i a[i] dLda[i])
/// ```
///
/// That is one sum a row, and no `C × C` matrix has to stand in memory. The exponentials are
/// computed anew from the input, so that nothing is kept for backward.
///
/// For training a classifier use the cross-entropy loss on logits instead: it needs no softmax
/// layer.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, one sample a row. No parameters, no buffers.
///
/// # Examples
/// Two equal scores have probability ½ each, and the Jacobian is `[¼ −¼; −¼ ¼]`:
///
/// ```
/// use layers::{Activation, Layer, Softmax};
/// use ndarray::{Array2, array};
///
/// let (z, da) = (array![[7.0, 7.0]], array![[8.0, 0.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// Softmax.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.5, 0.5]]);
/// Softmax.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.5 * (8.0 - 4.0), 0.5 * (0.0 - 4.0)]]);
///
/// // Scores far from 0 neither overflow nor vanish.
/// let mut a = Array2::zeros((1, 3));
/// Softmax.infer(&array![[1e4, -1e4, 1e4]], &mut a)?;
/// assert_eq!(a, array![[0.5, 0.0, 0.5]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Softmax;

impl Activation for Softmax {
    const NAME: &'static str = "Softmax";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        softmax(z, a);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        write_rows::<F, Gradient>([z, da], dz);
    }
}

/// `dLdz[j] = a[j] (dLda[j] − Σ_i a[i] dLda[i])` of a row.
///
/// Plainly, with `max` the largest `z[k]`:
///
/// ```text
/// for j in 0..C:  a[j] = e^(z[j] − max) / Σ_k e^(z[k] − max)
/// mean = Σ_i a[i] dLda[i]
/// for j in 0..C:  dLdz[j] = a[j] (dLda[j] − mean)
/// ```
///
/// Here
///
/// 1. `dLda[i] − shift` stands in place of `dLda[i]`, with the gradient at the likeliest class for
///    `shift`, because `dLda[j] − mean` loses its digits where that class has almost all of the
///    probability. It changes nothing: `Σ_i a[i] = 1`, so `mean` decreases by `shift` as well.
/// 2. Exponentials are used, not probabilities: `factor` = 1/Σ is multiplied to the sum once
///    instead of to every term.
/// 3. A row is read in parts that fit into a buffer, because it may have any length.
/// 4. Gradients near the largest `f64` are computed in numbers whose exponent has no end, because
///    differences and sums of them overflow where the result does not.
struct Gradient;

impl RowGradient for Gradient {
    #[inline(always)]
    fn write<F: Float>(
        exponentials: &mut Exponentials<'_, F>,
        n: usize,
        dy: ArrayView1<'_, F>,
        mut dx: ArrayViewMut1<'_, F>,
    ) {
        let factor = 1.0 / (1.0 + exponentials.sums(n).0);
        let shift = dy[exponentials.argmax(n)].as_f64(); // 1
        let mean = weighted_mean(exponentials, n, &dy, |dy| dy - shift) * factor; // 2
        if has_room::<F>(mean) {
            // dLdz[j] = a[j] (dLda[j] − Σ_i a[i] dLda[i])
            for start in exponentials.starts() {
                let gradient = |e: f64, dy: f64| e * factor * ((dy - shift) - mean);
                write_beside(&mut dx, start, exponentials.part(n, start).1, &dy, gradient);
            }
            return;
        }
        // 4
        write_extreme(exponentials, n, [factor, shift], dy, dx);
    }
}

/// `dLdz` of a row from `1/Σ` and the shift, where a number leaves the type on the way.
#[cold]
fn write_extreme<F: Float>(
    exponentials: &mut Exponentials<'_, F>,
    n: usize,
    factors: [f64; 2],
    dy: ArrayView1<'_, F>,
    mut dx: ArrayViewMut1<'_, F>,
) {
    let [factor, shift] = factors.map(Wide::from);
    let shifted = |dy: f64| Wide::from(dy) - shift;
    let mean = exponentials.starts().fold(Wide::ZERO, |sum, start| {
        let part = exponentials.part(n, start).1;
        let term = |i: usize| Wide::from(part[i]) * shifted(dy[start + i].as_f64());
        sum + Wide::sum_of(part.len(), term)
    }) * factor;
    for start in exponentials.starts() {
        let gradient = |e: f64, dy: f64| (Wide::from(e) * factor * (shifted(dy) - mean)).value();
        write_beside(&mut dx, start, exponentials.part(n, start).1, &dy, gradient);
    }
}

/// `Σ_i e[i] f(dLda[i])` of a row.
#[inline(always)]
fn weighted_mean<F: Float>(
    exponentials: &mut Exponentials<'_, F>,
    n: usize,
    dy: &ArrayView1<'_, F>,
    f: impl Fn(f64) -> f64,
) -> f64 {
    let mut sum = Sum::<F>::default();
    // 3
    for start in exponentials.starts() {
        let part = exponentials.part(n, start).1;
        sum = sum.plus_all(sum_beside(start, part, dy, |e, dy| e * f(dy)));
    }
    sum.value()
}
