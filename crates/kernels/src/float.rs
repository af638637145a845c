//! The scalar type of everything: `f32` or `f64`.

use ndarray::NdFloat;

mod sealed {
    use crate::exponential::series::Exponential;
    use crate::matmul::buffer::Packing;
    use crate::simd::dots::Dotted;
    use crate::simd::small::Tiny;
    use crate::simd::tile::Tiled;
    use crate::simd::transpose::Transposed;

    /// The loops that exist for a scalar, closed to the outside: it has no function of its own,
    /// because whoever is generic over [`Float`](super::Float) could call it; those of the crate's
    /// traits are the crate's.
    ///
    /// ```compile_fail
    /// fn leak<F: kernels::Float>() -> F {
    ///     F::with_packing(1, 1, |a, _| a[0])
    /// }
    /// ```
    /// ```compile_fail
    /// fn kernel<F: kernels::Float>() {
    ///     F::kernel(kernels::simd::Level::Avx512);
    /// }
    /// ```
    #[allow(private_bounds, reason = "the module is private")]
    pub trait Sealed: Tiled + Transposed + Dotted + Tiny + Exponential + Packing {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`: the one bound that the project's generic code carries.
///
/// Arithmetic, comparison and functions such as `sqrt` come from [`NdFloat`]. The trait is sealed,
/// because kernels, accuracy bounds and seeded values are stated for these two types, and a third
/// type would silently have none of them.
///
/// # Examples
/// ```
/// use kernels::Float;
///
/// fn half<F: Float>(x: F) -> F {
///     x * F::of(0.5)
/// }
/// assert_eq!(half(3.0_f32), 1.5);
/// assert_eq!(half(3.0_f64), 1.5);
/// ```
pub trait Float: NdFloat + Default + sealed::Sealed {
    /// The type's name as it stands in messages: `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Whether `f64` has digits and range to spare for a result of this type: true for `f32`. What
    /// is computed in `f64` and rounded once then needs no compensation for rounding errors.
    const NARROW: bool;

    /// The nearest value to `x`: for constants in formulas, `F::of(0.5)`.
    fn of(x: f64) -> Self;

    /// The value as `f64`, exactly.
    fn as_f64(self) -> f64;

    /// The error function `erf(x) = 2/√π ∫₀ˣ e^(−t²) dt`, within 1 unit in the last place (`libm`).
    fn erf(x: Self) -> Self;

    /// The complementary error function `1 − erf(x)`, without the cancellation for large `x`
    /// (`libm`).
    fn erfc(x: Self) -> Self;
}

impl Float for f32 {
    const NAME: &'static str = "f32";
    const NARROW: bool = true;

    #[inline]
    fn of(x: f64) -> Self {
        x as f32
    }

    #[inline]
    fn as_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn erf(x: Self) -> Self {
        libm::erff(x)
    }

    #[inline]
    fn erfc(x: Self) -> Self {
        libm::erfcf(x)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";
    const NARROW: bool = false;

    #[inline]
    fn of(x: f64) -> Self {
        x
    }

    #[inline]
    fn as_f64(self) -> f64 {
        self
    }

    #[inline]
    fn erf(x: Self) -> Self {
        libm::erf(x)
    }

    #[inline]
    fn erfc(x: Self) -> Self {
        libm::erfc(x)
    }
}

#[cfg(test)]
mod tests {
    use super::Float;

    #[test]
    fn of_rounds_to_nearest() {
        // 0.1 lies between two f32 values; the nearer one is 13421773 · 2⁻²⁷.
        assert_eq!(f32::of(0.1), 13_421_773.0 / 134_217_728.0);
        assert_eq!(f64::of(0.1), 0.1);
    }

    #[test]
    fn erf_is_odd_and_saturates() {
        fn check<F: Float>() {
            assert_eq!(F::erf(F::zero()), F::zero());
            assert_eq!(F::erf(F::of(40.0)), F::one());
            assert_eq!(F::erf(F::of(-40.0)), -F::one());
            assert!(F::erf(F::nan()).is_nan());
            // erfc keeps what 1 − erf loses: erfc(6) = 2.15…e-17 (Abramowitz and Stegun, table 7.3)
            // is below half an ulp of 1.
            let relative = F::erfc(F::of(6.0)).as_f64() / 2.151_973_671_249_891e-17 - 1.0;
            assert!(relative.abs() <= 2.0 * F::epsilon().as_f64());
        }
        check::<f32>();
        check::<f64>();
    }
}
