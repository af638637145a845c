//! Two closures and their arguments as a `Checkable`.

use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};

use crate::subject::checkable::Checkable;
use crate::subject::domain::Domain;
use crate::subject::tensor::Tensor;

/// Two closures and their arguments as a [`Checkable`].
pub(crate) struct Closures<F, B> {
    names: Vec<(String, Domain)>,
    values: Vec<ArrayD<f64>>,
    forward: F,
    backward: B,
}

impl<F, B> Closures<F, B>
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    pub(crate) fn new(inputs: &[Tensor], forward: F, backward: B) -> Self {
        Self {
            names: inputs.iter().map(|tensor| (tensor.name.clone(), tensor.domain)).collect(),
            values: inputs.iter().map(|tensor| tensor.value.clone()).collect(),
            forward,
            backward,
        }
    }
}

impl<F, B> Checkable for Closures<F, B>
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    fn tensors(&self) -> Vec<(String, Domain)> {
        self.names.clone()
    }

    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64> {
        self.values[index].view()
    }

    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64> {
        self.values[index].view_mut()
    }

    fn forward(&mut self) -> Vec<ArrayD<f64>> {
        (self.forward)(&self.values)
    }

    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        (self.backward)(&self.values, cotangents)
    }
}
