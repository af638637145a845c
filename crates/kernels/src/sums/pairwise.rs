//! Sums of many terms in their own type, in an order that depends on their number alone.

use crate::Float;

const LANES: usize = 8;
const BLOCK: usize = 128;

/// The sum of many terms in their own type, `Σ_i x[i]`, 0 for no terms.
///
/// Eight interleaved sums run over blocks of 128 terms, and the blocks are added pairwise. That
/// bounds the error of `n` terms by `(16 + 3 + log₂(n/128))·u·Σ|x[i]|` instead of `n·u·Σ|x[i]|`,
/// with `u` half the distance from 1 to the next number (Higham, *Accuracy and Stability of
/// Numerical Algorithms*, 2nd edition, section 4.2, <https://doi.org/10.1137/1.9780898718027>), and
/// lets eight sums fill a vector register. The order depends on `n` alone.
///
/// # Examples
/// ```
/// use kernels::sums::sum;
///
/// // One after the other, 0.1_f32 added 1000 times gives 99.99905.
/// assert!((sum(&[0.1_f32; 1000]) - 100.0).abs() < 1e-4);
/// assert_eq!(sum(&[1.0, 2.0, 4.0]), 7.0);
/// ```
pub fn sum<F: Float>(x: &[F]) -> F {
    sum_by(x.len(), &|i| x[i])
}

/// `Σ_i term(i)` for `i` in `0..n`: [`sum`] of an expression that is not stored anywhere.
///
/// # Examples
/// ```
/// use kernels::sums::sum_by;
///
/// let x = [1.0, 2.0, 3.0];
/// assert_eq!(sum_by(x.len(), &|i| x[i] * x[i]), 14.0);
/// ```
pub fn sum_by<F: Float>(n: usize, term: &impl Fn(usize) -> F) -> F {
    pairwise(0, n, term)
}

fn pairwise<F: Float>(start: usize, n: usize, term: &impl Fn(usize) -> F) -> F {
    if n > BLOCK {
        // The left part is a multiple of the block, so that where it is cut depends on n alone.
        let left = n.div_ceil(2 * BLOCK) * BLOCK;
        return pairwise(start, left, term) + pairwise(start + left, n - left, term);
    }
    let mut lanes = [F::zero(); LANES];
    let full = n / LANES * LANES;
    for i in (0..full).step_by(LANES) {
        for (lane, acc) in lanes.iter_mut().enumerate() {
            *acc += term(start + i + lane);
        }
    }
    for i in full..n {
        lanes[i - full] += term(start + i);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::sum;
    use crate::Float;
    use crate::random::Rng;

    /// The definition, one term after the other in `f64`; for `f32` terms its own error is
    /// negligible.
    fn plain(x: impl Iterator<Item = f32>) -> (f64, f64) {
        x.fold((0.0, 0.0), |(sum, abs), v| (sum + v.as_f64(), abs + v.as_f64().abs()))
    }

    #[test]
    fn sum_meets_its_bound_at_every_length() {
        let mut rng = Rng::new(1);
        for n in (0..=300).chain([1023, 1024, 1025, 100_000]) {
            let x: Vec<f32> = (0..n).map(|_| rng.normal() as f32).collect();
            let (want, abs) = plain(x.iter().copied());
            let depth = 19.0 + (n as f64 / 128.0).log2().max(0.0).ceil();
            let bound = depth * f64::from(f32::EPSILON) / 2.0 * abs;
            let got = f64::from(sum(&x));
            assert!((got - want).abs() <= bound, "n = {n}: {got} against {want}, bound {bound:e}");
        }
    }

    #[test]
    fn every_term_is_added_exactly_once() {
        for n in 0..=600_u32 {
            let x: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&x), f64::from(n * (n + 1) / 2), "n = {n}");
        }
    }
}
