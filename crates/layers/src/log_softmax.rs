//! The logarithm of softmax along a row.

use ndarray::{ArrayRef2, ArrayView1, ArrayViewMut1};
use tensor_core::functions::exponentials::{Exponentials, write_beside};
use tensor_core::functions::log_softmax;
use tensor_core::sums::Sum;
use tensor_core::sums::rows;
use tensor_core::{Float, Wide};

use crate::Activation;
use crate::row_gradient::{RowGradient, has_room, write_rows};

/// The logarithm of softmax over the features, PyTorch's `nn.LogSoftmax(dim=1)`: finite where
/// softmax itself rounds to 0.
///
/// ```text
/// A[n,c] = ln(e^Z[n,c] / S[n]) = Z[n,c] − ln S[n]        S[n] = Σ_k e^Z[n,k]
/// ```
///
/// `Z[n,c]` is the score (logit) of class `c` for sample `n`, `A[n,c]` the logarithm of the
/// probability of that class.
///
/// # Gradient
/// Every output of a row depends on every input of that row. Let `z`, `a`, `s` be `Z`, `A`, `S` of
/// one sample and `p[j] = e^z[j]/s` the softmax. The layer above hands down `dLda[i] = ∂L/∂a[i]`,
/// the gradient of the loss `L`. Because `∂ln s/∂z[j] = e^z[j]/s = p[j]`,
///
/// ```text
/// ∂a[i]/∂z[j] = [i = j] − p[j]                            [i = j] is 1 if i = j, else 0
///
/// dLdz[j] = Σ_i dLda[i] ∂a[i]/∂z[j]
///         = dLda[j] − p[j] Σ_i dLda[i]
/// ```
///
/// With the negative log-likelihood of the class `y`, `L = −a[y]`, this is `p[j] − [j = y]`:
/// softmax minus one-hot label, the gradient of the cross-entropy loss.
///
/// `p` is computed anew from the input, so that nothing is kept for backward. `e^a`, which is equal
/// to it, would make the rounding error of `a` larger by a factor `|a|`.
///
/// # Shapes
/// `Z`, `A`, `dLdA` and `dLdZ`: `(N, C)`, one sample a row. No parameters, no buffers.
///
/// # Examples
/// Two equal scores have probability ½ each:
///
/// ```
/// use layers::{Activation, Layer, LogSoftmax};
/// use ndarray::{Array2, array};
///
/// let (z, da) = (array![[7.0, 7.0]], array![[-1.0, 0.0]]);
/// let (mut a, mut dz) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
/// LogSoftmax.infer(&z, &mut a)?;
/// assert_eq!(a, array![[0.5_f64.ln(), 0.5_f64.ln()]]);
/// LogSoftmax.chain([&z, &a, &da], &mut dz);
/// assert_eq!(dz, array![[0.5 - 1.0, 0.5 - 0.0]]); // softmax − one-hot
///
/// LogSoftmax.infer(&array![[1e4, -1e4]], &mut a)?;
/// assert_eq!(a, array![[0.0, -2e4]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSoftmax;

impl Activation for LogSoftmax {
    const NAME: &'static str = "LogSoftmax";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        log_softmax(z, a);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        write_rows::<F, Gradient>([z, da], dz);
    }
}

/// `dLdz[j] = dLda[j] − p[j] Σ_i dLda[i]` of a row.
struct Gradient;

impl RowGradient for Gradient {
    #[inline(always)]
    fn write<F: Float>(
        exponentials: &mut Exponentials<'_, F>,
        n: usize,
        dy: ArrayView1<'_, F>,
        mut dx: ArrayViewMut1<'_, F>,
    ) {
        let sum = 1.0 + exponentials.sums(n).0;
        // p[j] = e[j]/(1 + s): the quotient of the two sums is computed once a row.
        let scale = total(dy) / sum;
        if has_room::<F>(scale) {
            // dLdz[j] = dLda[j] − p[j] Σ_i dLda[i]
            for start in exponentials.starts() {
                let (_, part) = exponentials.part(n, start);
                write_beside(&mut dx, start, part, &dy, |e, dy| dy - e * scale);
            }
            return;
        }
        write_extreme(exponentials, n, sum, dy, dx);
    }
}

/// `dLdz` of a row from `Σ_k e^(z[k] − max)` near the largest `f64`, where `Σ_i dLda[i]` overflows
/// and the result does not: in numbers whose exponent has no end.
#[cold]
fn write_extreme<F: Float>(
    exponentials: &mut Exponentials<'_, F>,
    n: usize,
    sum: f64,
    dy: ArrayView1<'_, F>,
    mut dx: ArrayViewMut1<'_, F>,
) {
    let total = Wide::sum_of(dy.len(), |i| Wide::from(dy[i].as_f64()));
    let scale = total * Wide::from(1.0 / sum);
    for start in exponentials.starts() {
        let (_, part) = exponentials.part(n, start);
        let gradient = |e: f64, dy: f64| (Wide::from(dy) - Wide::from(e) * scale).value();
        write_beside(&mut dx, start, part, &dy, gradient);
    }
}

/// `Σ_i dLda[i]` of a row.
#[inline(always)]
fn total<F: Float>(dy: ArrayView1<'_, F>) -> f64 {
    let add = |[dy]: [f64; 1], [total]: [Sum<F>; 1]| [total.plus(dy)];
    let [total] = match dy.to_slice() {
        Some(dy) => rows::sums([dy], &add),
        None => rows::sums([dy], &add),
    };
    total.value()
}
