//! Layers one after the other: building, and what a model is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use layers::{Layer, Tensors, Training};
use ndarray::Array2;
use tensor_core::{Error, Float, Kind, Path};

use crate::erased::ErasedLayer;
use crate::slot::{Slot, find, find_mut, paths};
use crate::workspace::{Scratch, Stage, Structure, Workspace};

/// Layers one after the other: `A[0] = x`, `A[i+1] = layer_i(A[i])`, `y = A[L]`.
///
/// The gradient comes back the same way: with `dLdA[L]` from a loss, `dLdA[i]` is layer `i`'s backward pass of `dLdA[i+1]`, which is
/// the chain rule, `dLdA[i][n,j] = Σ_k dLdA[i+1][n,k] · dA[i+1][n,k]/dA[i][n,j]`, one layer at a time.
///
/// Nothing inside it changes but by [`set_tensor`](Self::set_tensor), [`layer_mut`](Self::layer_mut), [`freeze`](Self::freeze) and
/// an optimizer's step: everything else takes `&self`, and threads may share it. What a pass writes stands in a [`Workspace`].
///
/// It is a layer itself: a model inside a model, whose names become paths, `3.0.weight`. [`Residual`](crate::Residual) and
/// [`Branches`](crate::Branches) are made of it.
///
/// # Shapes
/// `x (N, C_0)`, `A[i] (N, C_i)`, `y (N, C_L)` with the [widths](Self::widths) `C_0 … C_L`.
///
/// # Examples
/// ```
/// use layers::{Linear, Mode, Relu};
/// use losses::{Loss, MseLoss};
/// use models::Sequential;
/// use ndarray::array;
/// use optim::{Optimizer, Sgd, SgdConfig};
/// use tensor_core::Rng;
///
/// let mut rng = Rng::new(0);
/// let mut model = Sequential::<f64>::builder(2)
///     .push(Linear::new(2, 3, &mut rng)?)
///     .push(Relu)
///     .push(Linear::new(3, 1, &mut rng)?)
///     .build()?;
/// let mut ws = model.workspace(4)?;
/// let mut sgd = Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() })?;
/// let (x, y) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0], [0.0]]);
///
/// // A training step.
/// model.forward(&x, &mut ws, Mode::Train)?;
/// let (a, mut da) = ws.output_and_gradient()?;
/// let loss = MseLoss::default().backward(&a, &y, &mut da)?;
/// model.backward(&mut ws)?;
/// sgd.step(&mut model, &mut ws)?;
///
/// let after = MseLoss::default().forward(&model.infer(&x)?, &y)?;
/// assert!(after < loss);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Sequential<F> {
    pub(crate) structure: Arc<Structure>,
    pub(crate) slots: Vec<Slot<F>>,
}

/// Collects layers for a [`Sequential`].
#[derive(Debug)]
pub struct SequentialBuilder<F> {
    in_features: usize,
    slots: Vec<Slot<F>>,
}

impl<F: Float> SequentialBuilder<F> {
    /// Adds a layer behind those already there.
    #[must_use]
    pub fn push(self, layer: impl Layer<F>) -> Self {
        self.push_boxed(Box::new(layer))
    }

    pub(crate) fn push_boxed(mut self, layer: Box<dyn ErasedLayer<F>>) -> Self {
        self.slots.push(Slot::boxed(layer));
        self
    }

    /// The model, with widths checked from the input to the last layer.
    ///
    /// # Errors
    /// If the input has no features, there is no layer, a layer does not take the width in front of it, or two tensors have one
    /// name.
    pub fn build(self) -> Result<Sequential<F>, Error> {
        if self.in_features == 0 {
            return Err(Error::empty("Sequential", "at least 1 input feature"));
        }
        if self.slots.is_empty() {
            return Err(Error::empty("Sequential", "at least 1 layer"));
        }
        let widths = measure(self.in_features, &self.slots)?;
        let model = Sequential { structure: Arc::new(Structure { widths }), slots: self.slots };
        let mut names = BTreeSet::new();
        let mut twice = None;
        Tensors::each_tensor(&model, Path::root(), &mut |path, _| {
            let name = path.to_string();
            if names.contains(&name) {
                twice.get_or_insert(name);
            } else {
                names.insert(name);
            }
        });
        match twice {
            None => Ok(model),
            Some(found) => Err(Error::DuplicateTensor { place: "Sequential".into(), found }),
        }
    }
}

/// The widths of `A[0] … A[L]`, from what the layers say of themselves.
fn measure<F: Float>(in_features: usize, slots: &[Slot<F>]) -> Result<Vec<usize>, Error> {
    let mut width = in_features;
    let mut widths = vec![width];
    for (i, slot) in slots.iter().enumerate() {
        width = slot.layer.out_features(width).map_err(|e| e.within(&format!("layer {i}")))?;
        widths.push(width);
    }
    Ok(widths)
}

/// Shares the structure, so that workspaces of the model and of its clone are interchangeable.
impl<F: Float> Clone for Sequential<F> {
    fn clone(&self) -> Self {
        Self { structure: Arc::clone(&self.structure), slots: self.slots.clone() }
    }
}

/// Building, and what a model is made of.
impl<F: Float> Sequential<F> {
    /// Starts a model whose input has `in_features` features.
    pub fn builder(in_features: usize) -> SequentialBuilder<F> {
        SequentialBuilder { in_features, slots: Vec::new() }
    }

    /// Number of layers, `L`.
    pub fn n_layers(&self) -> usize {
        self.slots.len()
    }

    /// Features of the input and of each layer's output: the widths of `A[0] … A[L]`.
    pub fn widths(&self) -> &[usize] {
        &self.structure.widths
    }

    /// Number of trained values.
    pub fn n_parameters(&self) -> usize {
        self.tensors()
            .filter(|(_, t)| matches!(t.kind, Kind::Parameter(_)))
            .map(|(_, t)| t.value.len())
            .sum()
    }

    /// The layer at `path`, as the type it was pushed as: `"0"`, or `"3.0"` for layer 0 inside layer 3.
    ///
    /// # Errors
    /// If there is no layer at that path, or it is of another type.
    pub fn layer<L: Layer<F>>(&self, path: &str) -> Result<&L, Error> {
        self.layer_for("layer", path)
    }

    fn layer_for<L: Layer<F>>(&self, place: &'static str, path: &str) -> Result<&L, Error> {
        match find(&self.slots, path).and_then(|slot| slot.layer.as_any().downcast_ref()) {
            Some(layer) => Ok(layer),
            None => Err(self.no_layer::<L>(place, path)),
        }
    }

    /// The same, to be changed: another rate of a dropout, say. Workspaces and scratch memory made before are refused from now on,
    /// because they may not fit any more; those that are made afterward check the widths anew.
    ///
    /// # Errors
    /// If there is no layer at that path, or it is of another type.
    pub fn layer_mut<L: Layer<F>>(&mut self, path: &str) -> Result<&mut L, Error> {
        self.layer_for::<L>("layer_mut", path)?;
        self.structure = Arc::new(Structure { widths: self.widths().to_vec() });
        let slot = find_mut(&mut self.slots, path);
        match slot.and_then(|slot| slot.layer.as_any_mut().downcast_mut()) {
            Some(layer) => Ok(layer),
            None => unreachable!("the layer has just been found"),
        }
    }

    /// Freezes the layer at `path` with all that stands inside it: an optimizer's step leaves its parameters and its running
    /// statistics as they are, and its gradients count in no norm. Passes are the same, gradients are still computed.
    ///
    /// A frozen BatchNorm still normalizes a training batch by the batch's statistics; that it uses its running ones is
    /// [`Workspace::set_mode`]`(path, Mode::Eval)`.
    ///
    /// # Errors
    /// If there is no layer at that path.
    pub fn freeze(&mut self, path: &str) -> Result<(), Error> {
        self.set_training("freeze", path, Training::Frozen)
    }

    /// Trains the layer at `path` again, but for those inside it that are frozen themselves.
    ///
    /// # Errors
    /// If there is no layer at that path.
    pub fn unfreeze(&mut self, path: &str) -> Result<(), Error> {
        self.set_training("unfreeze", path, Training::Active)
    }

    fn set_training(
        &mut self,
        place: &'static str,
        path: &str,
        training: Training,
    ) -> Result<(), Error> {
        match find_mut(&mut self.slots, path) {
            Some(slot) => slot.training = training,
            None => return Err(self.unknown_layer(place, path)),
        }
        Ok(())
    }

    /// A workspace for batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0, or a layer was replaced by one of another width.
    pub fn workspace(&self, max_batch: usize) -> Result<Workspace<F>, Error> {
        self.check_memory("workspace", max_batch)?;
        let (first, last) = (self.widths()[0], self.widths()[self.n_layers()]);
        let buffer = |width| Array2::zeros((max_batch, width));
        Ok(Workspace {
            owner: Arc::clone(&self.structure),
            max_batch,
            rows: 0,
            stage: Stage::Fresh,
            ends: [buffer(first), buffer(last)],
            end_gradients: [buffer(first), buffer(last)],
            cache: Layer::cache(self, max_batch, first),
            grads: self.gradient(),
        })
    }

    /// Memory for [`infer_into`](Self::infer_into) with batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0, or a layer was replaced by one of another width.
    pub fn scratch(&self, max_batch: usize) -> Result<Scratch<F>, Error> {
        self.check_memory("scratch", max_batch)?;
        let inner = Layer::scratch(self, max_batch, self.widths()[0]);
        Ok(Scratch { owner: Arc::clone(&self.structure), max_batch, inner })
    }

    fn check_memory(&self, place: &'static str, max_batch: usize) -> Result<(), Error> {
        if max_batch == 0 {
            return Err(Error::empty(place, "a batch of at least 1 row"));
        }
        self.check_widths(place)
    }

    /// Whether the layers still have the widths for which the model was built.
    pub(crate) fn check_widths(&self, place: &'static str) -> Result<(), Error> {
        let widths = measure(self.widths()[0], &self.slots).map_err(|e| e.within(place))?;
        if widths == self.widths() {
            Ok(())
        } else {
            Err(Error::shape(format!("{place}: widths"), self.widths(), &widths))
        }
    }

    pub(crate) fn check_owner(
        &self,
        place: &'static str,
        owner: &Arc<Structure>,
    ) -> Result<(), Error> {
        if Arc::ptr_eq(&self.structure, owner) {
            Ok(())
        } else {
            Err(Error::ForeignWorkspace { place: place.into() })
        }
    }

    fn no_layer<L: Layer<F>>(&self, place: &'static str, path: &str) -> Error {
        match find(&self.slots, path) {
            None => self.unknown_layer(place, path),
            Some(slot) => Error::LayerType {
                place: format!("{place}: {path}").into(),
                expected: L::NAME,
                found: slot.layer.name(),
            },
        }
    }

    pub(crate) fn unknown_layer(&self, place: &'static str, path: &str) -> Error {
        let mut known = Vec::new();
        paths(&self.slots, Path::root(), &mut known);
        Error::UnknownLayer { place: place.into(), found: path.to_owned(), known }
    }
}
