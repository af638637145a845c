//! Whether a function depends on the memory layout of its argument.

use ndarray::{ArrayD, ArrayViewD, IxDyn, Slice};

use crate::arrays::gap;
use crate::outcome::finding::{Check, Finding};

/// Checks that `f` depends on the elements of its argument and not on their layout in memory.
///
/// Evaluates `f` on a row-major array and on views of the same values with other strides:
/// column-major, every second element of a larger buffer that is NaN elsewhere, and reversed. The
/// result `y′` on each has to be the result `y` on the array,
/// `|y′_i − y_i| ≤ rtol · max_k |y_k|`; an `rtol` above 0 allows sums in another order. Returns a
/// [`Finding`] for each layout that differs.
///
/// # Shapes
/// `x` and the result of `f` may have any shape, the same for every layout.
///
/// # Examples
/// ```
/// use gradcheck::check_views;
/// use ndarray::arr2;
/// let x = arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn();
/// assert!(check_views("double", &x, |x| x.mapv(|x| 2.0 * x), 1e-14).is_empty());
/// // Reads the memory in its order instead of the elements.
/// let raw = |x: ndarray::ArrayViewD<f64>| {
///     let values = x.as_slice_memory_order().map_or(vec![0.0; 6], <[f64]>::to_vec);
///     ndarray::Array1::from(values).into_dyn()
/// };
/// assert_eq!(check_views("raw", &x, raw, 1e-14).len(), 3);
/// ```
pub fn check_views(
    name: &str,
    x: &ArrayD<f64>,
    f: impl Fn(ArrayViewD<'_, f64>) -> ArrayD<f64>,
    rtol: f64,
) -> Vec<Finding> {
    findings(name, x, &f, rtol)
}

/// Compiled once, not for every `f`.
fn findings(
    name: &str,
    x: &ArrayD<f64>,
    f: &dyn Fn(ArrayViewD<'_, f64>) -> ArrayD<f64>,
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
    let differs = |(layout, view): (&str, ArrayViewD<'_, f64>)| {
        let gap = gap(&expected, &f(view), rtol)?;
        let detail = format!("{name}: a {layout} view differs from a copy by {gap}");
        Some(Finding::fail(Check::Views, detail))
    };
    views.into_iter().filter_map(differs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::rng::Rng;

    #[test]
    fn all_layouts_hold_the_same_values() {
        let x = Rng::new(3).normal_array(&[2, 3, 4], 1.0);
        assert!(check_views("copy", &x, |x| x.to_owned(), 0.0).is_empty());
        let raw = |x: ArrayViewD<'_, f64>| x.mapv(|v| v) * x.strides()[2] as f64;
        assert_eq!(check_views("strides", &x, raw, 0.0).len(), 3);
    }
}
