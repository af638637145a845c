//! Predictions for many rows: in blocks, on several threads.

use std::sync::Mutex;

use models::{Scratch, Sequential};
use ndarray::{Array2, ArrayRef2, ArrayViewMut2, Axis};
use tensor_core::{Error, Float, parallel};

/// Rows of a block: their activations stay in the processor's cache.
const BLOCK: usize = 256;

/// Multiply-adds that pay for handing rows to another thread.
const PART: usize = 1 << 18;

/// The model's outputs for all rows of `x`, in blocks of 256 rows, on the threads of the current
/// pool: with the same bits on any number of them.
///
/// [`Sequential::infer`] takes all rows at once, and memory for all their activations. Here rows
/// are read where they stand, and memory is made for a block a thread.
///
/// # Shapes
/// `x (N, C_in)` gives `(N, C_out)`.
///
/// # Errors
/// If `x` has no rows or another width than the model.
///
/// # Examples
/// ```
/// use models::Mlp;
/// use ndarray::Array2;
/// use training::predict;
///
/// let model = Mlp::<f32>::new(&[3, 8, 2]).seed(1).build()?;
/// let x = Array2::from_shape_fn((1000, 3), |(row, column)| (row + column) as f32);
/// assert_eq!(predict(&model, &x)?.dim(), (1000, 2));
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub fn predict<F: Float>(model: &Sequential<F>, x: &ArrayRef2<F>) -> Result<Array2<F>, Error> {
    let n_outputs = model.widths().last().copied().unwrap_or(0);
    let mut outputs = tensor_core::memory::zeros("predict: output", (x.nrows(), n_outputs))?;
    Predictor::new(model)?.predict_into(model, x, &mut outputs)?;
    Ok(outputs)
}

/// [`predict`] with memory that is kept: on one thread, calls after the first allocate nothing.
///
/// # Shapes
/// `x (N, C_in)`, outputs `(N, C_out)`.
///
/// # Examples
/// ```
/// use models::Mlp;
/// use ndarray::Array2;
/// use training::Predictor;
///
/// let model = Mlp::<f64>::new(&[3, 8, 2]).seed(1).build()?;
/// let mut predictor = Predictor::new(&model)?;
/// let mut outputs = Array2::zeros((500, 2));
/// for k in 0..3 {
///     predictor.predict_into(&model, &Array2::from_elem((500, 3), k as f64), &mut outputs)?;
///     assert_eq!(outputs.row(0), outputs.row(499));
/// }
/// # Ok::<(), tensor_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Predictor<F: Float> {
    /// One for each thread that has been used.
    scratches: Vec<Scratch<F>>,
}

impl<F: Float> Predictor<F> {
    /// Memory for the model and its clones.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(model: &Sequential<F>) -> Result<Self, Error> {
        Ok(Self { scratches: vec![model.scratch(BLOCK)?] })
    }

    /// Overwrites `outputs` with the model's outputs for the rows of `x`.
    ///
    /// # Shapes
    /// `x (N, C_in)`, `outputs (N, C_out)`.
    ///
    /// # Errors
    /// If `x` has no rows or another width than the model, `outputs` has another shape, or the
    /// memory was made for another model.
    pub fn predict_into(
        &mut self,
        model: &Sequential<F>,
        x: &ArrayRef2<F>,
        outputs: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        let n = x.nrows();
        if n == 0 {
            return Err(Error::empty("predict", "at least 1 row"));
        }
        if outputs.nrows() != n {
            let expected = [n, model.widths().last().copied().unwrap_or(0)];
            return Err(Error::shape("predict: output", &expected, outputs.shape()));
        }
        let n_blocks = n.div_ceil(BLOCK);
        let work = n.saturating_mul(model.n_parameters());
        let n_parts = parallel::parts(work, PART).min(n_blocks);
        while self.scratches.len() < n_parts {
            self.scratches.push(model.scratch(BLOCK)?);
        }
        // Whole blocks, so that the cut changes no bit.
        let rows = n_blocks.div_ceil(n_parts) * BLOCK;
        if let ([scratch, ..], 1) = (&mut self.scratches[..], n_parts) {
            return blocks(model, x, outputs.view_mut(), scratch);
        }
        let first_error = Mutex::new(None);
        let cut =
            x.axis_chunks_iter(Axis(0), rows).zip(outputs.axis_chunks_iter_mut(Axis(0), rows));
        parallel::for_each(cut.zip(&mut self.scratches), |((x, outputs), scratch)| {
            let result = blocks(model, &x, outputs, scratch);
            if let (Err(error), Ok(mut first)) = (result, first_error.lock()) {
                first.get_or_insert(error);
            }
        });
        first_error.into_inner().ok().flatten().map_or(Ok(()), Err)
    }
}

/// One block after the other.
fn blocks<F: Float>(
    model: &Sequential<F>,
    x: &ArrayRef2<F>,
    mut outputs: ArrayViewMut2<'_, F>,
    scratch: &mut Scratch<F>,
) -> Result<(), Error> {
    let outputs = outputs.axis_chunks_iter_mut(Axis(0), BLOCK);
    x.axis_chunks_iter(Axis(0), BLOCK)
        .zip(outputs)
        .try_for_each(|(x, mut outputs)| model.infer_into(&x, &mut outputs, scratch))
}
