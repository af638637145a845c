//! Loops over the elements of one or two matrices, and the rows of a batch.
//!
//! | item | what it computes |
//! |---|---|
//! | [`map`], [`map_rounded`] | `y ← f(x)`: the forward pass of an activation |
//! | [`map2`], [`chain_rounded`], [`Slope`] | `dx ← f(x, dy)`: its backward pass |
//! | [`gather_rows`] | a batch of shuffled rows |
//!
//! Matrices without gaps run in vectors and, if they are large, on several threads; others element
//! by element.

mod gather;

use kernels::simd::{Loop, vectorized};
use kernels::special::product_or_zero;
use kernels::{Float, parallel};
use ndarray::{ArrayRef2, Zip};

pub use gather::gather_rows;

use crate::layout::contiguous;

/// Elements that pay for handing them to another thread.
const PART: usize = 1 << 14;

/// The same where a function is computed in `f64`.
const FEW: usize = 1 << 12;

/// `y[n, c] ← f(x[n, c])` for every element: the forward pass of an activation.
///
/// A closure has to take what it captures by value (`move`): what it only refers to is read again
/// for each element, and the loop does not run in vectors.
///
/// # Shapes
/// `x`, `y`: the same `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::elementwise::map;
///
/// let slope = 0.5;
/// let mut y = Array2::zeros((1, 2));
/// map(&array![[3.0, -2.0]], &mut y, move |x| if x > 0.0 { x } else { slope * x });
/// assert_eq!(y, array![[3.0, -1.0]]);
/// ```
#[track_caller]
pub fn map<F: Float>(x: &ArrayRef2<F>, y: &mut ArrayRef2<F>, f: impl Fn(F) -> F + Copy + Sync) {
    assert_eq!(x.dim(), y.dim(), "map: two matrices of one shape");
    if !runs(PART, [x], y, |[x], y| vectorized(Map { x, y, f })) {
        Zip::from(y).and(x).for_each(|y, &x| *y = f(x));
    }
}

/// Calls `run` with the same ranges of `inputs` and of `out`, one a thread of at least `part`
/// scalars, or with everything at once. `false` if a matrix has gaps: `run` has then not been
/// called.
fn runs<F: Float, const M: usize>(
    part: usize,
    inputs: [&ArrayRef2<F>; M],
    out: &mut ArrayRef2<F>,
    run: impl Fn([&[F]; M], &mut [F]) + Sync,
) -> bool {
    let (Some(inputs), Some(out)) = (contiguous(&inputs), out.as_slice_mut()) else { return false };
    let parts = parallel::parts(out.len(), part);
    if parts == 1 {
        run(inputs, out);
    } else {
        let length = out.len().div_ceil(parts);
        parallel::for_each(out.chunks_mut(length).enumerate(), |(chunk, out)| {
            run(inputs.map(|input| &input[chunk * length..][..out.len()]), out);
        });
    }
    true
}

struct Map<'a, F, M> {
    x: &'a [F],
    y: &'a mut [F],
    f: M,
}

impl<F: Float, M: Fn(F) -> F> Loop for Map<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (y, &x) in self.y.iter_mut().zip(self.x) {
            *y = (self.f)(x);
        }
    }
}

/// `y[n, c] ← f(x[n, c], numbers)` for every element, computed in `f64` and rounded once: for
/// functions that `f32` would round more often.
///
/// `f` has to be a function that is `#[inline(always)]`, not a closure: a large closure is not
/// inlined, and what is not inlined does not run in vectors. What a closure would capture are the
/// `numbers`.
///
/// # Shapes
/// `x`, `y`: the same `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::elementwise::map_rounded;
///
/// #[inline(always)]
/// fn sevenths(x: f64, [factor]: [f64; 1]) -> f64 {
///     factor * x / 7.0
/// }
/// let mut y = Array2::<f32>::zeros((1, 2));
/// map_rounded(&array![[3.5, 7.0]], &mut y, [2.0], sevenths);
/// assert_eq!(y, array![[1.0, 2.0]]);
/// ```
#[track_caller]
pub fn map_rounded<F: Float, const P: usize>(
    x: &ArrayRef2<F>,
    y: &mut ArrayRef2<F>,
    numbers: [f64; P],
    f: impl Fn(f64, [f64; P]) -> f64 + Copy + Sync,
) {
    assert_eq!(x.dim(), y.dim(), "map_rounded: two matrices of one shape");
    if !runs(FEW, [x], y, |[x], y| vectorized(MapRounded { x, y, numbers, f })) {
        Zip::from(y).and(x).for_each(|y, &x| *y = F::of(f(x.as_f64(), numbers)));
    }
}

struct MapRounded<'a, F, M, const P: usize> {
    x: &'a [F],
    y: &'a mut [F],
    numbers: [f64; P],
    f: M,
}

impl<F: Float, M: Fn(f64, [f64; P]) -> f64, const P: usize> Loop for MapRounded<'_, F, M, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, y, numbers, f } = self;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = F::of(f(x.as_f64(), numbers));
        }
    }
}

/// `dx[n, c] ← f(x[n, c], dy[n, c])` for every element: the backward pass of an activation whose
/// derivative is a function of its input or of its output.
///
/// # Shapes
/// `x`, `dy`, `dx`: the same `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// The gradient of a rectifier:
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::elementwise::map2;
///
/// let (y, dy) = (array![[3.0, 0.0]], array![[5.0, 7.0]]);
/// let mut dx = Array2::zeros((1, 2));
/// map2(&y, &dy, &mut dx, |y, dy| if y > 0.0 { dy } else { 0.0 });
/// assert_eq!(dx, array![[5.0, 0.0]]);
/// ```
#[track_caller]
pub fn map2<F: Float>(
    x: &ArrayRef2<F>,
    dy: &ArrayRef2<F>,
    dx: &mut ArrayRef2<F>,
    f: impl Fn(F, F) -> F + Copy + Sync,
) {
    assert!(x.dim() == dx.dim() && dy.dim() == dx.dim(), "map2: three matrices of one shape");
    if !runs(PART, [x, dy], dx, |[x, dy], dx| vectorized(Map2 { x, dy, dx, f })) {
        Zip::from(dx).and(x).and(dy).for_each(|dx, &x, &dy| *dx = f(x, dy));
    }
}

struct Map2<'a, F, M> {
    x: &'a [F],
    dy: &'a [F],
    dx: &'a mut [F],
    f: M,
}

impl<F: Float, M: Fn(F, F) -> F> Loop for Map2<'_, F, M> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((dx, &x), &dy) in self.dx.iter_mut().zip(self.x).zip(self.dy) {
            *dx = (self.f)(x, dy);
        }
    }
}

/// `dx[n, c] ← dy[n, c]·slope(x[n, c], numbers)` for every element, computed in `f64` and rounded
/// once: the chain rule for an activation that [`map_rounded`] computes. `slope` is its derivative,
/// and what is said there of `f` holds for it.
///
/// Where the slope is 0, an infinite `dy` gives 0. A slope that may be too small for an `f64` while
/// its product with `dy` is none can be given as two factors ([`Slope`]).
///
/// # Shapes
/// `x`, `dy`, `dx`: the same `(N, C)`; any strides.
///
/// # Panics
/// If the shapes differ.
///
/// # Examples
/// The gradient through `y = a x²`, `a = 3`:
/// ```
/// use ndarray::{Array2, array};
/// use tensor_core::elementwise::chain_rounded;
///
/// #[inline(always)]
/// fn slope(x: f64, [a]: [f64; 1]) -> f64 {
///     2.0 * a * x
/// }
/// let mut dx = Array2::<f32>::zeros((1, 2));
/// chain_rounded(&array![[1.0, 2.0]], &array![[1.0, 0.5]], &mut dx, [3.0], slope);
/// assert_eq!(dx, array![[6.0, 6.0]]);
/// ```
#[track_caller]
pub fn chain_rounded<F: Float, S: Slope, const P: usize>(
    x: &ArrayRef2<F>,
    dy: &ArrayRef2<F>,
    dx: &mut ArrayRef2<F>,
    numbers: [f64; P],
    slope: impl Fn(f64, [f64; P]) -> S + Copy + Sync,
) {
    assert!(
        x.dim() == dx.dim() && dy.dim() == dx.dim(),
        "chain_rounded: three matrices of one shape"
    );
    let run = |[x, dy]: [&[F]; 2], dx: &mut [F]| {
        vectorized(ChainRounded { x, dy, dx, numbers, slope });
    };
    if !runs(FEW, [x, dy], dx, run) {
        Zip::from(dx).and(x).and(dy).for_each(|dx, &x, &dy| {
            *dx = F::of(slope(x.as_f64(), numbers).times(dy.as_f64()));
        });
    }
}

/// What [`chain_rounded`] multiplies `dy` by: a number, or two factors of one, the larger one
/// first. That one is at most 1 in size, unless the other is 1: a `dy` near the largest number
/// would overflow on the way.
///
/// # Examples
/// ```
/// use tensor_core::elementwise::Slope;
///
/// // e^−800 is 0 in f64, and 1e300·e^−800 = 3.7e-48.
/// assert!([(-400.0_f64).exp(), (-400.0_f64).exp()].times(1e300) > 3e-48);
/// assert_eq!(0.0.times(f64::INFINITY), 0.0);
/// ```
pub trait Slope {
    /// `dy` times the slope; 0 where the slope is 0, whatever `dy` is but NaN.
    fn times(self, dy: f64) -> f64;
}

impl Slope for f64 {
    #[inline(always)]
    fn times(self, dy: f64) -> f64 {
        product_or_zero(dy, self)
    }
}

impl Slope for [f64; 2] {
    #[inline(always)]
    fn times(self, dy: f64) -> f64 {
        product_or_zero(dy, self[0]) * self[1]
    }
}

struct ChainRounded<'a, F, M, const P: usize> {
    x: &'a [F],
    dy: &'a [F],
    dx: &'a mut [F],
    numbers: [f64; P],
    slope: M,
}

impl<F, S, M, const P: usize> Loop for ChainRounded<'_, F, M, P>
where
    F: Float,
    S: Slope,
    M: Fn(f64, [f64; P]) -> S,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { x, dy, dx, numbers, slope } = self;
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = F::of(slope(x.as_f64(), numbers).times(dy.as_f64()));
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::{chain_rounded, map, map_rounded, map2};

    #[test]
    fn strides_do_not_matter() {
        let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let dy = array![[1.0, 0.5], [1.0, 0.5], [1.0, 0.5]];
        let mut y = Array2::zeros((2, 3));
        map(&x, &mut y, |v| 10.0 * v);
        assert_eq!(y, array![[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]]);
        map2(&x, &dy.t(), &mut y, |x, dy| x * dy);
        assert_eq!(y, array![[1.0, 2.0, 3.0], [2.0, 2.5, 3.0]]);
        map_rounded(&x.t(), &mut y.view_mut().reversed_axes(), [10.0], |v, [factor]| factor * v);
        assert_eq!(y, array![[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]]);
        chain_rounded(&x, &dy.t(), &mut y, [2.0], |x, [power]| x.powf(power));
        assert_eq!(y, array![[1.0, 4.0, 9.0], [8.0, 12.5, 18.0]]);
    }

    // Matrices without gaps run in another loop than those with strides. Every length, because
    // vectors leave a remainder.
    #[test]
    fn without_gaps_every_element_is_reached_once() {
        for n in 0..70 {
            let x = Array2::from_shape_fn((1, n), |(_, i)| i as f32);
            let dy = x.mapv(|x| 100.0 - x);
            let (mut y, mut dx) = (Array2::zeros((1, n)), Array2::zeros((1, n)));
            map(&x, &mut y, |x| 2.0 * x + 1.0);
            map2(&x, &dy, &mut dx, |x, dy| 1000.0 * x + dy);
            for i in 0..n {
                let x = i as f32;
                assert_eq!((y[[0, i]], dx[[0, i]]), (2.0 * x + 1.0, 1000.0 * x + (100.0 - x)));
            }
            map_rounded(&x, &mut y, [3.0], |x, [three]| x / three);
            chain_rounded(&x, &dy, &mut dx, [7.0], |x, [seven]| x / seven);
            for i in 0..n {
                let (x, dy) = (x[[0, i]], dy[[0, i]]);
                // A quotient of two f32 that was rounded to f64 before is the same f32.
                assert_eq!(y[[0, i]], x / 3.0);
                assert_eq!(dx[[0, i]], (f64::from(dy) * (f64::from(x) / 7.0)) as f32);
            }
        }
    }

    #[test]
    #[should_panic(expected = "one shape")]
    fn as_many_elements_in_another_shape_are_refused() {
        map(&array![[1.0, 2.0]], &mut array![[0.0], [0.0]], |x| x);
    }

    #[test]
    #[should_panic(expected = "one shape")]
    fn a_gradient_of_another_shape_is_refused() {
        map2(&array![[1.0, 2.0]], &array![[1.0], [2.0]], &mut array![[0.0, 0.0]], |x, _| x);
    }

    #[test]
    #[should_panic(expected = "one shape")]
    fn rounding_needs_one_shape() {
        map_rounded(&array![[1.0, 2.0]], &mut array![[0.0], [0.0]], [], |x, []| x);
    }

    #[test]
    #[should_panic(expected = "one shape")]
    fn a_slope_needs_one_shape() {
        chain_rounded(
            &array![[1.0, 2.0]],
            &array![[1.0], [2.0]],
            &mut array![[0.0, 0.0]],
            [],
            |x, []| x,
        );
    }

    #[test]
    fn no_rows_is_no_work() {
        let mut y = Array2::<f32>::zeros((0, 3));
        map(&Array2::zeros((0, 3)), &mut y, |v| v);
        assert_eq!(y.dim(), (0, 3));
    }
}
