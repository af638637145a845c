//! Which instructions a loop may use, found at run time.

use std::sync::LazyLock;

/// Which vector instructions a loop may use: each level is the one before it with more of them.
///
/// What a loop computes is the same on every level, but for the matrix product, whose steps are
/// rounded once where the processor has fused multiply-adds.
///
/// # Examples
/// ```
/// use kernels::simd::Level;
///
/// let level = Level::detect();
/// assert!(Level::Portable <= level && level <= Level::Avx512);
/// ```
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
        // Kept, because asking takes longer than many a loop.
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

    // Tests that compare all levels compare something.
    #[test]
    fn every_level_up_to_the_best_is_available() {
        let levels: Vec<_> = Level::available().collect();
        assert_eq!(levels, [Level::Portable, Level::Avx2, Level::Avx512][..levels.len()]);
        assert_eq!(levels.last(), Some(&Level::detect()));
    }
}
