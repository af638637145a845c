//! The arithmetic of the standard set: `f64` for what is checked, double-double for the truth.

use std::ops::{Add, Div, Mul, Neg, Sub};

use twofloat::TwoFloat;

/// A real number that the functions of the standard set compute with.
pub(super) trait Number:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number to `x`.
    fn of(x: f64) -> Self;
    /// The nearest `f64`.
    fn rounded(self) -> f64;
    /// eˣ
    fn exp(self) -> Self;
    /// ln x
    fn ln(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;

    /// tanh x, without overflow and without cancellation beyond a few roundings.
    fn tanh(self) -> Self {
        let two = Self::of(2.0);
        let magnitude = if self < Self::of(0.0) { -self } else { self };
        let e = (-(two * magnitude)).exp();
        let t = (Self::of(1.0) - e) / (Self::of(1.0) + e);
        if self < Self::of(0.0) { -t } else { t }
    }
}

impl Number for f64 {
    fn of(x: f64) -> Self {
        x
    }
    fn rounded(self) -> f64 {
        self
    }
    fn exp(self) -> Self {
        Self::exp(self)
    }
    fn ln(self) -> Self {
        Self::ln(self)
    }
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }
    fn tanh(self) -> Self {
        Self::tanh(self)
    }
}

impl Number for TwoFloat {
    fn of(x: f64) -> Self {
        Self::from(x)
    }
    fn rounded(self) -> f64 {
        self.hi() + self.lo()
    }
    /// `2ᵏ (Σ rⁿ/n!)^256` with `x = k ln 2 + 256 r`. The crate's own exp is rational and good to
    /// 1e-11 only, which these measurements can tell.
    fn exp(self) -> Self {
        if self.hi() < -700.0 {
            return Self::from(0.0);
        }
        let k = (self.hi() * std::f64::consts::LOG2_E).round();
        let r = (self - twofloat::consts::LN_2 * k) / 256.0;
        // expm1, so that the squarings do not magnify the rounding of 1 + small.
        let mut term = r;
        let mut remainder = r;
        for n in 2..13 {
            term = term * r / f64::from(n);
            remainder += term;
        }
        for _ in 0..8 {
            remainder = remainder * 2.0 + remainder * remainder;
        }
        (remainder + 1.0) * k.exp2()
    }
    /// Two steps of Newton's method on `e^y = x`.
    fn ln(self) -> Self {
        let mut y = Self::from(self.hi().ln());
        for _ in 0..2 {
            y += self * Number::exp(-y) - 1.0;
        }
        y
    }
    fn sqrt(self) -> Self {
        Self::sqrt(self)
    }
}

/// Σ xᵢ
pub(super) fn sum<T: Number>(terms: impl Iterator<Item = T>) -> T {
    terms.fold(T::of(0.0), |sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_double_functions_are_far_more_precise_than_f64() {
        let e = Number::exp(TwoFloat::of(1.0)) - twofloat::consts::E;
        assert!(e.rounded().abs() < 1e-30, "e is off by {e}");
        for x in [-20.3, -1.7, 0.01, 0.7, 3.3, 25.1] {
            let t = TwoFloat::of(x);
            assert!((Number::exp(t).rounded() / x.exp() - 1.0).abs() < 1e-15, "exp {x}");
            let one = Number::exp(t) * Number::exp(-t);
            assert!((one - TwoFloat::of(1.0)).rounded().abs() < 1e-28, "exp {x}");
            let back = Number::ln(Number::exp(t)) - t;
            assert!(back.rounded().abs() < 1e-26, "ln {x}");
            assert!((Number::tanh(t).rounded() - x.tanh()).abs() < 1e-15, "tanh {x}");
        }
    }
}
