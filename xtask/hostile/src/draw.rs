//! What a hostile caller draws: numbers, sizes, seeds. A generator of its own, because the
//! library's is among what is called.

use tensor_core::Float;

/// A generator of 64 bits (SplitMix64), made from a seed and the number of a case.
#[derive(Debug, Clone)]
pub(crate) struct Draw(u64);

/// How the values of one array are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Values {
    /// Ordinary numbers, times a power of two.
    Scaled(f64),
    /// Each of them anything.
    Hostile,
    /// Ordinary numbers, and one in so many is anything.
    Rarely(usize),
    /// All the same number.
    Equal(f64),
    /// Ordinary numbers on a large one.
    Offset(f64),
    /// Of every size that a type has, all finite.
    AllSizes,
}

/// Numbers at the ends and edges of both types.
const NUMBERS: [f64; 30] = [
    0.0,
    -0.0,
    5e-324,
    1e-310,
    f64::MIN_POSITIVE,
    1e-300,
    1e-155,
    1e-50,
    1.401_298_464_324_817e-45,
    1e-40,
    1.175_494_350_822_287_5e-38,
    1e-30,
    1e-12,
    f64::EPSILON,
    f32::EPSILON as f64,
    0.1,
    0.5,
    1.0,
    1.000_000_000_000_000_2,
    2.0,
    7.0,
    88.0,
    710.0,
    1e4,
    1e19,
    3e38,
    f32::MAX as f64,
    1e155,
    f64::MAX,
    f64::INFINITY,
];

/// Sizes at which something may go another way.
const SIZES: [usize; 22] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 100];

/// Sizes that are only ever arguments.
const HUGE: [usize; 14] = [
    1 << 31,
    1 << 32,
    (1 << 32) + 1,
    1 << 40,
    1 << 59,
    1 << 60,
    1 << 61,
    1 << 62,
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    usize::MAX / 3,
    usize::MAX - 1,
    usize::MAX,
];

impl Draw {
    pub(crate) fn new(seed: u64, number: u64) -> Self {
        let mut draw = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        draw.bits();
        draw
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `n − 1`; 0 for `n = 0`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % (n.max(1) as u64)) as usize
    }

    /// True once in `n` times.
    pub(crate) fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// In `[0, 1)`.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal: a sum of uniform numbers.
    pub(crate) fn ordinary(&mut self) -> f64 {
        (0..6).map(|_| self.uniform()).sum::<f64>() * 2.0 - 6.0
    }

    fn sign(&mut self) -> f64 {
        self.one_of(&[1.0, -1.0])
    }

    /// A finite number of any size that an `f64` has.
    pub(crate) fn any_size(&mut self) -> f64 {
        let power = self.below(2040) as i32 - 1020;
        self.sign() * (1.0 + self.uniform()) * 2.0_f64.powi(power)
    }

    /// Anything: of the list, of any size, NaN.
    pub(crate) fn number(&mut self) -> f64 {
        match self.below(16) {
            0 => f64::NAN,
            1..=5 => self.ordinary(),
            6 | 7 => self.any_size(),
            _ => self.sign() * self.one_of(&NUMBERS),
        }
    }

    /// A configuration value: more often one that may be accepted.
    pub(crate) fn setting(&mut self, usual: &[f64]) -> f64 {
        if self.once_in(3) { self.number() } else { self.one_of(usual) }
    }

    /// A size of what is really there; rarely 0.
    pub(crate) fn size(&mut self) -> usize {
        match self.below(64) {
            0 => 0,
            1..=47 => 1 + self.below(5),
            _ => self.one_of(&SIZES),
        }
    }

    /// The same, never 0.
    pub(crate) fn width(&mut self) -> usize {
        self.size().max(1)
    }

    /// A size that is only an argument.
    pub(crate) fn argument(&mut self) -> usize {
        if self.once_in(3) { self.one_of(&HUGE) } else { self.size() }
    }

    /// A counter.
    pub(crate) fn counter(&mut self) -> u64 {
        match self.below(4) {
            0 => self.one_of(&HUGE) as u64,
            1 => self.bits(),
            _ => self.below(30) as u64,
        }
    }

    pub(crate) fn values(&mut self) -> Values {
        match self.below(12) {
            0 | 1 => Values::Hostile,
            2 => Values::Rarely(8),
            3 => Values::Equal(self.number()),
            4 => Values::Offset(self.one_of(&[1e3, -1e7, 1e15, 1e150, -1e300, 3e38])),
            5 => Values::AllSizes,
            6 => Values::Scaled(2.0_f64.powi(self.below(2040) as i32 - 1020)),
            7 => Values::Scaled(self.one_of(&[1e-45, 1e-40, 1e-19, 10.0, 1e4, 1e18, 1e37])),
            _ => Values::Scaled(1.0),
        }
    }

    pub(crate) fn value<F: Float>(&mut self, values: Values) -> F {
        F::of(match values {
            Values::Scaled(scale) => self.ordinary() * scale,
            Values::Hostile => self.number(),
            Values::Rarely(n) => match self.once_in(n) {
                true => self.number(),
                false => self.ordinary(),
            },
            Values::Equal(x) => x,
            Values::Offset(offset) => self.ordinary() + offset,
            Values::AllSizes if F::NARROW => {
                let power = self.below(250) as i32 - 125;
                self.sign() * (1.0 + self.uniform()) * 2.0_f64.powi(power)
            }
            Values::AllSizes => self.any_size(),
        })
    }

    pub(crate) fn list<F: Float>(&mut self, n: usize) -> Vec<F> {
        let values = self.values();
        (0..n).map(|_| self.value(values)).collect()
    }
}
