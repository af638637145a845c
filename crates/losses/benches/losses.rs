//! Every loss at 128×512 in `f32`, and cross-entropy on ten classes, too: `forward`, and
//! `backward`, which a training step calls.
//!
//! The bytes of an item are those that it has to touch: predictions, targets where they are an
//! array, and the gradient. The NLL of classes looks at one prediction a row.

#![expect(clippy::unwrap_used, reason = "a refused call measures nothing")]

#[path = "../../kernels/benches/support/data.rs"]
mod data;
#[path = "../../kernels/benches/support/suite.rs"]
mod suite;

use criterion::Criterion;
use data::uniform;
use losses::{
    BceLoss, BceWithLogitsLoss, BinaryFocalLoss, CrossEntropyLoss, FocalLoss, GaussianNllLoss,
    HingeLoss, HuberLoss, KlDivLoss, Labels, Loss, MaeLoss, MseLoss, NllLoss, PinballConfig,
    PinballLoss, PoissonNllLoss, RmseLoss, SmoothL1Loss, Targets,
};
use ndarray::{Array2, ArrayRef2};
use suite::{Item, measure};

const ROWS: usize = 128;
const CLASSES: usize = 512;

fn main() {
    let mut criterion = suite::criterion();
    let c = &mut criterion;
    let (a, y) = (random((ROWS, CLASSES), 1), random((ROWS, CLASSES), 2));
    let (a, y): (&ArrayRef2<f32>, &ArrayRef2<f32>) = (&a, &y);
    let labels: &[usize] = &classes(ROWS, CLASSES);
    loss(c, "MseLoss", [2, 3], a, y, &MseLoss::default());
    loss(c, "MaeLoss", [2, 3], a, y, &MaeLoss::default());
    loss(c, "RmseLoss", [2, 3], a, y, &RmseLoss);
    loss(c, "HuberLoss", [2, 3], a, y, &HuberLoss::default());
    loss(c, "SmoothL1Loss", [2, 3], a, y, &SmoothL1Loss::default());
    loss(c, "BceLoss", [2, 3], a, y, &BceLoss::default());
    loss(c, "BceWithLogitsLoss", [2, 3], a, y, &BceWithLogitsLoss::default());
    let quantiles = vec![0.25; CLASSES];
    let pinball = PinballLoss::new(PinballConfig { quantiles, ..Default::default() }).unwrap();
    loss(c, "PinballLoss", [2, 3], a, y, &pinball);
    let signs: &ArrayRef2<f32> = &y.mapv(|y| if y < 0.5 { -1.0 } else { 1.0 });
    loss(c, "HingeLoss", [2, 3], a, signs, &HingeLoss::default());
    loss(c, "BinaryFocalLoss", [2, 3], a, y, &BinaryFocalLoss::default());
    loss(c, "KlDivLoss", [2, 3], a, y, &KlDivLoss::default());
    loss(c, "PoissonNllLoss", [2, 3], a, y, &PoissonNllLoss::default());
    let half: &ArrayRef2<f32> = &random((ROWS, CLASSES / 2), 2);
    loss(c, "GaussianNllLoss", [2, 3], a, half, &GaussianNllLoss::default());
    loss(c, "FocalLoss", [1, 2], a, Labels::Classes(labels), &FocalLoss::default());
    loss(c, "NllLoss", [0, 1], a, Labels::Classes(labels), &NllLoss::default());
    let cross_entropy = CrossEntropyLoss::default();
    loss(c, "CrossEntropyLoss, classes,", [1, 2], a, Targets::Classes(labels), &cross_entropy);
    loss(c, "CrossEntropyLoss, rows,", [2, 3], a, Targets::Rows(y), &cross_entropy);
    for rows in [32, 128] {
        let (a, labels) = (random((rows, 10), 3), classes(rows, 10));
        let y = Targets::Classes(&labels);
        loss(c, "CrossEntropyLoss, classes,", [1, 2], &a, y, &cross_entropy);
    }
    criterion.final_summary();
}

/// Probabilities inside (0, 1), which every loss takes.
fn random(shape: (usize, usize), seed: u64) -> Array2<f32> {
    let mut draw = uniform(seed);
    Array2::from_shape_simple_fn(shape, move || 0.5 + 0.45 * draw())
}

fn classes(rows: usize, classes: usize) -> Vec<usize> {
    (0..rows).map(|row| (row * 37) % classes).collect()
}

/// Both calls of a loss, with the number of arrays that each has to touch.
fn loss<'a, L: Loss<f32>>(
    criterion: &mut Criterion,
    name: &str,
    [forward, backward]: [usize; 2],
    a: &ArrayRef2<f32>,
    y: L::Target<'a>,
    loss: &L,
) where
    L::Target<'a>: Copy,
{
    let (rows, columns) = a.dim();
    let array = size_of::<f32>() * a.len();
    let item = |call: &str, n_arrays: usize| Item {
        group: call.into(),
        name: format!("{name} {rows}×{columns}"),
        flop: 0,
        bytes: (array * n_arrays).max(size_of::<f32>() * rows) as u64,
    };
    measure(
        criterion,
        item("forward", forward),
        || (),
        |()| loss.forward(a, y).map(std::hint::black_box).map(drop).unwrap(),
    );
    measure(
        criterion,
        item("backward", backward),
        || Array2::zeros(a.dim()),
        |da| loss.backward(a, y, da).map(drop).unwrap(),
    );
}
