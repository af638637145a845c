//! Layers of different types in one list: the only place where a layer's own types are forgotten
//! and found again.
//!
//! [`Layer`] names the type of its cache, and its gradient has its own type, so that whoever writes
//! a layer works with them directly. A list needs one type for all, so [`ErasedLayer`] repeats the
//! trait with `dyn` in their place, and one generic implementation translates. (The crate
//! `erased-serde` does the same for `serde`.)
//!
//! Finding a type again is a call for each layer and pass, which counts in a small model. What has
//! no size holds nothing, so that any value of its type serves and need not be found:
//!
//! 1. a cache of no size, that of most layers;
//! 2. a layer of no size, such as ReLU: it has no tensors, and so no gradient.

use std::any::Any;
use std::fmt::Debug;

use layers::{Layer, Mode, Part, Saved, Scratch, Seen, Tensors};
use ndarray::{ArrayD, ArrayRef2};
use tensor_core::{Error, Float, Parameter, Path, Tensor, TensorMut};

/// A layer's cache, as a list keeps it.
pub(crate) type Cache = Box<dyn Any + Send>;

/// [`Layer`] without its associated type.
pub(crate) trait ErasedLayer<F: Float>: Any + Debug + Send + Sync {
    fn name(&self) -> &'static str;
    /// Bytes of the layer's own type.
    fn size(&self) -> usize;
    /// Bytes of its cache's type.
    fn cache_size(&self) -> usize;
    fn out_features(&self, in_features: usize) -> Result<usize, Error>;
    fn cache(&self, max_batch: usize, in_features: usize) -> Result<Cache, Error>;
    fn check_cache(&self, cache: &Cache, rows: usize, in_features: usize) -> Result<(), Error>;
    fn check_shapes(&self, place: &'static str, other: &dyn ErasedLayer<F>) -> Result<(), Error>;
    fn scratch(&self, max_batch: usize, in_features: usize) -> Result<Scratch<F>, Error>;
    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>);
    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut Cache,
        mode: Mode,
    ) -> Result<(), Error>;
    fn differentiate(
        &self,
        saved: Saved<'_, F, Cache>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut dyn ErasedLayer<F>,
    );
    fn intermediates(
        &self,
        seen: Seen<'_, F, Cache>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    );
    fn each_tensor<'a>(&'a self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, Tensor<'a, F>));
    fn each_tensor_mut(
        &mut self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
    );
    fn each_parameter(
        &mut self,
        grads: &mut dyn ErasedLayer<F>,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    );
    fn check_rows(&self, rows: usize, cache: &Cache, mode: Mode) -> Result<(), Error>;
    fn count(&self, cache: &mut Cache, part: Part);
    fn start_at(&self, cache: &mut Cache, first_row: u64);
    fn settle(&mut self, cache: &mut Cache, path: Path<'_>, moves: &dyn Fn(Path<'_>) -> bool);
    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64));
    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64));
    fn boxed_clone(&self) -> Box<dyn ErasedLayer<F>>;
}

impl<F: Float, L: Layer<F>> ErasedLayer<F> for L {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn size(&self) -> usize {
        size_of::<L>()
    }

    fn cache_size(&self) -> usize {
        size_of::<L::Cache>()
    }

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Layer::out_features(self, in_features)
    }

    fn cache(&self, max_batch: usize, in_features: usize) -> Result<Cache, Error> {
        Ok(Box::new(Layer::cache(self, max_batch, in_features)?))
    }

    fn check_cache(&self, cache: &Cache, rows: usize, in_features: usize) -> Result<(), Error> {
        match cache.downcast_ref() {
            Some(cache) => Layer::check_cache(self, cache, rows, in_features),
            None => Err(another::<F, L>("cache", "that of another layer")),
        }
    }

    fn check_shapes(&self, place: &'static str, other: &dyn ErasedLayer<F>) -> Result<(), Error> {
        let found = other.name();
        let other: &dyn Any = other;
        match other.downcast_ref() {
            Some(other) => Tensors::check_shapes(self, place, other),
            None => Err(another::<F, L>("gradient", found)),
        }
    }

    fn scratch(&self, max_batch: usize, in_features: usize) -> Result<Scratch<F>, Error> {
        Layer::scratch(self, max_batch, in_features)
    }

    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>) {
        Layer::compute_with(self, x, y, scratch);
    }

    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut Cache,
        mode: Mode,
    ) -> Result<(), Error> {
        with_cache(self, cache, |cache| Layer::compute_training(self, x, y, cache, mode))
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, Cache>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut dyn ErasedLayer<F>,
    ) {
        let Saved { x, y, cache } = saved;
        with_cache(self, cache, |cache| {
            let saved = Saved { x, y, cache };
            if size_of::<L>() > 0 {
                Layer::differentiate(self, saved, dy, dx, own_grads(grads));
            } else {
                // 2.
                Layer::differentiate(self, saved, dy, dx, &mut self.clone());
            }
        });
    }

    fn intermediates(
        &self,
        seen: Seen<'_, F, Cache>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        match seen.cache.downcast_ref() {
            Some(cache) => {
                Layer::intermediates(self, Seen { x: seen.x, y: seen.y, cache }, path, show);
            }
            None => foreign(L::NAME),
        }
    }

    fn each_tensor<'a>(&'a self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, Tensor<'a, F>)) {
        Tensors::each_tensor(self, path, visit);
    }

    fn each_tensor_mut(
        &mut self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
    ) {
        Tensors::each_tensor_mut(self, path, visit);
    }

    fn each_parameter(
        &mut self,
        grads: &mut dyn ErasedLayer<F>,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        Tensors::each_parameter(self, own_grads(grads), path, visit);
    }

    fn check_rows(&self, rows: usize, cache: &Cache, mode: Mode) -> Result<(), Error> {
        match cache.downcast_ref() {
            Some(cache) => Layer::check_rows(self, rows, cache, mode),
            None => foreign(L::NAME),
        }
    }

    fn count(&self, cache: &mut Cache, part: Part) {
        Layer::count(self, own_cache::<F, L>(cache), part);
    }

    fn start_at(&self, cache: &mut Cache, first_row: u64) {
        Layer::start_at(self, own_cache::<F, L>(cache), first_row);
    }

    fn settle(&mut self, cache: &mut Cache, path: Path<'_>, moves: &dyn Fn(Path<'_>) -> bool) {
        if size_of::<L::Cache>() > 0 {
            Layer::settle(self, own_cache::<F, L>(cache), path, moves);
        }
    }

    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64)) {
        Layer::each_step(self, path, visit);
    }

    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64)) {
        Layer::each_step_mut(self, path, visit);
    }

    fn boxed_clone(&self) -> Box<dyn ErasedLayer<F>> {
        Box::new(self.clone())
    }
}

/// Calls `run` with the layer's cache.
fn with_cache<F: Float, L: Layer<F>, R>(
    layer: &L,
    cache: &mut Cache,
    run: impl FnOnce(&mut L::Cache) -> R,
) -> R {
    if size_of::<L::Cache>() == 0
        && let Ok(mut cache) = layer.cache(0, 0)
    {
        return run(&mut cache); // 1.
    }
    run(own_cache::<F, L>(cache))
}

/// A cache or a gradient of a layer of another type.
fn another<F: Float, L: Layer<F>>(what: &str, found: &'static str) -> Error {
    Error::LayerType { place: format!("{}: {what}", L::NAME).into(), expected: L::NAME, found }
}

fn own_cache<F: Float, L: Layer<F>>(cache: &mut Cache) -> &mut L::Cache {
    match cache.downcast_mut() {
        Some(cache) => cache,
        None => foreign(L::NAME),
    }
}

fn own_grads<F: Float, L: Layer<F>>(grads: &mut dyn ErasedLayer<F>) -> &mut L {
    let grads: &mut dyn Any = grads;
    match grads.downcast_mut() {
        Some(grads) => grads,
        None => foreign(L::NAME),
    }
}

#[cold]
fn foreign(layer: &str) -> ! {
    unreachable!("{layer}: a model refuses a workspace of another one before it calls a layer")
}
