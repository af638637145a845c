//! `|g₃₂ − g₆₄| ≤ λ √L u₃₂ B`: a single-precision gradient against the double-precision one.
//!
//! Differences of `f32` values cannot carry more than four or five digits. Where the same
//! formulas run in `f64`, check those by differences, and hold the `f32` result against them:
//! no differences are involved, and the bound is that of rounding alone. `L` is the longest chain
//! of additions behind an element and `B` the sum of the magnitudes of its terms. Errors of
//! independent sign grow as √L; an implementation whose ratio to the bound grows with L adds in
//! an order that loses more than it need.
//!
//! N. J. Higham and T. Mary, "A new approach to probabilistic rounding error analysis",
//! SIAM J. Sci. Comput. 41 (2019), <https://doi.org/10.1137/18M1226312>.

use ndarray::ArrayD;

use crate::check::multi_index;
use crate::report::{Counts, Element, Report, TensorReport};
use crate::run::max_norm;
use crate::{Config, Fault, Precision, Reason, Tensor, Verdict, check_vjp};

/// How far apart the two gradients may be.
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    /// `λ`: 4 is hardly ever exceeded by rounding.
    pub lambda: f64,
    /// `L`: additions behind one element, plus a few for elementary functions.
    pub chain: usize,
    /// `B`: the gradient computed from magnitudes, `|x|ᵀ|v|` for a product. Without it, `‖g‖∞`.
    pub magnitude: Option<&'a ArrayD<f64>>,
}

impl Default for Bound<'_> {
    fn default() -> Self {
        Self { lambda: 4.0, chain: 8, magnitude: None }
    }
}

/// Compares one tensor's single-precision gradient with its double-precision one; both must come
/// from the same, `f32`-representable inputs and cotangents. In the report, `error` is the bound.
///
/// # Examples
/// ```
/// use gradcheck::{Bound, check_single};
/// use ndarray::arr1;
/// let (x, v) = (arr1(&[0.5_f32, 1.5, -2.0]), arr1(&[1.0_f32, 0.5, 0.25]));
/// let single = (&v * &x.mapv(f32::cos)).into_dyn();
/// let double = (v.mapv(f64::from) * x.mapv(|x| f64::from(x).cos())).into_dyn();
/// check_single("sin", "x", &single, &double, &Bound::default()).assert_pass();
/// ```
pub fn check_single(
    name: &str,
    tensor: &str,
    single: &ArrayD<f32>,
    double: &ArrayD<f64>,
    bound: &Bound<'_>,
) -> Report {
    let g_max = max_norm(double);
    let unit = Precision::Single.unit_roundoff();
    let factor = bound.lambda * (bound.chain as f64).sqrt() * unit;
    let magnitude = bound.magnitude.filter(|b| b.shape() == double.shape());
    let mut counts = Counts::default();
    let mut worst = Vec::new();
    let mut worst_relative: f64 = 0.0;
    if single.shape() == double.shape() {
        for (flat, (g32, g64)) in single.iter().zip(double).enumerate() {
            let size = magnitude.and_then(|b| b.iter().nth(flat)).map_or(g_max, |b| b.abs());
            let analytic = f64::from(*g32);
            let error = factor * size.max(f64::from(f32::MIN_POSITIVE));
            let verdict = match ((analytic - g64).abs() <= error, g64.is_finite()) {
                (_, false) => Verdict::Inconclusive(Reason::NonFinite),
                (true, _) => Verdict::Pass,
                (false, _) if analytic.is_finite() => Verdict::Fail(Fault::Value),
                (false, _) => Verdict::Fail(Fault::NonFinite),
            };
            counts.count(verdict);
            let distance = (analytic - g64).abs();
            worst_relative = worst_relative.max(distance / error);
            worst.push(Element {
                index: multi_index(flat, double.shape()),
                x: f64::NAN,
                analytic,
                numeric: *g64,
                error,
                tolerance: 0.0,
                slopes: (*g64, *g64),
                step: 0.0,
                rates: Vec::new(),
                evaluations: 0,
                verdict,
            });
        }
    }
    let mut findings = Vec::new();
    if single.shape() != double.shape() {
        let detail = format!("f32 {:?}, f64 {:?}", single.shape(), double.shape());
        findings.push(crate::Finding::fail(crate::Check::Shapes, detail));
    }
    let ratio = |e: &Element| (e.analytic - e.numeric).abs() / e.error;
    worst.sort_by(|p, q| ratio(q).total_cmp(&ratio(p)));
    worst.truncate(Config::default().keep);
    let shape = double.shape().to_vec();
    let tensor =
        TensorReport { name: tensor.to_string(), shape, counts, g_max, worst_relative, worst };
    Report {
        name: name.to_string(),
        seed: 0,
        tensors: vec![tensor],
        directions: Vec::new(),
        probes: 0,
        findings,
        hints: Vec::new(),
        evaluations: 0,
        backward_calls: 1,
        min_observed: 0.0,
    }
}

/// Checks a function that exists in `f32` only, by differences of its values. `rtol` should be
/// that of [`Config::single`]; what differences cannot resolve is reported as inconclusive.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Tensor, check_vjp_single};
/// use ndarray::arr1;
/// let x = Tensor::new("x", arr1(&[0.3, -0.8, 1.7]));
/// let report = check_vjp_single(
///     "tanh",
///     &[x],
///     |x| vec![x[0].mapv(f32::tanh)],
///     |x, v| vec![&v[0] * &x[0].mapv(|x| 1.0 - x.tanh().powi(2))],
///     &Config::single(),
/// );
/// assert!(!report.verdict().is_fail(), "{report}");
/// ```
pub fn check_vjp_single<F, B>(
    name: &str,
    inputs: &[Tensor],
    mut f: F,
    mut backward: B,
    config: &Config,
) -> Report
where
    F: FnMut(&[ArrayD<f32>]) -> Vec<ArrayD<f32>>,
    B: FnMut(&[ArrayD<f32>], &[ArrayD<f32>]) -> Vec<ArrayD<f32>>,
{
    let config = Config { precision: Precision::Single, ..config.clone() };
    check_vjp(
        name,
        inputs,
        |x| wide(f(&narrow(x))),
        |x, v| wide(backward(&narrow(x), &narrow(v))),
        &config,
    )
}

fn narrow(arrays: &[ArrayD<f64>]) -> Vec<ArrayD<f32>> {
    arrays.iter().map(|array| array.mapv(|x| x as f32)).collect()
}

fn wide(arrays: Vec<ArrayD<f32>>) -> Vec<ArrayD<f64>> {
    arrays.iter().map(|array| array.mapv(f64::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use ndarray::{Array2, Ix2};

    fn product() -> (Array2<f64>, Array2<f64>) {
        let mut rng = Rng::new(6);
        let mut draw = |shape: &[usize]| {
            let x = rng.normal_array(shape, 1.0).mapv(|x| f64::from(x as f32));
            x.into_dimensionality::<Ix2>().unwrap()
        };
        (draw(&[20, 300]), draw(&[300, 10]))
    }

    #[test]
    fn a_product_is_within_its_bound_and_64_ulp_are_not() {
        let (a, b) = product();
        let double = a.dot(&b).into_dyn();
        let magnitude = a.mapv(f64::abs).dot(&b.mapv(f64::abs)).into_dyn();
        let mut single = a.mapv(|x| x as f32).dot(&b.mapv(|x| x as f32)).into_dyn();
        let bound = Bound { chain: 300, magnitude: Some(&magnitude), ..Bound::default() };
        let report = check_single("product", "y", &single, &double, &bound);
        report.assert_pass();
        assert!(report.tensors[0].worst_relative < 0.5, "{report}");
        let jump = magnitude[[3, 3]] as f32 * 64.0 * f32::EPSILON;
        single[[3, 3]] += jump;
        let report = check_single("product", "y", &single, &double, &bound);
        assert_eq!(report.tensors[0].worst[0].index, [3, 3]);
        assert!(report.verdict().is_fail(), "{report}");
    }

    #[test]
    fn black_box_differences_find_a_percent() {
        let x = Tensor::new("x", Rng::new(3).normal_array(&[20], 1.0));
        let check = |factor: f32| {
            check_vjp_single(
                "exp",
                std::slice::from_ref(&x),
                |x| vec![x[0].mapv(f32::exp)],
                |x, v| vec![&v[0] * &x[0].mapv(f32::exp) * factor],
                &Config::single(),
            )
        };
        assert_eq!(check(1.0).counts().pass, 20, "{}", check(1.0));
        assert!(check(1.01).counts().fail >= 15, "{}", check(1.01));
    }
}
