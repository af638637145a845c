//! Strips: up to 32 columns side by side, and matrices that are read and written a strip at a time.

use std::array::from_fn;
use std::ops::Range;

use kernels::Float;
use ndarray::{ArrayView2, ArrayViewMut2};

use kernels::sums::{Lanes, Sum};

/// Columns that are computed side by side.
pub(crate) const STRIP: usize = 32;

/// Up to [`STRIP`] columns.
#[derive(Clone, Copy)]
pub(crate) struct Strip {
    pub(crate) start: usize,
    pub(crate) width: usize,
}

impl Strip {
    /// All strips of these columns.
    #[inline(always)]
    pub(crate) fn all(columns: Range<usize>) -> impl Iterator<Item = Self> {
        let strip = move |start| Self { start, width: STRIP.min(columns.end - start) };
        columns.step_by(STRIP).map(strip)
    }

    /// The strip with columns in front of it, from `first` on, until it is [`STRIP`] wide; itself
    /// if there are not as many.
    #[inline(always)]
    pub(crate) fn filled_up(self, first: usize) -> Self {
        let end = self.start + self.width;
        if end < first + STRIP { self } else { Self { start: end - STRIP, width: STRIP } }
    }

    /// The same strip, if it is [`STRIP`] wide. The compiler then knows the width and keeps a row
    /// in registers; for any other width it calls a function that copies.
    #[inline(always)]
    pub(crate) fn whole(self) -> Option<Self> {
        (self.width == STRIP).then_some(Self { width: STRIP, ..self })
    }

    /// The numbers `columns(c)` of its columns; 0 beyond the last.
    #[inline(always)]
    pub(crate) fn look_up<const P: usize>(
        self,
        columns: &impl Fn(usize) -> [f64; P],
    ) -> [[f64; STRIP]; P] {
        let mut numbers = [[0.0; STRIP]; P];
        for i in 0..self.width {
            for (numbers, number) in numbers.iter_mut().zip(columns(self.start + i)) {
                numbers[i] = number;
            }
        }
        numbers
    }

    /// The sums of its columns.
    #[inline(always)]
    pub(crate) fn sums<F: Float, R: Rows<F>, const M: usize, const P: usize, const K: usize>(
        self,
        (inputs, n_rows): (&[R; M], usize),
        columns: &[[f64; STRIP]; P],
        add: &impl Fn([f64; M], [f64; P], [Sum<F>; K]) -> [Sum<F>; K],
    ) -> [Lanes<F, STRIP>; K] {
        let mut sums = [Lanes::default(); K];
        for row in 0..n_rows {
            let values: [[F; STRIP]; M] = from_fn(|m| inputs[m].load(row, self));
            for i in 0..STRIP {
                let values = from_fn(|m| values[m][i].as_f64());
                let column = from_fn(|p| columns[p][i]);
                let after = add(values, column, from_fn(|k| sums[k].get(i)));
                sums.iter_mut().zip(after).for_each(|(sums, sum)| sums.set(i, sum));
            }
        }
        sums
    }

    /// Its columns and their places within it.
    #[inline(always)]
    pub(crate) fn columns(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.width).map(move |i| (self.start + i, i))
    }
}

/// A matrix that is read a strip of a row at a time.
pub(crate) trait Rows<F>: Copy + Sync {
    /// Row `row` of a strip; 0 beyond its last column.
    fn load(&self, row: usize, strip: Strip) -> [F; STRIP];

    /// A single value.
    fn at(&self, row: usize, column: usize) -> F;
}

/// A matrix that is written a strip of a row at a time.
pub(crate) trait RowsMut<F> {
    /// Writes row `row` of a strip.
    fn store(&mut self, row: usize, strip: Strip, values: &[F; STRIP]);
}

/// Row after row without gaps.
#[derive(Clone, Copy)]
pub(crate) struct Packed<'a, F> {
    pub(crate) data: &'a [F],
    pub(crate) n_columns: usize,
}

impl<F: Float> Rows<F> for Packed<'_, F> {
    #[inline(always)]
    fn load(&self, row: usize, strip: Strip) -> [F; STRIP] {
        let values = &self.data[row * self.n_columns + strip.start..][..strip.width];
        if let Ok(values) = <&[F; STRIP]>::try_from(values) {
            return *values;
        }
        let mut padded = [F::zero(); STRIP];
        padded[..strip.width].copy_from_slice(values);
        padded
    }

    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> F {
        self.data[row * self.n_columns + column]
    }
}

pub(crate) struct PackedMut<'a, F> {
    pub(crate) data: &'a mut [F],
    pub(crate) n_columns: usize,
}

impl<F: Float> RowsMut<F> for PackedMut<'_, F> {
    #[inline(always)]
    fn store(&mut self, row: usize, strip: Strip, values: &[F; STRIP]) {
        let out = &mut self.data[row * self.n_columns + strip.start..][..strip.width];
        match <&mut [F; STRIP]>::try_from(&mut *out) {
            Ok(out) => *out = *values,
            Err(_) => out.copy_from_slice(&values[..strip.width]),
        }
    }
}

impl<F: Float> Rows<F> for ArrayView2<'_, F> {
    #[inline(always)]
    fn load(&self, row: usize, strip: Strip) -> [F; STRIP] {
        let mut values = [F::zero(); STRIP];
        for (c, i) in strip.columns() {
            values[i] = self[[row, c]];
        }
        values
    }

    #[inline(always)]
    fn at(&self, row: usize, column: usize) -> F {
        self[[row, column]]
    }
}

impl<F: Float> RowsMut<F> for ArrayViewMut2<'_, F> {
    #[inline(always)]
    fn store(&mut self, row: usize, strip: Strip, values: &[F; STRIP]) {
        for (c, i) in strip.columns() {
            self[[row, c]] = values[i];
        }
    }
}
