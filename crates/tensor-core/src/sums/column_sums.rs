//! The sum of every column of a matrix.

use kernels::Float;
use kernels::simd::{Loop, vectorized};
use ndarray::{ArrayRef1, ArrayRef2};

use super::columns::{self, STRIP};
use kernels::sums::Sum;

/// The sum of each column, `out[c] ← Σ_n x[n, c]`: the gradient of a bias that was added to every
/// row.
///
/// Rows are added one after the other, each column to a [`Sum`]. Rows that are shorter than a strip
/// of [`columns::sums`] run in loops of their own, which leave less of a vector empty; the order is
/// the same.
///
/// # Shapes
/// `x (N, C)`, `out (C)`; any strides.
///
/// # Panics
/// If `out` has not `C` elements.
///
/// # Examples
/// ```
/// use ndarray::{Array1, array};
/// use tensor_core::sums::column_sums;
///
/// let mut sums = Array1::zeros(2);
/// column_sums(&array![[1.0, 2.0], [3.0, 4.0]], &mut sums);
/// assert_eq!(sums, array![4.0, 6.0]);
/// ```
#[track_caller]
pub fn column_sums<F: Float>(x: &ArrayRef2<F>, out: &mut ArrayRef1<F>) {
    assert_eq!(x.ncols(), out.len(), "column_sums: one sum for each column");
    if x.ncols() < STRIP
        && let (Some(x), Some(out)) = (x.as_slice(), out.as_slice_mut())
    {
        return vectorized(Narrow { x, out });
    }
    columns::sums([x], &|_| [], &|[x], [], [sum]| [sum.plus(x)], |c, [sum]: [Sum<F>; 1]| {
        out[c] = sum.sum()
    });
}

/// [`column_sums`] of contiguous rows that are shorter than a strip.
struct Narrow<'a, F> {
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Float> Narrow<'_, F> {
    /// Adds up `W` columns at a time from `first` on, as long as there are as many; the next
    /// column.
    #[inline(always)]
    fn columns<const W: usize>(&mut self, first: usize) -> usize {
        let n_columns = self.out.len();
        let mut first = first;
        while let Some(out) = self.out[first..].first_chunk_mut() {
            let mut sums = [Sum::<F>::default(); W];
            for row in self.x.chunks_exact(n_columns) {
                let Some(row) = row[first..].first_chunk::<W>() else { continue };
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum = sum.plus(x.as_f64());
                }
            }
            *out = sums.map(Sum::sum);
            first += W;
        }
        first
    }
}

impl<F: Float> Loop for Narrow<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let first = self.columns::<8>(0);
        let first = self.columns::<4>(first);
        let first = self.columns::<2>(first);
        self.columns::<1>(first);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use super::{Sum, column_sums, columns};
    use crate::{Float, Rng};

    // A last strip begins further to the left: its first columns are another strip's.
    #[test]
    fn every_column_is_finished_once() {
        for cols in [1, 31, 32, 33, 40, 63, 64, 65, 127] {
            for rows in [1, 5] {
                let (x, mut finished) = (Array2::<f32>::ones((rows, cols)), vec![0; cols]);
                columns::sums([&x], &|_| [], &|[x], [], [sum]| [sum.plus(x)], |c, [sum]| {
                    finished[c] += 1;
                    assert_eq!(sum.sum(), rows as f32);
                });
                assert!(finished.iter().all(|&times| times == 1), "{rows} × {cols}: {finished:?}");
            }
        }
    }

    // Short rows, long rows and transposed matrices are added up by loops of their own.
    #[test]
    fn column_sums_have_the_same_bits_in_any_layout() {
        fn check<F: Float>() {
            let mut rng = Rng::new(3);
            for cols in (0..=40).chain([70]) {
                for rows in [0, 1, 2, 3, 17, 100] {
                    let x = Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()));
                    let transposed = x.t().as_standard_layout().into_owned();
                    let [mut out, mut strided] =
                        [(); 2].map(|()| Array1::from_elem(cols, F::nan()));
                    column_sums(&x, &mut out);
                    column_sums(&transposed.t(), &mut strided);
                    assert_eq!(out, strided, "{rows} × {cols}");
                    for (x, sum) in x.columns().into_iter().zip(out) {
                        let plain =
                            x.iter().fold(Sum::<F>::default(), |sum, x| sum.plus(x.as_f64()));
                        assert_eq!(sum, plain.sum(), "{rows} × {cols}");
                    }
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
