//! Sums over the values of one row, for loops that run through
//! [`vectorized`](crate::simd::vectorized).
//!
//! | item | what it adds up |
//! |---|---|
//! | [`sums`] | expressions of the values of rows beside each other |
//! | [`sum_of`], [`sum_beside`] | an expression of values in `f64` and of a row beside them |
//! | [`Values`] | a row that can be read: a slice, or a row of a matrix |

use std::array::from_fn;

use crate::Float;
use ndarray::{ArrayRef1, ArrayView1, Axis, aview1};

use super::sum::{Lanes, Sum};

/// Values that [`sums`] takes at a time.
pub const LANES: usize = 16;

/// Values that [`sum_of`] takes at a time.
const HALF: usize = LANES / 2;

/// The values of a row in order: a slice, or a row of a matrix with any strides.
///
/// A slice is read a vector at a time, anything else value by value; what is computed is the same.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use kernels::sums::rows::Values;
///
/// fn last<'a>(row: impl Values<'a, f64>) -> f64 {
///     row.at(row.count() - 1)
/// }
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!((last(&[7.0, 8.0][..]), last(x.column(0))), (8.0, 3.0));
/// ```
pub trait Values<'a, F: 'a>: Copy {
    /// How many there are.
    fn count(self) -> usize;

    /// The value at the place `i`.
    fn at(self, i: usize) -> F;

    /// The values from `start` on that fill a register.
    #[inline(always)]
    fn lanes(self, start: usize) -> [F; LANES] {
        from_fn(|lane| self.at(start + lane))
    }

    /// All values in order.
    fn values(self) -> impl Iterator<Item = &'a F>;

    /// The values at the places `start..start + n`.
    fn part(self, start: usize, n: usize) -> Self;

    /// A slice as this type: for parameters beside the values of a row.
    fn of_slice(values: &'a [F]) -> Self;
}

impl<'a, F: Float> Values<'a, F> for &'a [F] {
    #[inline(always)]
    fn count(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn at(self, i: usize) -> F {
        self[i]
    }

    #[inline(always)]
    fn lanes(self, start: usize) -> [F; LANES] {
        let values = &self[start..start + LANES];
        from_fn(|lane| values[lane])
    }

    #[inline(always)]
    fn values(self) -> impl Iterator<Item = &'a F> {
        self.iter()
    }

    #[inline(always)]
    fn part(self, start: usize, n: usize) -> Self {
        &self[start..start + n]
    }

    #[inline(always)]
    fn of_slice(values: &'a [F]) -> Self {
        values
    }
}

impl<'a, F: Float> Values<'a, F> for ArrayView1<'a, F> {
    #[inline(always)]
    fn count(self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn at(self, i: usize) -> F {
        self[i]
    }

    #[inline(always)]
    fn values(self) -> impl Iterator<Item = &'a F> {
        self.into_iter()
    }

    #[inline(always)]
    fn part(self, start: usize, n: usize) -> Self {
        self.split_at(Axis(0), start).1.split_at(Axis(0), n).0
    }

    #[inline(always)]
    fn of_slice(values: &'a [F]) -> Self {
        aview1(values)
    }
}

/// `K` sums along `M` rows beside each other: `Σ_i term_k(x₁[i], …, x_M[i])`.
///
/// Plainly:
///
/// ```text
/// sums ← [0; K];  for each place i: sums ← add([x₁[i], …, x_M[i]], sums)
/// ```
///
/// Here every sixteenth value is added to sums of its own ([`LANES`]), because these fill a vector
/// register; the sixteen are added at the end ([`Lanes::total`]), and then the remainder of the
/// row. Each is a [`Sum`]. The order depends on the length alone.
///
/// # Panics
/// If the rows have different lengths. Without a row it does not compile.
///
/// # Examples
/// A sum and a scalar product:
/// ```
/// use kernels::sums::{Sum, rows};
///
/// let (x, y) = ([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]);
/// let add = |[x, y]: [f64; 2], [sum, dot]: [Sum<f64>; 2]| [sum.plus(x), dot.plus(x * y)];
/// let [sum, dot] = rows::sums([&x[..], &y[..]], &add);
/// assert_eq!((sum.sum(), dot.sum()), (6.0, 7.0));
/// ```
#[inline(always)]
pub fn sums<'a, F: Float, V: Values<'a, F>, const M: usize, const K: usize>(
    inputs: [V; M],
    add: &impl Fn([f64; M], [Sum<F>; K]) -> [Sum<F>; K],
) -> [Sum<F>; K] {
    const { assert!(M > 0, "rows: at least one") }
    let n = inputs[0].count();
    assert!(inputs.iter().all(|input| input.count() == n), "rows: of one length");
    let full = n / LANES * LANES;
    let remainder = |start| {
        let values = |i| from_fn(|m| inputs[m].at(i).as_f64());
        (full..n).fold(start, |sums, i| add(values(i), sums))
    };
    if full == 0 {
        return remainder([Sum::default(); K]);
    }
    let mut lanes = [Lanes::<F, LANES>::default(); K];
    for start in (0..full).step_by(LANES) {
        let values: [[F; LANES]; M] = from_fn(|m| inputs[m].lanes(start));
        for lane in 0..LANES {
            let values = from_fn(|m| values[m][lane].as_f64());
            let sums = add(values, from_fn(|k| lanes[k].get(lane)));
            lanes.iter_mut().zip(sums).for_each(|(lanes, sum)| lanes.set(lane, sum));
        }
    }
    remainder(lanes.map(Lanes::total))
}

/// `Σ_i f(values[i], beside[start + i])`, for a part of a row and another row: [`sum_of`], with any
/// strides of the other row.
///
/// # Shapes
/// `beside (C)`, any stride; `values` of at most `C − start`.
///
/// # Panics
/// If the values reach beyond the other row.
///
/// # Examples
/// ```
/// use ndarray::array;
/// use kernels::sums::{Sum, rows};
///
/// let beside = array![1.0_f32, 2.0, 3.0];
/// let sum: Sum<f32> = rows::sum_beside(1, &[5.0, 6.0], &beside, |value, x| value * x);
/// assert_eq!(sum.value(), 28.0); // 5·2 + 6·3
/// ```
#[inline(always)]
pub fn sum_beside<F: Float>(
    start: usize,
    values: &[f64],
    beside: &ArrayRef1<F>,
    f: impl Fn(f64, f64) -> f64,
) -> Sum<F> {
    let length = beside.len().saturating_sub(start);
    assert!(values.len() <= length, "sum_beside: values beyond the row");
    match beside.as_slice() {
        Some(beside) => sum_of(values, &beside[start..], f),
        None => {
            // In the order of `sum_of`.
            let term = |i| f(values[i], beside[start + i].as_f64());
            let (n, full) = (values.len(), values.len() / HALF * HALF);
            let mut lanes = Lanes::<F, HALF>::default();
            (0..full).for_each(|i| lanes.add(i % HALF, term(i)));
            (full..n).fold(lanes.total(), |sum, i| sum.plus(term(i)))
        }
    }
}

/// `Σ_i f(values[i], beside[i])`, as far as both reach: for values in `f64` beside those of a
/// matrix.
///
/// As in [`sums`], but every eighth term is added to a sum of its own.
///
/// # Examples
/// ```
/// use kernels::sums::{Sum, rows};
///
/// let sum: Sum<f32> = rows::sum_of(&[5.0, 6.0], &[2.0_f32, 3.0], |value, x| value * x);
/// assert_eq!(sum.value(), 28.0); // 5·2 + 6·3
/// ```
#[inline(always)]
pub fn sum_of<F: Float, X: Float>(
    values: &[f64],
    beside: &[X],
    f: impl Fn(f64, f64) -> f64,
) -> Sum<F> {
    let n = values.len().min(beside.len());
    let (values, values_left) = values[..n].as_chunks::<HALF>();
    let (beside, beside_left) = beside[..n].as_chunks::<HALF>();
    let mut lanes = Lanes::<F, HALF>::default();
    for (values, beside) in values.iter().zip(beside) {
        for lane in 0..HALF {
            lanes.add(lane, f(values[lane], beside[lane].as_f64()));
        }
    }
    let left = values_left.iter().zip(beside_left);
    left.fold(lanes.total(), |sum, (&value, x)| sum.plus(f(value, x.as_f64())))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::{LANES, Values, sum_beside, sum_of, sums};
    use crate::random::Rng;
    use crate::sums::Sum;

    #[test]
    fn a_slice_and_a_row_of_any_strides_read_the_same() {
        fn check<'a, V: Values<'a, f64>>(row: V) {
            assert_eq!((row.count(), row.at(0), row.at(19)), (20, 0.0, 19.0));
            assert_eq!(row.lanes(3), std::array::from_fn::<_, LANES, _>(|lane| 3.0 + lane as f64));
            assert!(row.values().copied().eq((0..20).map(f64::from)));
            let part = row.part(4, 3);
            assert!(part.values().copied().eq([4.0, 5.0, 6.0]) && part.count() == 3);
            assert!(V::of_slice(&[7.0, 8.0]).values().eq(&[7.0, 8.0]));
        }
        let x = Array2::from_shape_fn((20, 2), |(i, j)| i as f64 + 0.5 * j as f64);
        check(&x.column(0).to_vec()[..]);
        check(x.column(0));
    }

    #[test]
    fn a_sum_is_right_to_the_last_place_in_any_layout() {
        let mut rng = Rng::new(1);
        for n in (1..=70).chain([1000, 1001]) {
            let x = Array2::from_shape_simple_fn((n, 3), || rng.normal() as f32);
            let y: Vec<f32> = x.column(1).to_vec();
            let add = |[x]: [f64; 1], [sum]: [Sum<f32>; 1]| [sum.plus(x)];
            let [packed] = sums([&y[..]], &add);
            let [strided] = sums([x.column(1)], &add);
            assert_eq!(packed.sum(), strided.sum(), "n = {n}: bits depend on the strides");
            let plain: f64 = y.iter().map(|&v| f64::from(v)).sum();
            let bound = f64::from(f32::EPSILON) / 2.0 * plain.abs() + 1e-12;
            assert!((f64::from(packed.sum()) - plain).abs() <= bound, "n = {n}");
        }
    }

    // Products of whole numbers, whose sums are exact in any order.
    #[test]
    fn sums_take_every_pair_once_in_any_layout() {
        let mut rng = Rng::new(1);
        let mut whole = || (8.0 * rng.normal()).round();
        let values: Vec<f64> = (0..100).map(|_| whole()).collect();
        let beside = Array2::from_shape_simple_fn((110, 2), || whole() as f32);
        let product = |value: f64, x: f64| value * x;
        for n in 0..100 {
            for start in [0, 10] {
                let column = beside.column(1);
                let pairs = values[..n].iter().zip(column.iter().skip(start));
                let want: f64 = pairs.map(|(value, x)| value * f64::from(*x)).sum();
                let got: Sum<f32> = sum_beside(start, &values[..n], &column, product);
                assert_eq!(got.value(), want, "{n} values from {start} on");
                let own = column.to_owned();
                let got: Sum<f32> = sum_beside(start, &values[..n], &own, product);
                assert_eq!(got.value(), want, "{n} values from {start} on, packed");
            }
        }
        let got: Sum<f64> = sum_of(&values[..30], &values[..20], product);
        assert_eq!(got.value(), values[..20].iter().map(|x| x * x).sum());
    }

    #[test]
    #[should_panic(expected = "beyond the row")]
    fn values_beyond_the_row_beside_are_refused() {
        let beside = Array2::<f64>::zeros((3, 2));
        sum_beside::<f64>(2, &[5.0, 6.0], &beside.column(0), |value, x| value * x);
    }
}
