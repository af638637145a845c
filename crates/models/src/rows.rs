//! The rows of a buffer that a batch fills.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

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
