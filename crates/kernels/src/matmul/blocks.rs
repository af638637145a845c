//! How a product is cut into blocks, and what it costs either way around.

use crate::simd::Level;

/// How much is packed at once.
pub(super) struct Blocks {
    /// Longest block of the inner dimension.
    k: usize,
    /// Bytes of a block of `A`: with a group of panels of `B` it has to fit into the second-level
    /// cache.
    a: usize,
    /// Bytes of a `B` that is packed all at once, so that `A` passes by once.
    b: usize,
    /// Multiply-adds, in vectors of 16, in the time that it takes to write one scalar of `C`
    /// transposed.
    transpose_c: usize,
}

impl Blocks {
    /// Into how many blocks `K` is cut. It depends on nothing else, because it decides in which
    /// order a sum runs. A `K` that is longer than a block by no more than half stays whole,
    /// because `C` is then written once.
    pub(super) fn k_blocks(&self, k: usize) -> usize {
        if k <= self.k + self.k / 2 + self.k / 16 { 1 } else { k.div_ceil(self.k) }
    }

    /// How many panels of `B`, each of `columns`, are packed together, and into how many blocks `M`
    /// is cut, for scalars of `size` bytes. A small `B` may be packed all `at_once`; `M` then stays
    /// whole.
    pub(super) fn cut(
        &self,
        (m, k, n): (usize, usize, usize),
        (size, columns): (usize, usize),
        at_once: bool,
        b_along: bool,
    ) -> (usize, usize) {
        let panels = n.div_ceil(columns);
        if at_once && (panels * columns).saturating_mul(k).saturating_mul(size) <= self.b {
            return (panels, 1);
        }
        let group = if b_along { GROUP_ALONG } else { GROUP };
        (group, m.saturating_mul(k).saturating_mul(size).div_ceil(self.a).max(1))
    }

    /// The cost of one step of `p`, in multiply-adds: those of the tiles, and the transposition
    /// where the rows of `B` or of `C` do not run along memory.
    pub(super) fn cost(
        &self,
        lanes: usize,
        (m, k, n): (usize, usize, usize),
        b_along: bool,
        c_along: bool,
    ) -> usize {
        let transpose_b = if b_along { 0 } else { n * lanes * TRANSPOSE_B };
        let transpose_c = if c_along {
            0
        } else {
            let scalars = m.saturating_mul(n).saturating_mul(lanes * self.transpose_c);
            scalars.saturating_mul(self.k_blocks(k)) / k.max(1)
        };
        let tiles = m.saturating_mul(n.next_multiple_of(lanes));
        tiles.saturating_add((transpose_b + transpose_c) / 16)
    }
}

/// The sizes that were measured to be best.
///
/// Processors with AVX-512 have second-level caches of 1 MiB or more, and blocks of `K` twice as
/// long halve how often `C` is read and written again. Others have 256 or 512 KiB, and a panel of
/// `B` with 256 rows just fits into half of a first-level cache of 32 KiB.
pub(super) fn blocks(level: Level) -> Blocks {
    match level {
        Level::Avx512 => Blocks { k: 512, a: 512 * 1024, b: 1024 * 1024, transpose_c: 20 },
        _ => Blocks { k: 256, a: 256 * 1024, b: 256 * 1024, transpose_c: 60 },
    }
}

/// Panels of `B` in a group: several, so that of each row of `B` several neighboring cache lines
/// are read, and of each row of `C` several are written.
const GROUP: usize = 8;

/// The same where the columns of `B` run along memory: they are read in whole cache lines anyway,
/// and a smaller group stays in the cache.
const GROUP_ALONG: usize = 2;

/// Multiply-adds, in vectors of 16, in the time that it takes to transpose one scalar of `B`.
const TRANSPOSE_B: usize = 22;

#[cfg(test)]
mod tests {
    use super::{Blocks, GROUP, GROUP_ALONG, blocks};
    use crate::simd::Level;

    // A sum may not depend on how C is cut, so a block depends on K alone.
    #[test]
    fn k_is_cut_when_it_is_longer_than_one_and_a_half_blocks() {
        for level in [Level::Portable, Level::Avx512] {
            let blocks = blocks(level);
            let whole = 3 * blocks.k / 2 + blocks.k / 16;
            for (k, parts) in [
                (0, 1),
                (1, 1),
                (blocks.k, 1),
                (whole, 1),
                (whole + 1, 2),
                (2 * blocks.k, 2),
                (2 * blocks.k + 1, 3),
            ] {
                assert_eq!(blocks.k_blocks(k), parts, "{level:?}, {k}");
            }
        }
    }

    // As many KiB as were measured to be best: nothing but time depends on them.
    #[test]
    fn blocks_are_as_large_as_they_were_measured() {
        for (level, kib) in [(Level::Avx512, [512, 1024]), (Level::Avx2, [256, 256])] {
            let Blocks { a, b, .. } = blocks(level);
            assert_eq!([a, b], kib.map(|kib| kib << 10), "{level:?}");
        }
    }

    // Only time tells these apart.
    #[test]
    fn a_small_b_is_packed_whole_and_a_large_a_is_cut() {
        let blocks = Blocks { k: 512, a: 3000, b: 3000, transpose_c: 0 };
        // Panels of 4 columns, 5 steps and scalars of 2 bytes: 40 bytes each, of which 75 have
        // 3,000.
        let cut = |m, n, whole, b_along| blocks.cut((m, 5, n), (2, 4), whole, b_along);
        assert_eq!(cut(2700, 300, true, true), (75, 1));
        assert_eq!(cut(2700, 297, true, false), (75, 1));
        assert_eq!(cut(2700, 301, true, true), (GROUP_ALONG, 9));
        assert_eq!(cut(2701, 300, false, true), (GROUP_ALONG, 10));
        assert_eq!(cut(0, 300, false, false), (GROUP, 1));
    }

    #[test]
    fn the_cost_is_that_of_tiles_and_of_transposing() {
        let blocks = Blocks { k: 512, a: 0, b: 0, transpose_c: 20 };
        // 22 products for a scalar of B and 20 for one of C, in vectors of 16.
        assert_eq!(blocks.cost(16, (3, 7, 20), true, true), 3 * 32);
        assert_eq!(blocks.cost(16, (3, 7, 20), false, true), 96 + 440);
        assert_eq!(blocks.cost(16, (3, 7, 20), true, false), 96 + 171);
        assert_eq!(blocks.cost(16, (3, 7, 20), false, false), 96 + 611);
        // Half as many in vectors of 8, and C is written once for each of three blocks of K.
        assert_eq!(blocks.cost(8, (300, 1100, 20), false, true), 300 * 24 + 220);
        assert_eq!(blocks.cost(8, (300, 1100, 20), true, false), 300 * 24 + 163);
        assert_eq!(blocks.cost(8, (2, 0, 8), true, false), 16 + 160);
    }
}
