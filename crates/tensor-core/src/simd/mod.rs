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

use std::sync::LazyLock;

pub(crate) mod dots;
mod prefetch;
pub(crate) mod small;
pub(crate) mod tile;
pub(crate) mod transpose;
mod vector;
mod vectorized;

pub(crate) use prefetch::prefetch;
pub use vectorized::{Loop, vectorized};

/// Which instructions a loop may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with AVX2 and fused multiply-add: 8 `f32`, 16 registers.
    Avx2,
    /// x86-64 with AVX-512 (F, VL, DQ, BW): 16 `f32`, 32 registers.
    Avx512,
}

impl Level {
    /// The best level of the processor that runs this.
    #[inline]
    pub fn detect() -> Self {
        // Six questions to the standard library take longer than many a loop.
        static BEST: LazyLock<Level> = LazyLock::new(Level::ask);
        *BEST
    }

    fn ask() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = [is_x86_feature_detected!("avx2"), is_x86_feature_detected!("fma")];
            let avx512 = [
                is_x86_feature_detected!("avx512f"),
                is_x86_feature_detected!("avx512vl"),
                is_x86_feature_detected!("avx512dq"),
                is_x86_feature_detected!("avx512bw"),
            ];
            let has = |all: &[bool]| all.iter().all(|&one| one);
            match (has(&avx2), has(&avx512)) {
                (true, true) => return Self::Avx512,
                (true, false) => return Self::Avx2,
                (false, _) => {}
            }
        }
        Self::Portable
    }

    /// All levels of the processor that runs this: for tests that compare them.
    #[cfg(test)]
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        let best = Self::detect();
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(move |&level| level <= best)
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    // Whoever compares all levels compares something.
    #[test]
    fn every_level_up_to_the_best_is_available() {
        let levels: Vec<_> = Level::available().collect();
        assert_eq!(levels, [Level::Portable, Level::Avx2, Level::Avx512][..levels.len()]);
        assert_eq!(levels.last(), Some(&Level::detect()));
    }
}
