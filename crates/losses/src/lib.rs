//! Loss functions, each in one file that opens with its formula.
//!
//! The crate's one decision: **a loss keeps nothing**. `backward` takes predictions and targets once more instead of
//! remembering those of the last `forward`, as the course's losses do; it returns the loss as well, so that a training loop
//! makes one pass, and a validation loss computed in between changes nothing.
//!
//! | loss | formula | targets |
//! |---|---|---|
//! | [`MseLoss`] | `Σ (A − Y)²/(N·C)` | an array like `A` |
//! | [`CrossEntropyLoss`] | `−1/N Σ Y ln softmax(A)` | [`Targets`]: classes or rows |

mod cross_entropy;
mod loss;
mod mse;

pub use cross_entropy::{CrossEntropyLoss, Targets};
pub use loss::{Loss, Reduction};
pub use mse::MseLoss;
