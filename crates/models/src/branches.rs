//! Layers beside each other, each on a range of the columns.

use std::ops::Range;

use layers::{Layer, Mode, Part, Saved, Scratch, Seen, Tensors};
use ndarray::{Array2, ArrayD, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, Slice};
use tensor_core::memory::zeros;
use tensor_core::{Error, Float, Parameter, Path, Tensor, TensorMut};

use crate::by_hand;
use crate::rows::{check_count, check_room_for, first_rows_mut};
use crate::slot::{Slot, SlotCache};

/// Layers beside each other: branch `b` reads the columns `R_b` of the input, and the outputs stand
/// side by side, `y = [f_0(x[:, R_0]), f_1(x[:, R_1]), …]`.
///
/// The ranges may overlap, and may leave columns out. Each branch's gradient is its own backward
/// pass of its columns of `dLdy`, and a column of `x` collects it from every branch that reads it:
///
/// ```text
/// dLdx[n,j] = Σ_{b: j ∈ R_b} dx_b[n, j − first column of R_b]
/// dx_b      = f_b's backward pass of dLdy[:, columns of branch b]
/// ```
///
/// The names are those of PyTorch's `nn.ModuleList`: at place 3 of a model, the first tensor of
/// branch 1 is `3.1.weight`, or `3.1.0.weight` if the branch is a
/// [`Sequential`](crate::Sequential).
///
/// # Shapes
/// `x (N, C_in)`, `y (N, Σ_b C_b)` with `C_b` the width of branch `b`'s output, gradients likewise.
/// Parameters and buffers: those of the branches.
///
/// # Examples
/// ```
/// use layers::{Linear, Mode, Relu};
/// use models::{Branches, Sequential};
/// use ndarray::array;
///
/// // Columns 0 and 1 are added up; columns 1 and 2 lose their negative part.
/// let sum = Linear::from_parts(array![[1.0, 1.0]], None)?;
/// let branches = Branches::builder(3).branch(0..2, sum).branch(1..3, Relu).build()?;
/// let model = Sequential::builder(3).push(branches).build()?;
///
/// let mut ws = model.workspace(1)?;
/// let y = model.forward(&array![[5.0, 7.0, -1.0]], &mut ws, Mode::Train)?;
/// assert_eq!(y, array![[12.0, 7.0, 0.0]]);
/// // Column 1 is read by both.
/// let dx = model.backward_from(&array![[1.0, 10.0, 100.0]], &mut ws)?;
/// assert_eq!(dx, array![[1.0, 1.0 + 10.0, 0.0]]);
/// assert_eq!(model.tensors().next().map(|(name, _)| name), Some("0.0.weight".to_string()));
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Branches<F: Float> {
    in_features: usize,
    /// The columns that each branch reads.
    inputs: Vec<Range<usize>>,
    /// The columns that each branch writes.
    outputs: Vec<Range<usize>>,
    pub(crate) slots: Vec<Slot<F>>,
}

/// Collects the branches of a [`Branches`]: each with the columns that it reads, in the order in
/// which their outputs stand.
///
/// # Examples
/// ```
/// use layers::{Identity, Tanh};
/// use models::Branches;
///
/// let both = Branches::<f64>::builder(5).branch(0..3, Tanh).branch(3..5, Identity).build()?;
/// assert_eq!((both.input(1), both.output(1)), (Some(3..5), Some(3..5)));
/// let error = Branches::<f64>::builder(5).branch(3..6, Tanh).build().unwrap_err();
/// assert_eq!(error.to_string(), "Branches: branch 0: expected an index below 5, found 5");
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug)]
pub struct BranchesBuilder<F> {
    in_features: usize,
    inputs: Vec<Range<usize>>,
    slots: Vec<Slot<F>>,
}

/// What a [`Branches`] keeps of a pass: what its branches keep.
#[derive(Debug)]
pub struct BranchesCache<F> {
    /// The gradient of a branch's input, where another branch reads the same columns: `(max_batch,
    /// width)` each.
    gradients: Vec<Option<Array2<F>>>,
    /// Whether every column of the input is read by exactly one branch.
    is_partition: bool,
    pub(crate) slots: Vec<SlotCache>,
}

impl<F: Float> BranchesBuilder<F> {
    /// Adds a branch that reads the columns `columns`; its output stands behind those of the
    /// branches before it.
    #[must_use]
    pub fn branch(mut self, columns: Range<usize>, layer: impl Layer<F>) -> Self {
        self.inputs.push(columns);
        self.slots.push(Slot::new(layer));
        self
    }

    /// The layer, with the widths of all branches checked.
    ///
    /// # Errors
    /// If there is no branch, a range is empty or reaches past the input, or a layer does not take
    /// a range's width.
    pub fn build(self) -> Result<Branches<F>, Error> {
        let Self { in_features, inputs, slots } = self;
        if slots.is_empty() {
            return Err(Error::empty("Branches", "at least 1 branch"));
        }
        let mut branches = Branches { in_features, inputs, outputs: Vec::new(), slots };
        branches.outputs = branches.measure("Branches")?;
        Ok(branches)
    }
}

impl<F: Float> Branches<F> {
    /// Starts a layer whose input has `in_features` features.
    pub fn builder(in_features: usize) -> BranchesBuilder<F> {
        BranchesBuilder { in_features, inputs: Vec::new(), slots: Vec::new() }
    }

    /// The columns that branch `b` reads; `None` if there is no such branch.
    pub fn input(&self, b: usize) -> Option<Range<usize>> {
        self.inputs.get(b).cloned()
    }

    /// The columns in which the output of branch `b` stands; `None` if there is no such branch.
    pub fn output(&self, b: usize) -> Option<Range<usize>> {
        self.outputs.get(b).cloned()
    }

    /// The columns that each branch writes, from what its layer says of its width.
    fn measure(&self, place: &'static str) -> Result<Vec<Range<usize>>, Error> {
        let mut start = 0_usize;
        let mut outputs = Vec::new();
        for (b, (columns, slot)) in self.inputs.iter().zip(&self.slots).enumerate() {
            let branch = || format!("{place}: branch {b}");
            if columns.is_empty() {
                return Err(Error::empty(branch(), "at least 1 column"));
            }
            if columns.end > self.in_features {
                let (len, found) = (self.in_features, columns.end - 1);
                return Err(Error::Index { place: branch().into(), len, found });
            }
            let width = slot.layer.out_features(columns.len()).map_err(|e| e.within(&branch()))?;
            let end = start.checked_add(width).ok_or_else(|| Error::TooLarge {
                place: branch().into(),
                found: vec![start, width],
                size: size_of::<F>(),
            })?;
            outputs.push(start..end);
            start = end;
        }
        Ok(outputs)
    }

    /// Whether another branch reads columns that branch `b` reads.
    fn shares(&self, b: usize) -> bool {
        let own = &self.inputs[b];
        let others = self.inputs.iter().enumerate().filter(|&(other, _)| other != b);
        others.into_iter().any(|(_, other)| own.start < other.end && other.start < own.end)
    }
}

impl<F: Float> Tensors<F> for Branches<F> {
    fn check_shapes(&self, place: &'static str, other: &Self) -> Result<(), Error> {
        check_count(place, self.slots.len(), other.slots.len())?;
        let mut pairs = self.slots.iter().zip(&other.slots);
        pairs.try_for_each(|(slot, other)| slot.layer.check_shapes(place, &*other.layer))
    }

    fn each_tensor<'a>(&'a self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, Tensor<'a, F>)) {
        for (b, slot) in self.slots.iter().enumerate() {
            slot.layer.each_tensor(path.index(b), visit);
        }
    }

    fn each_tensor_mut(
        &mut self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Path<'_>, TensorMut<'_, F>),
    ) {
        for (b, slot) in self.slots.iter_mut().enumerate() {
            slot.layer.each_tensor_mut(path.index(b), visit);
        }
    }

    fn each_parameter(
        &mut self,
        grads: &mut Self,
        path: Path<'_>,
        visit: &mut dyn FnMut(Parameter<'_, F>),
    ) {
        for (b, (slot, grads)) in self.slots.iter_mut().zip(&mut grads.slots).enumerate() {
            slot.each_parameter(grads, path.index(b), visit);
        }
    }
}

impl<F: Float> Layer<F> for Branches<F> {
    type Cache = BranchesCache<F>;
    const NAME: &'static str = "Branches";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Error::check_features(Self::NAME, self.in_features, in_features)?;
        let outputs = self.measure(Self::NAME)?;
        if outputs != self.outputs {
            let ends = |ranges: &[Range<usize>]| ranges.iter().map(|r| r.end).collect::<Vec<_>>();
            let (expected, found) = (ends(&self.outputs), ends(&outputs));
            return Err(Error::shape("Branches: ends of the outputs", &expected, &found));
        }
        Ok(self.outputs.last().map_or(0, |last| last.end))
    }

    fn cache(&self, max_batch: usize, _in_features: usize) -> Result<BranchesCache<F>, Error> {
        let gradient = |b: usize| match self.shares(b) {
            true => zeros("Branches: gradient", (max_batch, self.inputs[b].len())).map(Some),
            false => Ok(None),
        };
        let slots = self.slots.iter().zip(&self.inputs);
        let n_read = self.inputs.iter().map(Range::len).fold(0, usize::saturating_add);
        let n_branches = self.slots.len();
        Ok(BranchesCache {
            gradients: (0..n_branches).map(gradient).collect::<Result<_, _>>()?,
            is_partition: n_read == self.in_features && !(0..n_branches).any(|b| self.shares(b)),
            slots: slots
                .map(|(slot, columns)| slot.cache(max_batch, columns.len()))
                .collect::<Result<_, _>>()?,
        })
    }

    fn check_cache(
        &self,
        cache: &BranchesCache<F>,
        rows: usize,
        _in_features: usize,
    ) -> Result<(), Error> {
        check_count(Self::NAME, self.slots.len(), cache.slots.len())?;
        let caches = self.slots.iter().zip(&cache.slots).zip(&self.inputs).zip(&cache.gradients);
        for (b, (((slot, own), columns), gradient)) in caches.enumerate() {
            slot.check_cache(own, rows, columns.len())?;
            match (gradient, self.shares(b)) {
                (Some(gradient), true) => {
                    check_room_for(Self::NAME, gradient, rows, columns.len())?
                }
                (None, false) => {}
                _ => return Err(Error::shape("Branches: cache", &[columns.len()], &[])),
            }
        }
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        by_hand::compute(self, x, y);
    }

    fn scratch(&self, max_batch: usize, _in_features: usize) -> Result<Scratch<F>, Error> {
        let layers = self.slots.iter().zip(&self.inputs);
        let scratch = |(slot, columns): (&Slot<F>, &Range<usize>)| {
            slot.layer.scratch(max_batch, columns.len())
        };
        let layers = layers.map(scratch).collect::<Result<_, _>>()?;
        Ok(Scratch { buffers: Vec::new(), layers })
    }

    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>) {
        for (b, (slot, scratch)) in self.slots.iter().zip(&mut scratch.layers).enumerate() {
            let mut y = columns_mut(y, &self.outputs[b]);
            slot.layer.compute_with(&columns(x, &self.inputs[b]), &mut y, scratch);
        }
    }

    // y[:, columns of b] = f_b(x[:, R_b])
    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut BranchesCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        for (b, (slot, own)) in self.slots.iter().zip(&mut cache.slots).enumerate() {
            let x = columns(x, &self.inputs[b]);
            let mut y = columns_mut(y, &self.outputs[b]);
            let result =
                slot.layer.compute_training(&x, &mut y, &mut own.cache, own.mode.unwrap_or(mode));
            result.map_err(|e| e.within(&format!("branch {b}")))?;
        }
        Ok(())
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, BranchesCache<F>>,
        dy: &ArrayRef2<F>,
        mut dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let Saved { x, y, cache } = saved;
        let n = x.nrows();
        // For the columns that no branch reads, and those that collect from several.
        if let Some(dx) = dx.as_deref_mut().filter(|_| !cache.is_partition) {
            dx.fill(F::zero());
        }
        let slots = self.slots.iter().zip(&mut grads.slots).zip(&mut cache.slots);
        for (b, (((slot, grads), own), scratch)) in slots.zip(&mut cache.gradients).enumerate() {
            let x = columns(x, &self.inputs[b]);
            let y = columns(y, &self.outputs[b]);
            let dy = columns(dy, &self.outputs[b]);
            let saved = Saved { x: &x, y: &y, cache: &mut own.cache };
            let mut dx = dx.as_deref_mut().map(|dx| columns_mut(dx, &self.inputs[b]));
            match (scratch, dx.as_deref_mut()) {
                (Some(scratch), Some(dx)) => {
                    let mut own_dx = first_rows_mut(scratch, n);
                    slot.layer.differentiate(saved, &dy, Some(&mut own_dx), &mut *grads.layer);
                    *dx += &*own_dx; // dLdx[n,j] = Σ_{b: j ∈ R_b} …
                }
                (_, dx) => slot.layer.differentiate(saved, &dy, dx, &mut *grads.layer),
            }
        }
    }

    /// Each branch's output as `<index>.output`, and what its layer itself shows.
    fn intermediates(
        &self,
        seen: Seen<'_, F, BranchesCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let Seen { x, y, cache } = seen;
        for (b, (slot, own)) in self.slots.iter().zip(&cache.slots).enumerate() {
            let path = path.index(b);
            let x = columns(x, &self.inputs[b]);
            let y = columns(y, &self.outputs[b]);
            slot.layer.intermediates(Seen { x: &x, y: &y, cache: &own.cache }, path, show);
            show(path.name("output"), y.to_owned().into_dyn());
        }
    }

    fn check_rows(&self, rows: usize, cache: &BranchesCache<F>, mode: Mode) -> Result<(), Error> {
        for (i, (slot, own)) in self.slots.iter().zip(&cache.slots).enumerate() {
            slot.check_rows(rows, own, mode).map_err(|e| e.within(&format!("branch {i}")))?;
        }
        Ok(())
    }

    fn count(&self, cache: &mut BranchesCache<F>, part: Part) {
        for (slot, own) in self.slots.iter().zip(&mut cache.slots) {
            slot.count(own, part);
        }
    }

    fn start_at(&self, cache: &mut BranchesCache<F>, first_row: u64) {
        for (slot, own) in self.slots.iter().zip(&mut cache.slots) {
            slot.layer.start_at(&mut own.cache, first_row);
        }
    }

    fn settle(
        &mut self,
        cache: &mut BranchesCache<F>,
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
        for (i, slot) in self.slots.iter_mut().enumerate() {
            slot.layer.each_step_mut(path.index(i), visit);
        }
    }
}

fn columns<'a, F>(x: &'a ArrayRef2<F>, range: &Range<usize>) -> ArrayView2<'a, F> {
    x.slice_axis(Axis(1), Slice::from(range.clone()))
}

fn columns_mut<'a, F>(x: &'a mut ArrayRef2<F>, range: &Range<usize>) -> ArrayViewMut2<'a, F> {
    x.slice_axis_mut(Axis(1), Slice::from(range.clone()))
}
