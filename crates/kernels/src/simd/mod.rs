//! The processor's vector instructions, found at run time: the one module of the project with `unsafe` in it.
//!
//! Rust compiles for the oldest processor of its target, which on x86-64 has vectors of four `f32` and no fused
//! multiply-add. This module asks the processor once and then runs the same loop compiled for what it found, so that
//! users need no compiler flags.
//!
//! | part | holds | why `unsafe` |
//! |---|---|---|
//! | [`vectorized`] | safe loops, compiled once for every [level](Level) | calling a function compiled for instructions that a processor might lack |
//! | `tile`, `dots`, `small`, `transpose` | the innermost loops of the matrix product | the same, and raw pointers where bounds checks would cost registers |
//! | `tile::broadcast` | the loop of a tile, in assembly | compilers take its sums out of their registers |
//! | `prefetch` | memory that is asked for ahead | the instruction itself |
//!
//! The measurement that demands it: on a processor with AVX-512, `f32`, one thread, 128 × 784 × 512, the same blocks and loops
//! reach 31 GFLOP/s when compiled for the oldest processor, 92 to 104 with AVX2 and 160 to 174 with AVX-512 (measured by fixing
//! [`Level::detect`] to each).

#![allow(
    unsafe_code,
    reason = "see the table above: each block says why it is sound, and tests compare each level with the portable one"
)]

pub(crate) mod dots;
mod level;
mod prefetch;
pub(crate) mod small;
pub(crate) mod tile;
pub(crate) mod transpose;
mod vector;
mod vectorized;

pub use level::Level;
pub use prefetch::prefetch;
pub use vectorized::{Loop, vectorized};
