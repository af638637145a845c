//! BatchNorm1d: its gradient against the chain of the course notes, its statistics, extreme inputs,
//! configurations.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{
    Affine, BatchNorm1d, BatchNorm1dCache, BatchNorm1dConfig, Layer, Mode, Saved, Tensors,
};
use ndarray::{Array1, Array2, ArrayRef2, Axis, array};
use tensor_core::{Float, Kind, Path, Rng};

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<BatchNorm1d<f32>>();
const _: () = assert_send_sync::<BatchNorm1dCache<f32>>();

/// `BZ`, `dLdZ`, `dLdγ`, `dLdβ`.
type Pass<F> = (Array2<F>, Array2<F>, Array1<F>, Array1<F>);

/// A forward and a backward pass into buffers full of NaN: what a pass leaves out is seen.
fn pass<F: Float>(
    norm: &BatchNorm1d<F>,
    x: &ArrayRef2<F>,
    dy: &ArrayRef2<F>,
    mode: Mode,
) -> Pass<F> {
    let mut cache = norm.cache(x.nrows(), x.ncols()).unwrap();
    let nan = Array2::from_elem(x.dim(), F::nan());
    let (mut y, mut dx, mut grads) = (nan.clone(), nan, norm.gradient());
    norm.forward(x, &mut y, &mut cache, mode).unwrap();
    norm.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads).unwrap();
    let [weight, bias] = gradients(&grads);
    (y, dx, weight, bias)
}

/// `dLdγ` and `dLdβ`; empty where there is no parameter.
fn gradients<F: Float>(grads: &BatchNorm1d<F>) -> [Array1<F>; 2] {
    let affine = grads.affine();
    [affine.weight(), affine.bias()].map(|g| g.cloned().unwrap_or_default())
}

/// The chain of the course notes (see the page `course` of the crate `models`) over `dLdσ²` and
/// `dLdμ`, term by term, in training.
fn long_form(x: &Array2<f64>, gamma: &Array1<f64>, eps: f64, dy: &Array2<f64>) -> Pass<f64> {
    let n = x.nrows() as f64;
    let mean = x.sum_axis(Axis(0)) / n;
    let centered = x - &mean;
    let std = (centered.mapv(|v| v * v).sum_axis(Axis(0)) / n + eps).mapv(f64::sqrt);
    let nz = &centered / &std;
    let d_nz = dy * gamma;
    let d_var = (&d_nz * &centered).sum_axis(Axis(0)) * -0.5 / std.mapv(|s| s.powi(3));
    let d_mean =
        -(&d_nz / &std).sum_axis(Axis(0)) + &d_var * (&centered * -2.0).sum_axis(Axis(0)) / n;
    let dz = &d_nz / &std + d_var * 2.0 * &centered / n + d_mean / n;
    (&nz * gamma, dz, (dy * &nz).sum_axis(Axis(0)), dy.sum_axis(Axis(0)))
}

/// The largest difference, in units of the largest expected element.
fn distance<F: Float, D: ndarray::Dimension>(
    found: &ndarray::Array<F, D>,
    expected: &ndarray::Array<f64, D>,
) -> f64 {
    assert_eq!(found.shape(), expected.shape());
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |max, e| max.max(e.abs()));
    let difference = found.iter().zip(expected).map(|(f, e)| (f.as_f64() - e).abs());
    difference.fold(0.0, |max, d| if d > max || d.is_nan() { d } else { max }) / largest
}

// Every result is a sum of N terms, each a few roundings from exact: c·√N·u, with c = 16 for sums
// that cancel.
#[test]
fn the_gradient_is_the_notes_chain_in_fewer_terms() {
    fn check<F: Float>(rng: &mut Rng, n: usize, c: usize) {
        let round = |a: Array2<f64>| a.mapv(|v| F::of(v).as_f64());
        let x = round(Array2::from_shape_simple_fn((n, c), || 3.0 + 2.0 * rng.normal()));
        let dy = round(Array2::from_shape_simple_fn((n, c), || rng.normal()));
        let gamma = Array1::from_shape_simple_fn(c, || F::of(rng.normal()));
        let affine = Affine::from_parts(gamma.clone(), Some(Array1::zeros(c))).unwrap();
        let config = BatchNorm1dConfig { eps: 1e-3, ..Default::default() };
        let norm = BatchNorm1d::with_config(c, config).unwrap().with_affine(affine).unwrap();
        let cast = |a: &Array2<f64>| a.mapv(F::of);
        let (y, dx, dw, db) = pass(&norm, &cast(&x), &cast(&dy), Mode::Train);
        let want = long_form(&x, &gamma.mapv(|g| g.as_f64()), 1e-3, &dy);
        let bound = 16.0 * (n as f64).sqrt() * F::epsilon().as_f64();
        let found = [
            distance(&y, &want.0),
            distance(&dx, &want.1),
            distance(&dw, &want.2),
            distance(&db, &want.3),
        ];
        assert!(
            found.iter().all(|d| *d <= bound),
            "({n}, {c}) in {}: {found:?} > {bound:e}",
            F::NAME
        );
    }
    let mut rng = Rng::new(1);
    for (n, c) in [(3, 1), (4, 2), (7, 31), (16, 32), (17, 33), (20, 65), (129, 3), (500, 8)] {
        check::<f64>(&mut rng, n, c);
        check::<f32>(&mut rng, n, c);
    }
}

#[test]
fn without_gamma_and_beta_they_are_1_and_0() {
    let config = BatchNorm1dConfig { affine: false, ..Default::default() };
    let mut bare = BatchNorm1d::<f64>::with_config(2, config).unwrap();
    let (x, dy) =
        (array![[1.0, -2.0], [4.0, 0.5], [0.25, 7.0]], array![[1.0, 2.0], [-3.0, 0.0], [0.5, 0.5]]);
    for mode in [Mode::Train, Mode::Eval] {
        let (y, dx, ..) = pass(&BatchNorm1d::new(2).unwrap(), &x, &dy, mode);
        assert_eq!(pass(&bare, &x, &dy, mode), (y, dx, array![], array![]));
    }
    let mut shown = 0;
    let mut grads = bare.gradient();
    bare.each_tensor(Path::root(), &mut |_, t| shown += usize::from(t.kind != Kind::Buffer));
    bare.each_parameter(&mut grads, Path::root(), &mut |_| shown += 1);
    assert_eq!(shown, 0);
}

// Whole numbers stay whole when 10⁸ is added, in f64 to the last bit: the deviations are the same,
// and so must be all that follows.
#[test]
fn a_huge_mean_costs_no_digit() {
    let x = Array2::from_shape_fn((64, 3), |(n, c)| ((n * (c + 1) * 37) % 101) as f64);
    let dy = Array2::from_shape_fn((64, 3), |(n, c)| ((n + 5 * c) % 7) as f64 - 3.0);
    let norm = BatchNorm1d::new(3).unwrap();
    assert_eq!(pass(&norm, &x, &dy, Mode::Train), pass(&norm, &(&x + 1e8), &dy, Mode::Train));
    let (x, dy) = (x.mapv(|v| v as f32), dy.mapv(|v| v as f32));
    let norm = BatchNorm1d::new(3).unwrap();
    assert_eq!(pass(&norm, &x, &dy, Mode::Train), pass(&norm, &(&x + 1e6), &dy, Mode::Train));
}

// N = 2, x = m ± d: μ = m, σ² = d², NZ = ±d/√(d² + ε), and
// dLdZ = γ/√(d² + ε)·½(dy₀ − dy₁)(1 − NZ²)·(±1).
#[test]
fn two_rows() {
    for (m, d) in
        [(0.0, 1.0), (1e8, 1.0), (-3.0, 1e4), (0.0, 1e-4), (0.0, 1e-10), (0.0, 5e-324), (1e4, 0.0)]
    {
        let norm = BatchNorm1d::<f64>::new(1).unwrap();
        let (y, dx, ..) =
            pass(&norm, &array![[m - d], [m + d]], &array![[0.5], [2.0]], Mode::Train);
        let root = (d * d + 1e-8_f64).sqrt();
        // 1 − NZ² = ε/(d² + ε), in a form that does not cancel.
        let (nz, slope) = (d / root, 0.75 / root * (1e-8 / (d * d + 1e-8)));
        let close = |found: f64, expected: f64, scale: f64| {
            (found - expected).abs() <= 8.0 * f64::EPSILON * scale
        };
        assert!(
            close(y[[0, 0]], -nz, nz) && close(y[[1, 0]], nz, nz),
            "m {m:e}, d {d:e}: {y} not ±{nz:e}"
        );
        // The backward pass does cancel: what it takes apart has the size of dLdBZ/√(d² + ε).
        let fits = close(dx[[0, 0]], -slope, 2.0 / root) && close(dx[[1, 0]], slope, 2.0 / root);
        assert!(fits, "m {m:e}, d {d:e}: {dx} not ±{slope:e}");
    }
}

#[test]
fn a_constant_feature_becomes_beta() {
    fn check<F: Float>() {
        for value in [0.0, -0.0, 1e4, -1e4, 0.1, 1e30, F::min_positive_value().as_f64() / 2.0] {
            let x = Array2::from_elem((3, 1), F::of(value));
            let affine = Affine::from_parts(array![F::of(3.0)], Some(array![F::of(5.0)])).unwrap();
            let norm = BatchNorm1d::new(1).unwrap().with_affine(affine).unwrap();
            let dy = array![[F::of(1.0)], [F::of(2.0)], [F::of(6.0)]];
            let (y, dx, dw, db) = pass(&norm, &x, &dy, Mode::Train);
            assert!(y.iter().all(|&y| y == F::of(5.0)), "{value:e}: {y}");
            assert_eq!((dw[0], db[0]), (F::zero(), F::of(9.0)));
            // dLdZ = γ/√ε·(dLdBZ − 3): [−2, −1, 3]·3·10⁴
            let expected = array![[-6e4], [-3e4], [9e4]];
            assert!(distance(&dx, &expected) <= 4.0 * F::epsilon().as_f64(), "{value:e}: {dx}");
        }
    }
    check::<f32>();
    check::<f64>();
}

// ±10⁴ are ordinary numbers; what is no number spoils its own feature and no other.
#[test]
fn extremes_stay_in_their_column() {
    let fine = array![[1e4_f32], [-1e4], [1e4], [-1e4]];
    let dy = Array2::from_shape_fn((4, 2), |(n, c)| 1.0 + (n + c) as f32);
    let norm = BatchNorm1d::<f32>::new(2).unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for place in 0..4 {
            let mut x = ndarray::concatenate![Axis(1), fine, fine];
            x[[place, 1]] = bad;
            let (y, dx, dw, _) = pass(&norm, &x, &dy, Mode::Train);
            assert_eq!(y.column(0).to_vec(), [1.0, -1.0, 1.0, -1.0]);
            assert!(dx.column(0).iter().all(|d| d.is_finite()) && dw[0].is_finite());
            assert!(y.column(1).iter().all(|y| y.is_nan()), "{bad} in row {place}: {y}");
            assert!(dx.column(1).iter().all(|d| d.is_nan()), "{bad} in row {place}: {dx}");
            // In evaluation it spoils its own element and no other.
            let (y, dx, ..) = pass(&norm, &x, &dy, Mode::Eval);
            for n in 0..4 {
                assert_eq!(y[[n, 1]].is_finite(), n != place);
                assert!(dx[[n, 1]].is_finite());
            }
        }
    }
}

#[test]
fn configurations_are_checked_when_built() {
    let config = |eps, momentum| BatchNorm1dConfig { eps, momentum, ..Default::default() };
    let eps = "BatchNorm1d: expected eps to be a normal number > 0 in the layer's type, found";
    let momentum = "BatchNorm1d: expected momentum to be a number from 0 to 1, found";
    let cases = [
        (config(0.0, 0.1), format!("{eps} 0")),
        (config(-1e-5, 0.1), format!("{eps} -0.00001")),
        (config(f64::NAN, 0.1), format!("{eps} NaN")),
        (config(f64::INFINITY, 0.1), format!("{eps} inf")),
        (config(1e-5, -0.1), format!("{momentum} -0.1")),
        (config(1e-5, 1.1), format!("{momentum} 1.1")),
        (config(1e-5, f64::NAN), format!("{momentum} NaN")),
    ];
    for (config, message) in cases {
        let result = BatchNorm1d::<f64>::with_config(2, config);
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    assert!(BatchNorm1d::<f32>::with_config(2, config(1e-60, 0.1)).is_err());
    assert!(BatchNorm1d::<f64>::with_config(2, config(1e-60, 0.0)).is_ok());
    let empty = BatchNorm1d::<f64>::new(0).unwrap_err();
    assert_eq!(empty.to_string(), "BatchNorm1d: expected at least 1 feature, found 0");
    let norm = BatchNorm1d::<f64>::new(2).unwrap();
    let width = norm.out_features(3).unwrap_err();
    assert_eq!(width.to_string(), "BatchNorm1d: expected 2 input features, found 3");
    let affine = norm.with_affine(Affine::new(3).unwrap()).unwrap_err();
    assert_eq!(affine.to_string(), "BatchNorm1d: weight: expected shape (2), found (3)");
}

#[test]
fn tensors_have_pytorch_names_and_order() {
    let names = |norm: &BatchNorm1d<f32>| {
        let mut names = Vec::new();
        norm.each_tensor(Path::root(), &mut |path, t| {
            names.push((path.leaf(), t.value.shape().to_vec()));
        });
        names
    };
    let buffers = [("running_mean", vec![3]), ("running_var", vec![3])];
    let norm = BatchNorm1d::new(3).unwrap();
    assert_eq!(names(&norm)[..2], [("weight", vec![3]), ("bias", vec![3])]);
    assert_eq!(names(&norm)[2..], buffers);
    let config = BatchNorm1dConfig { affine: false, ..BatchNorm1dConfig::pytorch() };
    assert_eq!(names(&BatchNorm1d::with_config(3, config).unwrap()), buffers);
}

#[test]
fn fault_4_gamma_and_beta_are_shown_to_optimizers() {
    let mut norm = BatchNorm1d::<f64>::new(2).unwrap();
    let mut grads = norm.gradient();
    grads.each_tensor_mut(Path::root(), &mut |path, mut t| {
        t.value.fill(if path == *"weight" { 0.5 } else { 0.25 });
    });
    norm.each_parameter(&mut grads, Path::root(), &mut |p| {
        p.value.iter_mut().zip(p.grad).for_each(|(w, g)| *w -= *g)
    });
    assert_eq!(norm.affine().weight(), Some(&array![0.5, 0.5]));
    assert_eq!(norm.affine().bias(), Some(&array![-0.25, -0.25]));
}

// One cache, first for training, then for evaluation: of the batch nothing stays.
#[test]
fn fault_6_evaluation_forgets_the_training_batch() {
    let norm = BatchNorm1d::<f64>::new(1).unwrap();
    let (x, dy) = (array![[1.0], [2.0], [3.0]], array![[0.1], [0.2], [0.3]]);
    let (mut y, mut cache) = (Array2::zeros((3, 1)), norm.cache(3, 1).unwrap());
    norm.forward(&(&x * 10.0), &mut y, &mut cache, Mode::Train).unwrap();
    norm.forward(&x, &mut y, &mut cache, Mode::Eval).unwrap();
    let mut inferred = Array2::zeros((3, 1));
    norm.infer(&x, &mut inferred).unwrap();
    assert_eq!(inferred, y);
    let (mut dx, mut grads) = (Array2::zeros((3, 1)), norm.gradient());
    norm.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, Some(&mut dx), &mut grads)
        .unwrap();
    let [weight, bias] = gradients(&grads);
    assert_eq!((y, dx, weight, bias), pass(&norm, &x, &dy, Mode::Eval));
}

#[test]
fn pytorchs_conventions_are_pytorchs() {
    // torch.nn.BatchNorm1d(num_features, eps=1e-05, momentum=0.1, affine=True, …), and the running
    // variance is unbiased.
    let expected =
        BatchNorm1dConfig { eps: 1e-5, momentum: 0.1, unbiased_running_var: true, affine: true };
    assert_eq!(BatchNorm1dConfig::pytorch(), expected);
}

// μ = 1, σ² + ε = 3 + 1 = 4, γ = 4, β = 10: BZ = (Z − 1)·(4/2) + 10, with slope 2.
#[test]
fn evaluation_by_hand() {
    let config = BatchNorm1dConfig { eps: 1.0, ..Default::default() };
    let affine = Affine::from_parts(array![4.0], Some(array![10.0])).unwrap();
    let norm = BatchNorm1d::<f64>::with_config(1, config).unwrap();
    let mut norm = norm.with_affine(affine).unwrap();
    norm.each_tensor_mut(Path::root(), &mut |path, mut tensor| match path.leaf() {
        "running_mean" => tensor.value.fill(1.0),
        "running_var" => tensor.value.fill(3.0),
        _ => {}
    });
    let (x, dy) = (array![[5.0], [-2.0]], array![[1.0], [-0.5]]);
    let (mut inferred, mut y, mut dx) = (x.clone(), x.clone(), x.clone());
    norm.infer(&x, &mut inferred).unwrap();
    let (mut cache, mut grads) = (norm.cache(2, 1).unwrap(), norm.gradient());
    norm.forward(&x, &mut y, &mut cache, Mode::Eval).unwrap();
    norm.backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, Some(&mut dx), &mut grads)
        .unwrap();
    assert_eq!((inferred, y), (array![[18.0], [4.0]], array![[18.0], [4.0]]));
    assert_eq!(dx, array![[2.0], [-1.0]]);
}
