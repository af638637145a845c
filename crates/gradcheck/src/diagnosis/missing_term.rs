//! Whether a sum lacks a term.

use ndarray::{ArrayD, ArrayViewD, Axis};

/// What `n − a` is a multiple of, as a whole or along an axis: a constant, the tensor `x`, the
/// output, or `x` and a constant. `a` is the analytic gradient, `n` the numeric one.
pub(crate) fn missing(
    a: &ArrayD<f64>,
    n: &ArrayD<f64>,
    x: &ArrayD<f64>,
    outputs: &[f64],
) -> Option<String> {
    let difference = n - a;
    let ones = x.mapv(|_| 1.0);
    let y = ArrayD::from_shape_vec(x.raw_dim(), outputs.to_vec()).ok();
    let mut candidates = vec![("a constant", vec![&ones]), ("x", vec![x])];
    if let Some(y) = &y {
        candidates.push(("the output", vec![y]));
    }
    candidates.push(("x and a constant", vec![x, &ones]));
    candidates.iter().find_map(|(what, terms)| {
        let whole = [terms.iter().map(|t| t.view()).collect()];
        if explains(std::iter::once(difference.view()), &whole) {
            return Some(format!("numeric − analytic is a multiple of {what}"));
        }
        let axis = (0..difference.ndim()).find(|axis| explains_lanes(&difference, terms, *axis))?;
        Some(format!("along axis {axis}, numeric − analytic is a multiple of {what}"))
    })
}

/// Whether every lane along the axis is a combination of the lanes of the terms.
fn explains_lanes(difference: &ArrayD<f64>, terms: &[&ArrayD<f64>], axis: usize) -> bool {
    let axis = Axis(axis);
    let n_lanes = difference.lanes(axis).into_iter().len();
    let mut of_lane: Vec<Vec<ArrayViewD<'_, f64>>> = vec![Vec::new(); n_lanes];
    for term in terms {
        let lanes = term.lanes(axis).into_iter();
        of_lane.iter_mut().zip(lanes).for_each(|(terms, lane)| terms.push(lane.into_dyn()));
    }
    explains(difference.lanes(axis).into_iter().map(|lane| lane.into_dyn()), &of_lane)
}

/// Whether every piece of the difference is a combination of its one or two terms. A piece needs
/// more numbers than terms, or any would be.
fn explains<'a>(
    pieces: impl Iterator<Item = ArrayViewD<'a, f64>>,
    terms: &[Vec<ArrayViewD<'_, f64>>],
) -> bool {
    let pieces: Vec<Vec<f64>> = pieces.map(|piece| piece.iter().copied().collect()).collect();
    let size = pieces.iter().flatten().fold(0.0_f64, |max, r| max.max(r.abs()));
    pieces.iter().zip(terms).all(|(piece, terms)| {
        // Gram–Schmidt: what is left of the piece is orthogonal to all terms.
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

/// `p_i −= c q_i` with `c = Σ_i p_i q_i / Σ_i q_i²`: afterwards `Σ_i p_i q_i = 0`.
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
    use crate::random::rng::Rng;
    use ndarray::Array;

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
}
