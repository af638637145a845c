//! A run that is cut anywhere and goes on from its state is the run without the cut, bit for bit.
//!
//! Each state of a run, after each step and after each epoch, goes through JSON and is resumed for
//! one step: the state after it has to be the next one of the run. So every cut run is the whole
//! run, by induction.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use data::{Dataset, Target};
use layers::{BatchNorm1d, Dropout, Linear, Relu};
use losses::{Loss, MseLoss};
use models::{Average, AveragedConfig, Branches, Mlp, Residual, Sequential};
use ndarray::Array2;
use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Anneal, ConstantLr, CosineAnnealingLr,
    CosineAnnealingWarmRestarts, CyclicLr, CyclicLrConfig, Descent, EarlyStoppingConfig,
    ExponentialLr, LambdaLr, LinearLr, LinearLrConfig, LionConfig, MultiStepLr, NAdamConfig,
    OneCycleLr, OneCycleLrConfig, PolynomialLr, RAdamConfig, ReduceLrOnPlateau,
    ReduceLrOnPlateauConfig, RmsPropConfig, Rule, Schedule, SgdConfig, StepLr,
};
use tensor_core::Rng;
use training::{
    EpochRecord, Error, Every, Flow, Observer, Running, StepRecord, Stopping, Trainer,
    TrainerConfig, TrainingState,
};

const VARIANTS: [&str; 7] =
    ["plain", "BatchNorm", "Dropout", "average", "accumulated", "early stopping", "nested"];

const N_SCHEDULES: usize = 14;

fn rows(n: usize, seed: u64) -> Dataset<f32> {
    let mut rng = Rng::new(seed);
    let x = Array2::from_shape_simple_fn((n, 2), || rng.normal() as f32);
    let y = Array2::from_shape_fn((n, 1), |(i, _)| x[[i, 0]] * x[[i, 1]]);
    Dataset::new(x, Target::Values(y)).unwrap()
}

fn model(variant: &str) -> Sequential<f32> {
    let mlp = Mlp::new(&[2, 4, 1]).seed(5);
    match variant {
        "BatchNorm" => mlp.normalization(BatchNorm1d::new).build().unwrap(),
        "Dropout" | "early stopping" => mlp.dropout(0.4).build().unwrap(),
        "nested" => nested(),
        _ => mlp.build().unwrap(),
    }
}

/// Dropout inside of layers that are made of layers.
fn nested() -> Sequential<f32> {
    let mut rng = Rng::new(1);
    let mut inner = |seed| {
        let linear = Linear::new(2, 2, &mut rng).unwrap();
        let dropout = Dropout::new(0.5, seed).unwrap();
        Sequential::builder(2).push(linear).push(dropout).build().unwrap()
    };
    let residual = Residual::new(inner(3)).unwrap();
    let branches = Branches::builder(2).branch(0..2, inner(4)).branch(0..2, Relu).build().unwrap();
    let last = Linear::new(4, 1, &mut Rng::new(2)).unwrap();
    Sequential::builder(2).push(residual).push(branches).push(last).build().unwrap()
}

fn config(variant: &str) -> TrainerConfig {
    let ema = Average::Exponential { decay: 0.7, warm_up: true };
    let averaged = AveragedConfig { average: ema, use_buffers: true };
    // Stops after the 40 steps that are looked at, and improves now and then before.
    let when = EarlyStoppingConfig { patience: 9, ..EarlyStoppingConfig::default() };
    TrainerConfig {
        epochs: 21,
        batch_size: 4,
        clip_norm: (variant == "plain").then_some(0.5),
        seed: 11,
        accumulate: if variant == "accumulated" { 2 } else { 1 },
        averaged: (variant == "average").then_some(averaged),
        stopping: (variant == "early stopping").then_some(Stopping { when, ..Default::default() }),
        ..TrainerConfig::default()
    }
}

fn with_schedule<R: Rule>(trainer: Trainer<f32, MseLoss, R>, i: usize) -> Trainer<f32, MseLoss, R> {
    let (lr, step, epoch) = (0.02, Every::Step, Every::Epoch);
    let one_cycle = OneCycleLrConfig { anneal: Anneal::Linear, ..Default::default() };
    let plateau = ReduceLrOnPlateauConfig { patience: 1, factor: 0.5, ..Default::default() };
    match i {
        0 => trainer,
        1 => trainer.schedule(step, ConstantLr::new(lr).unwrap()),
        2 => trainer.schedule(epoch, StepLr::new(lr, 2, 0.5).unwrap()),
        3 => trainer.schedule(step, MultiStepLr::new(lr, &[7, 20], 0.5).unwrap()),
        4 => trainer.schedule(epoch, ExponentialLr::new(lr, 0.9).unwrap()),
        5 => trainer.schedule(step, LinearLr::new(lr, LinearLrConfig::default()).unwrap()),
        6 => trainer.schedule(step, CosineAnnealingLr::new(lr, 50, 0.0).unwrap()),
        7 => {
            let restarts = CosineAnnealingWarmRestarts::new(lr, 3, 2, 0.001).unwrap();
            trainer.schedule(epoch, restarts)
        }
        8 => trainer.schedule(step, OneCycleLr::new(lr, 70, one_cycle).unwrap()),
        9 => trainer.schedule(step, PolynomialLr::new(lr, 60, 2.0).unwrap()),
        10 => {
            let cyclic = CyclicLr::new(0.001, lr, CyclicLrConfig::default()).unwrap();
            trainer.schedule(step, cyclic)
        }
        11 => {
            let inverse = |t: u64| 1.0 / (t as f64 + 1.0).sqrt();
            trainer.schedule(step, LambdaLr::new(lr, inverse).unwrap())
        }
        12 => {
            let warm_up = LinearLr::new(lr, LinearLrConfig::default()).unwrap();
            trainer.schedule(step, warm_up.then(5, ConstantLr::new(lr).unwrap()))
        }
        _ => trainer.reduce_on_plateau(ReduceLrOnPlateau::new(lr, plateau).unwrap()),
    }
}

/// Keeps every state; stops after `left` of them.
struct Keep {
    states: Vec<TrainingState<f32>>,
    left: usize,
}

impl Keep {
    fn new(left: usize) -> Self {
        Self { states: Vec::new(), left }
    }

    fn keep(&mut self, run: &dyn Running<f32>) -> Flow {
        self.states.push(run.state());
        if self.states.len() >= self.left { Flow::Stop } else { Flow::Continue }
    }
}

impl Observer<f32> for Keep {
    fn on_step(&mut self, _: &StepRecord, run: &dyn Running<f32>) -> Result<Flow, Error> {
        Ok(self.keep(run))
    }

    fn on_epoch(&mut self, _: &EpochRecord, run: &dyn Running<f32>) -> Result<Flow, Error> {
        Ok(self.keep(run))
    }
}

/// All of a state but its seconds, as text: every bit of it.
fn text(state: &TrainingState<f32>) -> String {
    let mut state = state.clone();
    state.history.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    serde_json::to_string(&state).unwrap()
}

/// Every cut of one run.
fn check<R: Rule>(rule: R, schedule: usize, variant: &str) {
    let place = format!("{}, schedule {schedule}, {variant}", R::NAME);
    let optimizer = Descent::<f32, R>::new(rule).unwrap();
    let trainer = Trainer::new(MseLoss::default(), optimizer, config(variant)).unwrap();
    let trainer = with_schedule(trainer, schedule);
    let (train, validation) = (rows(10, 1), rows(6, 2));
    let mut whole = Keep::new(usize::MAX);
    trainer.fit_observed(&mut model(variant), &train, Some(&validation), &mut whole).unwrap();
    let steps = whole.states.last().unwrap().step;
    assert!(steps >= 40, "{place}: {steps} steps");
    for pair in whole.states.windows(2).take_while(|pair| pair[0].step <= 40) {
        let saved: TrainingState<f32> = serde_json::from_str(&text(&pair[0])).unwrap();
        let mut next = Keep::new(1);
        let mut resumed = model(variant);
        trainer.resume(&saved, &mut resumed, &train, Some(&validation), &mut next).unwrap();
        let step = pair[0].step;
        let (found, expected) = (text(&next.states[0]), text(&pair[1]));
        assert!(found == expected, "{place}, after step {step}:\n{found}\n{expected}");
    }
}

fn check_all<R: Rule>(rule: R) {
    for schedule in 0..N_SCHEDULES {
        VARIANTS.into_iter().for_each(|variant| check(rule, schedule, variant));
    }
}

#[test]
fn any_cut_of_sgd() {
    check_all(SgdConfig { lr: 0.02, momentum: 0.9, nesterov: true, ..SgdConfig::default() });
}

#[test]
fn any_cut_of_adagrad() {
    check_all(AdagradConfig { lr: 0.02, ..AdagradConfig::default() });
}

#[test]
fn any_cut_of_rmsprop() {
    check_all(RmsPropConfig { lr: 0.02, momentum: 0.5, centered: true, ..Default::default() });
}

#[test]
fn any_cut_of_adam() {
    check_all(AdamConfig { lr: 0.02, amsgrad: true, ..AdamConfig::default() });
}

#[test]
fn any_cut_of_adamw() {
    check_all(AdamWConfig { lr: 0.02, ..AdamWConfig::default() });
}

#[test]
fn any_cut_of_nadam() {
    check_all(NAdamConfig { lr: 0.02, ..NAdamConfig::default() });
}

#[test]
fn any_cut_of_radam() {
    check_all(RAdamConfig { lr: 0.02, ..RAdamConfig::default() });
}

#[test]
fn any_cut_of_lion() {
    check_all(LionConfig { lr: 0.02, ..LionConfig::default() });
}

// To the end from the middle of an epoch, the way a user does it.
#[test]
fn the_end_of_a_cut_run_is_the_end_of_the_whole_run() {
    let (train, validation) = (rows(10, 1), rows(6, 2));
    for variant in VARIANTS {
        let adam = Descent::<f32, _>::new(AdamConfig { lr: 0.02, ..Default::default() }).unwrap();
        let trainer = Trainer::new(MseLoss::default(), adam, config(variant)).unwrap();
        let mut whole = model(variant);
        let history = trainer.fit(&mut whole, &train, Some(&validation)).unwrap();
        let mut cut = Keep::new(23);
        trainer.fit_observed(&mut model(variant), &train, Some(&validation), &mut cut).unwrap();
        let mut resumed = model(variant);
        let saved = cut.states.last().unwrap();
        let again =
            trainer.resume(saved, &mut resumed, &train, Some(&validation), &mut ()).unwrap();
        assert_eq!(again, history, "{variant}");
        let numbers = |model: &Sequential<f32>| training::Weights::of(model);
        assert_eq!(numbers(&resumed), numbers(&whole), "{variant}");
        let loss = |model: &Sequential<f32>| {
            let outputs = model.infer(validation.features()).unwrap();
            MseLoss::default().forward(&outputs, validation.values().unwrap()).unwrap()
        };
        assert_eq!(loss(&resumed).to_bits(), loss(&whole).to_bits(), "{variant}");
    }
}
