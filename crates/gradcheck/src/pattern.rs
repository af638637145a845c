//! Tests of how two arrays, the analytic and the numeric gradient, are related.

use ndarray::{ArrayD, Axis};

use crate::check::multi_index;
use crate::diagnosis::Mistake;
use crate::run::max_norm;

/// Looser than any verdict: a pattern is a hint.
const NEAR: f64 = 1e-6;

/// Equal values in other places: transposition, exchange, shift.
pub(crate) fn moved(
    a: &ArrayD<f64>,
    n: &ArrayD<f64>,
    fails: &[usize],
) -> Option<(Mistake, String)> {
    let size = max_norm(n);
    let a: Vec<f64> = a.iter().copied().collect();
    let (shape, n) = (n.shape(), n.iter().copied().collect::<Vec<f64>>());
    let equal = |x: f64, y: f64| (x - y).abs() <= NEAR * size;
    if let [.., rows, cols] = *shape {
        let transposed = |flat: usize| {
            let (base, inner) = (flat - flat % (rows * cols), flat % (rows * cols));
            base + inner % cols * rows + inner / cols
        };
        if rows > 1 && cols > 1 && (0..n.len()).all(|flat| equal(n[flat], a[transposed(flat)])) {
            return Some((Mistake::Transposed, format!("the last two axes, {rows} × {cols}")));
        }
    }
    if let [i, j] = *fails
        && equal(a[i], n[j])
        && equal(a[j], n[i])
    {
        let detail = format!("{:?} and {:?}", multi_index(i, shape), multi_index(j, shape));
        return Some((Mistake::Swapped, detail));
    }
    for shift in [1, n.len().wrapping_sub(1)] {
        let from = |flat: usize| (flat + shift) % n.len();
        if n.len() > 2 && (0..n.len()).all(|flat| equal(n[flat], a[from(flat)])) {
            return Some((Mistake::Rolled, "the flat array".to_string()));
        }
    }
    for (axis, &length) in shape.iter().enumerate() {
        let stride: usize = shape[axis + 1..].iter().product();
        for shift in [1, length.wrapping_sub(1)] {
            let from = |flat: usize| {
                let k = flat / stride % length;
                flat - k * stride + (k + shift) % length * stride
            };
            if length > 2 && (0..n.len()).all(|flat| equal(n[flat], a[from(flat)])) {
                return Some((Mistake::Rolled, format!("axis {axis}")));
            }
        }
    }
    None
}

/// The common ratio of pairs (a, n), if there is one other than 1.
pub(crate) fn constant_ratio(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let ratios: Vec<f64> = pairs.map(|(a, n)| a / n).collect();
    let first = *ratios.first()?;
    // As sharp as the deviation from 1 demands: scaling by 1 + 1e-6 is a constant ratio too.
    let slack = 1e-2 * (first - 1.0).abs();
    let same = ratios.iter().all(|r| (r - first).abs() <= slack.min(NEAR * first.abs().max(1.0)));
    let nice = [2.0, 0.5, -1.0].iter().any(|nice| (first - nice).abs() < NEAR);
    (same && (ratios.len() > 1 || nice)).then_some(first)
}

/// `0.250000 = 1/4, the length of axis 0`.
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
    let part = (2..=64).find(|n| near(1.0 / f64::from(*n)));
    match (whole, part) {
        (Some(n), _) => format!("a/n = {n}"),
        (_, Some(n)) => format!("a/n = {ratio:.6} = 1/{n}"),
        _ => format!("a/n = {ratio:.9}"),
    }
}

/// Whether all is right to single precision.
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

/// What `n − a` is a multiple of: a constant, x, x and a constant, or the output.
pub(crate) fn missing(
    a: &ArrayD<f64>,
    n: &ArrayD<f64>,
    x: &ArrayD<f64>,
    outputs: &[f64],
) -> Option<String> {
    let rest = n - a;
    let ones = x.mapv(|_| 1.0);
    let y = ArrayD::from_shape_vec(x.raw_dim(), outputs.to_vec()).ok();
    let mut candidates = vec![("a constant", vec![&ones]), ("x", vec![x])];
    if let Some(y) = &y {
        candidates.push(("the output", vec![y]));
    }
    candidates.push(("x and a constant", vec![x, &ones]));
    for (what, terms) in candidates {
        if explains(std::iter::once(rest.view()), &[terms.iter().map(|t| t.view()).collect()]) {
            return Some(format!("numeric − analytic is a multiple of {what}"));
        }
        for axis in (0..rest.ndim()).map(Axis) {
            let lanes: Vec<Vec<_>> = (0..rest.lanes(axis).into_iter().len())
                .map(|k| {
                    let lane = |t: &ArrayD<f64>| {
                        t.lanes(axis).into_iter().nth(k).map(|l| l.to_owned().into_dyn())
                    };
                    terms.iter().filter_map(|t| lane(t)).collect()
                })
                .collect();
            let views: Vec<Vec<_>> =
                lanes.iter().map(|terms| terms.iter().map(|t| t.view()).collect()).collect();
            let rests = rest.lanes(axis).into_iter().map(|lane| lane.into_dyn());
            if explains(rests, &views) {
                return Some(format!(
                    "along axis {}, numeric − analytic is a multiple of {what}",
                    axis.0
                ));
            }
        }
    }
    None
}

/// Whether every piece of the rest is a combination of its one or two terms, with numbers left
/// over to tell.
fn explains<'a>(
    rests: impl Iterator<Item = ndarray::ArrayViewD<'a, f64>>,
    terms: &[Vec<ndarray::ArrayViewD<'_, f64>>],
) -> bool {
    let pieces: Vec<Vec<f64>> = rests.map(|piece| piece.iter().copied().collect()).collect();
    let size = pieces.iter().flatten().fold(0.0_f64, |max, r| max.max(r.abs()));
    pieces.iter().zip(terms).all(|(piece, terms)| {
        let mut left = piece.clone();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for term in terms {
            let mut q: Vec<f64> = term.iter().copied().collect();
            basis.iter().for_each(|b| remove(&mut q, b));
            remove(&mut left, &q);
            basis.push(q);
        }
        piece.len() > terms.len() && left.iter().all(|r| r.abs() <= 1e-5 * size)
    })
}

/// `p −= q ⟨p, q⟩/⟨q, q⟩`
fn remove(p: &mut [f64], q: &[f64]) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norm = dot(q, q);
    if norm > 0.0 {
        let c = dot(p, q) / norm;
        p.iter_mut().zip(q).for_each(|(p, q)| *p -= c * q);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use ndarray::Array;

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
    fn a_missing_mean_and_a_missing_coupling_are_seen() {
        let mut rng = Rng::new(2);
        let (n, x) = (rng.normal_array(&[3, 5], 1.0), rng.normal_array(&[3, 5], 1.0));
        let row = Array::from_iter([0.3, -0.2, 0.9]).into_shape_with_order((3, 1)).unwrap();
        assert!(missing(&(&n + &row), &n, &x, &[]).unwrap().contains("axis 1"));
        let decay = missing(&(&n + &(&x * 0.01)), &n, &x, &[]).unwrap();
        assert!(decay.ends_with("multiple of x"), "{decay}");
        assert_eq!(missing(&(&n * &x), &n, &x, &[]), None);
    }

    #[test]
    fn places_are_named() {
        assert!(place(&[3, 7], &[2, 4]).unwrap().contains("3, the last on axis 1"));
        assert!(place(&[1, 3, 6], &[7]).is_none());
        assert!(place(&[1, 3, 5], &[7]).unwrap().contains("odd"));
    }
}
