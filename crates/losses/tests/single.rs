//! Every loss in `f32` against itself in `f64`, on the same numbers.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceLoss, BceWithLogitsLoss, BinaryFocalLoss, CrossEntropyConfig, CrossEntropyLoss, HingeLoss,
    HuberLoss, KlDivLoss, Labels, Loss, MaeLoss, MseLoss, NllLoss, PoissonNllLoss, RmseLoss,
    SmoothL1Loss, Targets,
};
use ndarray::Array2;
use tensor_core::Rng;

/// What `f32` may be off by, in units of its ε and of the largest gradient, or of the loss.
///
/// Each element is made of at most ten roundings of ½ε; an exponential makes the rounding of its
/// argument, here at most `2 max |a|`, as many times larger again.
fn factor(a: &Array2<f64>) -> f64 {
    5.0 + 2.0 * a.iter().fold(0.0, |max, a| a.abs().max(max))
}

fn compare(
    name: &str,
    a: &Array2<f64>,
    (single, d_single): (f32, Array2<f32>),
    (double, d_double): (f64, Array2<f64>),
) {
    let unit = factor(a) * f64::from(f32::EPSILON);
    let error = (f64::from(single) - double).abs();
    assert!(error <= unit * double.abs(), "{name}: {single:e}, expected {double:e}");
    let largest = d_double.iter().fold(0.0_f64, |max, g| g.abs().max(max));
    for ((index, &got), &want) in d_single.indexed_iter().zip(&d_double) {
        let error = (f64::from(got) - want).abs();
        assert!(error <= unit * largest, "{name} {index:?}: {got:e}, expected {want:e}");
    }
}

fn on_arrays<L>(name: &str, loss: &L, a: &Array2<f64>, y: &Array2<f64>)
where
    L: for<'a> Loss<f32, Target<'a> = &'a ndarray::ArrayRef2<f32>>,
    L: for<'a> Loss<f64, Target<'a> = &'a ndarray::ArrayRef2<f64>>,
{
    let mut single = Array2::zeros(a.dim());
    let mut double = Array2::zeros(a.dim());
    let l32 = loss.backward(&a.mapv(|v| v as f32), &y.mapv(|v| v as f32), &mut single).unwrap();
    let l64 = loss.backward(a, y, &mut double).unwrap();
    compare(name, a, (l32, single), (l64, double));
}

#[test]
fn every_loss_in_single_precision() {
    let mut rng = Rng::new(32);
    for shape in [(1, 1), (3, 5), (64, 10), (200, 33)] {
        // Numbers that both types hold.
        let mut draw = |f: &dyn Fn(&mut Rng) -> f64| {
            Array2::from_shape_simple_fn(shape, || f64::from(f(&mut rng) as f32))
        };
        let a = draw(&|rng| 3.0 * rng.normal());
        let y = draw(&|rng| rng.uniform());
        let p = draw(&|rng| 0.01 + 0.98 * rng.uniform());
        let far = draw(&|rng| 100.0 * rng.normal());
        on_arrays("mse", &MseLoss::default(), &a, &y);
        on_arrays("mae", &MaeLoss::default(), &a, &y);
        on_arrays("rmse", &RmseLoss, &a, &y);
        on_arrays("huber", &HuberLoss::default(), &a, &y);
        on_arrays("smooth-l1", &SmoothL1Loss::default(), &a, &y);
        on_arrays("bce", &BceLoss::default(), &p, &y);
        on_arrays("bce-with-logits", &BceWithLogitsLoss::default(), &a, &y);
        on_arrays("bce-with-logits", &BceWithLogitsLoss::default(), &far, &y);

        on_arrays("binary focal", &BinaryFocalLoss::default(), &a, &y);
        on_arrays("kl-div", &KlDivLoss::default(), &a, &y);
        on_arrays("poisson-nll", &PoissonNllLoss::default(), &a, &y);
        on_arrays("hinge", &HingeLoss::default(), &a, &y.mapv(|y| (y - 0.5).signum()));

        let labels: Vec<usize> = (0..shape.0).map(|n| n * 7 % shape.1).collect();
        let (mut single, mut double) = (Array2::zeros(shape), Array2::zeros(shape));
        for a in [&a, &far] {
            let a32 = a.mapv(|v| v as f32);
            let l32 =
                NllLoss::default().backward(&a32, Labels::Classes(&labels), &mut single).unwrap();
            let l64 =
                NllLoss::default().backward(a, Labels::Classes(&labels), &mut double).unwrap();
            // The terms of this loss have both signs.
            let size = a.iter().map(|v| v.abs()).sum::<f64>() / shape.0 as f64;
            let error = (f64::from(l32) - l64).abs();
            assert!(error <= 5.0 * f64::from(f32::EPSILON) * size, "nll: {l32:e}, {l64:e}");
            for label_smoothing in [0.0, 0.1] {
                let config = CrossEntropyConfig { label_smoothing, ..Default::default() };
                let ce = CrossEntropyLoss::new(config).unwrap();
                let y = Targets::Classes(&labels);
                let l32 = ce.backward(&a32, y, &mut single).unwrap();
                let l64 = ce.backward(a, Targets::Classes(&labels), &mut double).unwrap();
                let name = format!("cross-entropy, smoothing {label_smoothing}");
                compare(&name, a, (l32, single.clone()), (l64, double.clone()));
            }
        }
    }
}
