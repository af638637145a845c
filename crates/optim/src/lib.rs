//! Update rules over parameter slices.
//!
//! The crate's one decision: **a rule sees `(&mut [F], &[F])` and nothing else**, one pair after the other, in the order in
//! which a model shows them. Rules that walk over layers, as the course's SGD does, were rejected: they fail on a layer
//! without a weight and forget the ones they do not know.
//!
//! | rule | formula, without decay and options | PyTorch |
//! |---|---|---|
//! | [`Sgd`] | `v ← μ v + g; w ← w − λ v` | `SGD` |
//! | [`Adagrad`] | `s ← s + g²; w ← w − λ g/(√s + ε)` | `Adagrad` |
//! | [`RmsProp`] | `s ← α s + (1 − α) g²; w ← w − λ g/(√s + ε)` | `RMSprop` |
//! | [`Adam`] | means of `g` and `g²`, corrected; `w ← w − λ m̂/(√v̂ + ε)` | `Adam` |
//! | [`AdamW`] | `w ← (1 − λη) w`, then Adam's step | `AdamW` |
//!
//! | between backward and step | |
//! |---|---|
//! | [`clip_grad_norm`], [`clip_grad_value`] | gradients that are too large |
//! | [`Penalty`] | L1 and L2 terms on chosen parameters |
//!
//! | around the loop | |
//! |---|---|
//! | [`Schedule`] | learning rates as functions of the step; [`schedule`] lists them |
//! | [`ReduceLrOnPlateau`], [`EarlyStopping`] | what to do when a metric stops improving |
//!
//! [`Group`] gives some parameters another rate or decay, chosen by [`Select`]; [`Rule`] is what a rule of your own implements.
//!
//! ```
//! use optim::{Optimizer, Sgd, SgdConfig};
//! # use tensor_core::{Error, Parameter, Role, Trainable};
//! # struct Line(f64);
//! # impl Trainable<f64> for Line {
//! #     type Workspace = f64;
//! #     fn parameters(&mut self, g: &mut f64, visit: &mut dyn FnMut(Parameter<'_, f64>)) -> Result<(), Error> {
//! #         visit(Parameter::new("slope", Role::Weight, std::slice::from_mut(&mut self.0), std::slice::from_mut(g)));
//! #         Ok(())
//! #     }
//! # }
//! # let (mut model, mut workspace) = (Line(1.0), 0.5);
//!
//! let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() })?;
//! sgd.step(&mut model, &mut workspace)?; // after forward and backward
//! assert_eq!(model.0, 0.95);
//! # Ok::<(), Error>(())
//! ```

#![forbid(unsafe_code)]

mod adagrad;
mod adam;
mod adamw;
mod check;
mod clip;
mod descent;
mod early_stopping;
mod group;
mod improvement;
mod optimizer;
mod penalty;
mod rmsprop;
mod rule;
pub mod schedule;
mod select;
mod sgd;
mod state;

pub use adagrad::{Adagrad, AdagradConfig};
pub use adam::{Adam, AdamConfig};
pub use adamw::{AdamW, AdamWConfig};
pub use clip::{clip_grad_norm, clip_grad_value};
pub use descent::Descent;
pub use early_stopping::{EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Progress};
pub use group::Group;
pub use improvement::{Goal, Threshold};
pub use optimizer::Optimizer;
pub use penalty::Penalty;
pub use rmsprop::{RmsProp, RmsPropConfig};
pub use rule::{Buffers, MAX_BUFFERS, Rates, Rule, Step};
pub use schedule::{
    Anneal, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, ExponentialLr, LinearLr,
    LinearLrConfig, MultiStepLr, OneCycleLr, OneCycleLrConfig, PlateauState, ReduceLrOnPlateau,
    ReduceLrOnPlateauConfig, Schedule, StepLr, Then,
};
pub use select::{Key, Select};
pub use sgd::{Sgd, SgdConfig};
pub use state::State;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(Sgd<f32>, Adagrad<f32>, RmsProp<f32>, Adam<f32>, AdamW<f64>)>();
const _: () = assert_send_sync::<(Group, Key, Select, State<f64>, Step, Penalty)>();
const _: () = assert_send_sync::<(ConstantLr, StepLr, MultiStepLr, ExponentialLr, LinearLr)>();
const _: () = assert_send_sync::<(CosineAnnealingLr, CosineAnnealingWarmRestarts, OneCycleLr)>();
const _: () = assert_send_sync::<(Then<StepLr, StepLr>, ReduceLrOnPlateau, EarlyStopping)>();
