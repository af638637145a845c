//! The losses, each with every reduction, option and kind of target.

use gradcheck::{Checkable, Domain};
use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalConfig, BinaryFocalLoss,
    CrossEntropyConfig, CrossEntropyLoss, EachLoss, FocalConfig, FocalLoss, GaussianNllConfig,
    GaussianNllLoss, HingeConfig, HingeLoss, HuberConfig, HuberLoss, KlDivConfig, KlDivLoss,
    Labels, Loss, MaeLoss, MseLoss, NllConfig, NllLoss, PinballConfig, PinballLoss,
    PoissonNllConfig, PoissonNllLoss, Reduction, RmseLoss, SampleWeightedLoss, SmoothL1Config,
    SmoothL1Loss, Targets,
};
use ndarray::{Array1, Array2, ArrayRef2, Ix1, Ix2};
use tensor_core::Float;

use crate::item::{Item, Kind, Make, ONE_MODE, Terms};
use crate::{Draw, LossSubject, Subject};

/// What is made of a batch: one number, one with sample weights, or a random sum of each sample's.
#[derive(Debug, Clone, Copy)]
enum Form {
    Plain,
    Weighted,
    Each,
}

/// What predictions and targets are.
#[derive(Debug, Clone, Copy)]
enum Values {
    Real,
    Probabilities,
    /// Any number, and probabilities as targets.
    Logits,
    /// Any number, and −1 or 1 as targets.
    Margins,
    /// Means, then variances, for half as many targets.
    Variances,
    /// Means, then logarithms of variances.
    Halves,
}

impl Values {
    /// Predictions, targets, and where the predictions may move.
    fn draw<F: Float>(self, draw: &mut Draw, n: usize, c: usize) -> (Array2<F>, Array2<F>, Domain) {
        match self {
            Self::Real => (draw.matrix(n, c), draw.matrix(n, c), Domain::REAL),
            Self::Probabilities => {
                (draw.probabilities(n, c), targets(draw, n, c), Domain::new(0.0, 1.0))
            }
            Self::Logits => (draw.matrix(n, c), targets(draw, n, c), Domain::REAL),
            Self::Margins => {
                let signs =
                    draw.probabilities::<F>(n, c).mapv(|p| F::of(2.0) * p.round() - F::one());
                (draw.matrix(n, c), signs, Domain::REAL)
            }
            Self::Variances => {
                let a = draw.probabilities(n, 2 * c);
                (a, draw.matrix(n, c), Domain::new(0.0, f64::INFINITY))
            }
            Self::Halves => (draw.matrix(n, 2 * c), draw.matrix(n, c), Domain::REAL),
        }
    }
}

/// Probabilities; hard ones in one case of two.
fn targets<F: Float>(draw: &mut Draw, n: usize, c: usize) -> Array2<F> {
    let y = draw.probabilities::<F>(n, c);
    if draw.one_of(&[false, true]) { y.mapv(F::round) } else { y }
}

type Drawn = Option<Box<dyn Subject>>;

fn item(name: String, single: Make<dyn Subject>, double: Make<dyn Subject>) -> Item {
    let single: Make<dyn Checkable> = Box::new(move |draw, mode| Some(single(draw, mode)?));
    Item { name, kind: Kind::Loss, modes: ONE_MODE, terms: Terms::Largest, single, double }
}

/// Weights of rows; one of them may be 0, but not the first.
fn row_weights<F: Float>(draw: &mut Draw, n: usize) -> Vec<F> {
    let weights = draw.probabilities::<F>(1, n);
    weights.iter().enumerate().map(|(i, &w)| if i % 3 == 2 { F::zero() } else { w }).collect()
}

/// A loss on arrays, whose options may depend on the number of columns.
fn array_subject<F, L>(
    draw: &mut Draw,
    values: Values,
    form: Form,
    make: &dyn Fn(&mut Draw, usize) -> Option<L>,
) -> Drawn
where
    F: Float,
    L: for<'a> Loss<F, Target<'a> = &'a ArrayRef2<F>>
        + EachLoss<F, Samples = Ix2>
        + SampleWeightedLoss<F>
        + 'static,
{
    let (n, c) = (draw.length(), draw.length());
    let (a, y, domain) = values.draw::<F>(draw, n, c);
    let loss = make(draw, c)?;
    Some(match form {
        Form::Plain => subject(&a, domain, move |a, da| loss.backward(a, &y, da)),
        Form::Weighted => {
            let weights = row_weights(draw, n);
            subject(&a, domain, move |a, da| loss.sample_weighted(a, &y, &weights, Some(da)))
        }
        Form::Each => {
            let d_each = draw.matrix::<F>(n, c);
            subject(&a, domain, move |a, da| {
                let mut each = Array2::zeros(y.dim());
                loss.forward_each(a, &y, &mut each)?;
                loss.backward_each(a, &y, &d_each, da)?;
                Ok((each * &d_each).sum())
            })
        }
    })
}

fn subject<F: Float>(
    a: &Array2<F>,
    domain: Domain,
    backward: impl Fn(&ArrayRef2<F>, &mut ArrayRef2<F>) -> Result<F, tensor_core::Error> + 'static,
) -> Box<dyn Subject> {
    Box::new(LossSubject::new(a, domain, backward))
}

/// Rows of a loss on arrays: both reductions, sample weights, sample by sample.
macro_rules! on_arrays {
    ($items:ident, $name:literal, $values:expr, |$draw:ident, $c:ident, $reduction:ident| $make:expr) => {
        for (form, $reduction, what) in [
            (Form::Plain, Reduction::Mean, "mean"),
            (Form::Plain, Reduction::Sum, "sum"),
            (Form::Weighted, Reduction::Mean, "row weights, mean"),
            (Form::Weighted, Reduction::Sum, "row weights, sum"),
            (Form::Each, Reduction::Mean, "each"),
        ] {
            let make = move |$draw: &mut Draw, $c: usize| $make;
            $items.push(item(
                format!("{}({what})", $name),
                Box::new(move |draw, _| array_subject::<f32, _>(draw, $values, form, &make)),
                Box::new(move |draw, _| array_subject::<f64, _>(draw, $values, form, &make)),
            ));
        }
    };
}

/// Options of the losses on classes.
#[derive(Debug, Clone, Copy)]
struct Options {
    class_weights: bool,
    ignore: bool,
    smoothing: bool,
    reduction: Reduction,
}

impl Options {
    /// Every combination.
    fn all() -> impl Iterator<Item = Self> {
        (0..16).map(|bits| Self {
            class_weights: bits & 1 != 0,
            ignore: bits & 2 != 0,
            smoothing: bits & 4 != 0,
            reduction: if bits & 8 != 0 { Reduction::Sum } else { Reduction::Mean },
        })
    }

    fn name(self) -> String {
        let reduction = if self.reduction == Reduction::Mean { "mean" } else { "sum" };
        let chosen = [
            (self.class_weights, "weight"),
            (self.ignore, "ignore"),
            (self.smoothing, "smoothing"),
        ];
        let chosen = chosen.iter().filter(|(on, _)| *on).map(|(_, name)| format!(", {name}"));
        format!("{reduction}{}", chosen.collect::<String>())
    }

    fn class_weights(self, draw: &mut Draw, c: usize) -> Option<Vec<f64>> {
        self.class_weights.then(|| draw.probabilities(1, c).iter().copied().collect())
    }

    /// A label that no prediction has, so that it can be told from the classes.
    fn ignore_index(self, c: usize) -> Option<i64> {
        self.ignore.then_some(c as i64)
    }

    /// Labels below `c`, every third row ignored where a label is, but not the first.
    fn labels(self, draw: &mut Draw, n: usize, c: usize) -> Vec<usize> {
        let labels = draw.labels(n, c).into_iter().enumerate();
        labels.map(|(i, label)| if self.ignore && i % 3 == 1 { c } else { label }).collect()
    }

    fn cross_entropy(self, draw: &mut Draw, c: usize) -> Option<CrossEntropyLoss> {
        CrossEntropyLoss::new(CrossEntropyConfig {
            class_weights: self.class_weights(draw, c),
            ignore_index: self.ignore_index(c),
            label_smoothing: if self.smoothing { 0.125 } else { 0.0 },
            reduction: self.reduction,
        })
        .ok()
    }

    fn nll(self, draw: &mut Draw, c: usize) -> Option<NllLoss> {
        let (class_weights, ignore_index) = (self.class_weights(draw, c), self.ignore_index(c));
        NllLoss::new(NllConfig { class_weights, ignore_index, reduction: self.reduction }).ok()
    }
}

/// A loss on rows with targets that outlive it; `of` borrows them as the loss wants them.
fn class_subject<F, L, Y>(
    draw: &mut Draw,
    form: Form,
    (a, loss, y): (Array2<F>, L, Y),
    of: impl for<'a> Fn(&'a Y) -> L::Target<'a> + 'static,
) -> Drawn
where
    F: Float,
    L: EachLoss<F, Samples = Ix1> + SampleWeightedLoss<F> + 'static,
    Y: 'static,
{
    let n = a.nrows();
    Some(match form {
        Form::Plain => subject(&a, Domain::REAL, move |a, da| loss.backward(a, of(&y), da)),
        Form::Weighted => {
            let weights = row_weights(draw, n);
            subject(&a, Domain::REAL, move |a, da| {
                loss.sample_weighted(a, of(&y), &weights, Some(da))
            })
        }
        Form::Each => {
            let d_each = draw.matrix::<F>(1, n).row(0).to_owned();
            subject(&a, Domain::REAL, move |a, da| {
                let mut each = Array1::zeros(a.nrows());
                loss.forward_each(a, of(&y), &mut each)?;
                loss.backward_each(a, of(&y), &d_each, da)?;
                Ok((each * &d_each).sum())
            })
        }
    })
}

fn labelled<F: Float>(draw: &mut Draw, form: Form, options: Options) -> Drawn {
    let (n, c) = (draw.length(), draw.length_from(2));
    let case =
        (draw.matrix::<F>(n, c), options.cross_entropy(draw, c)?, options.labels(draw, n, c));
    class_subject(draw, form, case, |y| Targets::Classes(y))
}

fn distributed<F: Float>(draw: &mut Draw, form: Form, options: Options) -> Drawn {
    let (n, c) = (draw.length(), draw.length_from(2));
    // Rows that do not sum to 1.
    let case =
        (draw.matrix::<F>(n, c), options.cross_entropy(draw, c)?, draw.probabilities::<F>(n, c));
    class_subject(draw, form, case, |y| Targets::Rows(y))
}

fn nll<F: Float>(draw: &mut Draw, form: Form, options: Options) -> Drawn {
    let (n, c) = (draw.length(), draw.length());
    let case = (draw.matrix::<F>(n, c), options.nll(draw, c)?, options.labels(draw, n, c));
    class_subject(draw, form, case, |y| Labels::Classes(y))
}

/// Rows of a loss on classes: every combination of options, then sample weights and sample by
/// sample with all of them.
macro_rules! on_classes {
    ($items:ident, $name:literal, $make:ident, |$options:ident| $keep:expr) => {
        let kept: Vec<Options> = Options::all().filter(|$options| $keep).collect();
        let last = kept.iter().rev().take(1).flat_map(|&o| [(Form::Weighted, o), (Form::Each, o)]);
        for (form, options) in kept.iter().map(|&o| (Form::Plain, o)).chain(last) {
            let form_name = match form {
                Form::Plain => "",
                Form::Weighted => "row weights, ",
                Form::Each => "each, ",
            };
            $items.push(item(
                format!("{}{form_name}{})", $name, options.name()),
                Box::new(move |draw, _| $make::<f32>(draw, form, options)),
                Box::new(move |draw, _| $make::<f64>(draw, form, options)),
            ));
        }
    };
}

fn rmse<F: Float>(draw: &mut Draw, form: Form) -> Drawn {
    let (n, c) = (draw.length(), draw.length());
    let (a, y, weights) = (draw.matrix::<F>(n, c), draw.matrix::<F>(n, c), row_weights(draw, n));
    Some(subject(&a, Domain::REAL, move |a, da| match form {
        Form::Weighted => RmseLoss.sample_weighted(a, &y, &weights, Some(da)),
        _ => RmseLoss.backward(a, &y, da),
    }))
}

fn focal<F: Float>(draw: &mut Draw, form: Form, options: Options) -> Drawn {
    let (n, c) = (draw.length(), draw.length_from(2));
    let loss = FocalLoss::new(FocalConfig {
        gamma: draw.one_of(&[0.5, 1.0, 2.0]),
        class_weights: options.class_weights(draw, c),
        ignore_index: options.ignore_index(c),
        reduction: options.reduction,
    });
    let case = (draw.matrix::<F>(n, c), loss.ok()?, options.labels(draw, n, c));
    class_subject(draw, form, case, |y| Labels::Classes(y))
}

/// Quantiles, margins, likelihoods, focal losses.
fn newer(items: &mut Vec<Item>) {
    on_arrays!(items, "PinballLoss", Values::Real, |draw, c, reduction| {
        let quantiles = draw.probabilities::<f64>(1, c).iter().copied().collect();
        PinballLoss::new(PinballConfig { quantiles, reduction }).ok()
    });
    on_arrays!(items, "HingeLoss", Values::Margins, |draw, _c, reduction| {
        let squared = draw.one_of(&[false, true]);
        Some(HingeLoss::new(HingeConfig { squared, reduction }))
    });
    on_arrays!(items, "KlDivLoss", Values::Logits, |_draw, _c, reduction| {
        Some(KlDivLoss::new(KlDivConfig { log_target: false, reduction }))
    });
    on_arrays!(items, "KlDivLoss, log target", Values::Real, |_draw, _c, reduction| {
        Some(KlDivLoss::new(KlDivConfig { log_target: true, reduction }))
    });
    on_arrays!(items, "PoissonNllLoss", Values::Logits, |draw, _c, reduction| {
        let full = draw.one_of(&[false, true]);
        PoissonNllLoss::new(PoissonNllConfig { full, reduction, ..Default::default() }).ok()
    });
    on_arrays!(items, "PoissonNllLoss, rates", Values::Probabilities, |_draw, _c, reduction| {
        let config = PoissonNllConfig { log_input: false, reduction, ..Default::default() };
        PoissonNllLoss::new(config).ok()
    });
    on_arrays!(items, "GaussianNllLoss", Values::Variances, |_draw, _c, reduction| {
        let config = GaussianNllConfig { reduction, ..Default::default() };
        GaussianNllLoss::new(config).ok()
    });
    on_arrays!(items, "GaussianNllLoss, logarithms", Values::Halves, |draw, _c, reduction| {
        let full = draw.one_of(&[false, true]);
        let config =
            GaussianNllConfig { log_variance: true, full, reduction, ..Default::default() };
        GaussianNllLoss::new(config).ok()
    });
    on_arrays!(items, "BinaryFocalLoss", Values::Logits, |draw, _c, reduction| {
        let (alpha, gamma) = (Some(0.25), draw.one_of(&[0.5, 1.0, 2.0]));
        BinaryFocalLoss::new(BinaryFocalConfig { alpha, gamma, reduction }).ok()
    });
}

pub(crate) fn items() -> Vec<Item> {
    let mut items = Vec::new();
    on_arrays!(items, "MseLoss", Values::Real, |_draw, _c, reduction| Some(MseLoss { reduction }));
    on_arrays!(items, "MaeLoss", Values::Real, |_draw, _c, reduction| Some(MaeLoss { reduction }));
    on_arrays!(items, "HuberLoss", Values::Real, |draw, _c, reduction| {
        let delta = draw.one_of(&[0.5, 1.0, 2.0]);
        HuberLoss::new(HuberConfig { delta, reduction }).ok()
    });
    on_arrays!(items, "SmoothL1Loss", Values::Real, |draw, _c, reduction| {
        let beta = draw.one_of(&[0.5, 1.0, 2.0]);
        SmoothL1Loss::new(SmoothL1Config { beta, reduction }).ok()
    });
    on_arrays!(items, "BceLoss", Values::Probabilities, |_draw, _c, reduction| Some(BceLoss {
        reduction
    }));
    on_arrays!(items, "BceWithLogitsLoss", Values::Logits, |draw, c, reduction| {
        let weighted = draw.one_of(&[false, true]);
        let pos_weight =
            weighted.then(|| draw.probabilities::<f64>(1, c).iter().map(|w| 2.0 * w).collect());
        BceWithLogitsLoss::new(BceWithLogitsConfig { pos_weight, reduction }).ok()
    });
    newer(&mut items);
    for (form, what) in [(Form::Plain, ""), (Form::Weighted, "(row weights)")] {
        items.push(item(
            format!("RmseLoss{what}"),
            Box::new(move |draw, _| rmse::<f32>(draw, form)),
            Box::new(move |draw, _| rmse::<f64>(draw, form)),
        ));
    }
    on_classes!(items, "NllLoss(", nll, |o| !o.smoothing);
    on_classes!(items, "FocalLoss(", focal, |o| !o.smoothing);
    on_classes!(items, "CrossEntropyLoss(classes, ", labelled, |_o| true);
    on_classes!(items, "CrossEntropyLoss(rows, ", distributed, |o| !o.ignore);
    items
}
