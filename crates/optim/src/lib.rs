//! Update rules, learning rate schedules, and what stands between a backward pass and a step.
//!
//! The crate's one decision: **a rule is given `(&mut [F], &[F])` and nothing else**, a parameter
//! and its gradient, one pair after the other, in the order in which a model shows them. Rules that
//! walk over layers, as in the course notes (see the page `course` of the crate `models`), were
//! rejected: they fail on a layer without a weight and leave out parameters whose names they do not
//! know.
//!
//! | rule | equations, without decay and options | PyTorch |
//! |---|---|---|
//! | [`Sgd`] | `v ← μ v + g; w ← w − λ v` | `SGD` |
//! | [`Adagrad`] | `s ← s + g²; w ← w − λ g/(√s + ε)` | `Adagrad` |
//! | [`RmsProp`] | `s ← α s + (1 − α) g²; w ← w − λ g/(√s + ε)` | `RMSprop` |
//! | [`Adam`] | means of `g` and `g²`, corrected to `m_hat` and `v_hat`; `w ← w − λ m_hat/(√v_hat + ε)` | `Adam` |
//! | [`AdamW`] | `w ← (1 − λη) w`, then Adam's step | `AdamW` |
//! | [`NAdam`] | Adam's step, one momentum ahead | `NAdam` |
//! | [`RAdam`] | Adam's step, rectified while `v_hat` is a mean of few squares | `RAdam` |
//! | [`Lion`] | `w ← w − λ sign(β₁ m + (1 − β₁) g); m ← β₂ m + (1 − β₂) g` | none |
//!
//! On a full batch, [`Lbfgs`] approximates second derivatives and looks for the length of each
//! step: PyTorch's `LBFGS`.
//!
//! With the feature `serde`, which is off by default, configurations and states are plain data to
//! be written and read.
//!
//! Each of these pages defines its symbols, says how the equations come about, and has an example
//! to work out by hand. [`Optimizer`] is what they have in common, [`Descent`] what they are made
//! of, [`Rule`] what a rule of your own implements.
//!
//! | parameters | |
//! |---|---|
//! | [`Group`] | another rate or decay for some parameters |
//! | [`Select`] | which ones: a choice by their [`Key`] |
//! | [`State`], [`ParameterState`] | what an optimizer keeps between two steps, to be saved |
//!
//! | between backward and step | |
//! |---|---|
//! | [`Optimizer::clip_grad_norm`] | all gradients scaled by one factor, if their norm is too large |
//! | [`Optimizer::clip_grad_value`] | each gradient moved into an interval |
//! | [`Optimizer::add_penalty`], [`Penalty`] | L1 and L2 terms on chosen parameters |
//!
//! They are called through the optimizer, because it knows which parameters are frozen.
//!
//! | around the loop | |
//! |---|---|
//! | [`Schedule`] | learning rates as functions of the step; the module [`schedule`] lists them |
//! | [`ReduceLrOnPlateau`] | a rate that falls when a metric stops improving |
//! | [`RateFinder`] | which rate to begin with |
//! | [`EarlyStopping`] | when to stop training |
//! | [`Goal`], [`Threshold`] | when a metric counts as better |
//!
//! # Examples
//!
//! With `λ = 0.1`, from `w = 1` with the gradient ½: `w = 1 − 0.1·½`.
//!
//! ```
//! use optim::{Optimizer, Sgd, SgdConfig};
#![doc = include_str!("../doc/weights.md")]
//! let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() })?;
//! let mut model = Weights([1.0]); // a model of one parameter; its workspace is the gradient
//! sgd.step(&mut model, &mut [0.5])?; // after forward and backward
//! assert_eq!(model.0, [0.95]);
//! # Ok::<(), Error>(())
//! ```

#![forbid(unsafe_code)]

mod adagrad;
mod adam;
mod adamw;
mod arithmetic;
mod check;
mod clip;
mod descent;
mod early_stopping;
mod group;
mod improvement;
mod lbfgs;
mod lion;
mod magnitude;
mod moments;
mod nadam;
mod optimizer;
mod penalty;
mod radam;
mod rate_finder;
mod rmsprop;
mod rule;
pub mod schedule;
mod select;
mod sgd;
mod state;
mod trained;

pub use adagrad::{Adagrad, AdagradConfig};
pub use adam::{Adam, AdamConfig};
pub use adamw::{AdamW, AdamWConfig};
pub use descent::Descent;
pub use early_stopping::{EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Progress};
pub use group::Group;
pub use improvement::{Goal, Threshold};
pub use lbfgs::{Lbfgs, LbfgsConfig, LbfgsOutcome, LbfgsPair, LbfgsState, LbfgsStep};
pub use lion::{Lion, LionConfig};
pub use nadam::{NAdam, NAdamConfig};
pub use optimizer::Optimizer;
pub use penalty::Penalty;
pub use radam::{RAdam, RAdamConfig};
pub use rate_finder::{RateFinder, RateFinderConfig, RatePoint, RateSearch, Suggestion};
pub use rmsprop::{RmsProp, RmsPropConfig};
pub use rule::{Buffers, MAX_BUFFERS, Rates, Rule, Step};
pub use schedule::{
    Anneal, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CycleMode, CyclicLr,
    CyclicLrConfig, ExponentialLr, LambdaLr, LinearLr, LinearLrConfig, MultiStepLr, OneCycleLr,
    OneCycleLrConfig, PlateauState, PolynomialLr, ReduceLrOnPlateau, ReduceLrOnPlateauConfig,
    Schedule, StepLr, Then,
};
pub use select::{Key, Select};
pub use sgd::{Sgd, SgdConfig};
pub use state::{ParameterState, State};

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(Sgd<f32>, Adagrad<f32>, RmsProp<f32>, Adam<f32>, AdamW<f64>)>();
const _: () = assert_send_sync::<(NAdam<f32>, RAdam<f32>, Lion<f64>)>();
const _: () = assert_send_sync::<(Group, Key, Select, State<f64>, Rates, Step, Penalty)>();
const _: () = assert_send_sync::<(ConstantLr, StepLr, MultiStepLr, ExponentialLr, LinearLr)>();
const _: () = assert_send_sync::<(CosineAnnealingLr, CosineAnnealingWarmRestarts, OneCycleLr)>();
const _: () = assert_send_sync::<(Lbfgs<f32>, LbfgsState<f64>, LbfgsStep, LbfgsOutcome)>();
const _: () = assert_send_sync::<(RateFinder, RatePoint, Suggestion)>();
const _: () = assert_send_sync::<(PolynomialLr, CyclicLr, LambdaLr<fn(u64) -> f64>)>();
const _: () = assert_send_sync::<(Then<StepLr, StepLr>, ReduceLrOnPlateau, EarlyStopping)>();
