//! A number of a plain form, beside the error that rounding every step of the form would make:
//! the tolerance is derived while the reference is computed.

use std::ops::{Add, Div, Mul, Neg, Sub};

use tensor_core::Float;

use crate::wide::Wide;
use crate::wide_functions as functions;

/// A value and, to first order, how far the same formula may be off if every operation is rounded
/// to the unit `2⁻ᵇ`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Num {
    pub(crate) value: Wide,
    pub(crate) error: Wide,
    from: From,
}

/// What a number was computed from, and how.
#[derive(Debug, Clone, Copy)]
struct From {
    /// `b`: 24 where a formula is computed in `f32`, else 53.
    bits: i64,
    /// Whether it is computed in steps of that precision, each of which may underflow.
    stepwise: bool,
    /// Whether NaN, or an infinity, was among the inputs.
    nan: bool,
    infinite: bool,
}

impl From {
    fn with(self, other: Self) -> Self {
        Self {
            bits: self.bits.min(other.bits),
            stepwise: self.stepwise || other.stepwise,
            nan: self.nan || other.nan,
            infinite: self.infinite || other.infinite,
        }
    }
}

impl Num {
    /// A number that is exactly known.
    pub(crate) fn of(x: f64) -> Self {
        let from = From { bits: 53, stepwise: false, nan: x.is_nan(), infinite: x.is_infinite() };
        Self { value: Wide::of(x), error: Wide::ZERO, from }
    }

    pub(crate) fn from<F: Float>(x: F) -> Self {
        Self::of(x.as_f64())
    }

    pub(crate) fn zero() -> Self {
        Self::of(0.0)
    }

    /// From now on computed in steps of the type's own precision.
    pub(crate) fn computed_in<F: Float>(self) -> Self {
        let bits = if F::NARROW { 24 } else { 53 };
        Self { from: From { bits, stepwise: true, ..self.from }, ..self }
    }

    /// The same, rounded to the type first: a constant of a rule. Below the normal numbers, that
    /// costs up to a unit of the smallest one, whatever the size: `1e-50` is 0 in `f32`.
    pub(crate) fn rounded_to<F: Float>(self) -> Self {
        let own = self.computed_in::<F>();
        let (size, normal) = (own.value.abs(), Wide::of(F::min_positive_value().as_f64()));
        let subnormal = !own.value.is_zero() && size < normal;
        let unit = if subnormal { normal } else { size };
        own.with_error(self.error + unit.scaled(if subnormal { 1 } else { 0 } - own.from.bits))
    }

    pub(crate) fn with_error(self, error: Wide) -> Self {
        Self { error, ..self }
    }

    /// Off by that much more.
    pub(crate) fn off_by(self, error: f64) -> Self {
        self.with_error(self.error + Wide::of(error))
    }

    /// The result of an operation whose operands bring the error `error`.
    fn result(value: Wide, error: Wide, from: From) -> Self {
        let error = error + value.abs().scaled(-from.bits);
        let smallest = if from.bits == 24 { -149 } else { -1074 };
        let error = if from.stepwise { error + Wide::ONE.scaled(smallest) } else { error };
        Self { value, error, from }
    }

    /// The same number, which knows that it was computed from the other one as well.
    pub(crate) fn beside(self, other: Self) -> Self {
        Self { from: self.from.with(other.from), ..self }
    }

    /// Whether NaN was among the inputs that it was computed from.
    pub(crate) fn is_from_nan(self) -> bool {
        self.from.nan
    }

    /// Whether an infinity was.
    pub(crate) fn is_from_infinity(self) -> bool {
        self.from.infinite
    }

    pub(crate) fn is_nan(self) -> bool {
        self.value.is_nan()
    }

    pub(crate) fn is_zero(self) -> bool {
        self.value.is_zero()
    }

    pub(crate) fn abs(self) -> Self {
        Self { value: self.value.abs(), ..self }
    }

    pub(crate) fn sqrt(self) -> Self {
        let root = self.value.sqrt();
        // √(a + e) − √a is e/(2√a) to first order, and never more than √e.
        let most = self.error.sqrt();
        let slope = self.error / root.scaled(1);
        Self::result(root, if slope < most { slope } else { most }, self.from)
    }

    /// A function with the derivative `slope` there.
    fn function(self, value: Wide, slope: Wide) -> Self {
        let error = if self.error.is_zero() { Wide::ZERO } else { self.error * slope.abs() };
        // Where the error of the argument is not small, first order says nothing.
        let lost = self.error > Wide::of(0.125);
        Self::result(value, if lost { Wide::of(f64::INFINITY) } else { error }, self.from)
    }

    pub(crate) fn exp(self) -> Self {
        let value = functions::exp(self.value);
        self.function(value, value)
    }

    pub(crate) fn exp_m1(self) -> Self {
        self.function(functions::exp_m1(self.value), functions::exp(self.value))
    }

    pub(crate) fn ln(self) -> Self {
        let value = functions::ln(self.value);
        let near = self.error.scaled(3) < self.value.abs();
        let error = if self.error.is_zero() { Wide::ZERO } else { self.error / self.value.abs() };
        Self::result(value, if near { error } else { Wide::of(f64::INFINITY) }, self.from)
    }

    pub(crate) fn ln_1p(self) -> Self {
        let one = Self::of(1.0);
        let value = functions::ln_1p(self.value);
        self.function(value, (one / (one + self)).value)
    }

    /// `cos πp` for `p` from 0 to 1.
    pub(crate) fn cos_pi(self) -> Self {
        // The slope is never larger than π.
        self.function(functions::cos_pi(self.value), Wide::of(std::f64::consts::PI))
    }

    /// The normal distribution function and its density.
    pub(crate) fn normal(self) -> (Self, Self) {
        let (cdf, density) = functions::normal(self.value);
        // The exponent −z²/2 is rounded as well: that counts z² times in the density, and as much
        // of it in the tail.
        let unit = |x: Wide| x.abs().scaled(-self.from.bits);
        let square = self.value * self.value;
        let of_density = self.function(density, density * self.value);
        let of_cdf = self.function(cdf, density);
        let tail = if self.value.is_negative() { cdf * square } else { density * self.value };
        let more = |x: Self, error: Wide| x.with_error(x.error + unit(error));
        (more(of_cdf, tail), more(of_density, density * square))
    }

    /// The larger one; as uncertain as the smaller one where that may be the larger.
    pub(crate) fn max(self, other: Self) -> Self {
        let second = self.value < other.value || other.is_nan();
        let (larger, smaller) = if second { (other, self) } else { (self, other) };
        let near = smaller.value + smaller.error.scaled(2) > larger.value;
        let uncertain = near && smaller.error > larger.error;
        if uncertain { larger.with_error(smaller.error) } else { larger }
    }

    pub(crate) fn square(self) -> Self {
        self * self
    }
}

impl Neg for Num {
    type Output = Self;

    fn neg(self) -> Self {
        Self { value: -self.value, ..self }
    }
}

impl Add for Num {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::result(self.value + other.value, self.error + other.error, self.from.with(other.from))
    }
}

impl Sub for Num {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Num {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let part = |error: Wide, factor: Wide| match error.is_zero() {
            true => Wide::ZERO,
            false => error * factor.abs(),
        };
        let error = part(self.error, other.value) + part(other.error, self.value);
        let error = error + part(self.error, other.error);
        Self::result(self.value * other.value, error, self.from.with(other.from))
    }
}

impl Div for Num {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let from = self.from.with(other.from);
        if self.error.is_zero() && other.error.is_zero() {
            return Self::result(value, Wide::ZERO, from);
        }
        let nearest = other.value.abs() - other.error;
        let error = if nearest > Wide::ZERO {
            (self.error + value.abs() * other.error) / nearest
        } else {
            Wide::of(f64::INFINITY)
        };
        Self::result(value, error, from)
    }
}

/// The sum of what the closure makes of each.
pub(crate) fn sum<T>(items: impl IntoIterator<Item = T>, term: impl Fn(T) -> Num) -> Num {
    items.into_iter().map(term).fold(Num::zero(), |a, b| a + b)
}
