//! The short form of a layer without parameters.

use std::fmt::Debug;

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

use crate::{Layer, Saved, Tensors};

/// A layer without parameters that maps its input: `A = f(Z)`. Whoever implements it has a
/// [`Layer`].
/// Most map every element by itself; [`Softmax`](crate::Softmax) maps whole rows.
///
/// `Z` is the input, `A` the output, `L` the loss and `dLdA[m,j] = ∂L/∂A[m,j]`. For an elementwise
/// `f` every output depends on the input at the same place alone, `A[n,i] = f(Z[n,i])`, so that of
/// the sum of the chain rule one term is left:
///
/// ```text
/// dLdZ[n,i] = Σ_m Σ_j dLdA[m,j] · ∂A[m,j]/∂Z[n,i] = dLdA[n,i] · f′(Z[n,i])
/// ```
///
/// # Shapes
/// `Z`, `A` and both gradients `(N, C)`, for any `C`.
///
/// # Examples
/// ```
/// use layers::{Activation, Layer};
/// use ndarray::{Array2, ArrayRef2, array};
/// use tensor_core::Float;
/// use tensor_core::elementwise::{map, map2};
///
/// /// `A = Z²`, `dA/dZ = 2Z`.
/// #[derive(Debug, Clone)]
/// struct Square;
///
/// impl Activation for Square {
///     const NAME: &'static str = "Square";
///
///     fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>) {
///         map(z, a, |z| z * z);
///     }
///
///     fn chain<F: Float>(&self, [z, _a, da]: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>) {
///         map2(z, da, dz, |z, da| da * (z + z));
///     }
/// }
///
/// let mut a = Array2::zeros((1, 2));
/// Square.infer(&array![[3.0, -1.0]], &mut a)?;
/// assert_eq!(a, array![[9.0, 1.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub trait Activation: Clone + Debug + Send + Sync + 'static {
    /// The type's name as it stands in messages.
    const NAME: &'static str;

    /// `A ← f(Z)`. Every element of `a` is overwritten.
    fn value<F: Float>(&self, z: &ArrayRef2<F>, a: &mut ArrayRef2<F>);

    /// `dLdZ ← dLdA ⊙ f′(Z)`, by the chain rule, from `[Z, A, dLdA]`. `A` is the output for `Z`,
    /// for an `f` whose derivative is a function of its value.
    fn chain<F: Float>(&self, z_a_da: [&ArrayRef2<F>; 3], dz: &mut ArrayRef2<F>);
}

impl<F: Float, A: Activation> Tensors<F> for A {}

impl<F: Float, A: Activation> Layer<F> for A {
    type Cache = ();
    const NAME: &'static str = A::NAME;

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    #[inline]
    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        self.value(x, y);
    }

    #[inline]
    fn differentiate(
        &self,
        saved: Saved<'_, F, ()>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut Self,
    ) {
        if let Some(dx) = dx {
            self.chain([saved.x, saved.y, dy], dx);
        }
    }
}
