//! Every loss, with a configuration drawn, beside its plain form: a line each.

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, CrossEntropyConfig, CrossEntropyLoss,
    EachLoss, HuberConfig, HuberLoss, Labels, Loss, MaeLoss, MseLoss, NllConfig, NllLoss,
    Reduction, RmseLoss, SampleWeightedLoss, SmoothL1Config, SmoothL1Loss, Targets,
};
use ndarray::ArrayRef2;
use tensor_core::Float;

use super::drive;
use super::plain::{self, RowTarget, Samples};
use crate::case::Case;
use crate::laid::Laid;
use crate::num::Num;

macro_rules! table {
    ($($name:ident: |$case:ident, $F:ident| $call:expr;)*) => {
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Calls the loss of that name.
        pub(crate) fn call<F: Float>(name: &str, case: &mut Case) {
            case.about(format!("{name}<{}>", F::NAME));
            $(if name == stringify!($name) {
                fn call<$F: Float>($case: &mut Case) -> Option<()> {
                    $call;
                    Some(())
                }
                call::<F>(case);
            })*
        }
    };
}

table! {
    MseLoss: |case, F| {
        let reduction = reduction(case);
        elements::<F, _>(case, MseLoss { reduction }, reduction, |a, y, _| plain::mse(a, y))
    };
    RmseLoss: |case, F| root::<F>(case);
    MaeLoss: |case, F| {
        let reduction = reduction(case);
        elements::<F, _>(case, MaeLoss { reduction }, reduction, |a, y, _| plain::mae(a, y))
    };
    HuberLoss: |case, F| {
        let (delta, reduction) = (case.draw.setting(&[1.0, 0.5, 2.0]), reduction(case));
        let loss = case
            .attempt("HuberLoss::new", || HuberLoss::new(HuberConfig { delta, reduction }))?;
        elements::<F, _>(case, loss, reduction, move |a, y, _| plain::huber(a, y, delta))
    };
    SmoothL1Loss: |case, F| {
        let (beta, reduction) = (case.draw.setting(&[1.0, 0.5, 0.0]), reduction(case));
        let loss = case.attempt("SmoothL1Loss::new", || {
            SmoothL1Loss::new(SmoothL1Config { beta, reduction })
        })?;
        elements::<F, _>(case, loss, reduction, move |a, y, _| plain::smooth_l1(a, y, beta))
    };
    BceLoss: |case, F| {
        let reduction = reduction(case);
        elements::<F, _>(case, BceLoss { reduction }, reduction, |a, y, _| plain::bce(a, y))
    };
    BceWithLogitsLoss: |case, F| {
        let reduction = reduction(case);
        let weights = weights(case);
        let config = BceWithLogitsConfig { pos_weight: weights.clone(), reduction };
        let loss = case.attempt("BceWithLogitsLoss::new", || BceWithLogitsLoss::new(config))?;
        let weight = move |c: usize| weights.as_ref().map_or(1.0, |w| w[c]);
        elements::<F, _>(case, loss, reduction, move |a, y, c| {
            plain::bce_with_logits(a, y, weight(c))
        })
    };
    CrossEntropyLoss: |case, F| cross_entropy::<F>(case);
    NllLoss: |case, F| nll::<F>(case);
}

fn reduction(case: &mut Case) -> Reduction {
    case.draw.one_of(&[Reduction::Mean, Reduction::Sum])
}

/// A coefficient for each column, for batches of [`columns`] columns.
fn weights(case: &mut Case) -> Option<Vec<f64>> {
    case.width = case.draw.width();
    let n = case.width;
    case.draw.once_in(2).then(|| (0..n).map(|_| case.draw.setting(&[1.0, 0.5, 3.0, 0.0])).collect())
}

/// Predictions, often of the kind that the loss wants.
fn predictions<F: Float>(case: &mut Case) -> Laid<F> {
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
fn targets<F: Float>(case: &mut Case, a: &Laid<F>) -> Laid<F> {
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

fn elements<F: Float, L>(
    case: &mut Case,
    loss: L,
    reduction: Reduction,
    plain: impl Fn(Num, Num, usize) -> (Num, Num),
) where
    L: for<'a> Loss<F, Target<'a> = &'a ArrayRef2<F>> + SampleWeightedLoss<F> + EachLoss<F>,
{
    let a = predictions::<F>(case);
    let y = targets(case, &a);
    case.note(|| format!("{reduction:?} A {:?} Y {:?}", a.view(), y.view()));
    let samples = || of_elements(&a, &y, reduction, &plain);
    let view = y.view();
    if drive::whole(case, &loss, &a, &*view, samples) {
        drive::each(case, &loss, &a, &*view, &samples());
    }
}

fn of_elements<F: Float>(
    a: &Laid<F>,
    y: &Laid<F>,
    reduction: Reduction,
    plain: &impl Fn(Num, Num, usize) -> (Num, Num),
) -> Samples {
    let (rows, columns) = a.view().dim();
    let (mut losses, mut gradients) = (Vec::new(), Vec::new());
    for (i, (&a, &y)) in a.view().iter().zip(y.view().iter()).enumerate() {
        let (loss, slope) = plain(Num::from(a), Num::from(y), i % columns);
        losses.push(loss);
        gradients.push(slope);
    }
    let counts = vec![Num::of(columns as f64); rows];
    let ignored = vec![false; rows];
    Samples { losses, gradients, counts, columns, reduction, ignored, sparse: false, root: false }
}

fn root<F: Float>(case: &mut Case) {
    let a = predictions::<F>(case);
    let y = targets(case, &a);
    case.note(|| format!("A {:?} Y {:?}", a.view(), y.view()));
    let plain = |a, y, _: usize| plain::mse(a, y);
    let samples = || Samples { root: true, ..of_elements(&a, &y, Reduction::Mean, &plain) };
    drive::whole(case, &RmseLoss, &a, &*y.view(), samples);
}

/// Labels of every type, most of them classes.
struct Drawn {
    classes: Vec<usize>,
    signed: Vec<i64>,
    short: Vec<i32>,
    kind: usize,
}

impl Drawn {
    fn draw(case: &mut Case, rows: usize, columns: usize) -> Self {
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
    fn exactly(&self, n: usize) -> i128 {
        if self.kind == 0 { self.classes[n] as i128 } else { self.signed[n].into() }
    }

    /// That every label which was accepted is a class or the ignored index.
    fn check(&self, case: &mut Case, classes: &Classes, columns: usize) {
        for n in 0..self.signed.len() {
            let label = self.exactly(n);
            let fine = (0..columns as i128).contains(&label)
                || Some(label) == classes.ignore.map(i128::from);
            case.must(fine, "accepted", || format!("the label {label} of {columns} classes"));
        }
    }
}

/// `w[c]`, and whether a label is left out.
struct Classes {
    weights: Option<Vec<f64>>,
    ignore: Option<i64>,
    smoothing: f64,
}

impl Classes {
    fn draw(case: &mut Case) -> Self {
        let weights = weights(case);
        let ignore = case.draw.one_of(&[None, Some(-100), Some(0), Some(i64::MAX)]);
        Self { weights, ignore, smoothing: case.draw.setting(&[0.0, 0.1, 0.0, 1.0]) }
    }

    fn weight(&self, c: usize) -> Num {
        Num::of(self.weights.as_ref().map_or(1.0, |w| w[c]))
    }

    /// The class of a row; what is none is left out, and has to have been refused.
    fn of_class(&self, label: i128, columns: usize) -> RowTarget {
        let is_class = (0..columns as i128).contains(&label);
        if !is_class || Some(label) == self.ignore.map(i128::from) {
            return RowTarget::Ignored;
        }
        RowTarget::Class(label as usize, self.weight(label as usize))
    }

    fn of_label(&self, label: i128, columns: usize) -> RowTarget {
        let RowTarget::Class(label, _) = self.of_class(label, columns) else {
            return RowTarget::Ignored;
        };
        let one_hot = |c: usize| Num::of(f64::from(u8::from(c == label)));
        RowTarget::Terms(self.terms(one_hot, columns), self.weight(label))
    }

    fn terms(&self, y: impl Fn(usize) -> Num, columns: usize) -> Vec<Num> {
        let epsilon = Num::of(self.smoothing);
        let spread = epsilon / Num::of(columns as f64);
        let smoothed = |c: usize| (Num::of(1.0) - epsilon) * y(c) + spread;
        (0..columns).map(|c| self.weight(c) * smoothed(c)).collect()
    }
}

type OfRow = fn(&[Num], &RowTarget) -> (Num, Vec<Num>, Num);

fn of_rows<F: Float>(
    a: &Laid<F>,
    reduction: Reduction,
    of_row: OfRow,
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

fn cross_entropy<F: Float>(case: &mut Case) -> Option<()> {
    let (classes, reduction) = (Classes::draw(case), reduction(case));
    let config = CrossEntropyConfig {
        class_weights: classes.weights.clone(),
        ignore_index: classes.ignore,
        label_smoothing: classes.smoothing,
        reduction,
    };
    let loss = case.attempt("CrossEntropyLoss::new", || CrossEntropyLoss::new(config))?;
    let a = predictions::<F>(case);
    let (rows, columns) = a.view().dim();
    let drawn = Drawn::draw(case, rows, columns);
    let y = targets(case, &a);
    let view = y.view();
    let target = match drawn.kind {
        0 => Targets::Classes(&drawn.classes),
        1 => Targets::Signed(&drawn.signed),
        2 => Targets::Signed32(&drawn.short),
        _ => Targets::Rows(&view),
    };
    case.note(|| format!("{loss:?} A {:?} {target:?}", a.view()));
    let samples = || {
        of_rows(&a, reduction, plain::cross_entropy, |n| match drawn.kind {
            3 => {
                let y = |c: usize| Num::from(view[[n, c]]);
                RowTarget::Terms(classes.terms(y, columns), Num::of(1.0))
            }
            _ => classes.of_label(drawn.exactly(n), columns),
        })
    };
    if drive::whole(case, &loss, &a, target, samples) {
        if drawn.kind != 3 {
            drawn.check(case, &classes, columns);
        }
        drive::each(case, &loss, &a, target, &samples());
    }
    Some(())
}

fn nll<F: Float>(case: &mut Case) -> Option<()> {
    let (classes, reduction) = (Classes::draw(case), reduction(case));
    let classes = Classes { smoothing: 0.0, ..classes };
    let config = NllConfig {
        class_weights: classes.weights.clone(),
        ignore_index: classes.ignore,
        reduction,
    };
    let loss = case.attempt("NllLoss::new", || NllLoss::new(config))?;
    let a = predictions::<F>(case);
    let (rows, columns) = a.view().dim();
    let drawn = Drawn::draw(case, rows, columns);
    let target = match drawn.kind {
        0 => Labels::Classes(&drawn.classes),
        1 | 3 => Labels::Signed(&drawn.signed),
        _ => Labels::Signed32(&drawn.short),
    };
    case.note(|| format!("{loss:?} A {:?} {target:?}", a.view()));
    let samples = || {
        let target = |n| classes.of_class(drawn.exactly(n), columns);
        Samples { sparse: true, ..of_rows(&a, reduction, plain::nll, target) }
    };
    if drive::whole(case, &loss, &a, target, samples) {
        drawn.check(case, &classes, columns);
        drive::each(case, &loss, &a, target, &samples());
    }
    Some(())
}
