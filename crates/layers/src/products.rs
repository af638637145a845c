//! Products of several factors, of which one may be 0 or infinite.

use tensor_core::functions::product_or_zero;

/// `p q`, but 0 where one of them is 0, even if the other is infinite. NaN in either gives NaN.
#[inline(always)]
pub(crate) fn product(p: f64, q: f64) -> f64 {
    let [p, q] = if p == 0.0 { [q, p] } else { [p, q] };
    product_or_zero(p, q)
}

/// `p q s` with a slope `|s| < 4`, and 0 where one of them is 0. `s` is multiplied to the larger of
/// the other two, as a quarter: so nothing overflows or vanishes on the way unless the result does.
#[inline(always)]
pub(crate) fn product_by_slope(p: f64, q: f64, s: f64) -> f64 {
    let [large, small] = if p.abs() > q.abs() { [p, q] } else { [q, p] };
    4.0 * product(product(large, 0.25 * s), small)
}

#[cfg(test)]
mod tests {
    use super::{product, product_by_slope};

    #[test]
    fn products_at_the_ends_of_the_type() {
        let (inf, max) = (f64::INFINITY, f64::MAX);
        assert_eq!([product(0.0, inf), product(-inf, 0.0), product(-inf, 2.0)], [0.0, 0.0, -inf]);
        assert!([product(f64::NAN, 0.0), product(0.0, f64::NAN)].iter().all(|p| p.is_nan()));
        // 1e-200·1e-200 vanishes and 1e308·1.5 overflows if they come first.
        assert_eq!(product_by_slope(1e-200, 1e300, 1e-150), 1e-200 * (1e300 * 1e-150));
        assert_eq!(product_by_slope(0.5, max, 1.5), max * 0.75);
        for other in [0.0, 1e-300, 1.0, max, inf] {
            assert_eq!(product_by_slope(other, max, 0.0), 0.0);
            assert_eq!(product_by_slope(other, 0.0, 1.09), 0.0);
        }
        assert!(product_by_slope(0.0, f64::NAN, 0.0).is_nan());
        assert!(product_by_slope(f64::NAN, 1.0, 0.0).is_nan());
    }
}
