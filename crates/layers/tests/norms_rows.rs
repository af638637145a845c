//! The normalizations of single rows, LayerNorm, GroupNorm, InstanceNorm1d and RmsNorm: against
//! their definitions, against each other, and with extreme rows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use layers::{
    Affine, BatchNorm1d, Dropout, DropoutCache, GroupNorm, GroupNormConfig, InstanceNorm1d, Layer,
    LayerNorm, Mode, RmsNorm, Saved,
};
use ndarray::{Array1, Array2, array};
use tensor_core::{Float, Rng};

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<LayerNorm<f32>>();
const _: () = assert_send_sync::<GroupNorm<f32>>();
const _: () = assert_send_sync::<InstanceNorm1d<f32>>();
const _: () = assert_send_sync::<RmsNorm<f32>>();
const _: () = assert_send_sync::<(Dropout, DropoutCache<f32>)>();

/// Output and input gradient, from buffers full of NaN.
fn pass<F: Float, L: Layer<F>>(layer: &L, x: &Array2<F>, dy: &Array2<F>) -> [Array2<F>; 2] {
    let nan = Array2::from_elem(x.dim(), F::nan());
    let (mut y, mut dx, mut grads) = (nan.clone(), nan, layer.gradient());
    let mut cache = layer.cache(x.nrows(), x.ncols()).unwrap();
    layer.forward(x, &mut y, &mut cache, Mode::Train).unwrap();
    layer.backward(Saved { x, y: &y, cache: &mut cache }, dy, Some(&mut dx), &mut grads).unwrap();
    [y, dx]
}

/// The definition for one group, with plain sums and, for RmsNorm, without a mean: `NZ`, `dLdZ`
/// from `dLdNZ`, and the root.
fn plain(x: &[f64], d_nz: &[f64], eps: f64, centered: bool) -> (Vec<f64>, Vec<f64>, f64) {
    let n = x.len() as f64;
    let mean = if centered { x.iter().sum::<f64>() / n } else { 0.0 };
    let root = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n + eps).sqrt();
    let nz: Vec<f64> = x.iter().map(|x| (x - mean) / root).collect();
    // The Jacobian itself: ∂NZᵢ/∂Zⱼ = (δᵢⱼ − [centered]/n − NZᵢ NZⱼ/n)/√(σ² + ε)
    let slope = |i: usize, j: usize| {
        let mean_term = if centered { 1.0 / n } else { 0.0 };
        (f64::from(u8::from(i == j)) - mean_term - nz[i] * nz[j] / n) / root
    };
    let dx = |j: usize| (0..x.len()).map(|i| d_nz[i] * slope(i, j)).sum();
    let dx = (0..x.len()).map(dx).collect();
    (nz, dx, root)
}

fn normal<F: Float>(rows: usize, columns: usize, rng: &mut Rng) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, columns), || F::of(0.5 + rng.normal()))
}

/// Checks a layer against `plain`, group by group: sums of `size` terms, each a few roundings from
/// exact.
///
/// `plain` rounds its mean, so that its `NZ` is uncertain by `u·|Z|/√(σ² + ε)`; and what backward
/// takes apart has the size of `dLdNZ·(1 + |NZ|)/√(σ² + ε)`, however small the difference.
fn against_plain<F: Float, L: Layer<F>>(
    layer: &L,
    [n_groups, channels, length]: [usize; 3],
    [weight, bias]: &[Array1<F>; 2],
    eps: f64,
    centered: bool,
) {
    let (columns, size) = (channels * length, channels / n_groups * length);
    let mut rng = Rng::new(columns as u64);
    let (x, dy) = (normal::<F>(5, columns, &mut rng), normal::<F>(5, columns, &mut rng));
    let [y, dx] = pass(layer, &x, &dy);
    for n in 0..5 {
        for start in (0..columns).step_by(size) {
            let values =
                |f: &dyn Fn(usize) -> f64| (start..start + size).map(f).collect::<Vec<_>>();
            let row = values(&|i| x[[n, i]].as_f64());
            let d_nz = values(&|i| (dy[[n, i]].as_f64()) * weight[i / length].as_f64());
            let (nz, want_dx, root) = plain(&row, &d_nz, eps, centered);
            let largest = |values: &[f64]| values.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
            let uncertain = 1.0 + largest(&row) / root;
            let scale = largest(&d_nz) * (1.0 + largest(&nz)) / root * uncertain;
            let bound = 2.0 * (size as f64).sqrt() * F::epsilon().as_f64();
            for i in 0..size {
                let (at, c) = ([n, start + i], (start + i) / length);
                let want_y = weight[c].as_f64() * nz[i] + bias[c].as_f64();
                let place = format!("{} in {}, {n_groups} × {size}, {at:?}", L::NAME, F::NAME);
                let off = (y[at].as_f64() - want_y).abs();
                assert!(
                    off <= bound * (weight[c].as_f64().abs() * uncertain + bias[c].as_f64().abs()),
                    "y of {place} is off by {off:e}"
                );
                let off = (dx[at].as_f64() - want_dx[i]).abs();
                assert!(off <= bound * scale, "dx of {place} is off by {off:e}");
            }
        }
    }
}

#[test]
fn every_length_meets_the_definition() {
    fn check<F: Float>() {
        let mut rng = Rng::new(3);
        for c in (2..=20).chain([64, 129, 300]) {
            let mut draw = || Array1::from_shape_simple_fn(c, || F::of(rng.normal()));
            let parts = [draw(), draw()];
            let affine = Affine::from_parts(parts[0].clone(), Some(parts[1].clone())).unwrap();
            let layer = LayerNorm::new(c).unwrap().with_affine(affine.clone()).unwrap();
            against_plain(&layer, [1, c, 1], &parts, 1e-5, true);
            for (n_groups, length) in [(1, 1), (c, 3), (1, 4), (c, 17)] {
                let config = GroupNormConfig { length, ..Default::default() };
                let layer = GroupNorm::with_config(n_groups, c, config).unwrap();
                let layer = layer.with_affine(affine.clone()).unwrap();
                against_plain(&layer, [n_groups, c, length], &parts, 1e-5, true);
            }
            let layer = InstanceNorm1d::new(c, 5).unwrap().with_affine(affine).unwrap();
            against_plain(&layer, [c, c, 5], &parts, 1e-5, true);
            let layer = RmsNorm::new(c).unwrap();
            let layer = layer.with_affine(Affine::from_parts(parts[0].clone(), None).unwrap());
            let no_bias = [parts[0].clone(), Array1::zeros(c)];
            let eps = F::epsilon().as_f64();
            against_plain(&layer.unwrap(), [1, c, 1], &no_bias, eps, false);
        }
    }
    check::<f64>();
    check::<f32>();
}

#[test]
fn the_ends_of_group_norm_are_the_other_two() {
    let mut rng = Rng::new(4);
    let (x, dy) = (normal::<f64>(3, 12, &mut rng), normal::<f64>(3, 12, &mut rng));
    let layer_norm = pass(&LayerNorm::new(12).unwrap(), &x, &dy);
    assert_eq!(pass(&GroupNorm::new(1, 12).unwrap(), &x, &dy), layer_norm);
    let config = GroupNormConfig { length: 4, ..Default::default() };
    let instance_norm = pass(&InstanceNorm1d::new(3, 4).unwrap(), &x, &dy);
    assert_eq!(pass(&GroupNorm::with_config(3, 3, config).unwrap(), &x, &dy), instance_norm);
    assert_ne!(layer_norm, instance_norm);
}

#[test]
fn equal_values_become_beta() {
    fn check<F: Float>() {
        for value in [0.0, -0.0, 1e4, -1e4, 0.1, 1e30, F::min_positive_value().as_f64() / 2.0] {
            for columns in [2, 3] {
                let x = Array2::from_elem((2, columns), F::of(value));
                let zeros = Array2::zeros((2, columns));
                let ones = Array2::ones((2, columns));
                let layer = LayerNorm::<F>::new(columns).unwrap();
                assert_eq!(pass(&layer, &x, &ones), [zeros.clone(), zeros.clone()], "{value:e}");
                let layer = GroupNorm::<F>::new(1, columns).unwrap();
                assert_eq!(pass(&layer, &x, &ones), [zeros.clone(), zeros], "{value:e}");
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

// Whole numbers stay whole when 10⁸ is added: the deviations are the same, and so are the results.
#[test]
fn a_huge_mean_costs_no_digit() {
    let x = Array2::from_shape_fn((3, 8), |(n, c)| ((n * 8 + c) * 37 % 101) as f64);
    let dy = Array2::from_shape_fn((3, 8), |(n, c)| ((n + 5 * c) % 7) as f64 - 3.0);
    let layer = GroupNorm::new(2, 8).unwrap();
    assert_eq!(pass(&layer, &x, &dy), pass(&layer, &(&x + 1e8), &dy));
    let (x, dy) = (x.mapv(|v| v as f32), dy.mapv(|v| v as f32));
    let layer = LayerNorm::new(8).unwrap();
    assert_eq!(pass(&layer, &x, &dy), pass(&layer, &(&x + 1e6), &dy));
}

// RmsNorm: ±10⁴ have a mean square of 10⁸, next to which ε is nothing; a row of zeros stays zero.
#[test]
fn rms_norm_of_extreme_rows() {
    let layer = RmsNorm::<f32>::new(2).unwrap();
    let x = array![[1e4, -1e4], [0.0, -0.0], [1e-45, -1e-45], [1e-20, 0.0], [1e20, 1.0]];
    let [y, dx] = pass(&layer, &x, &Array2::ones((5, 2)));
    // 1/√ε = 2^11.5: what far smaller entries are multiplied by.
    let scale = 2896.3093_f32;
    let small = 1e-20 * scale;
    // The square of 1e20 does not fit into an f32.
    let large = [2.0_f32.sqrt(), 1e-20 * 2.0_f32.sqrt()];
    let expected = [[1.0, -1.0], [0.0, 0.0], [1e-45 * scale, -1e-45 * scale], [small, 0.0], large];
    for (found, expected) in y.iter().zip(expected.as_flattened()) {
        assert!((found - expected).abs() <= 4.0 * f32::EPSILON * expected.abs(), "{y}");
    }
    assert!(dx.iter().all(|d| d.is_finite()), "{dx}");
    // Nor does that of 1e160 into an f64.
    let layer = RmsNorm::<f64>::new(2).unwrap();
    let [y, _] = pass(&layer, &array![[1e160, 1.0]], &Array2::ones((1, 2)));
    for (found, expected) in y.iter().zip([1.0, 1e-160].map(|v| v * 2.0_f64.sqrt())) {
        assert!((found / expected - 1.0).abs() <= 4.0 * f64::EPSILON, "{y}");
    }
}

#[test]
fn what_is_no_number_stays_in_its_row() {
    fn check<L: Layer<f64>>(layer: L) {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut x = normal(3, 4, &mut Rng::new(2));
            let dy = normal(3, 4, &mut Rng::new(3));
            let clean = pass(&layer, &x, &dy);
            x[[1, 2]] = bad;
            for (found, clean) in pass(&layer, &x, &dy).iter().zip(clean) {
                assert_eq!(found.row(0), clean.row(0));
                assert_eq!(found.row(2), clean.row(2));
                assert!(found[[1, 2]].is_nan(), "{layer:?} made {found} of {bad}");
            }
        }
    }
    check(LayerNorm::new(4).unwrap());
    check(GroupNorm::new(2, 4).unwrap());
    check(InstanceNorm1d::new(2, 2).unwrap());
    check(RmsNorm::new(4).unwrap());
}

// NaN is not dropped silently; an infinite entry is, as 0 times its limit. The other entries are
// untouched.
#[test]
fn dropout_of_extreme_entries() {
    let layer = Dropout::new(0.5, 0).unwrap();
    let mask = pass(&layer, &Array2::ones((4, 4)), &Array2::zeros((4, 4)))[0].clone();
    let at = |dropped: bool| mask.indexed_iter().find(|(_, m)| (**m == 0.0) == dropped).unwrap().0;
    for dropped in [true, false] {
        for (bad, kept) in [
            (f64::NAN, f64::NAN),
            (f64::INFINITY, f64::INFINITY),
            (1e308, f64::INFINITY),
            (5e-324, 1e-323),
        ] {
            let mut x = Array2::ones((4, 4));
            x[at(dropped)] = bad;
            let [y, _] = pass(&layer, &x, &x);
            let expected = match dropped {
                true if bad.is_nan() => f64::NAN,
                true => 0.0,
                false => kept,
            };
            assert!(y[at(dropped)] == expected || (y[at(dropped)].is_nan() && expected.is_nan()));
            let others = mask.indexed_iter().filter(|(i, _)| *i != at(dropped));
            assert!(others.map(|(i, m)| (y[i], *m)).all(|(y, m)| y == m));
        }
    }
}

#[test]
fn the_affine_part_is_the_one_that_was_given() {
    let affine = Affine::from_parts(array![2.0, 3.0, 4.0], Some(array![5.0, 6.0, 7.0])).unwrap();
    let given = |affine: &Affine<f64>| format!("{affine:?}");
    let expected = given(&affine);
    assert_eq!(
        given(LayerNorm::new(3).unwrap().with_affine(affine.clone()).unwrap().affine()),
        expected
    );
    assert_eq!(
        given(GroupNorm::new(1, 3).unwrap().with_affine(affine.clone()).unwrap().affine()),
        expected
    );
    assert_eq!(
        given(InstanceNorm1d::new(3, 2).unwrap().with_affine(affine.clone()).unwrap().affine()),
        expected
    );
    assert_eq!(given(BatchNorm1d::new(3).unwrap().with_affine(affine).unwrap().affine()), expected);
    let weight = Affine::from_parts(array![2.0, 3.0, 4.0], None).unwrap();
    let rms_norm = RmsNorm::new(3).unwrap().with_affine(weight.clone()).unwrap();
    assert_eq!(rms_norm.affine(), &weight);
}

/// The same values, the columns one after the other in memory.
fn in_columns(x: &Array2<f64>) -> Array2<f64> {
    x.t().as_standard_layout().into_owned().reversed_axes()
}

#[test]
fn strides_do_not_matter() {
    fn check<L: Layer<f64>>(layer: &L) {
        let mut rng = Rng::new(4);
        let (x, dy) = (normal(5, 12, &mut rng), normal(5, 12, &mut rng));
        let [y, dx] = pass(layer, &x, &dy);
        for which in 0..16 {
            let laid_out = |bit, values: &Array2<f64>| {
                if which >> bit & 1 == 1 { in_columns(values) } else { values.clone() }
            };
            let nan = Array2::from_elem(x.dim(), f64::NAN);
            let (x, dy) = (laid_out(0, &x), laid_out(1, &dy));
            let (mut to, mut d_to) = (laid_out(2, &nan), laid_out(3, &nan));
            let (mut cache, mut grads) = (layer.cache(5, 12).unwrap(), layer.gradient());
            layer.forward(&x, &mut to, &mut cache, Mode::Train).unwrap();
            let saved = Saved { x: &x, y: &to, cache: &mut cache };
            layer.backward(saved, &dy, Some(&mut d_to), &mut grads).unwrap();
            assert_eq!((&to, &d_to), (&y, &dx), "{}, {which:04b}", L::NAME);
        }
    }
    check(&LayerNorm::new(12).unwrap());
    check(&GroupNorm::new(2, 12).unwrap());
    check(&InstanceNorm1d::new(3, 4).unwrap());
    check(&RmsNorm::new(12).unwrap());
    check(&BatchNorm1d::new(12).unwrap());
}
