//! Results that are numbers of `f64` where what leads to them leaves the type: all values by hand.

#![allow(clippy::unwrap_used, reason = "a test panics")]

use layers::{
    Affine, BatchNorm1d, BatchNorm1dConfig, Layer, LayerNorm, LayerNormConfig, LogSoftmax, Mode,
    PRelu, RmsNorm, RmsNormConfig, Saved, SwiGlu,
};
use ndarray::{Array1, Array2, array};
use tensor_core::Path;

/// Output, gradient of the input and gradients of the parameters.
fn pass<L: Layer<f64>>(
    layer: &L,
    x: &Array2<f64>,
    dy: &Array2<f64>,
    mode: Mode,
) -> (Array2<f64>, Array2<f64>, Vec<Array1<f64>>) {
    let (mut y, mut dx) = (Array2::zeros(dy.dim()), Array2::zeros(x.dim()));
    let mut cache = layer.cache(x.nrows(), x.ncols()).unwrap();
    let mut grads = layer.gradient();
    layer.forward(x, &mut y, &mut cache, mode).unwrap();
    let saved = Saved { x, y: &y, cache: &mut cache };
    layer.backward(saved, dy, Some(&mut dx), &mut grads).unwrap();
    let mut list = Vec::new();
    grads.each_tensor(Path::root(), &mut |_, tensor| {
        list.push(tensor.value.iter().copied().collect())
    });
    (y, dx, list)
}

fn two(power: i32) -> f64 {
    let half = power / 2;
    2.0_f64.powi(half) * 2.0_f64.powi(power - half)
}

fn assert_near(found: f64, want: f64) {
    assert!((found / want - 1.0).abs() <= 1e-14, "{found:e}, expected {want:e}");
}

// ε = 3 beside a running variance of 1: r = ½, so that dLdZ = ½ dLdBZ, each for itself, however
// large the others are.
#[test]
fn in_evaluation_the_rows_of_a_batch_norm_do_not_mix() {
    let config = BatchNorm1dConfig { eps: 3.0, ..Default::default() };
    let layer = BatchNorm1d::with_config(1, config).unwrap();
    let dy = array![[two(1000)], [two(-600)], [two(-1070)]];
    let (_, dx, _) = pass(&layer, &array![[0.0], [1.0], [2.0]], &dy, Mode::Eval);
    assert_eq!(dx, array![[two(999)], [two(-601)], [two(-1071)]]);
}

// Running mean 0, variance 1, ε = 3, γ = 4: BZ = 2 Z + β = 2¹⁰²⁴ − 2¹⁰²³.
#[test]
fn an_offset_brings_a_value_back_into_the_type() {
    let config = BatchNorm1dConfig { eps: 3.0, ..Default::default() };
    let affine = Affine::from_parts(array![4.0], Some(array![-two(1023)])).unwrap();
    let layer = BatchNorm1d::with_config(1, config).unwrap().with_affine(affine).unwrap();
    let (y, ..) = pass(&layer, &array![[two(1023)]], &array![[1.0]], Mode::Eval);
    assert_eq!(y, array![[two(1023)]]);
}

// Z = ∓2⁻⁵³² and ε = 2⁻⁶⁵⁶, beside which σ² = 2⁻¹⁰⁶⁴ is nothing: r = 2³²⁸. Then
// dLdγ = 2³²⁸ (−1 + 3.75)·2⁻⁵⁴⁵·2⁻⁵³² = 2.75·2⁻⁷⁴⁹, of terms that have no digit in the type.
#[test]
fn the_gradient_of_gamma_is_made_of_terms_below_the_type() {
    let config = BatchNorm1dConfig { eps: two(-656), ..Default::default() };
    let layer = BatchNorm1d::with_config(1, config).unwrap();
    let dy = array![[two(-545)], [3.75 * two(-545)]];
    let (_, _, grads) = pass(&layer, &array![[-two(-532)], [two(-532)]], &dy, Mode::Train);
    assert_near(grads[0][0], 2.75 * two(-749));
}

// ε = ½: Z = [0, 1] has the mean square ½, r = 1/√(½ + ½) = 1 and NZ = Z. With dLdA = [d, 2⁹⁹⁶]
// the mean of dLdA NZ is 2⁹⁹⁵: dLdZ = [d, 2⁹⁹⁵]. What d is, the other value does not touch.
#[test]
fn a_small_gradient_beside_a_large_one() {
    let config = RmsNormConfig { eps: Some(0.5), ..Default::default() };
    let layer = RmsNorm::with_config(2, config).unwrap();
    for d in [two(-27), two(-900)] {
        let (_, dx, _) = pass(&layer, &array![[0.0, 1.0]], &array![[d, two(996)]], Mode::Train);
        assert_eq!(dx, array![[d, two(995)]]);
    }
}

// Z = [−1, 1] with ε = 3 has r = ½ and NZ = [−½, ½]. The first feature's sums over rows overflow on
// the way, −2¹⁰²³ − 2¹⁰²³ + 2¹⁰²³; those of the second, 2⁻¹⁰⁷⁰, have nothing to do with that.
#[test]
fn sums_of_one_feature_do_not_touch_those_of_another() {
    let config = LayerNormConfig { eps: 3.0, ..Default::default() };
    let layer = LayerNorm::with_config(2, config).unwrap();
    let (x, large, small) = (array![[-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]], two(1023), two(-1070));
    let dy = array![[-large, small], [-large, 0.0], [large, 0.0]];
    let (_, _, grads) = pass(&layer, &x, &dy, Mode::Train);
    assert_eq!(grads, [array![large / 2.0, small / 2.0], array![-large, small]]);
}

// SiLU(g) = g/2 to all digits of so small a g: −3·2⁻¹⁰⁷⁴·2⁶⁰⁰/2, where g/2 alone has no number.
// dLdX = dLdA SiLU(G) is made in the same way.
#[test]
fn a_gate_near_zero_keeps_its_digits() {
    let g = -3.0 * two(-1074);
    let (y, dx, _) = pass(&SwiGlu, &array![[g, two(600)]], &array![[two(700)]], Mode::Train);
    assert_eq!((y[[0, 0]], dx[[0, 1]]), (-3.0 * two(-475), -3.0 * two(-375)));
}

// p = [1, 0] of the scores 0 and −2000: dLdZ = dLdA − p Σ dLdA = [2⁹⁹⁰ − 2⁹⁹⁰, 2⁻⁹⁹⁰].
#[test]
fn what_a_class_without_probability_hands_on_is_its_own_gradient() {
    let dy = array![[two(990), two(-990)]];
    let (_, dx, _) = pass(&LogSoftmax, &array![[0.0, -2000.0]], &dy, Mode::Train);
    assert_eq!(dx, array![[0.0, two(-990)]]);
}

// dLdw = Σ dLdA Z = −2¹¹⁰⁰ + 2¹¹⁰⁰ − 3, for a slope of each feature and for one of all.
#[test]
fn terms_of_a_slopes_gradient_overflow_with_both_signs() {
    let (x, dy) =
        (array![[-two(1000)], [-two(1000)], [-1.0]], array![[two(100)], [-two(100)], [3.0]]);
    assert_eq!(pass(&PRelu::default(), &x, &dy, Mode::Train).2, [array![-3.0]]);
    let (x, dy) = (x.reversed_axes(), dy.reversed_axes());
    assert_eq!(pass(&PRelu::default(), &x, &dy, Mode::Train).2, [array![-3.0]]);
}
