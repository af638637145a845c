//! The rows of a batch.

use kernels::simd::prefetch;
use kernels::{Float, parallel};
use ndarray::{ArrayRef2, Axis};

use crate::Error;

/// Scalars that pay for handing them to another thread.
const PART: usize = 1 << 15;

/// How many rows ahead of the one that is copied a row is prefetched.
const AHEAD: usize = 2;

/// `out[i, c] ← x[rows[i], c]`: the rows of a batch, in this order, each as often as it is named.
///
/// While one row is copied, the row after the next is prefetched, because the rows of a data set
/// lie far apart in memory that no cache holds.
///
/// # Shapes
/// `x (N, C)`, `rows` of length `M`, `out (M, C)`; any strides.
///
/// # Errors
/// If `out` has another shape, or a row is not below `N`. `out` is then untouched.
///
/// # Examples
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::gather_rows;
///
/// let x = array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
/// let mut batch = Array2::zeros((2, 2));
/// gather_rows(&x, &[2, 0], &mut batch)?;
/// assert_eq!(batch, array![[5.0, 6.0], [1.0, 2.0]]);
/// # Ok::<(), tensor_core::Error>(())
/// ```
pub fn gather_rows<F: Float>(
    x: &ArrayRef2<F>,
    rows: &[usize],
    out: &mut ArrayRef2<F>,
) -> Result<(), Error> {
    let (n, c) = x.dim();
    if out.dim() != (rows.len(), c) {
        return Err(Error::shape("gather_rows: output", &[rows.len(), c], out.shape()));
    }
    if let Some(&found) = rows.iter().find(|&&row| row >= n) {
        return Err(Error::Index { place: "gather_rows".into(), len: n, found });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let step = rows.len().div_ceil(parallel::parts(rows.len() * c, PART));
    let parts = rows.chunks(step).zip(out.axis_chunks_iter_mut(Axis(0), step));
    parallel::for_each(parts, |(rows, mut out)| {
        for (i, (mut to, &from)) in out.rows_mut().into_iter().zip(rows).enumerate() {
            if let Some(next) = rows.get(i + AHEAD).and_then(|&row| x.row(row).to_slice()) {
                prefetch(next);
            }
            match (x.row(from).to_slice(), to.as_slice_mut()) {
                (Some(from), Some(to)) => to.copy_from_slice(from),
                _ => to.assign(&x.row(from)),
            }
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice};

    use super::gather_rows;
    use crate::{Error, Rng};

    // 1100 rows of 1000 columns are cut into parts where there are threads.
    #[test]
    fn every_row_comes_from_its_place_in_any_layout() {
        let mut rng = Rng::new(1);
        let x = Array2::from_shape_simple_fn((40, 1000), || rng.normal());
        let rows = (0..1100).map(|i| (i * 7) % 40).collect::<Vec<_>>();
        let transposed = x.t().as_standard_layout().into_owned();
        let columns = |slice| x.slice_axis(Axis(1), slice);
        let gaps = columns(Slice::new(0, None, 2));
        for x in [x.view(), transposed.t(), columns((3..500).into()), gaps] {
            let mut out = Array2::zeros((1100, x.ncols()));
            gather_rows(&x, &rows, &mut out).unwrap();
            let mut strided = Array2::zeros((x.ncols(), 1100)).reversed_axes();
            gather_rows(&x, &rows, &mut strided).unwrap();
            for (i, &row) in rows.iter().enumerate() {
                assert_eq!(out.row(i), x.row(row));
                assert_eq!(strided.row(i), x.row(row));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_nothing_is_written() {
        let x = Array2::<f32>::zeros((3, 2));
        let mut out = Array2::from_elem((2, 2), 7.0);
        let message = |result: Result<(), Error>| result.unwrap_err().to_string();
        assert_eq!(
            message(gather_rows(&x, &[0, 3], &mut out)),
            "gather_rows: expected an index below 3, found 3"
        );
        assert_eq!(
            message(gather_rows(&x, &[0, 1, 2], &mut out)),
            "gather_rows: output: expected shape (3, 2), found (2, 2)"
        );
        assert_eq!(out, Array2::from_elem((2, 2), 7.0));
        gather_rows(&x, &[], &mut Array2::zeros((0, 2))).unwrap();
    }
}
