//! The pass over a loss on arrays once more, in numbers whose exponent does not run out.
//!
//! When that is, `range.rs` says. Elements of the gradient that are safe are right as they are.

use ndarray::{ArrayRef2, Axis};
use tensor_core::{Float, Wide};

use crate::check::is_counted;
use crate::element::ColumnLoss;
use crate::range::{are_safe, is_gradient_safe, is_loss_safe, is_weight_safe};
use crate::reduction::Reduction;

/// `ℓ(a, y, k)`, unrounded.
#[inline(always)]
pub(crate) fn loss<F: Float, L: ColumnLoss>(loss: &L, a: f64, y: f64, k: f64) -> f64 {
    let plain = loss.column_loss::<F>(a, y, k);
    let is_right = is_weight_safe(k) && is_loss_safe::<F>(plain);
    if is_right { plain } else { loss.wide_column_loss::<F>(a, y, k).value() }
}

/// `d·ℓ'(a, y, k)`, unrounded.
#[inline(always)]
pub(crate) fn derivative<F: Float, L: ColumnLoss>(loss: &L, a: f64, y: f64, k: f64, d: f64) -> f64 {
    let plain = d * loss.column_derivative::<F>(a, y, k);
    if is_weight_safe(k) && is_gradient_safe::<F>(plain, d * k.max(1.0)) {
        return plain;
    }
    (loss.wide_column_derivative::<F>(a, y, k) * Wide::from(d)).value()
}

/// Sum and total of a pass in wide numbers.
pub(crate) struct WideSums {
    /// `Σ_n s_n Σ_c ℓ(A[n, c], Y[n, c], k[c])`
    pub(crate) sum: Wide,
    /// `N·C`; with sample weights, `C Σ_n s_n`.
    pub(crate) total: Wide,
}

impl WideSums {
    pub(crate) fn new<F: Float, L: ColumnLoss>(
        loss: &L,
        a: &ArrayRef2<F>,
        y: &ArrayRef2<F>,
        sample_weights: Option<&[F]>,
    ) -> Self {
        let rows = || (0..a.nrows()).filter(|n| is_counted(sample_weights, *n));
        let n_rows = Wide::sum(rows().map(|n| weight(sample_weights, n)));
        let total = n_rows * Wide::from(loss.samples_in_row(a.ncols()) as f64);
        let terms = |n: usize| {
            let row = a.row(n).into_iter().zip(y.row(n)).enumerate();
            row.map(move |(c, (a, y))| {
                let (a, y, k) = (a.as_f64(), y.as_f64(), coefficient(loss, c));
                loss.wide_column_loss::<F>(a, y, k) * weight(sample_weights, n)
            })
        };
        Self { sum: Wide::sum(rows().flat_map(terms)), total }
    }
}

/// `L`, and the elements of `da` that plain numbers got wrong.
pub(crate) fn pass_again<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    da: Option<&mut ArrayRef2<F>>,
) -> f64 {
    let WideSums { sum, total } = WideSums::new(loss, a, y, sample_weights);
    if total.is_zero() {
        return 0.0; // every row has weight 0, and `da` is 0 already
    }
    let (value, denominator) = match loss.reduction() {
        Reduction::Mean => (sum / total, total),
        Reduction::Sum => (sum, Wide::from(1.0)),
    };
    if let Some(da) = da {
        gradients(loss, a, y, sample_weights, denominator, da);
    }
    value.value()
}

/// `da[n, c] ← s_n ℓ'(A[n, c], Y[n, c], k[c])/denominator`, where what stands there is not right.
pub(crate) fn gradients<F: Float, L: ColumnLoss>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    denominator: Wide,
    da: &mut ArrayRef2<F>,
) {
    let weights_are_safe = are_safe(sample_weights) && are_safe(loss.coefficients());
    for (n, mut da) in da.axis_iter_mut(Axis(0)).enumerate() {
        if !is_counted(sample_weights, n) {
            da.fill(F::zero());
            continue;
        }
        let scale = weight(sample_weights, n) / denominator;
        let factor = scale.value();
        for (c, da) in da.iter_mut().enumerate() {
            let k = coefficient(loss, c);
            if !(weights_are_safe && is_gradient_safe::<F>(da.as_f64(), factor * k.max(1.0))) {
                let (a, y) = (a[[n, c]].as_f64(), y[[n, c]].as_f64());
                *da = F::of((loss.wide_column_derivative::<F>(a, y, k) * scale).value());
            }
        }
    }
}

/// `s_n`.
fn weight<F: Float>(sample_weights: Option<&[F]>, n: usize) -> Wide {
    sample_weights.map_or(1.0, |s| s[n].as_f64()).into()
}

/// `k[c]`.
#[inline(always)]
pub(crate) fn coefficient<L: ColumnLoss>(loss: &L, c: usize) -> f64 {
    loss.coefficients().map_or(1.0, |k| k[c])
}
