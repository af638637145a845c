//! A whole model as something to check: its input and every parameter.

use gradcheck::{Checkable, Domain};
use layers::Mode;
use models::{Sequential, Workspace};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD};
use tensor_core::{Error, Float, Kind};

use crate::layer_subject::{matrix, wide};
use crate::{Draw, Subject};

/// A model, its input and a workspace.
#[derive(Debug)]
pub struct ModelSubject<F> {
    model: Sequential<F>,
    mode: Mode,
    names: Vec<String>,
    /// The input, then the parameters.
    values: Vec<ArrayD<f64>>,
    ws: Workspace<F>,
}

impl<F: Float> ModelSubject<F> {
    /// A model with a random input of a random number of rows, at least three.
    ///
    /// # Errors
    /// None for a model that was built.
    pub fn new(model: Sequential<F>, mode: Mode, draw: &mut Draw) -> Result<Self, Error> {
        // Statistics of two rows normalize them to ±1, which leaves nothing to see.
        let n = draw.length_from(3);
        let (mut names, mut values) =
            (vec!["input".to_owned()], vec![draw.normal(&[n, model.widths()[0]])]);
        for (name, t) in model.tensors().filter(|(_, t)| matches!(t.kind, Kind::Parameter(_))) {
            names.push(name);
            values.push(t.value.mapv(|v| f64::from(v.as_f64() as f32)));
        }
        let ws = model.workspace(n)?;
        Ok(Self { model, mode, names, values, ws })
    }

    fn try_forward(&mut self) -> Result<ArrayD<f64>, Error> {
        for (name, value) in self.names.iter().zip(&self.values).skip(1) {
            self.model.set_tensor(name, &value.mapv(F::of))?;
        }
        let y = self.model.forward(&matrix(&self.values[0]), &mut self.ws, self.mode)?;
        Ok(wide(y.into_dyn()))
    }

    fn try_backward(&mut self, dy: &ArrayD<f64>) -> Result<Vec<ArrayD<f64>>, Error> {
        let dx = self.model.backward_from(&matrix(dy), &mut self.ws)?;
        let mut gradients = vec![wide(dx.into_dyn())];
        gradients.extend(self.ws.parameter_gradients()?.map(|(_, t)| wide(t.value)));
        Ok(gradients)
    }
}

impl<F: Float> Checkable for ModelSubject<F> {
    fn tensors(&self) -> Vec<(String, Domain)> {
        self.names.iter().map(|name| (name.clone(), Domain::REAL)).collect()
    }

    fn tensor(&self, index: usize) -> ArrayViewD<'_, f64> {
        self.values[index].view()
    }

    fn tensor_mut(&mut self, index: usize) -> ArrayViewMutD<'_, f64> {
        self.values[index].view_mut()
    }

    fn forward(&mut self) -> Vec<ArrayD<f64>> {
        let failed = ArrayD::from_elem(vec![1], f64::NAN);
        vec![self.try_forward().unwrap_or(failed)]
    }

    fn backward(&mut self, cotangents: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
        self.try_backward(&cotangents[0]).unwrap_or_default()
    }
}

/// A model copies its input into the workspace.
impl<F: Float> Subject for ModelSubject<F> {}
