//! Numbers whose exponent has no end, for the few results of `f64` that leave the type on the way:
//! a plain form computed in them is right wherever its result is a number of the type.

use std::ops::{Add, Mul, Sub};

/// `mantissa·2^exponent` with `1 ≤ |mantissa| < 2`, or 0, an infinity or NaN as the mantissa. It
/// has the 53 digits of an `f64`, and every operation rounds once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extended {
    mantissa: f64,
    exponent: i64,
}

/// `2ᵏ`, for `k` from −1022 to 1023.
fn power(k: i64) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

impl Extended {
    pub(crate) const ZERO: Self = Self { mantissa: 0.0, exponent: 0 };

    pub(crate) fn of(x: f64) -> Self {
        Self::normalized(x, 0)
    }

    /// `x·2^exponent`.
    fn normalized(x: f64, exponent: i64) -> Self {
        if x == 0.0 || !x.is_finite() {
            return Self { mantissa: x, exponent: 0 };
        }
        // A subnormal number becomes a normal one first, which changes no digit.
        let (x, shift) = if x.is_normal() { (x, 0) } else { (x * power(64), 64) };
        let own = (x.to_bits() >> 52 & 0x7ff) as i64 - 1023;
        let mantissa = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1023 << 52);
        Self { mantissa, exponent: exponent + own - shift }
    }

    /// The nearest `f64`, or one beside it where that is subnormal.
    pub(crate) fn value(self) -> f64 {
        // In two factors of one sign of the exponent: only the last product leaves the type.
        let exponent = self.exponent.clamp(-2000, 2000);
        self.mantissa * power(exponent / 2) * power(exponent - exponent / 2)
    }

    fn is_zero_or_not_finite(self) -> bool {
        self.mantissa == 0.0 || !self.mantissa.is_finite()
    }

    /// The `n`th part.
    pub(crate) fn over(self, n: usize) -> Self {
        Self::normalized(self.mantissa / n as f64, self.exponent)
    }

    /// `Σ_i term(i)` for `i` below `n`, with what each addition loses added up beside it (see
    /// [`Sum`](tensor_core::sums::Sum)).
    pub(crate) fn sum(n: usize, term: impl Fn(usize) -> Self) -> Self {
        let add = |(sum, lost): (Self, Self), x: Self| {
            let next = sum + x;
            let part = next - sum;
            (next, lost + ((sum - (next - part)) + (x - part)))
        };
        let (sum, lost) = (0..n).map(term).fold((Self::ZERO, Self::ZERO), add);
        if sum.mantissa.is_finite() { sum + lost } else { sum }
    }
}

impl Mul for Extended {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::normalized(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl Add for Extended {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let (a, b) = if self.exponent < other.exponent { (other, self) } else { (self, other) };
        match (a.is_zero_or_not_finite(), b.is_zero_or_not_finite()) {
            (false, false) => {
                // What is 2⁻¹⁰⁰ times as large does not show.
                let shift = power((b.exponent - a.exponent).max(-1000));
                Self::normalized(a.mantissa + b.mantissa * shift, a.exponent)
            }
            (true, true) => Self::of(a.mantissa + b.mantissa),
            (true, false) if a.mantissa == 0.0 => b,
            (false, true) if b.mantissa == 0.0 => a,
            (true, false) => a,
            (false, true) => b,
        }
    }
}

impl Sub for Extended {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self { mantissa: -other.mantissa, ..other }
    }
}

#[cfg(test)]
mod tests {
    use super::Extended;

    fn of(x: f64) -> Extended {
        Extended::of(x)
    }

    // Powers of two and products of them are exact: 2⁻¹⁰⁷⁴·2⁻¹⁰⁷⁴·2¹⁰²³·2¹⁰²³ = 2⁻¹⁰².
    #[test]
    fn the_exponent_has_no_end() {
        let (least, most) = (of(5e-324), of(2.0_f64.powi(1023)));
        assert_eq!((least * least * most * most).value(), 2.0_f64.powi(-102));
        assert_eq!(
            [least, of(-1e-310), of(f64::MAX), of(0.0)].map(Extended::value),
            [5e-324, -1e-310, f64::MAX, 0.0]
        );
        assert_eq!([(least * least).value(), (most * most).value()], [0.0, f64::INFINITY]);
        // MAX + MAX − MAX, and the same of what lies below all numbers.
        assert_eq!((of(f64::MAX) + of(f64::MAX) - of(f64::MAX)).value(), f64::MAX);
        // 3·2⁻¹⁴⁰⁰ − 2⁻¹⁴⁰⁰, times 2¹⁴⁰⁰.
        let (low, high) = (of(2.0_f64.powi(-700)), of(2.0_f64.powi(700)));
        assert_eq!(((of(3.0) * low * low - low * low) * high * high).value(), 2.0);
    }

    #[test]
    fn infinities_zeros_and_nan_are_those_of_f64() {
        let list = [0.0, -0.0, 1.0, -3.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for (a, b) in list.iter().flat_map(|&a| list.map(|b| (a, b))) {
            let same = |found: Extended, want: f64| {
                let found = found.value();
                assert!(found == want || found.is_nan() && want.is_nan(), "{a}, {b}: {found}");
            };
            same(of(a) * of(b), a * b);
            same(of(a) + of(b), a + b);
            same(of(a) - of(b), a - b);
        }
    }

    // 10¹⁶ + 1 rounds to 10¹⁶, and the ones are not lost.
    #[test]
    fn a_sum_loses_nothing() {
        let terms = [1e16, 1.0, 1.0, -1e16];
        assert_eq!(Extended::sum(4, |i| of(terms[i]) * of(1e-300)).value(), 2e-300);
        let infinite = [1.0, f64::INFINITY, 2.0];
        assert_eq!(Extended::sum(3, |i| of(infinite[i])).value(), f64::INFINITY);
    }
}
