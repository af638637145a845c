//! Every loss as a case of one type, so that a property can be tested over all of them.

#![allow(dead_code, reason = "each test uses a part of it")]

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalConfig, BinaryFocalLoss,
    CrossEntropyConfig, CrossEntropyLoss, FocalConfig, FocalLoss, GaussianNllConfig,
    GaussianNllLoss, HingeConfig, HingeLoss, HuberConfig, HuberLoss, KlDivConfig, KlDivLoss,
    Labels, MaeLoss, MseLoss, NllConfig, NllLoss, PinballConfig, PinballLoss, PoissonNllConfig,
    PoissonNllLoss, Reduction, RmseLoss, SampleWeightedLoss, SmoothL1Config, SmoothL1Loss, Targets,
};
use ndarray::{Array2, ArrayRef2};
use tensor_core::{Error, Float, Rng};

/// What predictions or targets may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Values {
    Real,
    Probability,
    NotNegative,
    Sign,
    /// A class for each row.
    Label,
}

impl Values {
    /// A number that may be one.
    pub(crate) fn draw(self, rng: &mut Rng) -> f64 {
        match self {
            Self::Real | Self::Label => rng.normal(),
            Self::Probability => 0.05 + 0.9 * rng.uniform(),
            Self::NotNegative => 3.0 * rng.uniform(),
            Self::Sign => [-1.0, 1.0][rng.below(2)],
        }
    }

    /// Numbers that may be none.
    pub(crate) fn refused(self) -> &'static [f64] {
        const INFINITE: f64 = f64::INFINITY;
        match self {
            Self::Real | Self::Label => &[],
            Self::Probability => &[-1e-30, 1.000_001, 2.0, -1.0, 1e30, INFINITE, -INFINITE],
            Self::NotNegative => &[-1e-30, -1.0, -1e30, INFINITE, -INFINITE],
            Self::Sign => &[0.0, 0.5, 2.0, -1.000_001, INFINITE, -INFINITE],
        }
    }
}

/// What a call of a loss reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a, F> {
    pub(crate) a: &'a ArrayRef2<F>,
    pub(crate) y: &'a ArrayRef2<F>,
    pub(crate) labels: &'a [i64],
    pub(crate) weights: Option<&'a [F]>,
}

type Run<F> = Box<dyn Fn(Input<'_, F>, &mut ArrayRef2<F>) -> Result<F, Error>>;

/// One loss with its options.
pub(crate) struct Case<F> {
    pub(crate) name: String,
    pub(crate) predictions: Values,
    pub(crate) targets: Values,
    /// How many columns of predictions there are for one of targets.
    pub(crate) columns: usize,
    pub(crate) run: Run<F>,
}

/// The label that the losses on classes leave out.
pub(crate) const IGNORED: i64 = -100;

/// How many classes or columns every case is made for.
pub(crate) const COLUMNS: usize = 19;

/// A weight for each of them.
fn weights() -> Vec<f64> {
    (0..COLUMNS).map(|c| 0.25 + 0.125 * c as f64).collect()
}

fn backward<F: Float, L: SampleWeightedLoss<F>>(
    loss: &L,
    a: &ArrayRef2<F>,
    y: L::Target<'_>,
    weights: Option<&[F]>,
    da: &mut ArrayRef2<F>,
) -> Result<F, Error> {
    match weights {
        Some(weights) => loss.sample_weighted(a, y, weights, Some(da)),
        None => loss.backward(a, y, da),
    }
}

fn on_arrays<F: Float, L>(name: &str, predictions: Values, targets: Values, loss: L) -> Case<F>
where
    L: for<'a> SampleWeightedLoss<F, Target<'a> = &'a ArrayRef2<F>> + 'static,
{
    let run: Run<F> = Box::new(move |i, da| backward(&loss, i.a, i.y, i.weights, da));
    Case { name: name.to_owned(), predictions, targets, columns: 1, run }
}

fn on_labels<F: Float, L>(name: &str, loss: L) -> Case<F>
where
    L: for<'a> SampleWeightedLoss<F, Target<'a> = Labels<'a>> + 'static,
{
    let run: Run<F> =
        Box::new(move |i, da| backward(&loss, i.a, Labels::Signed(i.labels), i.weights, da));
    let (predictions, targets) = (Values::Real, Values::Label);
    Case { name: name.to_owned(), predictions, targets, columns: 1, run }
}

/// Cross-entropy, with labels and with rows.
fn cross_entropies<F: Float>(cases: &mut Vec<Case<F>>, reduction: Reduction) {
    for label_smoothing in [0.0, 0.125] {
        let config = |ignore_index| CrossEntropyConfig {
            class_weights: Some(weights()),
            ignore_index,
            label_smoothing,
            reduction,
        };
        let on_classes = CrossEntropyLoss::new(config(Some(IGNORED))).unwrap();
        let on_rows = CrossEntropyLoss::new(config(None)).unwrap();
        let name =
            |kind| format!("cross-entropy, {kind}, smoothing {label_smoothing}, {reduction:?}");
        cases.push(Case {
            name: name("labels"),
            predictions: Values::Real,
            targets: Values::Label,
            columns: 1,
            run: Box::new(move |i, da| {
                backward(&on_classes, i.a, Targets::Signed(i.labels), i.weights, da)
            }),
        });
        cases.push(Case {
            name: name("rows"),
            predictions: Values::Real,
            targets: Values::NotNegative,
            columns: 1,
            run: Box::new(move |i, da| backward(&on_rows, i.a, Targets::Rows(i.y), i.weights, da)),
        });
    }
}

fn newer<F: Float>(cases: &mut Vec<Case<F>>, reduction: Reduction) {
    use Values::{Probability, Real, Sign};
    let name = |name: &str| format!("{name}, {reduction:?}");
    let quantiles = (0..COLUMNS).map(|c| 0.125 + 0.03 * c as f64).collect();
    let pinball = PinballLoss::new(PinballConfig { quantiles, reduction }).unwrap();
    cases.push(on_arrays(&name("pinball"), Real, Real, pinball));
    for squared in [false, true] {
        let hinge = HingeLoss::new(HingeConfig { squared, reduction });
        cases.push(on_arrays(&name(&format!("hinge, squared {squared}")), Real, Sign, hinge));
    }
    for (alpha, gamma) in [(Some(0.25), 2.0), (None, 0.5)] {
        let focal = BinaryFocalConfig { alpha, gamma, reduction };
        let focal = BinaryFocalLoss::new(focal).unwrap();
        cases.push(on_arrays(&name(&format!("binary focal, γ {gamma}")), Real, Probability, focal));
        let class_weights = Some(weights());
        let focal = FocalConfig { gamma, class_weights, ignore_index: Some(IGNORED), reduction };
        cases.push(on_labels(&name(&format!("focal, γ {gamma}")), FocalLoss::new(focal).unwrap()));
    }
}

fn likelihoods<F: Float>(cases: &mut Vec<Case<F>>, reduction: Reduction) {
    use Values::{NotNegative, Real};
    for option in [false, true] {
        let name = |name: &str| format!("{name}, {option}, {reduction:?}");
        let targets = if option { Real } else { NotNegative };
        let kl = KlDivLoss::new(KlDivConfig { log_target: option, reduction });
        cases.push(on_arrays(&name("kl-div"), Real, targets, kl));
        let poisson = PoissonNllConfig { log_input: option, full: option, reduction, eps: 1e-8 };
        let predictions = if option { Real } else { NotNegative };
        let poisson = PoissonNllLoss::new(poisson).unwrap();
        cases.push(on_arrays(&name("poisson-nll"), predictions, NotNegative, poisson));
        let gaussian = GaussianNllConfig { log_variance: option, reduction, ..Default::default() };
        let gaussian = GaussianNllLoss::new(gaussian).unwrap();
        let case = on_arrays(&name("gaussian-nll"), predictions, Real, gaussian);
        cases.push(Case { columns: 2, ..case });
    }
}

/// Every loss.
pub(crate) fn cases<F: Float>() -> Vec<Case<F>> {
    use Values::{Probability, Real};
    let mut cases = vec![on_arrays("rmse", Real, Real, RmseLoss)];
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let name = |name: &str| format!("{name}, {reduction:?}");
        cases.push(on_arrays(&name("mse"), Real, Real, MseLoss { reduction }));
        cases.push(on_arrays(&name("mae"), Real, Real, MaeLoss { reduction }));
        let huber = HuberLoss::new(HuberConfig { delta: 0.75, reduction }).unwrap();
        cases.push(on_arrays(&name("huber"), Real, Real, huber));
        let smooth = SmoothL1Loss::new(SmoothL1Config { beta: 0.75, reduction }).unwrap();
        cases.push(on_arrays(&name("smooth-l1"), Real, Real, smooth));
        cases.push(on_arrays(&name("bce"), Probability, Probability, BceLoss { reduction }));
        let pos_weight = Some(weights());
        let bce = BceWithLogitsLoss::new(BceWithLogitsConfig { pos_weight, reduction }).unwrap();
        cases.push(on_arrays(&name("bce-with-logits"), Real, Probability, bce));
        let class_weights = Some(weights());
        let nll = NllConfig { class_weights, ignore_index: Some(IGNORED), reduction };
        cases.push(on_labels(&name("nll"), NllLoss::new(nll).unwrap()));
        cross_entropies(&mut cases, reduction);
        newer(&mut cases, reduction);
        likelihoods(&mut cases, reduction);
    }
    cases
}

/// Predictions, targets and labels that a case takes, of `rows` rows.
pub(crate) fn draw<F: Float>(
    case: &Case<F>,
    rows: usize,
    rng: &mut Rng,
) -> (Array2<F>, Array2<F>, Vec<i64>) {
    let array = |values: Values, columns: usize, rng: &mut Rng| {
        Array2::from_shape_simple_fn((rows, columns), || F::of(values.draw(rng)))
    };
    let a = array(case.predictions, COLUMNS * case.columns, rng);
    let y = array(case.targets, COLUMNS, rng);
    (a, y, (0..rows).map(|n| (n * 2 + 1) as i64 % 3).collect())
}
