//! All that a pass writes: the trace.

use std::sync::Arc;

use layers::{Layer, Tensors};
use ndarray::{Array2, ArrayView2, ArrayViewD, ArrayViewMut2};
use tensor_core::memory::{check_room, zeros};
use tensor_core::{Error, Float, Kind, Path, Tensor};

use crate::names::{collect, find_tensor};
use crate::rows::{first_rows, first_rows_mut};
use crate::sequential::Structure;
use crate::stage::{Progress, Stage};
use crate::{Sequential, SequentialCache, unwritten};

/// The companion of a model that one pass after the other is written into: the trace.
///
/// For a model of `L` layers and a batch of `N` rows it holds
///
/// | | shape | read by |
/// |---|---|---|
/// | `A[0] … A[L]`: the input, then the output of each layer | `(N, width)` | [`activation`](Self::activation) |
/// | `dLdA[0] … dLdA[L]`: the gradient of the loss for each of them | `(N, width)` | [`activation_gradient`](Self::activation_gradient) |
/// | the gradient of each parameter | the parameter's | [`parameter_gradient`](Self::parameter_gradient) |
/// | what lies inside layers: a mean, a mask, the layers of a layer | | [`Sequential::intermediate`] |
///
/// Made by [`Sequential::workspace`], and valid only with that model and its clones; others refuse
/// it with [`Error::ForeignWorkspace`]. Reused, it makes no heap allocation. A batch smaller than
/// the workspace uses its first rows; a larger one is an error.
///
/// What is read from it belongs to the last pass: a value that this pass has not computed is an
/// error, never an old one. Nothing is used twice either: after an optimizer's step a backward pass
/// and another step wait for the next forward pass, while what the last one has left can still be
/// read. Whatever may change the parameters between a forward pass and its backward pass, by a step
/// in another workspace, [`Sequential::set_tensor`] or [`Sequential::layer_mut`], makes the
/// backward pass an error.
///
/// # Examples
/// ```
/// use layers::{Linear, Mode};
/// use models::Sequential;
/// use ndarray::array;
///
/// let linear = Linear::from_parts(array![[2.0, 3.0]], Some(array![1.0]))?;
/// let model = Sequential::builder(2).push(linear).build()?;
/// let mut ws = model.workspace(8)?;
/// model.forward(&array![[10.0, 20.0]], &mut ws, Mode::Train)?;
/// assert_eq!(ws.activation(1)?, array![[2.0 * 10.0 + 3.0 * 20.0 + 1.0]]);
/// assert!(ws.parameter_gradient("0.weight").is_err(), "no backward pass yet");
///
/// model.backward_from(&array![[1.0]], &mut ws)?;
/// assert_eq!(ws.activation_gradient(0)?, array![[2.0, 3.0]]);
/// assert_eq!(ws.parameter_gradient("0.weight")?, array![[10.0, 20.0]].into_dyn());
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Workspace<F> {
    pub(crate) progress: Progress,
    pub(crate) max_batch: usize,
    pub(crate) rows: usize,
    /// `A[0]` and `A[L]`, each `(max_batch, width)`; what lies between is in the cache.
    pub(crate) ends: [Array2<F>; 2],
    /// `dLdA[0]` and `dLdA[L]`, of the same shapes.
    pub(crate) end_gradients: [Array2<F>; 2],
    pub(crate) cache: SequentialCache<F>,
    /// A model that holds the gradient of each parameter in the parameter's place.
    pub(crate) grads: Sequential<F>,
    /// The gradients of one part, where those of several are added up; made for the second part.
    pub(crate) part: Option<Sequential<F>>,
}

/// Memory for a model's passes.
impl<F: Float> Sequential<F> {
    /// A workspace for batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0, there is no memory for so many rows, or a layer was replaced by one of
    /// another width or with two tensors of one name.
    pub fn workspace(&self, max_batch: usize) -> Result<Workspace<F>, Error> {
        self.check_memory("workspace", max_batch)?;
        self.check_names("workspace")?;
        let (first, last) = (self.widths()[0], self.widths()[self.n_layers()]);
        let buffer = |width| zeros("workspace: activation", (max_batch, width));
        let cache = Layer::cache(self, max_batch, first).map_err(|e| e.within("workspace"))?;
        Ok(Workspace {
            progress: Progress::new(Arc::clone(&self.structure)),
            max_batch,
            rows: 0,
            ends: [buffer(first)?, buffer(last)?],
            end_gradients: [buffer(first)?, buffer(last)?],
            cache,
            grads: self.gradients("workspace: gradients")?,
            part: None,
        })
    }

    /// Memory for [`infer_into`](Self::infer_into) with batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0, there is no memory for so many rows, or a layer was replaced by one of
    /// another width.
    pub fn scratch(&self, max_batch: usize) -> Result<Scratch<F>, Error> {
        self.check_memory("scratch", max_batch)?;
        let inner = self.inner_scratch("scratch", max_batch)?;
        let buffer = |width| zeros("scratch: input or output", (max_batch, width));
        let ends = [buffer(self.widths()[0])?, buffer(self.widths()[self.n_layers()])?];
        Ok(Scratch { owner: Arc::clone(&self.structure), max_batch, ends, inner })
    }

    /// Memory for what lies between the layers.
    pub(crate) fn inner_scratch(
        &self,
        place: &'static str,
        max_batch: usize,
    ) -> Result<layers::Scratch<F>, Error> {
        Layer::scratch(self, max_batch, self.widths()[0]).map_err(|e| e.within(place))
    }

    /// Memory for the gradients of all parameters.
    pub(crate) fn gradients(&self, place: &'static str) -> Result<Self, Error> {
        let n_values = self.tensors().map(|(_, t)| t.value.len()).fold(0, usize::saturating_add);
        check_room::<F>(place, &[n_values])?;
        Ok(self.gradient())
    }

    pub(crate) fn check_memory(&self, place: &'static str, max_batch: usize) -> Result<(), Error> {
        if max_batch == 0 {
            return Err(Error::empty(place, "a batch of at least 1 row"));
        }
        self.check_widths(place)
    }
}

impl<F: Float> Workspace<F> {
    /// The largest batch it takes.
    pub fn max_batch(&self) -> usize {
        self.max_batch
    }

    /// Rows of the last forward pass; 0 before the first one.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// `A[i] (N, C_i)` of the last forward pass: the input for `i = 0`, then the output of layer `i
    /// − 1`.
    ///
    /// # Errors
    /// If there is no such entry, or no forward pass has been made.
    pub fn activation(&self, i: usize) -> Result<ArrayView2<'_, F>, Error> {
        self.activation_for("activation", i)
    }

    pub(crate) fn activation_for(
        &self,
        place: &'static str,
        i: usize,
    ) -> Result<ArrayView2<'_, F>, Error> {
        let buffer = entry(place, &self.ends, &self.cache.activations, i)?;
        match self.progress.stage {
            Stage::Fresh => Err(self.progress.order(place, "`forward`")),
            _ => Ok(first_rows(buffer, self.rows)),
        }
    }

    /// `dLdA[i] (N, C_i)` of the last backward pass: for `i = 0` the gradient of the input, for `i
    /// = L` that of the output.
    ///
    /// # Errors
    /// If there is no such entry, or the last pass has not computed it: `backward` leaves `i = 0`
    /// out.
    pub fn activation_gradient(&self, i: usize) -> Result<ArrayView2<'_, F>, Error> {
        self.activation_gradient_for("activation_gradient", i)
    }

    pub(crate) fn activation_gradient_for(
        &self,
        place: &'static str,
        i: usize,
    ) -> Result<ArrayView2<'_, F>, Error> {
        let buffer = entry(place, &self.end_gradients, &self.cache.gradients, i)?;
        self.progress.check_gradients(place)?;
        match self.progress.stage {
            Stage::Backward { from } | Stage::Stepped { from } if i < from => Err(Error::Order {
                place: place.into(),
                expected: "`backward_to_input` or `backward_from`",
                found: "`backward`, which leaves the input's gradient out",
            }),
            _ => Ok(first_rows(buffer, self.rows)),
        }
    }

    /// The gradient of the parameter of that name, of the parameter's shape, after a backward pass.
    ///
    /// # Errors
    /// If there has been no backward pass, or there is no such parameter.
    pub fn parameter_gradient(&self, name: &str) -> Result<ArrayViewD<'_, F>, Error> {
        let place = "parameter_gradient";
        self.progress.check_gradients(place)?;
        find_tensor(place, name, self.list_gradients())
    }

    /// The gradient of every parameter with its name, in order, after a backward pass.
    ///
    /// # Errors
    /// If there has been no backward pass.
    pub fn parameter_gradients(
        &self,
    ) -> Result<impl Iterator<Item = (String, Tensor<'_, F>)>, Error> {
        self.progress.check_gradients("parameter_gradients")?;
        Ok(self.list_gradients())
    }

    fn list_gradients(&self) -> impl Iterator<Item = (String, Tensor<'_, F>)> {
        let list = collect(|visit| self.grads.each_tensor(Path::root(), visit));
        list.into_iter().filter(|(_, t)| matches!(t.kind, Kind::Parameter(_)))
    }

    /// The output of the last forward pass to read, and the gradient of the loss for it to write,
    /// `(N, C_L)` both: what goes into `Loss::backward`.
    ///
    /// The gradient comes without values: each element is one NaN that nothing else computes, and a
    /// backward pass refuses to begin while one of them is left. So a loss that has refused its
    /// targets is not passed over, nor a row that nobody has written. Asked for a second time, it
    /// comes without values again.
    ///
    /// # Errors
    /// If no forward pass has been made since the last step.
    pub fn output_and_gradient(
        &mut self,
    ) -> Result<(ArrayView2<'_, F>, ArrayViewMut2<'_, F>), Error> {
        self.progress.check_forward_pass("output_and_gradient")?;
        self.progress.stage = Stage::Seeded;
        let ([_, a], [_, da]) = (&self.ends, &mut self.end_gradients);
        let mut da = first_rows_mut(da, self.rows);
        unwritten::mark(&mut da);
        Ok((first_rows(a, self.rows), da))
    }
}

/// Entry `i` of `first, between…, last`.
fn entry<'a, F>(
    place: &'static str,
    [first, last]: &'a [Array2<F>; 2],
    between: &'a [Array2<F>],
    i: usize,
) -> Result<&'a Array2<F>, Error> {
    let n_layers = between.len() + 1;
    match i {
        0 => Ok(first),
        i if i < n_layers => Ok(&between[i - 1]),
        i if i == n_layers => Ok(last),
        found => Err(Error::Index { place: place.into(), len: n_layers + 1, found }),
    }
}

/// Memory for [`Sequential::infer_into`]: buffers between which the layers go back and forth. One a
/// thread; made by [`Sequential::scratch`].
#[derive(Debug, Clone)]
pub struct Scratch<F> {
    pub(crate) owner: Arc<Structure>,
    pub(crate) max_batch: usize,
    /// Input and output, for arrays whose rows do not lie one behind the other.
    pub(crate) ends: [Array2<F>; 2],
    pub(crate) inner: layers::Scratch<F>,
}
