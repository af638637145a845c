//! What every loss checks before it computes anything.

use ndarray::ArrayRef2;
use tensor_core::{Error, Float};

/// `Ok` if there are predictions, and if the gradient and the sample weights fit them.
pub(crate) fn check_predictions<F: Float>(
    place: &'static str,
    a: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
    da: Option<&ArrayRef2<F>>,
) -> Result<(), Error> {
    if a.nrows() == 0 {
        return Err(Error::empty(place, "at least 1 row of predictions"));
    }
    if a.ncols() == 0 {
        return Err(Error::empty(place, "at least 1 prediction in a row"));
    }
    if let Some(da) = da {
        check_shape(place, "gradient", a.shape(), da.shape())?;
    }
    let Some(weights) = sample_weights else { return Ok(()) };
    check_shape(place, "sample weights", &[a.nrows()], &[weights.len()])?;
    match weights.iter().position(|w| !(w.is_finite() && *w >= F::zero())) {
        Some(row) => Err(Error::Value {
            place: format!("{place}: sample weights").into(),
            row,
            column: None,
            expected: NOT_NEGATIVE,
            found: weights[row].as_f64(),
        }),
        None => Ok(()),
    }
}

/// `Ok` if an array has the shape that its role asks for.
pub(crate) fn check_shape(
    place: &'static str,
    role: &'static str,
    expected: &[usize],
    found: &[usize],
) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::shape(format!("{place}: {role}"), expected, found))
    }
}

const NOT_NEGATIVE: &str = "a finite number ≥ 0";

/// `Ok` if a configured number, or each of a configured list, is finite and not negative.
pub(crate) fn check_not_negative<'a>(
    place: &'static str,
    name: &'static str,
    values: impl IntoIterator<Item = &'a f64>,
) -> Result<(), Error> {
    values.into_iter().try_for_each(|&value| {
        Error::check_hyperparameter(place, name, NOT_NEGATIVE, value, |v| v >= 0.0 && v.is_finite())
    })
}
