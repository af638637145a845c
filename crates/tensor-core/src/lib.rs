//! What every layer, loss and optimizer stands on: sums in a fixed order, functions, elementwise loops, seeded random numbers,
//! errors, and the view of a model that optimizers see.
//!
//! The crate's one decision: **buffers belong to the caller**. Every function reads `&ArrayRef2<F>` and writes into
//! `&mut ArrayRef2<F>`; none returns a new array, so that a training step can run without touching the heap. Functions
//! that return arrays read better in an example and were rejected for that reason alone; the convenience wrappers live
//! higher up, in `models`.
//!
//! | item | what it is |
//! |---|---|
//! | [`Float`] | `f32` and `f64`, and nothing else |
//! | [`Error`] | every way in which input can be wrong |
//! | [`gemm`], [`gemm_row`] | the matrix product, from the crate `kernels` |
//! | [`row_major`] | a tensor as one slice |
//! | [`elementwise`], [`gather_rows`] | maps over one or two matrices; a batch of shuffled rows |
//! | [`sums`] | sums down columns and along rows, mean and variance |
//! | [`functions`] | exponentials, logarithms, sigmoid, softmax |
//! | [`random`] | one ChaCha generator, our uniform, normal and shuffle; initial weights |
//! | [`path`] | [`Path`]: names of tensors, without allocation |
//! | [`parameter`] | what a layer shows of its tensors, and [`Trainable`]: what an optimizer needs of a model |
//! | [`simd`], [`parallel`] | loops compiled for the processor at hand; work on several threads; from the crate `kernels` |

#![forbid(unsafe_code)]

pub mod elementwise;
pub mod error;
pub mod functions;
mod layout;
pub mod parameter;
pub mod path;
pub mod random;
pub mod sums;

pub use elementwise::gather_rows;
pub use error::Error;
pub use kernels::{Float, gemm, gemm_row, parallel, simd};
pub use layout::row_major;
pub use parameter::{Kind, Parameter, Role, Tensor, TensorMut, Trainable};
pub use path::Path;
pub use random::{Init, Rng};
