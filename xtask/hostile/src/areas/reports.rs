//! Faults that were reported of other libraries, each as a call with its numbers, beside the plain
//! form or the value that the report says is right.

use layers::{
    Layer, LayerNorm, LayerNormConfig, LeakyRelu, LogSoftmax, Mode, RmsNorm, Sigmoid, Softplus,
};
use losses::{
    CrossEntropyConfig, CrossEntropyLoss, IGNORE_INDEX, Loss, NllConfig, NllLoss, Reduction,
    Targets,
};
use models::Mlp;
use ndarray::{Array2, array};
use optim::{
    AdamConfig, CosineAnnealingWarmRestarts, Descent, EarlyStopping, EarlyStoppingConfig, Goal,
    OneCycleLr, OneCycleLrConfig, Optimizer, Progress, ReduceLrOnPlateau, ReduceLrOnPlateauConfig,
    Schedule, Threshold,
};
use tensor_core::Float;

use crate::areas::layers::given;
use crate::areas::rules::model::Weights;
use crate::case::Case;
use crate::laid::bits;
use crate::plain_layers::{self as plain, Plain};

/// Where it was reported, and the call.
type Report = (&'static str, fn(&mut Case) -> Option<()>);

const REPORTS: [Report; 20] = [
    ("microsoft/onnxruntime#28463", |case| {
        norm_row::<f32>(case, &[4e4, 40_001.0, 40_002.0, 40_003.0])
    }),
    ("pytorch/pytorch#178123", |case| norm_row::<f32>(case, &[1e30, -1e30, 2e30, 0.0])),
    ("tracel-ai/burn#1992", |case| norm_row::<f32>(case, &[0.0; 5])),
    ("microsoft/onnxruntime#21935", |case| norm_row::<f32>(case, &[1234.0; 256])),
    ("tracel-ai/burn#5607", large_mean),
    ("pytorch/pytorch#98075", large_weight),
    ("issue 16, 7", |case| norm_row::<f64>(case, &[1e155, -1e155, 2e155, 0.0])),
    ("tracel-ai/burn#5373", softplus),
    ("huggingface/candle#1722", sigmoid),
    ("tracel-ai/burn#315", log_softmax),
    ("pytorch/pytorch#69339", smoothing_beside_ignored),
    ("pytorch/pytorch#73205", smoothing_beside_ignored),
    ("pytorch/pytorch#70348", all_ignored),
    ("pytorch/pytorch#91765", one_cycle),
    ("pytorch/pytorch#23480", warm_restarts),
    ("pytorch/pytorch#47513", plateau_below_zero),
    ("google-deepmind/optax#1767", stopping_below_zero),
    ("PaddlePaddle/Paddle#30777", clip_zeros),
    ("FeRx-NLME/ferx-core#1112", large_gradient),
    ("keras-team/keras#7085", frozen_statistics),
];

/// One report.
pub(crate) fn run(case: &mut Case) {
    let (origin, call) = case.draw.one_of(&REPORTS);
    case.about(origin);
    call(case);
}

fn near(case: &mut Case, got: f64, want: f64, what: &str) {
    let fine = (got - want).abs() <= 1e-6 * want.abs();
    case.must(fine, "number", || format!("{what}: {got:e}, expected {want:e}"));
}

fn row<F: Float>(values: &[f64]) -> Array2<F> {
    Array2::from_shape_fn((1, values.len()), |(_, c)| F::of(values[c]))
}

/// A row through the norms of rows, with a gradient that has no symmetry.
fn norm_row<F: Float>(case: &mut Case, values: &[f64]) -> Option<()> {
    let (x, n) = (row::<F>(values), values.len());
    let dy = Array2::from_shape_fn((1, n), |(_, c)| F::of(1.0 + c as f64 / 7.0));
    let norm = |about_zero, eps| Plain::Norm { group: n, length: 1, eps, about_zero };
    let layer = case.must_accept("LayerNorm::new", "a width", || LayerNorm::<F>::new(n))?;
    given(case, &layer, &norm(false, 1e-5), (&x, &dy));
    let layer = case.must_accept("RmsNorm::new", "a width", || RmsNorm::<F>::new(n))?;
    given(case, &layer, &norm(true, F::epsilon().as_f64()), (&x, &dy));
    Some(())
}

fn large_mean(case: &mut Case) -> Option<()> {
    for mean in [0.0, 100.0, 1e3, 1e4, 2000.0] {
        let values: Vec<f64> = (0..16).map(|i| mean + f64::from(i) * 1e-3).collect();
        norm_row::<f32>(case, &values)?;
    }
    Some(())
}

/// One value has no deviation from its own mean: a layer of it learns nothing, or gives its β.
fn large_weight(case: &mut Case) -> Option<()> {
    let config = LayerNormConfig { eps: 0.1, ..LayerNormConfig::default() };
    let made = case.attempt("LayerNorm::with_config", || LayerNorm::<f64>::with_config(1, config));
    if let Some(layer) = made {
        let mut y = array![[1.0]];
        case.attempt("infer", || layer.infer(&array![[-3.0]], &mut y));
        case.must(y[[0, 0]] == 0.0, "number", || format!("{y}"));
    }
    Some(())
}

fn softplus(case: &mut Case) -> Option<()> {
    let x = row::<f32>(&[20.0, 50.0, 100.0, -100.0, 18.0, 90.0]);
    for beta in [1.0, 5.0] {
        let layer = case.must_accept("Softplus::new", "β", || Softplus::new(beta))?;
        let form = plain::map(move |z| plain::softplus(z, beta));
        given(case, &layer, &form, (&x, &Array2::ones(x.dim())));
    }
    let layer = case.must_accept("LeakyRelu::new", "a slope", || LeakyRelu::new(0.01))?;
    let form = plain::map(|z| plain::leaky_relu(z, 0.01));
    given(case, &layer, &form, (&x, &Array2::ones(x.dim())));
    Some(())
}

fn sigmoid(case: &mut Case) -> Option<()> {
    let x = row::<f32>(&[-548.3162, -201.7132, -74.2032, -27.2899, 0.0, 74.2032, 548.3162]);
    given(case, &Sigmoid, &plain::map(plain::sigmoid), (&x, &Array2::ones(x.dim())));
    Some(())
}

fn log_softmax(case: &mut Case) -> Option<()> {
    let x = row::<f32>(&[-781.1664, -1043.7303, 890.2518, -1234.9999, -1622.5167, -2174.6855]);
    given(case, &LogSoftmax, &Plain::Rows(plain::log_softmax), (&x, &Array2::ones(x.dim())));
    Some(())
}

/// An ignored row takes no part: the batch without it has the same loss.
fn smoothing_beside_ignored(case: &mut Case) -> Option<()> {
    let config = CrossEntropyConfig {
        class_weights: Some(vec![1.0, 16.0, 0.5]),
        ignore_index: Some(IGNORE_INDEX),
        label_smoothing: 0.2,
        reduction: case.draw.one_of(&[Reduction::Mean, Reduction::Sum]),
    };
    let loss = case.must_accept("CrossEntropyLoss::new", "it", || CrossEntropyLoss::new(config))?;
    let (a, b) = (array![[1.0, 0.5, -2.0], [7.0, 8.0, 9.0]], array![[1.0, 0.5, -2.0]]);
    let two = case.must_accept("forward", "an ignored label", || {
        loss.forward(&a, Targets::Signed(&[1, -100]))
    })?;
    let one = case.must_accept("forward", "a label", || loss.forward(&b, Targets::Signed(&[1])))?;
    near(case, two, one, "the loss beside an ignored row");
    Some(())
}

fn all_ignored(case: &mut Case) -> Option<()> {
    let config = NllConfig { ignore_index: Some(IGNORE_INDEX), ..NllConfig::default() };
    let loss = case.must_accept("NllLoss::new", "an ignored index", || NllLoss::new(config))?;
    let mut da = array![[f64::NAN, f64::NAN]];
    let value = case.must_accept("backward", "an ignored label", || {
        loss.backward(&array![[-1.0, -0.5]], losses::Labels::Signed(&[-100]), &mut da)
    })?;
    case.must(value == 0.0 && da == array![[0.0, 0.0]], "number", || format!("{value} {da}"));
    Some(())
}

fn one_cycle(case: &mut Case) -> Option<()> {
    let config = OneCycleLrConfig::default();
    let made = case.must_accept("OneCycleLr::new", "it", || OneCycleLr::new(0.01, 50, config))?;
    // λ/(25·10⁴) at the last step, and it stays there.
    near(case, made.lr(49), 4e-8, "the last rate");
    near(case, made.lr(50), 4e-8, "the rate behind the last step");
    Some(())
}

fn warm_restarts(case: &mut Case) -> Option<()> {
    let made = case.must_accept("CosineAnnealingWarmRestarts::new", "it", || {
        CosineAnnealingWarmRestarts::new(0.5, 1, 2, 0.0)
    })?;
    let right = [0.5, 0.5, 0.25, 0.5, 0.426_776_695_296_636_9, 0.25, 0.073_223_304_703_363_1, 0.5];
    for (t, want) in (0..).zip(right) {
        near(case, made.lr(t), want, "a rate of the cycles");
    }
    Some(())
}

fn plateau_below_zero(case: &mut Case) -> Option<()> {
    let config = ReduceLrOnPlateauConfig {
        threshold: Threshold::Relative(0.1),
        patience: 0,
        ..ReduceLrOnPlateauConfig::default()
    };
    let made =
        case.must_accept("ReduceLrOnPlateau::new", "it", || ReduceLrOnPlateau::new(0.1, config));
    let mut plateau = made?;
    plateau.step(-1.0);
    // −0.95 is no better than −1 by a tenth of its size.
    near(case, plateau.step(-0.95), 0.01, "the rate after two metrics");
    Some(())
}

fn stopping_below_zero(case: &mut Case) -> Option<()> {
    let goal = case.draw.one_of(&[Goal::Min, Goal::Max]);
    let config = EarlyStoppingConfig {
        goal,
        patience: 1,
        threshold: Threshold::Relative(0.1),
        ..EarlyStoppingConfig::default()
    };
    let made = case.must_accept("EarlyStopping::new", "it", || EarlyStopping::new(config));
    let mut stopping = made?;
    let seen = [(); 3].map(|()| stopping.step(-3.0));
    let right = seen == [Progress::Improved, Progress::Waiting, Progress::Stop];
    case.must(right, "state", || format!("a constant metric of −3 is {seen:?}"));
    Some(())
}

fn adam(case: &mut Case) -> Option<Descent<f32, AdamConfig>> {
    case.must_accept("Adam::new", "the defaults", || Descent::new(AdamConfig::default()))
}

fn clip_zeros(case: &mut Case) -> Option<()> {
    let (adam, mut model) = (adam(case)?, Weights::one(vec![1.0; 3]));
    let mut grads = vec![vec![0.0; 3]];
    let norm = case.must_accept("clip_grad_norm", "zeros", || {
        adam.clip_grad_norm(&mut model, &mut grads, 1.0)
    })?;
    let zeros = norm == 0.0 && bits(grads[0].iter()) == [0; 3];
    case.must(zeros, "number", || format!("{norm} {grads:?}"));
    Some(())
}

/// The values at 40 digits are those of issue 16.
fn large_gradient(case: &mut Case) -> Option<()> {
    let (mut adam, mut model) = (adam(case)?, Weights::one(vec![0.0]));
    let right = [-0.001, -0.001_670_06, -0.002_188_02, -0.002_612_29];
    for (gradient, want) in [1e21, 1.0, 1.0, 1.0].into_iter().zip(right) {
        case.must_accept("step", "a finite gradient", || {
            adam.step(&mut model, &mut vec![vec![gradient]])
        })?;
        let got = f64::from(model.values[0][0]);
        let fine = (got / want - 1.0).abs() < 1e-5;
        case.must(fine, "number", || format!("w after {gradient:e}: {got:e}, expected {want:e}"));
    }
    Some(())
}

/// What is frozen keeps its statistics, in whatever mode it runs.
fn frozen_statistics(case: &mut Case) -> Option<()> {
    let built = case.must_accept("build", "it", || {
        Mlp::<f64>::new(&[2, 3, 1]).normalization(layers::BatchNorm1d::new).build()
    });
    let mut model = built?;
    case.must_accept("freeze", "a layer", || model.freeze("1"))?;
    let mut ws = case.must_accept("workspace", "a batch", || model.workspace(2))?;
    let before = bits(model.tensor("1.running_mean").ok()?.iter());
    let x = array![[1.0, 2.0], [3.0, -4.0]];
    case.must_accept("forward", "a batch", || model.forward(&x, &mut ws, Mode::Train).map(drop))?;
    case.must_accept("backward_from", "a gradient", || {
        model.backward_from(&array![[1.0], [2.0]], &mut ws).map(drop)
    })?;
    let mut sgd =
        case.must_accept("Sgd::new", "it", || Descent::new(optim::SgdConfig::default()))?;
    case.must_accept("step", "gradients", || sgd.step(&mut model, &mut ws))?;
    let after = bits(model.tensor("1.running_mean").ok()?.iter());
    case.must(before == after, "frozen", || "running statistics of a frozen layer moved".into());
    Some(())
}
