//! Single layers by their paths: to look at, to change, to freeze, to run in another mode.

use std::any::Any;
use std::sync::Arc;

use layers::{Layer, Mode};
use tensor_core::{Error, Float, Path};

use crate::sequential::Structure;
use crate::slot::{Slot, SlotCache, Training};
use crate::{
    Branches, BranchesCache, Residual, ResidualCache, Sequential, SequentialCache, Workspace,
};

/// Single layers by their paths.
impl<F: Float> Sequential<F> {
    /// The layer at `path`, as the type it was pushed as: `"0"`, or `"3.0"` for layer 0 inside
    /// layer 3.
    ///
    /// # Errors
    /// If there is no layer at that path, or it is of another type.
    pub fn layer<L: Layer<F>>(&self, path: &str) -> Result<&L, Error> {
        self.layer_for("layer", path)
    }

    fn layer_for<L: Layer<F>>(&self, place: &'static str, path: &str) -> Result<&L, Error> {
        match find(&self.slots, path).and_then(|slot| slot.any().downcast_ref()) {
            Some(layer) => Ok(layer),
            None => Err(self.no_layer::<L>(place, path)),
        }
    }

    /// The same, to be changed: another rate of a dropout, say. Workspaces and scratch memory made
    /// before are refused from now on, because they may not fit any more; those that are made
    /// afterward check the widths anew.
    ///
    /// # Errors
    /// If there is no layer at that path, or it is of another type.
    pub fn layer_mut<L: Layer<F>>(&mut self, path: &str) -> Result<&mut L, Error> {
        self.layer_for::<L>("layer_mut", path)?;
        self.structure = Arc::new(Structure::new(self.widths().to_vec()));
        self.version = 0;
        let slot = find_mut(&mut self.slots, path);
        match slot.and_then(|slot| slot.any_mut().downcast_mut()) {
            Some(layer) => Ok(layer),
            None => unreachable!("the layer has just been found"),
        }
    }

    /// Freezes the layer at `path` with all that stands inside it: an optimizer's step leaves its
    /// parameters and its running statistics as they are, and its gradients count in no norm.
    /// Passes are the same, gradients are still computed.
    ///
    /// A frozen BatchNorm still normalizes a training batch by the batch's statistics; that it uses
    /// its running ones is [`Workspace::set_mode`]`(path, Mode::Eval)`.
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

    fn unknown_layer(&self, place: &'static str, path: &str) -> Error {
        let mut known = Vec::new();
        paths(&self.slots, Path::root(), &mut known);
        Error::UnknownLayer { place: place.into(), found: path.to_owned(), known }
    }
}

/// Single layers by their paths.
impl<F: Float> Workspace<F> {
    /// Runs the layer at `path`, with all that stands inside it, in its own mode from the next
    /// forward pass on, whatever the mode of the pass; `None` for the pass's mode again. The layers
    /// inside it may have their own in turn.
    ///
    /// - BatchNorm uses its running statistics as constants while dropout draws:
    ///   `set_mode("1", Mode::Eval)`, then `forward` in `Mode::Train`.
    /// - Dropout draws in evaluation (Monte-Carlo dropout): `set_mode("3", Mode::Train)`, then
    ///   `forward` in `Mode::Eval`. The mask is a function of the row, so each pass says that it
    ///   begins at other rows: [`start_at`](Sequential::start_at)`(ws, k·N)`.
    /// - Running statistics rest while the layer uses the batch's: no mode, but
    ///   [`freeze`](Sequential::freeze).
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
    /// // How sure is the model? The spread of its outputs under dropout. (Gal and Ghahramani,
    /// // ICML 2016, <https://arxiv.org/abs/1506.02142>.)
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
}

/// The list inside the layer, if it is made of layers.
fn slots<F: Float>(slot: &Slot<F>) -> Option<&[Slot<F>]> {
    let layer = slot.any();
    if let Some(sequential) = layer.downcast_ref::<Sequential<F>>() {
        Some(&sequential.slots)
    } else if let Some(residual) = layer.downcast_ref::<Residual<F>>() {
        Some(&residual.inner.slots)
    } else {
        layer.downcast_ref::<Branches<F>>().map(|branches| &*branches.slots)
    }
}

fn slots_mut<F: Float>(slot: &mut Slot<F>) -> Option<&mut [Slot<F>]> {
    let layer = slot.any_mut();
    if layer.is::<Sequential<F>>() {
        layer.downcast_mut::<Sequential<F>>().map(|sequential| &mut *sequential.slots)
    } else if layer.is::<Residual<F>>() {
        layer.downcast_mut::<Residual<F>>().map(|residual| &mut *residual.inner.slots)
    } else {
        layer.downcast_mut::<Branches<F>>().map(|branches| &mut *branches.slots)
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
fn find<'a, F: Float>(list: &'a [Slot<F>], path: &str) -> Option<&'a Slot<F>> {
    let (index, remainder) = split(path)?;
    let slot = list.get(index)?;
    remainder.map_or(Some(slot), |path| find(slots(slot)?, path))
}

fn find_mut<'a, F: Float>(list: &'a mut [Slot<F>], path: &str) -> Option<&'a mut Slot<F>> {
    let (index, remainder) = split(path)?;
    let slot = list.get_mut(index)?;
    match remainder {
        None => Some(slot),
        Some(path) => find_mut(slots_mut(slot)?, path),
    }
}

fn find_cache<'a, F: Float>(caches: &'a mut [SlotCache], path: &str) -> Option<&'a mut SlotCache> {
    let (index, remainder) = split(path)?;
    let cache = caches.get_mut(index)?;
    match remainder {
        None => Some(cache),
        Some(path) => find_cache::<F>(caches_mut::<F>(&mut *cache.cache)?, path),
    }
}

/// Every path to a layer, in order.
fn paths<F: Float>(list: &[Slot<F>], path: Path<'_>, known: &mut Vec<String>) {
    for (i, slot) in list.iter().enumerate() {
        let path = path.index(i);
        known.push(path.to_string());
        if let Some(inside) = slots(slot) {
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
