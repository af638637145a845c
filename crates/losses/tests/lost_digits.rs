//! What plain `f64` loses on the way to a number that it can hold: an exponential or a product
//! below the normal numbers that a large factor brings back, and an exponential that stops growing.
//!
//! Where a value is not by hand, it was computed with 60 digits of Python's `decimal`.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalConfig, BinaryFocalLoss, CrossEntropyConfig,
    CrossEntropyLoss, EachLoss, FocalConfig, FocalLoss, GaussianNllConfig, GaussianNllLoss,
    KlDivConfig, KlDivLoss, Labels, Loss, PoissonNllConfig, PoissonNllLoss, Reduction,
    SampleWeightedLoss, SmoothL1Config, SmoothL1Loss, Targets,
};
use ndarray::{Array1, Array2, ArrayRef2, Ix2, array};
use tensor_core::Float;

const SUM: Reduction = Reduction::Sum;

fn near<F: Float>(got: F, want: f64, what: &str) {
    within::<F>(8.0, got, want, what);
}

/// Within as many units of `F`. A power `e^x` is as far off as `x` itself, `|x|` units.
fn within<F: Float>(units: f64, got: F, want: f64, what: &str) {
    let (got, precision) = (got.as_f64(), units * F::epsilon().as_f64());
    let is_near = (got - want).abs() <= precision * want.abs() + f64::from_bits(1);
    assert!(is_near, "{what}: {got:e}, expected {want:e}");
}

/// In two halves, because `powi` may compute `1/2^1030` for `2^−1030`, and that is 0.
fn two_to(exponent: i32) -> f64 {
    2.0_f64.powi(exponent / 2) * 2.0_f64.powi(exponent - exponent / 2)
}

/// Loss and gradient of one prediction alone, its gradient times `d`.
fn one<L>(loss: &L, a: f64, y: f64, d: f64) -> (f64, f64)
where
    L: for<'a> EachLoss<f64, Samples = Ix2, Target<'a> = &'a ArrayRef2<f64>>,
{
    let (a, y, mut each) = (array![[a]], array![[y]], array![[7.0]]);
    loss.forward_each(&a, &y, &mut each).unwrap();
    let mut da = array![[7.0]];
    loss.backward_each(&a, &y, &array![[d]], &mut da).unwrap();
    (each[[0, 0]], da[[0, 0]])
}

/// `dLdA` of a column of predictions with sample weights.
fn weighted<F: Float, L>(loss: &L, a: &[f64], y: &[f64], weights: &[f64]) -> Vec<f64>
where
    L: for<'a> SampleWeightedLoss<F, Target<'a> = &'a ArrayRef2<F>>,
{
    let column = |x: &[f64]| Array2::from_shape_fn((x.len(), 1), |(n, _)| F::of(x[n]));
    let weights: Vec<F> = weights.iter().map(|&w| F::of(w)).collect();
    let mut da = column(a);
    loss.sample_weighted(&column(a), &column(y), &weights, Some(&mut da)).unwrap();
    da.iter().map(|da| da.as_f64()).collect()
}

// e^y below and above f64: e^−720 (−720 − 1e300), e^800·1e-100.
#[test]
fn kl_divergence_of_logarithms_far_out() {
    let kl = KlDivLoss::new(KlDivConfig { log_target: true, reduction: SUM });
    let want = -2.032_230_802_424_293_2e-13;
    near(one(&kl, 1e300, -720.0, 1.0).0, want, "a tiny probability");
    near(kl.forward(&array![[1e300]], &array![[-720.0]]).unwrap(), want, "in a sum");
    let (_, da) = one(&kl, 0.0, 800.0, 1e-100);
    near(da, -2.726_374_572_112_566_7e247, "a huge probability");
    assert_eq!(one(&kl, 800.0, 800.0, 1.0).0, 0.0, "e^800 (800 − 800)");
}

// 0 ln 0 = 0 in wide numbers too, where the sum of the rows, 2·1.5e308, is beyond f64 and its mean
// is not; e^−∞ = 0 as well.
#[test]
fn a_probability_of_zero_costs_nothing() {
    let a = array![[f64::NEG_INFINITY, -1.5e308], [f64::NEG_INFINITY, -1.5e308]];
    for (log_target, row) in [(false, [0.0, 1.0]), (true, [f64::NEG_INFINITY, 0.0])] {
        let kl = KlDivLoss::new(KlDivConfig { log_target, ..KlDivConfig::default() });
        let mut da = Array2::zeros((2, 2));
        let loss = kl.backward(&a, &array![row, row], &mut da).unwrap();
        assert_eq!((loss, da), (1.5e308, array![[0.0, -0.5], [0.0, -0.5]]), "{log_target}");
        let (loss, da) = one(&kl, f64::NEG_INFINITY, row[0], 1e300);
        assert_eq!((loss, da), (0.0, 0.0), "{log_target}");
    }
}

// Weights 2¹¹⁰ and 2⁻¹¹⁰: their ratio 2⁻²²⁰ brings e^210, beyond f32, back into it.
#[test]
fn exponentials_in_f32_do_not_stop_growing() {
    let want = 9.445_874_118_540_404e24; // 2⁻²²⁰ e^210
    let kl = KlDivLoss::new(KlDivConfig { log_target: true, ..KlDivConfig::default() });
    let weights = [two_to(110), two_to(-110)];
    let da = weighted::<f32, _>(&kl, &[0.0, 0.0], &[0.0, 210.0], &weights);
    near(da[1] as f32, -want, "kl-div");
    let poisson = PoissonNllLoss::default();
    let da = weighted::<f32, _>(&poisson, &[0.0, 210.0], &[0.0, 0.0], &weights);
    near(da[1] as f32, want, "poisson-nll");
    // −½ (m − y)² e^404 2⁻²⁷⁶ with m − y = 2⁻¹⁴⁹, that is −2⁻⁵⁷⁵ e^404.
    let config = GaussianNllConfig { log_variance: true, ..GaussianNllConfig::default() };
    let gaussian = GaussianNllLoss::new(config).unwrap();
    let a = array![[0.0, 0.0], [two_to(-149) as f32, -404.0]];
    let weights = [two_to(127) as f32, two_to(-149) as f32];
    let mut da = Array2::zeros((2, 2));
    gaussian.sample_weighted(&a, &Array2::zeros((2, 1)), &weights, Some(&mut da)).unwrap();
    near(da[[1, 1]], -230.527_734_412_996_2, "gaussian-nll");
}

// A factor on the gradient shows what an exponential below the normal numbers has lost.
#[test]
fn gradients_of_single_samples() {
    let bce = BceWithLogitsLoss::default();
    near(one(&bce, 800.0, 1.0, 1e300).1, -3.667_874_584_177_687e-48, "−1e300 e^−800");
    // Far out f' = −3 e^(−3z) for γ = 2; times α = ½.
    let config = BinaryFocalConfig { alpha: Some(0.5), ..BinaryFocalConfig::default() };
    let focal = BinaryFocalLoss::new(config).unwrap();
    near(one(&focal, 400.0, 1.0, 1e300).1, -1.053_690_283_226_57e-221, "−1.5e300 e^−1200");
    // A quotient of 14 digits, 2⁻¹⁰⁶⁰/3, times 2⁴⁰.
    let smooth = SmoothL1Loss::new(SmoothL1Config { beta: 3.0, reduction: SUM }).unwrap();
    let want = two_to(-1020) / 3.0;
    near(one(&smooth, two_to(-1060), 0.0, two_to(40)).1, want, "smooth-l1");
    let da = weighted::<f64, _>(&smooth, &[two_to(-1060), 1.0], &[0.0; 2], &[two_to(40); 2]);
    near(da[0], want, "smooth-l1, in a sum");
    // 1e-30·e^−710·1e63
    let config = GaussianNllConfig { log_variance: true, reduction: SUM, ..Default::default() };
    let gaussian = GaussianNllLoss::new(config).unwrap();
    let (a, y, mut da) = (array![[1e-30, 710.0]], array![[0.0]], Array2::zeros((1, 2)));
    let want = 4.476_286_225_675_131e-276;
    gaussian.sample_weighted(&a, &y, &[1e63], Some(&mut da)).unwrap();
    near(da[[0, 0]], want, "gaussian-nll, in a sum");
    gaussian.backward_each(&a, &y, &array![[1e63]], &mut da).unwrap();
    near(da[[0, 0]], want, "gaussian-nll");
}

// γ softplus(−88) = 60.5 with a softplus of 6e-39, beside which 1 − σ is 1.
#[test]
fn powers_of_what_is_nearly_one() {
    let config = BinaryFocalConfig { alpha: Some(0.5), gamma: 1e40, reduction: SUM };
    let focal = BinaryFocalLoss::new(config).unwrap();
    let want = 2.231_776_722_420_787e-25; // ½·88 e^(−1e40 softplus(−88))
    let (loss, _) = one(&focal, -88.0, 1.0, 1.0);
    within(2.0 * 61.0, loss, want, "binary-focal");
    // p = e^−88 of two classes: ½·88 becomes 88.
    let config = FocalConfig { gamma: 1e40, reduction: SUM, ..FocalConfig::default() };
    let loss = FocalLoss::new(config).unwrap();
    let loss = loss.forward(&array![[0.0, -88.0]], Labels::Classes(&[1])).unwrap();
    within(2.0 * 61.0, loss, 2.0 * want, "focal");
}

// A target of 1e-310, times a constant first, would lose a digit that −z = 1e300 shows.
#[test]
fn tiny_targets_of_huge_logits() {
    let config = BceWithLogitsConfig { pos_weight: Some(vec![3.0]), reduction: SUM };
    let bce = BceWithLogitsLoss::new(config).unwrap();
    let tiny = 1.3e-310;
    near(bce.forward(&array![[-1e300]], &array![[tiny]]).unwrap(), 3e300 * tiny, "bce");
    let config = BinaryFocalConfig { alpha: Some(0.3), gamma: 2.0, reduction: SUM };
    let focal = BinaryFocalLoss::new(config).unwrap();
    near(focal.forward(&array![[-1e300]], &array![[tiny]]).unwrap(), 0.3e300 * tiny, "focal");
    // Half of three units of 2⁻¹⁰⁷⁴ would be two of them.
    let (z, y, want) = (array![[-two_to(1000)]], array![[3.0 * two_to(-1074)]], 1.5 * two_to(-74));
    let config = BceWithLogitsConfig { pos_weight: Some(vec![0.5]), reduction: SUM };
    assert_eq!(BceWithLogitsLoss::new(config).unwrap().forward(&z, &y).unwrap(), want);
    let config = BinaryFocalConfig { alpha: Some(0.5), gamma: 2.0, reduction: SUM };
    assert_eq!(BinaryFocalLoss::new(config).unwrap().forward(&z, &y).unwrap(), want);
    // w = 2⁻¹⁰⁷⁴: half of it is 0, and 2⁶⁰ times that is 2⁻¹⁰¹⁵.
    let config = BceWithLogitsConfig { pos_weight: Some(vec![two_to(-1074)]), reduction: SUM };
    let bce = BceWithLogitsLoss::new(config).unwrap();
    let da = weighted::<f64, _>(&bce, &[0.0, 0.0], &[1.0, 0.0], &[two_to(60); 2]);
    assert_eq!(da, [-two_to(-1015), two_to(59)]);
    assert_eq!(one(&bce, 0.0, 1.0, two_to(60)).1, -two_to(-1015));
}

// Four equal logits, P = ¼, and weights w = MAX and s = 3/2, whose product is beyond f64.
#[test]
fn products_of_weights_beyond_the_type() {
    let (a, mut da) = (Array2::zeros((1, 4)), Array2::zeros((1, 4)));
    let class_weights = Some(vec![1.0, f64::MAX, 1.0, 1.0]);
    let config = CrossEntropyConfig {
        class_weights: class_weights.clone(),
        reduction: SUM,
        ..CrossEntropyConfig::default()
    };
    let ce = CrossEntropyLoss::new(config.clone()).unwrap();
    ce.sample_weighted(&a, Targets::Classes(&[1]), &[1.5], Some(&mut da)).unwrap();
    near(da[[0, 0]], 0.375 * f64::MAX, "cross-entropy"); // ¼·3/2
    // Smoothing ε = ½ gives T = ½ (1 + ¼) for the class, the rest beside it vanishes: 3/2·⅝·¼.
    let ce = CrossEntropyLoss::new(CrossEntropyConfig { label_smoothing: 0.5, ..config }).unwrap();
    ce.sample_weighted(&a, Targets::Classes(&[1]), &[1.5], Some(&mut da)).unwrap();
    near(da[[0, 0]], 0.234_375 * f64::MAX, "smoothed");
    // γ = 1: g = ¾ (1 + ⅓ ln 4), and ⅜ of it is 0.411….
    let config = FocalConfig { gamma: 1.0, class_weights, reduction: SUM, ignore_index: None };
    let focal = FocalLoss::new(config).unwrap();
    focal.sample_weighted(&a, Labels::Classes(&[1]), &[1.5], Some(&mut da)).unwrap();
    near(da[[0, 0]], 0.411_215_096_354_989_76 * f64::MAX, "focal");
}

#[test]
fn digits_of_rows() {
    // 2⁹⁰⁰·2^−γ (1 + γ ln 2)/2 for γ = 1500 and two equal logits: 2⁻⁶⁰¹ (1 + 1500 ln 2).
    let config = FocalConfig { gamma: 1500.0, reduction: SUM, ..FocalConfig::default() };
    let focal = FocalLoss::new(config).unwrap();
    let (a, mut da) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
    let (labels, d) = (Labels::Classes(&[0]), two_to(900));
    focal.backward_each(&a, labels, &array![d], &mut da).unwrap();
    let (want, units) = (1.254_026_829_836_152_4e-178, 2.0 * 1040.0); // 2^−γ = e^−1039.7
    within(units, da[[0, 1]], want, "focal");
    // Beside a row of weight 1 that makes the sum an ordinary one.
    let mut da = Array2::zeros((2, 2));
    let loss = FocalLoss::new(FocalConfig {
        class_weights: Some(vec![two_to(250); 2]),
        ..focal.config().clone()
    });
    let weights = [two_to(250), 1.0];
    let a = array![[0.0, 0.0], [-50.0, 0.0]];
    loss.unwrap().sample_weighted(&a, Labels::Classes(&[0; 2]), &weights, Some(&mut da)).unwrap();
    within(units, da[[0, 1]], want * two_to(-400), "focal, in a sum");
    // Weights far apart: only that of the one class counts in a mean. ln 2, ½.
    let class_weights = Some(vec![1e263, 1e-310]);
    let config = CrossEntropyConfig { class_weights, ..CrossEntropyConfig::default() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    let mut da = Array2::<f64>::zeros((1, 2));
    let loss = ce.backward(&Array2::zeros((1, 2)), Targets::Classes(&[1]), &mut da).unwrap();
    near(loss, std::f64::consts::LN_2, "weights far apart");
    assert_eq!(da, array![[0.5, -0.5]]);
    // ε/3 of a class whose P vanishes, for ε = 2⁻¹⁰³⁰, times 2¹⁰⁰⁰.
    let label_smoothing = two_to(-1030);
    let ce = CrossEntropyLoss::new(CrossEntropyConfig { label_smoothing, ..Default::default() });
    let (a, mut da) = (array![[0.0, 0.0, -1e4]], Array2::zeros((1, 3)));
    let d = Array1::from_elem(1, two_to(1000));
    ce.unwrap().backward_each(&a, Targets::Classes(&[0]), &d, &mut da).unwrap();
    near(da[[0, 2]], -two_to(-30) / 3.0, "smoothing");
}

// Derivatives beyond `f64` beside ordinary losses, which the mean or a weight brings back.
#[test]
fn steep_derivatives() {
    // d = 1, v = 2⁻⁵¹³: ½ d²/v² = 2¹⁰²⁵, a quarter of which is 2¹⁰²³; ½/v vanishes beside it.
    let config = GaussianNllConfig { eps: 1e-300, ..GaussianNllConfig::default() };
    let gaussian = GaussianNllLoss::new(config).unwrap();
    let a = array![[1.0, 0.0, 0.0, 0.0, two_to(-513), 1.0, 1.0, 1.0]];
    let (y, mut da) = (Array2::zeros((1, 4)), Array2::zeros((1, 8)));
    gaussian.backward(&a, &y, &mut da).unwrap();
    assert_eq!((da[[0, 0]], da[[0, 4]], da[[0, 5]]), (two_to(511), -two_to(1023), 0.125));
    // d = 1e-50, s = −898: d e^898·1e-60.
    let config = GaussianNllConfig { log_variance: true, ..GaussianNllConfig::default() };
    let gaussian = GaussianNllLoss::new(config).unwrap();
    let (a, mut da) = (array![[1e-50, -898.0], [0.0, 0.0]], Array2::zeros((2, 2)));
    gaussian.sample_weighted(&a, &Array2::zeros((2, 1)), &[1e-60, 1.0], Some(&mut da)).unwrap();
    near(da[[0, 0]], 9.918_471_485_644_903e279, "gaussian-nll");
    // y/ε = 1e350, times 1e-60.
    let config = PoissonNllConfig { log_input: false, eps: 1e-100, ..Default::default() };
    let poisson = PoissonNllLoss::new(config).unwrap();
    let da = weighted::<f64, _>(&poisson, &[0.0, 1.0], &[1e250, 1.0], &[1e-60, 1.0]);
    near(da[0], -1e290, "poisson-nll");
}

// ε/C and w Y below the normal numbers, times −ln P = 2¹⁰⁰⁰.
#[test]
fn tiny_targets_of_classes() {
    let a = array![[0.0, -two_to(1000)]];
    for (units, want) in [(1.0, two_to(-75)), (3.0, 3.0 * two_to(-75))] {
        let label_smoothing = units * two_to(-1074);
        let config = CrossEntropyConfig { label_smoothing, ..CrossEntropyConfig::default() };
        let (ce, mut each) = (CrossEntropyLoss::new(config).unwrap(), array![7.0]);
        assert_eq!(ce.forward(&a, Targets::Classes(&[0])).unwrap(), want);
        ce.forward_each(&a, Targets::Classes(&[0]), &mut each).unwrap();
        assert_eq!(each[0], want);
    }
    let class_weights = Some(vec![1.0, 0.75]);
    let config = CrossEntropyConfig { class_weights, reduction: SUM, ..Default::default() };
    let (ce, y) = (CrossEntropyLoss::new(config).unwrap(), array![[1.0, two_to(-1074)]]);
    assert_eq!(ce.forward(&a, Targets::Rows(&y)).unwrap(), 0.75 * two_to(-74));
}

// A class of weight 0 counts nothing, but NaN in its row is not hidden; no row counts at all.
#[test]
fn nan_in_a_row_of_weight_zero() {
    fn of<L: SampleWeightedLoss<f64>>(loss: &L, y: L::Target<'_>, what: &str)
    where
        for<'a> L::Target<'a>: Copy,
    {
        let a = array![[f64::NAN, 0.0]];
        let mut da = Array2::zeros((1, 2));
        let loss = loss.backward(&a, y, &mut da).unwrap();
        assert!(loss.is_nan() && da[[0, 0]].is_nan(), "{what}: {loss}, {da}");
    }
    let class_weights = Some(vec![0.0, 1.0]);
    let config = FocalConfig { class_weights: class_weights.clone(), ..FocalConfig::default() };
    of(&FocalLoss::new(config).unwrap(), Labels::Classes(&[0]), "focal");
    let config = CrossEntropyConfig { class_weights, ..CrossEntropyConfig::default() };
    of(&CrossEntropyLoss::new(config).unwrap(), Targets::Classes(&[0]), "cross-entropy");
}

// p = ½, γ = 1000: dℓ/dA = ∓½·2⁻¹⁰⁰⁰ (1 + 1000 ln 2), times d = 2⁻⁶⁰ (1 + 2⁻¹⁶). d·2⁻¹⁰⁰⁰ has
// no more than 14 bits and loses the 2⁻¹⁶, which the bracket of 694 would show.
#[test]
fn a_small_factor_of_a_focal_row_comes_last() {
    let config = FocalConfig { gamma: 1000.0, ..FocalConfig::default() };
    let (a, mut da) = (array![[0.0, 0.0]], Array2::zeros((1, 2)));
    let d = (1.0 + 2.0_f64.powi(-16)) * 2.0_f64.powi(-60);
    let focal = FocalLoss::new(config).unwrap();
    focal.backward_each(&a, Labels::Classes(&[0]), &array![d], &mut da).unwrap();
    let bracket = 1.0 + 1000.0 * std::f64::consts::LN_2;
    let want = 0.5 * d * bracket * 2.0_f64.powi(-500) * 2.0_f64.powi(-500);
    for (got, want) in [(da[[0, 0]], -want), (da[[0, 1]], want)] {
        assert!((got - want).abs() <= 2.0 * 5e-324, "{got:e}, not {want:e}");
    }
}
