//! Errors in units of the last place (ulp), for tests of functions.

/// How far a result lies from the exact value when it is rounded to `f32`, in units of that value's
/// last place.
pub(crate) fn ulp32(got: f64, want: f64) -> f64 {
    let (got, nearest) = (got as f32, want as f32);
    if (got == nearest && nearest.is_infinite()) || (got.is_nan() && want.is_nan()) {
        return 0.0;
    }
    // The power of two at or below the exact value, 23 digits on.
    let binade = f64::from_bits(want.to_bits() & f64::INFINITY.to_bits());
    let unit = binade.max(f32::MIN_POSITIVE.into()) * f64::from(f32::EPSILON);
    (f64::from(got) - want).abs() / unit
}

/// The worst of `error` over the arguments, with its place. NaN, which is no number or not the one
/// that was wanted, is the worst.
pub(crate) fn worst<T: Copy>(
    xs: impl Iterator<Item = T>,
    error: impl Fn(T) -> f64,
) -> (f64, Option<T>) {
    let worse = |a: f64, b: f64| b > a || (b.is_nan() && !a.is_nan());
    xs.map(|x| (error(x), Some(x))).fold((0.0, None), |a, b| if worse(a.0, b.0) { b } else { a })
}

/// A prime step through the bit patterns meets every exponent, both signs, infinities and NaN.
pub(crate) fn floats() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(6007).map(f32::from_bits)
}

#[cfg(test)]
mod tests {
    use super::{ulp32, worst};

    #[test]
    fn a_result_that_is_no_number_is_the_worst() {
        let infinite = f64::INFINITY;
        for (got, want) in
            [(f64::NAN, 1.0), (1.0, f64::NAN), (1.0, infinite), (infinite, -infinite)]
        {
            let (error, at) = worst(0..5, |i| if i == 2 { ulp32(got, want) } else { i.into() });
            assert!(error.is_nan() && at == Some(2), "{got} for {want}: {error}");
        }
        assert_eq!(worst(0..5, |i| f64::from(i % 3)), (2.0, Some(2)));
    }
}
