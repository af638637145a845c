//! All that a pass writes: the trace.

use std::sync::Arc;

use layers::{Mode, Tensors};
use ndarray::{Array2, ArrayView2, ArrayViewD, ArrayViewMut2, Axis, Slice};
use tensor_core::{Error, Float, Kind, Path, Tensor};

use crate::slot::find_cache;
use crate::tensors::{collect, find_tensor};
use crate::{Sequential, SequentialCache};

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
/// Made by [`Sequential::workspace`], and valid only with that model and its clones; others refuse it with
/// [`Error::ForeignWorkspace`]. Reused, it makes no heap allocation. A batch smaller than the workspace uses its first rows; a
/// larger one is an error.
///
/// What is read from it belongs to the last pass: a value that this pass has not computed is an error, never an old one.
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
    pub(crate) owner: Arc<Structure>,
    pub(crate) max_batch: usize,
    pub(crate) rows: usize,
    pub(crate) stage: Stage,
    /// `A[0]` and `A[L]`, each `(max_batch, width)`; what lies between is in the cache.
    pub(crate) ends: [Array2<F>; 2],
    /// `dLdA[0]` and `dLdA[L]`, of the same shapes.
    pub(crate) end_gradients: [Array2<F>; 2],
    pub(crate) cache: SequentialCache<F>,
    /// A model that holds the gradient of each parameter in the parameter's place.
    pub(crate) grads: Sequential<F>,
}

/// What cannot change once a model is built. A workspace keeps its model's own: that it is the same one, and not only an
/// equal one, is how a foreign workspace is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Structure {
    /// Widths of `A[0..=L]`.
    pub(crate) widths: Vec<usize>,
}

/// How far the last pass came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing yet, or a forward pass that failed.
    Fresh,
    /// Activations are there.
    Forward,
    /// The gradient of the output has been handed out to be filled.
    Seeded,
    /// Parameter gradients are there, and `dLdA` from the entry `from` on.
    Backward { from: usize },
}

impl Stage {
    fn description(self) -> &'static str {
        match self {
            Self::Fresh => "a workspace without a pass",
            Self::Forward => "`forward` alone",
            Self::Seeded => "`forward` and `output_and_gradient`",
            Self::Backward { .. } => "a finished backward pass",
        }
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

    /// `A[i] (N, C_i)` of the last forward pass: the input for `i = 0`, then the output of layer `i − 1`.
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
        match self.stage {
            Stage::Fresh => Err(self.order(place, "`forward`")),
            _ => Ok(first_rows(buffer, self.rows)),
        }
    }

    /// `dLdA[i] (N, C_i)` of the last backward pass: for `i = 0` the gradient of the input, for `i = L` that of the output.
    ///
    /// # Errors
    /// If there is no such entry, or the last pass has not computed it: `backward` leaves `i = 0` out.
    pub fn activation_gradient(&self, i: usize) -> Result<ArrayView2<'_, F>, Error> {
        self.activation_gradient_for("activation_gradient", i)
    }

    pub(crate) fn activation_gradient_for(
        &self,
        place: &'static str,
        i: usize,
    ) -> Result<ArrayView2<'_, F>, Error> {
        let buffer = entry(place, &self.end_gradients, &self.cache.gradients, i)?;
        match self.stage {
            Stage::Backward { from } if i >= from => Ok(first_rows(buffer, self.rows)),
            Stage::Backward { .. } => Err(Error::Order {
                place: place.into(),
                expected: "`backward_to_input` or `backward_from`",
                found: "`backward`, which leaves the input's gradient out",
            }),
            _ => Err(self.order(place, "`backward`")),
        }
    }

    /// The gradient of the parameter of that name, of the parameter's shape, after a backward pass.
    ///
    /// # Errors
    /// If there has been no backward pass, or there is no such parameter.
    pub fn parameter_gradient(&self, name: &str) -> Result<ArrayViewD<'_, F>, Error> {
        let place = "parameter_gradient";
        self.check_backward(place)?;
        find_tensor(place, name, self.list_gradients())
    }

    /// The gradient of every parameter with its name, in order, after a backward pass.
    ///
    /// # Errors
    /// If there has been no backward pass.
    pub fn parameter_gradients(
        &self,
    ) -> Result<impl Iterator<Item = (String, Tensor<'_, F>)>, Error> {
        self.check_backward("parameter_gradients")?;
        Ok(self.list_gradients())
    }

    fn list_gradients(&self) -> impl Iterator<Item = (String, Tensor<'_, F>)> {
        let list = collect(|visit| self.grads.each_tensor(Path::root(), visit));
        list.into_iter().filter(|(_, t)| matches!(t.kind, Kind::Parameter(_)))
    }

    /// The output of the last forward pass to read, and the gradient of the loss for it to write, `(N, C_L)` both: what goes into
    /// `Loss::backward`.
    ///
    /// # Errors
    /// If no forward pass has been made.
    pub fn output_and_gradient(
        &mut self,
    ) -> Result<(ArrayView2<'_, F>, ArrayViewMut2<'_, F>), Error> {
        if self.stage == Stage::Fresh {
            return Err(self.order("output_and_gradient", "`forward`"));
        }
        self.stage = Stage::Seeded;
        let ([_, a], [_, da]) = (&self.ends, &mut self.end_gradients);
        Ok((first_rows(a, self.rows), first_rows_mut(da, self.rows)))
    }

    /// Runs the layer at `path`, with all that stands inside it, in its own mode from the next forward pass on, whatever the mode
    /// of the pass; `None` for the pass's mode again. The layers inside it may have their own in turn.
    ///
    /// | wanted | |
    /// |---|---|
    /// | BatchNorm uses its running statistics as constants while dropout draws | `set_mode("1", Mode::Eval)`, then `forward` in `Mode::Train` |
    /// | dropout draws in evaluation (Monte-Carlo dropout) | `set_mode("3", Mode::Train)`, then `forward` in `Mode::Eval`, each time with other rows: [`start_at`](Sequential::start_at)`(ws, k·N)` |
    /// | running statistics rest while the layer uses the batch's | [`freeze`](Sequential::freeze) |
    ///
    /// # Errors
    /// If there is no layer at that path.
    ///
    /// # Examples
    /// ```
    /// use layers::{Dropout, Mode};
    /// use models::Sequential;
    /// use ndarray::Array2;
    ///
    /// // How sure is the model? The spread of its outputs under dropout. (Gal and Ghahramani, ICML 2016,
    /// // <https://arxiv.org/abs/1506.02142>.)
    /// let model = Sequential::<f64>::builder(100).push(Dropout::new(0.5, 1)?).build()?;
    /// let mut ws = model.workspace(1)?;
    /// ws.set_mode("0", Mode::Train)?;
    /// let x = Array2::ones((1, 100));
    /// let mut draw = |k| {
    ///     model.start_at(&mut ws, k)?;
    ///     Ok::<_, tensor_core::Error>(model.forward(&x, &mut ws, Mode::Eval)?.to_owned())
    /// };
    /// let (first, second) = (draw(0)?, draw(1)?);
    /// assert!(first.iter().all(|&a| a == 0.0 || a == 2.0));
    /// assert!(first != second && first == draw(0)?);
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn set_mode(&mut self, path: &str, mode: impl Into<Option<Mode>>) -> Result<(), Error> {
        match find_cache::<F>(&mut self.cache.slots, path) {
            Some(slot) => slot.mode = mode.into(),
            None => return Err(self.grads.unknown_layer("set_mode", path)),
        }
        Ok(())
    }

    pub(crate) fn check_backward(&self, place: &'static str) -> Result<(), Error> {
        match self.stage {
            Stage::Backward { .. } => Ok(()),
            _ => Err(self.order(place, "`backward`")),
        }
    }

    pub(crate) fn order(&self, place: &'static str, expected: &'static str) -> Error {
        Error::Order { place: place.into(), expected, found: self.stage.description() }
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

pub(crate) fn first_rows<F>(buffer: &Array2<F>, rows: usize) -> ArrayView2<'_, F> {
    // The common case, without the arithmetic of a slice: in a small model it costs as much as a layer.
    if rows == buffer.nrows() {
        return buffer.view();
    }
    buffer.slice_axis(Axis(0), Slice::from(..rows))
}

pub(crate) fn first_rows_mut<F>(buffer: &mut Array2<F>, rows: usize) -> ArrayViewMut2<'_, F> {
    if rows == buffer.nrows() {
        return buffer.view_mut();
    }
    buffer.slice_axis_mut(Axis(0), Slice::from(..rows))
}

/// Memory for [`Sequential::infer_into`]: buffers between which the layers go back and forth. One a thread; made by
/// [`Sequential::scratch`].
#[derive(Debug, Clone)]
pub struct Scratch<F> {
    pub(crate) owner: Arc<Structure>,
    pub(crate) max_batch: usize,
    pub(crate) inner: layers::Scratch<F>,
}
