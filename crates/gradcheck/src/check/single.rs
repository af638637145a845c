//! Single-precision gradients.

use ndarray::ArrayD;

use crate::arrays::{max_norm, multi_index};
use crate::check::vjp::check_vjp;
use crate::config::{Config, Precision};
use crate::outcome::counts::Counts;
use crate::outcome::element::Element;
use crate::outcome::finding::{Check, Finding};
use crate::outcome::report::{Report, TensorReport};
use crate::outcome::verdict::{Fault, Reason, Verdict};
use crate::subject::tensor::Tensor;

/// How far apart a single- and a double-precision gradient may be: `λ √L u B_i`, see
/// [`check_single`].
///
/// # Examples
/// ```
/// use gradcheck::{Bound, check_single};
/// use ndarray::arr1;
/// let double = arr1(&[1.0, 2.0]).into_dyn();
/// let single = arr1(&[1.0_f32, 2.0 + 4.0 * f32::EPSILON]).into_dyn();
/// // 4·√1·2⁻²⁴·2 = 4 ε: just within.
/// let bound = Bound { chain: 1, ..Bound::default() };
/// assert_eq!(check_single("g", "x", &single, &double, &bound).counts().pass, 2);
/// ```
#[derive(Debug, Clone)]
pub struct Bound<'a> {
    /// `λ`: 4 is hardly ever exceeded by rounding.
    pub lambda: f64,
    /// `L`: additions that one element is the result of, plus a few for elementary functions.
    pub chain: usize,
    /// `B`: the gradient computed from magnitudes, `|x|ᵀ|v|` for a product. Without it,
    /// `max_k |g_k|`.
    pub magnitude: Option<&'a ArrayD<f64>>,
}

impl Default for Bound<'_> {
    fn default() -> Self {
        Self { lambda: 4.0, chain: 8, magnitude: None }
    }
}

/// Compares one tensor's single-precision gradient `g₃₂` with its double-precision one `g₆₄`:
///
/// ```text
/// |g₃₂_i − g₆₄_i| ≤ λ √L u B_i      u = 2⁻²⁴
/// ```
///
/// | symbol | meaning |
/// |---|---|
/// | `u` | the unit roundoff of `f32` |
/// | `L` | the longest chain of additions that an element is the result of |
/// | `B_i` | the sum of the magnitudes of the terms of element `i` |
/// | `λ` | 4, which rounding hardly ever exceeds |
///
/// Both gradients must come from the same inputs and cotangents, which `f32` can represent. No
/// differences are involved, so this is the way to check `f32` code whose formulas run in `f64` as
/// well: those are checked by [`check_vjp`], and the `f32` result against theirs.
///
/// The worst case of rounding grows as `L`; errors of independent sign grow as `√L`. An
/// implementation whose ratio to the bound grows with `L` adds in an order that loses more than it
/// needs to. In the report, `error` is the bound, and `worst_relative` the largest ratio to it.
///
/// N. J. Higham and T. Mary, "A new approach to probabilistic rounding error analysis", SIAM J.
/// Sci. Comput. 41 (2019), A2815–A2835, <https://doi.org/10.1137/18M1226312>.
///
/// # Shapes
/// `single`, `double` and the bound's `magnitude` have one shape; if the gradients differ in it,
/// the report says so and fails.
///
/// # Examples
/// ```
/// use gradcheck::{Bound, check_single};
/// use ndarray::arr1;
/// let (x, v) = (arr1(&[0.5_f32, 1.5, -2.0]), arr1(&[1.0_f32, 0.5, 0.25]));
/// let single = (&v * &x.mapv(f32::cos)).into_dyn();
/// let double = (v.mapv(f64::from) * x.mapv(|x| f64::from(x).cos())).into_dyn();
/// let report = check_single("sin", "x", &single, &double, &Bound::default());
/// report.assert_pass();
/// assert!(report.tensors[0].worst_relative < 1.0);
/// ```
pub fn check_single(
    name: &str,
    tensor: &str,
    single: &ArrayD<f32>,
    double: &ArrayD<f64>,
    bound: &Bound<'_>,
) -> Report {
    let mut report = Report::new(name, &Config { seed: 0, min_observed: 0.0, ..Config::default() });
    report.backward_calls = 1;
    let mut tensor = TensorReport {
        name: tensor.to_string(),
        shape: double.shape().to_vec(),
        counts: Counts::default(),
        g_max: max_norm(double),
        worst_relative: 0.0,
        worst: Vec::new(),
    };
    if single.shape() == double.shape() {
        compare(&mut tensor, single, double, bound);
    } else {
        let detail = format!("f32 {:?}, f64 {:?}", single.shape(), double.shape());
        report.findings.push(Finding::fail(Check::Shapes, detail));
    }
    report.tensors = vec![tensor];
    report
}

/// Counts the elements within the bound, and keeps those that come closest to it or exceed it.
fn compare(
    tensor: &mut TensorReport,
    single: &ArrayD<f32>,
    double: &ArrayD<f64>,
    bound: &Bound<'_>,
) {
    let factor = bound.lambda * (bound.chain as f64).sqrt() * Precision::Single.unit_roundoff();
    let magnitude = bound.magnitude.filter(|b| b.shape() == double.shape());
    for (flat, (g32, g64)) in single.iter().zip(double).enumerate() {
        let size = magnitude.and_then(|b| b.iter().nth(flat)).map_or(tensor.g_max, |b| b.abs());
        let error = factor * size.max(f64::from(f32::MIN_POSITIVE)); // λ √L u B_i
        let element = element(multi_index(flat, double.shape()), f64::from(*g32), *g64, error);
        tensor.counts.count(element.verdict);
        tensor.worst_relative = tensor.worst_relative.max(ratio(&element));
        tensor.worst.push(element);
    }
    tensor.worst.sort_by(|p, q| ratio(q).total_cmp(&ratio(p)));
    tensor.worst.truncate(Config::default().keep);
}

/// One comparison. There is no numeric derivative: `numeric` is the double-precision value.
fn element(index: Vec<usize>, analytic: f64, numeric: f64, error: f64) -> Element {
    let verdict = match ((analytic - numeric).abs() <= error, numeric.is_finite()) {
        (_, false) => Verdict::Inconclusive(Reason::NonFinite),
        (true, _) => Verdict::Pass,
        (false, _) if analytic.is_finite() => Verdict::Fail(Fault::Value),
        (false, _) => Verdict::Fail(Fault::NonFinite),
    };
    Element {
        index,
        x: f64::NAN,
        analytic,
        numeric,
        error,
        tolerance: 0.0,
        slopes: (numeric, numeric),
        step: 0.0,
        rates: Vec::new(),
        evaluations: 0,
        verdict,
    }
}

/// `|g₃₂ − g₆₄|` relative to the bound.
fn ratio(e: &Element) -> f64 {
    (e.analytic - e.numeric).abs() / e.error
}

/// Checks a function that exists in `f32` only, by differences of its values.
///
/// As [`check_vjp`], with inputs and steps that `f32` can represent, and with the unit roundoff
/// `2⁻²⁴` in the error bar. `rtol` should be that of [`Config::single`], 1e-4: differences of `f32`
/// values carry four or five digits. What they cannot resolve is reported as inconclusive.
///
/// # Shapes
/// Cotangents have the shapes of the outputs, gradients those of the inputs.
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
        |x| to_double(f(&to_single(x))),
        |x, v| to_double(backward(&to_single(x), &to_single(v))),
        &config,
    )
}

fn to_single(arrays: &[ArrayD<f64>]) -> Vec<ArrayD<f32>> {
    arrays.iter().map(|array| array.mapv(|x| x as f32)).collect()
}

fn to_double(arrays: Vec<ArrayD<f32>>) -> Vec<ArrayD<f64>> {
    arrays.iter().map(|array| array.mapv(f64::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::rng::Rng;
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
    fn rounding_of_a_product_is_within_the_bound_and_64_ulp_are_not() {
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
    fn differences_of_single_precision_values_show_one_percent() {
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
