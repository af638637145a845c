//! One layer in a list of layers.

use std::any::Any;

use layers::{Layer, Mode, Part};
use tensor_core::{Error, Float, Parameter, Path};

use crate::erased::{Cache, ErasedLayer};

/// Whether an optimizer's step moves a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Training {
    /// Parameters and running statistics move.
    Active,
    /// Both stay as they are.
    Frozen,
}

/// A layer in a list, and whether it is trained.
#[derive(Debug)]
pub(crate) struct Slot<F> {
    pub(crate) layer: Box<dyn ErasedLayer<F>>,
    pub(crate) training: Training,
    /// Whether it may have tensors: a layer without size has none, and is passed by.
    may_have_tensors: bool,
}

/// What a pass keeps of a layer in a list.
#[derive(Debug)]
pub(crate) struct SlotCache {
    pub(crate) cache: Cache,
    /// Its own mode, if it has another one than the pass.
    pub(crate) mode: Option<Mode>,
    /// Whether the layer keeps anything.
    is_used: bool,
}

impl<F: Float> Slot<F> {
    pub(crate) fn new(layer: impl Layer<F>) -> Self {
        Self::boxed(Box::new(layer))
    }

    pub(crate) fn boxed(layer: Box<dyn ErasedLayer<F>>) -> Self {
        let may_have_tensors = layer.size() > 0;
        Self { layer, training: Training::Active, may_have_tensors }
    }

    pub(crate) fn cache(&self, max_batch: usize, in_features: usize) -> Result<SlotCache, Error> {
        let cache = self.layer.cache(max_batch, in_features)?;
        Ok(SlotCache { cache, mode: None, is_used: self.layer.cache_size() > 0 })
    }

    /// Whether the layer takes a batch of `rows` rows, in its own mode or that of the pass.
    pub(crate) fn check_rows(&self, rows: usize, own: &SlotCache, mode: Mode) -> Result<(), Error> {
        match own.is_used {
            true => self.layer.check_rows(rows, &own.cache, own.mode.unwrap_or(mode)),
            false => Ok(()),
        }
    }

    pub(crate) fn count(&self, own: &mut SlotCache, part: Part) {
        if own.is_used {
            self.layer.count(&mut own.cache, part);
        }
    }

    pub(crate) fn check_cache(
        &self,
        own: &SlotCache,
        rows: usize,
        in_features: usize,
    ) -> Result<(), Error> {
        self.layer.check_cache(&own.cache, rows, in_features)
    }

    /// The layer, to be asked for its type.
    pub(crate) fn any(&self) -> &dyn Any {
        &*self.layer
    }

    pub(crate) fn any_mut(&mut self) -> &mut dyn Any {
        &mut *self.layer
    }

    /// The layer's parameters beside those of `grads`, marked if the layer is frozen.
    pub(crate) fn each_parameter(
        &mut self,
        grads: &mut Self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        if !self.may_have_tensors {
            return;
        }
        let grads = &mut *grads.layer;
        match self.training {
            Training::Active => self.layer.each_parameter(grads, path, visit),
            Training::Frozen => self
                .layer
                .each_parameter(grads, path, &mut |p| visit(Parameter { frozen: true, ..p })),
        }
    }

    pub(crate) fn settle(
        &mut self,
        cache: &mut SlotCache,
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        match self.training {
            Training::Active => self.layer.settle(&mut cache.cache, path, moves),
            Training::Frozen => self.layer.settle(&mut cache.cache, path, &|_| false),
        }
    }
}

impl<F: Float> Clone for Slot<F> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.boxed_clone(), ..*self }
    }
}
