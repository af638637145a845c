//! An `f32` backward pass against the `f64` one: no differences, a bound from the conditioning of
//! the gradient itself.
//!
//! The best that arithmetic with unit roundoff `u` can be asked for is the exact gradient of
//! slightly different input: each input, parameter and cotangent moved by a few roundings. How far
//! that moves an element `g_i` is measured in `f64`: `S_i = max_k |g_i(x(1 ± u)) − g_i(x)|/u` over
//! random signs. With `B_i = |g_i| + S_i` and the longest chain of additions `L`, the two passes
//! may differ by `4·√L·u·B_i` (gradcheck, "single"). Where terms cancel, as in the gradient of a
//! saturated softmax, `S_i` is large and the bound says so; where nothing cancels, it is a few
//! roundings of `g_i` itself.
//!
//! An intermediate value that underflows loses up to 2⁻¹⁵⁰ whatever its size, and later factors
//! multiply that. They are polynomials of the input, of degree two in the worst of ours (the slope
//! of GELU's tanh form), so the floor of `B_i` is the smallest normal number times the largest
//! square of a value.

use gradcheck::{Bound, Checkable, Report, Rng, check_single};
use ndarray::ArrayD;

use crate::item::Terms;

/// Signs that are tried: the chance that an element looks insensitive to all of them is 2⁻⁸ for two
/// terms, and falls fast.
const N_MOVES: u64 = 8;

/// Unit roundoff of `f32`.
const U32: f64 = 1.0 / 16_777_216.0;

/// Runs both passes at the tensors of `double`, which hold numbers that `f32` can represent, and
/// compares every gradient.
pub(crate) fn compare_single(
    name: &str,
    single: &mut dyn Checkable,
    double: &mut dyn Checkable,
    terms: Terms,
    seed: u64,
) -> Vec<Report> {
    let base: Vec<ArrayD<f64>> =
        (0..double.tensors().len()).map(|i| double.tensor(i).to_owned()).collect();
    let mut rng = Rng::new(seed);
    let cotangents: Vec<_> =
        double.forward().iter().map(|y| rng.cotangent_array(y.shape())).collect();

    let exact = gradients(double, &base, &cotangents);
    let narrow = gradients(single, &base, &cotangents);
    let sensitivity = sensitivity(double, &base, &cotangents, &exact, &mut rng);
    let longest = base.iter().flat_map(|a| a.shape()).copied().max().unwrap_or(1);
    let n_chains = if terms == Terms::Chain { base.len() } else { 1 };
    let largest = base.iter().flatten().fold(1.0_f64, |max, v| max.max(v.abs()));
    let floor = f64::from(f32::MIN_POSITIVE) * largest * largest;
    let names = double.tensors();
    let compare = |i: usize| {
        let g_max = exact[i].iter().fold(0.0_f64, |max, g| max.max(g.abs()));
        let unmoved = if terms == Terms::Sensitivity { 0.0 } else { g_max };
        let magnitude = exact[i].mapv(f64::abs) + &sensitivity[i] + unmoved + floor;
        let bound = Bound {
            magnitude: Some(&magnitude),
            chain: n_chains * (longest + 8),
            ..Bound::default()
        };
        check_single(name, &names[i].0, &narrow[i].mapv(|g| g as f32), &exact[i], &bound)
    };
    (0..exact.len()).map(compare).collect()
}

/// `S`: how far rounded inputs, parameters and cotangents move each element, in units of the
/// roundoff.
fn sensitivity(
    double: &mut dyn Checkable,
    base: &[ArrayD<f64>],
    cotangents: &[ArrayD<f64>],
    exact: &[ArrayD<f64>],
    rng: &mut Rng,
) -> Vec<ArrayD<f64>> {
    let mut sensitivity: Vec<_> = exact.iter().map(|g| g.mapv(|_| 0.0_f64)).collect();
    for _ in 0..N_MOVES {
        let mut moved =
            |a: &ArrayD<f64>| a.mapv(|v| v * (1.0 + if rng.below(2) == 0 { U32 } else { -U32 }));
        let tensors: Vec<_> = base.iter().map(&mut moved).collect();
        let cotangents: Vec<_> = cotangents.iter().map(&mut moved).collect();
        let gradients = gradients(double, &tensors, &cotangents);
        for ((s, g), exact) in sensitivity.iter_mut().zip(gradients).zip(exact) {
            ndarray::Zip::from(s)
                .and(&g)
                .and(exact)
                .for_each(|s, g, exact| *s = s.max((g - exact).abs() / U32));
        }
    }
    sensitivity
}

fn gradients(
    subject: &mut dyn Checkable,
    tensors: &[ArrayD<f64>],
    cotangents: &[ArrayD<f64>],
) -> Vec<ArrayD<f64>> {
    for (i, value) in tensors.iter().enumerate() {
        subject.tensor_mut(i).assign(value);
    }
    subject.forward();
    subject.backward(cotangents)
}
