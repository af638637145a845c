//! Rows cut into groups, for arrays of any strides.

use std::{iter, mem};

use ndarray::{ArrayView1, ArrayViewMut1, Axis};

/// The groups of a row.
pub(super) fn cut<R: Cut>(row: R, size: usize) -> impl Iterator<Item = R> {
    let mut remainder = row;
    iter::from_fn(move || remainder.take(size))
}

/// A row that gives away its first values.
pub(super) trait Cut: Sized {
    /// The first `n` values, unless there are none left.
    fn take(&mut self, n: usize) -> Option<Self>;
}

impl<F> Cut for ArrayView1<'_, F> {
    fn take(&mut self, n: usize) -> Option<Self> {
        let (part, remainder) = (*self).split_at(Axis(0), n.min(self.len()));
        *self = remainder;
        (!part.is_empty()).then_some(part)
    }
}

impl<F> Cut for ArrayViewMut1<'_, F> {
    fn take(&mut self, n: usize) -> Option<Self> {
        let row = mem::replace(self, ArrayViewMut1::from(&mut []));
        let n = n.min(row.len());
        let (part, remainder) = row.split_at(Axis(0), n);
        *self = remainder;
        (!part.is_empty()).then_some(part)
    }
}
