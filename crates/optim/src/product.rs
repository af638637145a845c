//! Products that are right wherever they are numbers, whatever the parts of them are.

/// A product of numbers, with an exponent that does not end: each factor may be of any size, and
/// only the value is rounded to what `f64` holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    /// From ½ to below 1 in size; or 0, ∞ or NaN, with the exponent 0.
    mantissa: f64,
    exponent: i64,
}

impl Product {
    pub(crate) fn of(x: f64) -> Self {
        Self { mantissa: 1.0, exponent: 0 }.times(x)
    }

    /// The product with one more factor.
    pub(crate) fn times(self, x: f64) -> Self {
        let (mantissa, exponent) = split(x);
        Self::normalized(self.mantissa * mantissa, self.exponent + exponent)
    }

    fn normalized(mantissa: f64, more: i64) -> Self {
        let (mantissa, exponent) = split(mantissa);
        Self { mantissa, exponent: exponent + more }
    }

    /// The product, rounded once.
    pub(crate) fn value(self) -> f64 {
        // In two factors, as 2ᵏ itself may be no number: the first product is exact.
        let k = self.exponent.clamp(-1500, 1500);
        self.mantissa * power_of_two(k / 2) * power_of_two(k - k / 2)
    }
}

/// `x = m·2ᵏ` with `½ ≤ |m| < 1`; 0, ∞ and NaN stay, with `k = 0`.
fn split(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    // A subnormal number first becomes a normal one.
    let (x, k) = if x.is_normal() { (x, 0) } else { (x * power_of_two(64), -64) };
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i64 - 1022;
    let mantissa = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (mantissa, exponent + k)
}

/// `2ᵏ` for `k` from −1022 to 1023.
pub(crate) const fn power_of_two(k: i64) -> f64 {
    f64::from_bits(((1023 + k) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::Product;

    // Powers of 2 times 3: every value is exact, or a tie that IEEE 754 rounds to even.
    #[test]
    fn only_the_value_is_rounded() {
        let two = |k: i32| 2.0_f64.powi(k);
        let (tiny, huge) = (5e-324, two(1023)); // 2⁻¹⁰⁷⁴
        let product = |factors: &[f64]| {
            factors.iter().fold(Product::of(1.0), |product, &x| product.times(x)).value()
        };
        assert_eq!(product(&[tiny, huge, huge]), two(972));
        assert_eq!(product(&[huge, -huge, tiny, 3.0]), -3.0 * two(972));
        assert_eq!(product(&[tiny, tiny, huge, huge, two(100)]), two(-2));
        assert_eq!(product(&[huge, 2.0]), f64::INFINITY);
        assert_eq!(product(&[huge, huge, huge]), f64::INFINITY);
        // 3·2⁻¹⁰⁷⁵ lies between 2⁻¹⁰⁷⁴ and 2·2⁻¹⁰⁷⁴, of which the second is even.
        assert_eq!(product(&[3.0, tiny, 0.5]), 2.0 * tiny);
        assert_eq!([product(&[tiny, 0.5]), product(&[tiny, tiny, tiny])], [0.0; 2]);
        assert_eq!([product(&[0.0, f64::MAX]), product(&[-0.5, huge])], [0.0, -two(1022)]);
        assert_eq!(product(&[-1.0, f64::INFINITY]), f64::NEG_INFINITY);
        assert!(product(&[f64::NAN, 0.0]).is_nan() && product(&[0.0, f64::INFINITY]).is_nan());
    }
}
