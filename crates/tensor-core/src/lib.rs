//! What every layer, loss and optimizer stands on: sums in a fixed order, functions that are right
//! far from zero, elementwise loops, seeded random numbers, errors, and what optimizers see of a
//! model.
//!
//! The crate's one decision: **buffers belong to the caller**. Every function reads `&ArrayRef2<F>`
//! and writes into `&mut ArrayRef2<F>`; none returns a new array, so that a training step can run
//! without touching the heap. Functions that return arrays read better in an example and were
//! rejected for that reason alone; the convenient forms stand higher up, in `models`.
//!
//! | item | what it is |
//! |---|---|
//! | [`Float`] | `f32` and `f64`, and nothing else |
//! | [`Error`] | every way in which input can be wrong |
//! | [`gemm`], [`gemm_row`], [`gemm_rows`] | the matrix product; `X Wᵀ` with a row added and without |
//! | [`memory`]: [`zeros`](memory::zeros), [`check_room`](memory::check_room) | arrays of sizes that come from outside |
//! | [`path`] | [`Path`]: names of tensors, without allocation |
//! | [`parameter`] | what a layer shows of its tensors, and [`Trainable`]: what an optimizer needs of a model |
//! | [`sums`]: [`column_sums`](sums::column_sums), [`columns`](sums::columns), [`rows`](sums::rows) | sums down columns, sums along rows |
//! | [`Sum`](sums::Sum), [`Lanes`](sums::Lanes), [`sum`](sums::sum()), [`sum_by`](sums::sum_by) | running sums that lose nothing; sums of many terms |
//! | [`Moments`](sums::Moments), [`ColumnMoments`](sums::ColumnMoments), [`deviation`](sums::deviation) | mean and variance |
//! | [`functions`]: [`exp`](functions::exp), [`ln`](functions::ln), [`sigmoid`](functions::sigmoid), [`tanh`](functions::tanh), … | functions of numbers |
//! | [`softmax`](functions::softmax), [`log_softmax`](functions::log_softmax), [`Exponentials`](functions::exponentials::Exponentials) | functions of rows |
//! | [`elementwise`]: [`map`](elementwise::map), [`map2`](elementwise::map2), [`map_rounded`](elementwise::map_rounded), [`chain_rounded`](elementwise::chain_rounded) | loops over the elements of matrices |
//! | [`gather_rows`], [`row_major`] | a batch of shuffled rows; a tensor as one slice |
//! | [`Rng`], [`Init`] | one ChaCha generator with our uniform, normal and shuffle; initial weights |
//! | [`simd`], [`parallel`] | loops compiled for the processor at hand; work on several threads |
//!
//! [`Float`], [`gemm`], [`gemm_row`], [`gemm_rows`], [`simd`] and [`parallel`] come from the crate
//! `kernels`.

#![forbid(unsafe_code)]

pub mod elementwise;
pub mod error;
pub mod functions;
mod layout;
pub mod memory;
#[cfg(feature = "serde")]
pub mod number;
pub mod parameter;
pub mod path;
pub mod random;
pub mod sums;

pub use elementwise::gather_rows;
pub use error::Error;
pub use kernels::{Float, Wide, gemm, gemm_row, gemm_rows, parallel, simd};
pub use layout::row_major;
pub use parameter::{Kind, Parameter, Role, Tensor, TensorMut, Trainable};
pub use path::Path;
pub use random::{Init, Rng};
