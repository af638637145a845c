//! `A = M ⊙ Z` in training, where each entry of the mask `M` is 0 with probability `p` and `1/(1 − p)` otherwise; `A = Z` in
//! evaluation.
//!
//! | | shape | |
//! |---|---|---|
//! | `Z`, `A` | `(N, C)` | input and output |
//! | `M` | `(N, C)` | the mask, whose mean is 1: so evaluation needs no factor |
//! | `dLdZ = M ⊙ dLdA` | `(N, C)` | in training |
//! | `dLdZ = dLdA` | `(N, C)` | in evaluation |
//!
//! (Srivastava et al., JMLR 15, 2014, <https://jmlr.org/papers/v15/srivastava14a.html>, section 4; scaled in training instead
//! of evaluation, their section 10.)
//!
//! The mask is a function of the seed, the optimizer's step, the row and the column, and of nothing else: the word
//! `row·C + column` (`C` rounded up to an even number) of stream `2⁶³ + step` of the seed's generator, compared with `p·2³²`. So
//!
//! | if | then |
//! |---|---|
//! | forward runs again in the same step | the mask is the same: forward is pure, and gradients can be checked |
//! | an optimizer steps | the next mask is another: [`settle`](Layer::settle) has counted the step |
//! | a batch is cut in two, for two threads or to save memory | the masks are those of the whole, if the second part says [where it starts](Layer::start_at) |
//! | training resumes at step `t` | [`with_step`](Dropout::with_step)`(t)` goes on with the masks of an uninterrupted run |
//!
//! ```
//! use layers::{Dropout, Layer, Mode};
//! use ndarray::{Array2, array};
//!
//! let dropout = Dropout::new(0.5, 7)?;
//! let (z, mut a) = (Array2::ones((1, 100)), Array2::<f64>::zeros((1, 100)));
//! let mut cache = dropout.cache(1, 100);
//! dropout.forward(&z, &mut a, &mut cache, Mode::Train)?;
//! assert!(a.iter().all(|&a| a == 0.0 || a == 2.0));
//! dropout.forward(&z, &mut a, &mut cache, Mode::Eval)?;
//! assert_eq!(a, z);
//! # Ok::<(), tensor_core::Error>(())
//! ```

use ndarray::{Array2, ArrayD, ArrayRef2, ArrayViewMut2, Axis, Slice, Zip};
use tensor_core::elementwise::map2;
use tensor_core::random::Position;
use tensor_core::{Error, Float, Path, Rng};

use crate::{Layer, Mode, Saved, Seen, Tensors, Training};

/// Dropout, PyTorch's `nn.Dropout`.
///
/// No parameters and, as in PyTorch, no saved tensors. What a resumed run needs beside the configuration is the
/// [`step`](Self::step). Two layers of one model want two seeds: with the same one they drop the same places.
///
/// The entry is multiplied by the mask, so that NaN stays NaN where it is dropped, and an infinity becomes NaN, as in PyTorch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    p: f64,
    seed: u64,
    step: u64,
}

/// What a [`Dropout`] keeps of a forward pass: the mask, and whether its step is still to be counted.
#[derive(Debug, Clone)]
pub struct DropoutCache<F> {
    /// `M (max_batch, C)`, in the rows of the last training batch.
    mask: Array2<F>,
    mode: Mode,
    /// The step whose mask an optimizer has not followed yet.
    pending: Option<u64>,
    /// Row of the step's whole batch at which the passes begin.
    first_row: u64,
}

impl Dropout {
    /// A layer that drops each entry with probability `p`.
    ///
    /// # Errors
    /// If `p` does not lie in `[0, 1)`. (At 1, which PyTorch takes, nothing is left to learn from.)
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
    fn draw<F: Float>(&self, first_row: u64, mask: &mut ArrayViewMut2<'_, F>) {
        // The nearest multiple of 2⁻³² to p: the chance is off by at most 2⁻³³.
        let threshold = (self.p * 2.0_f64.powi(32)).round() as u64;
        let keep = F::of(1.0 / (1.0 - self.p));
        let factor = |word: u64| if word < threshold { F::zero() } else { keep };
        // Streams from 2⁶³ on, where no other part of a model draws: a mask shares nothing with weights of the same seed.
        let stream = 1 << 63 | self.step;
        let words_a_row = mask.ncols().next_multiple_of(2) as u64;
        let word = first_row.wrapping_mul(words_a_row);
        // Rows follow one another in the stream, so that the generator is placed once and not once a row.
        let mut rng = Rng::at(Position { seed: self.seed, stream, word });
        for mut row in mask.rows_mut() {
            for mut pair in row.axis_chunks_iter_mut(Axis(0), 2) {
                let words = rng.next_u64();
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

    fn cache(&self, max_batch: usize, in_features: usize) -> DropoutCache<F> {
        let mask = Array2::zeros((max_batch, in_features));
        DropoutCache { mask, mode: Mode::Eval, pending: None, first_row: 0 }
    }

    fn infer(&self, x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
        y.assign(x);
    }

    fn forward(
        &self,
        x: &ArrayRef2<F>,
        y: &mut ArrayRef2<F>,
        cache: &mut DropoutCache<F>,
        mode: Mode,
    ) -> Result<(), Error> {
        (cache.mode, cache.pending) = (mode, None);
        match mode {
            Mode::Train => {
                let mut mask = cache.mask.slice_axis_mut(Axis(0), Slice::from(..x.nrows()));
                self.draw(cache.first_row, &mut mask);
                Zip::from(y).and(x).and(&mask).for_each(|y, &x, &m| *y = m * x);
                cache.pending = Some(self.step);
            }
            Mode::Eval => y.assign(x),
        }
        Ok(())
    }

    fn backward(
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
                map2(&mask, dy, dx, |m, dy| m * dy); // dLdZ = M ⊙ dLdA
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
        let mask = match seen.cache.mode {
            Mode::Train => {
                seen.cache.mask.slice_axis(Axis(0), Slice::from(..seen.x.nrows())).to_owned()
            }
            Mode::Eval => Array2::ones(seen.x.dim()),
        };
        show(path.name("mask"), mask.into_dyn());
    }

    fn start_at(&self, cache: &mut DropoutCache<F>, first_row: u64) {
        cache.first_row = first_row;
    }

    /// A frozen layer draws another mask in each step, too: it has nothing that is trained.
    fn settle(&mut self, cache: &mut DropoutCache<F>, _training: Training) {
        // Set and not counted up: the parts of a cut batch, each with a cache of its own, make one step.
        if let Some(step) = cache.pending.take() {
            self.step = step.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use tensor_core::Rng;

    use super::{Dropout, DropoutCache, Position};
    use crate::{Layer, Mode, Saved, Training};

    fn train(dropout: &Dropout, cache: &mut DropoutCache<f64>, x: &Array2<f64>) -> Array2<f64> {
        let mut y = Array2::from_elem(x.dim(), f64::NAN);
        dropout.forward(x, &mut y, cache, Mode::Train).unwrap();
        y
    }

    // Plainly: word number row·4 + column of stream 2⁶³ + step, for three columns rounded up to four.
    #[test]
    fn the_mask_is_a_function_of_seed_step_row_and_column() {
        let mut stream = Rng::with_stream(7, (1 << 63) + 2);
        let words: Vec<u32> =
            (0..10).map(|_| stream.next_u64()).flat_map(|w| [w as u32, (w >> 32) as u32]).collect();
        let expected = Array2::from_shape_fn((5, 3), |(n, c)| {
            if f64::from(words[n * 4 + c]) < 0.25 * 4_294_967_296.0 { 0.0 } else { 1.0 / 0.75 }
        });
        assert!(expected.iter().any(|&m| m == 0.0) && expected.iter().any(|&m| m > 0.0));
        let dropout = Dropout::new(0.25, 7).unwrap().with_step(2);
        let x = Array2::ones((5, 3));
        assert_eq!(train(&dropout, &mut dropout.cache(5, 3), &x), expected);
    }

    // Weights of the same seed are drawn from stream 0: a mask from there would not be independent of them.
    #[test]
    fn no_step_draws_from_the_stream_of_the_weights() {
        let mut weights = Rng::new(7);
        let words: Vec<u32> = (0..32)
            .map(|_| weights.next_u64())
            .flat_map(|w| [w as u32, (w >> 32) as u32])
            .collect();
        let x = Array2::ones((1, 64));
        let dropped: Vec<bool> = words.iter().map(|w| *w < 1 << 31).collect();
        for step in [0, 1 << 63] {
            let dropout = Dropout::new(0.5, 7).unwrap().with_step(step);
            let mask = train(&dropout, &mut dropout.cache(1, 64), &x);
            assert!(mask.iter().map(|m| *m == 0.0).ne(dropped.iter().copied()), "step {step}");
        }
    }

    #[test]
    fn backward_applies_the_mask_of_forward() {
        let dropout = Dropout::new(0.5, 1).unwrap();
        let (x, dy) = (
            Array2::ones((3, 50)),
            Array2::from_shape_fn((3, 50), |(n, c)| (n * 50 + c + 1) as f64),
        );
        let mut cache = dropout.cache(4, 50);
        let mask = train(&dropout, &mut cache, &x);
        let mut dx = Array2::from_elem(x.dim(), f64::NAN);
        let saved = Saved { x: &x, y: &mask, cache: &mut cache };
        dropout.backward(saved, &dy, Some(&mut dx), &mut dropout.clone());
        assert_eq!(dx, &mask * &dy);
        assert!((40..110).contains(&mask.iter().filter(|&&m| m == 0.0).count()));

        // After evaluation the identity, whatever the mask before it.
        let mut y = Array2::zeros(x.dim());
        dropout.forward(&x, &mut y, &mut cache, Mode::Eval).unwrap();
        let saved = Saved { x: &x, y: &y, cache: &mut cache };
        dropout.backward(saved, &dy, Some(&mut dx), &mut dropout.clone());
        assert_eq!((y, dx), (x, dy));
    }

    #[test]
    fn only_a_settled_training_pass_changes_the_mask() {
        let mut dropout = Dropout::new(0.5, 3).unwrap();
        let x = Array2::ones((2, 64));
        let mut cache = dropout.cache(2, 64);
        let first = train(&dropout, &mut cache, &x);
        assert_eq!(train(&dropout, &mut cache, &x), first);
        Layer::<f64>::settle(&mut dropout, &mut cache, Training::Active);
        Layer::<f64>::settle(&mut dropout, &mut cache, Training::Active);
        assert_eq!(dropout.step(), 1, "settled twice after one pass");
        let second = train(&dropout, &mut cache, &x);
        assert_ne!(second, first);
        dropout.forward(&x, &mut Array2::zeros((2, 64)), &mut cache, Mode::Eval).unwrap();
        dropout.settle(&mut cache, Training::Active);
        assert_eq!(dropout.step(), 1, "evaluation leaves nothing to settle");
        let resumed = Dropout::new(0.5, 3).unwrap().with_step(1);
        assert_eq!(train(&resumed, &mut cache, &x), second);
        let other = Dropout::new(0.5, 4).unwrap();
        assert_ne!(train(&other, &mut cache, &x), first);
    }

    #[test]
    fn a_cut_batch_has_the_masks_of_the_whole() {
        for (n, c) in [(8, 1), (8, 3), (7, 16), (9, 65)] {
            let mut dropout = Dropout::new(0.3, 5).unwrap();
            let x = Array2::ones((n, c));
            let whole = train(&dropout, &mut dropout.cache(n, c), &x);
            for cut in 1..n {
                let parts = [0..cut, cut..n].map(|rows| {
                    let mut cache = dropout.cache(n, c);
                    dropout.start_at(&mut cache, rows.start as u64);
                    let part = train(&dropout, &mut cache, &Array2::ones((rows.len(), c)));
                    (part, cache)
                });
                let [(top, mut first), (bottom, mut second)] = parts;
                let joined = ndarray::concatenate![ndarray::Axis(0), top, bottom];
                assert_eq!(joined, whole, "({n}, {c}) cut at {cut}");
                let before = dropout.step();
                dropout.settle(&mut first, Training::Active);
                dropout.settle(&mut second, Training::Active);
                assert_eq!(dropout.step(), before + 1, "two parts are one step");
                dropout = dropout.with_step(0);
            }
        }
    }

    #[test]
    fn probabilities_are_checked_when_built() {
        for p in [-0.1, 1.0, 1.5, f64::NAN] {
            let message =
                format!("Dropout: expected p to be a number from 0 to below 1, found {p}");
            assert_eq!(Dropout::new(p, 0).unwrap_err().to_string(), message);
        }
        let dropout = Dropout::new(0.0, 0).unwrap();
        let x = array![[1.0, -0.0, f64::MIN_POSITIVE / 2.0, 1e300]];
        assert_eq!(train(&dropout, &mut dropout.cache(1, 4), &x), x);
    }

    // The first word of row 5 997 734 is the first one of seed 1 that is 0: 0 is not below 2³²·p = 0.
    #[test]
    fn without_a_probability_nothing_is_dropped() {
        let row = 5_997_734;
        let word = Rng::at(Position { seed: 1, stream: 1 << 63, word: 2 * row }).next_u64() as u32;
        assert_eq!(word, 0, "the case is not met");
        let dropout = Dropout::new(0.0, 1).unwrap();
        let mut cache = dropout.cache(1, 1);
        dropout.start_at(&mut cache, row);
        assert_eq!(train(&dropout, &mut cache, &array![[3.0]]), array![[3.0]]);
    }

    #[test]
    fn inference_is_the_identity() {
        let x = array![[1.0, -2.0], [0.5, 3.0]];
        let mut y = Array2::from_elem((2, 2), f64::NAN);
        Dropout::new(0.5, 1).unwrap().infer(&x, &mut y);
        assert_eq!(y, x);
    }

    // Of n entries n·p are dropped, with a standard deviation of √(n·p·(1 − p)): five of them.
    #[test]
    fn the_share_of_dropped_entries_is_p() {
        let n = 200_000.0_f64;
        for p in [0.001, 0.1, 0.5, 0.9, 0.999] {
            let dropout = Dropout::new(p, 11).unwrap();
            let x = Array2::ones((1000, 200));
            let mask = train(&dropout, &mut dropout.cache(1000, 200), &x);
            let dropped = mask.iter().filter(|&&m| m == 0.0).count() as f64;
            assert!(
                (dropped - n * p).abs() < 5.0 * (n * p * (1.0 - p)).sqrt(),
                "p = {p}: {dropped}"
            );
            let kept = mask.iter().find(|&&m| m != 0.0).copied();
            assert_eq!(kept, Some(1.0 / (1.0 - p)));
        }
    }
}
