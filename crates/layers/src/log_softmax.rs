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
use tensor_core::Float;
use tensor_core::functions::exponentials::{self, Exponentials, write_beside};
use tensor_core::functions::log_softmax;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Sum;
use tensor_core::sums::rows;

use crate::Activation;

/// The logarithm of softmax over the features, PyTorch's `nn.LogSoftmax(dim=1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogSoftmax;

impl Activation for LogSoftmax {
    const NAME: &'static str = "LogSoftmax";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        log_softmax(z, a);
    }

    fn chain<F: Float>(&self, [z, _, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
        exponentials::for_each_part(z, da, dz, |x, dy, dx| vectorized(Backward { x, dy, dx }));
    }
}

struct Backward<'a, F> {
    x: &'a ArrayRef2<F>,
    dy: &'a ArrayRef2<F>,
    dx: &'a mut ArrayRef2<F>,
}

impl<F: Float> Loop for Backward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut powers = Exponentials::new(self.x);
        for (n, (dy, mut dx)) in self.dy.rows().into_iter().zip(self.dx.rows_mut()).enumerate() {
            let add = |[dy]: [f64; 1], [total]: [Sum<F>; 1]| [total.plus(dy)];
            let [total] = match dy.to_slice() {
                Some(dy) => rows::sums([dy], &add),
                None => rows::sums([dy], &add),
            }; // Σ_c dLdA
            let share = total.value() / (1.0 + powers.sums(n).0);
            // dLdZ = dLdA − softmax(Z)·Σ_c dLdA
            for start in powers.starts() {
                let (_, powers) = powers.part(n, start);
                write_beside(&mut dx, start, powers, &dy, |power, dy| dy - power * share);
            }
        }
    }
}
