//! Layers one after the other: building, and what a model is made of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use layers::{Layer, Tensors};
use tensor_core::{Error, Float, Kind, Path};

use crate::erased::ErasedLayer;
use crate::slot::Slot;

/// Layers one after the other: `A[0] = x`, `A[i+1] = layer_i(A[i])`, `y = A[L]`.
///
/// The gradient comes back the same way: with `dLdA[L]` from a loss, `dLdA[i]` is layer `i`'s
/// backward pass of `dLdA[i+1]`, which is the chain rule, one layer at a time:
///
/// ```text
/// dLdA[i][n,j] = Σ_m Σ_k dLdA[i+1][m,k] · ∂A[i+1][m,k]/∂A[i][n,j]
/// ```
///
/// Nothing inside it changes but by [`set_tensor`](Self::set_tensor),
/// [`layer_mut`](Self::layer_mut), [`freeze`](Self::freeze) and an optimizer's step: everything
/// else takes `&self`, and threads may share it. What a pass writes stands in a
/// [`Workspace`](crate::Workspace).
///
/// It is a layer itself: a model inside a model, whose names become paths, `3.0.weight`.
/// [`Residual`](crate::Residual) and [`Branches`](crate::Branches) are made of it.
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
    /// Which values the parameters have, among those of the model and its clones: another number
    /// whenever they may have changed.
    pub(crate) version: u64,
    pub(crate) slots: Vec<Slot<F>>,
}

/// Collects layers for a [`Sequential`], the first one next to the input.
///
/// # Examples
/// ```
/// use layers::{Linear, Relu};
/// use models::Sequential;
/// use tensor_core::Rng;
///
/// let mut rng = Rng::new(0);
/// let builder = Sequential::<f32>::builder(3).push(Linear::new(3, 2, &mut rng)?).push(Relu);
/// assert_eq!(builder.build()?.widths(), [3, 2, 2]);
///
/// let narrow = Linear::new(3, 2, &mut rng)?;
/// let error = Sequential::<f32>::builder(4).push(narrow).build().unwrap_err();
/// assert_eq!(error.to_string(), "layer 0: Linear: expected 3 input features, found 4");
/// # Ok::<(), tensor_core::Error>(())
/// ```
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
    /// If the input has no features, there is no layer, a layer does not take the width in front of
    /// it, or two tensors have one name.
    pub fn build(self) -> Result<Sequential<F>, Error> {
        if self.in_features == 0 {
            return Err(Error::empty("Sequential", "at least 1 input feature"));
        }
        if self.slots.is_empty() {
            return Err(Error::empty("Sequential", "at least 1 layer"));
        }
        let widths = measure(self.in_features, &self.slots)?;
        let structure = Arc::new(Structure::new(widths));
        let model = Sequential { structure, version: 0, slots: self.slots };
        model.check_names("Sequential")?;
        Ok(model)
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
        let structure = Arc::clone(&self.structure);
        Self { structure, version: self.version, slots: self.slots.clone() }
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
        let mut n = 0;
        Tensors::each_tensor(self, Path::root(), &mut |_, t| {
            if matches!(t.kind, Kind::Parameter(_)) {
                n += t.value.len();
            }
        });
        n
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

    /// That no two tensors have one name.
    pub(crate) fn check_names(&self, place: &'static str) -> Result<(), Error> {
        let mut names = BTreeSet::new();
        let mut twice = None;
        Tensors::each_tensor(self, Path::root(), &mut |path, _| {
            if let Some(name) = names.replace(path.to_string()) {
                twice.get_or_insert(name);
            }
        });
        match twice {
            None => Ok(()),
            Some(found) => Err(Error::DuplicateTensor { place: place.into(), found }),
        }
    }

    /// The parameters may have changed: what a forward pass has computed of them is not theirs any
    /// more.
    pub(crate) fn change(&mut self) {
        self.version = self.structure.next_version();
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
}

/// What cannot change once a model is built. A workspace keeps its model's own: that it is the same
/// one, and not only an equal one, is how a foreign workspace is told.
#[derive(Debug)]
pub(crate) struct Structure {
    /// Widths of `A[0..=L]`.
    pub(crate) widths: Vec<usize>,
    /// The last version of the parameters of the model and its clones, so that no two of them call
    /// different values the same. Only a model that is changed, through `&mut`, takes the next one.
    last_version: AtomicU64,
}

impl Structure {
    pub(crate) fn new(widths: Vec<usize>) -> Self {
        Self { widths, last_version: AtomicU64::new(0) }
    }

    fn next_version(&self) -> u64 {
        self.last_version.fetch_add(1, Ordering::Relaxed) + 1
    }
}
