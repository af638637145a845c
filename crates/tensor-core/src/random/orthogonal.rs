//! Matrices with orthonormal rows or columns.

use kernels::sums::sum_by;
use ndarray::ArrayRef2;

use super::rng::Rng;
use crate::memory::zeros;
use crate::{Error, Float};

/// Fills a matrix with `gain·Q`: of the rows and the columns, the fewer ones are orthonormal in
/// `Q`, and every such `Q` is equally likely.
///
/// Vectors of normal numbers, each made orthogonal to those before it and normalized (Gram and
/// Schmidt). Because the triangular factor that this leaves has a positive diagonal, `Q` is uniform
/// (Mezzadri, *How to Generate Random Matrices from the Classical Compact Groups*, Notices of the
/// AMS 54, 2007, <https://arxiv.org/abs/math-ph/0609050>). Each is made orthogonal twice, because
/// the rounding errors of the first time are large beside a vector of which little is left: after
/// the second it is orthogonal to the last digits (Giraud et al., *Rounding error analysis of the
/// classical Gram-Schmidt orthogonalization process*, Numerische Mathematik 101, 2005,
/// <https://doi.org/10.1007/s00211-005-0615-4>).
pub(super) fn fill<F: Float>(
    weight: &mut ArrayRef2<F>,
    gain: f64,
    rng: &mut Rng,
) -> Result<(), Error> {
    let (rows, columns) = weight.dim();
    let (n, length) = (rows.min(columns), rows.max(columns));
    let mut vectors = zeros::<f64, _>("Init::Orthogonal", (n, length))?;
    let all = vectors.as_slice_mut().unwrap_or_default();
    for i in 0..n {
        let (before, own) = all.split_at_mut(i * length);
        let own = &mut own[..length];
        loop {
            own.iter_mut().for_each(|x| *x = rng.normal());
            if orthonormalize(own, before) {
                break;
            }
        }
    }
    for ((row, column), w) in weight.indexed_iter_mut() {
        let q = if rows <= columns { vectors[[row, column]] } else { vectors[[column, row]] };
        *w = F::of(gain * q);
    }
    Ok(())
}

/// Makes a vector orthonormal to those `before` it. False where too little of it is left, which
/// happens to hardly any.
fn orthonormalize(own: &mut [f64], before: &[f64]) -> bool {
    let drawn = norm(own);
    for _ in 0..2 {
        for q in before.chunks_exact(own.len()) {
            let along: f64 = sum_by(own.len(), &|i| own[i] * q[i]);
            own.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
        }
    }
    let left = norm(own);
    own.iter_mut().for_each(|x| *x /= left);
    left > 1e-6 * drawn
}

fn norm(x: &[f64]) -> f64 {
    libm::sqrt(sum_by(x.len(), &|i| x[i] * x[i]))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::{fill, orthonormalize};
    use crate::Rng;

    // QᵀQ = I, or Q Qᵀ where there are more columns. A product of two vectors that were made
    // orthogonal twice is off by the roundings of a sum of `length` terms and of `n` subtractions:
    // at most (length + n) u, since the vectors have norm 1.
    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(1, 1), (1, 7), (7, 1), (5, 5), (30, 8), (8, 30), (64, 64)] {
            let mut w = Array2::<f64>::zeros((rows, columns));
            fill(&mut w, 1.0, &mut Rng::new(1)).unwrap();
            let product = if rows <= columns { w.dot(&w.t()) } else { w.t().dot(&w) };
            let bound = (rows + columns) as f64 * f64::EPSILON;
            for ((i, j), &x) in product.indexed_iter() {
                let one = f64::from(u8::from(i == j));
                assert!((x - one).abs() <= bound, "{rows} × {columns}, ({i}, {j}): {x}");
            }
            let mut twice = Array2::<f64>::zeros((rows, columns));
            fill(&mut twice, 2.0, &mut Rng::new(1)).unwrap();
            assert_eq!(twice, 2.0 * w);
        }
    }

    // Of 10⁵ q + r, with r orthogonal to q and of norm 1, r is left. Once would leave 10⁵ roundings
    // of q beside it, 10⁻¹¹; of 10⁷ q + r too little is left.
    #[test]
    fn what_is_nearly_parallel_is_orthogonal_to_the_last_digits() {
        let (q, r) = ([1.0, 2.0, -2.0].map(|q| q / 3.0), [2.0, 1.0, 2.0].map(|r| r / 3.0));
        let sum = |size: f64| [0, 1, 2].map(|i| size * q[i] + r[i]);
        let mut own = sum(1e5);
        assert!(orthonormalize(&mut own, &q));
        let along: f64 = own.iter().zip(q).map(|(x, q)| x * q).sum();
        assert!(along.abs() <= 4.0 * f64::EPSILON, "{along:e}");
        assert!(!orthonormalize(&mut sum(1e7), &q));
    }

    // Uniform: every element of an n × n matrix has mean 0 and variance 1/n, and q₁₁ is negative as
    // often as positive, which QR without the choice of signs does not give.
    #[test]
    fn every_orthogonal_matrix_is_equally_likely() {
        let (n, draws) = (3, 4000);
        let mut rng = Rng::new(2);
        let (mut sum, mut squares) = (Array2::<f64>::zeros((n, n)), Array2::<f64>::zeros((n, n)));
        for _ in 0..draws {
            let mut q = Array2::<f64>::zeros((n, n));
            fill(&mut q, 1.0, &mut rng).unwrap();
            sum += &q;
            squares += &(&q * &q);
        }
        // Var q = 1/3, Var q² = 1/5 − 1/9 (q is uniform in [−1, 1] on the sphere): five deviations.
        let within = |variance: f64| 5.0 * (variance / f64::from(draws)).sqrt();
        let mean = |sum: f64| sum / f64::from(draws);
        assert!(sum.iter().all(|&sum| mean(sum).abs() <= within(1.0 / 3.0)), "{sum}");
        let off = |sum: f64| (mean(sum) - 1.0 / 3.0).abs();
        assert!(squares.iter().all(|&sum| off(sum) <= within(4.0 / 45.0)), "{squares}");
    }
}
