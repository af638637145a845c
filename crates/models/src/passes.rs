//! The passes of a [`Sequential`]: inference, forward, backward.
//!
//! Shapes are checked here, once, at the head of each call; the layers then trust them.

use layers::{Layer, Mode, Saved};
use ndarray::{Array2, ArrayRef2, ArrayView2};
use tensor_core::memory::zeros;
use tensor_core::{Error, Float, elementwise};

use crate::Sequential;
use crate::rows::{first_rows, first_rows_mut};
use crate::workspace::{Scratch, Stage, Workspace};

impl<F: Float> Sequential<F> {
    /// The model's output for `x`, as after training. The convenient form of
    /// [`infer_into`](Self::infer_into).
    ///
    /// # Shapes
    /// `x (N, C_in)` gives `(N, C_out)`.
    ///
    /// # Errors
    /// If `x` has no rows or another width than the model's input.
    pub fn infer(&self, x: &ArrayRef2<F>) -> Result<Array2<F>, Error> {
        self.check_input("infer", x, x.nrows())?;
        let mut y = zeros("infer: output", (x.nrows(), self.out_width()))?;
        self.infer_into(x, &mut y, &mut self.scratch(x.nrows())?)?;
        Ok(y)
    }

    /// Writes the model's output for `x` into `y`, as after training, without a heap allocation.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`, with `N` at most the scratch's.
    ///
    /// # Errors
    /// If `x` has no rows, too many rows or another width than the model's input, if `y` has
    /// another shape, or if the scratch was made by another model. `y` is then untouched.
    pub fn infer_into(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        scratch: &mut Scratch<F>,
    ) -> Result<(), Error> {
        self.check_owner("infer_into", &scratch.owner)?;
        self.check_input("infer_into", x, scratch.max_batch)?;
        let n = x.nrows();
        if y.dim() != (n, self.out_width()) {
            return Err(Error::shape("infer_into: output", &[n, self.out_width()], y.shape()));
        }
        self.compute_with(x, y, &mut scratch.inner);
        Ok(())
    }

    /// Runs `x` through every layer, leaves `A[0] … A[L]` in the workspace and returns `A[L]`. The
    /// model does not change: it may be called any number of times.
    ///
    /// # Shapes
    /// `x (N, C_in)` gives `(N, C_out)`, with `N` at most the workspace's.
    ///
    /// # Errors
    /// If `x` has no rows, too many rows or another width than the model's input, if a layer
    /// refuses the batch, or if the workspace was made by another model.
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
        let [input, output] = &mut ws.ends;
        elementwise::map(x, &mut first_rows_mut(input, n), |x| x);
        let y = &mut first_rows_mut(output, n);
        Layer::compute_training(self, &first_rows(input, n), y, &mut ws.cache, mode)?;
        ws.stage = Stage::Forward;
        Ok(first_rows(output, n))
    }

    /// Says that the first row of the following forward passes in this workspace is row `first_row`
    /// of the step's whole batch: for a batch that is cut in parts, for several threads or to save
    /// memory. Dropout then draws for each row what it would have drawn without the cut. 0 until
    /// said otherwise.
    ///
    /// # Errors
    /// If the workspace was made by another model.
    pub fn start_at(&self, ws: &mut Workspace<F>, first_row: u64) -> Result<(), Error> {
        self.check_owner("start_at", &ws.owner)?;
        Layer::start_at(self, &mut ws.cache, first_row);
        Ok(())
    }

    /// Turns `dLdA[L]`, which a loss has written through [`Workspace::output_and_gradient`], into
    /// the gradients of all parameters and of the activations between the layers. Overwrites: there
    /// is nothing to reset between passes.
    ///
    /// The gradient of the input, `dLdA[0]`, is left out, because training does not read it: a
    /// product less in what is often the widest layer.
    /// [`backward_to_input`](Self::backward_to_input) computes it, too.
    ///
    /// # Errors
    /// If there has been no forward pass with a loss after it, or the workspace was made by another
    /// model.
    pub fn backward(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward", ws, 1)
    }

    /// [`backward`](Self::backward) and the gradient of the input,
    /// [`activation_gradient`](Workspace::activation_gradient)`(0)`.
    ///
    /// # Errors
    /// As for [`backward`](Self::backward).
    pub fn backward_to_input(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward_to_input", ws, 0)
    }

    /// The course's form: takes `dLdA[L]` and returns `dLdA[0]`.
    ///
    /// # Shapes
    /// `d_output (N, C_out)` gives `(N, C_in)`.
    ///
    /// # Errors
    /// If there has been no forward pass, `d_output` has another shape than its output, or the
    /// workspace was made by another model.
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
        Ok(first_rows(&ws.end_gradients[0], ws.rows))
    }

    fn run_backward(
        &self,
        place: &'static str,
        ws: &mut Workspace<F>,
        from: usize,
    ) -> Result<(), Error> {
        self.check_owner(place, &ws.owner)?;
        if let Stage::Fresh | Stage::Forward = ws.stage {
            let expected = "`forward`, then a loss's `backward` into `output_and_gradient`,";
            return Err(ws.order(place, expected));
        }
        let n = ws.rows;
        let [x, y] = ws.ends.each_ref().map(|a| first_rows(a, n));
        let [dx, dy] = &mut ws.end_gradients;
        let mut dx = (from == 0).then(|| first_rows_mut(dx, n));
        let saved = Saved { x: &x, y: &y, cache: &mut ws.cache };
        Layer::differentiate(self, saved, &first_rows(dy, n), dx.as_deref_mut(), &mut ws.grads);
        ws.stage = Stage::Backward { from };
        Ok(())
    }

    fn out_width(&self) -> usize {
        self.widths()[self.n_layers()]
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
            let layer = self.slots[0].layer.name();
            return Err(Error::features(
                format!("{place}: layer 0 ({layer})"),
                self.widths()[0],
                width,
            ));
        }
        Ok(())
    }
}
