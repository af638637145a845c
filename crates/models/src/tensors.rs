//! The tensors of a model by their PyTorch names, and the model as an optimizer sees it.

use layers::{Layer, Seen, Tensors};
use ndarray::{ArrayD, ArrayRef, ArrayViewD, Dimension};
use tensor_core::{Error, Float, Parameter, Path, Tensor, Trainable};

use crate::Sequential;
use crate::names::{collect, find_tensor};
use crate::rows::first_rows;
use crate::stage::Stage;
use crate::workspace::Workspace;

impl<F: Float> Sequential<F> {
    /// Every saved tensor with its name, in order: `0.weight`, `0.bias`, `2.weight`, …
    pub fn tensors(&self) -> impl Iterator<Item = (String, Tensor<'_, F>)> {
        collect(|visit| self.each_tensor(Path::root(), visit)).into_iter()
    }

    /// The tensor of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn tensor(&self, name: &str) -> Result<ArrayViewD<'_, F>, Error> {
        find_tensor("tensor", name, self.tensors())
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
        let old = find_tensor("set_tensor", name, self.tensors())?;
        if old.shape() != value.shape() {
            return Err(Error::shape(format!("set_tensor: {name}"), old.shape(), value.shape()));
        }
        let value = value.view().into_dyn();
        self.each_tensor_mut(Path::root(), &mut |path, mut t| {
            if path == *name {
                t.value.assign(&value);
            }
        });
        Ok(())
    }

    /// The steps that layers count, by name: `2.step` of a [`Dropout`](layers::Dropout), whose next
    /// mask depends on it. With the [`tensors`](Self::tensors), they are all that changes in
    /// training.
    pub fn steps(&self) -> Vec<(String, u64)> {
        let mut list = Vec::new();
        self.each_step(Path::root(), &mut |path, step| list.push((path.to_string(), step)));
        list
    }

    /// Replaces a count of [`steps`](Self::steps): dropout goes on with the masks of an
    /// uninterrupted run.
    ///
    /// # Errors
    /// If nothing counts steps under that name.
    ///
    /// # Examples
    /// ```
    /// use layers::Dropout;
    /// use models::Sequential;
    ///
    /// let mut model = Sequential::<f32>::builder(4).push(Dropout::new(0.5, 7)?).build()?;
    /// model.set_step("0.step", 100)?;
    /// assert_eq!(model.layer::<Dropout>("0")?.step(), 100);
    /// assert_eq!(model.steps(), [("0.step".to_owned(), 100)]);
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn set_step(&mut self, name: &str, step: u64) -> Result<(), Error> {
        let steps = self.steps();
        if steps.iter().all(|(known, _)| known != name) {
            let known = steps.into_iter().map(|(name, _)| name).collect();
            let (place, found) = ("set_step".into(), name.to_owned());
            return Err(Error::UnknownTensor { place, found, known });
        }
        self.each_step_mut(Path::root(), &mut |path, old| {
            if path == *name {
                *old = step;
            }
        });
        Ok(())
    }

    /// What the last pass computed inside the layers, by name, read or computed anew because
    /// somebody looks:
    ///
    /// | layer | names |
    /// |---|---|
    /// | every one | `output`; `output_gradient` after a backward pass, but for the last one |
    /// | `BatchNorm1d` | `mean`, `variance` `(C)`, as the pass used them; `normalized` `(N, C)` |
    /// | `LayerNorm`, `GroupNorm`, `InstanceNorm1d` | `mean`, `inverse_deviation` `(N, groups)`; `normalized` `(N, C)` |
    /// | `RmsNorm` | `inverse_deviation` `(N, 1)`, `normalized` `(N, C)` |
    /// | `Dropout` | `mask` `(N, C)` |
    /// | layers made of layers | all of those inside: `3.0.output` |
    ///
    /// # Errors
    /// If no forward pass has been made, or the workspace was made by another model.
    ///
    /// # Examples
    /// ```
    /// use layers::{BatchNorm1d, Mode};
    /// use models::Sequential;
    /// use ndarray::array;
    ///
    /// let model = Sequential::<f64>::builder(1).push(BatchNorm1d::new(1)?).build()?;
    /// let mut ws = model.workspace(2)?;
    /// model.forward(&array![[10.0], [14.0]], &mut ws, Mode::Train)?;
    /// assert_eq!(model.intermediate(&ws, "0.mean")?, array![12.0].into_dyn());
    /// assert_eq!(model.intermediate(&ws, "0.variance")?, array![4.0].into_dyn());
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn intermediates(&self, ws: &Workspace<F>) -> Result<Vec<(String, ArrayD<F>)>, Error> {
        self.list_intermediates("intermediates", ws)
    }

    /// One of the values that [`intermediates`](Self::intermediates) lists.
    ///
    /// # Errors
    /// As for [`intermediates`](Self::intermediates), and if the last pass has computed nothing of
    /// that name.
    pub fn intermediate(&self, ws: &Workspace<F>, name: &str) -> Result<ArrayD<F>, Error> {
        let place = "intermediate";
        let mut known = Vec::new();
        for (path, value) in self.list_intermediates(place, ws)? {
            if path == name {
                return Ok(value);
            }
            known.push(path);
        }
        Err(Error::UnknownTensor { place: place.into(), found: name.to_owned(), known })
    }

    fn list_intermediates(
        &self,
        place: &'static str,
        ws: &Workspace<F>,
    ) -> Result<Vec<(String, ArrayD<F>)>, Error> {
        self.check_owner(place, &ws.progress.owner)?;
        if ws.progress.stage == Stage::Fresh {
            return Err(ws.progress.order(place, "`forward`"));
        }
        let [x, y] = ws.ends.each_ref().map(|a| first_rows(a, ws.rows));
        let mut list = Vec::new();
        let seen = Seen { x: &x, y: &y, cache: &ws.cache };
        let mut show = |path: Path<'_>, value| list.push((path.to_string(), value));
        Layer::intermediates(self, seen, Path::root(), &mut show);
        Ok(list)
    }
}

impl<F: Float> Trainable<F> for Sequential<F> {
    type Workspace = Workspace<F>;

    fn parameters(
        &mut self,
        ws: &mut Workspace<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        self.check_owner("step", &ws.progress.owner)?;
        ws.progress.check_unused_gradients("step")?;
        self.each_parameter(&mut ws.grads, Path::root(), visit);
        Ok(())
    }

    fn parameters_at_any_stage(
        &mut self,
        ws: &mut Workspace<F>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) -> Result<(), Error> {
        self.check_owner("step", &ws.progress.owner)?;
        self.each_parameter(&mut ws.grads, Path::root(), visit);
        Ok(())
    }

    fn settle(&mut self, ws: &mut Workspace<F>, moves: &dyn Fn(Path<'_>) -> bool) {
        let is_own = self.check_owner("settle", &ws.progress.owner).is_ok();
        if is_own && ws.progress.stage != Stage::Fresh {
            Layer::settle(self, &mut ws.cache, Path::root(), moves);
            ws.progress.settle();
            self.change();
        }
    }
}
