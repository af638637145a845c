//! Both modes by hand: the worked example of the course notes, and what their evaluation mode gets
//! wrong (see the page `course` of the crate `models`).

use ndarray::{Array2, ArrayRef2, array};

use tensor_core::Path;

use super::{BatchNorm1d, BatchNorm1dCache, BatchNorm1dConfig};
use crate::{Affine, Layer, Mode, Saved, Tensors};

/// A forward and a backward pass: output, cache, `dx`, `dLdγ` and `dLdβ` of feature 0.
fn step(
    norm: &BatchNorm1d<f64>,
    x: &ArrayRef2<f64>,
    dy: &ArrayRef2<f64>,
    mode: Mode,
) -> (Array2<f64>, BatchNorm1dCache<f64>, Array2<f64>, [f64; 2]) {
    let mut cache = norm.cache(x.nrows(), x.ncols()).unwrap();
    let nan = Array2::from_elem(x.dim(), f64::NAN);
    let (mut y, mut dx, mut grads) = (nan.clone(), nan, norm.gradient());
    norm.forward(x, &mut y, &mut cache, mode).unwrap();
    norm.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads).unwrap();
    (y, cache, dx, [grads.affine.weight().unwrap()[0], grads.affine.bias().unwrap()[0]])
}

fn assert_close(found: &ArrayRef2<f64>, expected: &[f64; 3], bound: f64) {
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= bound, "{found:e}, expected {expected:e} ± {bound:e}");
    }
}

/// γ = 2, β = 1 and the smallest ε there is.
fn of_the_notes() -> BatchNorm1d<f64> {
    let config = BatchNorm1dConfig { eps: f64::MIN_POSITIVE, ..Default::default() };
    let affine = Affine::from_parts(array![2.0], Some(array![1.0])).unwrap();
    BatchNorm1d::with_config(1, config).unwrap().with_affine(affine).unwrap()
}

// Z = [1, 2, 3], γ = 2, β = 1, dLdBZ = [0.1, 0.2, 0.3], ε → 0:
//   μ = 2, σ² = 2/3, 1/σ = √(3/2), NZ = [−√(3/2), 0, √(3/2)], BZ = 2 NZ + 1
//   dLdβ = 0.6
//   dLdγ = −0.1·√(3/2) + 0.3·√(3/2) = 0.2·√(3/2) = 0.2449490 (the notes print half of it)
//   dLdZ = 2√(3/2) (dLdBZ − 0.2 − NZ·0.2√(3/2)/3) = 2√(3/2) ([−0.1, 0, 0.1] − [−0.1, 0, 0.1])
//        = 0 (the notes leave it open)
#[test]
fn fault_9_the_worked_example() {
    let root = 1.5_f64.sqrt();
    let (x, dy) = (array![[1.0], [2.0], [3.0]], array![[0.1], [0.2], [0.3]]);
    let (bz, cache, dz, [d_gamma, d_beta]) = step(&of_the_notes(), &x, &dy, Mode::Train);
    assert_eq!((cache.mean(0), cache.variance(0)), (2.0, 2.0 / 3.0));
    // A few roundings of numbers of size 1.
    let bound = 4.0 * f64::EPSILON;
    assert_close(&bz, &[1.0 - 2.0 * root, 1.0, 1.0 + 2.0 * root], bound);
    assert!((d_beta - 0.6).abs() <= bound, "{d_beta}");
    assert!((d_gamma - 0.2 * root).abs() <= bound, "{d_gamma}");
    assert!((d_gamma - 0.244_949_0).abs() <= 5e-8, "{d_gamma}");
    assert_close(&dz, &[0.0; 3], bound);
}

// After evaluation the statistics are the running ones, here mean 1 and variance 4 (1/σ = ½),
// and constants:
//   NZ = [0, ½, 1], BZ = 2 NZ + 1 = [1, 2, 3], dLdγ = 0.2·½ + 0.3·1 = 0.4, dLdZ = 2·½·dLdBZ
#[test]
fn fault_6_backward_after_evaluation_uses_the_running_statistics() {
    let mut norm = of_the_notes();
    norm.each_tensor_mut(Path::root(), &mut |path, mut t| match path.leaf() {
        "running_mean" => t.value.fill(1.0),
        "running_var" => t.value.fill(4.0),
        _ => {}
    });
    let (x, dy) = (array![[1.0], [2.0], [3.0]], array![[0.1], [0.2], [0.3]]);
    let (bz, cache, dz, [d_gamma, d_beta]) = step(&norm, &x, &dy, Mode::Eval);
    assert_eq!(bz, array![[1.0], [2.0], [3.0]]);
    assert_eq!((cache.mean(0), cache.variance(0)), (1.0, 4.0));
    assert_close(&dz, &[0.1, 0.2, 0.3], 0.0);
    assert!((d_gamma - 0.4).abs() <= f64::EPSILON && (d_beta - 0.6).abs() <= f64::EPSILON);
}
