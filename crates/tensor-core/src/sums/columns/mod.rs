//! Loops over all rows of matrices, for every column: [`sums`] that lose nothing, and [`map`] with
//! numbers that belong to a column.
//!
//! Both go through a matrix as the page of [`sums`] says.

mod finish;
mod strip;

use std::array::from_fn;
use std::marker::PhantomData;
use std::ops::Range;

use kernels::simd::{Loop, vectorized};
use kernels::{Float, parallel};
use ndarray::ArrayRef2;

use crate::layout::contiguous;
use kernels::sums::Sum;

use finish::PART;
pub(crate) use finish::{Finish, in_strips};
pub(crate) use strip::{Packed, Rows, STRIP, Strip};
use strip::{PackedMut, RowsMut};

/// A strip of so few values is added up one column after the other, because most of its vectors
/// would be padding.
const FEW: usize = 64;

/// Strips that a map goes through side by side, so that several neighboring cache lines of a row
/// are read and written.
const SIDE_BY_SIDE: usize = 4;

/// `K` sums down each column of `M` matrices: `Σ_n term_k(x₁[n, c], …, x_M[n, c], numbers[c])`.
///
/// Plainly:
///
/// ```text
/// for each column c:
///     sums ← [0; K]
///     for each row n: sums ← add([x₁[n, c], …, x_M[n, c]], columns(c), sums)
///     finish(c, sums)                                          the columns in any order
/// ```
///
/// Here:
///
/// 1. A strip of 32 columns is added up side by side, because its sums fill vector registers. A
///    matrix of fewer columns is one strip, filled up with zeros.
/// 2. `columns(c)` is looked up once for each column and kept on the stack, because `add` then
///    reads it as a vector.
/// 3. Values, numbers and sums are `f64`, and each sum is a [`Sum`], because a result is then
///    rounded once.
/// 4. Contiguous matrices are read a strip at a time; others are copied to the stack first, because
///    their values are no neighbors.
/// 5. A large matrix is cut into parts of whole strips, one a thread, because the columns do not
///    depend on each other.
/// 6. A last strip that is narrower begins further to the left, because a whole one is read without
///    copying. The columns that it has in common with the strip before it are passed over.
///
/// Rows are added one after the other and every column by itself, so that the bits of a sum depend
/// on neither the strides nor the processor nor the number of threads.
///
/// # Shapes
/// All matrices `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// The sum of the squares of each column:
/// ```
/// use ndarray::array;
/// use tensor_core::sums::columns;
///
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// let mut squares = [0.0; 2];
/// columns::sums(
///     [&x],
///     &|_| [],
///     &|[x], [], [sum]| [sum.plus(x * x)],
///     |c, [sum]| squares[c] = sum.sum(),
/// );
/// assert_eq!(squares, [10.0, 20.0]); // 1² + 3², 2² + 4²
/// ```
#[track_caller]
pub fn sums<F: Float, const M: usize, const P: usize, const K: usize>(
    inputs: [&ArrayRef2<F>; M],
    columns: &(impl Fn(usize) -> [f64; P] + Sync),
    add: &(impl Fn([f64; M], [f64; P], [Sum<F>; K]) -> [Sum<F>; K] + Sync),
    finish: impl FnMut(usize, [Sum<F>; K]) + Send,
) {
    let shape = shape(&inputs);
    match contiguous(&inputs) {
        Some(data) => {
            let inputs = data.map(|data| Packed { data, n_columns: shape.1 });
            sums_of(inputs, shape, columns, add, finish);
        }
        // 4
        None => sums_of(inputs.map(|input| input.view()), shape, columns, add, finish),
    }
}

/// [`sums`] of matrices that are read a strip at a time.
fn sums_of<F, R, C, A, const M: usize, const P: usize, const K: usize>(
    inputs: [R; M],
    (n_rows, n_columns): (usize, usize),
    columns: &C,
    add: &A,
    mut finish: impl FnMut(usize, [Sum<F>; K]) + Send,
) where
    F: Float,
    R: Rows<F>,
    C: Fn(usize) -> [f64; P] + Sync,
    A: Fn([f64; M], [f64; P], [Sum<F>; K]) -> [Sum<F>; K] + Sync,
{
    let of = PhantomData;
    // 5
    in_strips(n_rows, n_columns, &mut finish, |range, finish| {
        vectorized(Sums { inputs, n_rows, range, columns, add, finish, of });
    });
}

/// `y[n, c] ← f([x₁[n, c], …, x_M[n, c]], columns(c))` for every element, in `f64` and rounded
/// once.
///
/// As [`sums`] it goes through strips of 32 columns, four of them side by side; `columns(c)` is
/// looked up once for each column and part.
///
/// # Shapes
/// `x₁`, …, `x_M` and `y`: all `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// Each column divided by a number of its own:
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::sums::columns;
///
/// let (x, divisors) = (array![[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0]);
/// let mut y = Array2::zeros((2, 2));
/// columns::map([&x], &|c| [divisors[c]], &mut y, &|[x], [divisor]| x / divisor);
/// assert_eq!(y, array![[0.1, 0.1], [0.3, 0.2]]);
/// ```
#[track_caller]
pub fn map<F: Float, const M: usize, const P: usize>(
    inputs: [&ArrayRef2<F>; M],
    columns: &(impl Fn(usize) -> [f64; P] + Sync),
    y: &mut ArrayRef2<F>,
    f: &(impl Fn([f64; M], [f64; P]) -> f64 + Sync),
) {
    let (n_rows, n_columns) = shape(&inputs);
    assert_eq!(y.dim(), (n_rows, n_columns), "columns: matrices of one shape");
    match (contiguous(&inputs), y.as_slice_mut()) {
        (Some(data), Some(y)) => {
            let parts = parallel::parts(y.len(), PART);
            let length = n_rows.div_ceil(parts).max(1) * n_columns.max(1);
            parallel::for_each(y.chunks_mut(length).enumerate(), |(part, y)| {
                let inputs = data.map(|data| {
                    let data = &data[part * length..][..y.len()];
                    Packed { data, n_columns }
                });
                let n_rows = y.len() / n_columns;
                let y = PackedMut { data: y, n_columns };
                vectorized(Map { inputs, n_rows, n_columns, columns, y, f, of: PhantomData });
            });
        }
        _ => {
            let inputs = inputs.map(|input| input.view());
            vectorized(Map {
                inputs,
                n_rows,
                n_columns,
                columns,
                y: y.view_mut(),
                f,
                of: PhantomData,
            });
        }
    }
}

#[track_caller]
fn shape<F, const M: usize>(inputs: &[&ArrayRef2<F>; M]) -> (usize, usize) {
    const { assert!(M > 0, "columns: of at least one matrix") }
    let shape = inputs[0].dim();
    assert!(inputs.iter().all(|input| input.dim() == shape), "columns: matrices of one shape");
    shape
}

struct Sums<'a, 'f, F, R, C, A, E, const M: usize, const K: usize> {
    inputs: [R; M],
    n_rows: usize,
    range: Range<usize>,
    columns: &'a C,
    add: &'a A,
    finish: &'a mut Finish<'f, E>,
    of: PhantomData<fn([F; K])>,
}

impl<F, R, C, A, E, const M: usize, const P: usize, const K: usize> Loop
    for Sums<'_, '_, F, R, C, A, E, M, K>
where
    F: Float,
    R: Rows<F>,
    C: Fn(usize) -> [f64; P],
    A: Fn([f64; M], [f64; P], [Sum<F>; K]) -> [Sum<F>; K],
    E: FnMut(usize, [Sum<F>; K]),
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // 1
        let first = self.range.start;
        for strip in Strip::all(self.range) {
            if self.n_rows * strip.width <= FEW {
                for (c, _) in strip.columns() {
                    let column = (self.columns)(c);
                    let values = |row| from_fn(|m| self.inputs[m].at(row, c).as_f64());
                    let start = [Sum::default(); K];
                    let sums = (0..self.n_rows)
                        .fold(start, |sums, row| (self.add)(values(row), column, sums));
                    self.finish.with(|finish| finish(c, sums));
                }
                continue;
            }
            let full = strip.filled_up(first); // 6
            let columns = full.look_up(self.columns); // 2
            let sums = full.sums((&self.inputs, self.n_rows), &columns, self.add);
            self.finish.with(|finish| {
                for (c, i) in full.columns().skip(full.width - strip.width) {
                    finish(c, from_fn(|k| sums[k].get(i)));
                }
            });
        }
    }
}

struct Map<'a, F, R, W, C, T, const M: usize> {
    inputs: [R; M],
    n_rows: usize,
    n_columns: usize,
    columns: &'a C,
    y: W,
    f: &'a T,
    of: PhantomData<F>,
}

impl<F, R, W, C, T, const M: usize, const P: usize> Loop for Map<'_, F, R, W, C, T, M>
where
    F: Float,
    R: Rows<F>,
    W: RowsMut<F>,
    C: Fn(usize) -> [f64; P],
    T: Fn([f64; M], [f64; P]) -> f64,
{
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        for first in (0..self.n_columns).step_by(SIDE_BY_SIDE * STRIP) {
            let mut strips = Strip::all(first..self.n_columns);
            let strips: [Option<Strip>; SIDE_BY_SIDE] = from_fn(|_| strips.next());
            let numbers = strips.map(|strip| strip.map(|strip| strip.look_up(self.columns)));
            for row in 0..self.n_rows {
                for (strip, numbers) in strips.iter().flatten().zip(numbers.iter().flatten()) {
                    match strip.whole() {
                        Some(whole) => self.strip_of(row, whole, numbers),
                        None => self.strip_of(row, *strip, numbers),
                    }
                }
            }
        }
    }
}

impl<F, R, W, C, T, const M: usize, const P: usize> Map<'_, F, R, W, C, T, M>
where
    F: Float,
    R: Rows<F>,
    W: RowsMut<F>,
    C: Fn(usize) -> [f64; P],
    T: Fn([f64; M], [f64; P]) -> f64,
{
    /// One strip of a row, with the numbers of its columns.
    #[inline(always)]
    fn strip_of(&mut self, row: usize, strip: Strip, columns: &[[f64; STRIP]; P]) {
        let values: [[F; STRIP]; M] = from_fn(|m| self.inputs[m].load(row, strip));
        let mut out = [F::zero(); STRIP];
        for (i, out) in out.iter_mut().enumerate() {
            let values = from_fn(|m| values[m][i].as_f64());
            *out = F::of((self.f)(values, from_fn(|p| columns[p][i])));
        }
        self.y.store(row, strip, &out);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder};

    use super::{map, sums};
    use crate::Rng;
    use crate::sums::Sum;

    // Below, at and above a strip, and several strips side by side.
    const SHAPES: [(usize, usize); 8] =
        [(1, 1), (2, 31), (17, 33), (129, 70), (5, 64), (7, 300), (0, 4), (3, 0)];

    /// Random numbers, the same in row-major and in column-major order.
    fn both_orders((rows, columns): (usize, usize), seed: u64) -> [Array2<f32>; 2] {
        let mut rng = Rng::new(seed);
        let x = Array2::from_shape_simple_fn((rows, columns), || rng.normal() as f32);
        let mut other = Array2::zeros((rows, columns).f());
        other.assign(&x);
        [x, other]
    }

    // Whole numbers below 2⁵³: sums are exact in any order, and a term that is missing shows.
    #[test]
    fn every_term_is_added_once_with_its_column() {
        for (rows, columns) in SHAPES {
            let x = Array2::from_shape_fn((rows, columns), |(n, c)| (n * 1000 + c) as f64);
            let y = x.mapv(|v| v + 7.0);
            let mut found = vec![[f64::NAN; 2]; columns];
            sums(
                [&x, &y],
                &|c| [c as f64],
                &|[x, y], [c], [one, two]| [one.plus(x * y + c), two.plus(y)],
                |c, sums| found[c] = sums.map(Sum::sum),
            );
            for (c, found) in found.into_iter().enumerate() {
                let one = x.column(c).iter().map(|x| x * (x + 7.0) + c as f64).sum();
                assert_eq!(found, [one, y.column(c).sum()], "{rows} × {columns}, column {c}");
            }
        }
    }

    #[test]
    fn sums_are_right_to_the_last_place_in_any_layout() {
        for shape in SHAPES {
            let totals = both_orders(shape, 3).map(|x| {
                let mut totals = vec![f32::NAN; shape.1];
                sums([&x], &|_| [], &|[x], [], [sum]| [sum.plus(x)], |c, [s]| totals[c] = s.sum());
                for (c, total) in totals.iter().enumerate() {
                    // The plain definition in f64, whose own error is negligible beside 1 unit of
                    // f32's last place.
                    let plain: f64 = x.column(c).iter().map(|&x| f64::from(x)).sum();
                    let bound = f64::from(f32::EPSILON) / 2.0 * plain.abs() + 1e-12;
                    assert!((f64::from(*total) - plain).abs() <= bound, "{shape:?}, column {c}");
                }
                totals
            });
            assert_eq!(totals[0], totals[1], "{shape:?}: bits depend on the strides");
        }
    }

    #[test]
    fn a_map_is_its_definition_in_any_layout() {
        for shape in SHAPES {
            let [x, x_other] = both_orders(shape, 4);
            let [dy, dy_other] = both_orders(shape, 5);
            // The product of two f32 is exact in f64.
            let plain = Array2::from_shape_fn(shape, |(n, c)| {
                (f64::from(x[[n, c]]) * f64::from(dy[[n, c]]) - c as f64) as f32
            });
            let inputs = [[&x, &dy], [&x_other, &dy_other], [&x, &dy_other]];
            for (inputs, order) in inputs.into_iter().zip([false, true, false]) {
                let mut y = Array2::from_elem(shape.set_f(order), f32::NAN);
                let inputs = inputs.map(|input| &**input);
                map(inputs, &|c| [c as f64], &mut y, &|[x, dy], [c]| x * dy - c);
                assert_eq!(y, plain, "{shape:?}");
            }
        }
    }
}
