//! Every loss, with a configuration drawn, beside its plain form: a line each.

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalConfig, BinaryFocalLoss,
    CrossEntropyConfig, CrossEntropyLoss, EachLoss, HingeConfig, HingeLoss, HuberConfig, HuberLoss,
    KlDivConfig, KlDivLoss, Labels, Loss, MaeLoss, MseLoss, NllConfig, NllLoss, PinballConfig,
    PinballLoss, PoissonNllConfig, PoissonNllLoss, Reduction, RmseLoss, SampleWeightedLoss,
    SmoothL1Config, SmoothL1Loss, Targets,
};
use ndarray::ArrayRef2;
use tensor_core::Float;

use super::batch::{Classes, Drawn, of_rows, predictions, reduction, targets, weights};
use super::plain::{self, RowTarget, Samples};
use super::{drive, more, more_plain};
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
    PinballLoss: |case, F| {
        let reduction = reduction(case);
        case.width = case.draw.width();
        let quantiles: Vec<f64> =
            (0..case.width).map(|_| case.draw.one_of(&[0.1, 0.5, 0.9, 1e-300])).collect();
        let config = PinballConfig { quantiles: quantiles.clone(), reduction };
        let loss = case.attempt("PinballLoss::new", || PinballLoss::new(config))?;
        elements::<F, _>(case, loss, reduction, move |a, y, c| {
            more_plain::pinball(a, y, quantiles[c])
        })
    };
    HingeLoss: |case, F| {
        let (squared, reduction) = (case.draw.once_in(2), reduction(case));
        let loss = HingeLoss::new(HingeConfig { squared, reduction });
        elements::<F, _>(case, loss, reduction, move |a, y, _| more_plain::hinge(a, y, squared))
    };
    PoissonNllLoss: |case, F| {
        let config = PoissonNllConfig {
            log_input: case.draw.once_in(2),
            full: case.draw.once_in(2),
            eps: case.draw.setting(&[1e-8, 1e-3]),
            reduction: reduction(case),
        };
        let loss = case.attempt("PoissonNllLoss::new", || PoissonNllLoss::new(config))?;
        elements::<F, _>(case, loss, config.reduction, move |a, y, _| {
            more_plain::poisson(a, y, config)
        })
    };
    BinaryFocalLoss: |case, F| {
        let (alpha, gamma) = (case.draw.setting(&[0.25, 0.5]), case.draw.setting(&[2.0, 0.0]));
        let alpha = case.draw.once_in(2).then_some(alpha);
        let config = BinaryFocalConfig { alpha, gamma, reduction: reduction(case) };
        let loss = case.attempt("BinaryFocalLoss::new", || BinaryFocalLoss::new(config))?;
        elements::<F, _>(case, loss, config.reduction, move |z, y, _| {
            more_plain::binary_focal(z, y, alpha, gamma)
        })
    };
    KlDivLoss: |case, F| kl_div::<F>(case);
    FocalLoss: |case, F| more::focal::<F>(case);
    GaussianNllLoss: |case, F| more::gaussian::<F>(case);
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

fn kl_div<F: Float>(case: &mut Case) -> Option<()> {
    let (log_target, reduction) = (case.draw.once_in(2), reduction(case));
    let loss = KlDivLoss::new(KlDivConfig { log_target, reduction });
    let a = predictions::<F>(case);
    let y = targets(case, &a);
    case.note(|| format!("{reduction:?} log {log_target} A {:?} Y {:?}", a.view(), y.view()));
    let plain = |a, y, _: usize| more_plain::kl_div(a, y, log_target);
    let samples = || more::by_rows(of_elements(&a, &y, reduction, &plain), reduction);
    let view = y.view();
    if drive::whole(case, &loss, &a, &*view, samples) {
        drive::each(case, &loss, &a, &*view, &samples());
    }
    Some(())
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
        of_rows(&a, reduction, &plain::cross_entropy, |n| match drawn.kind {
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
        Samples { sparse: true, ..of_rows(&a, reduction, &plain::nll, target) }
    };
    if drive::whole(case, &loss, &a, target, samples) {
        drawn.check(case, &classes, columns);
        drive::each(case, &loss, &a, target, &samples());
    }
    Some(())
}
