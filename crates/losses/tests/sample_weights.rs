//! Sample weights, for every loss: a weight of k has the effect of k copies of the row.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, CrossEntropyConfig, CrossEntropyLoss,
    HuberLoss, Labels, Loss, MaeLoss, MseLoss, NllConfig, NllLoss, Reduction, RmseLoss,
    SampleWeighted, SampleWeightedLoss, SmoothL1Loss, Targets,
};
use ndarray::{Array2, Axis};
use tensor_core::Rng;

const COLUMNS: usize = 3;
const WEIGHTS: [f64; 5] = [2.0, 0.0, 1.0, 3.0, 1.0];

/// The row of the batch that each of the copies comes from.
fn copies() -> Vec<usize> {
    (0..WEIGHTS.len()).flat_map(|n| vec![n; WEIGHTS[n] as usize]).collect()
}

fn check<L: SampleWeightedLoss<f64>>(
    name: &str,
    loss: &L,
    a: &Array2<f64>,
    y: L::Target<'_>,
    repeated: L::Target<'_>,
) where
    for<'a> L::Target<'a>: Copy,
{
    let mut da = Array2::from_elem(a.dim(), f64::NAN);
    let got = loss.sample_weighted(a, y, &WEIGHTS, Some(&mut da)).unwrap();
    assert_eq!(got, loss.sample_weighted(a, y, &WEIGHTS, None).unwrap(), "{name}");

    let rows = copies();
    let many = a.select(Axis(0), &rows);
    let mut d_many = Array2::zeros(many.dim());
    let want = loss.backward(&many, repeated, &mut d_many).unwrap();
    assert!((got - want).abs() <= 1e-14 * want.abs(), "{name}: {got:e}, expected {want:e}");
    // The sum of the gradients of a row's copies.
    let mut expected = Array2::<f64>::zeros(a.dim());
    for (copy, &n) in rows.iter().enumerate() {
        expected.row_mut(n).scaled_add(1.0, &d_many.row(copy));
    }
    for ((index, &got), &want) in da.indexed_iter().zip(&expected) {
        let bound = 1e-14 * want.abs();
        assert!((got - want).abs() <= bound, "{name} {index:?}: {got:e}, expected {want:e}");
    }
}

#[test]
fn a_sample_weight_is_a_number_of_copies() {
    let mut rng = Rng::new(8);
    let shape = (WEIGHTS.len(), COLUMNS);
    let a = Array2::from_shape_simple_fn(shape, || rng.normal());
    let y = Array2::from_shape_simple_fn(shape, || rng.uniform());
    let p = Array2::from_shape_simple_fn(shape, || rng.uniform());
    let y_many = y.select(Axis(0), &copies());
    let labels = [0, 2, 1, 9, 2];
    let labels_many: Vec<usize> = copies().into_iter().map(|n| labels[n]).collect();
    for reduction in [Reduction::Mean, Reduction::Sum] {
        check("mse", &MseLoss { reduction }, &a, &y, &y_many);
        check("mae", &MaeLoss { reduction }, &a, &y, &y_many);
        check("bce", &BceLoss { reduction }, &p, &y, &y_many);
        let pos_weight = Some(vec![0.5, 1.0, 4.0]);
        let bce = BceWithLogitsLoss::new(BceWithLogitsConfig { pos_weight, reduction }).unwrap();
        check("bce-with-logits", &bce, &a, &y, &y_many);
        let class_weights = Some(vec![0.5, 1.0, 4.0]);
        let nll =
            NllConfig { class_weights: class_weights.clone(), ignore_index: Some(9), reduction };
        let (y_nll, y_nll_many) = (Labels::Classes(&labels), Labels::Classes(&labels_many));
        check("nll", &NllLoss::new(nll).unwrap(), &a, y_nll, y_nll_many);
        let config = CrossEntropyConfig {
            class_weights,
            label_smoothing: 0.2,
            reduction,
            ..Default::default()
        };
        let ce = CrossEntropyLoss::new(config.clone()).unwrap();
        check("cross-entropy", &ce, &a, Targets::Rows(&y), Targets::Rows(&y_many));
        let config = CrossEntropyConfig { ignore_index: Some(9), ..config };
        let ce = CrossEntropyLoss::new(config).unwrap();
        check("cross-entropy", &ce, &a, Targets::Classes(&labels), Targets::Classes(&labels_many));
    }
    check("huber", &HuberLoss::default(), &a, &y, &y_many);
    check("smooth-l1", &SmoothL1Loss::default(), &a, &y, &y_many);
    check("rmse", &RmseLoss, &a, &y, &y_many);
}

#[test]
fn a_row_of_weight_zero_may_hold_anything() {
    let mut a = Array2::from_elem((5, COLUMNS), 0.25);
    let y = Array2::from_elem((5, COLUMNS), 0.5);
    let mut da = a.clone();
    let rmse = |a: &Array2<f64>, da: &mut Array2<f64>| {
        SampleWeighted(RmseLoss).backward(a, (&y, &WEIGHTS), da).unwrap()
    };
    let ce = |a: &Array2<f64>, da: &mut Array2<f64>| {
        let y = (Targets::Rows(&y), &WEIGHTS[..]);
        SampleWeighted(CrossEntropyLoss::default()).backward(a, y, da).unwrap()
    };
    let clean = (rmse(&a, &mut da), ce(&a, &mut da));
    a.row_mut(1).fill(f64::NAN);
    assert_eq!((rmse(&a, &mut da), ce(&a, &mut da)), clean);
    assert!(da.row(1).iter().all(|g| *g == 0.0) && da.iter().all(|g| g.is_finite()));
}
