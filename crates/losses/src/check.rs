//! What every loss checks before it computes anything.

use ndarray::ArrayRef2;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::{Error, Float};

use crate::domain::Domain;

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

/// `Ok` if every value lies in the domain of its role, in rows whose sample weight is not 0.
pub(crate) fn check_values<F: Float>(
    place: &'static str,
    role: &'static str,
    domain: Domain,
    values: &ArrayRef2<F>,
    sample_weights: Option<&[F]>,
) -> Result<(), Error> {
    if domain.is_any() || !vectorized(AnyRefused { domain, values }) {
        return Ok(());
    }
    let is_refused = |((row, _), x): &((usize, usize), &F)| {
        is_counted(sample_weights, *row) && domain.refuses(**x)
    };
    match values.indexed_iter().find(is_refused) {
        Some(((row, column), x)) => Err(Error::Value {
            place: format!("{place}: {role}").into(),
            row,
            column: Some(column),
            expected: domain.expected(),
            found: x.as_f64(),
        }),
        None => Ok(()),
    }
}

/// Whether a row has a sample weight other than 0, or there are none.
#[inline(always)]
pub(crate) fn is_counted<F: Float>(sample_weights: Option<&[F]>, row: usize) -> bool {
    sample_weights.is_none_or(|s| s[row] != F::zero())
}

/// Whether a value lies outside the domain, in any row: the common answer is no.
struct AnyRefused<'a, F> {
    domain: Domain,
    values: &'a ArrayRef2<F>,
}

impl<F: Float> Loop for AnyRefused<'_, F> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self { domain, values } = self;
        // All values of a chunk are looked at, because it then runs as a vector.
        let any = |chunk: &[F]| chunk.iter().fold(false, |any, &x| any | domain.refuses(x));
        match values.as_slice_memory_order() {
            Some(values) => values.chunks(256).any(any),
            None => values.iter().any(|&x| domain.refuses(x)),
        }
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
