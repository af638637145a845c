//! The pass over the rows of an element loss.

use std::array::from_fn;

use ndarray::{ArrayRef1, ArrayRef2};
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::rows::{LANES, Values};
use tensor_core::sums::{Lanes, Sum, sum_by};
use tensor_core::{Error, Float};

use super::{ElementLoss, check};

/// The one pass over the rows that forward and backward share; without `da` only the loss is computed.
pub(super) fn pass<F: Float, L: ElementLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> Result<F, Error> {
    check(loss, a, y, weights, da.as_deref())?;
    Ok(F::of(unrounded(loss, a, y, weights, da)))
}

/// The same in `f64`, for shapes that were checked.
pub(crate) fn unrounded<F: Float, L: ElementLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> f64 {
    let mean = match weights {
        Some(weights) => sum_by(weights.len(), &|n| weights[n].as_f64()),
        None => a.nrows() as f64,
    };
    let all = mean * a.ncols() as f64;
    let sum = vectorized(Pass { loss, a, y, weights, da, all });
    loss.reduction().share(sum, all)
}

struct Pass<'a, F, L> {
    loss: &'a L,
    a: &'a ArrayRef2<F>,
    y: &'a ArrayRef2<F>,
    weights: Option<&'a [F]>,
    da: Option<&'a mut ArrayRef2<F>>,
    /// `N·C`, or the sum of the weights in the place of `N`.
    all: f64,
}

impl<F: Float, L: ElementLoss> Loop for Pass<'_, F, L> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { loss, a, y, weights, mut da, all } = self;
        let mut sum = Sum::<F>::default();
        for (n, (a, y)) in a.rows().into_iter().zip(y.rows()).enumerate() {
            let weight = weights.map_or(1.0, |w| w[n].as_f64());
            let mut da = da.as_deref_mut().map(|da| da.row_mut(n));
            if weight == 0.0 {
                if let Some(da) = &mut da {
                    da.fill(F::zero());
                }
                continue;
            }
            let share = loss.reduction().share(weight, all); // 1/(N·C) for the plain mean
            let part = match (a.to_slice().zip(y.to_slice()), &mut da) {
                (Some((a, y)), None) => losses::<F, L, _>(loss, a, y),
                (_, None) => losses::<F, L, _>(loss, a, y),
                (slices, Some(da)) => match (slices, da.as_slice_mut()) {
                    (Some((a, y)), Some(da)) => both(loss, share, a, y, da),
                    _ => {
                        gradients(loss, share, a, y, da);
                        losses::<F, L, _>(loss, a, y)
                    }
                },
            };
            sum = sum.plus(weight * part);
        }
        sum.value()
    }
}

/// The number of a column.
#[inline(always)]
pub(super) fn weight<L: ElementLoss>(loss: &L, column: usize) -> f64 {
    loss.weights().map_or(1.0, |w| w[column])
}

/// The sum of the losses of a row, in lanes as [`rows::sums`](tensor_core::sums::rows::sums) has them.
#[inline(always)]
fn losses<'a, F: Float, L: ElementLoss, V: Values<'a, F>>(loss: &L, a: V, y: V) -> f64 {
    let full = a.count() / LANES * LANES;
    let mut lanes = Lanes::<F, LANES>::default();
    for start in (0..full).step_by(LANES) {
        let (a, y) = (a.lanes(start), y.lanes(start));
        let w: [f64; LANES] =
            loss.weights().map_or([1.0; LANES], |w| from_fn(|lane| w[start + lane]));
        for lane in 0..LANES {
            lanes.add(lane, loss.loss::<F>(a[lane].as_f64(), y[lane].as_f64(), w[lane]));
        }
    }
    let term = |c| loss.loss::<F>(a.at(c).as_f64(), y.at(c).as_f64(), weight(loss, c));
    (full..a.count()).fold(lanes.total(), |sum, c| sum.plus(term(c))).value()
}

/// The sum of the losses of a row, and `da ← share·dℓ/da`: what both formulas need is computed once.
#[inline(always)]
fn both<F: Float, L: ElementLoss>(loss: &L, share: f64, a: &[F], y: &[F], da: &mut [F]) -> f64 {
    let full = a.len() / LANES * LANES;
    let mut lanes = Lanes::<F, LANES>::default();
    for start in (0..full).step_by(LANES) {
        let (a, y): ([F; LANES], [F; LANES]) = (a.lanes(start), y.lanes(start));
        let w: [f64; LANES] =
            loss.weights().map_or([1.0; LANES], |w| from_fn(|lane| w[start + lane]));
        let da = &mut da[start..start + LANES];
        for lane in 0..LANES {
            let (a, y) = (a[lane].as_f64(), y[lane].as_f64());
            lanes.add(lane, loss.loss::<F>(a, y, w[lane]));
            da[lane] = F::of(share * loss.derivative::<F>(a, y, w[lane]));
        }
    }
    let mut sum = lanes.total();
    for c in full..a.len() {
        let (a, y, w) = (a[c].as_f64(), y[c].as_f64(), weight(loss, c));
        sum = sum.plus(loss.loss::<F>(a, y, w));
        da[c] = F::of(share * loss.derivative::<F>(a, y, w));
    }
    sum.value()
}

/// `da ← share·dℓ/da` for a row.
#[inline(always)]
fn gradients<'a, F: Float, L: ElementLoss, V: Values<'a, F>>(
    loss: &L,
    share: f64,
    a: V,
    y: V,
    da: &mut ArrayRef1<F>,
) {
    let values = a.values().zip(y.values());
    match (da.as_slice_mut(), loss.weights()) {
        (Some(da), None) => {
            for (da, (a, y)) in da.iter_mut().zip(values) {
                *da = F::of(share * loss.derivative::<F>(a.as_f64(), y.as_f64(), 1.0));
            }
        }
        (Some(da), Some(w)) => {
            for ((da, (a, y)), &w) in da.iter_mut().zip(values).zip(w) {
                *da = F::of(share * loss.derivative::<F>(a.as_f64(), y.as_f64(), w));
            }
        }
        _ => {
            for (c, (da, (a, y))) in da.iter_mut().zip(values).enumerate() {
                let w = weight(loss, c);
                *da = F::of(share * loss.derivative::<F>(a.as_f64(), y.as_f64(), w));
            }
        }
    }
}
