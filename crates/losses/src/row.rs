//! What the losses on classes share: one loss a row, class weights, rows that are left out.
//!
//! `L = Σ_n ℓ_n / Σ_n count_n` for the mean, `Σ_n ℓ_n` for the sum, over the rows that are not ignored. A loss on classes
//! says what `ℓ_n` and `count_n` are; the pass over the rows, the reduction and the weights of rows stand here.

use ndarray::{ArrayRef1, ArrayRef2};
use tensor_core::functions::exponentials::Exponentials;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Sum;
use tensor_core::{Error, Float};

use crate::Reduction;
use crate::loss::{check_predictions, check_shape};

/// A loss whose samples are rows.
pub(crate) trait RowLoss<F: Float> {
    const NAME: &'static str;
    type Target<'a>: Copy;

    fn reduction(&self) -> Reduction;

    /// Whether the targets and the configuration fit `C` and `N`.
    fn check(&self, a: &ArrayRef2<F>, y: Self::Target<'_>) -> Result<(), Error>;

    /// What the row adds to the denominator of the mean; `None` if it is ignored.
    fn count(&self, y: Self::Target<'_>, row: usize) -> Option<f64>;

    /// `ℓ_n`, and `factor·dℓ_n/dA[n, :]` into `da`.
    fn row(
        &self,
        row: usize,
        a: &mut Exponentials<'_, F>,
        y: Self::Target<'_>,
        gradient: Option<(f64, &mut ArrayRef1<F>)>,
    ) -> f64;
}

fn check<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    check_predictions(L::NAME, a, weights, da)?;
    loss.check(a, y)
}

/// [`Loss::forward`](crate::Loss::forward), `backward` and `weighted` in one: without `da` only the loss is computed.
///
/// In `f64`, rounded once at the end.
pub(crate) fn pass<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> Result<F, Error> {
    check(loss, a, y, weights, da.as_deref())?;
    // A row that is ignored or weighs nothing is not looked at.
    let counts = (0..a.nrows()).filter(|n| weight(weights, *n) != 0.0);
    let parts = counts.filter_map(|n| Some(weight(weights, n) * loss.count(y, n)?));
    let all = parts.fold(Sum::<F>::default(), Sum::plus).value();
    let sum = vectorized(Pass { loss, a, y, weights, da, all });
    Ok(F::of(loss.reduction().share(sum, all)))
}

struct Pass<'a, 'y, F: Float, L: RowLoss<F>> {
    loss: &'a L,
    a: &'a ArrayRef2<F>,
    y: L::Target<'y>,
    weights: Option<&'a [F]>,
    da: Option<&'a mut ArrayRef2<F>>,
    /// What the mean is divided by.
    all: f64,
}

impl<F: Float, L: RowLoss<F>> Loop for Pass<'_, '_, F, L> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { loss, a, y, weights, mut da, all } = self;
        let (mut powers, mut sum) = (Exponentials::new(a), Sum::<F>::default());
        for n in 0..a.nrows() {
            let mut da = da.as_deref_mut().map(|da| da.row_mut(n));
            let weight = weight(weights, n);
            if weight == 0.0 || loss.count(y, n).is_none() {
                if let Some(da) = &mut da {
                    da.fill(F::zero());
                }
                continue;
            }
            let factor = loss.reduction().share(weight, all);
            let gradient = da.as_deref_mut().map(|da| (factor, da));
            sum = sum.plus(weight * loss.row(n, &mut powers, y, gradient));
        }
        sum.value()
    }
}

/// What a row counts.
#[inline(always)]
fn weight<F: Float>(weights: Option<&[F]>, row: usize) -> f64 {
    weights.map_or(1.0, |w| w[row].as_f64())
}

/// [`EachLoss::forward_each`](crate::EachLoss::forward_each): 0 for an ignored row, as in PyTorch.
pub(crate) fn forward_each<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    each: &mut ArrayRef1<F>,
) -> Result<(), Error> {
    check(loss, a, y, None, None)?;
    check_shape(L::NAME, "losses of the samples", &[a.nrows()], each.shape())?;
    let mut powers = Exponentials::new(a);
    for (n, each) in each.iter_mut().enumerate() {
        let loss = loss.count(y, n).map_or(0.0, |_| loss.row(n, &mut powers, y, None));
        *each = F::of(loss);
    }
    Ok(())
}

/// [`EachLoss::backward_each`](crate::EachLoss::backward_each).
pub(crate) fn backward_each<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    d_each: &ArrayRef1<F>,
    da: &mut ArrayRef2<F>,
) -> Result<(), Error> {
    check(loss, a, y, None, Some(da))?;
    check_shape(L::NAME, "gradient of the samples", &[a.nrows()], d_each.shape())?;
    let mut powers = Exponentials::new(a);
    for (n, mut da) in da.rows_mut().into_iter().enumerate() {
        if loss.count(y, n).is_some() {
            loss.row(n, &mut powers, y, Some((d_each[n].as_f64(), &mut da)));
        } else {
            da.fill(F::zero());
        }
    }
    Ok(())
}

/// One label a row, each a class or ignored.
pub(crate) fn check_labels<F: Float>(
    place: &'static str,
    a: &ArrayRef2<F>,
    labels: &[usize],
    ignore_index: Option<usize>,
) -> Result<(), Error> {
    check_shape(place, "labels", &[a.nrows()], &[labels.len()])?;
    let n_classes = a.ncols();
    match labels.iter().position(|&label| label >= n_classes && Some(label) != ignore_index) {
        Some(row) => Err(Error::Label { place: place.into(), row, n_classes, found: labels[row] }),
        None => Ok(()),
    }
}

/// One weight a class, if there are any.
pub(crate) fn check_class_weights<F: Float>(
    place: &'static str,
    a: &ArrayRef2<F>,
    weight: Option<&[f64]>,
) -> Result<(), Error> {
    weight.map_or(Ok(()), |w| check_shape(place, "weight", &[a.ncols()], &[w.len()]))
}

/// The weight of a class; 1 if there are none.
pub(crate) fn class_weight(weight: Option<&[f64]>, class: usize) -> f64 {
    weight.map_or(1.0, |w| w[class])
}
