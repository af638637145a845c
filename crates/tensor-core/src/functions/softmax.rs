//! Softmax along the rows of a matrix, and its logarithm, right far from zero.

use kernels::Float;
use kernels::simd::{Loop, vectorized};
use ndarray::ArrayRef2;

use kernels::exponentials::{self, Exponentials, write};

/// Softmax along rows, `y[n, c] ← e^x[n, c] / Σ_k e^x[n, k]`: within 1 unit in the last place in
/// `f32`.
///
/// The maximum of the row is subtracted first, `e^(x[n, c] − max) / Σ_k e^(x[n, k] − max)`, because
/// `e^x` overflows for `x > 89` in `f32`. Everything is computed in `f64`
/// ([`Exponentials`](super::exponentials::Exponentials)) and rounded once.
///
/// A row that holds NaN or +∞, or nothing but −∞, gives NaN, as in PyTorch's softmax: the limit
/// depends on how it is approached.
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
/// use tensor_core::functions::softmax;
///
/// let mut y = Array2::zeros((1, 3));
/// softmax(&array![[1e4_f32, -1e4, 1e4]], &mut y);
/// assert_eq!(y, array![[0.5, 0.0, 0.5]]);
/// ```
#[track_caller]
pub fn softmax<F: Float>(x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
    assert_eq!(x.dim(), y.dim(), "softmax: two matrices of one shape");
    exponentials::for_each_part(x, x, y, |x, _, y| vectorized(Softmax { x, y }));
}

/// The logarithm of [`softmax`] along rows, `y[n, c] ← x[n, c] − ln Σ_k e^x[n, k]`: within 1 unit
/// in the last place in `f32`.
///
/// Computed as `(x[n, c] − max) − ln Σ_k e^(x[n, k] − max)`, because the logarithm of a softmax
/// that has been rounded to 0 is −∞. Rows without a limit give NaN, as [`softmax`] does.
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
/// use tensor_core::functions::log_softmax;
///
/// let mut y = Array2::zeros((1, 2));
/// log_softmax(&array![[1e4_f32, -1e4]], &mut y);
/// assert_eq!(y, array![[0.0, -2e4]]); // where softmax is 1 and 0
/// ```
#[track_caller]
pub fn log_softmax<F: Float>(x: &ArrayRef2<F>, y: &mut ArrayRef2<F>) {
    assert_eq!(x.dim(), y.dim(), "log_softmax: two matrices of one shape");
    exponentials::for_each_part(x, x, y, |x, _, y| vectorized(LogSoftmax { x, y }));
}

struct Softmax<'a, F> {
    x: &'a ArrayRef2<F>,
    y: &'a mut ArrayRef2<F>,
}

impl<F: Float> Loop for Softmax<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut exponentials = Exponentials::new(self.x);
        for (n, mut y) in self.y.rows_mut().into_iter().enumerate() {
            // Σ_k e^(x[n, k] − max) is 1 more than the first of the two sums.
            let factor = 1.0 / (1.0 + exponentials.sums(n).0);
            for start in exponentials.starts() {
                let (_, e) = exponentials.part(n, start);
                write(&mut y, start, e, |e| e * factor);
            }
        }
    }
}

struct LogSoftmax<'a, F> {
    x: &'a ArrayRef2<F>,
    y: &'a mut ArrayRef2<F>,
}

impl<F: Float> Loop for LogSoftmax<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut exponentials = Exponentials::new(self.x);
        for (n, mut y) in self.y.rows_mut().into_iter().enumerate() {
            let (_, ln_sum) = exponentials.sums(n);
            for start in exponentials.starts() {
                let (shifted, _) = exponentials.part(n, start);
                write(&mut y, start, shifted, |x| x - ln_sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder, array};

    use super::{log_softmax, softmax};
    use crate::{Float, Rng};
    use kernels::exponentials::MAX_PART;

    /// Widths around those of a vector and of the buffer.
    fn shapes() -> impl Iterator<Item = (usize, usize)> {
        let narrow = (1..=40).map(|c| (MAX_PART / c + 2, c));
        narrow.chain([(3, MAX_PART - 1), (3, MAX_PART), (3, MAX_PART + 1), (2, 3 * MAX_PART + 5)])
    }

    fn logits<F: Float>(shape: (usize, usize)) -> Array2<F> {
        let mut rng = Rng::new(shape.1 as u64);
        Array2::from_shape_simple_fn(shape, || F::of(f64::from((3.0 * rng.normal()) as f32)))
    }

    // The definition with the system's functions, whose errors are far below an f32's last place;
    // no row has two largest values. An f64 result has a handful of roundings, and that of the
    // exponent is made |x − max| < 32 times larger.
    #[test]
    fn both_are_their_definitions_at_every_width_in_any_layout() {
        fn check<F: Float>(bound: f64) {
            for shape in shapes() {
                let x = logits::<F>(shape);
                let mut other = Array2::zeros(shape.f());
                other.assign(&x);
                for x in [&x, &other] {
                    let (mut y, mut ln_y) = (Array2::zeros(shape), Array2::zeros(shape.f()));
                    softmax(x, &mut y);
                    log_softmax(x, &mut ln_y);
                    for (n, x) in x.rows().into_iter().enumerate() {
                        let max = x.iter().fold(f64::NEG_INFINITY, |m, x| m.max(x.as_f64()));
                        let others = x.iter().map(|x| x.as_f64() - max).filter(|x| *x < 0.0);
                        let beside_max: f64 = others.map(f64::exp).sum();
                        for (c, x) in x.iter().enumerate() {
                            let (want, ln_want) = (
                                (x.as_f64() - max).exp() / (1.0 + beside_max),
                                (x.as_f64() - max) - beside_max.ln_1p(),
                            );
                            let (got, ln_got) = (y[[n, c]].as_f64(), ln_y[[n, c]].as_f64());
                            assert!((got - want).abs() <= bound * want, "{shape:?}: {got}, {want}");
                            let error = (ln_got - ln_want).abs();
                            assert!(
                                error <= bound * ln_want.abs(),
                                "{shape:?}: {ln_got}, {ln_want}"
                            );
                        }
                    }
                }
            }
        }
        check::<f32>(0.501 * f64::from(f32::EPSILON));
        check::<f64>(40.0 * f64::EPSILON);
    }

    #[test]
    fn far_out() {
        let x = array![[1e4_f32, -1e4, 1e4]];
        let mut y = Array2::zeros((1, 3));
        softmax(&x, &mut y);
        assert_eq!(y, array![[0.5, 0.0, 0.5]]);
        log_softmax(&x, &mut y);
        assert_eq!(y, array![[-(2.0_f32.ln()), -2e4 - 2.0_f32.ln(), -(2.0_f32.ln())]]);
    }

    #[test]
    fn no_columns_are_no_work() {
        let (x, mut y) = (Array2::<f32>::zeros((3, 0)), Array2::zeros((3, 0)));
        softmax(&x, &mut y);
        log_softmax(&x, &mut y);
        assert!(y.is_empty());
    }

    #[test]
    fn nan_and_infinities_give_nan_in_their_row_and_no_other() {
        fn check<F: Float>() {
            let [nan, inf] = [F::nan(), F::infinity()];
            for bad in [[nan, F::zero()], [F::zero(), nan], [inf, F::zero()], [-inf, -inf]] {
                let mut x = Array2::zeros((3, 40));
                x.row_mut(1).fill(-inf);
                (x[[1, 0]], x[[1, 20]]) = (bad[0], bad[1]);
                let mut y = Array2::zeros((3, 40));
                for f in [softmax, log_softmax] {
                    f(&x, &mut y);
                    assert!(y.row(1).iter().all(|y| y.is_nan()), "{bad:?} gave {y}");
                    assert!(y.row(0).iter().chain(y.row(2)).all(|y| y.is_finite()), "{bad:?}");
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
