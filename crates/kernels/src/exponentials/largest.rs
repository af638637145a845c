//! The largest value of a row, and the sum of the exponentials of all others.

use crate::Float;
use crate::sums::Sum;
use crate::sums::rows::sum_of;

/// Values that are compared side by side.
const LANES: usize = 8;

/// The larger one of two values. NaN is passed over: it reaches every result through its
/// exponential.
#[inline(always)]
pub(super) fn larger<F: Float>(a: F, b: F) -> F {
    if b > a { b } else { a }
}

/// The largest value, −∞ if there is none.
#[inline(always)]
pub(super) fn largest<F: Float>(x: &[F]) -> F {
    // More than a vector holds, because one vector alone would wait for each of its comparisons.
    const MANY: usize = 4 * LANES;
    let (chunks, remainder) = x.as_chunks::<MANY>();
    let largest = remainder.iter().copied().fold(F::neg_infinity(), larger);
    if chunks.is_empty() {
        return largest;
    }
    let mut lanes = [F::neg_infinity(); MANY];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    lanes.into_iter().fold(largest, larger)
}

/// How many of the largest values are left out, and the sum of the exponentials of all others.
#[inline(always)]
pub(super) fn sum_below<F: Float>(shifted: &[f64], exponentials: &[f64]) -> (f64, Sum<F>) {
    if exponentials.len() < 2 * LANES {
        let (mut largest, mut below) = (0.0, Sum::default());
        for (&shifted, &e) in shifted.iter().zip(exponentials) {
            // Two choices between two numbers, not a branch.
            largest += if shifted == 0.0 { 1.0 } else { 0.0 };
            below = below.plus(if shifted == 0.0 { 0.0 } else { e });
        }
        return (largest, below);
    }
    let sum = |exponentials: &[f64]| sum_of::<F, _>(exponentials, exponentials, |e, _| e);
    match first_zero(shifted) {
        Some(at) => (1.0, sum(&exponentials[..at]).plus_all(sum(&exponentials[at + 1..]))),
        None => (0.0, sum(exponentials)),
    }
}

/// The place of the first 0, which is that of a largest value.
#[inline(always)]
pub(super) fn first_zero(values: &[f64]) -> Option<usize> {
    let (chunks, remainder) = values.as_chunks::<LANES>();
    // All values of a chunk are compared, because it then runs as a vector.
    let any = |chunk: &[f64; LANES]| chunk.iter().fold(false, |any, x| any | (*x == 0.0));
    let (before, values) = match chunks.iter().position(any) {
        Some(chunk) => (chunk * LANES, &chunks[chunk][..]),
        None => (chunks.len() * LANES, remainder),
    };
    Some(before + values.iter().position(|x| *x == 0.0)?)
}
