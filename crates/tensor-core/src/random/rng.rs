//! Random numbers that are the same bits on every platform, for ever.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng as _, SeedableRng};

/// A seeded generator of random numbers: two with the same seed, stream and position give the same
/// bits, on every platform, for ever.
///
/// It is ChaCha with 8 rounds (Bernstein, *ChaCha, a variant of Salsa20*, 2008,
/// <https://cr.yp.to/chacha/chacha-20080128.pdf>), its key the 8 little-endian bytes of the seed
/// and 24 zero bytes. What turns its words into numbers is written here, because libraries change
/// theirs between minor versions, and a model's initial weights are a promise. `ln`, `cos` and
/// `sqrt` come from `libm`, because the system's own differ in the last bit from one platform to
/// the next.
///
/// # Examples
/// ```
/// use tensor_core::Rng;
///
/// let (mut a, mut b) = (Rng::new(7), Rng::new(7));
/// assert_eq!(a.uniform().to_bits(), b.uniform().to_bits());
///
/// // Streams are independent: what one part of a program draws changes no number of another.
/// let mut shuffle = Rng::with_stream(7, 1);
/// assert_ne!(a.next_u64(), shuffle.next_u64());
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Rng(ChaCha8Rng);

/// Where an [`Rng`] stands: all that a checkpoint has to keep of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The seed.
    pub seed: u64,
    /// The stream of the seed.
    pub stream: u64,
    /// 32-bit words drawn so far.
    pub word: u64,
}

impl Rng {
    /// The first stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self::with_stream(seed, 0)
    }

    /// Stream number `stream` of `seed`; every stream is independent of the others.
    pub fn with_stream(seed: u64, stream: u64) -> Self {
        Self::at(Position { seed, stream, word: 0 })
    }

    /// A generator that continues at `position`.
    pub fn at(position: Position) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&position.seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(position.stream);
        rng.set_word_pos(u128::from(position.word));
        Self(rng)
    }

    /// Where the generator stands now.
    pub fn position(&self) -> Position {
        let mut seed = [0; 8];
        seed.copy_from_slice(&self.0.get_seed()[..8]);
        Position {
            seed: u64::from_le_bytes(seed),
            stream: self.0.get_stream(),
            // 2⁶⁴ words are 584 years of drawing at 1 GHz.
            word: self.0.get_word_pos() as u64,
        }
    }

    /// 64 random bits: two words of the stream, the first one low.
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.0.next_u32());
        low | u64::from(self.0.next_u32()) << 32
    }

    /// Uniform in `[0, 1)`: the top 53 of 64 bits, so every value is a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `0..n`, without bias; 0 if `n` is 0.
    ///
    /// Multiplies instead of dividing and rejects the few draws that would favor some values
    /// (Lemire, *Fast Random Integer Generation in an Interval*, ACM TOMACS 29(1), 2019,
    /// <https://arxiv.org/abs/1805.10941>, algorithm 5).
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            let low = product as u64;
            // 2⁶⁴ mod n values at the bottom of each interval are surplus; the first test avoids
            // the division.
            if low >= n || low >= n.wrapping_neg().checked_rem(n).unwrap_or(0) {
                return (product >> 64) as usize;
            }
        }
    }

    /// Normal with mean 0 and variance 1.
    ///
    /// `√(−2 ln u₁) cos(2π u₂)` with `u₁` in `(0, 1]` (Box and Muller, Ann. Math. Statist. 29(2),
    /// 1958, <https://doi.org/10.1214/aoms/1177706645>). The second value of the pair is not kept:
    /// a generator without hidden state can be restored from its position alone.
    pub fn normal(&mut self) -> f64 {
        let u1 = 1.0 - self.uniform();
        let u2 = self.uniform();
        libm::sqrt(-2.0 * libm::log(u1)) * libm::cos(2.0 * std::f64::consts::PI * u2)
    }

    /// Puts `items` into a uniformly random order.
    ///
    /// From the back, each place takes one of the items not yet placed (Fisher–Yates; Knuth, *The
    /// Art of Computer Programming* 2, section 3.4.2, algorithm P).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// The numbers `0..n` in a uniformly random order: the rows of one epoch.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_generator_is_chacha8() {
        // Test vector TC1 of draft-strombergson-chacha-test-vectors-01, 8 rounds, 256-bit key: key
        // and nonce all zero, the first keystream bytes are 3e 00 ef 2f 89 5f 40 d6.
        let mut rng = Rng::new(0);
        assert_eq!(rng.next_u64().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
    }

    #[test]
    fn seeds_streams_and_positions_are_different_numbers() {
        let draw = |mut rng: Rng| [rng.next_u64(), rng.next_u64()];
        let first = draw(Rng::new(1));
        assert_ne!(first, draw(Rng::new(2)));
        assert_ne!(first, draw(Rng::with_stream(1, 1)));
        let mut rng = Rng::with_stream(5, 3);
        for n in 0..100 {
            let mut resumed = Rng::at(rng.position());
            assert_eq!(rng.next_u64(), resumed.next_u64(), "after {n} draws");
        }
    }

    #[test]
    fn uniform_moments() {
        let mut rng = Rng::new(3);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| rng.uniform()).collect();
        assert!(draws.iter().all(|u| (0.0..1.0).contains(u)));
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        // The mean's standard deviation is √(1/12/n) = 9.1e-4: five of them.
        assert!((mean - 0.5).abs() < 5.0 * 9.2e-4, "{mean}");
    }

    #[test]
    fn normal_moments() {
        let mut rng = Rng::new(4);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
        let moment = |k: i32| draws.iter().map(|x| x.powi(k)).sum::<f64>() / f64::from(n);
        // Standard deviations of the mean's estimate: √(Var xᵏ / n), with Var x, x², x³, x⁴ = 1, 2,
        // 15, 96.
        let five_sigma = |variance: f64| 5.0 * (variance / f64::from(n)).sqrt();
        assert!(moment(1).abs() < five_sigma(1.0), "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < five_sigma(2.0), "variance {}", moment(2));
        assert!(moment(3).abs() < five_sigma(15.0), "skewness {}", moment(3));
        assert!((moment(4) - 3.0).abs() < five_sigma(96.0), "kurtosis {}", moment(4));
    }

    #[test]
    fn below_is_even_and_in_range() {
        let mut rng = Rng::new(5);
        assert_eq!((rng.below(0), rng.below(1)), (0, 0));
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7)] += 1;
        }
        // Binomial with p = 1/7: standard deviation √(70000 · 6/49) = 92.6; five of them.
        assert!(counts.iter().all(|&n| n.abs_diff(10_000) < 463), "{counts:?}");
    }

    // 2⁶⁴ = 4·2⁶² values do not go evenly into 3·2⁶²: without rejection every third number would
    // come twice as often as the two behind it.
    #[test]
    fn below_is_even_where_the_range_is_three_quarters_of_all_words() {
        let mut rng = Rng::new(7);
        let n = 3_usize << 62;
        let mut counts = [0_u32; 3];
        for _ in 0..9_000 {
            let value = rng.below(n);
            assert!(value < n);
            counts[value % 3] += 1;
        }
        // Binomial with p = 1/3: standard deviation √(9000 · 2/9) = 44.7; five of them.
        assert!(counts.iter().all(|&n| n.abs_diff(3_000) < 224), "{counts:?}");
    }

    #[test]
    fn permutations_hold_every_number_and_reach_every_order() {
        let mut rng = Rng::new(6);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..6_000 {
            *counts.entry(rng.permutation(3)).or_insert(0_u32) += 1;
        }
        // Six orders, each expected 1000 times with standard deviation 28.9; five of them.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|&n| n.abs_diff(1000) < 145), "{counts:?}");
        let mut sorted = rng.permutation(100);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
