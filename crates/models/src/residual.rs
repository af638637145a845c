//! `y = x + f(x)`.

use layers::{Layer, Mode, Part, Saved, Scratch, Seen, Tensors, Visitor};
use ndarray::{Array2, ArrayD, ArrayRef2};
use tensor_core::elementwise::map2;
use tensor_core::memory::zeros;
use tensor_core::{Error, Float, Path};

use crate::rows::{check_room_for, first_rows, first_rows_mut};
use crate::{Sequential, SequentialCache, by_hand};

/// A residual block `y = x + f(x)`, where `f` is a [`Sequential`] whose output is as wide as its
/// input.
///
/// With `f(x)[n,c]` for the branch, `y[n,c] = x[n,c] + f(x)[n,c]`, so by the chain rule
///
/// ```text
/// dLdx[n,j] = Σ_c dLdy[n,c] · (dx[n,c]/dx[n,j] + df(x)[n,c]/dx[n,j])
///           = dLdy[n,j] + (f's backward pass of dLdy)[n,j]
/// ```
///
/// The gradient reaches `x` unchanged beside what passes through `f`: however deep the network is,
/// it does not vanish. (He et al., CVPR 2016, <https://arxiv.org/abs/1512.03385>, equation 1.)
///
/// The names are those of `f`: at place 3 of a model, its first tensor is `3.0.weight`, as in
/// PyTorch for a `class Residual(nn.Sequential)` whose `forward` returns `x + super().forward(x)`.
///
/// # Shapes
/// `x`, `f(x)`, `y` and their gradients `(N, C)`. Parameters and buffers: those of `f`.
///
/// # Examples
/// ```
/// use layers::{Linear, Mode, Relu};
/// use models::{Residual, Sequential};
/// use ndarray::array;
///
/// let linear = |w: f64| Linear::from_parts(array![[w]], None);
/// let block = Sequential::builder(1).push(linear(2.0)?).push(Relu).push(linear(5.0)?).build()?;
/// let model = Sequential::builder(1).push(Residual::new(block)?).build()?;
///
/// // 3 + 5·max(0, 2·3) = 33 with slope 1 + 5·2 = 11; −3 + 5·max(0, −6) = −3 with slope 1.
/// let mut ws = model.workspace(2)?;
/// let y = model.forward(&array![[3.0], [-3.0]], &mut ws, Mode::Train)?;
/// assert_eq!(y, array![[33.0], [-3.0]]);
/// assert_eq!(model.backward_from(&array![[1.0], [1.0]], &mut ws)?, array![[11.0], [1.0]]);
/// assert_eq!(ws.parameter_gradient("0.2.weight")?, array![[6.0]].into_dyn());
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Residual<F: Float> {
    pub(crate) inner: Sequential<F>,
}

/// What a [`Residual`] keeps of a pass: `f(x)`, and what `f` keeps.
#[derive(Debug)]
pub struct ResidualCache<F> {
    output: Array2<F>,
    pub(crate) inner: SequentialCache<F>,
}

impl<F: Float> Residual<F> {
    /// The block around `inner`, which is `f`.
    ///
    /// # Errors
    /// If the output of `inner` is not as wide as its input.
    pub fn new(inner: Sequential<F>) -> Result<Self, Error> {
        let widths = inner.widths();
        let (first, last) = (widths[0], widths[inner.n_layers()]);
        if first != last {
            return Err(Error::shape("Residual: output of the inner layers", &[first], &[last]));
        }
        Ok(Self { inner })
    }

    /// `f`.
    pub fn inner(&self) -> &Sequential<F> {
        &self.inner
    }
}

impl<F: Float> Tensors<F> for Residual<F> {
    #[inline(always)]
    fn tensors<V: Visitor<Self, F>>(v: &mut V) {
        v.child(None, |block| &block.inner, |block| &mut block.inner);
    }
}

impl<F: Float> Layer<F> for Residual<F> {
    type Cache = ResidualCache<F>;
    const NAME: &'static str = "Residual";

    fn out_features(&self, in_features: usize) -> Result<usize, Error> {
        self.inner.out_features(in_features).map_err(|e| e.within(Self::NAME))
    }

    fn cache(&self, max_batch: usize, in_features: usize) -> Result<ResidualCache<F>, Error> {
        let output = zeros("Residual: output", (max_batch, in_features))?;
        Ok(ResidualCache { output, inner: self.inner.cache(max_batch, in_features)? })
    }

    fn check_cache(
        &self,
        cache: &ResidualCache<F>,
        rows: usize,
        in_features: usize,
    ) -> Result<(), Error> {
        check_room_for(Self::NAME, &cache.output, rows, in_features)?;
        self.inner.check_cache(&cache.inner, rows, in_features)
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        by_hand::compute(self, x, y);
    }

    fn scratch(&self, max_batch: usize, in_features: usize) -> Result<Scratch<F>, Error> {
        Layer::scratch(&self.inner, max_batch, in_features)
    }

    fn compute_with(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, scratch: &mut Scratch<F>) {
        self.inner.compute_with(x, y, scratch);
        *y += x;
    }

    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut ResidualCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        let mut output = first_rows_mut(&mut cache.output, x.nrows());
        Layer::compute_training(&self.inner, x, &mut output, &mut cache.inner, mode)?;
        map2(x, &output, y, |x, f| x + f); // y = x + f(x)
        Ok(())
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, ResidualCache<F>>,
        dy: &ArrayRef2<F>,
        mut dx: Option<&mut ArrayRef2<F>>,
        grads: &mut Self,
    ) {
        let ResidualCache { output, inner } = saved.cache;
        let output = first_rows(output, dy.nrows());
        let saved = Saved { x: saved.x, y: &output, cache: inner };
        Layer::differentiate(&self.inner, saved, dy, dx.as_deref_mut(), &mut grads.inner);
        if let Some(dx) = dx {
            *dx += dy; // dLdx = dLdy + f's backward pass of dLdy
        }
    }

    fn intermediates(
        &self,
        seen: Seen<'_, F, ResidualCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        let output = first_rows(&seen.cache.output, seen.y.nrows());
        let inner = Seen { x: seen.x, y: &output, cache: &seen.cache.inner };
        Layer::intermediates(&self.inner, inner, path, show);
    }

    fn check_rows(&self, rows: usize, cache: &ResidualCache<F>, mode: Mode) -> Result<(), Error> {
        Layer::check_rows(&self.inner, rows, &cache.inner, mode)
    }

    fn count(&self, cache: &mut ResidualCache<F>, part: Part) {
        Layer::count(&self.inner, &mut cache.inner, part);
    }

    fn start_at(&self, cache: &mut ResidualCache<F>, first_row: u64) {
        Layer::start_at(&self.inner, &mut cache.inner, first_row);
    }

    fn settle(
        &mut self,
        cache: &mut ResidualCache<F>,
        path: Path<'_>,
        moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        Layer::settle(&mut self.inner, &mut cache.inner, path, moves);
    }

    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64)) {
        Layer::each_step(&self.inner, path, visit);
    }

    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64)) {
        Layer::each_step_mut(&mut self.inner, path, visit);
    }
}
