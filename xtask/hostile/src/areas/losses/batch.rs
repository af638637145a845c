//! Predictions, targets, labels and weights, drawn for a loss.

use losses::Reduction;
use tensor_core::Float;

use super::plain::{RowTarget, Samples};
use crate::case::Case;
use crate::laid::Laid;
use crate::num::Num;

pub(crate) fn reduction(case: &mut Case) -> Reduction {
    case.draw.one_of(&[Reduction::Mean, Reduction::Sum])
}

/// A coefficient for each column, for batches of [`columns`] columns.
pub(crate) fn weights(case: &mut Case) -> Option<Vec<f64>> {
    case.width = case.draw.width();
    let n = case.width;
    case.draw.once_in(2).then(|| (0..n).map(|_| case.draw.setting(&[1.0, 0.5, 3.0, 0.0])).collect())
}

/// Predictions, often of the kind that the loss wants.
pub(crate) fn predictions<F: Float>(case: &mut Case) -> Laid<F> {
    let rows = case.draw.size();
    let columns = if case.width == 0 { case.draw.size() } else { case.width };
    let a = Laid::<F>::draw(&mut case.draw, [rows, columns]);
    match case.draw.below(3) {
        // Probabilities.
        0 => {
            let values: Vec<F> = a.view().iter().map(|x| (*x - x.floor()).abs()).collect();
            let mut values = values.into_iter();
            Laid::new(a.layout(), [rows, columns], || values.next().unwrap_or_default())
        }
        _ => a,
    }
}

/// Targets for them: now and then of another shape.
pub(crate) fn targets<F: Float>(case: &mut Case, a: &Laid<F>) -> Laid<F> {
    let (rows, columns) = a.view().dim();
    let other = case.draw.once_in(30);
    let shape = if other { [case.draw.size(), case.draw.size()] } else { [rows, columns] };
    let y = Laid::<F>::draw(&mut case.draw, shape);
    let kind = case.draw.below(4);
    let mut values = y.view().iter().copied().collect::<Vec<_>>().into_iter();
    let mut predicted = a.view().iter().copied().collect::<Vec<_>>().into_iter();
    Laid::new(y.layout(), shape, || {
        let (y, a) = (values.next().unwrap_or_default(), predicted.next().unwrap_or_default());
        match kind {
            0 => (y - y.floor()).abs(),
            1 => F::of(f64::from(u8::from(y > F::zero()))),
            2 => a + y * F::epsilon(),
            _ => y,
        }
    })
}

/// Labels of every type, most of them classes.
pub(crate) struct Drawn {
    pub(crate) classes: Vec<usize>,
    pub(crate) signed: Vec<i64>,
    pub(crate) short: Vec<i32>,
    pub(crate) kind: usize,
}

impl Drawn {
    pub(crate) fn draw(case: &mut Case, rows: usize, columns: usize) -> Self {
        let n = if case.draw.once_in(30) { case.draw.size() } else { rows };
        let wrong = case.draw.once_in(4);
        let mut label = || match case.draw.below(if wrong { 6 } else { 40 }) {
            0 => -100,
            1 if wrong => case.draw.argument() as i64,
            2 if wrong => -(case.draw.size() as i64),
            _ => case.draw.below(columns) as i64,
        };
        let signed: Vec<_> = (0..n).map(|_| label()).collect();
        let short: Vec<_> = signed.iter().map(|&l| l as i32).collect();
        let kind = case.draw.below(4);
        let signed: Vec<i64> =
            if kind == 2 { short.iter().map(|&l| l.into()).collect() } else { signed };
        let classes = signed.iter().map(|&l| l as usize).collect();
        Self { classes, signed, short, kind }
    }

    /// The label of a row, as it was given.
    pub(crate) fn exactly(&self, n: usize) -> i128 {
        if self.kind == 0 { self.classes[n] as i128 } else { self.signed[n].into() }
    }

    /// That every label which was accepted is a class or the ignored index.
    pub(crate) fn check(&self, case: &mut Case, classes: &Classes, columns: usize) {
        for n in 0..self.signed.len() {
            let label = self.exactly(n);
            let fine = (0..columns as i128).contains(&label)
                || Some(label) == classes.ignore.map(i128::from);
            case.must(fine, "accepted", || format!("the label {label} of {columns} classes"));
        }
    }
}

/// `w[c]`, and whether a label is left out.
pub(crate) struct Classes {
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) ignore: Option<i64>,
    pub(crate) smoothing: f64,
}

impl Classes {
    pub(crate) fn draw(case: &mut Case) -> Self {
        let weights = weights(case);
        let ignore = case.draw.one_of(&[None, Some(-100), Some(0), Some(i64::MAX)]);
        Self { weights, ignore, smoothing: case.draw.setting(&[0.0, 0.1, 0.0, 1.0]) }
    }

    pub(crate) fn weight(&self, c: usize) -> Num {
        Num::of(self.weights.as_ref().map_or(1.0, |w| w[c]))
    }

    /// The class of a row; what is none is left out, and has to have been refused.
    pub(crate) fn of_class(&self, label: i128, columns: usize) -> RowTarget {
        let is_class = (0..columns as i128).contains(&label);
        if !is_class || Some(label) == self.ignore.map(i128::from) {
            return RowTarget::Ignored;
        }
        RowTarget::Class(label as usize, self.weight(label as usize))
    }

    pub(crate) fn of_label(&self, label: i128, columns: usize) -> RowTarget {
        let RowTarget::Class(label, _) = self.of_class(label, columns) else {
            return RowTarget::Ignored;
        };
        let one_hot = |c: usize| Num::of(f64::from(u8::from(c == label)));
        RowTarget::Terms(self.terms(one_hot, columns), self.weight(label))
    }

    pub(crate) fn terms(&self, y: impl Fn(usize) -> Num, columns: usize) -> Vec<Num> {
        let epsilon = Num::of(self.smoothing);
        let spread = epsilon / Num::of(columns as f64);
        let smoothed = |c: usize| (Num::of(1.0) - epsilon) * y(c) + spread;
        (0..columns).map(|c| self.weight(c) * smoothed(c)).collect()
    }
}

pub(crate) type OfRow<'a> = &'a dyn Fn(&[Num], &RowTarget) -> (Num, Vec<Num>, Num);

pub(crate) fn of_rows<F: Float>(
    a: &Laid<F>,
    reduction: Reduction,
    of_row: OfRow<'_>,
    target: impl Fn(usize) -> RowTarget,
) -> Samples {
    let columns = a.view().ncols();
    let (mut losses, mut gradients, mut counts) = (Vec::new(), Vec::new(), Vec::new());
    let mut ignored = Vec::new();
    for (n, row) in a.view().rows().into_iter().enumerate() {
        let row: Vec<_> = row.iter().map(|&x| Num::from(x)).collect();
        let target = target(n);
        ignored.push(matches!(target, RowTarget::Ignored));
        let (loss, gradient, count) = of_row(&row, &target);
        losses.push(loss);
        gradients.extend(gradient);
        counts.push(count);
    }
    Samples { losses, gradients, counts, columns, reduction, ignored, sparse: false, root: false }
}
