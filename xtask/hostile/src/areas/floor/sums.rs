//! Sums of slices and columns; mean and variance.

use ndarray::Array1;
use tensor_core::Float;
use tensor_core::sums::{ColumnMoments, Moments, Sum, column_sums, sum, sum_by};

use crate::areas::layers::compare;
use crate::case::Case;
use crate::compare::Against;
use crate::laid::Laid;
use crate::num::{Num, sum as plain_sum};

pub(crate) fn run<F: Float>(case: &mut Case) {
    match case.draw.below(3) {
        0 => slices::<F>(case),
        1 => columns::<F>(case),
        _ => moments::<F>(case),
    }
}

fn own<F: Float>(x: F) -> Num {
    Num::from(x).computed_in::<F>()
}

fn slices<F: Float>(case: &mut Case) {
    case.about(format!("sum<{}>", F::NAME));
    let n = case.draw.size() * (1 + case.draw.below(4));
    let x: Vec<F> = case.draw.list(n);
    case.note(|| format!("{x:?}"));
    let want = plain_sum(&x, |&x| own(x));
    let calls: [(&'static str, Option<F>); 3] = [
        ("sum", case.call("sum", || sum(&x))),
        ("sum_by", case.call("sum_by", || sum_by(n, &|i| x[i]))),
        (
            "Sum",
            case.call("Sum", || {
                let mut total = Sum::default();
                x.iter().for_each(|&x| total.add(x));
                total.sum()
            }),
        ),
    ];
    for (name, got) in calls {
        let Some(got) = got else { continue };
        compare(case, name, Against::new().partial(), [got].iter(), &[want]);
    }
}

fn columns<F: Float>(case: &mut Case) {
    case.about(format!("column_sums<{}>", F::NAME));
    let shape = [case.draw.size() * (1 + case.draw.below(4)), case.draw.size()];
    let x = Laid::<F>::draw(&mut case.draw, shape);
    case.note(|| format!("{shape:?} {:?}", x.layout()));
    let mut out = Array1::from_elem(shape[1], F::nan());
    if case.call("column_sums", || column_sums(&x.view(), &mut out)).is_none() {
        return;
    }
    let view = x.view();
    let want: Vec<_> =
        view.columns().into_iter().map(|c| plain_sum(c.iter(), |&x| own(x))).collect();
    compare(case, "column sum", Against::new().partial(), out.iter(), &want);
    if case.draw.once_in(5) {
        let mut wide = Array1::from_elem(shape[1] + 1, F::zero());
        case.call_that_must_panic("column_sums", || column_sums(&view, &mut wide));
    }
}

fn moments<F: Float>(case: &mut Case) {
    case.about(format!("Moments<{}>", F::NAME));
    let (n, c) = (case.draw.width(), case.draw.width());
    let x = Laid::<F>::draw(&mut case.draw, [n, c]);
    case.note(|| format!("{:?}", x.view()));
    let argument = case.draw.argument();
    case.attempt("ColumnMoments::new", || ColumnMoments::<F>::new(argument).map(drop));
    let made = case.must_accept("ColumnMoments::new", "a width", || ColumnMoments::<F>::new(c));
    let Some(mut columns) = made else { return };
    if case.must_accept("measure", "a matrix that fits", || columns.measure(&x.view())).is_none() {
        return;
    }
    let view = x.view();
    for j in 0..c {
        let column: Vec<F> = view.column(j).to_vec();
        let Some(single) = case.call("Moments::of", || Moments::of(&column[..])) else { return };
        let numbers: Vec<_> = column.iter().map(|&x| Num::from(x)).collect();
        let count = Num::of(n as f64);
        let mean = plain_sum(&numbers, |&x| x) / count;
        let variance = plain_sum(&numbers, |&x| (x - mean).square()) / count;
        // The variance of numbers near the ends of f64 is no f64.
        for (m, v) in [single.unscaled(), columns.unscaled(j)] {
            compare(case, "mean", Against::new().partial(), [m].iter(), &[mean]);
            if variance.value < crate::wide::Wide::of(1e300)
                && variance.value > crate::wide::Wide::of(1e-290)
            {
                compare(case, "variance", Against::new().partial(), [v].iter(), &[variance]);
            }
        }
    }
    let (mean, variance) = (Array1::from_elem(c + 1, F::one()), Array1::from_elem(c + 1, F::one()));
    case.must_refuse("ColumnMoments::set", "a value too many", || columns.set(&mean, &variance));
}
