//! Loss functions, each in one file that opens with its formula.
//!
//! The crate's one decision: **a loss keeps nothing**. `backward` takes predictions and targets once more instead of
//! remembering those of the last `forward`, as the course's losses do; it returns the loss as well, so that a training loop
//! makes one pass, and a validation loss computed in between changes nothing.
//!
//! | loss | formula, as a mean | targets | PyTorch |
//! |---|---|---|---|
//! | [`MseLoss`] | `Σ (A − Y)²/(N·C)` | an array like `A` | `MSELoss` |
//! | [`MaeLoss`] | `Σ \|A − Y\|/(N·C)` | an array like `A` | `L1Loss` |
//! | [`RmseLoss`] | `√(Σ (A − Y)²/(N·C))` | an array like `A` | |
//! | [`HuberLoss`] | squared up to δ, absolute beyond | an array like `A` | `HuberLoss` |
//! | [`SmoothL1Loss`] | the same over its β | an array like `A` | `SmoothL1Loss` |
//! | [`BceLoss`] | `−Σ [Y ln A + (1 − Y) ln(1 − A)]/(N·C)` | an array like `A` | `BCELoss` |
//! | [`BceWithLogitsLoss`] | the same of `σ(A)` | an array like `A` | `BCEWithLogitsLoss` |
//! | [`NllLoss`] | `−Σ_n A[n, y_n]/N` | a class for each row | `NLLLoss` |
//! | [`CrossEntropyLoss`] | `−1/N Σ Y ln softmax(A)` | [`Targets`]: classes or rows | `CrossEntropyLoss` |
//!
//! | beside the mean | |
//! |---|---|
//! | [`Reduction::Sum`] | the sum over the samples |
//! | [`EachLoss`] | the loss of each sample: PyTorch's `reduction="none"` |
//! | [`Weighted`] | a weight for each row, with any of these losses |
//!
//! A loss of your own that works element by element is two formulas: [`ElementLoss`].

#![forbid(unsafe_code)]

mod bce;
mod bce_with_logits;
mod cross_entropy;
mod element;
mod huber;
mod loss;
mod mae;
mod mse;
mod nll;
mod rmse;
mod row;
mod smooth_l1;
mod targets;
mod weighted;

pub use bce::BceLoss;
pub use bce_with_logits::{BceWithLogitsConfig, BceWithLogitsLoss};
pub use cross_entropy::{CrossEntropyConfig, CrossEntropyLoss};
pub use element::ElementLoss;
pub use huber::{HuberConfig, HuberLoss};
pub use loss::{EachLoss, Loss, Reduction, WeightedLoss};
pub use mae::MaeLoss;
pub use mse::MseLoss;
pub use nll::{NllConfig, NllLoss};
pub use rmse::RmseLoss;
pub use smooth_l1::{SmoothL1Config, SmoothL1Loss};
pub use targets::Targets;
pub use weighted::Weighted;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(BceLoss, BceWithLogitsLoss, CrossEntropyLoss)>();
const _: () = assert_send_sync::<(HuberLoss, MaeLoss, MseLoss, NllLoss, RmseLoss, SmoothL1Loss)>();
const _: () = assert_send_sync::<(Targets<'_, f32>, Targets<'_, f64>, Weighted<NllLoss>)>();
