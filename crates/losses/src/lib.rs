//! Loss functions with their gradients, each on a page that derives one from the other.
//!
//! The crate's one decision: **a loss keeps nothing**. [`backward`](Loss::backward) reads
//! predictions and targets once more instead of keeping those of the last
//! [`forward`](Loss::forward), as the losses of the course notes (see the page `course` of the
//! crate `models`) do. It returns the loss as well, so that a training loop makes one pass, and a
//! validation loss computed in between changes nothing.
//!
//! ```
//! use losses::{CrossEntropyLoss, Loss, Targets};
//! use ndarray::{Array2, array};
//!
//! // One sample, two classes, both equally probable; class 1 is right.
//! let logits = array![[0.0, 0.0]];
//! let mut d_logits = Array2::zeros((1, 2));
//! let ce = CrossEntropyLoss::default();
//! let loss = ce.backward(&logits, Targets::Classes(&[1]), &mut d_logits)?;
//! assert_eq!(loss, 2.0_f64.ln());
//! assert_eq!(d_logits, array![[0.5, -0.5]]); // softmax − Y
//! # Ok::<(), tensor_core::Error>(())
//! ```
//!
//! # Losses
//!
//! `A (N, C)` are predictions, one sample a row; `Y` are targets.
//!
//! | loss | formula, as a mean | targets | PyTorch |
//! |---|---|---|---|
//! | [`MseLoss`] | `Σ (A − Y)²/(N·C)` | an array like `A` | `MSELoss` |
//! | [`MaeLoss`] | `Σ \|A − Y\|/(N·C)` | an array like `A` | `L1Loss` |
//! | [`RmseLoss`] | `√(Σ (A − Y)²/(N·C))` | an array like `A` | |
//! | [`HuberLoss`] | squared up to `δ`, absolute beyond | an array like `A` | `HuberLoss` |
//! | [`SmoothL1Loss`] | the same, divided by `δ` | an array like `A` | `SmoothL1Loss` |
//! | [`BceLoss`] | `−Σ [Y ln A + (1 − Y) ln(1 − A)]/(N·C)` | an array like `A` | `BCELoss` |
//! | [`BceWithLogitsLoss`] | the same of `σ(A)` | an array like `A` | `BCEWithLogitsLoss` |
//! | [`NllLoss`] | `−Σ_n A[n, y[n]]/N` | [`Labels`]: a class for each row | `NLLLoss` |
//! | [`CrossEntropyLoss`] | `−Σ Y ln softmax(A)/N` | [`Targets`]: classes or rows | `CrossEntropyLoss` |
//!
//! Choices of those that have any: [`HuberConfig`], [`SmoothL1Config`], [`BceWithLogitsConfig`],
//! [`NllConfig`], [`CrossEntropyConfig`].
//!
//! # What they have in common
//!
//! | | |
//! |---|---|
//! | [`Loss`] | `forward` and `backward`; where the `1/N` comes from |
//! | [`Reduction`] | mean or sum over the samples |
//! | [`EachLoss`] | the loss of each sample: PyTorch's `reduction="none"` |
//! | [`SampleWeighted`], [`SampleWeightedLoss`] | a weight for each row, with any of these losses |
//! | [`Targets`], [`Labels`], [`IGNORE_INDEX`] | classes as `usize`, `i64` or `i32`; PyTorch's ignored index |
//! | [`ElementLoss`] | a loss of your own that works element by element: two formulas |
//! | [`ColumnLoss`] | the same with a number for each column |

#![forbid(unsafe_code)]

mod bce;
mod bce_with_logits;
mod check;
mod cross_entropy;
mod domain;
mod element;
mod element_pass;
mod element_wide;
mod huber;
mod labels;
mod loss;
mod mae;
mod mse;
mod nll;
mod range;
mod reduction;
mod rmse;
mod row;
mod sample_weighted;
mod smooth_l1;
mod targets;
mod wide;

pub use bce::BceLoss;
pub use bce_with_logits::{BceWithLogitsConfig, BceWithLogitsLoss};
pub use cross_entropy::{CrossEntropyConfig, CrossEntropyLoss};
pub use domain::Domain;
pub use element::{ColumnLoss, ElementLoss};
pub use huber::{HuberConfig, HuberLoss};
pub use labels::{IGNORE_INDEX, Labels};
pub use loss::{EachLoss, Loss, SampleWeightedLoss};
pub use mae::MaeLoss;
pub use mse::MseLoss;
pub use nll::{NllConfig, NllLoss};
pub use reduction::Reduction;
pub use rmse::RmseLoss;
pub use sample_weighted::SampleWeighted;
pub use smooth_l1::{SmoothL1Config, SmoothL1Loss};
pub use targets::Targets;
pub use wide::Wide;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(BceLoss, BceWithLogitsLoss, CrossEntropyLoss)>();
const _: () = assert_send_sync::<(HuberLoss, MaeLoss, MseLoss, NllLoss, RmseLoss, SmoothL1Loss)>();
const _: () = assert_send_sync::<(Targets<'_, f32>, Targets<'_, f64>, Labels<'_>)>();
const _: () = assert_send_sync::<(SampleWeighted<NllLoss>, Reduction)>();
