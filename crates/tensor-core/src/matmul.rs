//! `C ← α A B + β C`: the one door to matrix products.
//!
//! No other module, here or in the crates above, names a matrix-product library, so that there is one place to make fast
//! and one place to look at when bits differ. Transposes are views: `gemm(1, x, &w.t(), 0, z)` computes `Z = X Wᵀ`
//! without copying `W`.
//!
//! ```
//! use ndarray::{Array2, array};
//! use tensor_core::gemm;
//!
//! let x = array![[1.0, 2.0]]; //                 (1, 2)
//! let w = array![[3.0, 4.0], [5.0, 6.0]]; //     (2, 2), rows are outputs
//! let mut z = Array2::zeros((1, 2));
//! gemm(1.0, &x, &w.t(), 0.0, &mut z);
//! assert_eq!(z, array![[11.0, 17.0]]);
//! ```

use ndarray::ArrayRef2;
use ndarray::linalg::general_mat_mul;

use crate::Float;

/// `C ← α A B + β C`.
///
/// With `β = 0` the old content of `C` is overwritten, not multiplied: NaN in an unused buffer does not spread. Where the
/// inner dimension is 0 the product is 0.
///
/// # Shapes
/// `A (M, K)`, `B (K, N)`, `C (M, N)`; any strides, so that a transpose is `a.t()`.
///
/// # Panics
/// If the shapes do not fit: the callers of this crate have checked them at their borders.
#[track_caller]
pub fn gemm<F: Float>(alpha: F, a: &ArrayRef2<F>, b: &ArrayRef2<F>, beta: F, c: &mut ArrayRef2<F>) {
    general_mat_mul(alpha, a, b, beta, c);
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayRef2, array};
    use proptest::prelude::*;

    use super::gemm;
    use crate::{Float, Rng};

    /// The definition, in `f64`: c_ij = α Σ_k a_ik b_kj + β c_ij.
    fn plain<F: Float>(
        alpha: F,
        a: &ArrayRef2<F>,
        b: &ArrayRef2<F>,
        beta: F,
        c: &ArrayRef2<F>,
    ) -> Array2<f64> {
        Array2::from_shape_fn(c.dim(), |(i, j)| {
            let sum: f64 = (0..a.ncols()).map(|k| a[[i, k]].as_f64() * b[[k, j]].as_f64()).sum();
            let old = if beta == F::zero() { 0.0 } else { beta.as_f64() * c[[i, j]].as_f64() };
            alpha.as_f64() * sum + old
        })
    }

    fn random<F: Float>(rng: &mut Rng, rows: usize, cols: usize) -> Array2<F> {
        Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()))
    }

    /// Standard layout, or the same values behind transposed strides.
    fn laid_out<F: Float>(a: Array2<F>, transposed: bool) -> Array2<F> {
        if transposed { a.t().as_standard_layout().into_owned().reversed_axes() } else { a }
    }

    fn agrees_with_plain<F: Float>(
        (m, k, n): (usize, usize, usize),
        transposed: [bool; 3],
        beta: f64,
        seed: u64,
        unit: f64,
    ) {
        let mut rng = Rng::new(seed);
        let a = laid_out(random::<F>(&mut rng, m, k), transposed[0]);
        let b = laid_out(random::<F>(&mut rng, k, n), transposed[1]);
        let mut c = laid_out(random::<F>(&mut rng, m, n), transposed[2]);
        let (alpha, beta) = (F::of(0.75), F::of(beta));
        let expected = plain(alpha, &a, &b, beta, &c);
        // |error| ≤ (K + 3)·u·(α |A||B| + β |C|): K products and sums, the two scalings and the last sum
        // (Higham, Accuracy and Stability of Numerical Algorithms, section 3.5).
        let bound = plain(
            alpha,
            &a.mapv(|v| v.abs()),
            &b.mapv(|v| v.abs()),
            beta.abs(),
            &c.mapv(|v| v.abs()),
        )
        .mapv(|v| (k as f64 + 3.0) * unit * v);
        gemm(alpha, &a, &b, beta, &mut c);
        for ((index, &got), (&want, &bound)) in c.indexed_iter().zip(expected.iter().zip(&bound)) {
            let error = (got.as_f64() - want).abs();
            assert!(
                error <= bound,
                "seed {seed}, element {index:?}: {got} against {want}, bound {bound:e}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_shape_any_layout(
            shape in (1_usize..40, 0_usize..40, 1_usize..40),
            transposed in any::<[bool; 3]>(),
            beta in prop_oneof![Just(0.0), Just(1.0), Just(-0.5)],
            seed in any::<u64>(),
        ) {
            agrees_with_plain::<f64>(shape, transposed, beta, seed, f64::EPSILON / 2.0);
            agrees_with_plain::<f32>(shape, transposed, beta, seed, f64::from(f32::EPSILON) / 2.0);
        }
    }

    #[test]
    fn beta_zero_overwrites_nan() {
        let mut c = Array2::from_elem((1, 1), f64::NAN);
        gemm(1.0, &array![[2.0]], &array![[3.0]], 0.0, &mut c);
        assert_eq!(c, array![[6.0]]);
        let mut c = Array2::from_elem((2, 2), f64::NAN);
        gemm(1.0, &Array2::zeros((2, 0)), &Array2::zeros((0, 2)), 0.0, &mut c);
        assert_eq!(c, Array2::<f64>::zeros((2, 2)));
    }
}
