//! The tensors of a [`Sequential`] by name, and what an optimizer sees of it.
//!
//! Names are `"<layer>.<leaf>"`, as in a `state_dict` of PyTorch's `nn.Sequential`: `0.weight`, `0.bias`, `2.weight`, …
//!
//! ```
//! use models::Mlp;
//! use ndarray::array;
//!
//! let mut model = Mlp::<f64>::new(&[2, 1]).build()?;
//! model.set_tensor("0.weight", &array![[1.0, -1.0]])?;
//! model.set_tensor("0.bias", &array![0.5])?;
//! assert_eq!(model.infer(&array![[3.0, 1.0]])?, array![[2.5]]);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::{ArrayRef, ArrayViewD, Dimension};
use tensor_core::{Error, Float, Parameter, Tensor, Trainable};

use crate::Sequential;
use crate::workspace::{Stage, Workspace};

impl<F: Float> Sequential<F> {
    /// Every saved tensor with its name, in order: `0.weight`, `0.bias`, `2.weight`, …
    pub fn tensors(&self) -> impl Iterator<Item = (String, Tensor<'_, F>)> {
        let mut list = Vec::new();
        for (i, layer) in self.layers.iter().enumerate() {
            layer.tensors(&mut |t| list.push((format!("{i}.{}", t.name), t)));
        }
        list.into_iter()
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn tensor(&self, name: &str) -> Result<ArrayViewD<'_, F>, Error> {
        find("tensor", name, self.tensors())
    }

    /// Replaces the values of a tensor.
    ///
    /// # Errors
    /// If there is no tensor of that name, or it has another shape; nothing is changed then.
    pub fn set_tensor<D: Dimension>(
        &mut self,
        name: &str,
        value: &ArrayRef<F, D>,
    ) -> Result<(), Error> {
        let old = find("set_tensor", name, self.tensors())?;
        if old.shape() != value.shape() {
            return Err(Error::shape(format!("set_tensor: {name}"), old.shape(), value.shape()));
        }
        let value = value.view().into_dyn();
        for (i, layer) in self.layers.iter_mut().enumerate() {
            layer.tensors_mut(&mut |mut t| {
                if is_path(name, i, t.name) {
                    t.value.assign(&value);
                }
            });
        }
        Ok(())
    }

    /// The gradient of every parameter with its name, after a backward pass.
    ///
    /// # Errors
    /// If there has been no backward pass, or the workspace was made by another model.
    pub fn gradients<'w>(
        &self,
        ws: &'w Workspace<F>,
    ) -> Result<impl Iterator<Item = (String, Tensor<'w, F>)> + use<'w, F>, Error> {
        self.check_owner("gradients", &ws.owner)?;
        let Stage::Backward { .. } = ws.stage else {
            return Err(ws.order("gradients", "a backward pass"));
        };
        let mut list = Vec::new();
        for (i, (layer, state)) in self.layers.iter().zip(&ws.states).enumerate() {
            layer.gradients(state, &mut |t| list.push((format!("{i}.{}", t.name), t)));
        }
        Ok(list.into_iter())
    }

    /// The gradient of the parameter of that name, after a backward pass.
    ///
    /// # Errors
    /// As for [`gradients`](Self::gradients), and if there is no such parameter.
    pub fn gradient<'w>(
        &self,
        ws: &'w Workspace<F>,
        name: &str,
    ) -> Result<ArrayViewD<'w, F>, Error> {
        find("gradient", name, self.gradients(ws)?)
    }
}

fn find<'a, F>(
    place: &'static str,
    name: &str,
    tensors: impl Iterator<Item = (String, Tensor<'a, F>)>,
) -> Result<ArrayViewD<'a, F>, Error> {
    let mut known = Vec::new();
    for (path, tensor) in tensors {
        if path == name {
            return Ok(tensor.value);
        }
        known.push(path);
    }
    Err(Error::UnknownTensor { place: place.into(), found: name.to_owned(), known })
}

fn is_path(path: &str, layer: usize, leaf: &str) -> bool {
    path.split_once('.').is_some_and(|(index, rest)| index == layer.to_string() && rest == leaf)
}

impl<F: Float> Trainable<F> for Sequential<F> {
    type Workspace = Workspace<F>;

    fn parameters(
        &mut self,
        ws: &mut Workspace<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        self.check_owner("step", &ws.owner)?;
        let Stage::Backward { .. } = ws.stage else {
            return Err(ws.order("step", "a backward pass"));
        };
        for (i, (layer, state)) in self.layers.iter_mut().zip(&mut ws.states).enumerate() {
            layer.parameters(i, state, visit);
        }
        Ok(())
    }

    fn settle(&mut self, ws: &mut Workspace<F>) {
        for (layer, state) in self.layers.iter_mut().zip(&mut ws.states) {
            layer.settle(state);
        }
    }
}
