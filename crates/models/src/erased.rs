//! Layers of different types in one list: the only place where a layer's own types are forgotten and found again.
//!
//! [`Layer`] names the types of its cache and gradients, so that whoever writes a layer works with them directly. A list
//! needs one type for all, so [`ErasedLayer`] repeats the trait with `Box<dyn Any>` in their place, and one generic
//! implementation translates. (The crate `erased-serde` does the same for `serde`.)

use std::any::Any;
use std::fmt::Debug;

use layers::{Layer, Mode, Saved};
use ndarray::ArrayRef2;
use tensor_core::{Error, Float, Parameter, Tensor, TensorMut};

/// A layer's cache and gradients, as a workspace keeps them.
pub(crate) type State = Box<dyn Any + Send>;

struct Typed<C, G> {
    cache: C,
    grads: G,
}

/// [`Layer`] without its associated types.
pub(crate) trait ErasedLayer<F: Float>: Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn out_features(&self, in_features: usize) -> Result<usize, Error>;
    fn state(&self, max_batch: usize, in_features: usize) -> State;
    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>);
    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        state: &mut State,
        mode: Mode,
    ) -> Result<(), Error>;
    fn backward(
        &self,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        state: &mut State,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
    );
    fn tensors<'a>(&'a self, visit: &mut dyn FnMut(Tensor<'a, F>));
    fn tensors_mut(&mut self, visit: &mut dyn FnMut(TensorMut<'_, F>));
    fn gradients<'a>(&self, state: &'a State, visit: &mut dyn FnMut(Tensor<'a, F>));
    /// The layer's parameters, with its place in the model.
    fn parameters(
        &mut self,
        place: usize,
        state: &mut State,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    );
    fn start_at(&self, state: &mut State, first_row: u64);
    fn settle(&mut self, state: &mut State);
    fn boxed_clone(&self) -> Box<dyn ErasedLayer<F>>;
    fn as_any(&self) -> &dyn Any;
}

impl<F: Float, L: Layer<F>> ErasedLayer<F> for L {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Layer::out_features(self, in_features)
    }

    fn state(&self, max_batch: usize, in_features: usize) -> State {
        Box::new(Typed { cache: self.cache(max_batch, in_features), grads: self.grads() })
    }

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        Layer::infer(self, x, y);
    }

    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        state: &mut State,
        mode: Mode,
    ) -> Result<(), Error> {
        Layer::forward(self, x, y, &mut typed_mut::<F, L>(state).cache, mode)
    }

    fn backward(
        &self,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        state: &mut State,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
    ) {
        let Typed { cache, grads } = typed_mut::<F, L>(state);
        Layer::backward(self, Saved { x, y, cache }, dy, dx, grads);
    }

    fn tensors<'a>(&'a self, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        Layer::tensors(self, visit);
    }

    fn tensors_mut(&mut self, visit: &mut dyn FnMut(TensorMut<'_, F>)) {
        Layer::tensors_mut(self, visit);
    }

    fn gradients<'a>(&self, state: &'a State, visit: &mut dyn FnMut(Tensor<'a, F>)) {
        match state.downcast_ref::<Typed<L::Cache, L::Grads>>() {
            Some(typed) => Layer::gradients(self, &typed.grads, visit),
            None => foreign_state(L::NAME),
        }
    }

    fn parameters(
        &mut self,
        place: usize,
        state: &mut State,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        let grads = &mut typed_mut::<F, L>(state).grads;
        Layer::parameters(self, grads, &mut |mut p| {
            p.layer = place;
            visit(p);
        });
    }

    fn start_at(&self, state: &mut State, first_row: u64) {
        Layer::start_at(self, &mut typed_mut::<F, L>(state).cache, first_row);
    }

    fn settle(&mut self, state: &mut State) {
        Layer::settle(self, &mut typed_mut::<F, L>(state).cache);
    }

    fn boxed_clone(&self) -> Box<dyn ErasedLayer<F>> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn typed_mut<F: Float, L: Layer<F>>(state: &mut State) -> &mut Typed<L::Cache, L::Grads> {
    match state.downcast_mut() {
        Some(typed) => typed,
        None => foreign_state(L::NAME),
    }
}

#[cold]
fn foreign_state(layer: &str) -> ! {
    unreachable!("{layer}: Sequential refuses a workspace of another model before it calls a layer")
}
