//! What is made of the exponentials of rows, written into a matrix.

use ndarray::{ArrayRef1, ArrayRef2, Axis};

use crate::{Float, parallel};

/// `row[start + i] ← f(values[i])`, rounded once.
///
/// # Shapes
/// `row (C)`, any stride; `values` of at most `C − start`.
///
/// # Panics
/// If the values reach beyond the row.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use kernels::exponentials::write;
///
/// let mut row = array![0.0_f32, 0.0, 0.0];
/// write(&mut row, 1, &[5.0, 6.0], |value| value / 2.0);
/// assert_eq!(row, array![0.0, 2.5, 3.0]);
/// ```
#[inline(always)]
pub fn write<F: Float>(
    row: &mut ArrayRef1<F>,
    start: usize,
    values: &[f64],
    f: impl Fn(f64) -> f64,
) {
    check(row.len(), start, values);
    match row.as_slice_mut() {
        Some(row) => {
            row[start..].iter_mut().zip(values).for_each(|(y, &value)| *y = F::of(f(value)));
        }
        None => row.iter_mut().skip(start).zip(values).for_each(|(y, &value)| *y = F::of(f(value))),
    }
}

/// `row[start + i] ← f(values[i], beside[start + i])`, rounded once, for a `beside` as long as
/// `row`.
///
/// # Shapes
/// `row (C)`, `beside (C)`, any strides; `values` of at most `C − start`.
///
/// # Panics
/// If the values reach beyond the row, or `beside` has another length.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use kernels::exponentials::write_beside;
///
/// let (mut row, beside) = (array![0.0_f32, 0.0, 0.0], array![1.0, 2.0, 3.0]);
/// write_beside(&mut row, 1, &[5.0, 6.0], &beside, |value, x| value * x);
/// assert_eq!(row, array![0.0, 10.0, 18.0]);
/// ```
#[inline(always)]
pub fn write_beside<F: Float>(
    row: &mut ArrayRef1<F>,
    start: usize,
    values: &[f64],
    beside: &ArrayRef1<F>,
    f: impl Fn(f64, f64) -> f64,
) {
    assert_eq!(row.len(), beside.len(), "write_beside: two rows of one length");
    check(row.len(), start, values);
    match (row.as_slice_mut(), beside.as_slice()) {
        (Some(row), Some(beside)) => {
            let places = row[start..].iter_mut().zip(&beside[start..]);
            places.zip(values).for_each(|((y, x), &value)| *y = F::of(f(value, x.as_f64())));
        }
        _ => {
            let places = row.iter_mut().zip(beside).skip(start);
            places.zip(values).for_each(|((y, x), &value)| *y = F::of(f(value, x.as_f64())));
        }
    }
}

/// Zipped with a row, values beyond its end would be passed over.
#[inline(always)]
fn check(length: usize, start: usize, values: &[f64]) {
    assert!(values.len() <= length.saturating_sub(start), "write: values beyond the row");
}

/// Scalars whose exponentials pay for handing them to another thread.
const PART: usize = 1 << 12;

/// Calls `work` with the same rows of `x`, of `beside` and of `out`, in parts for the threads of
/// the current pool, each part on one of them.
///
/// # Shapes
/// `x (N, C)`, `beside` and `out` with `N` rows.
///
/// # Panics
/// If they have different numbers of rows.
///
/// # Examples
/// ```
/// use ndarray::{Array2, array};
/// use kernels::exponentials::for_each_part;
///
/// let (x, dy) = (array![[1.0], [2.0]], array![[10.0], [20.0]]);
/// let mut dx = Array2::zeros((2, 1));
/// for_each_part(&x, &dy, &mut dx, |x, dy, dx| dx.assign(&(x * dy)));
/// assert_eq!(dx, array![[10.0], [40.0]]);
/// ```
pub fn for_each_part<F: Float>(
    x: &ArrayRef2<F>,
    beside: &ArrayRef2<F>,
    out: &mut ArrayRef2<F>,
    work: impl Fn(&ArrayRef2<F>, &ArrayRef2<F>, &mut ArrayRef2<F>) + Sync,
) {
    let rows = [beside.nrows(), out.nrows()];
    assert_eq!(rows, [x.nrows(); 2], "as many rows beside the input and of the output");
    let step = x.nrows().div_ceil(parallel::parts(x.len(), PART)).max(1);
    let inputs = x.axis_chunks_iter(Axis(0), step).zip(beside.axis_chunks_iter(Axis(0), step));
    let parts = inputs.zip(out.axis_chunks_iter_mut(Axis(0), step));
    parallel::for_each(parts, |((x, beside), mut out)| work(&x, &beside, &mut out));
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::{write, write_beside};

    #[test]
    fn values_are_written_from_a_column_on() {
        let f = |value: f64, x: f64| 10.0 * value + x;
        let mut gaps = Array2::<f32>::zeros((4, 2));
        let beside = array![[1.0_f32, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0]];
        for packed in [true, false] {
            let (mut own, own_beside) = (Array1::zeros(4), beside.column(0).to_owned());
            let mut column = gaps.column_mut(0);
            let row = if packed { &mut own } else { &mut *column };
            write(row, 1, &[5.0, 6.0], |value| -value);
            assert_eq!(row.to_vec(), [0.0, -5.0, -6.0, 0.0]);
            let from = if packed { own_beside.view() } else { beside.column(0) };
            write_beside(row, 2, &[5.0, 6.0], &from, f);
            assert_eq!(row.to_vec(), [0.0, -5.0, 53.0, 64.0]);
        }
    }

    #[test]
    #[should_panic(expected = "beyond the row")]
    fn values_beyond_the_row_are_refused() {
        write(&mut array![0.0_f32, 0.0], 1, &[5.0, 6.0], |value| value);
    }

    #[test]
    #[should_panic(expected = "one length")]
    fn a_longer_row_beside_is_refused() {
        write_beside(&mut array![0.0], 0, &[5.0], &array![1.0, 2.0], |value, x| value * x);
    }
}
