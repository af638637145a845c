//! Every call that a loss offers, on one batch.

use losses::{EachLoss, Loss, SampleWeightedLoss};
use ndarray::{Array, Dimension, IxDyn};
use tensor_core::Float;

use super::plain::Samples;
use crate::areas::layers::compare;
use crate::case::Case;
use crate::compare::Against;
use crate::laid::{Laid, Layout, bits};
use crate::num::Num;
use crate::wide::Wide;

/// Forward and backward, with sample weights and without. Whether the batch was accepted.
pub(crate) fn whole<'t, F: Float, L: SampleWeightedLoss<F>>(
    case: &mut Case,
    loss: &L,
    a: &Laid<F>,
    y: L::Target<'t>,
    samples: impl Fn() -> Samples,
) -> bool
where
    L::Target<'t>: Copy,
{
    let (rows, columns) = a.view().dim();
    let input = a.bits();
    let value = case.attempt("forward", || loss.forward(&a.view(), y));
    let mut da = Laid::<F>::output(&mut case.draw, [rows, columns]);
    let before = da.bits();
    let again = case.attempt("backward", || loss.backward(&a.view(), y, &mut da.view_mut()));
    case.must(a.bits() == input, "input changed", || "predictions".into());
    case.must(da.gaps_are_untouched(), "gap written", || "of the gradient".into());
    let same = bits(value.iter()) == bits(again.iter());
    case.must(same, "bits", || format!("forward {value:?}, backward {again:?}"));
    let Some(value) = value else {
        case.must(da.bits() == before, "changed by an error", || "the gradient".into());
        return false;
    };
    layouts(case, loss, a, y, (value, &da));
    wrong_shape(case, loss, a, y);
    let samples = samples();
    let want = samples.whole(&vec![Num::of(1.0); rows]);
    compare(case, "loss", Against::new(), [value].iter(), &[want.loss]);
    compare(case, "dLdA", Against::new(), da.view().iter(), &want.gradient);
    weighted(case, loss, a, y, &samples);
    true
}

/// The same predictions in another layout: the same bits.
fn layouts<'t, F: Float, L: Loss<F>>(
    case: &mut Case,
    loss: &L,
    a: &Laid<F>,
    y: L::Target<'t>,
    (value, da): (F, &Laid<F>),
) where
    L::Target<'t>: Copy,
{
    let moved = a.moved(Layout::draw(&mut case.draw));
    let (rows, columns) = a.view().dim();
    let mut other = Laid::<F>::output(&mut case.draw, [rows, columns]);
    let again = case.attempt("backward", || loss.backward(&moved.view(), y, &mut other.view_mut()));
    let words = || format!("{:?} {:?} {:?}", a.layout(), moved.layout(), other.layout());
    let same = again.is_some_and(|again| bits([again].iter()) == bits([value].iter()));
    case.must(same, "bits", || format!("the loss by layout: {}", words()));
    case.must(other.bits() == da.bits(), "bits", || format!("dLdA by layout: {}", words()));
}

/// A gradient that does not fit is refused and left alone.
fn wrong_shape<'t, F: Float, L: Loss<F>>(case: &mut Case, loss: &L, a: &Laid<F>, y: L::Target<'t>) {
    if !case.draw.once_in(4) {
        return;
    }
    let (rows, columns) = a.view().dim();
    let mut da = Laid::<F>::output(&mut case.draw, [rows + 1, columns]);
    let before = da.bits();
    case.must_refuse("backward", "a gradient with a row too many", || {
        loss.backward(&a.view(), y, &mut da.view_mut())
    });
    case.must(da.bits() == before, "changed by an error", || "the gradient".into());
}

fn weighted<'t, F: Float, L: SampleWeightedLoss<F>>(
    case: &mut Case,
    loss: &L,
    a: &Laid<F>,
    y: L::Target<'t>,
    samples: &Samples,
) where
    L::Target<'t>: Copy,
{
    let (rows, columns) = a.view().dim();
    let n = if case.draw.once_in(20) { case.draw.size() } else { rows };
    let mut weights: Vec<F> = case.draw.list(n);
    if !case.draw.once_in(4) {
        weights.iter_mut().for_each(|w| *w = w.abs());
    }
    case.note(|| format!("weights {weights:?}"));
    let mut da = Laid::<F>::output(&mut case.draw, [rows, columns]);
    let before = da.bits();
    let value = case.attempt("sample_weighted", || {
        loss.sample_weighted(&a.view(), y, &weights, Some(&mut da.view_mut()))
    });
    let fine = n == rows && weights.iter().all(|w| *w >= F::zero() && w.is_finite());
    case.must(value.is_some() == fine, "accepted", || format!("weights {weights:?}"));
    let Some(value) = value else {
        case.must(da.bits() == before, "changed by an error", || "the gradient".into());
        return;
    };
    let weights: Vec<_> = weights.into_iter().map(Num::from).collect();
    let want = samples.whole(&weights);
    compare(case, "weighted loss", Against::new(), [value].iter(), &[want.loss]);
    compare(case, "weighted dLdA", Against::new(), da.view().iter(), &want.gradient);
}

/// The losses of single samples, and their gradient.
pub(crate) fn each<'t, F: Float, L: EachLoss<F>>(
    case: &mut Case,
    loss: &L,
    a: &Laid<F>,
    y: L::Target<'t>,
    samples: &Samples,
) where
    L::Target<'t>: Copy,
{
    let (rows, columns) = a.view().dim();
    let per_row = samples.losses.len() / rows.max(1);
    let by_element = per_row == columns && <L::Samples as Dimension>::NDIM == Some(2);
    let shape = if by_element { vec![rows, columns] } else { vec![rows] };
    let array = |values: Vec<F>| {
        let array = Array::from_shape_vec(IxDyn(&shape), values).ok();
        array.and_then(|array| array.into_dimensionality::<L::Samples>().ok())
    };
    let n = shape.iter().product();
    let d_each: Vec<F> = case.draw.list(n);
    let (Some(mut out), Some(d)) = (array(vec![F::zero(); n]), array(d_each.clone())) else {
        return;
    };
    case.note(|| format!("d_each {d:?}"));
    case.must_accept("forward_each", "what forward took", || {
        loss.forward_each(&a.view(), y, &mut out)
    });
    compare(case, "losses of the samples", Against::new(), out.iter(), &samples.losses);
    let mut da = Laid::<F>::output(&mut case.draw, [rows, columns]);
    case.must_accept("backward_each", "what backward took", || {
        loss.backward_each(&a.view(), y, &d, &mut da.view_mut())
    });
    let factor = |i: usize| Num::from(d_each[if by_element { i } else { i / columns }]);
    let want = chained(samples, columns, factor);
    compare(case, "gradient of the samples", Against::new(), da.view().iter(), &want);
}

/// `d_each[s] ∂ℓ_s/∂A`. An ignored row has no gradient, whatever its factor, and what a loss does
/// not read has none.
fn chained(samples: &Samples, columns: usize, factor: impl Fn(usize) -> Num) -> Vec<Num> {
    let without =
        |i: usize| samples.ignored[i / columns] || samples.sparse && samples.gradients[i].is_zero();
    let gradients = samples.gradients.iter().enumerate();
    let one = |(i, &g): (usize, &Num)| match factor(i) {
        // 0 for what is not read; of a class of weight 0 nothing can be said beside an infinity.
        factor if without(i) && samples.sparse && !samples.ignored[i / columns] => {
            let unknown = if factor.value.is_finite() { Wide::ZERO } else { factor.value.abs() };
            Num::zero().with_error(unknown)
        }
        _ if without(i) => Num::zero(),
        factor => factor * g,
    };
    gradients.map(one).collect()
}
