//! How two arrays, the analytic and the numeric gradient, are related.

use ndarray::ArrayD;

use crate::arrays::{max_norm, multi_index};
use crate::outcome::hint::Mistake;

/// Relative tolerance of a pattern. Looser than that of a verdict, because a pattern is a hint.
const NEAR: f64 = 1e-6;

/// Equal values in other places: transposed, swapped or rolled.
pub(crate) fn moved(
    a: &ArrayD<f64>,
    n: &ArrayD<f64>,
    fails: &[usize],
) -> Option<(Mistake, String)> {
    let moved = Moved {
        shape: n.shape(),
        a: a.iter().copied().collect(),
        n: n.iter().copied().collect(),
        tolerance: NEAR * max_norm(n),
    };
    let transposed = moved.transposed().map(|detail| (Mistake::Transposed, detail));
    transposed
        .or_else(|| moved.swapped(fails).map(|detail| (Mistake::Swapped, detail)))
        .or_else(|| moved.rolled().map(|detail| (Mistake::Rolled, detail)))
}

/// The analytic and the numeric values in row-major order, and when two of them are equal.
struct Moved<'a> {
    shape: &'a [usize],
    a: Vec<f64>,
    n: Vec<f64>,
    tolerance: f64,
}

impl Moved<'_> {
    fn equal(&self, x: f64, y: f64) -> bool {
        (x - y).abs() <= self.tolerance
    }

    /// Whether `n[flat] = a[from(flat)]` everywhere.
    fn is_from(&self, from: impl Fn(usize) -> usize) -> bool {
        (0..self.n.len()).all(|flat| self.equal(self.n[flat], self.a[from(flat)]))
    }

    /// Whether the last two axes are exchanged.
    fn transposed(&self) -> Option<String> {
        let [.., rows, cols] = *self.shape else { return None };
        let from = |flat: usize| {
            let (base, inner) = (flat - flat % (rows * cols), flat % (rows * cols));
            base + inner % cols * rows + inner / cols
        };
        let is_transposed = rows > 1 && cols > 1 && self.is_from(from);
        is_transposed.then(|| format!("the last two axes, {rows} × {cols}"))
    }

    /// Whether the two elements that fail have each other's value.
    fn swapped(&self, fails: &[usize]) -> Option<String> {
        let [i, j] = *fails else { return None };
        let is_swapped = self.equal(self.a[i], self.n[j]) && self.equal(self.a[j], self.n[i]);
        let index = |flat| multi_index(flat, self.shape);
        is_swapped.then(|| format!("{:?} and {:?}", index(i), index(j)))
    }

    /// Whether everything is shifted by one place, in memory order or along an axis.
    fn rolled(&self) -> Option<String> {
        let len = self.n.len();
        let is_rolled = |shift: usize| self.is_from(|flat| (flat + shift) % len);
        if len > 2 && (is_rolled(1) || is_rolled(len - 1)) {
            return Some("the flat array".to_string());
        }
        for (axis, &length) in self.shape.iter().enumerate().filter(|(_, length)| **length > 2) {
            let stride: usize = self.shape[axis + 1..].iter().product();
            let is_rolled = |shift: usize| {
                self.is_from(|flat| {
                    let k = flat / stride % length;
                    flat - k * stride + (k + shift) % length * stride
                })
            };
            if is_rolled(1) || is_rolled(length - 1) {
                return Some(format!("axis {axis}"));
            }
        }
        None
    }
}

/// The common ratio of pairs (a, n), if there is one other than 1.
pub(crate) fn constant_ratio(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let ratios: Vec<f64> = pairs.map(|(a, n)| a / n).collect();
    let first = *ratios.first()?;
    // A ratio of 1 + 1e-6 has to be constant to 1e-8, or anything near 1 would be a constant.
    let slack = 1e-2 * (first - 1.0).abs();
    let same = ratios.iter().all(|r| (r - first).abs() <= slack.min(NEAR * first.abs().max(1.0)));
    let round = [2.0, 0.5, -1.0].iter().any(|round| (first - round).abs() < NEAR);
    (same && (ratios.len() > 1 || round)).then_some(first)
}

/// The ratio in words: `a/n = 0.250000 = 1/4, the length of axis 0`.
pub(crate) fn name_ratio(ratio: f64, shape: &[usize]) -> String {
    let near = |value: f64| (ratio / value - 1.0).abs() < NEAR;
    let size: usize = shape.iter().product();
    let axes = shape.iter().enumerate().map(|(axis, n)| (*n, format!("length of axis {axis}")));
    let lengths = axes.chain([(size, "number of elements".to_string())]);
    for (n, what) in lengths.filter(|(n, _)| *n > 2) {
        if near(n as f64) {
            return format!("a/n = {ratio:.6} = {n}, the {what}");
        }
        if near(1.0 / n as f64) {
            return format!("a/n = {ratio:.6} = 1/{n}, the {what}");
        }
    }
    let whole = (2..=64).find(|n| near(f64::from(*n)));
    let fraction = (2..=64).find(|n| near(1.0 / f64::from(*n)));
    match (whole, fraction) {
        (Some(n), _) => format!("a/n = {n}"),
        (_, Some(n)) => format!("a/n = {ratio:.6} = 1/{n}"),
        _ => format!("a/n = {ratio:.9}"),
    }
}

/// Whether all is right to single precision, and most values of `a` are `f32` numbers.
pub(crate) fn is_single(a: &ArrayD<f64>, n: &ArrayD<f64>) -> bool {
    max_norm(&(a - n)) <= 1e-6 * max_norm(n)
        && a.iter().filter(|a| **a == f64::from(**a as f32)).count() * 2 > a.len()
}

/// A slice, or every other index of an axis, that holds all failures.
pub(crate) fn place(fails: &[usize], shape: &[usize]) -> Option<String> {
    let indices: Vec<_> = fails.iter().map(|flat| multi_index(*flat, shape)).collect();
    let first = indices.first()?;
    for (axis, &length) in shape.iter().enumerate().filter(|(_, length)| **length > 1) {
        let k = first[axis];
        if indices.iter().all(|index| index[axis] == k) {
            let what = if k + 1 == length { ", the last" } else { "" };
            return Some(format!("all failures have index {k}{what} on axis {axis}"));
        }
        if length > 2 && indices.iter().all(|index| index[axis] % 2 == k % 2) {
            let parity = ["even", "odd"][k % 2];
            return Some(format!("all failures have {parity} indices on axis {axis}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::rng::Rng;

    #[test]
    fn moves_are_named() {
        let n = Rng::new(1).normal_array(&[3, 4], 1.0);
        let flat = n.t().iter().copied().collect();
        let a = ArrayD::from_shape_vec(n.raw_dim(), flat).unwrap();
        let all: Vec<usize> = (0..12).collect();
        assert_eq!(moved(&a, &n, &all).unwrap().0, Mistake::Transposed);
        let mut rolled: Vec<f64> = n.iter().copied().collect();
        rolled.rotate_right(1);
        let a = ArrayD::from_shape_vec(n.raw_dim(), rolled).unwrap();
        assert_eq!(moved(&a, &n, &all).unwrap().0, Mistake::Rolled);
        let mut a = n.clone();
        (a[[0, 1]], a[[2, 2]]) = (n[[2, 2]], n[[0, 1]]);
        assert_eq!(moved(&a, &n, &[1, 10]).unwrap().0, Mistake::Swapped);
        assert_eq!(moved(&n.mapv(|n| n * 1.1), &n, &all), None);
    }

    #[test]
    fn ratios_are_named() {
        let ratio = constant_ratio([(0.25, 1.0), (-0.5, -2.0)].into_iter()).unwrap();
        assert_eq!(name_ratio(ratio, &[4, 3]), "a/n = 0.250000 = 1/4, the length of axis 0");
        assert_eq!(constant_ratio([(0.25, 1.0), (0.5, 1.0)].into_iter()), None);
        assert!(constant_ratio([(1.0 + 1e-6, 1.0), (2.0 + 2e-6, 2.0)].into_iter()).is_some());
    }

    #[test]
    fn places_are_named() {
        assert!(place(&[3, 7], &[2, 4]).unwrap().contains("3, the last on axis 1"));
        assert!(place(&[1, 3, 6], &[7]).is_none());
        assert!(place(&[1, 3, 5], &[7]).unwrap().contains("odd"));
    }
}
