//! Powers and lines between two rates, right up to the ends of `f64`.
//!
//! What comes in is finite and not negative, and so is what goes out.

use std::f64::consts::{FRAC_PI_2, PI};

/// `λ γ^n`, right wherever it is representable, though `γ^n` alone may not be; [`f64::MAX`] where
/// it is too large.
pub(super) fn grown(lr: f64, gamma: f64, n: u64) -> f64 {
    if n < 1 << 53 {
        return power(lr, gamma, [n as f64, 0.0]);
    }
    // Two parts that are exact in f64.
    let low = n & u64::from(u32::MAX);
    power(lr, gamma, [(n - low) as f64, low as f64])
}

/// `λ x^(p + q)` as [`grown`], for an exponent `[p, q]` of two parts.
pub(super) fn power(lr: f64, x: f64, [p, q]: [f64; 2]) -> f64 {
    let simple = x.powf(p);
    if q == 0.0 && simple.is_normal() {
        return (lr * simple).min(f64::MAX);
    }
    let log = x.log2() * (p + q);
    if lr == 0.0 || log < -2200.0 {
        return 0.0; // λ < 2¹⁰²⁴, and 2⁻¹⁰⁷⁴ is the smallest number
    }
    if log > 2200.0 {
        return f64::MAX;
    }
    // In eight factors, none of which leaves the range. They are all on one side of 1, so that no
    // product lies further out than the last.
    let mut rate = lr;
    for part in [p, q] {
        let factor = x.powf(part / 4.0);
        for _ in 0..4 {
            rate *= factor;
        }
    }
    rate.min(f64::MAX)
}

/// How much of the way is done, and how much is left, after `t` of `total` steps: 0 and 1 at the
/// start. `t ≤ total`, and `total > 0`.
pub(super) fn parts(t: u128, total: u128) -> [f64; 2] {
    [t, total - t].map(|part| part as f64 / total as f64)
}

/// From `start` to `end` on a straight line: `start·left + end·done`, where `done + left = 1`.
///
/// Neither end is a difference, so a rate near a small end keeps its digits.
pub(super) fn line(start: f64, end: f64, [done, left]: [f64; 2]) -> f64 {
    // Rounding may leave the interval, and a sum near f64::MAX overflow.
    (start * left + end * done).clamp(start.min(end), start.max(end))
}

/// From `start` to `end` on half a cosine: `start·(1 + cos πd)/2 + end·(1 − cos πd)/2`, where `d`
/// is what is `done`.
pub(super) fn cosine(start: f64, end: f64, [done, left]: [f64; 2]) -> f64 {
    // (1 − cos πx)/2 for x ≤ ½; near 0, where the difference has no digits, as sin²(πx/2).
    let rise = |x: f64| {
        if x < 0.25 { (FRAC_PI_2 * x).sin().powi(2) } else { (1.0 - (PI * x).cos()) / 2.0 }
    };
    let parts = if done <= left {
        let gone = rise(done);
        [gone, 1.0 - gone]
    } else {
        let rest = rise(left);
        [1.0 - rest, rest]
    };
    line(start, end, parts)
}

#[cfg(test)]
mod tests {
    use super::{cosine, grown, line, parts};

    // 10⁻³⁰⁰·(10¹⁰)⁴⁰ = 10¹⁰⁰ and 10³⁰⁰·(10⁻¹⁰)⁴⁰ = 10⁻¹⁰⁰, though (10±¹⁰)⁴⁰ is not representable.
    // 2⁻¹⁰⁷⁴·2²⁰⁹⁷ = 2¹⁰²³. The next number to 1, 2⁵³ times: (1 + 2⁻⁵²)^(2⁵³) = e² up to 2⁻⁵¹.
    #[test]
    fn powers_beyond_the_range() {
        let near = |found: f64, right: f64| (found / right - 1.0).abs() < 1e-14;
        assert!(near(grown(1e-300, 1e10, 40), 1e100));
        assert!(near(grown(1e300, 1e-10, 40), 1e-100));
        assert!(near(grown(5e-324, 2.0, 2097), 2.0_f64.powi(1023)));
        assert!(near(grown(1.0, 1.0 + f64::EPSILON, 1 << 53), 2.0_f64.exp()));
        assert_eq!(grown(1.0, 2.0, 1024), f64::MAX);
        assert_eq!(grown(1e308, 1e308, u64::MAX), f64::MAX);
        assert_eq!(grown(1e308, 5e-324, u64::MAX), 0.0);
        for n in [0, 1, 1 << 53, u64::MAX] {
            assert_eq!(grown(0.0, 1e308, n), 0.0, "{n}");
            assert_eq!(grown(0.5, 1.0, n), 0.5, "{n}");
            assert_eq!(grown(0.5, 0.0, n), if n == 0 { 0.5 } else { 0.0 }, "{n}");
        }
    }

    // A step before the end of 10⁸, cos(π − x) = −1 + x²/2 with x = π·10⁻⁸: (x/2)² of the start is
    // left, 2.4674011002723397e-16.
    #[test]
    fn ends_keep_their_digits() {
        let late = parts(99_999_999, 100_000_000);
        assert_eq!(line(1.0, 0.0, late), 1e-8);
        let found = cosine(1.0, 0.0, late);
        assert!((found / 2.467_401_100_272_339_7e-16 - 1.0).abs() < 1e-15, "{found:e}");
        for curve in [line, cosine] {
            let total = u128::from(u64::MAX);
            assert_eq!(curve(0.3, f64::MAX, parts(0, total)), 0.3);
            assert_eq!(curve(0.3, f64::MAX, parts(total, total)), f64::MAX);
            assert_eq!(curve(f64::MAX, f64::MAX, parts(1, 3)), f64::MAX);
        }
    }
}
