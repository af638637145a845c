//! The ranges that hyperparameters lie in, each with its message.

use std::ops::Range;

use tensor_core::{Error, Float};

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

/// A finite number in the parameters' type as well, in which the rules compute: otherwise it would
/// be ∞ there, and `∞·0` NaN.
pub(crate) fn held<F: Float>(place: &'static str, name: &'static str, x: f64) -> Result<(), Error> {
    let range = "a number that the parameters' type holds";
    Error::check_hyperparameter(place, name, range, x, |x| F::of(x).is_finite())
}

/// `ε ≥ 0` that is added to a root: their sum is a number of the parameters' type, whatever the
/// root.
pub(crate) fn epsilon<F: Float>(place: &'static str, eps: f64) -> Result<(), Error> {
    not_negative(place, "eps", eps)?;
    held::<F>(place, "eps", eps)?;
    let range = "small beside the largest number of the parameters' type";
    let ok = |eps| (F::max_value() + F::of(eps)).is_finite();
    Error::check_hyperparameter(place, "eps", range, eps, ok)
}

/// A factor by which everything moves is 0 or at least the smallest normal number of the
/// parameters' type: below it, it would lose its digits and at last become 0.
pub(crate) fn normal<F: Float>(
    place: &'static str,
    name: &'static str,
    x: f64,
) -> Result<(), Error> {
    let range = "0 or a normal number of the parameters' type";
    let ok = |x: f64| x == 0.0 || F::of(x).is_normal();
    Error::check_hyperparameter(place, name, range, x, ok)
}

/// `0 ≤ β < 1` for the rate of a moving average, and below 1 as it is used, as β or √β in the
/// parameters' type: rounded to 1, it would never forget, and add nothing.
pub(crate) fn decay_rate<F: Float>(
    place: &'static str,
    name: &'static str,
    beta: f64,
) -> Result<(), Error> {
    below_one(place, name, beta)?;
    let range = "below 1 in the parameters' type";
    Error::check_hyperparameter(place, name, range, beta, |beta| F::of(beta.sqrt()) < F::one())
}
