//! Loss and gradient of one row of logits.
//!
//! Plainly, for the row `n`, its targets `T` and the `factor` of its gradient:
//!
//! ```text
//! S ← Σ_k exp(A[n, k])
//! for each class c
//!     P[c]     ← exp(A[n, c])/S
//!     ℓ        ← ℓ − T[c] ln P[c]
//! for each class c
//!     dA[n, c] ← factor (P[c] Σ_k T[k] − T[c])
//! ```
//!
//! The code departs from this, each time for a reason:
//!
//! 1. `shifted = A[n, c] − max_k A[n, k]` takes the place of `A[n, c]`, in `S` as well: softmax
//!    stays the same, for numerator and denominator change by the same factor, and no exponential
//!    overflows. [`Exponentials`] computes `shifted` and its exponential for several rows at once,
//!    in vectors.
//! 2. The largest class adds exactly 1 to `S`, so `S = 1 + others`. `others` keeps its digits
//!    where it is tiny, and so does `ln S = ln_1p(others)`: the loss of a correct answer is not 0.
//! 3. `−ln P[c]` is computed as `ln S − shifted`: both are small where the answer is correct.
//! 4. Where the answer is correct, `P[c]` is nearly 1 and `P[c] Σ_k T[k] − T[c]` the difference of
//!    nearly equal numbers. For a class with `P[c] > ½`, [`above_half`] takes another form of it,
//!    in which nothing cancels.
//! 5. If `T` is a number times the one-hot row of a class, as without smoothing, sums over `T` have
//!    one term: [`one_class`] needs no loop for them.
//! 6. `T` and the exponentials are in buffers of a fixed size, in `f64`: a longer row is taken in
//!    parts, each computed again where it is needed once more, so that nothing is allocated and
//!    results are rounded once. Factors that are the same for all classes are multiplied first.
//! 7. A class with `T[c] = 0` adds 0, even if `ln P[c] = −∞`: [`product_or_zero`].

use ndarray::{ArrayRef1, ArrayView1};
use tensor_core::functions::exponentials::{Exponentials, MAX_PART, write};
use tensor_core::functions::product_or_zero;
use tensor_core::sums::Sum;
use tensor_core::sums::rows::sum_of;
use tensor_core::{Float, Wide};

use super::row_targets::RowTargets;
use crate::wide_softmax::WideSoftmax;

/// `ℓ_n`, and `factor·∂ℓ_n/∂A[n, :]` into `da`, if `T` is `t` times the one-hot row of `class`.
/// Departure 5.
#[inline(always)]
pub(super) fn one_class<F: Float>(
    n: usize,
    a: &mut Exponentials<'_, F>,
    (class, t): (usize, f64),
    gradient: Option<(f64, &mut ArrayRef1<F>)>,
) -> f64 {
    let (others, ln_sum) = a.sums(n); // S − 1 and ln S: departure 2
    let (shifted, exponential) = a.value(n, class); // A[n, class] − max, and its exponential
    if let Some((factor, da)) = gradient {
        // dA[n, c] = factor t P[c], P[c] = exp(shifted)/S, for all classes but one
        let scale = factor * t / (1.0 + others);
        for start in a.starts() {
            write(da, start, a.part(n, start).1, |exponential| scale * exponential);
        }
        // dA[n, class] = factor (t P[class] − t); departure 4
        let is_above_half = shifted == 0.0 && others < 1.0;
        let derivative = if is_above_half {
            above_half(0.0, t, others)
        } else {
            t * (exponential / (1.0 + others)) - t
        };
        da[class] = F::of(factor * derivative);
    }
    term(ln_sum, shifted, t) // −t ln P[class]
}

/// `ℓ_n`, and `factor·∂ℓ_n/∂A[n, :]` into `da`, for any targets.
#[inline(always)]
pub(super) fn all_classes<F: Float>(
    n: usize,
    a: &mut Exponentials<'_, F>,
    targets: &RowTargets<'_, F>,
    gradient: Option<(f64, &mut ArrayRef1<F>)>,
) -> f64 {
    let (others, ln_sum) = a.sums(n); // S − 1 and ln S: departure 2
    let mut buffer = [0.0; MAX_PART];
    let (mut total, mut loss) = (Sum::<F>::default(), Sum::<F>::default());
    for start in a.starts() {
        // Departure 6.
        let t = targets.part(start, &mut buffer);
        total = total.plus_all(sum_of(t, t, |t, _| t)); // Σ_c T[c]
        let term = |shifted: f64, t: f64| term(ln_sum, shifted, t);
        loss = loss.plus_all(sum_of(a.part(n, start).0, t, term)); // −Σ_c T[c] ln P[c]
    }
    let Some((factor, da)) = gradient else { return loss.value() };
    let total = total.value();
    let scale = total / (1.0 + others); // Σ_k T[k]/S
    for start in a.starts() {
        let t = targets.part(start, &mut buffer);
        for (t, exponential) in t.iter_mut().zip(a.part(n, start).1) {
            *t = factor * (exponential * scale - *t); // factor (P[c] Σ_k T[k] − T[c])
        }
        write(da, start, t, |gradient| gradient);
    }
    // Departure 4. Only a class that is alone the largest is above ½.
    if others < 1.0 {
        let c = a.argmax(n);
        let other_targets = sum_without(c, a, targets, &mut buffer);
        da[c] = F::of(factor * above_half(other_targets, total, others));
    }
    loss.value()
}

/// The same in numbers whose exponent does not run out.
pub(super) fn wide<F: Float>(
    x: ArrayView1<'_, F>,
    targets: &RowTargets<'_, F>,
    gradient: Option<(Wide, &mut ArrayRef1<F>)>,
) -> Wide {
    let softmax = WideSoftmax::new(x);
    let t = |c: usize| targets.wide(c);
    if let Some((factor, da)) = gradient {
        let total = Wide::sum_of(x.len(), t);
        for (c, da) in da.iter_mut().enumerate() {
            let derivative = if c == softmax.top && softmax.others < Wide::from(1.0) {
                // Departure 4.
                let others = Wide::sum((0..x.len()).filter(|&k| k != c).map(t));
                others - total * (softmax.others / softmax.sum())
            } else {
                total * (softmax.exponential(c) / softmax.sum()) - t(c)
            };
            *da = F::of((factor * derivative).value());
        }
    }
    let term = |c| (softmax.ln_sum - softmax.shifted(c)).times_or_zero(t(c)); // departure 7
    Wide::sum_of(x.len(), term)
}

/// `Σ_{k ≠ c} T[k]`
#[inline(always)]
fn sum_without<F: Float>(
    c: usize,
    a: &Exponentials<'_, F>,
    targets: &RowTargets<'_, F>,
    buffer: &mut [f64; MAX_PART],
) -> f64 {
    let mut sum = Sum::<F>::default();
    for start in a.starts() {
        let t = targets.part(start, buffer);
        if let Some(t) = c.checked_sub(start).and_then(|c| t.get_mut(c)) {
            *t = 0.0;
        }
        sum = sum.plus_all(sum_of(t, t, |t, _| t));
    }
    sum.value()
}

/// `−T[c] ln P[c] = (ln S − shifted)·T[c]`. Departures 3 and 7.
#[inline(always)]
fn term(ln_sum: f64, shifted: f64, t: f64) -> f64 {
    product_or_zero(ln_sum - shifted, t)
}

/// `P Σ_k T[k] − T` of the class above ½, as `other_targets − total (1 − P)`. Departure 4.
///
/// `total = Σ_k T[k]`, and `other_targets` is the same without this class. So
/// `T = total − other_targets`, and `P total − T = other_targets − total (1 − P)`. The class is the
/// largest: its exponential is 1, `P = 1/S`, and `1 − P = (S − 1)/S = others/(1 + others)`.
#[inline(always)]
fn above_half(other_targets: f64, total: f64, others: f64) -> f64 {
    other_targets - total * (others / (1.0 + others))
}
