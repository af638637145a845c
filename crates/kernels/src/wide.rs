//! [`Wide`]: numbers with the digits of an `f64` and an exponent of their own.

use std::cmp::Ordering;
use std::f64::consts::LN_2;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::Float;
use crate::exponential::exp;
use crate::logarithm::ln;
use crate::special::softplus;

/// A number `m·2^e` with the digits of an `f64` and an exponent `e` that does not run out.
///
/// ```text
/// x = m·2^e      1 ≤ |m| < 2, or m is 0, ±∞ or NaN
/// ```
///
/// A result may be representable where something on the way to it is not: the square of `1e200`, a
/// sum that a mean divides again, a quotient of weights. Where plain arithmetic has left the range
/// of `f64`, layers, losses and penalties compute once more in these numbers. Each operation is
/// rounded like that of an `f64`; ∞ and NaN follow the same rules.
///
/// # Examples
///
/// ```
/// use kernels::Wide;
///
/// let square = Wide::from(1e200) * Wide::from(1e200);
/// assert_eq!(square.value(), f64::INFINITY); // 1e400
/// assert_eq!((square / Wide::from(1e200)).value(), 1e200);
/// assert_eq!(square.sqrt().value(), 1e200);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Wide {
    mantissa: f64,
    exponent: i64,
}

/// `2^exponent`, for a normal one.
fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent.clamp(-1022, 1023) + 1023) as u64) << 52)
}

impl Wide {
    /// 0.
    pub const ZERO: Self = Self { mantissa: 0.0, exponent: 0 };

    /// `m·2^e` with the mantissa brought into its range; all digits stay.
    fn normalized(mantissa: f64, exponent: i64) -> Self {
        if mantissa == 0.0 || !mantissa.is_finite() {
            return Self { mantissa, exponent: 0 };
        }
        let is_small = mantissa.abs() < f64::MIN_POSITIVE;
        let (m, e) = if is_small {
            (mantissa * power_of_two(64), exponent - 64)
        } else {
            (mantissa, exponent)
        };
        let shift = ((m.to_bits() >> 52) & 0x7ff) as i64 - 1023;
        let digits = m.to_bits() & !(0x7ff << 52);
        Self { mantissa: f64::from_bits(digits | (1023 << 52)), exponent: e + shift }
    }

    /// The nearest `f64`: ±∞ for what is too large, and for what is too small a number with fewer
    /// digits or 0.
    pub fn value(self) -> f64 {
        match self.exponent {
            1024.. => self.mantissa * f64::INFINITY,
            -1022.. => self.mantissa * power_of_two(self.exponent),
            // In two steps, of which the second rounds.
            -1080.. => self.mantissa * power_of_two(-500) * power_of_two(self.exponent + 500),
            _ => self.mantissa * 0.0,
        }
    }

    /// `e^x`, as `2^n e^r` with the integer `n` nearest to `x/ln 2`.
    pub fn exp(x: f64) -> Self {
        // `ln 2` in two parts, the first of which has 33 digits: its products with `n` are exact.
        const HIGH: f64 = 6.931_471_803_691_238e-1;
        const LOW: f64 = 1.908_214_929_270_587_7e-10;
        if !x.is_finite() {
            return exp::<f64>(x).into();
        }
        // Beyond ±1e6, no factors that an `f64` holds bring a result back.
        let x = x.clamp(-1e6, 1e6);
        let n = (x / LN_2).round();
        let power = Self::from(exp::<f64>((x - n * HIGH) - n * LOW));
        Self { exponent: power.exponent + n as i64, ..power }
    }

    /// `σ(x) = 1/(1 + e^−x)`.
    pub fn sigmoid(x: f64) -> Self {
        Self::from(1.0) / (Self::from(1.0) + Self::exp(-x))
    }

    /// `softplus(x) = ln(1 + e^x)`, which far below 0 is `e^x`.
    pub fn softplus<F: Float>(x: f64) -> Self {
        if x < -700.0 { Self::exp(x) } else { softplus::<F>(x).into() }
    }

    /// `ln x`.
    pub fn ln<F: Float>(self) -> Self {
        let value = match self.exponent {
            -1022..=1023 => ln::<F>(self.value()), // near 1 the two parts would cancel
            exponent => ln::<F>(self.mantissa) + exponent as f64 * LN_2,
        };
        value.into()
    }

    /// `|x|`.
    #[must_use]
    pub fn abs(self) -> Self {
        Self { mantissa: self.mantissa.abs(), ..self }
    }

    /// `√x`.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let odd = self.exponent.rem_euclid(2);
        let mantissa = self.mantissa * power_of_two(odd);
        Self::normalized(mantissa.sqrt(), (self.exponent - odd) / 2)
    }

    /// `x·y`, but 0 where `y` is 0, even for infinite `x`, as
    /// [`product_or_zero`](crate::special::product_or_zero).
    #[must_use]
    pub fn times_or_zero(self, y: Self) -> Self {
        if y.mantissa == 0.0 && !self.mantissa.is_nan() { y } else { self * y }
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    /// `Σ terms`, with what each addition loses added up beside it: small terms stay where large
    /// ones cancel.
    pub fn sum(terms: impl IntoIterator<Item = Self>) -> Self {
        let add = |(sum, lost): (Self, Self), x: Self| {
            let next = sum + x;
            let part = next - sum;
            (next, lost + ((sum - (next - part)) + (x - part)))
        };
        let (sum, lost) = terms.into_iter().fold((Self::ZERO, Self::ZERO), add);
        if sum.mantissa.is_finite() { sum + lost } else { sum }
    }

    /// `Σ_i term(i)` for `i` below `n`, as [`sum`](Self::sum).
    pub fn sum_of(n: usize, term: impl Fn(usize) -> Self) -> Self {
        Self::sum((0..n).map(term))
    }
}

impl From<f64> for Wide {
    fn from(x: f64) -> Self {
        Self::normalized(x, 0)
    }
}

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        Self { mantissa: -self.mantissa, ..self }
    }
}

impl Add for Wide {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let is_plain = |x: Self| x.mantissa != 0.0 && x.mantissa.is_finite();
        if !(is_plain(self) && is_plain(other)) {
            let other_counts = self.mantissa == 0.0 && other.mantissa.is_finite();
            let self_counts = other.mantissa == 0.0 && self.mantissa.is_finite();
            return match (other_counts, self_counts) {
                (true, _) => other,
                (_, true) => self,
                _ => Self::normalized(self.mantissa + other.mantissa, 0),
            };
        }
        let (high, low) =
            if self.exponent < other.exponent { (other, self) } else { (self, other) };
        // Far below the last digit it makes no difference how far.
        let distance = (low.exponent - high.exponent).max(-200);
        Self::normalized(high.mantissa + low.mantissa * power_of_two(distance), high.exponent)
    }
}

impl Sub for Wide {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Wide {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::normalized(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl Div for Wide {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        Self::normalized(self.mantissa / other.mantissa, self.exponent - other.exponent)
    }
}

impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        // Infinities of one sign are equal; their difference is NaN.
        if self.mantissa == other.mantissa && self.exponent == other.exponent {
            return Some(Ordering::Equal);
        }
        (*self - *other).mantissa.partial_cmp(&0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Wide;
    use crate::random::Rng;

    const NUMBERS: [f64; 14] = [
        0.0,
        1.0,
        -1.5,
        1e-300,
        3e200,
        -7e-310,
        5e-324,
        f64::MAX,
        f64::MIN_POSITIVE,
        1.0 / 3.0,
        -1e16,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];

    // Where an `f64` has room, an operation gives its bits; NaN for NaN. A subnormal result is
    // rounded to 53 bits first, and may be the neighbor.
    #[test]
    fn arithmetic_is_that_of_f64() {
        let same = |got: Wide, want: f64, what: &str| {
            let got = got.value();
            let is_near = want.abs() < f64::MIN_POSITIVE && (got - want).abs() <= 5e-324;
            assert!(got == want || got.is_nan() && want.is_nan() || is_near, "{what}: {want:e}");
        };
        let mut rng = Rng::new(4);
        let random = (0..40).map(|i| rng.normal() * 10.0_f64.powi(7 * (i % 9) - 28));
        let numbers: Vec<f64> = NUMBERS.into_iter().chain(random).collect();
        for &a in &numbers {
            assert!(Wide::from(a).value() == a || a.is_nan(), "{a}");
            same(Wide::from(a).sqrt(), a.sqrt(), &format!("√{a}"));
            for &b in &numbers {
                let (x, y) = (Wide::from(a), Wide::from(b));
                same(x + y, a + b, &format!("{a} + {b}"));
                same(x - y, a - b, &format!("{a} − {b}"));
                same(x * y, a * b, &format!("{a}·{b}"));
                same(x / y, a / b, &format!("{a}/{b}"));
                assert_eq!(x.partial_cmp(&y), a.partial_cmp(&b), "{a} and {b}");
            }
        }
    }

    // 2^-1074 is the smallest subnormal: half of it is a tie and goes to 0, three halves to two.
    #[test]
    fn what_has_no_room_is_rounded_once() {
        let (tiny, half) = (Wide::from(5e-324), Wide::from(0.5));
        assert_eq!((tiny * half).value(), 0.0);
        assert_eq!((tiny * Wide::from(1.5)).value(), 1e-323);
        assert_eq!((tiny * Wide::from(0.500_000_1)).value(), 5e-324);
        let far = Wide::from(1e300) * Wide::from(1e300);
        assert_eq!(((-far).value(), (far / far).value()), (f64::NEG_INFINITY, 1.0));
        assert_eq!((Wide::from(1.0) / far * far).value(), 1.0);
        assert!((Wide::ZERO * Wide::from(f64::INFINITY)).value().is_nan());
        assert_eq!(Wide::from(f64::INFINITY).times_or_zero(Wide::ZERO).value(), 0.0);
    }

    #[test]
    fn sums_lose_nothing() {
        let terms = [1e308, 1e308, -1e308, 1e308, 5e-324, 0.0].map(Wide::from);
        let sum = Wide::sum(terms);
        assert_eq!((sum / Wide::from(2.0)).value(), 1e308);
        assert_eq!(Wide::sum([Wide::ZERO; 3]).value(), 0.0);
        let tiny = [5e-324, 5e-324, -5e-324].map(Wide::from);
        assert_eq!(Wide::sum(tiny).value(), 5e-324);
        // −2¹¹⁰⁰ + 2¹¹⁰⁰ − 3, and 3 between them.
        let far = Wide::from(2.0_f64.powi(550)) * Wide::from(2.0_f64.powi(550));
        assert_eq!(Wide::sum([-far, far, Wide::from(-3.0)]).value(), -3.0);
        assert_eq!(Wide::sum([-far, 3.0.into(), far]).value(), 3.0);
        // Far beyond `f64` on either side, beside 0 and ∞.
        for size in [1e-300, 1e300] {
            let far = Wide::from(size) * Wide::from(size) * Wide::from(size) * Wide::from(size);
            let sum = |other: f64| Wide::sum([far, other.into()]) / far;
            assert_eq!(sum(0.0).value(), 1.0, "{size}");
            assert_eq!((sum(f64::INFINITY) * far).value(), f64::INFINITY, "{size}");
        }
    }

    // Powers of two and their products are exact: 2⁻¹⁰⁷⁴·2⁻¹⁰⁷⁴·2¹⁰²³·2¹⁰²³ = 2⁻¹⁰².
    #[test]
    fn the_exponent_has_no_end() {
        let two = |k: i32| 2.0_f64.powi(k);
        let (tiny, huge) = (5e-324, two(1023)); // 2⁻¹⁰⁷⁴
        let product = |factors: &[f64]| {
            factors.iter().fold(Wide::from(1.0), |product, &x| product * x.into()).value()
        };
        assert_eq!(product(&[tiny, tiny, huge, huge]), two(-102));
        assert_eq!(product(&[tiny, huge, huge]), two(972));
        assert_eq!(product(&[huge, -huge, tiny, 3.0]), -3.0 * two(972));
        assert_eq!(product(&[huge, huge, huge]), f64::INFINITY);
        // 3·2⁻¹⁰⁷⁵ lies between 2⁻¹⁰⁷⁴ and 2·2⁻¹⁰⁷⁴, of which the second is even.
        assert_eq!(product(&[3.0, tiny, 0.5]), 2.0 * tiny);
        assert_eq!([product(&[tiny, 0.5]), product(&[tiny, tiny, tiny])], [0.0; 2]);
        assert_eq!([product(&[0.0, f64::MAX]), product(&[-0.5, huge])], [0.0, -two(1022)]);
        assert_eq!(product(&[-1.0, f64::INFINITY]), f64::NEG_INFINITY);
        assert!(product(&[f64::NAN, 0.0]).is_nan() && product(&[0.0, f64::INFINITY]).is_nan());
        // MAX + MAX − MAX, and 3·2⁻¹⁴⁰⁰ − 2⁻¹⁴⁰⁰, times 2¹⁴⁰⁰.
        let max = Wide::from(f64::MAX);
        assert_eq!((max + max - max).value(), f64::MAX);
        let (low, high) = (Wide::from(two(-700)), Wide::from(two(700)));
        let difference = Wide::from(3.0) * low * low - low * low;
        assert_eq!((difference * high * high).value(), 2.0);
    }
}
