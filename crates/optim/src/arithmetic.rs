//! What the rules compute of single elements, right up to the ends of the type.
//!
//! Each of these is a few instructions without a branch, so that the loops run in vectors.

use tensor_core::Float;

use crate::Buffers;

/// Elements that are moved in one go: few enough to stay in the first cache, and enough to fill
/// vectors.
pub(crate) const BLOCK: usize = 64;

/// What moves consecutive elements of a parameter, at most [`BLOCK`] of them: a method that can be
/// marked `#[inline(always)]`, which a closure cannot.
pub(crate) trait Block<F> {
    fn run(&self, w: &mut [F], g: &[F], buffers: Buffers<'_, F>);
}

/// Runs `block` over all elements, [`BLOCK`] of them at a time and then those that are left.
#[inline(always)]
pub(crate) fn in_blocks<F: Float>(
    w: &mut [F],
    g: &[F],
    buffers: Buffers<'_, F>,
    block: &impl Block<F>,
) {
    let (w, w_rest) = w.as_chunks_mut::<BLOCK>();
    let (g, g_rest) = g.as_chunks::<BLOCK>();
    let mut buffers = buffers.map(|buffer| buffer.as_chunks_mut::<BLOCK>());
    for (i, (w, g)) in w.iter_mut().zip(g).enumerate() {
        let buffers = buffers.each_mut().map(|(blocks, _)| match blocks.get_mut(i) {
            Some(block) => &mut block[..],
            None => &mut [][..],
        });
        block.run(w, g, buffers);
    }
    block.run(w_rest, g_rest, buffers.map(|(_, rest)| rest));
}

/// `g + η w`: weight decay as part of the gradient.
///
/// Without decay it is `g` itself: `0·w` would turn an infinite `w` into NaN. `η w` alone may be no
/// number where η is above 1: then the sum is made of halves.
#[inline(always)]
pub(crate) fn decayed<F: Float>(g: F, w: F, weight_decay: F) -> F {
    let (half, two) = (F::of(0.5), F::of(2.0));
    match weight_decay {
        eta if eta == F::zero() => g,
        eta if eta <= F::one() => g + eta * w,
        eta => two * (half * g + (half * eta) * w),
    }
}

/// [`decayed`] gradients of a block, written to `memory` if they are others than the gradients.
#[inline(always)]
pub(crate) fn decayed_block<'a, F: Float>(
    g: &'a [F],
    w: &[F],
    weight_decay: F,
    memory: &'a mut [F; BLOCK],
) -> &'a [F] {
    if weight_decay == F::zero() {
        return g;
    }
    for (decayed, (&w, &g)) in memory.iter_mut().zip(w.iter().zip(g)) {
        *decayed = self::decayed(g, w, weight_decay);
    }
    &memory[..g.len()]
}

/// What becomes of a mean, a velocity or a root `x` after a step with gradient `g`: 0 if `g` is 0
/// and `x` is subnormal, otherwise `x`.
///
/// Where gradients have become 0 for good, in front of an inactive ReLU, a moving average shrinks
/// at each step until rounding holds it at a few units of the smallest subnormal number, for ever.
/// Arithmetic with subnormal numbers is slow on many processors.
#[inline(always)]
pub(crate) fn faded<F: Float>(x: F, g: F) -> F {
    if (x.abs() < F::min_positive_value()) & (g == F::zero()) { F::zero() } else { x }
}

/// `x/d`, or 0 where the divisor is 0: where ε is 0 and no gradient was larger, there is no step.
/// NaN stays NaN.
#[inline(always)]
pub(crate) fn quotient<F: Float>(x: F, d: F) -> F {
    let quotient = x / d;
    if d == F::zero() { F::zero() * x } else { quotient }
}

/// `√(x² + y²)`, whatever the sizes of `x` and `y`: numbers whose squares would overflow, vanish or
/// lose digits are multiplied by a power of 2 before, which is exact, and the root divided by it.
#[inline(always)]
pub(crate) fn root_of_squares<F: Float>(x: F, y: F) -> F {
    // Of the largest number a and its scaled self: a² is normal, and so is (2⁻²⁴ a)², in f64
    // (2⁻⁵³ a)². Scaled, 2⁻¹⁴⁹ ≤ a < 2¹²⁸ is 2⁻⁵³ ≤ a < 2⁴⁸; in f64, 2⁻¹⁰⁷⁴ ≤ a < 2¹⁰²⁴ is
    // 2⁻⁴⁷⁴ ≤ a < 2⁴²⁴.
    let exponents = if F::NARROW { [-48, 60, 96] } else { [-450, 500, 600] };
    let [small, large, up] = exponents.map(|k| F::of(power_of_two(k)));
    let down = F::of(power_of_two(-exponents[2]));
    let (x, y) = (x.abs(), y.abs());
    let largest = if x > y { x } else { y };
    let (is_small, is_large) = (largest < small, largest > large);
    let scale = if is_small { up } else { F::one() };
    let scale = if is_large { down } else { scale };
    let back = if is_small { down } else { F::one() };
    let back = if is_large { up } else { back };
    let (x, y) = (x * scale, y * scale);
    (x * x + y * y).sqrt() * back
}

/// The factors `a` and `b` of a sum of squares `a r² + b g²`, and their roots.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factors<F> {
    of_squares: [F; 2],
    of_roots: [F; 2],
}

impl<F: Float> Factors<F> {
    pub(crate) fn of(squares: [f64; 2]) -> Self {
        Self { of_squares: squares.map(F::of), of_roots: squares.map(|x| F::of(x.sqrt())) }
    }

    /// Those of a moving average of squares, `s² ← β s² + (1 − β) g²`.
    pub(crate) fn of_average(beta: f64) -> Self {
        Self::of([beta, 1.0 - beta])
    }

    /// `a r² + b g²`, and whether that is far from the ends of the type: there neither square can
    /// have overflowed, nor vanished and be missed.
    #[inline(always)]
    fn square(&self, r: F, g: F) -> (F, bool) {
        let [least, most] = if F::NARROW { [-94, 118] } else { [-898, 998] }.map(power_of_two);
        let [a, b] = self.of_squares;
        let square = a * (r * r) + b * (g * g);
        (square, (square >= F::of(least)) & (square <= F::of(most)))
    }

    /// `√(a r² + b g²)` wherever it lies, 0 where it has [`faded`].
    #[inline(always)]
    fn root(&self, r: F, g: F) -> F {
        let (square, ordinary) = self.square(r, g);
        let [a, b] = self.of_roots;
        let scaled = faded(root_of_squares(a * r, b * g), g);
        if ordinary { square.sqrt() } else { scaled }
    }
}

/// Writes `a r² + b g²` of up to [`BLOCK`] elements; whether all are far from the ends of the type.
#[inline(always)]
fn squares<F: Float>(r: &[F], g: &[F], factors: Factors<F>, values: &mut [F; BLOCK]) -> bool {
    let mut all_ordinary = true;
    for (value, (&r, &g)) in values.iter_mut().zip(r.iter().zip(g)) {
        let (square, ordinary) = factors.square(r, g);
        *value = square;
        all_ordinary &= ordinary;
    }
    all_ordinary
}

/// `r ← √(a r² + b g²)` for up to [`BLOCK`] elements, and 0 where that has [`faded`].
#[inline(always)]
pub(crate) fn roots<F: Float>(r: &mut [F], g: &[F], factors: Factors<F>) {
    let mut values = [F::zero(); BLOCK];
    if squares(r, g, factors, &mut values) {
        r.iter_mut().zip(&values).for_each(|(r, square)| *r = square.sqrt());
    } else {
        r.iter_mut().zip(g).for_each(|(r, &g)| *r = factors.root(*r, g));
    }
}

/// What [`roots`] computes, for loops that take the root themselves.
pub(crate) struct Roots<F> {
    pub(crate) values: [F; BLOCK],
    are_roots: bool,
}

impl<F: Float> Roots<F> {
    #[inline(always)]
    pub(crate) fn of(r: &[F], g: &[F], factors: Factors<F>) -> Self {
        let mut values = [F::zero(); BLOCK];
        let ordinary = squares(r, g, factors, &mut values);
        if !ordinary {
            for (value, (&r, &g)) in values.iter_mut().zip(r.iter().zip(g)) {
                *value = factors.root(r, g);
            }
        }
        Self { values, are_roots: !ordinary }
    }

    /// The root, of one of the `values`.
    #[inline(always)]
    pub(crate) fn root(&self, value: F) -> F {
        if self.are_roots { value } else { value.sqrt() }
    }
}

/// `2ᵏ` for `k` from −1022 to 1023.
const fn power_of_two(k: i64) -> f64 {
    f64::from_bits(((1023 + k) as u64) << 52)
}

/// The factors of a moving average, `m ← β m + (1 − β) g`.
pub(crate) fn factors<F: Float>(beta: f64) -> [F; 2] {
    [beta, 1.0 - beta].map(F::of)
}

/// `x` rounded to `F`, at most its largest number: for products of constants, which multiply what
/// may be 0.
pub(crate) fn at_most_largest<F: Float>(x: f64) -> F {
    F::of(x).min(F::max_value())
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Factors, Roots, faded, quotient, root_of_squares, roots};
    use tensor_core::Float;

    /// Whatever stands beside an element, its root has the same bits.
    #[test]
    fn a_root_does_not_depend_on_its_neighbors() {
        fn check<F: Float>(exponents: std::ops::RangeInclusive<i32>) {
            let sizes: Vec<F> = exponents.map(|k| F::of(1.37 * 2.0_f64.powi(k))).collect();
            let factors = Factors::of([0.75, 0.5]);
            for (&x, &y) in sizes.iter().zip(sizes.iter().cycle().skip(1)) {
                let want = factors.root(x, y);
                for (beside, n) in [(F::one(), BLOCK), (F::max_value(), BLOCK), (F::one(), 3)] {
                    let (mut r, mut g) = (vec![beside; n], vec![beside; n]);
                    (r[2], g[2]) = (x, y);
                    let lazy = Roots::of(&r, &g, factors);
                    roots(&mut r, &g, factors);
                    assert_eq!(
                        [r[2], lazy.root(lazy.values[2])],
                        [want; 2],
                        "{x:e}, {y:e} beside {beside:e}"
                    );
                }
            }
        }
        check::<f32>(-149..=127);
        check::<f64>(-1022..=1023);
    }

    #[test]
    fn what_fades_becomes_zero_without_a_gradient_only() {
        fn check<F: Float>() {
            let smallest = F::min_positive_value();
            for x in [smallest, F::one(), F::infinity()] {
                assert_eq!((faded(x, F::zero()), faded(-x, F::zero())), (x, -x));
            }
            for x in [F::zero(), smallest * F::of(0.5), -smallest * F::of(0.5)] {
                assert_eq!(faded(x, F::zero()), F::zero());
                assert_eq!(faded(x, smallest), x);
            }
            assert!(faded(F::nan(), F::zero()).is_nan() && faded(F::zero(), F::nan()) == F::zero());
        }
        check::<f32>();
        check::<f64>();
    }

    #[test]
    fn a_quotient_by_zero_is_no_step_and_nan_stays() {
        assert_eq!([quotient(0.0, 0.0), quotient(3.0, 0.0), quotient(3.0, 2.0)], [0.0, 0.0, 1.5]);
        let nan = f64::NAN;
        assert!(
            [(nan, 1.0), (1.0, nan), (nan, 0.0)].into_iter().all(|(x, d)| quotient(x, d).is_nan())
        );
    }

    // (3, 4, 5) times every power of 2 that the type holds: √(9 + 16) = 5 exactly. Where 3·2ᵏ is
    // subnormal the root is exact as well.
    #[test]
    fn no_square_overflows_or_vanishes() {
        fn check<F: Float>(exponents: std::ops::RangeInclusive<i32>) {
            for k in exponents {
                let [x, y, root] = [3.0, 4.0, 5.0].map(|x| F::of(x * 2.0_f64.powi(k)));
                assert_eq!(root_of_squares(x, y), root, "2^{k}");
                assert_eq!(root_of_squares(-y, x), root, "2^{k}");
                assert_eq!(root_of_squares(F::zero(), y), y, "2^{k}");
            }
            assert_eq!(root_of_squares(F::zero(), F::zero()), F::zero());
            assert_eq!(root_of_squares(F::max_value(), F::one()), F::max_value());
            assert_eq!(root_of_squares(F::infinity(), F::one()), F::infinity());
            assert!(root_of_squares(F::nan(), F::one()).is_nan());
            assert!(root_of_squares(F::one(), F::nan()).is_nan());
        }
        check::<f32>(-149..=125);
        check::<f64>(-1022..=1021);
    }
}
