//! The mistakes that people make, each with the hint it should get.

use ndarray::{ArrayD, Axis};

use crate::arrays::max_norm;
use crate::outcome::hint::Mistake;

type Arrays<'a> = &'a [ArrayD<f64>];
/// The right function and the right backward pass.
pub(crate) type Right<'a> = (
    &'a dyn Fn(Arrays<'_>) -> Vec<ArrayD<f64>>,
    &'a dyn Fn(Arrays<'_>, Arrays<'_>) -> Vec<ArrayD<f64>>,
);

/// What a corrupted backward pass keeps from call to call.
#[derive(Debug, Default)]
pub(crate) struct State {
    index: Option<usize>,
    size: Option<f64>,
    inputs: Option<Vec<ArrayD<f64>>>,
    total: Option<ArrayD<f64>>,
}

/// One way to get a gradient wrong.
pub(crate) struct Corruption {
    pub(crate) name: &'static str,
    pub(crate) expected: Mistake,
    /// From which tensor, inputs, cotangents, and the tensor's right gradient, to its wrong one;
    /// `None` where it does not apply.
    pub(crate) apply: Apply,
}

type Apply =
    fn(usize, Arrays<'_>, Arrays<'_>, &ArrayD<f64>, &mut State, &Right<'_>) -> Option<ArrayD<f64>>;

const fn entry(name: &'static str, expected: Mistake, apply: Apply) -> Corruption {
    Corruption { name, expected, apply }
}

/// Every corruption of the self-test.
pub(crate) const CATALOG: [Corruption; 29] = [
    entry("scaled by 1 + 1e-6", Mistake::Scaled, |_, _, _, g, _, _| several(g * 1.000001)),
    entry("doubled", Mistake::Scaled, |_, _, _, g, _, _| several(g * 2.0)),
    entry("halved", Mistake::Scaled, |_, _, _, g, _, _| several(g * 0.5)),
    entry("times N", Mistake::Scaled, |_, _, _, g, _, _| several(g * n(g)?)),
    entry("divided by N", Mistake::Scaled, |_, _, _, g, _, _| several(g / n(g)?)),
    entry("negated", Mistake::Sign, |_, _, _, g, _, _| several(-g)),
    entry("all zero", Mistake::Zero, |_, _, _, g, _, _| Some(g * 0.0)),
    entry("one element zero", Mistake::Zero, |_, _, _, g, state, _| {
        let mut g = g.clone();
        *largest(&mut g, state)? = 0.0;
        Some(g)
    }),
    entry("first row zero", Mistake::Zero, |_, _, _, g, _, _| edit(g, 0, |k, _| k == 0, 0.0)),
    entry("last channel zero", Mistake::Zero, |_, _, _, g, _, _| {
        edit(g, g.ndim().checked_sub(1)?, |k, n| k + 1 == n, 0.0)
    }),
    entry("1e-6 more in one element", Mistake::Element, |_, _, v, g, state, _| {
        let mut g = g.clone();
        let first = v.first()?.first()?;
        let size = *state.size.get_or_insert(max_norm(&g) / first);
        *g.iter_mut().last()? += 1e-6 * size * first;
        several(g)
    }),
    entry("one element too large", Mistake::Element, |_, _, _, g, state, _| {
        let mut g = g.clone();
        *largest(&mut g, state)? *= 1.3;
        several(g)
    }),
    entry("two elements swapped", Mistake::Swapped, |_, _, _, g, _, _| {
        let mut flat: Vec<f64> = g.iter().copied().collect();
        let (i, j) = (flat.len().checked_sub(3)?, flat.len() - 1);
        distinct(flat[i], flat[j]).then(|| flat.swap(i, j))?;
        rebuilt(g, flat)
    }),
    entry("transposed", Mistake::Transposed, |_, _, _, g, _, _| {
        let axes = g.ndim();
        if axes < 2 || g.shape()[axes - 1] < 2 || g.shape()[axes - 2] < 2 {
            return None;
        }
        let mut t = g.view();
        t.swap_axes(axes - 1, axes - 2);
        rebuilt(g, t.iter().copied().collect())
    }),
    entry("rolled by one", Mistake::Rolled, |_, _, _, g, _, _| {
        let mut flat: Vec<f64> = g.iter().copied().collect();
        (flat.len() > 2).then(|| flat.rotate_right(1))?;
        rebuilt(g, flat)
    }),
    entry("without its mean term", Mistake::MissingTerm, |_, _, _, g, _, _| {
        (g.shape().last().is_some_and(|n| *n > 2)).then(|| {
            let axis = Axis(g.ndim() - 1);
            let mean = g.sum_axis(axis) / g.len_of(axis) as f64;
            g + &mean.insert_axis(axis)
        })
    }),
    entry("without weight decay", Mistake::MissingTerm, |t, x, v, g, _, _| {
        let v = v.first()?.first()?;
        (g.len() > 2).then(|| g - &(&x[t] * (0.1 * v)))
    }),
    entry("without its coupling term", Mistake::MissingTerm, |t, x, _, g, _, right| {
        let y = (right.0)(x);
        let same = y.first().filter(|y| y.shape() == x[t].shape() && y.len() > 2)?;
        Some(g + &(same * (0.2 * g.sum())))
    }),
    entry("cotangent ignored", Mistake::IgnoresCotangent, |t, x, v, _, _, right| {
        let ones: Vec<_> = v.iter().map(|v| v.mapv(|_| 1.0)).collect();
        Some((right.1)(x, &ones).swap_remove(t))
    }),
    entry("divided by the cotangent", Mistake::NotLinear, |t, x, v, _, _, right| {
        let inverse: Vec<_> = v.iter().map(|v| v.mapv(|v| 1.0 / v)).collect();
        Some((right.1)(x, &inverse).swap_remove(t))
    }),
    entry("output for input", Mistake::LocalDerivative, |t, x, v, g, _, right| {
        let y = (right.0)(x);
        let same = y.first().filter(|y| y.shape() == x[t].shape() && g.len() > 2)?;
        let mut x = x.to_vec();
        x[t] = same.clone();
        Some((right.1)(&x, v).swap_remove(t))
    }),
    entry("stale", Mistake::Stale, |t, x, v, _, state, right| {
        let last = state.inputs.replace(x.to_vec()).unwrap_or_else(|| x.to_vec());
        Some((right.1)(&last, v).swap_remove(t))
    }),
    entry("accumulated", Mistake::Accumulates, |_, _, _, g, state, _| {
        let total = state.total.as_ref().map_or_else(|| g.clone(), |total| total + g);
        state.total = Some(total.clone());
        Some(total)
    }),
    entry("first sample only", Mistake::PartOfBatch, |t, x, v, _, _, right| {
        let rows = *v.first()?.shape().first().filter(|rows| **rows > 1)?;
        let per_sample = x[t].shape().first() == Some(&rows);
        let mut v = v.to_vec();
        // An output without samples, such as a penalty on the weights, keeps its cotangent.
        for v in v.iter_mut().filter(|v| v.shape().first() == Some(&rows)) {
            (1..rows).for_each(|k| v.index_axis_mut(Axis(0), k).fill(0.0));
        }
        (!per_sample && x[t].len() > 1).then(|| (right.1)(x, &v).swap_remove(t))
    }),
    entry("not a number", Mistake::NotFinite, |_, _, _, g, _, _| {
        let mut g = g.clone();
        *g.iter_mut().last()? = f64::NAN;
        Some(g)
    }),
    entry("last row counted twice", Mistake::Place, |_, _, _, g, _, _| {
        (g.len() > g.shape().first().copied()?)
            .then(|| edit(g, 0, |k, n| k + 1 == n, 2.0))
            .flatten()
    }),
    entry("wrong at odd indices", Mistake::Place, |_, _, _, g, _, _| {
        let axis = g.ndim().checked_sub(1)?;
        (g.shape()[axis] > 3).then(|| edit(g, axis, |k, _| k % 2 == 1, 1.7)).flatten()
    }),
    entry("squared local derivative", Mistake::LocalDerivative, |_, x, _, g, _, _| {
        let t = x.iter().position(|x| x.shape() == g.shape())?;
        (g.len() > 2).then(|| g * &x[t].mapv(|x| 1.0 + x.cos() * 0.3))
    }),
    entry("rounded to f32", Mistake::SinglePrecision, |_, _, _, g, _, _| {
        (g.len() > 3).then(|| g.mapv(|g| f64::from(g as f32)))
    }),
];

/// The gradient, if it has more than one element that is not 0: fewer show no pattern.
fn several(g: ArrayD<f64>) -> Option<ArrayD<f64>> {
    (g.iter().filter(|g| **g != 0.0).count() > 1).then_some(g)
}

/// `N`, the length of the first axis, if that is more than 1.
fn n(g: &ArrayD<f64>) -> Option<f64> {
    g.shape().first().filter(|n| **n > 1).map(|n| *n as f64)
}

/// The element that was the largest in the first call.
fn largest<'a>(g: &'a mut ArrayD<f64>, state: &mut State) -> Option<&'a mut f64> {
    let magnitudes = g.iter().map(|g| g.abs()).enumerate();
    let first = magnitudes.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(flat, _)| flat)?;
    g.iter_mut().nth(*state.index.get_or_insert(first))
}

fn distinct(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-3 * a.abs().max(b.abs())
}

fn rebuilt(g: &ArrayD<f64>, flat: Vec<f64>) -> Option<ArrayD<f64>> {
    ArrayD::from_shape_vec(g.raw_dim(), flat).ok()
}

/// Multiplies the slices of one axis that `pick` chooses by index and length; `None` where the axis
/// has a single slice.
fn edit(
    g: &ArrayD<f64>,
    axis: usize,
    pick: fn(usize, usize) -> bool,
    factor: f64,
) -> Option<ArrayD<f64>> {
    let length = g.shape().get(axis).copied().filter(|length| *length > 1)?;
    let mut g = g.clone();
    for k in (0..length).filter(|k| pick(*k, length)) {
        g.index_axis_mut(Axis(axis), k).mapv_inplace(|g| g * factor);
    }
    Some(g)
}
