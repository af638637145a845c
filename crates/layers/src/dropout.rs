//! Dropout.

#[cfg(test)]
mod tests;

use ndarray::{Array2, ArrayD, ArrayRef2, ArrayViewMut2, Axis, Slice, Zip};
use tensor_core::elementwise::map2;
use tensor_core::functions::product_or_zero;
use tensor_core::memory::zeros;
use tensor_core::random::Position;
use tensor_core::{Error, Float, Path, Rng};

use crate::{Layer, Mode, Part, Saved, Seen, Tensors};

/// Dropout, PyTorch's `nn.Dropout`: in training every entry is dropped with probability `p`.
///
/// ```text
/// A[n,c] = M[n,c] Z[n,c]        in training; M[n,c] is 0 with probability p, else 1/(1 − p)
/// A[n,c] = Z[n,c]               in evaluation
/// ```
///
/// `Z[n,c]` is input feature `c` of sample `n`, `A[n,c]` the output in its place, `M` the mask,
/// drawn anew for every step.
///
/// *Why does evaluation need no factor?* Because training has it. The mean of an entry of the mask
/// is `p·0 + (1 − p)·1/(1 − p) = 1`, so that the mean of `A[n,c]` over all masks is `Z[n,c]`: just
/// what evaluation passes on. (The paper multiplies by `1 − p` in evaluation instead; scaled in
/// training, the model that is used afterward knows nothing of dropout.)
///
/// # Gradient
/// The layer above hands down `dLdA[n,c] = ∂L/∂A[n,c]`, the gradient of the loss `L`. The mask is
/// drawn without regard to `Z`, so that it is a constant factor of each entry:
///
/// ```text
/// dLdZ[n,c] = dLdA[n,c] ∂A[n,c]/∂Z[n,c] = dLdA[n,c] M[n,c]        in training
/// dLdZ[n,c] = dLdA[n,c]                                           in evaluation
/// ```
///
/// *What is kept for backward?* The mask `M` ([`DropoutCache`]): backward has to drop the same
/// entries.
///
/// # The mask
/// It is a function of the seed, the optimizer's step, the row and the column, and of nothing else.
/// So
///
/// | if | then |
/// |---|---|
/// | forward runs again in the same step | the mask is the same: forward is pure, and gradients can be checked |
/// | an optimizer steps | the next mask is another: [`settle`](Layer::settle) has counted the step |
/// | a batch is cut in two, for two threads or to save memory | the masks are those of the whole, if the second part says [where it starts](Layer::start_at), or the first has been [counted](Layer::count) as one of several |
/// | training resumes at step `t` | [`with_step`](Dropout::with_step)`(t)` goes on with the masks of an uninterrupted run |
///
/// Two layers of one model want two seeds: with the same one they drop the same places.
///
/// # Shapes
/// `Z`, `A`, `dLdA`, `dLdZ` and `M`: `(N, C)`, for any `C`. No parameters and, as in PyTorch, no
/// saved tensors: what a resumed run needs beside the configuration is the [`step`](Self::step).
///
/// NaN stays NaN where it is dropped, as in PyTorch; an infinity becomes 0, where PyTorch's product
/// gives NaN. `p = 1`, which PyTorch takes, is refused: nothing is left to learn
/// from.
///
/// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, JMLR 15, 2014,
/// <https://jmlr.org/papers/v15/srivastava14a.html>, section 4; scaled in training: section 10.)
///
/// # Examples
/// With `p = ½` an entry that is kept is doubled, and so is its gradient:
///
/// ```
/// use layers::{Dropout, Layer, Mode, Saved};
/// use ndarray::Array2;
///
/// let dropout = Dropout::new(0.5, 7)?;
/// let (z, da) = (Array2::ones((1, 100)), Array2::from_elem((1, 100), 3.0));
/// let (mut a, mut dz) = (Array2::<f64>::zeros((1, 100)), Array2::zeros((1, 100)));
/// let mut cache = dropout.cache(1, 100)?;
/// dropout.forward(&z, &mut a, &mut cache, Mode::Train)?;
/// assert!(a.iter().all(|&a| a == 0.0 || a == 2.0));
/// let saved = Saved { x: &z, y: &a, cache: &mut cache };
/// dropout.backward(saved, &da, Some(&mut dz), &mut dropout.clone())?;
/// assert_eq!(dz, 3.0 * &a); // as z is 1, a is the mask
///
/// dropout.forward(&z, &mut a, &mut cache, Mode::Eval)?;
/// assert_eq!(a, z);
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    p: f64,
    seed: u64,
    step: u64,
}

/// What a [`Dropout`] keeps of a forward pass: the mask, and whether its step is still to be
/// counted.
#[derive(Debug, Clone)]
pub struct DropoutCache<F> {
    /// `M (max_batch, C)`, in the rows of the last training batch.
    mask: Array2<F>,
    mode: Mode,
    /// The step whose mask an optimizer has not followed yet.
    pending: Option<u64>,
    /// Row of the step's whole batch at which the passes begin.
    first_row: u64,
    /// Rows of the parts of the step's batch that count already: the next part's follow them.
    n_counted: u64,
    /// Rows of the last pass.
    rows: usize,
    /// The step in which a part drew a mask.
    counted: Option<u64>,
}

impl Dropout {
    /// A layer that drops each entry with probability `p`.
    ///
    /// # Errors
    /// If `p` does not lie in `[0, 1)`.
    pub fn new(p: f64, seed: u64) -> Result<Self, Error> {
        let range = "a number from 0 to below 1";
        Error::check_hyperparameter("Dropout", "p", range, p, |p| (0.0..1.0).contains(&p))?;
        Ok(Self { p, seed, step: 0 })
    }

    /// The layer as it is after `step` steps of an optimizer.
    #[must_use]
    pub fn with_step(mut self, step: u64) -> Self {
        self.step = step;
        self
    }

    /// The probability with which an entry is dropped.
    pub fn p(&self) -> f64 {
        self.p
    }

    /// The seed of the masks.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Steps that an optimizer has made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Fills the mask of the rows from `first_row` on.
    ///
    /// Plainly, with `words` the 32-bit words of stream `2⁶³ + step` of the seed's generator and
    /// `C'` the number of columns, rounded up to an even number:
    ///
    /// ```text
    /// for every row n and column c:
    ///     u = words[(first_row + n) C' + c] / 2³²
    ///     M[n,c] = 0 if u < p, else 1/(1 − p)
    /// ```
    ///
    /// Here
    ///
    /// 1. Words are compared with `p 2³²`, rounded to a whole number, because that is exact and
    ///    needs no division. The probability is off by at most 2⁻³³.
    /// 2. The generator is placed once and then goes on, because the rows follow one another in the
    ///    stream.
    /// 3. The generator gives 64 bits at a time: two entries. So rows are rounded up to an even
    ///    number of words, and each begins with a fresh one.
    ///
    /// The streams begin at 2⁶³, where nothing else of a model draws: a mask is independent of
    /// weights that were drawn from the same seed.
    fn draw<F: Float>(&self, first_row: u64, mask: &mut ArrayViewMut2<'_, F>) {
        let threshold = (self.p * 2.0_f64.powi(32)).round() as u64; // 1
        let keep = F::of(1.0 / (1.0 - self.p));
        let factor = |word: u64| if word < threshold { F::zero() } else { keep };
        let stream = 1 << 63 | self.step;
        let words_a_row = mask.ncols().next_multiple_of(2) as u64; // 3
        let word = first_row.wrapping_mul(words_a_row);
        let mut rng = Rng::at(Position { seed: self.seed, stream, word }); // 2
        for mut row in mask.rows_mut() {
            for mut pair in row.axis_chunks_iter_mut(Axis(0), 2) {
                let words = rng.next_u64(); // 3
                for (m, word) in pair.iter_mut().zip([words & u64::from(u32::MAX), words >> 32]) {
                    *m = factor(word);
                }
            }
        }
    }
}

impl<F: Float> Tensors<F> for Dropout {}

impl<F: Float> Layer<F> for Dropout {
    type Cache = DropoutCache<F>;
    const NAME: &'static str = "Dropout";

    fn cache(&self, max_batch: usize, in_features: usize) -> Result<DropoutCache<F>, Error> {
        let mask = zeros("Dropout: mask", (max_batch, in_features))?;
        Ok(DropoutCache {
            mask,
            mode: Mode::Eval,
            pending: None,
            first_row: 0,
            n_counted: 0,
            rows: 0,
            counted: None,
        })
    }

    fn check_cache(
        &self,
        cache: &DropoutCache<F>,
        rows: usize,
        in_features: usize,
    ) -> Result<(), Error> {
        let (capacity, width) = cache.mask.dim();
        if width != in_features {
            let (expected, found) = ([rows, in_features], cache.mask.shape());
            return Err(Error::shape("Dropout: cache", &expected, found));
        }
        if rows > capacity {
            return Err(Error::BatchTooLarge { place: "Dropout".into(), capacity, found: rows });
        }
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        y.assign(x);
    }

    fn compute_training(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut DropoutCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        (cache.mode, cache.pending, cache.rows) = (mode, None, x.nrows());
        match mode {
            Mode::Train => {
                let mut mask = cache.mask.slice_axis_mut(Axis(0), Slice::from(..x.nrows()));
                self.draw(cache.first_row.wrapping_add(cache.n_counted), &mut mask);
                // A[n,c] = M[n,c] Z[n,c]
                Zip::from(y).and(x).and(&mask).for_each(|y, &x, &m| *y = product_or_zero(x, m));
                cache.pending = Some(self.step);
            }
            Mode::Eval => y.assign(x),
        }
        Ok(())
    }

    fn differentiate(
        &self,
        saved: Saved<'_, F, DropoutCache<F>>,
        dy: &ArrayRef2<F>,
        dx: Option<&mut ArrayRef2<F>>,
        _grads: &mut Self,
    ) {
        let Some(dx) = dx else { return };
        match saved.cache.mode {
            Mode::Train => {
                let mask = saved.cache.mask.slice_axis(Axis(0), Slice::from(..dy.nrows()));
                map2(&mask, dy, dx, |m, dy| product_or_zero(dy, m)); // dLdZ[n,c] = M[n,c] dLdA[n,c]
            }
            Mode::Eval => dx.assign(dy),
        }
    }

    fn intermediates(
        &self,
        seen: Seen<'_, F, DropoutCache<F>>,
        path: Path<'_>,
        show: &mut dyn FnMut(Path<'_>, ArrayD<F>),
    ) {
        if self.check_cache(seen.cache, seen.x.nrows(), seen.x.ncols()).is_err() {
            return;
        }
        let mask = match seen.cache.mode {
            Mode::Train => {
                seen.cache.mask.slice_axis(Axis(0), Slice::from(..seen.x.nrows())).to_owned()
            }
            Mode::Eval => Array2::ones(seen.x.dim()),
        };
        show(path.name("mask"), mask.into_dyn());
    }

    fn start_at(&self, cache: &mut DropoutCache<F>, first_row: u64) {
        (cache.first_row, cache.n_counted) = (first_row, 0);
    }

    /// The rows of the next part follow those of the parts that are counted one beside the other.
    fn count(&self, cache: &mut DropoutCache<F>, part: Part) {
        (cache.n_counted, cache.counted) = match part {
            Part::Whole => (0, cache.pending.take()),
            Part::Further => {
                let n_rows = cache.n_counted.wrapping_add(cache.rows as u64);
                (n_rows, cache.pending.take().or(cache.counted))
            }
        };
    }

    fn each_step(&self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, u64)) {
        visit(path.name("step"), self.step);
    }

    fn each_step_mut(&mut self, path: Path<'_>, visit: &mut dyn FnMut(Path<'_>, &mut u64)) {
        visit(path.name("step"), &mut self.step);
    }

    /// A frozen layer draws another mask in each step, too: it has nothing that is trained.
    fn settle(
        &mut self,
        cache: &mut DropoutCache<F>,
        _path: Path<'_>,
        _moves: &dyn Fn(Path<'_>) -> bool,
    ) {
        // Set and not counted up: the parts of a cut batch, each with a cache of its own, make one
        // step.
        cache.n_counted = 0;
        if let Some(step) = cache.pending.take().or(cache.counted.take()) {
            self.step = step.wrapping_add(1);
        }
    }
}
