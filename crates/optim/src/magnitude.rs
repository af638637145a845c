//! Sums of sizes and of squares that neither overflow nor vanish.

use tensor_core::simd::{Loop, vectorized};
use tensor_core::sums::Sum;
use tensor_core::{Error, Float};

/// `Σ_i |x_i|^k = a^k·s`, for `k` 1 or 2: `a` is 1 or the largest `|x_i|`, so that `s` is a number
/// of ordinary size whatever the size of the `x_i`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PowerSum {
    pub(crate) largest: f64,
    pub(crate) sum: f64,
}

/// Which power is summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    One,
    Two,
}

impl PowerSum {
    /// The sum over all slices that `each` shows, which it does the same way at every call.
    ///
    /// In `f64` whatever the type: no square of an `f32` overflows or vanishes there. Where that of
    /// an `f64` does, or has lost digits, all is summed once more, divided by the largest. If that
    /// is 0, ∞ or NaN, so is the sum, and `largest` says which.
    pub(crate) fn of<F: Float>(
        power: Power,
        mut each: impl FnMut(&mut dyn FnMut(&[F])) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let sum = total(&mut each, power, 1.0)?;
        // Below it, squares that have lost digits may count.
        let lower = f64::MIN_POSITIVE / (f64::EPSILON * f64::EPSILON);
        if sum.is_finite() && (sum > lower || power == Power::One) {
            return Ok(Self { largest: 1.0, sum });
        }
        let mut largest = 0.0;
        each(&mut |x| {
            for x in x {
                let x = x.as_f64().abs();
                // NaN stays, because no comparison with it is true.
                if x > largest || x.is_nan() {
                    largest = x;
                }
            }
        })?;
        let sum = if largest > 0.0 && largest.is_finite() {
            total(&mut each, power, largest)?
        } else {
            1.0
        };
        Ok(Self { largest, sum })
    }
}

/// `Σ_i |x_i/divisor|^k` over all slices.
fn total<F: Float>(
    each: &mut impl FnMut(&mut dyn FnMut(&[F])) -> Result<(), Error>,
    power: Power,
    divisor: f64,
) -> Result<f64, Error> {
    let mut total = Sum::<f64>::default();
    each(&mut |x| total.add(vectorized(Terms { x, power, divisor })))?;
    Ok(total.sum())
}

/// So many terms are summed in one go; the sums of the blocks are added without loss.
const BLOCK: usize = 256;

/// Running sums side by side, to fill vector registers.
const LANES: usize = 16;

/// The terms of one slice.
struct Terms<'a, F> {
    x: &'a [F],
    power: Power,
    divisor: f64,
}

impl<F: Float> Loop for Terms<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { x, power, divisor } = self;
        match (power, divisor == 1.0) {
            (Power::One, true) => sum(x, |x| x.abs()),
            (Power::One, false) => sum(x, |x| x.abs() / divisor),
            (Power::Two, true) => sum(x, |x| x * x),
            (Power::Two, false) => sum(x, |x| (x / divisor) * (x / divisor)),
        }
    }
}

/// `Σ_i term(x_i)` of terms that are not negative, within some 20 roundings.
#[inline(always)]
fn sum<F: Float>(x: &[F], term: impl Fn(f64) -> f64) -> f64 {
    let mut total = Sum::<f64>::default();
    for block in x.chunks(BLOCK) {
        let mut lanes = [0.0; LANES];
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            for (lane, x) in lanes.iter_mut().zip(row) {
                *lane += term(x.as_f64());
            }
        }
        for (lane, x) in lanes.iter_mut().zip(rest) {
            *lane += term(x.as_f64());
        }
        total = total.plus(lanes.iter().sum());
    }
    total.sum()
}
