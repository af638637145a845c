//! What knows the processor: loops compiled for its vector instructions, matrix products, work on
//! several threads, and functions and sums that run in vectors.
//!
//! The crate's one decision: **it knows no error, no parameter and no layer**. Whoever calls has
//! checked shapes; what does not fit is a panic. So it depends on nothing of ours, and it is the
//! only crate in which `unsafe` may stand, in [`simd`] alone: every other crate forbids it, and the
//! compiler looks. `unsafe` beside the layers that want it was rejected, because whoever trusts a
//! layer would then have to read all of it. `tensor-core` re-exports what layers, losses and
//! optimizers use.
//!
//! | item | what it is |
//! |---|---|
//! | [`Float`] | `f32` and `f64`, and nothing else |
//! | [`gemm`], [`gemm_row`], [`gemm_rows`] | the matrix product; `X Wᵀ` with a row added and without |
//! | [`simd::vectorized`], [`simd::Loop`] | loops compiled for the processor at hand |
//! | [`simd::Level`] | which vector instructions it has |
//! | [`simd::prefetch`] | memory that will be read soon |
//! | [`parallel::parts`], [`parallel::for_each`] | work on the threads of the caller's pool |
//! | [`exponential::exp`], [`exponential::exp_m1`] | `eˣ` and `eˣ − 1` in vectors |
//! | [`exponentials`] | `e^(x − max)` along rows, which softmax and losses on classes are made of |
//! | [`logarithm::ln`], [`logarithm::ln_1p`] | `ln y` and `ln(1 + x)` in vectors |
//! | [`special`] | sigmoid, tanh, softplus: right far from zero |
//! | [`sums`] | running sums that lose nothing, sums along rows, sums of many terms |
//! | [`normal`] | the normal distribution function and its density in vectors |

#[forbid(unsafe_code)]
pub mod exponential;
#[forbid(unsafe_code)]
pub mod exponentials;
#[forbid(unsafe_code)]
mod float;
#[forbid(unsafe_code)]
pub mod logarithm;
#[forbid(unsafe_code)]
mod matmul;
#[forbid(unsafe_code)]
pub mod normal;
#[forbid(unsafe_code)]
pub mod parallel;
#[cfg(test)]
mod random;
pub mod simd;
#[forbid(unsafe_code)]
pub mod special;
#[forbid(unsafe_code)]
pub mod sums;
#[cfg(test)]
mod ulps;
mod wide;

pub use float::Float;
pub use matmul::{gemm, gemm_row, gemm_rows};
pub use wide::Wide;
