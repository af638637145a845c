//! The passes of a [`Sequential`]: inference, forward, backward.
//!
//! Shapes are checked here, once, at the head of each call; the layers then trust them.

use layers::{Layer, Mode, Part, Saved, Tensors};
use ndarray::{Array2, ArrayRef2, ArrayView2};
use tensor_core::memory::zeros;
use tensor_core::{Error, Float, Path, elementwise};

use crate::rows::{first_rows, first_rows_mut};
use crate::stage::{Stage, Writing};
use crate::workspace::{Scratch, Workspace};
use crate::{Sequential, unwritten};

impl<F: Float> Sequential<F> {
    /// The model's output for `x`, as after training. The convenient form of
    /// [`infer_into`](Self::infer_into).
    ///
    /// # Shapes
    /// `x (N, C_in)` gives `(N, C_out)`.
    ///
    /// # Errors
    /// If `x` has no rows or another width than the model's input, or there is no memory for the
    /// output.
    pub fn infer(&self, x: &ArrayRef2<F>) -> Result<Array2<F>, Error> {
        self.check_input("infer", x, x.nrows())?;
        let (n, width) = x.dim();
        self.check_memory("infer", n)?;
        let mut y = zeros("infer: output", (n, self.out_width()))?;
        let mut scratch = self.inner_scratch("infer", n)?;
        if x.is_standard_layout() {
            self.compute_with(x, &mut y, &mut scratch);
        } else {
            let mut packed = zeros("infer: input", (n, width))?;
            packed.assign(x);
            self.compute_with(&packed, &mut y, &mut scratch);
        }
        Ok(y)
    }

    /// Writes the model's output for `x` into `y`, as after training, without a heap allocation:
    /// the numbers of [`forward`](Self::forward) in evaluation, bit for bit, in whatever layout `x`
    /// and `y` stand.
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
        let Scratch { inner, ends: [input, output], .. } = scratch;
        // In one layout, so that no number depends on where it lies in memory.
        if x.is_standard_layout() && y.is_standard_layout() {
            self.compute_with(x, y, inner);
        } else {
            let (mut input, mut output) = (first_rows_mut(input, n), first_rows_mut(output, n));
            input.assign(x);
            self.compute_with(&input, &mut output, inner);
            y.assign(&output);
        }
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
    /// refuses the batch, or if the workspace was made by another model. The pass before is then
    /// still there, unless a layer of your own has refused the batch for its values.
    pub fn forward<'w>(
        &self,
        x: &ArrayRef2<F>,
        ws: &'w mut Workspace<F>,
        mode: Mode,
    ) -> Result<ArrayView2<'w, F>, Error> {
        self.check_owner("forward", &ws.progress.owner)?;
        self.check_input("forward", x, ws.max_batch)?;
        let n = x.nrows();
        Layer::check_rows(self, n, &ws.cache, mode)?;
        ws.rows = n;
        ws.progress.begin(self.version);
        let [input, output] = &mut ws.ends;
        elementwise::map(x, &mut first_rows_mut(input, n), |x| x);
        let y = &mut first_rows_mut(output, n);
        Layer::compute_training(self, &first_rows(input, n), y, &mut ws.cache, mode)?;
        ws.progress.stage = Stage::Forward;
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
        self.check_owner("start_at", &ws.progress.owner)?;
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
    /// If there has been no forward pass with a loss after it, an element of `dLdA[L]` has not been
    /// written, the parameters may have changed since the forward pass, by a step or by
    /// [`set_tensor`](Self::set_tensor), or the workspace was made by another model.
    pub fn backward(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward", ws, 1, Writing::Overwrite)
    }

    /// [`backward`](Self::backward) and the gradient of the input,
    /// [`activation_gradient`](Workspace::activation_gradient)`(0)`.
    ///
    /// # Errors
    /// As for [`backward`](Self::backward).
    pub fn backward_to_input(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward_to_input", ws, 0, Writing::Overwrite)
    }

    /// [`backward`](Self::backward), with the gradients of the parameters added to those that are
    /// there: a step on a batch that is too large for memory, in parts.
    ///
    /// ```text
    /// dLdθ = Σ_p dL_p/dθ        added up in the order of the calls
    /// ```
    ///
    /// `L_p` is the loss of part `p`. What is there are the gradients of all backward passes since
    /// the last step, or since the last [`backward`](Self::backward), which begins anew; if there
    /// are none, this is the first part. The second part of a workspace's first step makes memory
    /// for one more set of gradients, and later ones none.
    ///
    /// A loss that is a mean over rows is the mean over its parts weighted by their rows, so each
    /// part's gradient is weighted before it is added:
    ///
    /// ```text
    /// L = 1/N Σ_n ℓ[n] = Σ_p N_p/N L_p        dLdA = N_p/N dL_p/dA
    /// ```
    ///
    /// BatchNorm normalizes each part by the part's own statistics, as PyTorch does, and the step
    /// moves its running ones by those of every part, in order. Dropout draws each part's masks as
    /// for rows that follow those of the parts before.
    ///
    /// # Errors
    /// As for [`backward`](Self::backward); if a pass is added twice with one gradient, if the
    /// parameters may have changed since the first part, or there is no memory for the gradients.
    ///
    /// # Examples
    /// ```
    /// use layers::{Linear, Mode};
    /// use losses::{Loss, MseLoss};
    /// use models::Sequential;
    /// use ndarray::array;
    /// use optim::{Optimizer, Sgd, SgdConfig};
    ///
    /// // y = w x with w = 2; L = 1/3 Σ_n (w x[n] − 0)², dLdw = 2/3 Σ_n w x[n]² = 2/3·2·14.
    /// let linear = Linear::from_parts(array![[2.0]], None)?;
    /// let mut model = Sequential::builder(1).push(linear).build()?;
    /// let mut ws = model.workspace(2)?;
    /// for x in [array![[1.0], [2.0]], array![[3.0]]] {
    ///     model.forward(&x, &mut ws, Mode::Train)?;
    ///     let (a, mut da) = ws.output_and_gradient()?;
    ///     MseLoss::default().backward(&a, &(&x * 0.0), &mut da)?;
    ///     da *= x.nrows() as f64 / 3.0; // N_p/N
    ///     model.backward_add(&mut ws)?;
    /// }
    /// let dw = ws.parameter_gradient("0.weight")?.sum();
    /// assert!((dw - 2.0 / 3.0 * 2.0 * 14.0_f64).abs() < 1e-14);
    /// let mut sgd = Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() })?;
    /// sgd.step(&mut model, &mut ws)?;
    /// # Ok::<(), tensor_core::Error>(())
    /// ```
    pub fn backward_add(&self, ws: &mut Workspace<F>) -> Result<(), Error> {
        self.run_backward("backward_add", ws, 1, Writing::Add)
    }

    /// The course's form: takes `dLdA[L]` and returns `dLdA[0]`.
    ///
    /// # Shapes
    /// `d_output (N, C_out)` gives `(N, C_in)`.
    ///
    /// # Errors
    /// If there has been no forward pass since the last step, the parameters may have changed
    /// since, `d_output` has another shape than its output, or the workspace was made by another
    /// model.
    pub fn backward_from<'w>(
        &self,
        d_output: &ArrayRef2<F>,
        ws: &'w mut Workspace<F>,
    ) -> Result<ArrayView2<'w, F>, Error> {
        let place = "backward_from";
        self.check_owner(place, &ws.progress.owner)?;
        ws.progress.check_forward_pass(place)?;
        let shape = [ws.rows, self.out_width()];
        if d_output.shape() != shape {
            let place = "backward_from: output gradient";
            return Err(Error::shape(place, &shape, d_output.shape()));
        }
        // As if the gradient had been handed out and written.
        let stage = std::mem::replace(&mut ws.progress.stage, Stage::Seeded);
        let checked = ws.progress.check_backward_pass(place, Writing::Overwrite, self.version);
        if let Err(error) = checked {
            ws.progress.stage = stage;
            return Err(error);
        }
        first_rows_mut(&mut ws.end_gradients[1], ws.rows).assign(d_output);
        self.compute_gradients(ws, 0, Writing::Overwrite);
        Ok(first_rows(&ws.end_gradients[0], ws.rows))
    }

    fn run_backward(
        &self,
        place: &'static str,
        ws: &mut Workspace<F>,
        from: usize,
        writing: Writing,
    ) -> Result<(), Error> {
        self.check_owner(place, &ws.progress.owner)?;
        let adds = ws.progress.check_backward_pass(place, writing, self.version)?;
        if unwritten::is_marked(&first_rows(&ws.end_gradients[1], ws.rows)) {
            let expected = "`Loss::backward` into all of `output_and_gradient`";
            let found = "elements that nobody has written";
            return Err(Error::Order { place: place.into(), expected, found });
        }
        if !adds {
            self.compute_gradients(ws, from, writing);
            return Ok(());
        }
        let mut part = match ws.part.take() {
            Some(part) => part,
            None => self.gradients(place)?,
        };
        std::mem::swap(&mut ws.grads, &mut part); // the sum so far is `part` now
        self.compute_gradients(ws, from, writing);
        std::mem::swap(&mut ws.grads, &mut part);
        ws.grads.each_parameter(&mut part, Path::root(), &mut |p| {
            p.value.iter_mut().zip(&*p.grad).for_each(|(sum, &part)| *sum += part);
        });
        ws.part = Some(part);
        Ok(())
    }

    /// Writes `dLdA[i]` for `i ≥ from` and the gradients of the parameters.
    fn compute_gradients(&self, ws: &mut Workspace<F>, from: usize, writing: Writing) {
        let n = ws.rows;
        let [x, y] = ws.ends.each_ref().map(|a| first_rows(a, n));
        let [dx, dy] = &mut ws.end_gradients;
        let mut dx = (from == 0).then(|| first_rows_mut(dx, n));
        let saved = Saved { x: &x, y: &y, cache: &mut ws.cache };
        Layer::differentiate(self, saved, &first_rows(dy, n), dx.as_deref_mut(), &mut ws.grads);
        if ws.progress.end_backward_pass(writing, from) {
            let part = match writing {
                Writing::Overwrite => Part::Whole,
                Writing::Add => Part::Further,
            };
            Layer::count(self, &mut ws.cache, part);
        }
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
