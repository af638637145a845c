//! What a layer is: a function with parameters, its forward pass, and the backward pass that multiplies by its Jacobian.
//!
//! For `y = f(x; θ)` and a scalar loss `L`, a layer computes
//!
//! | pass | given | computes |
//! |---|---|---|
//! | `infer` | `x` | `y = f(x; θ)`, as after training |
//! | `forward` | `x` | the same as in training, and what backward wants to find again |
//! | `backward` | `dL/dy` | `dL/dx = (∂y/∂x)ᵀ dL/dy` and `dL/dθ = (∂y/∂θ)ᵀ dL/dy` |
//!
//! A layer owns its parameters and nothing else. Whatever a pass writes belongs to the caller: the output, the gradients
//! and the layer's [`Cache`](Layer::Cache). So a shared `&layer` can be used by many threads, and every intermediate value
//! stands where it can be looked at.
//!
//! A new layer is one file. This one scales every feature by a factor of its own:
//!
//! ```
//! use layers::{Layer, Saved};
//! use ndarray::{Array1, ArrayRef2};
//! use tensor_core::{Error, Float, Kind, Parameter, Role, Tensor, TensorMut};
//!
//! /// y = x ⊙ w
//! #[derive(Debug, Clone)]
//! struct Scale<F> {
//!     weight: Array1<F>,
//! }
//!
//! impl<F: Float> Layer<F> for Scale<F> {
//!     type Cache = ();
//!     type Grads = Array1<F>;
//!     const NAME: &'static str = "Scale";
//!
//!     fn out_features(&self, in_features: usize) -> Result<usize, Error> {
//!         match self.weight.len() {
//!             expected if expected == in_features => Ok(expected),
//!             expected => Err(Error::features("Scale", expected, in_features)),
//!         }
//!     }
//!
//!     fn cache(&self, _max_batch: usize, _in_features: usize) {}
//!
//!     fn grads(&self) -> Array1<F> {
//!         Array1::zeros(self.weight.len())
//!     }
//!
//!     fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
//!         y.assign(x);
//!         *y *= &*self.weight;
//!     }
//!
//!     fn backward(
//!         &self,
//!         saved: Saved<'_, F, ()>,
//!         dy: &ArrayRef2<F>,
//!         dx: Option<&mut ArrayRef2<F>>,
//!         dw: &mut Array1<F>,
//!     ) {
//!         dw.fill(F::zero());
//!         for (x, dy) in saved.x.rows().into_iter().zip(dy.rows()) {
//!             for ((dw, &x), &dy) in dw.iter_mut().zip(x).zip(dy) {
//!                 *dw += x * dy; // dL/dw = Σ_n x ⊙ dL/dy
//!             }
//!         }
//!         if let Some(dx) = dx {
//!             dx.assign(dy);
//!             *dx *= &*self.weight; // dL/dx = dL/dy ⊙ w
//!         }
//!     }
//!
//!     fn tensors<'a>(&'a self, visit: &mut dyn FnMut(Tensor<'a, F>)) {
//!         let kind = Kind::Parameter(Role::Weight);
//!         visit(Tensor { name: "weight", kind, value: self.weight.view().into_dyn() });
//!     }
//! #   fn tensors_mut(&mut self, visit: &mut dyn FnMut(TensorMut<'_, F>)) {
//! #       visit(TensorMut { name: "weight", value: self.weight.view_mut().into_dyn() });
//! #   }
//! #   fn gradients<'a>(&self, dw: &'a Array1<F>, visit: &mut dyn FnMut(Tensor<'a, F>)) {
//! #       visit(Tensor { name: "weight", kind: Kind::Parameter(Role::Weight), value: dw.view().into_dyn() });
//! #   }
//! #   fn parameters(&mut self, dw: &mut Array1<F>, visit: &mut dyn FnMut(Parameter<'_, F>)) {
//! #       visit(Parameter::of_arrays("weight", Role::Weight, &mut *self.weight, &mut **dw));
//! #   }
//!     // tensors_mut, gradients and parameters show the same tensor once more, in one line each
//! }
//! ```

use std::fmt::Debug;

use ndarray::ArrayRef2;
use tensor_core::{Error, Float, Parameter, Tensor, TensorMut};

/// Whether a forward pass belongs to training or to evaluation: Dropout and BatchNorm differ between the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Masks are drawn, batch statistics are used.
    Train,
    /// The model as it is used afterward.
    Eval,
}

/// What a backward pass is given of the forward pass before it.
#[derive(Debug)]
pub struct Saved<'a, F, C> {
    /// The input `(N, C_in)` of the forward pass.
    pub x: &'a ArrayRef2<F>,
    /// Its output `(N, C_out)`.
    pub y: &'a ArrayRef2<F>,
    /// What the layer itself kept; writable, so that it can hold scratch space too.
    pub cache: &'a mut C,
}

/// A function with parameters whose derivative is known.
///
/// Shapes are checked once, when a model is built and at the head of its passes; a layer's own passes then trust them. They
/// may panic if called by hand with shapes that do not fit.
///
/// `Clone` makes a model cheap to snapshot and to hand to other threads; `Send + Sync` and the absence of interior
/// mutability let threads share one.
pub trait Layer<F: Float>: Clone + Debug + Send + Sync + 'static {
    /// What forward keeps for backward, beside input and output, which are handed back anyway: `()` for most layers, the
    /// batch statistics for BatchNorm, the mask for Dropout.
    type Cache: Send + 'static;
    /// Gradients of the parameters: `()` where there are none.
    type Grads: Send + 'static;
    /// The type's name as it stands in messages.
    const NAME: &'static str;

    /// Width of the output for an input of width `in_features`. Most layers keep it, which is the default.
    ///
    /// # Errors
    /// If the layer cannot take that width.
    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Ok(in_features)
    }

    /// A cache for batches of up to `max_batch` rows. Called once for a workspace: later passes allocate nothing.
    fn cache(&self, max_batch: usize, in_features: usize) -> Self::Cache;

    /// Room for the gradients of the parameters.
    fn grads(&self) -> Self::Grads;

    /// `y ← f(x)` as after training. Every element of `y` is overwritten.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>);

    /// `y ← f(x)`, keeping in `cache` what [`backward`](Self::backward) wants. The layer does not change: running statistics
    /// wait in the cache for [`settle`](Self::settle).
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    ///
    /// # Errors
    /// If the batch has no meaning for the layer.
    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut Self::Cache,
        mode: Mode,
    ) -> Result<(), Error> {
        let _ = (cache, mode);
        self.infer(x, y);
        Ok(())
    }

    /// Overwrites `dx` and `grads` with the gradients of the loss; nothing is added to what they held. `dx` is `None` where
    /// nobody reads it, which saves a product in the first layer.
    ///
    /// # Shapes
    /// `dy (N, C_out)`, `dx (N, C_in)`, and those of the parameters.
    fn backward(
        &self,
        saved: Saved<'_, F, Self::Cache>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self::Grads,
    );

    /// Shows every tensor that is saved with a model: parameters, then buffers.
    fn tensors<'a>(&'a self, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        let _ = visit;
    }

    /// The same tensors in the same order, to be written.
    fn tensors_mut(&mut self, visit: &mut dyn FnMut(TensorMut<'_, F>)) {
        let _ = visit;
    }

    /// Shows the gradient of every parameter, in the parameters' order.
    fn gradients<'a>(&self, grads: &'a Self::Grads, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        let _ = (grads, visit);
    }

    /// Shows every parameter beside its gradient, to an optimizer.
    fn parameters(&mut self, grads: &mut Self::Grads, visit: &mut dyn FnMut(Parameter<'_, F>)) {
        let _ = (grads, visit);
    }

    /// Says that the first row of the following passes is row `first_row` of the step's whole batch: for layers that draw
    /// random numbers by row, when a batch is cut in parts. 0 until said otherwise.
    fn start_at(&self, cache: &mut Self::Cache, first_row: u64) {
        let _ = (cache, first_row);
    }

    /// Moves buffers by what the last forward pass left pending in `cache`, and marks it as done.
    fn settle(&mut self, cache: &mut Self::Cache) {
        let _ = cache;
    }
}
