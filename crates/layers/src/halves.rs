//! What gated layers share: loops over the two halves of each row, and the logistic gate.

use ndarray::{ArrayRef2, Axis, Zip};
use tensor_core::functions::product_or_zero;
use tensor_core::simd::{Loop, vectorized};
use tensor_core::{Error, Float, parallel};

use crate::tail::exp_factors;

/// Outputs that pay for handing them to another thread.
const FEW: usize = 1 << 12;

/// Half of an even width.
pub(crate) fn half(layer: &'static str, in_features: usize) -> Result<usize, Error> {
    if in_features == 0 || !in_features.is_multiple_of(2) {
        let expected = "an even number of input features, at least 2";
        return Err(Error::too_few(layer, expected, in_features));
    }
    Ok(in_features / 2)
}

/// `y[n, c] ← f(x[n, c], x[n, H + c])` for every output, in `f64` and rounded once. `f` is a
/// function that is `#[inline(always)]`.
///
/// # Shapes
/// `x (N, 2H)`, `y (N, H)`; any strides.
pub(crate) fn map_halves<F: Float>(
    x: &ArrayRef2<F>,
    y: &mut ArrayRef2<F>,
    f: impl Fn(f64, f64) -> f64 + Copy + Sync,
) {
    let (half, length) = (y.ncols(), part(y.nrows(), y.ncols()));
    match (standard(x), y.as_slice_mut()) {
        (Some(x), Some(y)) => {
            let parts = x.chunks(2 * length).zip(y.chunks_mut(length));
            parallel::for_each(parts, |(x, y)| vectorized(Forward { x, y, half, f }));
        }
        (_, _) => {
            let (a, b) = x.view().split_at(Axis(1), half);
            let outputs = Zip::from(y).and(&a).and(&b);
            outputs.for_each(|y, a, b| *y = F::of(f(a.as_f64(), b.as_f64())));
        }
    }
}

/// `[dx[n, c], dx[n, H + c]] ← f(x[n, c], x[n, H + c], dy[n, c])` for every output, as
/// [`map_halves`].
///
/// # Shapes
/// `x`, `dx` `(N, 2H)`, `dy (N, H)`; any strides.
pub(crate) fn chain_halves<F: Float>(
    [x, dy]: [&ArrayRef2<F>; 2],
    dx: &mut ArrayRef2<F>,
    f: impl Fn([f64; 3]) -> [f64; 2] + Copy + Sync,
) {
    let (half, length) = (dy.ncols(), part(dy.nrows(), dy.ncols()));
    match (standard(x), standard(dy), dx.as_slice_mut()) {
        (Some(x), Some(dy), Some(dx)) => {
            let parts = x.chunks(2 * length).zip(dy.chunks(length)).zip(dx.chunks_mut(2 * length));
            parallel::for_each(parts, |((x, dy), dx)| vectorized(Backward { x, dy, dx, half, f }));
        }
        (_, _, _) => {
            let (a, b) = x.view().split_at(Axis(1), half);
            let (da, db) = dx.view_mut().split_at(Axis(1), half);
            Zip::from(da).and(db).and(&a).and(&b).and(dy).for_each(|da, db, a, b, dy| {
                let [ga, gb] = f([a, b, dy].map(|v| v.as_f64()));
                (*da, *db) = (F::of(ga), F::of(gb));
            });
        }
    }
}

/// Outputs of a thread: whole rows.
fn part(rows: usize, half: usize) -> usize {
    rows.div_ceil(parallel::parts(rows * half, FEW)).max(1) * half.max(1)
}

/// The values of a matrix without gaps.
fn standard<F>(x: &ArrayRef2<F>) -> Option<&[F]> {
    if x.is_standard_layout() { x.as_slice() } else { None }
}

struct Forward<'a, F, M> {
    x: &'a [F],
    y: &'a mut [F],
    half: usize,
    f: M,
}

impl<F: Float, M: Fn(f64, f64) -> f64> Loop for Forward<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, y, half, f } = self;
        for (x, y) in x.chunks(2 * half).zip(y.chunks_mut(half)) {
            let (a, b) = x.split_at(half);
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = F::of(f(a.as_f64(), b.as_f64()));
            }
        }
    }
}

struct Backward<'a, F, M> {
    x: &'a [F],
    dy: &'a [F],
    dx: &'a mut [F],
    half: usize,
    f: M,
}

impl<F: Float, M: Fn([f64; 3]) -> [f64; 2]> Loop for Backward<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, dy, dx, half, f } = self;
        let rows = x.chunks(2 * half).zip(dy.chunks(half)).zip(dx.chunks_mut(2 * half));
        for ((x, dy), dx) in rows {
            let (a, b) = x.split_at(half);
            let (da, db) = dx.split_at_mut(half);
            let inputs = a.iter().zip(b).zip(dy);
            for ((da, db), ((&a, &b), &dy)) in da.iter_mut().zip(db).zip(inputs) {
                let [ga, gb] = f([a.as_f64(), b.as_f64(), dy.as_f64()]);
                (*da, *db) = (F::of(ga), F::of(gb));
            }
        }
    }
}

/// `a σ(b) = a/(1 + e^(−b))`, with an exponent that is never positive; 0 where the exponential of a
/// negative `b` is 0. Far out on the left it is made of the exponential's first factor, so that it
/// has its digits where `σ(b)` has none.
#[inline(always)]
pub(crate) fn times_sigmoid<F: Float>(a: f64, b: f64) -> f64 {
    let [quotient, factor] = sigmoid_factors::<F>(a, b);
    quotient * factor
}

/// `a σ(b)` as a product, whose second factor is 1 or below the smallest normal number.
#[inline(always)]
pub(crate) fn sigmoid_factors<F: Float>(a: f64, b: f64) -> [f64; 2] {
    let [first, factor] = exp_factors::<F>(b);
    let denominator = 1.0 + first * factor;
    if b < 0.0 { [product_or_zero(a, first) / denominator, factor] } else { [a / denominator, 1.0] }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView2, Axis, Slice};

    use super::{chain_halves, map_halves};

    // Every layout, and so many rows that they are cut into parts: f(a, b) = a − 2b and its
    // gradients dy, −2 dy on whole numbers, which are exact.
    #[test]
    fn every_element_is_reached_in_any_layout() {
        for (rows, half) in [(1, 1), (3, 5), (700, 40), (0, 3)] {
            let x = Array2::from_shape_fn((rows, 2 * half), |(n, c)| (n * 100 + c) as f32);
            let dy = Array2::from_shape_fn((rows, half), |(n, c)| (n + 7 * c) as f32);
            let transposed = |x: &Array2<f32>| x.t().as_standard_layout().into_owned();
            let (x_t, dy_t) = (transposed(&x), transposed(&dy));
            let check = |x: ArrayView2<'_, f32>, dy: ArrayView2<'_, f32>| {
                let (mut y, mut dx) =
                    (Array2::zeros((rows, half)), Array2::zeros((rows, 2 * half)));
                let mut wide = Array2::zeros((rows, 2 * half));
                let mut gaps = wide.slice_axis_mut(Axis(1), Slice::new(0, None, 2));
                map_halves(&x, &mut y, |a, b| a - 2.0 * b);
                map_halves(&x, &mut gaps, |a, b| a - 2.0 * b);
                assert_eq!(gaps, y);
                chain_halves([&x, &dy], &mut dx, |[_, _, dy]| [dy, -2.0 * dy]);
                for ((n, c), &y) in y.indexed_iter() {
                    assert_eq!(y, x[[n, c]] - 2.0 * x[[n, half + c]]);
                    assert_eq!([dx[[n, c]], dx[[n, half + c]]], [dy[[n, c]], -2.0 * dy[[n, c]]]);
                }
            };
            check(x.view(), dy.view());
            check(x_t.t(), dy.view());
            check(x.view(), dy_t.t());
        }
    }
}
