//! Numbers near the ends of their type: a loss and its gradient are right whenever the right result
//! is representable, whatever is on the way to it.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceWithLogitsConfig, BceWithLogitsLoss, CrossEntropyConfig, CrossEntropyLoss, EachLoss,
    HuberConfig, HuberLoss, Labels, Loss, MaeLoss, MseLoss, NllConfig, NllLoss, Reduction,
    RmseLoss, SampleWeighted, SmoothL1Config, SmoothL1Loss, Targets,
};
use ndarray::{Array2, ArrayRef2, array};

const MEAN: Reduction = Reduction::Mean;
const SUM: Reduction = Reduction::Sum;

fn near(got: f64, want: f64, what: &str) {
    let is_near = got == want || (got - want).abs() <= 1e-15 * want.abs();
    assert!(is_near, "{what}: {got:e}, expected {want:e}");
}

/// Loss and gradient of a column of predictions whose targets are `y`.
fn check<L>(what: &str, loss: &L, a: &[f64], y: &[f64], want: f64, gradient: &[f64])
where
    L: for<'a> Loss<f64, Target<'a> = &'a ArrayRef2<f64>>,
{
    let column = |x: &[f64]| Array2::from_shape_fn((x.len(), 1), |(n, _)| x[n]);
    let mut da = column(a);
    near(loss.backward(&column(a), &column(y), &mut da).unwrap(), want, what);
    near(loss.forward(&column(a), &column(y)).unwrap(), want, what);
    for (&got, &want) in da.iter().zip(gradient) {
        near(got, want, &format!("{what}, gradient"));
    }
}

// 1.2e154² = 1.44e308, whose sum over four rows is beyond f64 and whose mean is not; (1e200)² is
// beyond it, but 2·1e200/2 is not.
#[test]
fn squares() {
    let square = 1.2e154 * 1.2e154;
    let mse = MseLoss { reduction: MEAN };
    check("mse", &mse, &[1.2e154; 4], &[0.0; 4], square, &[0.6e154; 4]);
    check("mse", &mse, &[1e200, 0.0], &[0.0; 2], f64::INFINITY, &[1e200, 0.0]);
    // 2·3e308/4, though neither 2d nor d is representable.
    let (a, y) = (&[1.5e308, 0.0, 0.0, 0.0], &[-1.5e308, 0.0, 0.0, 0.0]);
    check("mse", &mse, a, y, f64::INFINITY, &[1.5e308, 0.0, 0.0, 0.0]);
    check("mae", &MaeLoss { reduction: MEAN }, a, y, 7.5e307, &[0.25, 0.0, 0.0, 0.0]);
    check("rmse", &RmseLoss, a, y, 1.5e308, &[0.5, 0.0, 0.0, 0.0]);
    check("rmse", &RmseLoss, &[1e155; 9], &[0.0; 9], 1e155, &[1.0 / 9.0; 9]);
    check("rmse", &RmseLoss, &[3e-170; 9], &[0.0; 9], 3e-170, &[1.0 / 9.0; 9]);
}

#[test]
fn constants_of_any_size() {
    let huber = |delta| HuberLoss::new(HuberConfig { delta, reduction: MEAN }).unwrap();
    check("δ 1e-10", &huber(1e-10), &[1.5e308], &[-1.5e308], 3e298, &[1e-10]);
    check("δ 1e308", &huber(1e308), &[1e150], &[0.0], 5e299, &[1e150]);
    // δ (d − ½ δ) = 1e200·(2e100 − …): negative and beyond f64, but not the piece that counts.
    check("δ 1e200", &huber(1e200), &[2e100], &[0.0], 2e200, &[2e100]);
    check("δ 5e-324", &huber(5e-324), &[1.0], &[0.0], 5e-324, &[5e-324]);
    let smooth = |beta| SmoothL1Loss::new(SmoothL1Config { beta, reduction: MEAN }).unwrap();
    check("β 1e-300", &smooth(1e-300), &[1.5e308, 0.0], &[-1.5e308, 0.0], 1.5e308, &[0.5, 0.0]);
    check("β 1e300", &smooth(1e300), &[1e299], &[0.0], 0.5e298, &[0.1]);
    // In f32 they keep their value, because all of it is computed in f64; a result below 1.4e-45,
    // the smallest f32, is 0.
    let mut da = array![[7.0_f32]];
    let loss = huber(1e-50).backward(&array![[1.0_f32]], &array![[0.0]], &mut da).unwrap();
    assert_eq!((loss, da[[0, 0]]), (0.0, 0.0));
    let loss = huber(1e-50).forward(&array![[3e38_f32]], &array![[0.0]]).unwrap();
    assert_eq!(loss, 3e-12);
    let loss = huber(1e300).backward(&array![[2.0_f32]], &array![[0.0]], &mut da).unwrap();
    assert_eq!((loss, da[[0, 0]]), (2.0, 2.0));
    let loss = smooth(1e-50).backward(&array![[0.5_f32]], &array![[0.0]], &mut da).unwrap();
    assert_eq!((loss, da[[0, 0]]), (0.5, 1.0));
}

// Only the ratio of sample weights counts in a mean.
#[test]
fn sample_weights_of_any_size() {
    let weighted = |reduction, a: &[f64], weights: &[f64]| {
        let a = Array2::from_shape_fn((a.len(), 1), |(n, _)| a[n]);
        let (y, mut da) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
        let loss = SampleWeighted(MseLoss { reduction });
        (loss.backward(&a, (&y, weights), &mut da).unwrap(), da.into_raw_vec_and_offset().0)
    };
    for size in [1.0, 1e308, 1e-300, 1e-320] {
        let (loss, da) = weighted(MEAN, &[1.0, 2.0, 3.0], &[size; 3]);
        near(loss, 14.0 / 3.0, &format!("weights {size}"));
        (0..3).for_each(|n| near(da[n], 2.0 / 3.0 * (n + 1) as f64, &format!("weights {size}")));
    }
    // (1e-100·1e400 + 1)/(1e-100 + 1)
    let (loss, da) = weighted(MEAN, &[1e200, 1.0], &[1e-100, 1.0]);
    near(loss, 1e300, "a tiny weight of a huge square");
    near(da[0], 2e100, "a tiny weight of a huge square");
    // (1e-200·1e400 + 1e200·1e-200)/1e200; 2·1e-200·1e200/1e200, 2·1e-100
    let (loss, da) = weighted(MEAN, &[1e200, 1e-100], &[1e-200, 1e200]);
    near(loss, 1.0, "weights far apart");
    near(da[0], 2e-200, "weights far apart");
    near(da[1], 2e-100, "weights far apart");
    // 1e-300·1e400; 1e300·1e-340
    near(weighted(SUM, &[1e200], &[1e-300]).0, 1e100, "sum");
    near(weighted(SUM, &[1e-170], &[1e300]).0, 1e-40, "sum");
    let rmse = SampleWeighted(RmseLoss);
    let y = array![[0.0], [0.0]];
    let loss = rmse.forward(&array![[3.0], [4.0]], (&y, &[1e308, 1e308])).unwrap();
    near(loss, 12.5_f64.sqrt(), "rmse");
    let (nll, ce) =
        (SampleWeighted(NllLoss::default()), SampleWeighted(CrossEntropyLoss::default()));
    let mut da = Array2::zeros((2, 2));
    for size in [1e308, 1e-320] {
        let a = array![[-1.0, -5.0], [-2.0, -5.0]];
        let loss = nll.backward(&a, (Labels::Classes(&[0, 0]), &[size; 2]), &mut da).unwrap();
        assert_eq!((loss, da.clone()), (1.5, array![[-0.5, 0.0], [-0.5, 0.0]]));
        let a = Array2::zeros((2, 2));
        let loss = ce.backward(&a, (Targets::Classes(&[0, 1]), &[size; 2]), &mut da).unwrap();
        near(loss, 2.0_f64.ln(), "cross-entropy");
        assert_eq!(da, array![[-0.25, 0.25], [0.25, -0.25]]);
    }
}

// Logits ±1e308: the wrong answer of one row costs 2e308, a quarter of it is representable.
#[test]
fn logits_at_the_end_of_the_type() {
    let mut a = Array2::zeros((4, 2));
    (a[[0, 0]], a[[0, 1]]) = (1e308, -1e308);
    for n in 1..4 {
        a[[n, 0]] = 1e308;
    }
    let labels = [1, 0, 0, 0];
    let mut gradient = Array2::zeros((4, 2));
    (gradient[[0, 0]], gradient[[0, 1]]) = (0.25, -0.25);
    let mut da = Array2::zeros((4, 2));
    let mut one_hot = Array2::zeros((4, 2));
    labels.iter().enumerate().for_each(|(n, &c)| one_hot[[n, c]] = 1.0);
    let ce = CrossEntropyLoss::default();
    for y in [Targets::Classes(&labels), Targets::Rows(&one_hot)] {
        near(ce.backward(&a, y, &mut da).unwrap(), 5e307, "cross-entropy");
        assert_eq!(da, gradient);
    }
    // ε/2 of each row for the other class: ℓ = (1 − ε/2)·2e308, then ε/2·1e308 three times.
    let config = CrossEntropyConfig { label_smoothing: 0.25, ..Default::default() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    let loss = ce.backward(&a, Targets::Classes(&labels), &mut da).unwrap();
    near(loss, (0.875 * 0.5 + 3.0 * 0.125 * 0.25) * 1e308, "smoothing");
    assert_eq!(da.row(0), array![0.875 / 4.0, -0.875 / 4.0]);

    let bce = BceWithLogitsLoss::default();
    let yes = [1.0; 4];
    check("bce", &bce, &[-1e308; 4], &yes, 1e308, &[-0.25; 4]);
    let mut da = Array2::zeros((4, 1));
    let a = Array2::from_elem((4, 1), -1e308);
    let nll = NllLoss::default().backward(&a, Labels::Classes(&[0; 4]), &mut da).unwrap();
    assert_eq!((nll, da), (1e308, Array2::from_elem((4, 1), -0.25)));
}

#[test]
fn class_weights_of_any_size() {
    fn ratio<F: tensor_core::Float>(size: f64) {
        let class_weights = Some(vec![size, size]);
        let nll = NllConfig { class_weights: class_weights.clone(), ..Default::default() };
        let (a, mut da) = (Array2::<F>::zeros((2, 2)), Array2::zeros((2, 2)));
        let (half, quarter) = (F::of(0.5), F::of(0.25));
        NllLoss::new(nll).unwrap().backward(&a, Labels::Classes(&[0, 1]), &mut da).unwrap();
        let same = |got: &Array2<F>, want: Array2<F>| {
            let near = |(&g, &w): (&F, &F)| (g - w).abs() <= F::epsilon() * w.abs();
            assert!(got.iter().zip(&want).all(near), "{size}: {got}, expected {want}");
        };
        same(&da, array![[-half, F::zero()], [F::zero(), -half]]);
        for label_smoothing in [0.0, 0.5] {
            let class_weights = class_weights.clone();
            let ce = CrossEntropyConfig { class_weights, label_smoothing, ..Default::default() };
            let ce = CrossEntropyLoss::new(ce).unwrap();
            let loss = ce.backward(&a, Targets::Classes(&[0, 1]), &mut da).unwrap();
            let error = (loss.as_f64() - 2.0_f64.ln()).abs();
            assert!(error <= F::epsilon().as_f64(), "{size}, {label_smoothing}: {loss}");
            let scale = F::of(1.0 - label_smoothing);
            let want = array![[-quarter, quarter], [quarter, -quarter]] * scale;
            same(&da, want);
        }
    }
    for size in [1.0, 1e308, f64::MAX, 1e300, 1e-300, 1e-320, 5e-324] {
        ratio::<f64>(size);
        ratio::<f32>(size);
    }
    // w y softplus(−z) = 1e300·1e100; with a sample weight of 1e-200 it is 1e200.
    let pos_weight = Some(vec![1e300]);
    let config = BceWithLogitsConfig { pos_weight, reduction: SUM };
    let bce = SampleWeighted(BceWithLogitsLoss::new(config).unwrap());
    let mut da = Array2::zeros((1, 1));
    let loss = bce.backward(&array![[-1e100]], (&array![[1.0]], &[1e-200]), &mut da).unwrap();
    near(loss, 1e200, "pos_weight");
    near(da[[0, 0]], -1e100, "pos_weight");
}

#[test]
fn single_samples() {
    let (a, y) = (array![[1.5e308, 1e200]], array![[-1.5e308, 0.0]]);
    let (mut each, mut da) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
    MseLoss::default().backward_each(&a, &y, &array![[0.25, 1e-100]], &mut da).unwrap();
    assert_eq!(da, array![[1.5e308, 2e200 * 1e-100]]);
    let huber = HuberLoss::new(HuberConfig { delta: 0.25, reduction: MEAN }).unwrap();
    huber.forward_each(&a, &y, &mut each).unwrap();
    assert_eq!(each, array![[7.5e307, 0.25e200]]);
}

/// Where nothing is out of range, wide numbers are not asked: a loss of its own that has none of
/// them gives the same bits. Infinite predictions go through the formula.
#[test]
fn infinite_predictions_go_through_the_formula() {
    let inf = f64::INFINITY;
    check("mse", &MseLoss { reduction: MEAN }, &[inf, 1.0], &[0.0; 2], inf, &[inf, 1.0]);
    check("mae", &MaeLoss { reduction: MEAN }, &[-inf, 1.0], &[0.0; 2], inf, &[-0.5, 0.5]);
    check("huber", &HuberLoss::default(), &[inf, 0.5], &[0.0; 2], inf, &[0.5, 0.25]);
    let mut da = Array2::zeros((1, 1));
    let loss = MaeLoss::default().backward(&array![[inf]], &array![[inf]], &mut da).unwrap();
    assert!(loss.is_nan() && da[[0, 0]].is_nan(), "∞ − ∞");
}
