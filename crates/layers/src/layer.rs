//! What a layer is.

use std::fmt::Debug;

use ndarray::{ArrayD, ArrayRef2};
use tensor_core::{Error, Float, Path};

use crate::{Scratch, Tensors};

/// Whether a forward pass belongs to training or to evaluation: Dropout and BatchNorm differ
/// between the two.
///
/// It is an argument of [`Layer::forward`], so that no layer can be left in the wrong mode. A model
/// may give single layers another mode than the pass has: `models::Workspace::set_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Masks are drawn, batch statistics are used.
    Train,
    /// The model as it is used after training.
    Eval,
}

/// How a forward pass counts for an optimizer's step: an argument of [`Layer::count`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// It is the step's whole batch, or the first part: what counted before does not any more.
    Whole,
    /// It is a part of the step's batch, beside those that counted before.
    Further,
}

/// What a backward pass is given of the forward pass before it: an argument of [`Layer::backward`].
///
/// Input and output are at hand in any case, because the layers below and above need them. What
/// else a layer needs it keeps in its cache:
///
/// | layers | backward reads | cache |
/// |---|---|---|
/// | [`Linear`](crate::Linear) | `x`, for `dLdW` | nothing |
/// | [`Relu`](crate::Relu) | `y`, which is > 0 exactly where `x` is | nothing |
/// | all other activations, [`PRelu`](crate::PRelu), [`Glu`](crate::Glu), [`SwiGlu`](crate::SwiGlu), [`Softmax`](crate::Softmax), [`LogSoftmax`](crate::LogSoftmax) | `x`, from which the derivative keeps all its digits | nothing |
/// | [`BatchNorm1d`](crate::BatchNorm1d) | `x` | `μ` and `σ²` of each feature |
/// | [`LayerNorm`](crate::LayerNorm), [`GroupNorm`](crate::GroupNorm), [`InstanceNorm1d`](crate::InstanceNorm1d), [`RmsNorm`](crate::RmsNorm) | `x`, and measures it again | memory for sums |
/// | [`Dropout`](crate::Dropout) | neither | the mask |
/// | [`Identity`](crate::Identity) | neither | nothing |
#[derive(Debug)]
pub struct Saved<'a, F, C> {
    /// The input `(N, C_in)` of the forward pass.
    pub x: &'a ArrayRef2<F>,
    /// Its output `(N, C_out)`.
    pub y: &'a ArrayRef2<F>,
    /// What the layer itself kept; writable, so that it can hold scratch memory too.
    pub cache: &'a mut C,
}

/// A function with parameters whose derivative is known.
///
/// For `y = f(x; θ)` with parameters `θ` and a scalar loss `L`, a layer computes
///
/// | pass | given | computes |
/// |---|---|---|
/// | [`infer`](Self::infer) | `x` | `y = f(x; θ)`, as after training |
/// | [`forward`](Self::forward) | `x` | the same as in training, and keeps in its cache what backward needs |
/// | [`backward`](Self::backward) | `dL/dy` | `dL/dx` and `dL/dθ` |
///
/// by the chain rule: `x[n,j]` and `θ[k]` act on the loss through every output that they enter, so
///
/// ```text
/// dL/dx[n,j] = Σ_m Σ_i dL/dy[m,i] · ∂y[m,i]/∂x[n,j]
/// dL/dθ[k]   = Σ_m Σ_i dL/dy[m,i] · ∂y[m,i]/∂θ[k]
/// ```
///
/// In most layers a row of `y` depends on the same row of `x` alone, so that of the first sum over
/// `m` only `m = n` is left. [`Saved`] lists what each kind of layer needs for it.
///
/// A layer owns its parameters and nothing else. What a pass writes belongs to the caller: the
/// output, the gradients and the layer's [`Cache`](Self::Cache). So threads can share a `&layer`,
/// and every intermediate value can be looked at.
///
/// **The gradient of a layer is a value of the layer's own type**, with `dL/dweight` where the
/// layer has its `weight`: both have the same tensors of the same shapes.
/// [`gradient`](Tensors::gradient) makes one. [`Tensors`] names each tensor once; a layer without
/// any says `impl<F: Float> Tensors<F> for MyLayer {}`. A layer without parameters that maps its
/// input is shorter still as an [`Activation`](crate::Activation).
///
/// # Who checks
/// | who | calls | shapes |
/// |---|---|---|
/// | whoever runs a layer by hand | [`infer`](Self::infer), [`forward`](Self::forward), [`backward`](Self::backward) | checked first: a typed error, and nothing is written |
/// | a model, which has checked already | [`compute`](Self::compute), [`compute_training`](Self::compute_training), [`differentiate`](Self::differentiate) | trusted: with others these may panic or write numbers without a meaning |
///
/// An author writes the second three, and the first three call them.
/// [`Activation`](crate::Activation)'s two functions belong to the second kind.
///
/// # NaN
/// Every output that depends on a NaN by the formula is NaN: `y` on one in `x` or `θ`, `dL/dx` and
/// `dL/dθ` on one in `x`, `θ` or `dL/dy` as well. The derivative at a NaN is NaN, and a NaN that is
/// handed down is never hidden by a slope of 0. Finite inputs give no NaN, and infinite ones only
/// where the formula's limit depends on how it is approached (`∞ − ∞`), which the layer's page
/// says. An infinite `dL/dy` times a slope of 0 is 0.
///
/// `Clone` makes a model cheap to snapshot and to hand to other threads; `Send + Sync` and the
/// absence of interior mutability let threads share one.
///
/// # Shapes
/// `x`, `dL/dx`: `(N, C_in)`, one sample a row. `y`, `dL/dy`: `(N, C_out)`, with
/// [`out_features`](Self::out_features)`(C_in)` for `C_out`. Parameters and their gradients: any.
///
/// # Examples
/// A new layer is one file. This one scales every feature by a factor of its own,
/// `y[n,c] = x[n,c] · w[c]`, so
///
/// ```text
/// dL/dw[c] = Σ_n dL/dy[n,c] · x[n,c]        dL/dx[n,c] = dL/dy[n,c] · w[c]
/// ```
///
/// ```
/// use layers::{Layer, Saved, Tensors, Visitor};
/// use ndarray::{Array1, ArrayRef2, Zip, array};
/// use tensor_core::{Error, Float, Role};
///
/// #[derive(Debug, Clone)]
/// struct Scale<F> {
///     weight: Array1<F>,
/// }
///
/// impl<F: Float> Tensors<F> for Scale<F> {
///     fn tensors<V: Visitor<Self, F>>(v: &mut V) {
///         v.parameter("weight", Role::Weight, |layer| &layer.weight, |layer| &mut layer.weight);
///     }
/// }
///
/// impl<F: Float> Layer<F> for Scale<F> {
///     type Cache = ();
///     const NAME: &'static str = "Scale";
///
///     fn out_features(&self, in_features: usize) -> Result<usize, Error> {
///         Error::check_features("Scale", self.weight.len(), in_features)
///     }
///     fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
///         Ok(())
///     }
///
///     fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
///         Zip::from(y).and(x).and_broadcast(&*self.weight).for_each(|y, &x, &w| *y = x * w);
///     }
///     fn differentiate(
///         &self,
///         saved: Saved<'_, F, ()>,
///         dy: &ArrayRef2<F>,
///         dx: Option<&mut ArrayRef2<F>>,
///         grads: &mut Self,
///     ) {
///         let columns = Zip::from(&mut grads.weight).and(saved.x.columns()).and(dy.columns());
///         columns.for_each(|dw, x, dy| *dw = x.dot(&dy)); // dL/dw[c] = Σ_n dL/dy[n,c] · x[n,c]
///         if let Some(dx) = dx {
///             self.compute(dy, dx); // dL/dx[n,c] = dL/dy[n,c] · w[c]
///         }
///     }
/// }
///
/// let scale = Scale { weight: array![2.0, 10.0] };
/// let (x, dy, mut y) = (array![[1.0, 3.0]], array![[1.0, -1.0]], array![[0.0, 0.0]]);
/// scale.infer(&x, &mut y)?;
/// let (mut dx, mut grads) = (y.clone(), scale.gradient());
/// scale.backward(Saved { x: &x, y: &y, cache: &mut () }, &dy, Some(&mut dx), &mut grads)?;
/// assert_eq!((&y, &dx), (&array![[2.0, 30.0]], &array![[2.0, -10.0]]));
/// assert_eq!(grads.weight, array![1.0 * 1.0, 3.0 * -1.0]);
///
/// let error = scale.infer(&array![[1.0]], &mut y).unwrap_err();
/// assert_eq!(error.to_string(), "Scale: expected 2 input features, found 1");
/// # Ok::<(), Error>(())
/// ```
pub trait Layer<F: Float>: Tensors<F> + Debug + Send + Sync {
    /// What forward keeps for backward, beside input and output, which are handed back anyway: `()`
    /// for most layers, the batch statistics for BatchNorm, the mask for Dropout.
    type Cache: Send + 'static;
    /// The type's name as it stands in messages.
    const NAME: &'static str;

    /// Width of the output for an input of width `in_features`. Most layers keep it, which is the
    /// default.
    ///
    /// # Errors
    /// If the layer cannot take that width.
    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        Ok(in_features)
    }

    /// A cache for batches of up to `max_batch` rows. Called once for a workspace: later passes
    /// allocate nothing.
    ///
    /// # Errors
    /// If the layer cannot take that width, or the memory is not to be had.
    fn cache(&self, max_batch: usize, in_features: usize) -> Result<Self::Cache, Error>;

    /// Whether a cache was made for batches of at least that many rows and for that width. A cache
    /// of no size fits always, which is the default.
    ///
    /// # Errors
    /// If it was not.
    fn check_cache(
        &self,
        cache: &Self::Cache,
        rows: usize,
        in_features: usize,
    ) -> Result<(), Error> {
        let _ = (cache, rows, in_features);
        Ok(())
    }

    /// `y ← f(x)` as after training, for shapes that fit: the part of [`infer`](Self::infer) that
    /// an author writes. Every element of `y` is overwritten.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>);

    /// Whether a batch of `rows` rows has a meaning for the layer. A model asks before any layer
    /// runs, so that a batch that is refused changes nothing. Only a layer with a cache is asked;
    /// one without refuses in [`compute_training`](Self::compute_training). None refuses by
    /// default.
    ///
    /// # Errors
    /// If not.
    fn check_rows(&self, rows: usize, cache: &Self::Cache, mode: Mode) -> Result<(), Error> {
        let _ = (rows, cache, mode);
        Ok(())
    }

    /// `y ← f(x)`, keeping in `cache` what [`differentiate`](Self::differentiate) needs, for shapes
    /// that fit: the part of [`forward`](Self::forward) that an author writes, if something has to
    /// be kept. A batch is refused before anything is written.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    ///
    /// # Errors
    /// If the batch has no meaning for the layer: what [`check_rows`](Self::check_rows)
    /// refuses, and what can only be told by the values.
    #[inline]
    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut Self::Cache,
        mode: Mode,
    ) -> Result<(), Error> {
        let _ = (cache, mode);
        self.compute(x, y);
        Ok(())
    }

    /// Overwrites `dx` and the tensors of `grads` with the gradients of the loss, for shapes that
    /// fit: the part of [`backward`](Self::backward) that an author writes. Nothing is added to
    /// what they held. `dx` is `None` where nobody reads it, which saves a product in the first
    /// layer.
    ///
    /// # Shapes
    /// `dy (N, C_out)`, `dx (N, C_in)`, and those of the parameters.
    fn differentiate(
        &self,
        saved: Saved<'_, F, Self::Cache>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    );

    /// `y ← f(x)` as after training. Every element of `y` is overwritten. Never written by an
    /// author.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    ///
    /// # Errors
    /// If the shapes do not fit. Nothing is written then.
    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) -> Result<(), Error> {
        let (n, width) = x.dim();
        check_shape(Self::NAME, "output", [n, self.out_features(width)?], y.dim())?;
        self.compute_with(x, y, &mut self.scratch(n, width)?);
        Ok(())
    }

    /// `y ← f(x)`, keeping in `cache` what [`backward`](Self::backward) needs. The layer does not
    /// change: running statistics wait in the cache for [`settle`](Self::settle). Never written by
    /// an author.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `y (N, C_out)`.
    ///
    /// # Errors
    /// If the shapes or the cache do not fit, or the batch has no meaning for the layer. Nothing is
    /// written then.
    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut Self::Cache,
        mode: Mode,
    ) -> Result<(), Error> {
        let (n, width) = x.dim();
        check_shape(Self::NAME, "output", [n, self.out_features(width)?], y.dim())?;
        self.check_cache(cache, n, width)?;
        self.check_rows(n, cache, mode)?;
        self.compute_training(x, y, cache, mode)
    }

    /// Overwrites `dx` and the tensors of `grads` with the gradients of the loss; nothing is added
    /// to what they held. `dx` is `None` where nobody reads it. Never written by an author.
    ///
    /// # Shapes
    /// `dy (N, C_out)`, `dx (N, C_in)`, and those of the parameters.
    ///
    /// # Errors
    /// If the shapes, the cache or `grads` do not fit. Nothing is written then.
    fn backward(
        &self,
        saved: Saved<'_, F, Self::Cache>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) -> Result<(), Error> {
        let (n, width) = saved.x.dim();
        let output = [n, self.out_features(width)?];
        check_shape(Self::NAME, "output", output, saved.y.dim())?;
        check_shape(Self::NAME, "output gradient", output, dy.dim())?;
        if let Some(dx) = &dx {
            check_shape(Self::NAME, "input gradient", [n, width], dx.dim())?;
        }
        self.check_cache(saved.cache, n, width)?;
        self.check_shapes(Self::NAME, grads)?;
        self.differentiate(saved, dy, dx, grads);
        Ok(())
    }

    /// Shows the values that the last pass computed between input and output, each under a name:
    /// the mean of a normalization, the mask of a dropout. They are read from the cache, or
    /// computed anew from `x` and `y`, when somebody looks; a pass does nothing for it. None by
    /// default, and none where input, output and cache do not fit the layer.
    fn intermediates(
        &self,
        seen: Seen<'_, F, Self::Cache>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let _ = (seen, path, show);
    }

    /// Says that the first row of the following passes is row `first_row` of the step's whole
    /// batch: for layers that draw random numbers by row, when a batch is cut in parts. 0 until
    /// said otherwise.
    fn start_at(&self, cache: &mut Self::Cache, first_row: u64) {
        let _ = (cache, first_row);
    }

    /// Says that the last forward pass counts for the next step: its backward pass has been made.
    /// A layer with buffers keeps in its cache by what they have to move, over all passes that
    /// count. By default the last pass is all there is.
    fn count(&self, cache: &mut Self::Cache, part: Part) {
        let _ = (cache, part);
    }

    /// Moves buffers by what the last forward pass left pending in `cache`, and marks it as done.
    /// `path` is where the layer stands; a buffer for whose path `moves` is false rests. A
    /// cache that was made for another width changes nothing.
    fn settle(
        &mut self,
        cache: &mut Self::Cache,
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        let _ = (cache, path, moves);
    }

    /// Shows the steps that the layer counts, by path, if its passes depend on how many there were:
    /// with the tensors they are all that a resumed run has to set. None by default.
    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64)) {
        let _ = (path, visit);
    }

    /// Shows the same counts in the same order, to be written.
    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64)) {
        let _ = (path, visit);
    }

    /// Memory for [`compute_with`](Self::compute_with), where layers stand inside; none for most
    /// layers, which is the default.
    ///
    /// # Errors
    /// If the memory is not to be had.
    fn scratch(&self, max_batch: usize, in_features: usize) -> Result<Scratch<F>, Error> {
        let _ = (max_batch, in_features);
        Ok(Scratch::default())
    }

    /// [`compute`](Self::compute) with memory for what lies between the layers inside: the same
    /// numbers without an allocation.
    #[inline]
    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>) {
        let _ = scratch;
        self.compute(x, y);
    }
}

/// What can be looked at after a forward pass: an argument of [`Layer::intermediates`].
#[derive(Debug)]
pub struct Seen<'a, F, C> {
    /// The input `(N, C_in)` of the forward pass.
    pub x: &'a ArrayRef2<F>,
    /// Its output `(N, C_out)`.
    pub y: &'a ArrayRef2<F>,
    /// What the layer itself kept.
    pub cache: &'a C,
}

/// Refuses a matrix of another shape than the one that fits.
fn check_shape(
    layer: &'static str,
    what: &'static str,
    expected: [usize; 2],
    (rows, columns): (usize, usize),
) -> Result<(), Error> {
    if [rows, columns] == expected {
        return Ok(());
    }
    Err(Error::shape(format!("{layer}: {what}"), &expected, &[rows, columns]))
}
