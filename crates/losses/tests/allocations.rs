//! No loss touches the heap, not even the first time.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, BinaryFocalLoss, CrossEntropyConfig,
    CrossEntropyLoss, EachLoss, FocalLoss, HingeLoss, HuberLoss, KlDivLoss, Labels, Loss, MaeLoss,
    MseLoss, NllLoss, PoissonNllLoss, RmseLoss, SampleWeightedLoss, SmoothL1Loss, Targets,
};
use ndarray::{Array, Array2, ArrayRef2, Dimension};

const SHAPE: (usize, usize) = (33, 17);

/// Heap allocations of every call of a loss.
fn allocations<L>(loss: L, a: &ArrayRef2<f32>, y: L::Target<'_>) -> u64
where
    L: EachLoss<f32> + SampleWeightedLoss<f32>,
    for<'a> L::Target<'a>: Copy,
{
    let mut da = Array2::zeros(SHAPE);
    let n_dim = L::Samples::NDIM.unwrap();
    let mut shape = L::Samples::zeros(n_dim);
    for (axis, n) in [SHAPE.0, SHAPE.1].into_iter().take(n_dim).enumerate() {
        shape[axis] = n;
    }
    let mut each = Array::zeros(shape);
    let weights = [0.5; SHAPE.0];
    let info = allocation_counter::measure(|| {
        loss.forward(a, y).unwrap();
        loss.backward(a, y, &mut da).unwrap();
        loss.forward_each(a, y, &mut each).unwrap();
        loss.backward_each(a, y, &each, &mut da).unwrap();
        loss.sample_weighted(a, y, &weights, Some(&mut da)).unwrap();
    });
    info.count_total
}

#[test]
fn no_loss_allocates() {
    let a = Array2::from_elem(SHAPE, 0.25);
    let y = Array2::from_elem(SHAPE, 0.5);
    let labels = [3; SHAPE.0];
    let weighted =
        BceWithLogitsConfig { pos_weight: Some(vec![2.0; SHAPE.1]), ..Default::default() };
    let smoothed = CrossEntropyLoss::new(CrossEntropyConfig {
        class_weights: Some(vec![2.0; SHAPE.1]),
        label_smoothing: 0.1,
        ..Default::default()
    })
    .unwrap();
    let counts = [
        ("mse", allocations(MseLoss::default(), &a, &y)),
        ("mae", allocations(MaeLoss::default(), &a, &y)),
        ("huber", allocations(HuberLoss::default(), &a, &y)),
        ("smooth-l1", allocations(SmoothL1Loss::default(), &a, &y)),
        ("bce", allocations(BceLoss::default(), &a, &y)),
        ("bce-with-logits", allocations(BceWithLogitsLoss::new(weighted).unwrap(), &a, &y)),
        ("hinge", allocations(HingeLoss::default(), &a, &Array2::ones(SHAPE))),
        ("binary focal", allocations(BinaryFocalLoss::default(), &a, &y)),
        ("kl-div", allocations(KlDivLoss::default(), &a, &y)),
        ("poisson-nll", allocations(PoissonNllLoss::default(), &a, &y)),
        ("focal", allocations(FocalLoss::default(), &a, Labels::Classes(&labels))),
        ("nll", allocations(NllLoss::default(), &a, Labels::Classes(&labels))),
        ("nll, signed", allocations(NllLoss::default(), &a, Labels::Signed(&[3; SHAPE.0]))),
        ("cross-entropy, rows", allocations(smoothed.clone(), &a, Targets::Rows(&y))),
        ("cross-entropy, classes", allocations(smoothed.clone(), &a, Targets::Classes(&labels))),
        ("cross-entropy, signed", allocations(smoothed, &a, Targets::Signed32(&[3; SHAPE.0]))),
    ];
    for (loss, count) in counts {
        assert_eq!(count, 0, "{loss}");
    }
    let mut da = Array2::zeros(SHAPE);
    let rmse = allocation_counter::measure(|| {
        RmseLoss.backward(&a, &y, &mut da).unwrap();
    });
    assert_eq!(rmse.count_total, 0, "rmse");
    assert!(allocation_counter::measure(|| drop(a.clone())).count_total > 0, "the counter counts");
}
