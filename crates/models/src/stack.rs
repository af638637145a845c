//! [`Sequential`] as a layer: both passes, one layer after the other.

use layers::{Layer, Mode, Part, Saved, Scratch, Seen, Tensors};
use ndarray::{Array2, ArrayD, ArrayRef2, ArrayView2, ArrayViewMut2};
use tensor_core::memory::{check_room, zeros};
use tensor_core::{Error, Float, Parameter, Path, Tensor, TensorMut};

use crate::rows::{check_count, check_room_for, first_rows, first_rows_mut};
use crate::slot::SlotCache;
use crate::{Sequential, by_hand};

/// What a [`Sequential`] keeps of a pass when it stands inside another layer: what its layers hand
/// to each other.
///
/// Its values are shown by [`Sequential::intermediates`] of the model around it.
#[derive(Debug)]
pub struct SequentialCache<F> {
    rows: usize,
    /// Whether a backward pass has followed the last forward pass.
    is_complete: bool,
    /// `A[1] … A[L−1]`, each `(max_batch, width)`: what lies between the layers. `A[0]` and `A[L]`
    /// are the caller's.
    pub(crate) activations: Vec<Array2<F>>,
    /// `dLdA[1] … dLdA[L−1]`, of the same shapes.
    pub(crate) gradients: Vec<Array2<F>>,
    pub(crate) slots: Vec<SlotCache>,
}

impl<F: Float> Tensors<F> for Sequential<F> {
    fn check_shapes(&self, place: &'static str, other: &Self) -> Result<(), Error> {
        check_count(place, self.slots.len(), other.slots.len())?;
        let mut pairs = self.slots.iter().zip(&other.slots);
        pairs.try_for_each(|(slot, other)| slot.layer.check_shapes(place, &*other.layer))
    }

    fn each_tensor<'a>(&'a self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, Tensor<'a, F>)) {
        for (i, slot) in self.slots.iter().enumerate() {
            slot.layer.each_tensor(path.index(i), visit);
        }
    }

    fn each_tensor_mut(
        &mut self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
    ) {
        self.change();
        for (i, slot) in self.slots.iter_mut().enumerate() {
            slot.layer.each_tensor_mut(path.index(i), visit);
        }
    }

    fn each_parameter(
        &mut self,
        grads: &mut Self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        self.change();
        for (i, (slot, grads)) in self.slots.iter_mut().zip(&mut grads.slots).enumerate() {
            slot.each_parameter(grads, path.index(i), visit);
        }
    }
}

impl<F: Float> Layer<F> for Sequential<F> {
    type Cache = SequentialCache<F>;
    const NAME: &'static str = "Sequential";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        let widths = self.widths();
        Error::check_features(Self::NAME, widths[0], in_features)?;
        self.check_widths(Self::NAME)?;
        Ok(widths[self.n_layers()])
    }

    fn cache(&self, max_batch: usize, _in_features: usize) -> Result<SequentialCache<F>, Error> {
        let widths = self.widths();
        let between = &widths[1..self.n_layers()];
        let buffer = |&width| zeros("Sequential: activation", (max_batch, width));
        let buffers = || between.iter().map(buffer).collect::<Result<_, Error>>();
        let slots = self.slots.iter().zip(widths);
        Ok(SequentialCache {
            rows: 0,
            is_complete: false,
            activations: buffers()?,
            gradients: buffers()?,
            slots: slots
                .map(|(slot, &width)| slot.cache(max_batch, width))
                .collect::<Result<_, _>>()?,
        })
    }

    fn check_cache(
        &self,
        cache: &SequentialCache<F>,
        rows: usize,
        _in_features: usize,
    ) -> Result<(), Error> {
        check_count(Self::NAME, self.slots.len(), cache.slots.len())?;
        for buffers in [&cache.activations, &cache.gradients] {
            for (buffer, &width) in buffers.iter().zip(&self.widths()[1..]) {
                check_room_for(Self::NAME, buffer, rows, width)?;
            }
        }
        let mut caches = self.slots.iter().zip(&cache.slots).zip(self.widths());
        caches.try_for_each(|((slot, own), &width)| slot.check_cache(own, rows, width))
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        by_hand::compute(self, x, y);
    }

    fn scratch(&self, max_batch: usize, _in_features: usize) -> Result<Scratch<F>, Error> {
        let between = &self.widths()[1..self.n_layers()];
        let widest = between.iter().copied().max().unwrap_or(0);
        check_room::<[F; 2]>("Sequential: activation", &[max_batch, widest])?;
        let buffer = || vec![F::zero(); max_batch * widest];
        let layers = self.slots.iter().zip(self.widths());
        let layers = layers.map(|(slot, &width)| slot.layer.scratch(max_batch, width));
        Ok(Scratch { buffers: vec![buffer(), buffer()], layers: layers.collect::<Result<_, _>>()? })
    }

    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>) {
        let (n, widths) = (x.nrows(), self.widths());
        let [from, to] = &mut scratch.buffers[..] else { return };
        let (mut from, mut to) = (from, to);
        let last = self.slots.len() - 1;
        for (i, (slot, scratch)) in self.slots.iter().zip(&mut scratch.layers).enumerate() {
            let input = if i == 0 { x.view() } else { matrix(from, n, widths[i]) };
            if i == last {
                slot.layer.compute_with(&input, y, scratch);
            } else {
                slot.layer.compute_with(&input, &mut matrix_mut(to, n, widths[i + 1]), scratch);
            }
            std::mem::swap(&mut from, &mut to);
        }
    }

    // A[i+1] = layer_i(A[i]), where A[0] is `x` and A[L] is `y`
    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut SequentialCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        let n = x.nrows();
        (cache.rows, cache.is_complete) = (n, false);
        for (i, (slot, own)) in self.slots.iter().zip(&mut cache.slots).enumerate() {
            let mode = own.mode.unwrap_or(mode);
            // The last one of `done` is A[i], the first one of `open` A[i+1].
            let (done, open) = cache.activations.split_at_mut(i);
            let input = match done.last() {
                Some(a) => first_rows(a, n),
                None => x.view(),
            };
            let result = match open.first_mut() {
                Some(a) => slot.layer.compute_training(
                    &input,
                    &mut first_rows_mut(a, n),
                    &mut own.cache,
                    mode,
                ),
                None => slot.layer.compute_training(&input, y, &mut own.cache, mode),
            };
            result.map_err(|e| e.within(&format!("layer {i}")))?;
        }
        Ok(())
    }

    // dLdA[i] = layer_i's backward pass of dLdA[i+1], from the last layer to the first
    fn differentiate(
        &self,
        saved: Saved<'_, F, SequentialCache<F>>,
        dy: &ArrayRef2<F>,
        mut dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let Saved { x, y, cache } = saved;
        let n = x.nrows();
        let slots = self.slots.iter().zip(&mut grads.slots).zip(&mut cache.slots);
        for (i, ((slot, grads), own)) in slots.enumerate().rev() {
            let (before, after) = cache.gradients.split_at_mut(i);
            let saved = Saved {
                x: &i.checked_sub(1).map_or(x.view(), |i| first_rows(&cache.activations[i], n)),
                y: &cache.activations.get(i).map_or(y.view(), |a| first_rows(a, n)),
                cache: &mut own.cache,
            };
            let dy = after.first().map_or(dy.view(), |da| first_rows(da, n));
            let grads = &mut *grads.layer;
            match before.last_mut() {
                Some(da) => {
                    slot.layer.differentiate(saved, &dy, Some(&mut first_rows_mut(da, n)), grads);
                }
                None => slot.layer.differentiate(saved, &dy, dx.as_deref_mut(), grads),
            }
        }
        cache.is_complete = true;
    }

    /// Each layer's output as `<index>.output`, its gradient as `<index>.output_gradient` after a
    /// backward pass, and what the layer itself shows. The gradient of the last output is the
    /// caller's.
    fn intermediates(
        &self,
        seen: Seen<'_, F, SequentialCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let Seen { x, y, cache } = seen;
        let mut x = x.view();
        for (i, (slot, own)) in self.slots.iter().zip(&cache.slots).enumerate() {
            let path = path.index(i);
            let y = cache.activations.get(i).map_or(y.view(), |a| first_rows(a, cache.rows));
            slot.layer.intermediates(Seen { x: &x, y: &y, cache: &own.cache }, path, show);
            show(path.name("output"), y.to_owned().into_dyn());
            if let Some(da) = cache.gradients.get(i).filter(|_| cache.is_complete) {
                let da = first_rows(da, cache.rows).to_owned();
                show(path.name("output_gradient"), da.into_dyn());
            }
            x = y;
        }
    }

    fn check_rows(&self, rows: usize, cache: &SequentialCache<F>, mode: Mode) -> Result<(), Error> {
        for (i, (slot, own)) in self.slots.iter().zip(&cache.slots).enumerate() {
            slot.check_rows(rows, own, mode).map_err(|e| e.within(&format!("layer {i}")))?;
        }
        Ok(())
    }

    fn count(&self, cache: &mut SequentialCache<F>, part: Part) {
        for (slot, own) in self.slots.iter().zip(&mut cache.slots) {
            slot.count(own, part);
        }
    }

    fn start_at(&self, cache: &mut SequentialCache<F>, first_row: u64) {
        for (slot, own) in self.slots.iter().zip(&mut cache.slots) {
            slot.layer.start_at(&mut own.cache, first_row);
        }
    }

    fn settle(
        &mut self,
        cache: &mut SequentialCache<F>,
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        for (i, (slot, own)) in self.slots.iter_mut().zip(&mut cache.slots).enumerate() {
            slot.settle(own, path.index(i), moves);
        }
    }

    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64)) {
        for (i, slot) in self.slots.iter().enumerate() {
            slot.layer.each_step(path.index(i), visit);
        }
    }

    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64)) {
        self.change();
        for (i, slot) in self.slots.iter_mut().enumerate() {
            slot.layer.each_step_mut(path.index(i), visit);
        }
    }
}

/// The first `n × width` elements of a buffer as a matrix.
fn matrix<F>(buffer: &[F], n: usize, width: usize) -> ArrayView2<'_, F> {
    ArrayView2::from_shape((n, width), &buffer[..n * width])
        .unwrap_or_else(|_| unreachable!("n × width elements"))
}

fn matrix_mut<F>(buffer: &mut [F], n: usize, width: usize) -> ArrayViewMut2<'_, F> {
    ArrayViewMut2::from_shape((n, width), &mut buffer[..n * width])
        .unwrap_or_else(|_| unreachable!("n × width elements"))
}
