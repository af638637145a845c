//! `e^(x − max)` along rows: what softmax, its logarithm and cross-entropy are made of.
//!
//! [`Exponentials`] computes them, [`for_each_part`] cuts the rows for several threads, [`write()`]
//! and [`write_beside`] round what is made of them into a matrix. Sums of what is made of them are
//! [`rows::sum_of`](crate::sums::rows::sum_of) and
//! [`rows::sum_beside`](crate::sums::rows::sum_beside).

mod largest;
mod write;

use std::ops::Range;

use ndarray::ArrayRef2;

use crate::Float;
use crate::exponential::exp;
use crate::logarithm::ln_1p;
use crate::simd::{Loop, vectorized};
use crate::sums::Sum;
use largest::{first_zero, larger, largest, sum_below};
pub use write::{for_each_part, write, write_beside};

/// Values whose exponentials [`Exponentials`] keeps: the most in a [`part`](Exponentials::part).
pub const MAX_PART: usize = 512;
/// Rows that they may belong to.
const ROWS: usize = 64;

/// The exponentials `e^(x[n, k] − maxₙ)` of the rows of a matrix, with `maxₙ` the largest value of
/// the row, and their sums: no exponent is positive, so nothing overflows.
///
/// A row that holds NaN or +∞, or nothing but −∞, gives NaN: the limit depends on how it is
/// approached.
///
/// Plainly:
///
/// ```text
/// for each row n:
///     max ← the largest of x[n, k]
///     for each k: shifted[k] ← x[n, k] − max,  e[k] ← e^shifted[k]
///     s ← Σ_k e[k] − 1,  ln_sum ← ln(1 + s)
/// ```
///
/// Here:
///
/// 1. As many rows as fit into a buffer of [`MAX_PART`] values are computed at once, when the first
///    of them is asked for, because the exponentials run in vectors, and a row of ten values would
///    leave most of a vector empty.
/// 2. A row that is longer than the buffer is computed part by part, and again whenever a part is
///    asked for that is not in the buffer, because nothing is allocated.
/// 3. The sum is that of all values but one of the largest, whose exponential is exactly 1, because
///    `Σ_k e[k]` would round away what is small beside 1. With several largest values the others
///    count.
/// 4. All of it is `f64`, and what is written is rounded once.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use kernels::exponentials::Exponentials;
///
/// let x = array![[1e4_f32, 1e4, 1e4], [0.0, -50.0, f32::NEG_INFINITY]];
/// let mut exponentials = Exponentials::new(&x);
/// let (s, ln_sum) = exponentials.sums(0);
/// assert!(s == 2.0 && (ln_sum - 3.0_f64.ln()).abs() < 1e-11);
/// let (s, ln_sum) = exponentials.sums(1); // ln(1 + s) = s for an s of 2e-22
/// assert!((s / (-50.0_f64).exp() - 1.0).abs() < 1e-11 && s == ln_sum);
/// ```
#[derive(Debug)]
pub struct Exponentials<'a, F> {
    x: &'a ArrayRef2<F>,
    /// Which rows are in the buffer, and which columns of a row that is longer than the buffer.
    rows: Range<usize>,
    columns: Range<usize>,
    /// `max` of a row that is longer than the buffer.
    max: f64,
    /// `x − max` and its exponential.
    shifted: [f64; MAX_PART],
    exponentials: [f64; MAX_PART],
    /// `s` and `ln(1 + s)` of each row in the buffer.
    sums: [f64; ROWS],
    ln_sums: [f64; ROWS],
}

impl<'a, F: Float> Exponentials<'a, F> {
    /// Those of the rows of `x (N, C)`; any strides. Nothing is computed yet.
    pub fn new(x: &'a ArrayRef2<F>) -> Self {
        let (zeros, row_zeros) = ([0.0; MAX_PART], [0.0; ROWS]);
        Self {
            x,
            rows: 0..0,
            columns: 0..x.ncols().min(MAX_PART),
            max: 0.0,
            shifted: zeros,
            exponentials: zeros,
            sums: row_zeros,
            ln_sums: row_zeros,
        }
    }

    /// The matrix `x` itself.
    pub fn values(&self) -> &'a ArrayRef2<F> {
        self.x
    }

    /// `s = Σ_k e^(x[row, k] − max) − 1` and `ln(1 + s)`, the logarithm of the sum.
    ///
    /// `s` is what stands beside one largest value. It keeps its digits, however small it is.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline]
    pub fn sums(&mut self, row: usize) -> (f64, f64) {
        self.load(row);
        let i = row - self.rows.start;
        (self.sums[i], self.ln_sums[i])
    }

    /// `x − max` and `e^(x − max)` of one value.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[inline]
    pub fn value(&mut self, row: usize, column: usize) -> (f64, f64) {
        // Beyond the last column of a row stand the values of the next one.
        assert!(column < self.x.ncols(), "exponentials: no column {column}");
        self.load(row);
        if self.x.ncols() > MAX_PART {
            let shifted = self.x[[row, column]].as_f64() - self.max;
            return (shifted, exp::<F>(shifted));
        }
        let i = (row - self.rows.start) * self.x.ncols() + column;
        (self.shifted[i], self.exponentials[i])
    }

    /// The columns at which the parts of a row begin: every [`MAX_PART`]th, from 0 on.
    #[inline(always)]
    pub fn starts(&self) -> impl Iterator<Item = usize> + use<F> {
        (0..self.x.ncols()).step_by(MAX_PART)
    }

    /// `x − max` and `e^(x − max)` of the part of a row that begins at the column `start`, one of
    /// [`starts`](Self::starts).
    ///
    /// # Panics
    /// If there is no such row, or no part begins there.
    #[inline(always)]
    pub fn part(&mut self, row: usize, start: usize) -> (&[f64], &[f64]) {
        self.load(row);
        let n_columns = self.x.ncols();
        let range = if n_columns <= MAX_PART {
            // The whole row is one part.
            assert!(start == 0, "exponentials: no part from column {start} on");
            let first = (row - self.rows.start) * n_columns;
            first..first + n_columns
        } else {
            if self.columns.start != start {
                let begins = start < n_columns && start.is_multiple_of(MAX_PART);
                assert!(begins, "exponentials: no part from column {start} on");
                self.columns = start..n_columns.min(start + MAX_PART);
                vectorized(Part(self)); // 2
            }
            0..self.columns.len()
        };
        (&self.shifted[range.clone()], &self.exponentials[range])
    }

    /// The column of the first of the largest values of a row, NaN passed over; 0 where there is
    /// none, as in a row of NaN.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    pub fn argmax(&mut self, row: usize) -> usize {
        let mut starts = self.starts();
        let found = starts.find_map(|start| Some(start + first_zero(self.part(row, start).0)?));
        found.unwrap_or_else(|| self.first_infinite(row))
    }

    /// The column of the first +∞, which `x − max` does not show: ∞ − ∞ is NaN.
    #[cold]
    fn first_infinite(&self, row: usize) -> usize {
        self.x.row(row).iter().position(|x| *x == F::infinity()).unwrap_or(0)
    }

    /// Computes a row, and those after it that fit, if it is not in the buffer.
    #[inline]
    fn load(&mut self, row: usize) {
        if !self.rows.contains(&row) {
            let (n_rows, n_columns) = self.x.dim();
            assert!(row < n_rows, "exponentials: no row {row}");
            let at_once = (MAX_PART / n_columns.max(1)).clamp(1, ROWS); // 1
            self.rows = row..n_rows.min(row + at_once);
            if n_columns > MAX_PART { vectorized(LongRow(self)) } else { vectorized(Rows(self)) }
        }
    }

    /// `shifted ← x − max` for the columns in the buffer, from its place `at` on.
    #[inline(always)]
    fn shift(&mut self, row: usize, max: f64, at: usize) {
        let shifted = &mut self.shifted[at..at + self.columns.len()];
        match self.x.as_slice() {
            Some(x) => {
                let x = &x[row * self.x.ncols()..][self.columns.clone()];
                shifted.iter_mut().zip(x).for_each(|(shifted, x)| *shifted = x.as_f64() - max);
            }
            None => {
                for (shifted, c) in shifted.iter_mut().zip(self.columns.clone()) {
                    *shifted = self.x[[row, c]].as_f64() - max;
                }
            }
        }
    }

    /// `max` of a row.
    #[inline(always)]
    fn max(&self, row: usize) -> f64 {
        let n_columns = self.x.ncols();
        match self.x.as_slice() {
            Some(x) => largest(&x[row * n_columns..][..n_columns]).as_f64(),
            None => {
                (0..n_columns).map(|c| self.x[[row, c]]).fold(F::neg_infinity(), larger).as_f64()
            }
        }
    }

    /// `exponentials ← e^shifted` for the first `n` values in the buffer.
    #[inline(always)]
    fn exponentiate(&mut self, n: usize) {
        for (e, &x) in self.exponentials[..n].iter_mut().zip(&self.shifted[..n]) {
            *e = exp::<F>(x);
        }
    }
}

/// Computes the rows in the buffer.
struct Rows<'e, 'a, F>(&'e mut Exponentials<'a, F>);

impl<F: Float> Loop for Rows<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let buffer = self.0;
        let (first, n_rows, width) = (buffer.rows.start, buffer.rows.len(), buffer.columns.len());
        for i in 0..n_rows {
            let max = buffer.max(first + i);
            buffer.shift(first + i, max, i * width);
        }
        // 1: in one loop, whatever the width.
        buffer.exponentiate(n_rows * width);
        for i in 0..n_rows {
            let range = i * width..(i + 1) * width;
            let sums = sum_below::<F>(&buffer.shifted[range.clone()], &buffer.exponentials[range]);
            buffer.sums[i] = sum_minus_1(sums);
        }
        for (ln_sum, &s) in buffer.ln_sums[..n_rows].iter_mut().zip(&buffer.sums[..n_rows]) {
            *ln_sum = ln_1p::<F>(s);
        }
    }
}

/// Computes the sums of a row that is longer than the buffer, and leaves its last part there.
struct LongRow<'e, 'a, F>(&'e mut Exponentials<'a, F>);

impl<F: Float> Loop for LongRow<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let buffer = self.0;
        let (row, n_columns) = (buffer.rows.start, buffer.x.ncols());
        buffer.max = buffer.max(row);
        let mut sums = (0.0, Sum::<F>::default());
        for start in (0..n_columns).step_by(MAX_PART) {
            buffer.columns = start..n_columns.min(start + MAX_PART);
            Part(buffer).run();
            let n = buffer.columns.len();
            let (largest, below) = sum_below(&buffer.shifted[..n], &buffer.exponentials[..n]);
            sums = (sums.0 + largest, sums.1.plus_all(below));
        }
        buffer.sums[0] = sum_minus_1(sums);
        buffer.ln_sums[0] = ln_1p::<F>(buffer.sums[0]);
    }
}

/// Computes some columns of a row that is longer than the buffer.
struct Part<'e, 'a, F>(&'e mut Exponentials<'a, F>);

impl<F: Float> Loop for Part<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let buffer = self.0;
        buffer.shift(buffer.rows.start, buffer.max, 0);
        buffer.exponentiate(buffer.columns.len());
    }
}

/// `Σ e − 1` from the number of largest values that were left out, each of which contributes 1, and
/// the sum of all other exponentials.
#[inline(always)]
fn sum_minus_1<F: Float>((largest, below): (f64, Sum<F>)) -> f64 {
    below.value() + (largest - 1.0) // 3
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use ndarray::{Array2, array};

    use super::{Exponentials, MAX_PART};
    use crate::random::Rng;

    // In whatever order they are asked for.
    #[test]
    fn the_parts_of_a_row_are_its_values_in_order() {
        let mut rng = Rng::new(1);
        for shape in [(70, 9), (3, 2 * MAX_PART + 1)] {
            let x = Array2::from_shape_simple_fn(shape, || rng.normal());
            let mut exponentials = Exponentials::new(&x);
            for n in [0, 1, shape.0 - 1, 1, 2, 2, 0] {
                let max = x.row(n).fold(f64::NEG_INFINITY, |max, x| max.max(*x));
                for c in [0, shape.1 - 1, shape.1 / 2] {
                    assert_eq!(exponentials.value(n, c).0, x[[n, c]] - max, "{shape:?}, row {n}");
                }
                let mut next = 0;
                for start in exponentials.starts() {
                    let (shifted, e) = exponentials.part(n, start);
                    assert_eq!((start, shifted.len()), (next, e.len()));
                    assert_eq!(shifted[0], x[[n, start]] - max);
                    next += e.len();
                }
                assert_eq!(next, shape.1);
            }
        }
    }

    // Σ e^(xₖ − max) − 1 of [0, −50] is e^(−50) to 22 digits; the naive sum gives 0. Two equal
    // maxima leave 1.
    #[test]
    fn the_sum_beside_a_largest_value_keeps_its_digits() {
        let x = array![[0.0, -50.0], [1e4, 1e4], [-7.0, f64::NEG_INFINITY]];
        let mut exponentials = Exponentials::new(&x);
        let e = (-50.0_f64).exp();
        assert!((exponentials.sums(0).0 - e).abs() <= 2.0 * f64::EPSILON * e);
        assert!((exponentials.sums(0).1 - e).abs() <= 2.0 * f64::EPSILON * e);
        assert_eq!((exponentials.sums(1), exponentials.sums(2)), ((1.0, 2.0_f64.ln()), (0.0, 0.0)));
    }

    // Whatever the width, wherever the largest values stand, and however many there are.
    #[test]
    fn the_first_of_the_largest_is_found_and_one_of_them_left_out() {
        for width in (1..=40).chain([MAX_PART, MAX_PART + 1, 2 * MAX_PART + 9]) {
            for first in [0, width / 2, width - 1] {
                let mut x = Array2::from_elem((2, width), -1.0_f32);
                x[[1, first]] = 3.0;
                x[[1, width - 1]] = 3.0;
                let mut exponentials = Exponentials::new(&x);
                assert_eq!(exponentials.argmax(1), first, "{width}");
                assert_eq!(exponentials.argmax(0), 0, "{width}");
                let others = if first == width - 1 { 0.0 } else { 1.0 };
                let low = width - 1 - others as usize;
                let want = others + low as f64 * (-4.0_f64).exp();
                let (s, _) = exponentials.sums(1);
                assert!((s - want).abs() <= 1e-10 * want, "{width}, {first}: {s}, {want}");
                assert_eq!(exponentials.sums(0).0, (width - 1) as f64);
            }
        }
    }

    // The buffer holds other rows and columns, whose numbers would be taken for them.
    #[test]
    fn what_is_not_there_is_refused() {
        for shape in [(3, 10), (3, 2 * MAX_PART + 9)] {
            let x = Array2::from_shape_fn(shape, |(n, c)| (n * shape.1 + c) as f64);
            let refused = |ask: &dyn Fn(&mut Exponentials<'_, f64>)| {
                let mut exponentials = Exponentials::new(&x);
                exponentials.sums(1);
                catch_unwind(AssertUnwindSafe(|| ask(&mut exponentials))).is_err()
            };
            assert!(refused(&|e| _ = e.sums(3)) && refused(&|e| _ = e.argmax(usize::MAX)));
            assert!(refused(&|e| _ = e.value(3, 0)) && refused(&|e| _ = e.value(0, shape.1)));
            for start in [1, MAX_PART - 1, 3 * MAX_PART, usize::MAX] {
                assert!(refused(&|e| _ = e.part(0, start)), "{shape:?}, {start}");
            }
            assert!(refused(&|e| _ = e.part(3, 0)));
        }
    }
}
