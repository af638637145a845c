//! Loops compiled for the vector instructions of the processor at hand: the one module of the
//! project with `unsafe` in it.
//!
//! Rust compiles for the oldest processor of its target, which on x86-64 has vectors of four `f32`
//! and no fused multiply-add. This module asks the processor once ([`Level::detect`]) and then runs
//! the same loop compiled for what it found ([`vectorized`]), so that users need no compiler flags.
//!
//! | part | holds | why `unsafe` |
//! |---|---|---|
//! | [`vectorized`] | safe loops, compiled for every [level](Level) | a processor might lack the instructions |
//! | [`prefetch`] | memory that will be read soon | the instruction itself |
//! | `tile`, `dots`, `small`, `transpose` | the innermost loops of products | the same, and raw pointers |
//! | `tile::broadcast` | the loop of a tile | assembly: compilers take its sums out of registers |
//!
//! Where pointers are raw, bounds checks would cost registers. The modules without a link are
//! private.
//!
//! The measurement that demands it stands in `crates/models/PERFORMANCE.md`: what the matrix
//! product reaches on each level.

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
