//! The passes of a layer, whatever its type is: what checks them is compiled once for each type of
//! number, and not for each layer.

use layers::{Layer, Mode, Saved};
use ndarray::ArrayRef2;
use tensor_core::{Error, Float, Parameter, Path, Tensor, TensorMut};

/// A layer with what it keeps between its passes, and its gradients.
pub(crate) trait Passes<F: Float> {
    fn name(&self) -> &'static str;
    fn forward(&mut self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, mode: Mode) -> Result<(), Error>;
    /// After a forward pass from `x` to `y`.
    fn backward(
        &mut self,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
    ) -> Result<(), Error>;
    fn each_tensor_mut(&mut self, visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>));
    fn each_gradient(&self, visit: &mut dyn FnMut(Path<'_>, Tensor<'_, F>));
    fn each_parameter(&mut self, visit: &mut dyn FnMut(Parameter<'_, F>));
    /// The same layer before its first pass, for a batch of `rows`.
    fn for_rows(&self, rows: usize, in_features: usize) -> Result<Box<dyn Passes<F>>, Error>;
}

struct Kept<L, C> {
    layer: L,
    cache: C,
    grads: L,
}

/// Gradients of 0, and a cache for batches of `rows`.
pub(crate) fn passes<F: Float, L: Layer<F>>(
    layer: L,
    rows: usize,
    in_features: usize,
) -> Result<Box<dyn Passes<F>>, Error> {
    let (cache, grads) = (layer.cache(rows, in_features)?, layer.gradient());
    Ok(Box::new(Kept { layer, cache, grads }))
}

impl<F: Float, L: Layer<F>> Passes<F> for Kept<L, L::Cache> {
    fn name(&self) -> &'static str {
        L::NAME
    }

    fn forward(&mut self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, mode: Mode) -> Result<(), Error> {
        self.layer.forward(x, y, &mut self.cache, mode)
    }

    fn backward(
        &mut self,
        x: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
    ) -> Result<(), Error> {
        self.layer.backward(Saved { x, y, cache: &mut self.cache }, dy, dx, &mut self.grads)
    }

    fn each_tensor_mut(&mut self, visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>)) {
        self.layer.each_tensor_mut(Path::root(), visit);
    }

    fn each_gradient(&self, visit: &mut dyn FnMut(Path<'_>, Tensor<'_, F>)) {
        self.grads.each_tensor(Path::root(), visit);
    }

    fn each_parameter(&mut self, visit: &mut dyn FnMut(Parameter<'_, F>)) {
        self.layer.each_parameter(&mut self.grads, Path::root(), visit);
    }

    fn for_rows(&self, rows: usize, in_features: usize) -> Result<Box<dyn Passes<F>>, Error> {
        passes(self.layer.clone(), rows, in_features)
    }
}
