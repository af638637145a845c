//! Numbers of 106 bits with an exponent that does not end: what the plain forms compute in, so that
//! a reference neither rounds where `f64` would nor overflows where it would.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// `(high + low)·2^exponent` with `1 ≤ |high| < 2`, or zero, an infinity or NaN in `high`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wide {
    high: f64,
    low: f64,
    exponent: i64,
}

/// `2^e` for a normal power.
fn power(e: i64) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}

/// `a + b` and what rounding took of it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let bb = sum - a;
    (sum, (a - (sum - bb)) + (b - bb))
}

/// `a b` and what rounding took of it.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

impl Wide {
    pub(crate) const ZERO: Self = Self { high: 0.0, low: 0.0, exponent: 0 };
    pub(crate) const ONE: Self = Self { high: 1.0, low: 0.0, exponent: 0 };

    pub(crate) fn of(x: f64) -> Self {
        if x == 0.0 || !x.is_finite() {
            return Self { high: x, low: 0.0, exponent: 0 };
        }
        // A subnormal number first becomes a normal one.
        let (x, shift) = if x.abs() < f64::MIN_POSITIVE { (x * power(100), -100) } else { (x, 0) };
        let e = ((x.to_bits() >> 52) & 0x7ff) as i64 - 1023;
        let high = f64::from_bits((x.to_bits() & !(0x7ff << 52)) | (1023 << 52));
        Self { high, low: 0.0, exponent: e + shift }
    }

    fn normal(high: f64, low: f64, exponent: i64) -> Self {
        let (high, low) = {
            let sum = high + low;
            (sum, low - (sum - high))
        };
        if high == 0.0 || !high.is_finite() {
            return Self { high, low: 0.0, exponent: 0 };
        }
        let e = ((high.to_bits() >> 52) & 0x7ff) as i64 - 1023;
        Self { high: high * power(-e), low: low * power(-e), exponent: exponent + e }
    }

    /// Times `2^n`.
    pub(crate) fn scaled(self, n: i64) -> Self {
        if self.is_zero() || !self.is_finite() {
            return self;
        }
        Self { exponent: self.exponent + n, ..self }
    }

    pub(crate) fn exponent(self) -> i64 {
        self.exponent
    }

    pub(crate) fn is_zero(self) -> bool {
        self.high == 0.0
    }

    pub(crate) fn is_finite(self) -> bool {
        self.high.is_finite()
    }

    pub(crate) fn is_nan(self) -> bool {
        self.high.is_nan()
    }

    pub(crate) fn is_negative(self) -> bool {
        self.high < 0.0
    }

    pub(crate) fn abs(self) -> Self {
        if self.high < 0.0 { -self } else { self }
    }

    /// The nearest `f64`, or about it where that is subnormal.
    pub(crate) fn value(self) -> f64 {
        match self.exponent {
            e if self.is_zero() || !self.is_finite() || e > 1023 => self.high * f64::MAX * 2.0_f64,
            e if e < -1200 => 0.0,
            e if e < -1000 => (self.high + self.low) * power(e + 600) * power(-600),
            e => (self.high + self.low) * power(e),
        }
    }

    pub(crate) fn sqrt(self) -> Self {
        if self.high <= 0.0 || !self.is_finite() {
            return Self { high: self.high.sqrt(), low: 0.0, exponent: 0 };
        }
        let odd = self.exponent.rem_euclid(2);
        let half = (self.exponent - odd) / 2;
        let a = Self { exponent: odd, ..self };
        let root = Self::of(a.value().sqrt());
        // One step of Newton's: r + (a − r²)/(2 r).
        let root = root + (a - root * root) / (root + root);
        root.scaled(half)
    }
}

impl Neg for Wide {
    type Output = Self;

    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low, ..self }
    }
}

impl Add for Wide {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        if !self.is_finite() || !other.is_finite() {
            return Self { high: self.high + other.high, low: 0.0, exponent: 0 };
        }
        if other.is_zero() {
            return self;
        }
        if self.is_zero() {
            return other;
        }
        let (a, b) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let distance = a.exponent - b.exponent;
        if distance > 220 {
            return a;
        }
        let shift = power(-distance);
        let (high, e1) = two_sum(a.high, b.high * shift);
        let (low, e2) = two_sum(a.low, b.low * shift);
        let (high, e1) = {
            let e = e1 + low;
            two_sum(high, e)
        };
        Self::normal(high, e1 + e2, a.exponent)
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
        let (a, b) = (self, other);
        if a.is_zero() || b.is_zero() || !a.is_finite() || !b.is_finite() {
            return Self { high: a.high * b.high, low: 0.0, exponent: 0 };
        }
        let (high, e) = two_product(a.high, b.high);
        Self::normal(high, e + (a.high * b.low + a.low * b.high), a.exponent + b.exponent)
    }
}

impl Div for Wide {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let (a, b) = (self, other);
        if a.is_zero() || b.is_zero() || !a.is_finite() || !b.is_finite() {
            return Self { high: a.high / b.high, low: 0.0, exponent: 0 };
        }
        let exponent = a.exponent - b.exponent;
        let (a, b) = (Self { exponent: 0, ..a }, Self { exponent: 0, ..b });
        let first = Self::of(a.high / b.high);
        let rest = a - first * b;
        let second = Self::of(rest.value() / b.high);
        let rest = rest - second * b;
        (first + second + Self::of(rest.value() / b.high)).scaled(exponent)
    }
}

impl PartialEq for Wide {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if !self.is_finite() || !other.is_finite() {
            return self.high.partial_cmp(&other.high);
        }
        (*self - *other).high.partial_cmp(&0.0)
    }
}
