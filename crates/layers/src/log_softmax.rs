//! `A[n, c] = Z[n, c] − ln Σ_k e^Z[n, k]`: the logarithm of softmax, finite where softmax itself rounds to 0.
//!
//! The Jacobian of a row is `∂a_i/∂z_j = δ_ij − softmax(z)_j`, so `dLdZ = dLdA − softmax(Z)·Σ_c dLdA`, with
//! `softmax(Z)` from the input: `e^A` would make what `A` was rounded by `|A|` times larger.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! ```
//! use layers::{Layer, LogSoftmax};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 2));
//! LogSoftmax.infer(&array![[1e4, -1e4]], &mut a);
//! assert_eq!(a, array![[0.0, -2e4]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::powers::{Powers, write_beside};
use tensor_core::softmax::log_softmax;
use tensor_core::{Float, reduce};

use crate::{Layer, Saved};

/// The logarithm of softmax over the features, PyTorch's `nn.LogSoftmax(dim=1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSoftmax;

impl<F: Float> Layer<F> for LogSoftmax {
    type Cache = ();
    type Grads = ();
    const NAME: &'static str = "LogSoftmax";

    fn cache(&self, _max_batch: usize, _in_features: usize) {}

    fn grads(&self) {}

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        log_softmax(x, y);
    }

    fn backward(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut (),
    ) {
        let Some(dx) = dx else { return };
        let mut powers = Powers::new(saved.x);
        for (n, (dy, mut dx)) in dy.rows().into_iter().zip(dx.rows_mut()).enumerate() {
            let total = reduce::sum_by(dy.len(), &|c| dy[c].as_f64()); // Σ_c dLdA
            let share = total / (1.0 + powers.sums(n).0);
            // dLdZ = dLdA − softmax(Z)·Σ_c dLdA
            powers.parts(n, |start, _, powers| {
                write_beside(&mut dx, start, powers, &dy, |power, dy| dy - power * share);
            });
        }
    }
}
