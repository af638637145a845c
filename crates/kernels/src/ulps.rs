//! Errors in units of the last place (ulp), for tests of functions. Other crates' tests include
//! this file by its path.

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

/// The worst of `error` over the arguments, with its place.
pub(crate) fn worst<T: Copy>(
    xs: impl Iterator<Item = T>,
    error: impl Fn(T) -> f64,
) -> (f64, Option<T>) {
    xs.map(|x| (error(x), Some(x))).fold((0.0, None), |a, b| if a.0 >= b.0 { a } else { b })
}

/// A prime step through the bit patterns meets every exponent, both signs, infinities and NaN.
pub(crate) fn floats() -> impl Iterator<Item = f32> {
    (0..=u32::MAX).step_by(6007).map(f32::from_bits)
}
