//! `f(view) = f(copy)` for every memory layout, `F([x₁; x₂]) = [F(x₁); F(x₂)]` for every batch.
//!
//! Two opt-in checks: only the caller knows that a function takes views, or that its rows are
//! independent.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};

use crate::Tensor;
use crate::run::max_norm;
use crate::structural::{Check, Finding};

/// Evaluates `f` on a contiguous array and on views of the same values with other strides:
/// column-major, every second element of a larger buffer full of NaN, and reversed twice. All
/// must agree to `rtol`; summation in another order may cost a few roundings, so it is not 0.
///
/// # Examples
/// ```
/// use gradcheck::check_views;
/// use ndarray::arr2;
/// let x = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn();
/// assert!(check_views("double", &x, |x| x.mapv(|x| 2.0 * x), 1e-14).is_empty());
/// // Reads memory instead of elements.
/// let raw = |x: ndarray::ArrayViewD<f64>| {
///     let values = x.as_slice_memory_order().map_or(vec![0.0; 6], <[f64]>::to_vec);
///     ndarray::Array1::from(values).into_dyn()
/// };
/// assert!(!check_views("raw", &x, raw, 1e-14).is_empty());
/// ```
pub fn check_views(
    name: &str,
    x: &ArrayD<f64>,
    f: impl Fn(ArrayViewD<'_, f64>) -> ArrayD<f64>,
    rtol: f64,
) -> Vec<Finding> {
    let x = x.as_standard_layout().into_owned();
    let expected = f(x.view());
    let mut column_major = x.t().as_standard_layout().into_owned();
    column_major = column_major.reversed_axes();
    let doubled: Vec<usize> = x.shape().iter().map(|n| 2 * n).collect();
    let mut sparse = ArrayD::from_elem(IxDyn(&doubled), f64::NAN);
    sparse.slice_each_axis_mut(|_| Slice::new(1, None, 2)).assign(&x);
    let mut backwards = x.clone();
    backwards.slice_each_axis_mut(|_| Slice::new(0, None, -1)).assign(&x);
    let views = [
        ("column-major", column_major.view()),
        ("strided", sparse.slice_each_axis(|_| Slice::new(1, None, 2))),
        ("reversed", backwards.slice_each_axis(|_| Slice::new(0, None, -1))),
    ];
    let mut findings = Vec::new();
    for (layout, view) in views {
        let found = f(view);
        if let Some(gap) = gap(&expected, &found, rtol) {
            let detail = format!("{name}: a {layout} view differs from a copy by {gap}");
            findings.push(Finding::fail(Check::Views, detail));
        }
    }
    findings
}

/// Evaluates forward and backward on the whole batch and on its two parts. `batched` lists the
/// inputs whose axis 0 is the batch; every output's axis 0 must be. Outputs and the gradients of
/// batched inputs must be the parts put together; gradients of the others their sum.
///
/// # Examples
/// ```
/// use gradcheck::{Tensor, check_batch_split};
/// use ndarray::arr2;
/// let x = Tensor::new("x", arr2(&[[1.0, 2.0], [3.0, 5.0], [4.0, -1.0]]));
/// let square = |x: &[ndarray::ArrayD<f64>]| vec![&x[0] * &x[0]];
/// let vjp = |x: &[ndarray::ArrayD<f64>], v: &[ndarray::ArrayD<f64>]| vec![&v[0] * &x[0] * 2.0];
/// assert!(check_batch_split(&[x], &[0], square, vjp, 1e-14).is_empty());
/// ```
pub fn check_batch_split<F, B>(
    inputs: &[Tensor],
    batched: &[usize],
    f: F,
    backward: B,
    rtol: f64,
) -> Vec<Finding>
where
    F: Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    let whole: Vec<ArrayD<f64>> = inputs.iter().map(|tensor| tensor.value.clone()).collect();
    let rows = batched.first().map_or(0, |i| whole[*i].len_of(Axis(0)));
    if rows < 2 {
        return Vec::new();
    }
    let cut = rows.div_ceil(2);
    let part = |array: &ArrayD<f64>, second: bool| {
        let (a, b) = array.view().split_at(Axis(0), cut);
        if second { b.to_owned() } else { a.to_owned() }
    };
    let y = f(&whole);
    let mut rng = crate::Rng::new(0x5eed);
    let v: Vec<ArrayD<f64>> = y.iter().map(|y| rng.cotangent_array(y.shape())).collect();
    let g = backward(&whole, &v);
    let mut findings = Vec::new();
    let mut sums: Vec<ArrayD<f64>> = g.iter().map(|g| g * 0.0).collect();
    let mut report = |what: String, expected: &ArrayD<f64>, found: &ArrayD<f64>| {
        if let Some(gap) = gap(expected, found, rtol) {
            let detail = format!("{what} of a part differs from that of the batch by {gap}");
            findings.push(Finding::fail(Check::BatchSplit, detail));
        }
    };
    for second in [false, true] {
        let mut x = whole.clone();
        batched.iter().for_each(|i| x[*i] = part(&x[*i], second));
        for (k, (all, some)) in y.iter().zip(f(&x)).enumerate() {
            report(format!("output {k}"), &part(all, second), &some);
        }
        let v: Vec<_> = v.iter().map(|v| part(v, second)).collect();
        for (i, some) in backward(&x, &v).into_iter().enumerate() {
            if batched.contains(&i) {
                let name = &inputs[i].name;
                report(format!("the gradient of {name}"), &part(&g[i], second), &some);
            } else {
                sums[i] += &some;
            }
        }
    }
    for i in (0..inputs.len()).filter(|i| !batched.contains(i)) {
        report(format!("the summed gradient of {}", inputs[i].name), &g[i], &sums[i]);
    }
    findings
}

/// How far apart two arrays are, if too far.
fn gap(expected: &ArrayD<f64>, found: &ArrayD<f64>, rtol: f64) -> Option<String> {
    if expected.shape() != found.shape() {
        return Some(format!("shape: {:?} and {:?}", expected.shape(), found.shape()));
    }
    let worst = expected.iter().zip(found).map(|(a, b)| (a - b).abs());
    let worst =
        worst.fold(0.0, |max: f64, gap| if gap.is_nan() { f64::INFINITY } else { max.max(gap) });
    (worst > rtol * max_norm(expected)).then(|| format!("{worst:.3e}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn a_mean_over_the_batch_is_no_function_of_rows() {
        let x = Tensor::new("x", Rng::new(1).normal_array(&[5, 2], 1.0));
        let centred = |x: &[ArrayD<f64>]| vec![&x[0] - x[0].mean().unwrap_or(0.0)];
        let vjp = |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] - v[0].mean().unwrap_or(0.0)];
        let findings = check_batch_split(&[x], &[0], centred, vjp, 1e-12);
        assert_eq!(findings.len(), 4, "{findings:?}");
    }

    #[test]
    fn parameters_are_summed_over_the_parts() {
        let mut rng = Rng::new(2);
        let inputs = [
            Tensor::new("x", rng.normal_array(&[5, 2], 1.0)),
            Tensor::new("b", rng.normal_array(&[2], 1.0)),
        ];
        let add = |x: &[ArrayD<f64>]| vec![&x[0] + &x[1]];
        let vjp = |factor: f64| {
            move |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
                vec![v[0].clone(), v[0].sum_axis(Axis(0)) + factor]
            }
        };
        assert!(check_batch_split(&inputs, &[0], add, vjp(0.0), 1e-13).is_empty());
        assert_eq!(check_batch_split(&inputs, &[0], add, vjp(1.0), 1e-13).len(), 1);
    }

    #[test]
    fn all_layouts_hold_the_same_values() {
        let x = Rng::new(3).normal_array(&[2, 3, 4], 1.0);
        assert!(check_views("copy", &x, |x| x.to_owned(), 0.0).is_empty());
        let raw = |x: ArrayViewD<'_, f64>| x.mapv(|v| v) * x.strides()[2] as f64;
        assert_eq!(check_views("strides", &x, raw, 0.0).len(), 3);
    }
}
