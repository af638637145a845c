//! All that a pass writes: the trace.
//!
//! For a model of `L` layers and a batch of `N` rows the workspace holds
//!
//! | | entries | |
//! |---|---|---|
//! | `A[0] … A[L]` | `(N, width)` | the input, then the output of each layer |
//! | `dLdA[0] … dLdA[L]` | `(N, width)` | the gradient of the loss for each of them |
//! | parameter gradients | as the parameters | |
//! | what layers keep for backward | | |

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use tensor_core::{Error, Float};

use crate::erased::State;

/// The companion of a model that one pass after the other is written into.
///
/// Made by [`Sequential::workspace`](crate::Sequential::workspace), and valid only with that model and its clones; others
/// refuse it with [`Error::ForeignWorkspace`]. Reused, it makes no heap allocation. A batch smaller than the workspace uses
/// its first rows; a larger one is an error.
///
/// What is read from it belongs to the last pass: a value that this pass has not computed is an error, never an old one.
#[derive(Debug)]
pub struct Workspace<F> {
    pub(crate) owner: Arc<Structure>,
    pub(crate) max_batch: usize,
    pub(crate) rows: usize,
    pub(crate) stage: Stage,
    /// `A[0..=L]`, each `(max_batch, width)`.
    pub(crate) activations: Vec<Array2<F>>,
    /// `dLdA[0..=L]`, of the same shapes.
    pub(crate) gradients: Vec<Array2<F>>,
    /// Caches and parameter gradients, one a layer.
    pub(crate) states: Vec<State>,
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
            Self::Forward => "only a forward pass",
            Self::Seeded => "a forward pass and its loss gradient",
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

    /// `A[i]` of the last forward pass: the input for `i = 0`, then the output of layer `i − 1`.
    ///
    /// # Errors
    /// If there is no such entry, or no forward pass has been made.
    pub fn activation(&self, i: usize) -> Result<ArrayView2<'_, F>, Error> {
        let buffer = entry("activation", &self.activations, i)?;
        match self.stage {
            Stage::Fresh => Err(self.order("activation", "a forward pass")),
            _ => Ok(first_rows(buffer, self.rows)),
        }
    }

    /// `dLdA[i]` of the last backward pass: for `i = 0` the gradient of the input, for `i = L` that of the output.
    ///
    /// # Errors
    /// If there is no such entry, or the last pass has not computed it: `backward_params` leaves `i = 0` out.
    pub fn gradient(&self, i: usize) -> Result<ArrayView2<'_, F>, Error> {
        let buffer = entry("gradient", &self.gradients, i)?;
        match self.stage {
            Stage::Backward { from } if i >= from => Ok(first_rows(buffer, self.rows)),
            Stage::Backward { .. } => Err(Error::Order {
                place: "gradient".into(),
                expected: "a backward pass with the input's gradient",
                found: "one without (backward_params)",
            }),
            _ => Err(self.order("gradient", "a backward pass")),
        }
    }

    /// The output of the last forward pass to read, and the gradient of the loss for it to write: what goes into
    /// `Loss::backward`.
    ///
    /// # Errors
    /// If no forward pass has been made.
    pub fn output_and_gradient(
        &mut self,
    ) -> Result<(ArrayView2<'_, F>, ArrayViewMut2<'_, F>), Error> {
        if self.stage == Stage::Fresh {
            return Err(self.order("output_and_gradient", "a forward pass"));
        }
        self.stage = Stage::Seeded;
        match (self.activations.last(), self.gradients.last_mut()) {
            (Some(a), Some(da)) => Ok((first_rows(a, self.rows), first_rows_mut(da, self.rows))),
            _ => Err(Error::Index { place: "output_and_gradient".into(), len: 0, found: 0 }),
        }
    }

    pub(crate) fn order(&self, place: &'static str, expected: &'static str) -> Error {
        Error::Order { place: place.into(), expected, found: self.stage.description() }
    }
}

fn entry<'a, F>(
    place: &'static str,
    list: &'a [Array2<F>],
    i: usize,
) -> Result<&'a Array2<F>, Error> {
    list.get(i).ok_or_else(|| Error::Index { place: place.into(), len: list.len(), found: i })
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

/// Memory for [`Sequential::infer_into`](crate::Sequential::infer_into): two buffers between which the layers go back and
/// forth. One a thread; made by [`Sequential::scratch`](crate::Sequential::scratch).
#[derive(Debug, Clone)]
pub struct Scratch<F> {
    pub(crate) owner: Arc<Structure>,
    pub(crate) max_batch: usize,
    pub(crate) buffers: [Vec<F>; 2],
}
