//! Functions of wide numbers: right to some 28 digits, from series.

use crate::wide::Wide;

/// `ln 2` in two parts.
const LN_2: [f64; 2] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17];
/// `π` in two parts.
const PI: [f64; 2] = [std::f64::consts::PI, 1.224_646_799_147_353_2e-16];
/// `1/√(2π)` in two parts.
const INV_ROOT_2_PI: [f64; 2] = [0.398_942_280_401_432_7, -2.492_327_202_777_331e-17];

fn wide([high, low]: [f64; 2]) -> Wide {
    Wide::of(high) + Wide::of(low)
}

/// `eˣ`; 0 and ∞ where `f64` is far beyond its ends.
pub(crate) fn exp(x: Wide) -> Wide {
    let approximate = x.value();
    if x.is_nan() {
        return x;
    }
    if approximate.abs() > 1e6 {
        return if x.is_negative() { Wide::ZERO } else { Wide::of(f64::INFINITY) };
    }
    let k = (approximate / LN_2[0]).round();
    let rest = x - Wide::of(k) * wide(LN_2);
    (small_exp_m1(rest) + Wide::ONE).scaled(k as i64)
}

/// `eˣ − 1` for `|x| < 1`: a series for `x/2⁹`, then `(1 + p)² − 1 = 2p + p²` nine times.
fn small_exp_m1(x: Wide) -> Wide {
    let reduced = x.scaled(-9);
    let mut term = reduced;
    let mut p = reduced;
    for n in 2..12 {
        term = term * reduced / Wide::of(f64::from(n));
        p = p + term;
    }
    for _ in 0..9 {
        p = p.scaled(1) + p * p;
    }
    p
}

pub(crate) fn exp_m1(x: Wide) -> Wide {
    if x.abs() < Wide::of(0.5) { small_exp_m1(x) } else { exp(x) - Wide::ONE }
}

/// `ln x`: the logarithm in `f64`, and two steps of Newton's for `eʸ = x`.
pub(crate) fn ln(x: Wide) -> Wide {
    let value = x.value();
    if x.is_zero() {
        return Wide::of(f64::NEG_INFINITY);
    }
    if x.is_negative() || !x.is_finite() {
        return Wide::of(if x.is_negative() { f64::NAN } else { value });
    }
    // The exponent apart: x = m 2ᵏ with m near 1.
    let k = x.exponent();
    let m = x.scaled(-k);
    let mut y = Wide::of(m.value().ln());
    for _ in 0..2 {
        y = y + (m * exp(-y) - Wide::ONE);
    }
    y + Wide::of(k as f64) * wide(LN_2)
}

/// `ln(1 + x)`.
pub(crate) fn ln_1p(x: Wide) -> Wide {
    if x.abs() < Wide::of(1e-20) {
        return x - x * x.scaled(-1);
    }
    if x.is_nan() || x.abs() >= Wide::of(0.5) {
        return ln(Wide::ONE + x);
    }
    let mut y = Wide::of(x.value().ln_1p());
    for _ in 0..2 {
        // For eʸ − 1 = x: y + (x − (eʸ − 1)) e⁻ʸ.
        y = y + (x - exp_m1(y)) * exp(-y);
    }
    y
}

/// `cos πp` for `p` from 0 to 1: a series for an angle 2⁸ times smaller, of `1 − cos`, then
/// `1 − cos 2x = 2 (1 − cos x)(1 + cos x)` eight times.
pub(crate) fn cos_pi(p: Wide) -> Wide {
    let square = {
        let x = (p * wide(PI)).scaled(-8);
        x * x
    };
    let mut term = square.scaled(-1);
    let mut versine = term;
    for n in 2..10 {
        let n = f64::from(n);
        term = -(term * square) / Wide::of(2.0 * n * (2.0 * n - 1.0));
        versine = versine + term;
    }
    for _ in 0..8 {
        versine = (versine * (Wide::of(2.0) - versine)).scaled(1);
    }
    Wide::ONE - versine
}

/// `Φ(z)` and `φ(z)`.
pub(crate) fn normal(z: Wide) -> (Wide, Wide) {
    let density = exp(-(z * z).scaled(-1)) * wide(INV_ROOT_2_PI);
    if z.is_nan() {
        return (z, z);
    }
    let distance = z.abs();
    let tail = if distance > Wide::of(5.0) {
        density / continued_fraction(distance)
    } else {
        Wide::of(0.5) - density * odd_series(distance)
    };
    let tail = if distance > Wide::of(1e6) { Wide::ZERO } else { tail };
    (if z.is_negative() { tail } else { Wide::ONE - tail }, density)
}

/// `Σ_k z^(2k+1)/(1·3·…·(2k+1))`, for which `Φ(z) = ½ + φ(z) Σ`.
fn odd_series(z: Wide) -> Wide {
    let (square, mut term, mut sum) = (z * z, z, z);
    for k in 1..120 {
        term = term * square / Wide::of(f64::from(2 * k + 1));
        sum = sum + term;
    }
    sum
}

/// `z + 1/(z + 2/(z + 3/(z + …)))`, for which `1 − Φ(z) = φ(z)/…`.
fn continued_fraction(z: Wide) -> Wide {
    (1..200).rev().fold(z, |below, n| z + Wide::of(f64::from(n)) / below)
}

#[cfg(test)]
mod tests {
    use super::{exp, ln, ln_1p, normal};
    use crate::wide::Wide;

    /// Whether `got` is `high + low` to 28 digits.
    fn assert_near(got: Wide, [high, low]: [f64; 2]) {
        let want = Wide::of(high) + Wide::of(low);
        let off = ((got - want) / want).abs();
        assert!(off < Wide::of(1e-28), "{got:?} is not {want:?}: {off:?}");
    }

    #[test]
    fn constants_that_are_known_to_thirty_digits() {
        // e, ln 10 and √2 in two parts each: the nearest f64, and what is left of the digits
        // 2.718281828459045235360287471352662, 2.302585092994045684017991454684364.
        assert_near(exp(Wide::ONE), [std::f64::consts::E, 1.445_646_891_729_250_2e-16]);
        assert_near(ln(Wide::of(10.0)), [std::f64::consts::LN_10, -2.170_756_223_382_249_4e-16]);
        assert_near(Wide::of(2.0).sqrt(), [std::f64::consts::SQRT_2, -9.667_293_313_452_913e-17]);
        assert_near(ln_1p(Wide::of(9.0)), [std::f64::consts::LN_10, -2.170_756_223_382_249_4e-16]);
    }

    #[test]
    fn both_forms_of_the_tail_agree() {
        let (left, right) = (normal(Wide::of(-5.000_000_1)).0, normal(Wide::of(-4.999_999_9)).0);
        // Φ(−5) = 2.866515718791939e-7 (Abramowitz and Stegun, table 26.2), in between.
        assert!(left < Wide::of(2.866_515_718_791_94e-7) && right > left);
        let slope = (right - left).value() / 2e-7;
        assert!((slope / 1.486_719_514_734_298e-6 - 1.0).abs() < 1e-6, "{slope}");
    }
}
