#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]
//!
//! ## Map
//!
//! | to check | call |
//! |---|---|
//! | a function with its vector–Jacobian product | [`check_vjp`] |
//! | a scalar function with its gradient | [`check_gradient`] |
//! | a layer, a loss or a model with parameters and state | [`check`], for a [`Checkable`] |
//! | a Hessian–vector product | [`check_hessian_product`] |
//! | an `f32` gradient against an `f64` one | [`check_single`], with a [`Bound`] |
//! | a function that exists in `f32` only | [`check_vjp_single`] |
//! | memory layouts, batches | [`check_views`], [`check_batch_split`] |
//! | the checker itself | [`self_test`], [`self_test_row`], [`corruptions`] |
//! | nothing: only measure a derivative | [`derivative`] → [`Derivative`], [`Shape`] |
//!
//! | to say | type |
//! |---|---|
//! | what the arguments are | [`Tensor`], [`Domain`] |
//! | how exactly, and how | [`Config`], [`Mode`], [`Precision`], [`Structural`] |
//! | random numbers with a seed | [`Rng`] |
#![cfg_attr(
    feature = "proptest",
    doc = "| cases for proptest | [`Cases`], [`Values`], [`Case`], [`CaseTree`] |"
)]
#![cfg_attr(
    not(feature = "proptest"),
    doc = "| cases, with the feature `proptest` | `Cases`, `Values`, `Case`, `CaseTree` |"
)]
//!
//! | in the answer | type |
//! |---|---|
//! | everything | [`Report`], [`TensorReport`], [`Counts`] |
//! | one element, one direction | [`Element`], [`DirectionReport`] |
//! | right, wrong or undecided, and why | [`Verdict`], [`Fault`], [`Reason`] |
//! | what needs no differences | [`Finding`], [`Check`] |
//! | what the failure looks like | [`Hint`], [`Mistake`] |
//! | a self-test | [`SelfTest`], [`SelfTestRow`] |
//!
//! ## The one decision behind the design
//!
//! Everything that is checked, a closure or a model, becomes a [`Checkable`], and every element or
//! direction of it a function of one number. One routine measures the derivative of that function
//! and decides. There is no second path for scalars, directions, `f32` or Hessians.
//!
//! Rejected: generic scalars (dual numbers, complex steps), which are exact but need a forward pass
//! that is written for them; and drawing another point when the first is at a kink, which hides how
//! often that happens.

mod arrays;
mod check;
mod config;
mod decision;
mod diagnosis;
mod numeric;
mod outcome;
mod random;
mod run;
mod self_test;
mod subject;

pub use check::batch::check_batch_split;
pub use check::derivative::{Derivative, Shape, derivative};
pub use check::hessian::check_hessian_product;
pub use check::single::{Bound, check_single, check_vjp_single};
pub use check::views::check_views;
pub use check::vjp::{check, check_gradient, check_vjp};
pub use config::{Config, Mode, Precision, Structural};
pub use outcome::counts::Counts;
pub use outcome::element::{DirectionReport, Element};
pub use outcome::finding::{Check, Finding};
pub use outcome::hint::{Hint, Mistake};
pub use outcome::report::{Report, TensorReport};
pub use outcome::verdict::{Fault, Reason, Verdict};
#[cfg(feature = "proptest")]
pub use random::cases::{Case, CaseTree, Cases, Values};
pub use random::rng::Rng;
pub use self_test::corrupt::{corruptions, self_test, self_test_row};
pub use self_test::table::{SelfTest, SelfTestRow};
pub use subject::checkable::Checkable;
pub use subject::domain::Domain;
pub use subject::tensor::Tensor;
