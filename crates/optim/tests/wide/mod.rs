//! Numbers with about 31 digits and exponents far beyond those of `f64`: for references of steps
//! whose squares no type holds.

use std::ops::{Add, Div, Mul, Sub};

use crate::double_double::Dd;

/// `mantissa · 2^exponent`, with the mantissa 0, no number, or from 1 to below 2 in size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    mantissa: Dd,
    exponent: i32,
}

/// The exponent of a normal number.
fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

impl Wide {
    fn of(mantissa: Dd, more: i32) -> Self {
        let hi = mantissa.to_f64();
        if hi == 0.0 || !hi.is_finite() {
            return Self { mantissa, exponent: 0 };
        }
        let e = exponent(hi);
        Self { mantissa: mantissa * Dd::from(2.0_f64.powi(-e)), exponent: e + more }
    }

    pub(crate) fn to_f64(self) -> f64 {
        // In two factors, because one of them may be no number by itself.
        let half = (self.exponent / 2).clamp(-1000, 1000);
        let rest = (self.exponent - half).clamp(-1000, 1000);
        self.mantissa.to_f64() * 2.0_f64.powi(half) * 2.0_f64.powi(rest)
    }

    pub(crate) fn sqrt(self) -> Self {
        let odd = self.exponent.rem_euclid(2);
        let mantissa = self.mantissa * Dd::from(f64::from(1 + odd));
        Self::of(mantissa.sqrt(), (self.exponent - odd) / 2)
    }

    pub(crate) fn sign(self) -> f64 {
        let hi = self.mantissa.to_f64();
        if hi == 0.0 { 0.0 } else { hi.signum() }
    }
}

impl From<f64> for Wide {
    fn from(x: f64) -> Self {
        match x != 0.0 && x.abs() < 1e-250 {
            true => Self::of(Dd::from(x * 2.0_f64.powi(500)), -500),
            false => Self::of(Dd::from(x), 0),
        }
    }
}

impl Mul for Wide {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::of(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }
}

impl Div for Wide {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::of(self.mantissa / other.mantissa, self.exponent - other.exponent)
    }
}

impl Add for Wide {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) =
            if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if high.sign() == 0.0 || low.sign() == 0.0 {
            return if high.sign() == 0.0 { low } else { high };
        }
        let shift = low.exponent - high.exponent;
        if shift < -300 {
            return high;
        }
        let low = low.mantissa * Dd::from(2.0_f64.powi(shift));
        Self::of(high.mantissa + low, high.exponent)
    }
}

impl Sub for Wide {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + Self { mantissa: -other.mantissa, exponent: other.exponent }
    }
}

#[test]
fn squares_beyond_every_type_have_roots() {
    for x in [5e-324, 1e-300, 3.0, 1e300, f64::MAX] {
        let wide = Wide::from(x);
        assert_eq!((wide * wide).sqrt().to_f64(), x);
        assert_eq!((wide * wide / wide).to_f64(), x);
        assert_eq!((wide + wide - wide).to_f64(), x);
    }
    assert_eq!((Wide::from(1e300) * Wide::from(1e300)).to_f64(), f64::INFINITY);
    assert_eq!((Wide::from(3.0) + Wide::from(-5.0)).to_f64(), -2.0);
}
