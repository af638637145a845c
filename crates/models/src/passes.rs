//! The passes of a [`Sequential`]: inference, forward, backward.
//!
//! Shapes are checked here, once, at the head of each call; the layers then trust them.

use layers::Mode;
use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2};
use tensor_core::{Error, Float, elementwise};

use crate::Sequential;
use crate::workspace::{Scratch, Stage, Workspace, first_rows, first_rows_mut};

impl<F: Float> Sequential<F> {
    /// The model's output for `x`, as after training. The convenient form of [`infer_into`](Self::infer_into).
    ///
    /// # Shapes
    /// `x (N, C_in)` gives `(N, C_out)`.
    ///
    /// # Errors
    /// If `x` has no rows or another width than the model's input.
    pub fn infer(&self, x: &ArrayRef2<F>) -> Result<Array2<F>, Error> {
        self.check_input("infer", x, x.nrows())?;
        let mut y = Array2::zeros((x.nrows(), self.out_features()));
        self.infer_into(x, &mut y, &mut self.scratch(x.nrows())?)?;
        Ok(y)
    }

    /// Writes the model's output for `x` into `y`, as after training, without a heap allocation.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`, with `N` at most the scratch's.
    ///
    /// # Errors
    /// If `x` has no rows, too many rows or another width than the model's input, if `y` has another shape, or if the scratch
    /// was made by another model. `y` is then untouched.
    pub fn infer_into(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        scratch: &mut Scratch<F>,
    ) -> Result<(), Error> {
        self.check_owner("infer_into", &scratch.owner)?;
        self.check_input("infer_into", x, scratch.max_batch)?;
        let n = x.nrows();
        if y.dim() != (n, self.out_features()) {
            return Err(Error::shape("infer_into: output", &[n, self.out_features()], y.shape()));
        }
        let [from, to] = &mut scratch.buffers;
        let (mut from, mut to) = (from, to);
        let last = self.layers.len() - 1;
        for (i, layer) in self.layers.iter().enumerate() {
            let input = if i == 0 { x.view() } else { matrix(from, n, self.widths()[i]) };
            if i == last {
                layer.infer(&input, y);
            } else {
                layer.infer(&input, &mut matrix_mut(to, n, self.widths()[i + 1]));
            }
            std::mem::swap(&mut from, &mut to);
        }
        Ok(())
    }

    /// Runs `x` through every layer, leaves `A[0] … A[L]` in the workspace and returns `A[L]`. The model does not change: it
    /// may be called any number of times.
    ///
    /// # Shapes
    /// `x (N, C_in)` gives `(N, C_out)`, with `N` at most the workspace's.
    ///
    /// # Errors
    /// If `x` has no rows, too many rows or another width than the model's input, if a layer refuses the batch, or if the
    /// workspace was made by another model.
    pub fn forward<'w>(
        &self,
        x: &ArrayRef2<F>,
        ws: &'w mut Workspace<F>,
        mode: Mode,
    ) -> Result<ArrayView2<'w, F>, Error> {
        self.check_owner("forward", &ws.owner)?;
        self.check_input("forward", x, ws.max_batch)?;
        let n = x.nrows();
        (ws.rows, ws.stage) = (n, Stage::Fresh);
        elementwise::map(x, &mut first_rows_mut(&mut ws.activations[0], n), |x| x);
        for (i, (layer, state)) in self.layers.iter().zip(&mut ws.states).enumerate() {
            let (done, rest) = ws.activations.split_at_mut(i + 1);
            layer
                .forward(
                    &first_rows(&done[i], n),
                    &mut first_rows_mut(&mut rest[0], n),
                    state,
                    mode,
                )
                .map_err(|e| e.within(&format!("layer {i}")))?;
        }
        ws.stage = Stage::Forward;
        Ok(first_rows(&ws.activations[self.layers.len()], n))
    }

    /// Says that the first row of the following forward passes in this workspace is row `first_row` of the step's whole batch:
    /// for a batch that is cut in parts, for several threads or to save memory. Dropout then draws for each row what it would
    /// have drawn without the cut. 0 until said otherwise.
    ///
    /// # Errors
    /// If the workspace was made by another model.
    pub fn start_at(&self, ws: &mut Workspace<F>, first_row: u64) -> Result<(), Error> {
        self.check_owner("start_at", &ws.owner)?;
        for (layer, state) in self.layers.iter().zip(&mut ws.states) {
            layer.start_at(state, first_row);
        }
        Ok(())
    }

    /// Turns `dLdA[L]`, which a loss has written through [`Workspace::output_and_gradient`], into the gradients of all
    /// parameters and of all activations, the input's included. Overwrites: there is nothing to reset between passes.
    ///
    /// # Errors
    /// If there has been no forward pass with a loss after it, or the workspace was made by another model.
    pub fn backward(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward", ws, 0)
    }

    /// The same without `dLdA[0]`, the gradient of the input, which training does not read: a product less in the widest
    /// layer.
    ///
    /// # Errors
    /// As for [`backward`](Self::backward).
    pub fn backward_params(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward_params", ws, 1)
    }

    /// The course's form: takes `dLdA[L]` and returns `dLdA[0]`.
    ///
    /// # Shapes
    /// `d_output (N, C_out)` gives `(N, C_in)`.
    ///
    /// # Errors
    /// If there has been no forward pass, `d_output` has another shape than its output, or the workspace was made by another
    /// model.
    pub fn backward_from<'w>(
        &self,
        d_output: &ArrayRef2<F>,
        ws: &'w mut Workspace<F>,
    ) -> Result<ArrayView2<'w, F>, Error> {
        self.check_owner("backward_from", &ws.owner)?;
        let (a, mut da) = ws.output_and_gradient()?;
        if d_output.dim() != a.dim() {
            return Err(Error::shape(
                "backward_from: output gradient",
                a.shape(),
                d_output.shape(),
            ));
        }
        da.assign(d_output);
        self.run_backward("backward_from", ws, 0)?;
        Ok(first_rows(&ws.gradients[0], ws.rows))
    }

    fn run_backward(
        &self,
        place: &'static str,
        ws: &mut Workspace<F>,
        from: usize,
    ) -> Result<(), Error> {
        self.check_owner(place, &ws.owner)?;
        if let Stage::Fresh | Stage::Forward = ws.stage {
            return Err(ws.order(place, "a forward pass and its loss gradient"));
        }
        let n = ws.rows;
        for (i, (layer, state)) in self.layers.iter().zip(&mut ws.states).enumerate().rev() {
            let (before, after) = ws.gradients.split_at_mut(i + 1);
            let x = first_rows(&ws.activations[i], n);
            let y = first_rows(&ws.activations[i + 1], n);
            let mut dx = (i >= from).then(|| first_rows_mut(&mut before[i], n));
            layer.backward(&x, &y, state, &first_rows(&after[0], n), dx.as_deref_mut());
        }
        ws.stage = Stage::Backward { from };
        Ok(())
    }

    fn out_features(&self) -> usize {
        self.widths()[self.layers.len()]
    }

    fn check_input(
        &self,
        place: &'static str,
        x: &ArrayRef2<F>,
        capacity: usize,
    ) -> Result<(), Error> {
        let (n, width) = x.dim();
        if n == 0 {
            return Err(Error::empty(place, "a batch of at least 1 row"));
        }
        if n > capacity {
            return Err(Error::BatchTooLarge { place: place.into(), capacity, found: n });
        }
        if width != self.widths()[0] {
            let layer = self.layers[0].name();
            return Err(Error::features(
                format!("{place}: layer 0 ({layer})"),
                self.widths()[0],
                width,
            ));
        }
        Ok(())
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
