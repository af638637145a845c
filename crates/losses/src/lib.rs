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
//! | [`PinballLoss`] | `Σ (τ or 1 − τ) \|A − Y\|/(N·C)`: quantiles | an array like `A` | |
//! | [`HingeLoss`] | `Σ max(0, 1 − Y A)/(N·C)` | −1 or 1, an array like `A` | |
//! | [`BinaryFocalLoss`] | binary cross-entropy, easy answers less | an array like `A` | torchvision's `sigmoid_focal_loss` |
//! | [`FocalLoss`] | cross-entropy, easy samples less | [`Labels`] | |
//! | [`KlDivLoss`] | `Σ Y (ln Y − A)/N` | an array like `A` | `KLDivLoss` |
//! | [`PoissonNllLoss`] | `Σ (e^A − Y A)/(N·C)` | counts, an array like `A` | `PoissonNLLLoss` |
//! | [`GaussianNllLoss`] | `Σ ½ (ln v + (m − Y)²/v)/(N·C)` | an array half as wide as `A = [m v]` | `GaussianNLLLoss` |
//!
//! Choices of those that have any: [`HuberConfig`], [`SmoothL1Config`], [`BceWithLogitsConfig`],
//! [`NllConfig`], [`CrossEntropyConfig`], [`PinballConfig`], [`HingeConfig`],
//! [`BinaryFocalConfig`], [`FocalConfig`], [`KlDivConfig`], [`PoissonNllConfig`],
//! [`GaussianNllConfig`].
//!
//! # What predictions and targets may be
//!
//! | loss | a prediction | a target |
//! |---|---|---|
//! | [`MseLoss`], [`MaeLoss`], [`RmseLoss`], [`HuberLoss`], [`SmoothL1Loss`], [`PinballLoss`] | any number | any number |
//! | [`BceLoss`] | from 0 to 1 | from 0 to 1 |
//! | [`BceWithLogitsLoss`], [`BinaryFocalLoss`] | any number | from 0 to 1 |
//! | [`HingeLoss`] | any number | −1 or 1 |
//! | [`NllLoss`], [`CrossEntropyLoss`], [`FocalLoss`] on labels | any number | a class from 0 to `C − 1`, or the ignored index |
//! | [`CrossEntropyLoss`] on [`Targets::Rows`] | any number | finite, ≥ 0; rows need not sum to 1 |
//! | [`KlDivLoss`] | any number | finite, ≥ 0; with `log_target`, any number |
//! | [`PoissonNllLoss`] | any number; without `log_input`, finite, ≥ 0 | finite, ≥ 0 |
//! | [`GaussianNllLoss`] | means: any number; variances: finite, ≥ 0; their logarithms: any number | any number |
//!
//! - What lies outside is an error that names row, column and value, and nothing is written.
//! - **NaN is refused nowhere in predictions and targets: NaN in gives NaN out**, in the loss and
//!   in the gradient of that prediction. Other rows keep their gradients, unless the formula joins
//!   them, as [`RmseLoss`] does. ±∞ goes through the formula, where a number may be infinite.
//! - Weights (of samples, of classes, of positive answers) are finite and ≥ 0, and not NaN.
//! - A row of sample weight 0, or with the ignored label, is not looked at, whatever it holds.
//! - Constants (`δ`, `β`, `ε`, `γ`, weights) are `f64` and used in `f64`, also for arrays of `f32`:
//!   none rounds to 0 or ∞ on the way, only a result is rounded.
//! - A result is right whenever it is representable: where a square, a sum or a ratio of weights on
//!   the way to it is not, [`Wide`] numbers compute it.
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
//! | [`Domain`], [`Wide`] | what such a loss takes; numbers beyond the range of `f64` |

#![forbid(unsafe_code)]

mod bce;
mod bce_with_logits;
mod binary_focal;
mod check;
mod cross_entropy;
mod domain;
mod element;
mod element_pass;
mod element_wide;
mod focal;
mod gaussian_nll;
mod hinge;
mod huber;
mod kl_div;
mod labels;
mod loss;
mod mae;
mod mse;
mod nll;
mod pinball;
mod poisson_nll;
mod range;
mod reduction;
mod rmse;
mod row;
mod sample_weighted;
mod smooth_l1;
mod targets;
mod wide_softmax;

pub use bce::BceLoss;
pub use bce_with_logits::{BceWithLogitsConfig, BceWithLogitsLoss};
pub use binary_focal::{BinaryFocalConfig, BinaryFocalLoss};
pub use cross_entropy::{CrossEntropyConfig, CrossEntropyLoss};
pub use domain::Domain;
pub use element::{ColumnLoss, ElementLoss};
pub use focal::{FocalConfig, FocalLoss};
pub use gaussian_nll::{GaussianNllConfig, GaussianNllLoss};
pub use hinge::{HingeConfig, HingeLoss};
pub use huber::{HuberConfig, HuberLoss};
pub use kl_div::{KlDivConfig, KlDivLoss};
pub use labels::{IGNORE_INDEX, Labels};
pub use loss::{EachLoss, Loss, SampleWeightedLoss};
pub use mae::MaeLoss;
pub use mse::MseLoss;
pub use nll::{NllConfig, NllLoss};
pub use pinball::{PinballConfig, PinballLoss};
pub use poisson_nll::{PoissonNllConfig, PoissonNllLoss};
pub use reduction::Reduction;
pub use rmse::RmseLoss;
pub use sample_weighted::SampleWeighted;
pub use smooth_l1::{SmoothL1Config, SmoothL1Loss};
pub use targets::Targets;
pub use tensor_core::Wide;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<(BceLoss, BceWithLogitsLoss, CrossEntropyLoss)>();
const _: () = assert_send_sync::<(HuberLoss, MaeLoss, MseLoss, NllLoss, RmseLoss, SmoothL1Loss)>();
const _: () = assert_send_sync::<(Targets<'_, f32>, Targets<'_, f64>, Labels<'_>)>();
const _: () = assert_send_sync::<(SampleWeighted<NllLoss>, Reduction)>();
const _: () = assert_send_sync::<(KlDivLoss, PoissonNllLoss, GaussianNllLoss)>();
const _: () = assert_send_sync::<(PinballLoss, HingeLoss, BinaryFocalLoss, FocalLoss)>();
