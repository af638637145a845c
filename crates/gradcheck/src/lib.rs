#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
//!
//! ## The one decision behind the design
//!
//! Everything that is checked, a closure or a model, becomes a [`Checkable`], and every element or
//! direction of it a function of one number whose derivative is judged by one routine. There is no
//! second path for scalars, directions, `f32` or Hessians. Rejected: generic scalars (dual
//! numbers, complex steps), which are exact but ask for a forward pass written for them; and
//! resampling at kinks, which hides how often it happens.

mod check;
mod config;
mod corruption;
mod decide;
mod derivative;
mod diagnosis;
mod directional;
mod display;
mod domain;
#[cfg(feature = "json")]
mod json;
mod ladder;
mod layout;
mod noise;
mod pattern;
mod report;
mod rng;
mod run;
mod second;
mod self_test;
mod single;
#[cfg(feature = "proptest")]
mod strategy;
mod structural;
mod subject;
mod sum;
mod tableau;
mod verdict;

pub use check::{check, check_gradient, check_vjp};
pub use config::{Config, Mode, Precision, Structural};
pub use derivative::{Derivative, Shape, derivative};
pub use diagnosis::{Hint, Mistake};
pub use domain::Domain;
pub use layout::{check_batch_split, check_views};
pub use report::{Counts, DirectionReport, Element, Report, TensorReport};
pub use rng::Rng;
pub use second::check_hessian_product;
pub use self_test::{SelfTest, SelfTestRow, corruptions, self_test, self_test_row};
pub use single::{Bound, check_single, check_vjp_single};
#[cfg(feature = "proptest")]
pub use strategy::{Case, CaseTree, Cases, Values};
pub use structural::{Check, Finding};
pub use subject::{Checkable, Tensor};
pub use verdict::{Fault, Reason, Verdict};
