//! Quantiles of sorted numbers.

/// The numbers in rising order.
pub(crate) fn sorted(mut x: Vec<f64>) -> Vec<f64> {
    x.sort_by(f64::total_cmp);
    x
}

/// The quantile `q` of sorted numbers, between neighbors on a line; 0 if there are none.
///
/// ```text
/// x[⌊h⌋] + (h − ⌊h⌋)(x[⌊h⌋ + 1] − x[⌊h⌋])        h = q (n − 1)
/// ```
///
/// NumPy's `percentile` by default; definition 7 of Hyndman and Fan, *Sample quantiles in
/// statistical packages*, The American Statistician 50, 1996.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let h = q * (sorted.len().saturating_sub(1)) as f64;
    at(sorted, h.floor() as usize, h - h.floor())
}

/// Quantile `i` of `n` that are equally far apart, from the smallest number to the largest.
///
/// `h = i (len − 1)/(n − 1)` is divided in whole numbers, so that quantiles of ties are ties.
pub(crate) fn nth_quantile(sorted: &[f64], i: usize, n: usize) -> f64 {
    let (product, step) =
        (i as u128 * sorted.len().saturating_sub(1) as u128, (n - 1).max(1) as u128);
    at(sorted, (product / step) as usize, (product % step) as f64 / step as f64)
}

/// The number at place `below`, and a share of the way to the next.
fn at(sorted: &[f64], below: usize, share: f64) -> f64 {
    let Some(&low) = sorted.get(below) else { return 0.0 };
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    between(low, high, share)
}

/// `a + t (b − a)` for `t` from 0 to 1, from the nearer end, so that `t = 1` gives `b`.
pub(crate) fn between(a: f64, b: f64, t: f64) -> f64 {
    // Halves, because b − a may overflow.
    let half = 0.5 * b - 0.5 * a;
    if t < 0.5 { a + 2.0 * t * half } else { b - 2.0 * (1.0 - t) * half }
}
