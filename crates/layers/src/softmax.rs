//! `A[n, c] = e^Z[n, c] / Σ_k e^Z[n, k]`: every row becomes positive and sums to 1.
//!
//! The Jacobian of a row is `∂a_i/∂z_j = a_i(δ_ij − a_j)`, so that its transpose times `dLdA` is
//! `dLdZ = A ⊙ (dLdA − Σ_c A ⊙ dLdA)`: one product of rows instead of a `C × C` matrix. As rows of `A` sum to 1, a constant
//! added to a row of `dLdA` changes nothing; subtracting the entry of the most likely class first keeps the digits that the
//! difference would lose when that class has almost all of the probability.
//!
//! Input, output and both gradients have one shape `(N, C)`; there are no parameters.
//!
//! For training a classifier use the cross-entropy loss on logits instead: it needs no softmax layer.
//!
//! ```
//! use layers::{Layer, Softmax};
//! use ndarray::{Array2, array};
//!
//! let mut a = Array2::zeros((1, 3));
//! Softmax.infer(&array![[1e4, -1e4, 1e4]], &mut a);
//! assert_eq!(a, array![[0.5, 0.0, 0.5]]);
//! ```

use ndarray::ArrayRef2;
use tensor_core::Float;
use tensor_core::functions::exponentials::{self, Exponentials, write_beside};
use tensor_core::functions::softmax;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Sum;
use tensor_core::sums::rows::sum_beside;

use crate::Activation;

/// The softmax over the features, PyTorch's `nn.Softmax(dim=1)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Softmax;

impl Activation for Softmax {
    const NAME: &'static str = "Softmax";

    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
        softmax(z, a);
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
            let factor = 1.0 / (1.0 + powers.sums(n).0);
            let shift = dy[powers.argmax(n)].as_f64();
            let mut mean = Sum::<F>::default(); // Σ_c A ⊙ dLdA
            for start in powers.starts() {
                let term = |power: f64, dy: f64| power * (dy - shift);
                mean = mean.plus_all(sum_beside(start, powers.part(n, start).1, &dy, term));
            }
            let mean = mean.value() * factor;
            // dLdZ = A ⊙ (dLdA − Σ_c A ⊙ dLdA)
            for start in powers.starts() {
                let gradient = |power: f64, dy: f64| power * factor * ((dy - shift) - mean);
                write_beside(&mut dx, start, powers.part(n, start).1, &dy, gradient);
            }
        }
    }
}
