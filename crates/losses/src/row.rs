//! What the losses on classes share: one loss a row, class weights, rows that are left out.
//!
//! `L = Σ_n ℓ_n / Σ_n count_n` for the mean, `Σ_n ℓ_n` for the sum, over the rows that are not ignored. A loss on classes
//! says what `ℓ_n` and `count_n` are; the pass over the rows, the reduction and the weights of rows stand here.

use ndarray::{ArrayRef1, ArrayRef2};
use tensor_core::reduce::Compensated;
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
    fn count(&self, y: Self::Target<'_>, row: usize) -> Option<F>;

    /// `ℓ_n`, and `factor·dℓ_n/dA[n, :]` into `da`.
    fn row(
        &self,
        row: usize,
        a: &ArrayRef1<F>,
        y: Self::Target<'_>,
        gradient: Option<(F, &mut ArrayRef1<F>)>,
    ) -> F;
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
pub(crate) fn pass<F: Float, L: RowLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    weights: Option<&[F]>,
    mut da: Option<&mut ArrayRef2<F>>,
) -> Result<F, Error> {
    check(loss, a, y, weights, da.as_deref())?;
    let weight = |n: usize| weights.map_or(F::one(), |w| w[n]);
    // A row that is ignored or weighs nothing is not looked at.
    let count = |n: usize| loss.count(y, n).filter(|_| weight(n) != F::zero());
    let mut all = Compensated::default();
    (0..a.nrows()).filter_map(|n| Some(weight(n) * count(n)?)).for_each(|part| all.add(part));
    let all = all.sum();
    let mut sum = Compensated::default();
    for (n, a) in a.rows().into_iter().enumerate() {
        let mut da = da.as_deref_mut().map(|da| da.row_mut(n));
        if count(n).is_none() {
            if let Some(da) = &mut da {
                da.fill(F::zero());
            }
            continue;
        }
        let factor = loss.reduction().share(weight(n), all);
        sum.add(weight(n) * loss.row(n, &a, y, da.as_deref_mut().map(|da| (factor, da))));
    }
    Ok(loss.reduction().share(sum.sum(), all))
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
    for ((n, a), each) in a.rows().into_iter().enumerate().zip(each) {
        *each = loss.count(y, n).map_or(F::zero(), |_| loss.row(n, &a, y, None));
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
    for (n, (a, mut da)) in a.rows().into_iter().zip(da.rows_mut()).enumerate() {
        if loss.count(y, n).is_some() {
            loss.row(n, &a, y, Some((d_each[n], &mut da)));
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
pub(crate) fn class_weight<F: Float>(weight: Option<&[f64]>, class: usize) -> F {
    weight.map_or(F::one(), |w| F::of(w[class]))
}
