//! Hessian–vector products against differences of the gradient.

use ndarray::ArrayD;

use crate::check::vjp::check_vjp;
use crate::config::Config;
use crate::outcome::finding::{Check, Finding};
use crate::outcome::report::Report;
use crate::random::rng::Rng;
use crate::subject::tensor::Tensor;

/// Checks the Hessian–vector product of a scalar function `L` whose `gradient` is already checked:
///
/// ```text
/// g_i = ∂L/∂x_i      (H w)_i = Σ_j ∂²L/∂x_i∂x_j w_j
/// ```
///
/// A Hessian is symmetric, so `(H w)_i = Σ_j w_j ∂g_j/∂x_i`: the product is the gradient's
/// vector–Jacobian product, and every element of it is checked like any other. Besides, without
/// differences, `Σ_i w_i (H d)_i = Σ_i d_i (H w)_i` to rounding for two random vectors.
///
/// # Shapes
/// `gradient` maps `x` to an array of its shape; `product` maps `x` and a vector `w` of its shape
/// to one of its shape.
///
/// # Examples
/// ```
/// use gradcheck::{Config, check_hessian_product};
/// use ndarray::arr1;
/// // L = Σ x⁴
/// let x = arr1(&[0.5, -1.5, 2.0]).into_dyn();
/// let report = check_hessian_product(
///     "quartic",
///     &x,
///     |x| x.mapv(|x| 4.0 * x.powi(3)),
///     |x, w| x.mapv(|x| 12.0 * x * x) * w,
///     &Config::default(),
/// );
/// report.assert_pass();
/// assert_eq!(report.counts().pass, 3);
/// ```
pub fn check_hessian_product(
    name: &str,
    x: &ArrayD<f64>,
    mut gradient: impl FnMut(&ArrayD<f64>) -> ArrayD<f64>,
    mut product: impl FnMut(&ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
    config: &Config,
) -> Report {
    let mut rng = Rng::new(config.seed ^ 0x2d);
    let (w, d) = (rng.cotangent_array(x.shape()), rng.cotangent_array(x.shape()));
    let (hw, hd) = (product(x, &w), product(x, &d));
    let mut report = check_vjp(
        name,
        &[Tensor::new("x", x.clone())],
        |x| vec![gradient(&x[0])],
        |x, w| vec![product(&x[0], &w[0])],
        config,
    );
    if hw.shape() == x.shape() && hd.shape() == x.shape() {
        let (one, other) = (&w * &hd, &d * &hw);
        let size = one.mapv(f64::abs).sum() + other.mapv(f64::abs).sum();
        let gap = (one.sum() - other.sum()).abs();
        if gap > 1e-12 * size {
            let detail = format!("⟨w, H d⟩ = {:e}, ⟨d, H w⟩ = {:e}", one.sum(), other.sum());
            report.findings.push(Finding::fail(Check::Symmetry, detail));
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, Ix1, Ix2};

    fn quadratic(matrix: &Array2<f64>) -> Report {
        let symmetric = (matrix + &matrix.t()) / 2.0;
        let one = |x: &ArrayD<f64>| x.clone().into_dimensionality::<Ix1>().unwrap();
        check_hessian_product(
            "quadratic",
            &Rng::new(1).normal_array(&[4], 1.0),
            |x| symmetric.dot(&one(x)).into_dyn(),
            |_, w| matrix.dot(&one(w)).into_dyn(),
            &Config::default(),
        )
    }

    #[test]
    fn an_asymmetric_product_fails_twice() {
        let matrix = Rng::new(2).normal_array(&[4, 4], 1.0).into_dimensionality::<Ix2>().unwrap();
        quadratic(&((&matrix + &matrix.t()) / 2.0)).assert_pass();
        let report = quadratic(&matrix);
        assert!(report.counts().fail > 0, "{report}");
        assert_eq!(report.findings.last().unwrap().check, Check::Symmetry);
    }
}
