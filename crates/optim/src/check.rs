//! The ranges that hyperparameters lie in, each with its message.

use std::ops::Range;

use tensor_core::Error;

/// `value ≥ 0` and finite: rates, decays, tolerances.
pub(crate) fn not_negative(
    place: &'static str,
    name: &'static str,
    value: f64,
) -> Result<(), Error> {
    let range = "a finite number ≥ 0";
    Error::check_hyperparameter(place, name, range, value, |v| v >= 0.0 && v.is_finite())
}

/// `value > 0` and finite: divisors.
pub(crate) fn positive(place: &'static str, name: &'static str, value: f64) -> Result<(), Error> {
    let range = "a finite number > 0";
    Error::check_hyperparameter(place, name, range, value, |v| v > 0.0 && v.is_finite())
}

/// `0 ≤ value < 1`: decay rates of moving averages, whose sums `Σ_k value^k` have to stay finite.
pub(crate) fn below_one(place: &'static str, name: &'static str, value: f64) -> Result<(), Error> {
    let range = "from 0 to below 1";
    Error::check_hyperparameter(place, name, range, value, |v| (0.0..1.0).contains(&v))
}

/// `n ≥ 1`: a number of steps that is divided by.
pub(crate) fn steps(place: &'static str, name: &'static str, n: u64) -> Result<(), Error> {
    Error::check_hyperparameter(place, name, "at least 1", n as f64, |v| v >= 1.0)
}

/// `n` in `range`, which `expected` describes: counters of saved states.
pub(crate) fn count(
    place: &'static str,
    name: &'static str,
    n: u64,
    expected: &'static str,
    range: Range<u64>,
) -> Result<(), Error> {
    Error::check_hyperparameter(place, name, expected, n as f64, |_| range.contains(&n))
}
