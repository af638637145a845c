//! The pass over the rows of a loss on arrays, and the traits that follow from it.
//!
//! Plainly, for the mean:
//!
//! ```text
//! sum ← 0
//! for n in 0..N
//!     for c in 0..C
//!         sum      ← sum + ℓ(A[n, c], Y[n, c], k[c])
//!         dA[n, c] ← ℓ'(A[n, c], Y[n, c], k[c])/(N·C)
//! L ← sum/(N·C)
//! ```
//!
//! The code departs from this, each time for a reason:
//!
//! 1. All of it runs inside [`vectorized`], compiled for the processor at hand. Hence
//!    `#[inline(always)]`: a function that is called and not inlined would be compiled for the
//!    oldest processor.
//! 2. Elements are widened to `f64` and results rounded once, so that an `f32` loses nothing on the
//!    way.
//! 3. Sixteen elements are taken at a time, and each of the sixteen places has a sum of its own:
//!    sixteen additions that need not wait for each other fill vector registers. The order of
//!    additions depends on `C` alone, so that any layout gives the same bits.
//! 4. Where rows lie contiguously in memory, loss and derivative are computed in one loop: what
//!    both formulas need, an exponential say, the compiler computes once. Otherwise the gradient
//!    has a loop of its own, which follows the strides.
//! 5. With sample weights, `s_n` multiplies the sum of row `n`, `s_n/(C Σ_m s_m)` its derivatives;
//!    a row of weight 0 is not looked at, for it may hold NaN.
//! 6. Where the sum or the weights show that `f64` had no room, all of it is done once more in wide
//!    numbers: `element_wide.rs`.

use std::array::from_fn;

use ndarray::{ArrayRef1, ArrayRef2, Ix2, Zip};
use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::rows::{LANES, Values};
use tensor_core::sums::{Lanes, Sum, sum_by};
use tensor_core::{Error, Float, Wide};

use crate::check::{check_predictions, check_shape, check_values};
use crate::element::ColumnLoss;
use crate::element_wide::{coefficient, derivative, gradients as wide_gradients, loss, pass_again};
use crate::loss::{EachLoss, Loss, SampleWeightedLoss};
use crate::range::{are_safe, is_safe, may_lose_digits};
use crate::reduction::Reduction;

impl<F: Float, L: ColumnLoss> Loss<F> for L {
    type Target<'a> = &'a ArrayRef2<F>;

    fn forward(&self, a: &ArrayRef2<F>, y: &ArrayRef2<F>) -> Result<F, Error> {
        pass(self, a, y, None, None)
    }

    fn backward(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<F, Error> {
        pass(self, a, y, None, Some(da))
    }
}

impl<F: Float, L: ColumnLoss> SampleWeightedLoss<F> for L {
    fn sample_weighted(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: &[F],
        da: Option<&mut ArrayRef2<F>>,
    ) -> Result<F, Error> {
        pass(self, a, y, Some(sample_weights), da)
    }
}

impl<F: Float, L: ColumnLoss> EachLoss<F> for L {
    type Samples = Ix2;

    fn forward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        each: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        check(self, a, y, None, None)?;
        check_shape(L::NAME, "losses of the samples", a.shape(), each.shape())?;
        Zip::indexed(each).and(a).and(y).for_each(|(_, c), each, a, y| {
            // each[n, c] = ℓ(A[n, c], Y[n, c], k[c])
            let k = coefficient(self, c);
            *each = F::of(loss::<F, L>(self, a.as_f64(), y.as_f64(), k));
        });
        Ok(())
    }

    fn backward_each(
        &self,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        d_each: &ArrayRef2<F>,
        da: &mut ArrayRef2<F>,
    ) -> Result<(), Error> {
        check(self, a, y, None, Some(da))?;
        check_shape(L::NAME, "gradient of the samples", a.shape(), d_each.shape())?;
        Zip::indexed(da).and(a).and(y).and(d_each).for_each(|(_, c), da, a, y, d| {
            // dLdA[n, c] = d_each[n, c] ℓ'(A[n, c], Y[n, c], k[c])
            let k = coefficient(self, c);
            *da = F::of(derivative::<F, L>(self, a.as_f64(), y.as_f64(), k, d.as_f64()));
        });
        Ok(())
    }
}

/// `Ok` if shapes, sample weights, coefficients and what else the loss asks for are right.
pub(crate) fn check<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    check_predictions(L::NAME, a, sample_weights, da)?;
    check_shape(L::NAME, "target", a.shape(), y.shape())?;
    if let Some(k) = loss.coefficients() {
        check_shape(L::NAME, L::COEFFICIENTS, &[a.ncols()], &[k.len()])?;
    }
    check_values(L::NAME, "predictions", loss.predictions(), a, sample_weights)?;
    check_values(L::NAME, "target", loss.targets(), y, sample_weights)
}

/// Checks, then `L`, and `dLdA` into `da` if there is one.
fn pass<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> Result<F, Error> {
    check(loss, a, y, sample_weights, da.as_deref())?;
    Ok(F::of(unrounded(loss, a, y, sample_weights, da)))
}

/// `L` in `f64`, for shapes that were checked; `dLdA` into `da` if there is one.
fn unrounded<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    mut da: Option<&mut ArrayRef2<F>>,
) -> f64 {
    let (sum, total) = sum_and_total(loss, a, y, sample_weights, da.as_deref_mut());
    let (reduction, k) = (loss.reduction(), loss.coefficients());
    if !(is_safe(sum, sample_weights) && are_safe(k)) {
        return pass_again(loss, a, y, sample_weights, da); // Departure 6.
    }
    let is_doubtful =
        || loss.is_steep() && !F::NARROW || may_lose_digits(reduction, total, sample_weights, k);
    if let Some(da) = da.filter(|_| is_doubtful()) {
        let denominator = Wide::from(if reduction == Reduction::Mean { total } else { 1.0 });
        wide_gradients(loss, a, y, sample_weights, denominator, da); // Departure 6.
    }
    reduction.reduce(sum, total) // L = sum/(N·C)
}

/// `Σ_n s_n Σ_c ℓ(A[n, c], Y[n, c], k[c])` and `N·C` or what takes its place, in plain arithmetic;
/// `dLdA` into `da` if there is one.
pub(crate) fn sum_and_total<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> (f64, f64) {
    // N, or Σ_n s_n
    let n_rows = match sample_weights {
        Some(weights) => sum_by(weights.len(), &|n| weights[n].as_f64()),
        None => a.nrows() as f64,
    };
    let total = n_rows * loss.samples_in_row(a.ncols()) as f64;
    // Departure 1.
    (vectorized(Pass { loss, a, y, sample_weights, da, total }), total)
}

struct Pass<'a, F, L> {
    loss: &'a L,
    a: &'a ArrayRef2<F>,
    y: &'a ArrayRef2<F>,
    sample_weights: Option<&'a [F]>,
    da: Option<&'a mut ArrayRef2<F>>,
    /// `N·C`; with sample weights, `C Σ_n s_n`.
    total: f64,
}

impl<F: Float, L: ColumnLoss> Loop for Pass<'_, F, L> {
    type Output = f64;

    /// `Σ_n s_n Σ_c ℓ(A[n, c], Y[n, c], k[c])`
    #[inline(always)]
    fn run(self) -> f64 {
        let Self { loss, a, y, sample_weights, mut da, total } = self;
        let mut sum = Sum::<F>::default();
        for (n, (a, y)) in a.rows().into_iter().zip(y.rows()).enumerate() {
            let weight = sample_weights.map_or(1.0, |w| w[n].as_f64());
            let mut da = da.as_deref_mut().map(|da| da.row_mut(n));
            // Departure 5.
            if weight == 0.0 {
                if let Some(da) = &mut da {
                    da.fill(F::zero());
                }
                continue;
            }
            let scale = loss.reduction().reduce(weight, total); // 1/(N·C) for the plain mean
            // Departure 4.
            let row_sum = match (a.to_slice().zip(y.to_slice()), &mut da) {
                (Some((a, y)), None) => losses::<F, L, _>(loss, a, y),
                (_, None) => losses::<F, L, _>(loss, a, y),
                (slices, Some(da)) => match (slices, da.as_slice_mut()) {
                    (Some((a, y)), Some(da)) => both(loss, scale, a, y, da),
                    _ => {
                        gradients(loss, scale, a, y, da);
                        losses::<F, L, _>(loss, a, y)
                    }
                },
            };
            sum = sum.plus(weight * row_sum);
        }
        sum.value()
    }
}

/// `k[start..start + LANES]`.
#[inline(always)]
fn coefficients<L: ColumnLoss>(loss: &L, start: usize) -> [f64; LANES] {
    loss.coefficients().map_or([1.0; LANES], |k| from_fn(|lane| k[start + lane]))
}

/// `Σ_c ℓ(a[c], y[c], k[c])` of a row.
#[inline(always)]
fn losses<'a, F: Float, L: ColumnLoss, V: Values<'a, F>>(loss: &L, a: V, y: V) -> f64 {
    let full = a.count() / LANES * LANES;
    let mut lanes = Lanes::<F, LANES>::default();
    // Departure 3.
    for start in (0..full).step_by(LANES) {
        let (a, y, k) = (a.lanes(start), y.lanes(start), coefficients(loss, start));
        for lane in 0..LANES {
            // Departure 2.
            let (a, y) = (a[lane].as_f64(), y[lane].as_f64());
            lanes.add(lane, loss.column_loss::<F>(a, y, k[lane]));
        }
    }
    let term = |c| loss.column_loss::<F>(a.at(c).as_f64(), y.at(c).as_f64(), coefficient(loss, c));
    (full..a.count()).fold(lanes.total(), |sum, c| sum.plus(term(c))).value()
}

/// `Σ_c ℓ(a[c], y[c], k[c])` of a row, and `da[c] ← scale·ℓ'(a[c], y[c], k[c])`.
#[inline(always)]
fn both<F: Float, L: ColumnLoss>(loss: &L, scale: f64, a: &[F], y: &[F], da: &mut [F]) -> f64 {
    let full = a.len() / LANES * LANES;
    let mut lanes = Lanes::<F, LANES>::default();
    // Departure 3.
    for start in (0..full).step_by(LANES) {
        let (a, y): ([F; LANES], [F; LANES]) = (a.lanes(start), y.lanes(start));
        let k = coefficients(loss, start);
        let da = &mut da[start..start + LANES];
        for lane in 0..LANES {
            // Departure 2.
            let (a, y) = (a[lane].as_f64(), y[lane].as_f64());
            lanes.add(lane, loss.column_loss::<F>(a, y, k[lane]));
            da[lane] = F::of(scale * loss.column_derivative::<F>(a, y, k[lane]));
        }
    }
    let mut sum = lanes.total();
    for c in full..a.len() {
        let (a, y, k) = (a[c].as_f64(), y[c].as_f64(), coefficient(loss, c));
        sum = sum.plus(loss.column_loss::<F>(a, y, k));
        da[c] = F::of(scale * loss.column_derivative::<F>(a, y, k));
    }
    sum.value()
}

/// `da[c] ← scale·ℓ'(a[c], y[c], k[c])` for a row.
#[inline(always)]
fn gradients<'a, F: Float, L: ColumnLoss, V: Values<'a, F>>(
    loss: &L,
    scale: f64,
    a: V,
    y: V,
    da: &mut ArrayRef1<F>,
) {
    let term = |a: &F, y: &F, k: f64| {
        F::of(scale * loss.column_derivative::<F>(a.as_f64(), y.as_f64(), k))
    };
    let values = a.values().zip(y.values());
    // Where there is no coefficient to look up, and `da` is contiguous, a loop over slices.
    match (da.as_slice_mut(), loss.coefficients()) {
        (Some(da), None) => {
            da.iter_mut().zip(values).for_each(|(da, (a, y))| *da = term(a, y, 1.0));
        }
        (Some(da), Some(k)) => {
            let places = da.iter_mut().zip(values).zip(k);
            places.for_each(|((da, (a, y)), &k)| *da = term(a, y, k));
        }
        _ => {
            let places = da.iter_mut().zip(values).enumerate();
            places.for_each(|(c, (da, (a, y)))| *da = term(a, y, coefficient(loss, c)));
        }
    }
}
