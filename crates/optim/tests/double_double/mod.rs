//! Numbers with about 31 digits: the unevaluated sum of two `f64`, for references only.
//!
//! (Dekker, Numer. Math. 18, 1971, <https://doi.org/10.1007/BF01397083>; with a fused multiply-add as in Hida, Li and Bailey,
//! *Library for Double-Double and Quad-Double Arithmetic*, 2007.)

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `hi + lo`, with `lo` at most half an ulp of `hi`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dd {
    hi: f64,
    lo: f64,
}

/// `a + b` and what rounding took from it (Knuth).
fn two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let part = hi - a;
    Dd { hi, lo: (a - (hi - part)) + (b - part) }
}

impl Dd {
    pub(crate) fn to_f64(self) -> f64 {
        self.hi
    }

    /// Two steps of Newton's iteration `x ← (x + a/x)/2` from the root in `f64`.
    pub(crate) fn sqrt(self) -> Self {
        if self.hi == 0.0 {
            return self;
        }
        let half = Self::from(0.5);
        let x = Self::from(self.hi.sqrt());
        let x = half * (x + self / x);
        half * (x + self / x)
    }
}

impl From<f64> for Dd {
    fn from(hi: f64) -> Self {
        Self { hi, lo: 0.0 }
    }
}

impl Add for Dd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, low) = (two_sum(self.hi, other.hi), two_sum(self.lo, other.lo));
        let sum = two_sum(high.hi, high.lo + low.hi);
        two_sum(sum.hi, sum.lo + low.lo)
    }
}

impl Neg for Dd {
    type Output = Self;
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Dd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Dd {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let hi = self.hi * other.hi;
        let lost = self.hi.mul_add(other.hi, -hi);
        two_sum(hi, lost + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Dd {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = Self::from(self.hi / other.hi);
        let rest = self - first * other;
        let second = Self::from(rest.hi / other.hi);
        let rest = rest - second * other;
        first + second + Self::from(rest.hi / other.hi)
    }
}

#[test]
fn a_third_and_the_root_of_two_have_thirty_digits() {
    let near_zero = |x: Dd| x.to_f64().abs() < 1e-31;
    let (one, two, three) = (Dd::from(1.0), Dd::from(2.0), Dd::from(3.0));
    assert!(near_zero(one / three * three - one));
    assert!(near_zero(two.sqrt() * two.sqrt() - two));
    assert_eq!((Dd::from(1e16) + one - Dd::from(1e16)).to_f64(), 1.0);
}
