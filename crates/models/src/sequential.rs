//! `A[i+1] = layer_i(A[i])`: layers one after the other.
//!
//! ```
//! use layers::{Linear, Mode, Relu};
//! use losses::{Loss, MseLoss};
//! use models::Sequential;
//! use ndarray::array;
//! use optim::{Optimizer, Sgd, SgdConfig};
//! use tensor_core::Rng;
//!
//! let mut rng = Rng::new(0);
//! let mut model = Sequential::<f64>::builder(2)
//!     .push(Linear::new(2, 3, &mut rng)?)
//!     .push(Relu)
//!     .push(Linear::new(3, 1, &mut rng)?)
//!     .build()?;
//! let mut ws = model.workspace(4)?;
//! let mut sgd = Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() })?;
//! let (x, y) = (array![[1.0, 2.0], [3.0, 4.0]], array![[1.0], [0.0]]);
//!
//! // A training step.
//! model.forward(&x, &mut ws, Mode::Train)?;
//! let (a, mut da) = ws.output_and_gradient()?;
//! let loss = MseLoss::default().backward(&a, &y, &mut da)?;
//! model.backward_params(&mut ws)?;
//! sgd.step(&mut model, &mut ws)?;
//!
//! let after = MseLoss::default().forward(&model.infer(&x)?, &y)?;
//! assert!(after < loss);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use std::sync::Arc;

use layers::Layer;
use ndarray::Array2;
use tensor_core::{Error, Float, Kind};

use crate::erased::ErasedLayer;
use crate::workspace::{Scratch, Stage, Structure, Workspace};

/// A stack of layers.
///
/// Nothing inside it changes but by [`set_tensor`](Self::set_tensor) and an optimizer's step: everything else takes `&self`,
/// and threads may share it.
#[derive(Debug)]
pub struct Sequential<F> {
    pub(crate) structure: Arc<Structure>,
    pub(crate) layers: Vec<Box<dyn ErasedLayer<F>>>,
}

/// Collects layers for a [`Sequential`].
#[derive(Debug)]
pub struct SequentialBuilder<F> {
    in_features: usize,
    layers: Vec<Box<dyn ErasedLayer<F>>>,
}

impl<F: Float> SequentialBuilder<F> {
    /// Adds a layer behind those already there.
    #[must_use]
    pub fn push(self, layer: impl Layer<F>) -> Self {
        self.push_boxed(Box::new(layer))
    }

    pub(crate) fn push_boxed(mut self, layer: Box<dyn ErasedLayer<F>>) -> Self {
        self.layers.push(layer);
        self
    }

    /// The model, with widths checked from the input to the last layer.
    ///
    /// # Errors
    /// If the input has no features, there is no layer, or a layer does not take the width in front of it.
    pub fn build(self) -> Result<Sequential<F>, Error> {
        if self.in_features == 0 {
            return Err(Error::empty("Sequential", "at least 1 input feature"));
        }
        if self.layers.is_empty() {
            return Err(Error::empty("Sequential", "at least 1 layer"));
        }
        let mut width = self.in_features;
        let mut widths = vec![width];
        for (i, layer) in self.layers.iter().enumerate() {
            width = layer.out_features(width).map_err(|e| e.within(&format!("layer {i}")))?;
            widths.push(width);
        }
        Ok(Sequential { structure: Arc::new(Structure { widths }), layers: self.layers })
    }
}

/// Shares the structure, so that workspaces of the model and of its clone are interchangeable.
impl<F: Float> Clone for Sequential<F> {
    fn clone(&self) -> Self {
        let layers = self.layers.iter().map(|layer| layer.boxed_clone()).collect();
        Self { structure: Arc::clone(&self.structure), layers }
    }
}

/// Building, and what a model is made of.
impl<F: Float> Sequential<F> {
    /// Starts a model whose input has `in_features` features.
    pub fn builder(in_features: usize) -> SequentialBuilder<F> {
        SequentialBuilder { in_features, layers: Vec::new() }
    }

    /// Number of layers, `L`.
    pub fn n_layers(&self) -> usize {
        self.layers.len()
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

    /// Layer `i` as the type it was pushed as; `None` if there is no such layer or it is of another type.
    pub fn layer<L: Layer<F>>(&self, i: usize) -> Option<&L> {
        self.layers.get(i)?.as_any().downcast_ref()
    }

    /// A workspace for batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0.
    pub fn workspace(&self, max_batch: usize) -> Result<Workspace<F>, Error> {
        if max_batch == 0 {
            return Err(Error::empty("workspace", "room for at least 1 row"));
        }
        let buffers =
            || self.widths().iter().map(|&width| Array2::zeros((max_batch, width))).collect();
        Ok(Workspace {
            owner: Arc::clone(&self.structure),
            max_batch,
            rows: 0,
            stage: Stage::Fresh,
            activations: buffers(),
            gradients: buffers(),
            states: self
                .layers
                .iter()
                .zip(self.widths())
                .map(|(layer, &width)| layer.state(max_batch, width))
                .collect(),
        })
    }

    /// Memory for [`infer_into`](Self::infer_into) with batches of up to `max_batch` rows.
    ///
    /// # Errors
    /// If `max_batch` is 0.
    pub fn scratch(&self, max_batch: usize) -> Result<Scratch<F>, Error> {
        if max_batch == 0 {
            return Err(Error::empty("scratch", "room for at least 1 row"));
        }
        let widest = self.widths().iter().copied().max().unwrap_or(0);
        let buffer = vec![F::zero(); max_batch * widest];
        Ok(Scratch {
            owner: Arc::clone(&self.structure),
            max_batch,
            buffers: [buffer.clone(), buffer],
        })
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
