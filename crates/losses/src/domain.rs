//! [`Domain`]: the numbers that a loss has a meaning for.

use tensor_core::Float;

/// The numbers that a loss has a meaning for, as its predictions or as its targets: an interval
/// with its ends, or two numbers.
///
/// What lies outside is [`Error::Value`](tensor_core::Error::Value), with row, column and value.
/// NaN lies in every domain: it is no number but the trace of something that went wrong before, and
/// has to come out again. A row of sample weight 0 is not looked at.
///
/// # Examples
///
/// ```
/// use losses::Domain;
///
/// assert!(Domain::PROBABILITY.holds(0.0) && !Domain::PROBABILITY.holds(1.5));
/// assert!(Domain::either("−1 or 1", -1.0, 1.0).holds(-1.0));
/// assert!(!Domain::either("−1 or 1", -1.0, 1.0).holds(0.0));
/// assert!(Domain::NOT_NEGATIVE.holds(f64::NAN) && !Domain::NOT_NEGATIVE.holds(f64::INFINITY));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    expected: &'static str,
    lowest: f64,
    highest: f64,
    ends_only: bool,
}

impl Domain {
    /// Every number, ±∞ as well.
    pub const ANY: Self = Self::between("a number", f64::NEG_INFINITY, f64::INFINITY);

    /// From 0 to 1.
    pub const PROBABILITY: Self = Self::between("a probability from 0 to 1", 0.0, 1.0);

    /// Finite and at least 0.
    pub const NOT_NEGATIVE: Self = Self::between("a finite number ≥ 0", 0.0, f64::MAX);

    /// From `lowest` to `highest`, both included. `expected` says so in messages.
    pub const fn between(expected: &'static str, lowest: f64, highest: f64) -> Self {
        Self { expected, lowest, highest, ends_only: false }
    }

    /// One of two numbers, the smaller one first. `expected` says so in messages.
    pub const fn either(expected: &'static str, lower: f64, higher: f64) -> Self {
        Self { expected, lowest: lower, highest: higher, ends_only: true }
    }

    /// Whether `x` is one of these numbers, or NaN.
    pub fn holds(self, x: f64) -> bool {
        !self.refuses(x)
    }

    /// What is expected, for messages.
    pub(crate) fn expected(self) -> &'static str {
        self.expected
    }

    /// Whether there is anything to check.
    pub(crate) fn is_any(self) -> bool {
        !self.ends_only && self.lowest == f64::NEG_INFINITY && self.highest == f64::INFINITY
    }

    /// Whether `x` lies outside. The ends are rounded to the type of `x`, but stay finite.
    #[inline(always)]
    pub(crate) fn refuses<F: Float>(self, x: F) -> bool {
        let end = |end: f64| match end.is_finite() {
            true => F::of(end).max(F::min_value()).min(F::max_value()),
            false => F::of(end),
        };
        let (lowest, highest) = (end(self.lowest), end(self.highest));
        // No branch, so that it runs in vectors.
        (x < lowest) | (x > highest) | (self.ends_only & (x > lowest) & (x < highest))
    }
}
