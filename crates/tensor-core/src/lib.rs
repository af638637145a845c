//! What every layer, loss and optimizer stands on: a scalar type, one matrix product, sums in a fixed order, elementwise
//! kernels, seeded random numbers and the view of a model that optimizers see.
//!
//! The crate's one decision: **buffers belong to the caller**. Every function reads `&ArrayRef2<F>` and writes into
//! `&mut ArrayRef2<F>`; none returns a new array, so that a training step can run without touching the heap. Functions
//! that return arrays read better in an example and were rejected for that reason alone; the convenience wrappers live
//! higher up, in `models`.
//!
//! | module | holds |
//! |---|---|
//! | [`float`] | [`Float`]: `f32` and `f64`, and nothing else |
//! | [`error`] | [`Error`]: every way in which input can be wrong |
//! | [`matmul`] | [`gemm`]: the only place that names a matrix-product library |
//! | [`reduce`] | sums over slices and columns, always in the same order |
//! | [`columns`] | loops over all rows, with numbers that belong to a column |
//! | [`rows`] | sums over the values of one row, for loops in vector registers |
//! | [`moments`] | mean and variance that keep their digits far from zero |
//! | [`simd`] | loops compiled for the processor at hand; the one module with `unsafe` |
//! | [`parallel`] | work in parts on the threads of the caller's pool |
//! | [`gather`] | a batch of shuffled rows |
//! | [`elementwise`] | maps over one or two matrices, the bias broadcast |
//! | [`exponential`] | `exp` and `exp_m1` that run in vectors |
//! | [`logarithm`] | `ln` and `ln_1p`, the same |
//! | [`special`] | sigmoid, softplus and tanh that stay right far from zero |
//! | [`powers`], [`softmax`] | `e^(x − max)` along rows, softmax and its logarithm |
//! | [`rng`], [`init`] | one ChaCha generator, our uniform, normal and shuffle; initial weights |
//! | [`parameter`] | what a layer shows of its tensors, and [`Trainable`]: what an optimizer needs of a model |

pub mod columns;
pub mod elementwise;
pub mod error;
pub mod exponential;
pub mod float;
pub mod gather;
pub mod init;
pub mod logarithm;
pub mod matmul;
pub mod moments;
pub mod normal;
pub mod parallel;
pub mod parameter;
pub mod powers;
pub mod reduce;
pub mod rng;
pub mod rows;
pub mod simd;
pub mod softmax;
pub mod special;

pub use error::Error;
pub use float::Float;
pub use gather::gather_rows;
pub use init::Init;
pub use matmul::{gemm, gemm_row};
pub use parameter::{Kind, Parameter, Role, Tensor, TensorMut, Trainable};
pub use rng::Rng;
