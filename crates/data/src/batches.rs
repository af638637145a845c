//! The rows of a dataset in batches, in another order in each epoch.

use ndarray::{Array2, ArrayView2, Axis};
use tensor_core::{Float, Rng, gather_rows};

use crate::Error;
use crate::dataset::{Dataset, Target};

/// The rows of a [`Dataset`] in batches: each row once an epoch, in an order that is a function of
/// the seed and of the epoch, and of nothing else.
///
/// So epoch 7 is the same whether 6 epochs went before it or none, and a training that was
/// interrupted goes on with the batch that would have been next: [`start`](Self::start), then
/// [`skip`](Self::skip). The memory is made once; an epoch allocates nothing.
///
/// # Shapes
/// Batches of `batch_size` rows; the last one holds what is left, unless
/// [`drop_last`](Self::drop_last) leaves it out.
///
/// # Examples
/// ```
/// use data::{BatchTarget, Dataset, Target};
/// use ndarray::{Array2, array};
///
/// let x = array![[0.0], [1.0], [2.0], [3.0], [4.0]];
/// let dataset = Dataset::new(x.clone(), Target::Values(&x * 10.0))?;
/// let mut batches = dataset.batches(2, 7)?;
/// for epoch in 0..3 {
///     batches.start(epoch);
///     let (mut sizes, mut sum) = (vec![], 0.0);
///     while let Some(batch) = batches.next_batch() {
///         sizes.push(batch.n_rows());
///         sum += batch.features.sum(); // forward, backward and step stand here
///         let BatchTarget::Values(y) = batch.target else { unreachable!("no classes") };
///         assert_eq!(y, &batch.features * 10.0);
///     }
///     assert_eq!((sizes, sum), (vec![2, 2, 1], 10.0));
/// }
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug)]
pub struct Batches<'d, F> {
    dataset: &'d Dataset<F>,
    batch_size: usize,
    seed: Option<u64>,
    drop_last: bool,
    order: Vec<usize>,
    /// Rows of the epoch that have been handed out or skipped.
    done: usize,
    buffers: Buffers<F>,
}

/// Some rows of a [`Dataset`]: what [`Batches`] hands out.
///
/// # Shapes
/// Features `(N, C)`; `N` labels or values `(N, K)`; `N` weights.
///
/// # Examples
/// ```
/// use data::{Dataset, Target};
/// use ndarray::Array2;
///
/// let target = Target::classes(vec![1, 0], ["no", "yes"])?;
/// let dataset = Dataset::new(Array2::<f32>::zeros((2, 3)), target)?;
/// let batch = dataset.as_batch(); // all rows, without a copy
/// assert_eq!(batch.features.dim(), (2, 3));
/// assert_eq!((batch.n_rows(), batch.weights), (2, None));
/// # Ok::<(), data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch<'b, F> {
    /// The features, `(N, C)`.
    pub features: ArrayView2<'b, F>,
    /// What is to be predicted.
    pub target: BatchTarget<'b, F>,
    /// How much each row counts, if they do not count the same.
    pub weights: Option<&'b [F]>,
}

/// What is to be predicted of the rows of a [`Batch`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BatchTarget<'b, F> {
    /// The class of each row.
    Classes(&'b [usize]),
    /// Numbers, `(N, K)`.
    Values(ArrayView2<'b, F>),
}

impl<F> Batch<'_, F> {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.features.nrows()
    }
}

impl<F: Float> Dataset<F> {
    /// All rows as one batch, without a copy: for the loss over a whole set.
    pub fn as_batch(&self) -> Batch<'_, F> {
        Batch {
            features: self.features().view(),
            target: match self.target() {
                Target::Classes { labels, .. } => BatchTarget::Classes(labels),
                Target::Values(values) => BatchTarget::Values(values.view()),
            },
            weights: self.weights(),
        }
    }

    /// The rows in batches of `batch_size`, in an order that is a function of the seed and the
    /// epoch: [`Batches`].
    ///
    /// # Errors
    /// If `batch_size` is 0.
    pub fn batches(&self, batch_size: usize, seed: u64) -> Result<Batches<'_, F>, Error> {
        Batches::new(self, batch_size, seed)
    }
}

/// The streams of a seed from which orders are drawn: one for each epoch, beside those of weights,
/// which are small, and of masks, which begin at 2⁶³.
const STREAM: u64 = 1 << 62;

impl<'d, F: Float> Batches<'d, F> {
    /// # Errors
    /// If `batch_size` is 0.
    pub(crate) fn new(
        dataset: &'d Dataset<F>,
        batch_size: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        if batch_size == 0 {
            let (place, name, expected) = ("batches", "batch_size", "at least 1");
            return Err(Error::Choice { place, name, expected, found: 0.0 });
        }
        let batch_size = batch_size.min(dataset.n_rows());
        let buffers = Buffers::new(dataset, batch_size);
        let order = (0..dataset.n_rows()).collect();
        let seed = Some(seed);
        let mut batches =
            Self { dataset, batch_size, seed, drop_last: false, order, done: 0, buffers };
        batches.start(0);
        Ok(batches)
    }

    /// The same, without the last batch of an epoch if it is smaller than the others: for
    /// normalizations that need a number of rows, and for steps of equal noise.
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last && self.batch_size < self.dataset.n_rows();
        self
    }

    /// The same, in the order of the table in each epoch.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.seed = None;
        self.start(0);
        self
    }

    /// Begins an epoch, counted from 0, at its first batch. New batches stand at the beginning of
    /// epoch 0.
    pub fn start(&mut self, epoch: u64) {
        self.done = 0;
        self.order.iter_mut().enumerate().for_each(|(i, row)| *row = i);
        if let Some(seed) = self.seed {
            Rng::with_stream(seed, STREAM | epoch).shuffle(&mut self.order);
        }
    }

    /// Passes over batches of this epoch: those that an interrupted training has seen.
    pub fn skip(&mut self, n_batches: usize) {
        let rows = n_batches.saturating_mul(self.batch_size);
        self.done = self.done.saturating_add(rows).min(self.order.len());
    }

    /// Number of batches in an epoch.
    pub fn n_batches(&self) -> usize {
        self.n_rows().div_ceil(self.batch_size)
    }

    /// Number of rows that an epoch hands out.
    pub fn n_rows(&self) -> usize {
        let n = self.order.len();
        if self.drop_last { n - n % self.batch_size } else { n }
    }

    /// Rows of the largest batch: what to make a workspace for.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Rows of this epoch that have been handed out or skipped.
    pub fn n_done(&self) -> usize {
        self.done
    }

    /// The next batch; none at the end of the epoch.
    pub fn next_batch(&mut self) -> Option<Batch<'_, F>> {
        let end = (self.done + self.batch_size).min(self.n_rows());
        let rows = self.order.get(self.done..end).filter(|rows| !rows.is_empty())?;
        self.done = end;
        Some(read(self.dataset, rows, &mut self.buffers))
    }
}

/// Copies rows into the front of the buffers of a batch.
fn read<'b, F: Float>(
    dataset: &Dataset<F>,
    rows: &[usize],
    buffers: &'b mut Buffers<F>,
) -> Batch<'b, F> {
    let n = rows.len();
    let mut features = buffers.features.slice_axis_mut(Axis(0), (..n).into());
    let _ = gather_rows(dataset.features(), rows, &mut features); // fits: `Buffers::new`
    let target = match dataset.target() {
        Target::Classes { labels, .. } => {
            let to = &mut buffers.labels[..n];
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = labels[row]);
            BatchTarget::Classes(to)
        }
        Target::Values(values) => {
            let mut to = buffers.values.slice_axis_mut(Axis(0), (..n).into());
            let _ = gather_rows(values, rows, &mut to);
            BatchTarget::Values(first_rows(&buffers.values, n))
        }
    };
    let weights = dataset.weights().map(|weights| {
        let to = &mut buffers.weights[..n];
        to.iter_mut().zip(rows).for_each(|(to, &row)| *to = weights[row]);
        &*to
    });
    Batch { features: first_rows(&buffers.features, n), target, weights }
}

fn first_rows<F>(array: &Array2<F>, n: usize) -> ArrayView2<'_, F> {
    array.slice_axis(Axis(0), (..n).into())
}

/// Memory for the rows of a batch.
#[derive(Debug)]
struct Buffers<F> {
    features: Array2<F>,
    labels: Vec<usize>,
    values: Array2<F>,
    weights: Vec<F>,
}

impl<F: Float> Buffers<F> {
    /// For batches of up to `n` rows of the dataset.
    fn new(dataset: &Dataset<F>, n: usize) -> Self {
        let (n_labels, values) = match dataset.target() {
            Target::Classes { .. } => (n, (0, 0)),
            Target::Values(values) => (0, (n, values.ncols())),
        };
        let n_weights = if dataset.weights().is_some() { n } else { 0 };
        Self {
            features: Array2::zeros((n, dataset.n_features())),
            labels: vec![0; n_labels],
            values: Array2::zeros(values),
            weights: vec![F::zero(); n_weights],
        }
    }
}
