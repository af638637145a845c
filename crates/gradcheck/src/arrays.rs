//! Small functions on arrays that the whole crate uses.

use ndarray::ArrayD;

/// All elements of all arrays in one row, in row-major order.
pub(crate) fn flatten(arrays: Vec<ArrayD<f64>>) -> Vec<f64> {
    let mut all = Vec::with_capacity(arrays.iter().map(ArrayD::len).sum());
    for array in &arrays {
        match array.as_slice() {
            Some(values) => all.extend_from_slice(values),
            None => all.extend(array.iter()),
        }
    }
    all
}

/// The same array with its memory in row-major order, so that [`element`] is a look-up.
pub(crate) fn row_major(array: ArrayD<f64>) -> ArrayD<f64> {
    if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() }
}

/// The element at a flat, row-major index.
pub(crate) fn element(array: &ArrayD<f64>, flat: usize) -> f64 {
    match array.as_slice() {
        Some(values) => values[flat],
        None => array.iter().nth(flat).copied().unwrap_or(f64::NAN),
    }
}

/// Row-major coordinates of a flat index: the last axis varies fastest.
pub(crate) fn multi_index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    let mut quotient = flat;
    for (coordinate, &length) in index.iter_mut().zip(shape).rev() {
        *coordinate = quotient % length.max(1);
        quotient /= length.max(1);
    }
    index
}

/// `√(Σ x_i² / n)` over the `n` finite elements; 1 where that is 0.
pub(crate) fn rms(array: &ArrayD<f64>) -> f64 {
    let finite = array.iter().filter(|x| x.is_finite());
    let (n, sum) = finite.fold((0.0_f64, 0.0), |(n, sum), x| (n + 1.0, sum + x * x));
    let rms = (sum / n.max(1.0)).sqrt();
    if rms > 0.0 && rms.is_finite() { rms } else { 1.0 }
}

/// `max_i |x_i|` over the finite elements; 0 where there is none.
pub(crate) fn max_norm(array: &ArrayD<f64>) -> f64 {
    array.iter().filter(|x| x.is_finite()).fold(0.0, |max, x| x.abs().max(max))
}

/// How far apart two arrays are; `None` where that is within `rtol` times the largest element.
pub(crate) fn gap(expected: &ArrayD<f64>, found: &ArrayD<f64>, rtol: f64) -> Option<String> {
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
    use ndarray::arr1;

    #[test]
    fn flat_indices() {
        assert_eq!(multi_index(23, &[2, 3, 4]), [1, 2, 3]);
        assert_eq!(multi_index(0, &[]), Vec::<usize>::new());
    }

    #[test]
    fn norms_leave_out_what_is_not_finite() {
        let x = arr1(&[3.0, f64::NAN, -4.0, f64::INFINITY]).into_dyn();
        assert_eq!((max_norm(&x), rms(&x)), (4.0, 12.5_f64.sqrt()));
        assert_eq!(rms(&arr1(&[0.0]).into_dyn()), 1.0);
    }
}
