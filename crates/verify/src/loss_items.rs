//! The losses, each with every reduction and kind of target.

use gradcheck::Domain;
use losses::{CrossEntropyLoss, Loss, MseLoss, Reduction, Targets};

use crate::items::{Item, Kind, ONE_MODE};
use crate::{Draw, LossSubject};

/// A row of the table from an expression that draws predictions and returns `(predictions, domain, backward)`, written once
/// for both types.
macro_rules! loss {
    ($name:literal, |$draw:ident, $F:ident| $make:expr) => {{
        fn make<$F: tensor_core::Float>($draw: &mut Draw) -> Option<Box<dyn gradcheck::Checkable>> {
            let (a, domain, backward) = $make;
            Some(Box::new(LossSubject::<$F, _>::new(&a, domain, backward)))
        }
        Item {
            name: $name,
            kind: Kind::Loss,
            modes: ONE_MODE,
            single: Box::new(|draw, _| make::<f32>(draw)),
            double: Box::new(|draw, _| make::<f64>(draw)),
        }
    }};
}

/// Rows of non-negative weights that do not sum to 1.
fn target_rows<F: tensor_core::Float>(draw: &mut Draw, n: usize, c: usize) -> ndarray::Array2<F> {
    draw.probabilities(n, c)
}

macro_rules! mse {
    ($name:literal, $reduction:expr) => {
        loss!($name, |draw, F| {
            let (n, c) = (draw.length(), draw.length());
            let (a, y) = (draw.matrix::<F>(n, c), draw.matrix::<F>(n, c));
            let loss = MseLoss { reduction: $reduction };
            (a, Domain::REAL, move |a: &_, da: &mut _| loss.backward(a, &y, da))
        })
    };
}

macro_rules! cross_entropy_classes {
    ($name:literal, $reduction:expr) => {
        loss!($name, |draw, F| {
            let (n, c) = (draw.length(), draw.length_from(2));
            let (a, y) = (draw.matrix::<F>(n, c), draw.labels(n, c));
            let loss = CrossEntropyLoss { reduction: $reduction };
            (a, Domain::REAL, move |a: &_, da: &mut _| loss.backward(a, Targets::Classes(&y), da))
        })
    };
}

macro_rules! cross_entropy_rows {
    ($name:literal, $reduction:expr) => {
        loss!($name, |draw, F| {
            let (n, c) = (draw.length(), draw.length_from(2));
            let (a, y) = (draw.matrix::<F>(n, c), target_rows::<F>(draw, n, c));
            let loss = CrossEntropyLoss { reduction: $reduction };
            (a, Domain::REAL, move |a: &_, da: &mut _| loss.backward(a, Targets::Rows(&y), da))
        })
    };
}

pub(crate) fn items() -> Vec<Item> {
    vec![
        mse!("MseLoss(mean)", Reduction::Mean),
        mse!("MseLoss(sum)", Reduction::Sum),
        cross_entropy_classes!("CrossEntropyLoss(classes, mean)", Reduction::Mean),
        cross_entropy_classes!("CrossEntropyLoss(classes, sum)", Reduction::Sum),
        cross_entropy_rows!("CrossEntropyLoss(rows, mean)", Reduction::Mean),
        cross_entropy_rows!("CrossEntropyLoss(rows, sum)", Reduction::Sum),
    ]
}
