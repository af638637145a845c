//! The rows of a buffer that a batch fills, and whether they are there.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};
use tensor_core::Error;

pub(crate) fn first_rows<F>(buffer: &Array2<F>, rows: usize) -> ArrayView2<'_, F> {
    // The common case, without the arithmetic of a slice: in a small model it costs as much as a
    // layer.
    if rows == buffer.nrows() {
        return buffer.view();
    }
    buffer.slice_axis(Axis(0), Slice::from(..rows))
}

pub(crate) fn first_rows_mut<F>(buffer: &mut Array2<F>, rows: usize) -> ArrayViewMut2<'_, F> {
    if rows == buffer.nrows() {
        return buffer.view_mut();
    }
    buffer.slice_axis_mut(Axis(0), Slice::from(..rows))
}

/// Refuses a buffer of another width, or of fewer rows than a batch has.
pub(crate) fn check_room_for<F>(
    place: &'static str,
    buffer: &Array2<F>,
    rows: usize,
    width: usize,
) -> Result<(), Error> {
    let (capacity, found) = buffer.dim();
    if found != width {
        return Err(Error::shape(format!("{place}: cache"), &[rows, width], buffer.shape()));
    }
    if rows > capacity {
        return Err(Error::BatchTooLarge { place: place.into(), capacity, found: rows });
    }
    Ok(())
}

/// Refuses what was made for another number of layers.
pub(crate) fn check_count(place: &'static str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found {
        return Ok(());
    }
    Err(Error::shape(format!("{place}: layers inside"), &[expected], &[found]))
}
