//! What is made of the values of a row, and of those of a row beside it.

use kernels::Float;
use ndarray::ArrayRef1;

use crate::sums::{Lanes, Sum};

/// Values that are added up at a time.
pub(super) const LANES: usize = 8;

/// Writes `f` of some values into a row, from column `start` on, rounded once.
#[inline(always)]
pub fn write<F: Float>(
    row: &mut ArrayRef1<F>,
    start: usize,
    values: &[f64],
    f: impl Fn(f64) -> f64,
) {
    match row.as_slice_mut() {
        Some(row) => {
            row[start..].iter_mut().zip(values).for_each(|(y, &value)| *y = F::of(f(value)));
        }
        None => row.iter_mut().skip(start).zip(values).for_each(|(y, &value)| *y = F::of(f(value))),
    }
}

/// The same of two values: those of `beside`, a row as long as `row`, come second.
#[inline(always)]
pub fn write_beside<F: Float>(
    row: &mut ArrayRef1<F>,
    start: usize,
    values: &[f64],
    beside: &ArrayRef1<F>,
    f: impl Fn(f64, f64) -> f64,
) {
    match (row.as_slice_mut(), beside.as_slice()) {
        (Some(row), Some(beside)) => {
            let places = row[start..].iter_mut().zip(&beside[start..]);
            places.zip(values).for_each(|((y, x), &value)| *y = F::of(f(value, x.as_f64())));
        }
        _ => {
            let places = row.iter_mut().zip(beside).skip(start);
            places.zip(values).for_each(|((y, x), &value)| *y = F::of(f(value, x.as_f64())));
        }
    }
}

/// The sum of `f` of the same two values.
#[inline(always)]
pub fn sum_beside<F: Float>(
    start: usize,
    values: &[f64],
    beside: &ArrayRef1<F>,
    f: impl Fn(f64, f64) -> f64,
) -> Sum<F> {
    match beside.as_slice() {
        Some(beside) => sum_of(values, &beside[start..], f),
        None => {
            let pairs = beside.iter().skip(start).zip(values);
            pairs.fold(Sum::default(), |sum, (x, &value)| sum.plus(f(value, x.as_f64())))
        }
    }
}

/// The sum of `f` of the values of two slices, eight at a time; what one is longer is left out.
#[inline(always)]
pub fn sum_of<F: Float, X: Float>(
    values: &[f64],
    beside: &[X],
    f: impl Fn(f64, f64) -> f64,
) -> Sum<F> {
    let n = values.len().min(beside.len());
    let (values, rest) = values[..n].as_chunks::<LANES>();
    let (beside, beside_rest) = beside[..n].as_chunks::<LANES>();
    let mut lanes = Lanes::<F, LANES>::default();
    for (values, beside) in values.iter().zip(beside) {
        for lane in 0..LANES {
            lanes.add(lane, f(values[lane], beside[lane].as_f64()));
        }
    }
    let rest = rest.iter().zip(beside_rest);
    rest.fold(lanes.total(), |sum, (&value, x)| sum.plus(f(value, x.as_f64())))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};

    use super::{sum_beside, sum_of, write, write_beside};
    use crate::Rng;
    use crate::sums::Sum;

    #[test]
    fn values_are_written_from_a_column_on() {
        let f = |value: f64, x: f64| 10.0 * value + x;
        let mut gaps = Array2::<f32>::zeros((4, 2));
        let beside = array![[1.0_f32, 7.0], [2.0, 7.0], [3.0, 7.0], [4.0, 7.0]];
        for packed in [true, false] {
            let (mut own, own_beside) = (Array1::zeros(4), beside.column(0).to_owned());
            let mut column = gaps.column_mut(0);
            let row = if packed { &mut own } else { &mut *column };
            write(row, 1, &[5.0, 6.0], |value| -value);
            assert_eq!(row.to_vec(), [0.0, -5.0, -6.0, 0.0]);
            let from = if packed { own_beside.view() } else { beside.column(0) };
            write_beside(row, 2, &[5.0, 6.0], &from, f);
            assert_eq!(row.to_vec(), [0.0, -5.0, 53.0, 64.0]);
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
}
