//! Constants and steps from the whole range, with the corners often.

use tensor_core::Rng;

fn one_of<T: Copy>(rng: &mut Rng, corners: &[T]) -> T {
    corners[rng.below(corners.len())]
}

fn wide(rng: &mut Rng) -> f64 {
    10.0_f64.powf(600.0 * rng.uniform() - 300.0)
}

/// A learning rate, now and then one that is refused.
pub(crate) fn rate(rng: &mut Rng) -> f64 {
    let corners = [0.0, 5e-324, 1e-310, 1e-300, 1e300, f64::MAX, f64::NAN, -0.1, f64::INFINITY];
    match rng.below(5) {
        0 => one_of(rng, &corners),
        1 => wide(rng),
        _ => 10.0_f64.powf(-6.0 * rng.uniform()),
    }
}

/// What rates are multiplied or divided by.
pub(crate) fn factor(rng: &mut Rng) -> f64 {
    let near = [1.0, f64::EPSILON.mul_add(-0.5, 1.0), 1.0 + f64::EPSILON, 1.0 - 1e-13, 1.0 + 1e-9];
    let corners = [0.0, 5e-324, 1e-310, 1e308, f64::MAX, -0.5, f64::NAN, f64::INFINITY];
    match rng.below(6) {
        0 => one_of(rng, &near),
        1 => one_of(rng, &corners),
        2 => wide(rng),
        _ => 2.0 * rng.uniform(),
    }
}

/// A fraction from 0 to 1, both included.
pub(crate) fn share(rng: &mut Rng) -> f64 {
    match rng.below(6) {
        0 => 0.0,
        1 => 1.0,
        2 => 5e-324,
        _ => rng.uniform(),
    }
}

/// A number of steps, most often one that the steps of [`step`] come near.
pub(crate) fn count(rng: &mut Rng) -> u64 {
    match rng.below(6) {
        0 => one_of(rng, &[0, 1, 2, 3, (1 << 53) + 1, 1 << 63, u64::MAX - 1, u64::MAX]),
        1 => rng.next_u64() >> rng.below(64),
        _ => rng.below(60) as u64,
    }
}

/// A step, from 0 to `u64::MAX`.
pub(crate) fn step(rng: &mut Rng) -> u64 {
    match rng.below(6) {
        0 => one_of(rng, &[0, 1, 2, 1 << 53, (1 << 53) + 1, 1 << 63, u64::MAX - 1, u64::MAX]),
        1 => rng.next_u64() >> rng.below(64),
        _ => rng.below(60) as u64,
    }
}

/// Milestones in any order, some of them twice.
pub(crate) fn milestones(rng: &mut Rng) -> Vec<u64> {
    let mut milestones: Vec<u64> = (0..rng.below(40)).map(|_| count(rng)).collect();
    milestones.extend_from_within(..milestones.len() / 3);
    milestones
}
