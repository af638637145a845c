//! What knows the processor: loops compiled for its vector instructions, matrix products, work on several threads, and
//! functions that run in vectors.
//!
//! The crate knows no error, parameter or layer, and depends on none of ours; whoever calls it has checked shapes. It is the only
//! crate in which `unsafe` may stand, and there in [`simd`] alone. `tensor-core` passes on what layers, losses and optimizers use.
//!
//! | item | what it is |
//! |---|---|
//! | [`Float`] | `f32` and `f64`, and nothing else |
//! | [`gemm`], [`gemm_row`] | the matrix product: the only place that names one |
//! | [`simd`] | loops compiled for the processor at hand |
//! | [`parallel`] | work in parts on the threads of the caller's pool |
//! | [`exponential`], [`logarithm`] | `exp`, `exp_m1`, `ln` and `ln_1p` that run in vectors |
//! | [`normal`] | the normal distribution function and its density, the same |

pub mod exponential;
mod float;
pub mod logarithm;
mod matmul;
pub mod normal;
pub mod parallel;
#[cfg(test)]
mod random;
pub mod simd;
#[cfg(test)]
mod ulps;

pub use float::Float;
pub use matmul::{gemm, gemm_row};
