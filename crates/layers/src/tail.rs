//! `e^(−|z|)` in two factors, for products whose result is a number where the exponential alone is
//! none.

use tensor_core::Float;
use tensor_core::functions::exp;

/// From here on `e^(−|z|)` is below the smallest normal `f64`, `e^(−708.4)`, or near it.
const FAR: f64 = 708.0;

/// `e^(−FAR)` = 3.3075530036384079960117…e-308, rounded once.
const AT_FAR: f64 = 3.307_553_003_638_408e-308;

/// `[e, f]` with `e f = e^(−|z|)`, and `f` = 1 unless `|z| > 708` in `f64`.
///
/// Below the smallest normal number an `f64` loses digits, down to none at `e^(−745)`. In a product
/// such as `z e^z`, which is there up to 750 times as large, they would be missed: so the product
/// is made with `e`, and `f` is the last factor. `708 − |z|` is exact, because `|z|` has no finer
/// digits than the difference. For results of type `f32` all of this is far out of sight.
#[inline(always)]
pub(crate) fn exp_factors<F: Float>(z: f64) -> [f64; 2] {
    let size = z.abs();
    let is_far = !F::NARROW && size > FAR;
    let (shift, factor) = if is_far { (FAR, AT_FAR) } else { (0.0, 1.0) };
    [exp::<F>(shift - size), factor]
}

/// `z`, or one of its sign that is as good to a formula with `e^(−|z|)`, where that is 0: so finite
/// that `z e^(−|z|)` is 0 as well.
#[inline(always)]
pub(crate) fn where_exp_is_a_number(z: f64) -> f64 {
    // Comparisons and not `clamp`, which does not run in vectors. The first factor of e^(−2000) is
    // e^(−1292), which is 0.
    let z = if z > 2000.0 { 2000.0 } else { z };
    if z < -2000.0 { -2000.0 } else { z }
}

/// `a e^(−|z|)` in two factors, the larger one first, from [`exp_factors`]: a product with a number
/// leaves the type on the way only if it does so at the end.
#[inline(always)]
pub(crate) fn times_exp(a: f64, [e, factor]: [f64; 2]) -> [f64; 2] {
    // e may be near 1 far out, and a e above 1 would make a large number an infinity before the
    // last factor makes it small.
    if factor < 1.0 && a.abs() > 1.0 { [e, a * factor] } else { [a * e, factor] }
}

#[cfg(test)]
mod tests {
    use super::{exp_factors, times_exp};

    // MAX·2¹⁰⁰·e^(−708.0000000000001) with 30 digits (mpmath 1.3), and 2⁻⁸⁰⁰·2¹⁰⁰·e⁻²⁰⁰, of
    // which 2⁻⁸⁰⁰·e⁻²⁰⁰ = 2⁻¹⁰⁸⁸·⁵ alone is no number.
    #[test]
    fn a_factor_above_1_is_multiplied_where_it_has_room() {
        let product = |dy: f64, a: f64, z: f64| {
            let [first, last] = times_exp(a, exp_factors::<f64>(z));
            dy * first * last
        };
        let large = 2.0_f64.powi(100);
        let got = product(f64::MAX, large, -708.000_000_000_000_1);
        assert!((got / 7.537_406_516_764_151e30 - 1.0).abs() < 1e-15, "{got:e}");
        let (got, want) = (product(2.0_f64.powi(-800), large, -200.0), 2.0_f64.powi(-700));
        assert!((got / want / (-200.0_f64).exp() - 1.0).abs() < 1e-15, "{got:e}");
    }

    // x e^(−z), with 60 decimal digits (mpmath 1.3) and rounded to 17.
    #[expect(clippy::excessive_precision, reason = "17 digits name every f64")]
    #[test]
    fn the_product_keeps_its_digits_where_the_exponential_has_none() {
        let product = |x: f64, z: f64| {
            let [e, factor] = exp_factors::<f64>(z);
            x * e * factor
        };
        assert_eq!(product(1.0, 0.5), (-0.5_f64).exp());
        let table = [
            (2.0_f64.powi(100), 700.0, 1.2498624888753268e-274),
            (2.0_f64.powi(100), 708.0, 4.1928215503489109e-278),
            (2.0_f64.powi(100), 708.25, 3.2653727066903936e-278),
            (2.0_f64.powi(100), 745.0, 3.5777545975373327e-294),
            (2.0_f64.powi(100), 750.5, 1.4621465303049074e-296),
            (2.0_f64.powi(1000), 1200.5, 4.5653085933939591e-221),
            (2.0_f64.powi(1000), 1380.0, 5.0537137303373539e-299),
        ];
        for (x, z, want) in table {
            let error = (product(x, z) / want - 1.0_f64).abs() / f64::EPSILON;
            assert!(error <= 2.0, "{x} e^-{z}: {error} ε");
        }
        assert!(exp_factors::<f64>(f64::NAN)[0].is_nan());
        assert_eq!(exp_factors::<f64>(f64::NEG_INFINITY)[0], 0.0);
        assert_eq!(exp_factors::<f32>(-1e4), [0.0, 1.0]);
    }
}
