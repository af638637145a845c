//! `e^(x − max)` of the values of each row: what softmax, its logarithm and cross-entropy are made of.
//!
//! | plain | here |
//! |---|---|
//! | for each row: its maximum, then an exponential a value, then their sum | the exponentials of as many rows as fit into a buffer run in vectors; rows of ten would leave most of a vector empty |
//! | an exponential is kept in the type | in `f64`, and a result is rounded once |
//! | every exponential is computed once | a row that is longer than the buffer is computed again, part by part, for whoever asks again |
//!
//! A row that holds NaN or +∞, or nothing but −∞, gives NaN: the limit depends on how it is approached.
//!
//! ```
//! use ndarray::array;
//! use tensor_core::functions::exponentials::Exponentials;
//!
//! let x = array![[1e4_f32, 1e4, 1e4], [0.0, -50.0, f32::NEG_INFINITY]];
//! let mut powers = Exponentials::new(&x);
//! let (rest, ln_sum) = powers.sums(0);
//! assert!(rest == 2.0 && (ln_sum - 3.0_f64.ln()).abs() < 1e-11);
//! let (rest, ln_sum) = powers.sums(1);
//! assert!((rest / (-50.0_f64).exp() - 1.0).abs() < 1e-11 && rest == ln_sum);
//! ```

mod row;

use std::ops::Range;

use kernels::exponential::exp;
use kernels::logarithm::ln_1p;
use kernels::simd::{Loop, vectorized};
use kernels::{Float, parallel};
use ndarray::{ArrayRef2, Axis};

use row::LANES;
pub use row::{sum_beside, sum_of, write, write_beside};

use crate::sums::Sum;

/// Values whose exponentials are kept: the most in a part.
pub const MAX_PART: usize = 512;
/// Rows that they may belong to.
const ROWS: usize = 64;

/// The exponentials of a matrix, computed when they are asked for: in order of the rows this happens once for many of them.
#[derive(Debug)]
pub struct Exponentials<'a, F> {
    x: &'a ArrayRef2<F>,
    /// Which rows are at hand, and of a row that is too long which columns.
    rows: Range<usize>,
    columns: Range<usize>,
    /// `max`, of the row that is too long.
    max: f64,
    /// `x − max` and its exponential.
    shifted: [f64; MAX_PART],
    powers: [f64; MAX_PART],
    /// `Σ e^(xₖ − max) − 1` of each row, and `ln Σ e^(xₖ − max)`.
    rests: [f64; ROWS],
    ln_sums: [f64; ROWS],
}

impl<'a, F: Float> Exponentials<'a, F> {
    /// Of the rows of `x (N, C)`; any strides.
    pub fn new(x: &'a ArrayRef2<F>) -> Self {
        let (zeros, row_zeros) = ([0.0; MAX_PART], [0.0; ROWS]);
        Self {
            x,
            rows: 0..0,
            columns: 0..x.ncols().min(MAX_PART),
            max: 0.0,
            shifted: zeros,
            powers: zeros,
            rests: row_zeros,
            ln_sums: row_zeros,
        }
    }

    /// `x`.
    pub fn values(&self) -> &'a ArrayRef2<F> {
        self.x
    }

    /// `Σ e^(xₖ − max) − 1` and `ln Σ e^(xₖ − max)` of a row.
    ///
    /// The first is what is beside a largest value, which contributes exactly 1. Kept out of the sum, so that what is left
    /// keeps its digits, however small.
    #[inline]
    pub fn sums(&mut self, row: usize) -> (f64, f64) {
        self.find(row);
        let i = row - self.rows.start;
        (self.rests[i], self.ln_sums[i])
    }

    /// `x − max` and `e^(x − max)` of one value.
    #[inline]
    pub fn value(&mut self, row: usize, column: usize) -> (f64, f64) {
        self.find(row);
        if self.x.ncols() > MAX_PART {
            let shifted = self.x[[row, column]].as_f64() - self.max;
            return (shifted, exp::<F>(shifted));
        }
        let i = (row - self.rows.start) * self.x.ncols() + column;
        (self.shifted[i], self.powers[i])
    }

    /// Where the parts of a row begin.
    #[inline(always)]
    pub fn starts(&self) -> impl Iterator<Item = usize> + use<F> {
        (0..self.x.ncols()).step_by(MAX_PART)
    }

    /// The part of a row that begins at the column `start`: `x − max` and `e^(x − max)`.
    #[inline(always)]
    pub fn part(&mut self, row: usize, start: usize) -> (&[f64], &[f64]) {
        self.find(row);
        let n_columns = self.x.ncols();
        let range = if n_columns <= MAX_PART {
            // It has one part.
            let first = (row - self.rows.start) * n_columns;
            first..first + n_columns
        } else {
            let columns = start..n_columns.min(start + MAX_PART);
            if self.columns != columns {
                self.columns = columns;
                vectorized(Part(self));
            }
            0..self.columns.len()
        };
        (&self.shifted[range.clone()], &self.powers[range])
    }

    /// The column of the first of the largest values of a row; 0 where there is none, as in a row of NaN.
    #[inline(always)]
    pub fn argmax(&mut self, row: usize) -> usize {
        let mut starts = self.starts();
        starts.find_map(|start| Some(start + first_zero(self.part(row, start).0)?)).unwrap_or(0)
    }

    /// Sees to it that a row is at hand.
    #[inline]
    fn find(&mut self, row: usize) {
        if !self.rows.contains(&row) {
            let (n_rows, n_columns) = self.x.dim();
            let at_once = (MAX_PART / n_columns.max(1)).clamp(1, ROWS);
            self.rows = row..n_rows.min(row + at_once);
            if n_columns > MAX_PART { vectorized(Long(self)) } else { vectorized(Rows(self)) }
        }
    }

    /// The columns of a row that are at hand, from place `at` of the buffers on: `x − max`.
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
    fn largest(&self, row: usize) -> f64 {
        let n_columns = self.x.ncols();
        match self.x.as_slice() {
            Some(x) => largest(&x[row * n_columns..][..n_columns]).as_f64(),
            None => {
                (0..n_columns).map(|c| self.x[[row, c]]).fold(F::neg_infinity(), larger).as_f64()
            }
        }
    }

    /// The exponentials of the first `n` values in the buffer.
    #[inline(always)]
    fn raise(&mut self, n: usize) {
        for (power, &x) in self.powers[..n].iter_mut().zip(&self.shifted[..n]) {
            *power = exp::<F>(x);
        }
    }
}

/// Computes all about the rows at hand.
struct Rows<'p, 'a, F>(&'p mut Exponentials<'a, F>);

impl<F: Float> Loop for Rows<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let powers = self.0;
        let (first, n_rows, width) = (powers.rows.start, powers.rows.len(), powers.columns.len());
        for i in 0..n_rows {
            let max = powers.largest(first + i);
            powers.shift(first + i, max, i * width);
        }
        powers.raise(n_rows * width);
        for i in 0..n_rows {
            let range = i * width..(i + 1) * width;
            let sums = sum_below::<F>(&powers.shifted[range.clone()], &powers.powers[range]);
            powers.rests[i] = rest(sums);
        }
        for (ln_sum, &rest) in powers.ln_sums[..n_rows].iter_mut().zip(&powers.rests[..n_rows]) {
            *ln_sum = ln_1p::<F>(rest);
        }
    }
}

/// Computes the sums of a row that is too long, and leaves its last part at hand.
struct Long<'p, 'a, F>(&'p mut Exponentials<'a, F>);

impl<F: Float> Loop for Long<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let powers = self.0;
        let (row, n_columns) = (powers.rows.start, powers.x.ncols());
        powers.max = powers.largest(row);
        let mut sums = (0.0, Sum::<F>::default());
        for start in (0..n_columns).step_by(MAX_PART) {
            powers.columns = start..n_columns.min(start + MAX_PART);
            Part(powers).run();
            let n = powers.columns.len();
            let (largest, below) = sum_below(&powers.shifted[..n], &powers.powers[..n]);
            sums = (sums.0 + largest, sums.1.plus_all(below));
        }
        powers.rests[0] = rest(sums);
        powers.ln_sums[0] = ln_1p::<F>(powers.rests[0]);
    }
}

/// Computes the exponentials of some columns of a row that is too long.
struct Part<'p, 'a, F>(&'p mut Exponentials<'a, F>);

impl<F: Float> Loop for Part<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let powers = self.0;
        powers.shift(powers.rows.start, powers.max, 0);
        powers.raise(powers.columns.len());
    }
}

/// The sum without a largest value, which contributes 1.
#[inline(always)]
fn rest<F: Float>((largest, below): (f64, Sum<F>)) -> f64 {
    below.value() + (largest - 1.0)
}

/// NaN passed over: it reaches every result through its exponential.
#[inline(always)]
fn larger<F: Float>(a: F, b: F) -> F {
    if b > a { b } else { a }
}

/// The largest value.
#[inline(always)]
fn largest<F: Float>(x: &[F]) -> F {
    // More than a vector holds, so that one comparison need not wait for the last.
    const MANY: usize = 4 * LANES;
    let (chunks, rest) = x.as_chunks::<MANY>();
    let rest = rest.iter().copied().fold(F::neg_infinity(), larger);
    if chunks.is_empty() {
        return rest;
    }
    let mut lanes = [F::neg_infinity(); MANY];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    lanes.into_iter().fold(rest, larger)
}

/// How many of the largest values are left out, and the sum of the exponentials of all others.
#[inline(always)]
fn sum_below<F: Float>(shifted: &[f64], powers: &[f64]) -> (f64, Sum<F>) {
    if powers.len() < 2 * LANES {
        let (mut largest, mut below) = (0.0, Sum::default());
        for (&shifted, &power) in shifted.iter().zip(powers) {
            // Two choices between two numbers, not a branch.
            largest += if shifted == 0.0 { 1.0 } else { 0.0 };
            below = below.plus(if shifted == 0.0 { 0.0 } else { power });
        }
        return (largest, below);
    }
    let sum = |powers: &[f64]| sum_of::<F, _>(powers, powers, |power, _| power);
    match first_zero(shifted) {
        Some(at) => (1.0, sum(&powers[..at]).plus_all(sum(&powers[at + 1..]))),
        None => (0.0, sum(powers)),
    }
}

/// The place of the first 0.
#[inline(always)]
fn first_zero(values: &[f64]) -> Option<usize> {
    let (chunks, rest) = values.as_chunks::<LANES>();
    // Without an end at each value, so that a chunk is looked at as a vector.
    let any = |chunk: &[f64; LANES]| chunk.iter().fold(false, |any, x| any | (*x == 0.0));
    let (before, values) = match chunks.iter().position(any) {
        Some(chunk) => (chunk * LANES, &chunks[chunk][..]),
        None => (chunks.len() * LANES, rest),
    };
    Some(before + values.iter().position(|x| *x == 0.0)?)
}

/// Scalars whose exponentials pay for handing them to another thread: some 5 µs.
const PART: usize = 1 << 12;

/// Calls `work` with the same rows of `x`, of `beside` and of `out`, part by part, each on a thread.
///
/// # Panics
/// If they have different numbers of rows.
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
    use ndarray::{Array2, array};

    use super::{Exponentials, MAX_PART};
    use crate::Rng;

    // In whatever order they are asked for.
    #[test]
    fn parts_are_those_of_the_row() {
        let mut rng = Rng::new(1);
        for shape in [(70, 9), (3, 2 * MAX_PART + 1)] {
            let x = Array2::from_shape_simple_fn(shape, || rng.normal());
            let mut powers = Exponentials::new(&x);
            for n in [0, 1, shape.0 - 1, 1, 2, 2, 0] {
                let max = x.row(n).fold(f64::NEG_INFINITY, |max, x| max.max(*x));
                for c in [0, shape.1 - 1, shape.1 / 2] {
                    assert_eq!(powers.value(n, c).0, x[[n, c]] - max, "{shape:?}, row {n}");
                }
                let mut next = 0;
                for start in powers.starts() {
                    let (shifted, powers) = powers.part(n, start);
                    assert_eq!((start, shifted.len()), (next, powers.len()));
                    assert_eq!(shifted[0], x[[n, start]] - max);
                    next += powers.len();
                }
                assert_eq!(next, shape.1);
            }
        }
    }

    // Σ e^(xₖ − max) − 1 of [0, −50] is e^(−50) to 22 digits; the naive sum gives 0. Two equal maxima leave 1.
    #[test]
    fn what_is_beside_the_largest_keeps_its_digits() {
        let x = array![[0.0, -50.0], [1e4, 1e4], [-7.0, f64::NEG_INFINITY]];
        let mut powers = Exponentials::new(&x);
        let e = (-50.0_f64).exp();
        assert!((powers.sums(0).0 - e).abs() <= 2.0 * f64::EPSILON * e);
        assert!((powers.sums(0).1 - e).abs() <= 2.0 * f64::EPSILON * e);
        assert_eq!((powers.sums(1), powers.sums(2)), ((1.0, 2.0_f64.ln()), (0.0, 0.0)));
    }

    // Whatever the width, wherever the largest values stand, and however many there are.
    #[test]
    fn the_first_of_the_largest_is_found_and_one_of_them_left_out() {
        for width in (1..=40).chain([MAX_PART, MAX_PART + 1, 2 * MAX_PART + 9]) {
            for first in [0, width / 2, width - 1] {
                let mut x = Array2::from_elem((2, width), -1.0_f32);
                x[[1, first]] = 3.0;
                x[[1, width - 1]] = 3.0;
                let mut powers = Exponentials::new(&x);
                assert_eq!(powers.argmax(1), first, "{width}");
                assert_eq!(powers.argmax(0), 0, "{width}");
                let others = if first == width - 1 { 0.0 } else { 1.0 };
                let low = width - 1 - others as usize;
                let want = others + low as f64 * (-4.0_f64).exp();
                let (rest, _) = powers.sums(1);
                assert!((rest - want).abs() <= 1e-10 * want, "{width}, {first}: {rest}, {want}");
                assert_eq!(powers.sums(0).0, (width - 1) as f64);
            }
        }
        let bad = array![[f32::NAN; 20], [f32::NEG_INFINITY; 20]];
        let mut powers = Exponentials::new(&bad);
        assert_eq!([0, 1].map(|n| powers.argmax(n)), [0, 0]);
        assert!([0, 1].iter().all(|&n| powers.sums(n).0.is_nan()));
    }
}
