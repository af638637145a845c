//! One layer in a list of layers, and the way from a path to it.

use std::any::Any;

use layers::{Layer, Mode, Training};
use tensor_core::{Float, Parameter, Path};

use crate::erased::{Cache, ErasedLayer};
use crate::{Branches, BranchesCache, Residual, ResidualCache, Sequential, SequentialCache};

/// A layer in a list, and whether it is trained.
#[derive(Debug)]
pub(crate) struct Slot<F> {
    pub(crate) layer: Box<dyn ErasedLayer<F>>,
    pub(crate) training: Training,
}

/// What a pass keeps of a layer in a list.
#[derive(Debug)]
pub(crate) struct SlotCache {
    pub(crate) cache: Cache,
    /// Its own mode, if it has another one than the pass.
    pub(crate) mode: Option<Mode>,
}

impl<F: Float> Slot<F> {
    pub(crate) fn new(layer: impl Layer<F>) -> Self {
        Self::boxed(Box::new(layer))
    }

    pub(crate) fn boxed(layer: Box<dyn ErasedLayer<F>>) -> Self {
        Self { layer, training: Training::Active }
    }

    pub(crate) fn cache(&self, max_batch: usize, in_features: usize) -> SlotCache {
        SlotCache { cache: self.layer.cache(max_batch, in_features), mode: None }
    }

    /// The layer's parameters beside those of `grads`, marked if the layer is frozen.
    pub(crate) fn each_parameter(
        &mut self,
        grads: &mut Self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        let grads = &mut *grads.layer;
        match self.training {
            Training::Active => self.layer.each_parameter(grads, path, visit),
            Training::Frozen => self
                .layer
                .each_parameter(grads, path, &mut |p| visit(Parameter { frozen: true, ..p })),
        }
    }

    pub(crate) fn settle(&mut self, cache: &mut SlotCache, training: Training) {
        let training = match self.training {
            Training::Active => training,
            Training::Frozen => Training::Frozen,
        };
        self.layer.settle(&mut cache.cache, training);
    }

    /// The list inside the layer, if it is made of layers.
    fn slots(&self) -> Option<&[Self]> {
        let layer = self.layer.as_any();
        if let Some(sequential) = layer.downcast_ref::<Sequential<F>>() {
            Some(&sequential.slots)
        } else if let Some(residual) = layer.downcast_ref::<Residual<F>>() {
            Some(&residual.inner.slots)
        } else {
            layer.downcast_ref::<Branches<F>>().map(|branches| &*branches.slots)
        }
    }

    fn slots_mut(&mut self) -> Option<&mut [Self]> {
        let layer = self.layer.as_any_mut();
        if layer.is::<Sequential<F>>() {
            layer.downcast_mut::<Sequential<F>>().map(|sequential| &mut *sequential.slots)
        } else if layer.is::<Residual<F>>() {
            layer.downcast_mut::<Residual<F>>().map(|residual| &mut *residual.inner.slots)
        } else {
            layer.downcast_mut::<Branches<F>>().map(|branches| &mut *branches.slots)
        }
    }
}

impl<F: Float> Clone for Slot<F> {
    fn clone(&self) -> Self {
        Self { layer: self.layer.boxed_clone(), training: self.training }
    }
}

/// The list of caches inside the cache of a layer that is made of layers.
fn caches_mut<F: Float>(cache: &mut (dyn Any + Send)) -> Option<&mut [SlotCache]> {
    if cache.is::<SequentialCache<F>>() {
        cache.downcast_mut::<SequentialCache<F>>().map(|cache| &mut *cache.slots)
    } else if cache.is::<ResidualCache<F>>() {
        cache.downcast_mut::<ResidualCache<F>>().map(|cache| &mut *cache.inner.slots)
    } else {
        cache.downcast_mut::<BranchesCache<F>>().map(|cache| &mut *cache.slots)
    }
}

/// The layer at `path`, counted from this list: `3.0` is entry 0 of the list inside entry 3.
pub(crate) fn find<'a, F: Float>(slots: &'a [Slot<F>], path: &str) -> Option<&'a Slot<F>> {
    let (index, remainder) = split(path)?;
    let slot = slots.get(index)?;
    remainder.map_or(Some(slot), |path| find(slot.slots()?, path))
}

pub(crate) fn find_mut<'a, F: Float>(
    slots: &'a mut [Slot<F>],
    path: &str,
) -> Option<&'a mut Slot<F>> {
    let (index, remainder) = split(path)?;
    let slot = slots.get_mut(index)?;
    match remainder {
        None => Some(slot),
        Some(path) => find_mut(slot.slots_mut()?, path),
    }
}

pub(crate) fn find_cache<'a, F: Float>(
    caches: &'a mut [SlotCache],
    path: &str,
) -> Option<&'a mut SlotCache> {
    let (index, remainder) = split(path)?;
    let cache = caches.get_mut(index)?;
    match remainder {
        None => Some(cache),
        Some(path) => find_cache::<F>(caches_mut::<F>(&mut *cache.cache)?, path),
    }
}

/// Every path to a layer, in order.
pub(crate) fn paths<F: Float>(slots: &[Slot<F>], path: Path<'_>, known: &mut Vec<String>) {
    for (i, slot) in slots.iter().enumerate() {
        let path = path.index(i);
        known.push(path.to_string());
        if let Some(inside) = slot.slots() {
            paths(inside, path, known);
        }
    }
}

/// The index at the front of a path, as it is printed, and what follows it.
fn split(path: &str) -> Option<(usize, Option<&str>)> {
    let (front, remainder) = match path.split_once('.') {
        Some((front, remainder)) => (front, Some(remainder)),
        None => (path, None),
    };
    let index = front.parse().ok().filter(|index: &usize| index.to_string() == front)?;
    Some((index, remainder))
}
