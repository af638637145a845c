//! A warm training step and `infer_into` allocate nothing of ours.
//!
//! The one exception is the packing buffer inside the matrix-product library: one allocation for each product. The tests
//! count products, so that any other allocation shows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use allocation_counter::measure;
use layers::Mode;
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Mlp4};
use ndarray::Array2;
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float};

/// Packing buffers in a pass: `n_linear` products forward, two a Linear layer backward but for the first layer's input.
fn packing_buffers(n_linear: u64) -> (u64, u64) {
    (n_linear, n_linear + 2 * n_linear - 1)
}

fn sgd<F: Float>() -> Result<Sgd<F>, Error> {
    Sgd::new(SgdConfig { lr: 0.01, momentum: 0.9, ..SgdConfig::default() })
}

#[test]
fn mlp4_step() -> Result<(), Error> {
    let mut model = Mlp4::<f32>::new(0)?;
    let (x, y) = (Array2::from_elem((4, 2), 0.5), Array2::from_elem((4, 2), 1.0));
    let (mut ws, mut optimizer, criterion) = (model.workspace(4)?, sgd()?, MseLoss::default());
    let mut step = || -> Result<(), Error> {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        criterion.backward(&a, &y, &mut da)?;
        model.backward_params(&mut ws)?;
        optimizer.step(&mut model, &mut ws)
    };
    step()?;
    let allocations = measure(|| step().unwrap()).count_total;
    assert_eq!(allocations, packing_buffers(5).1);
    Ok(())
}

#[test]
fn classifier_step_and_inference() -> Result<(), Error> {
    let mut model = Mlp::<f32>::new(&[784, 512, 256, 10]).build()?;
    let x = Array2::from_elem((32, 784), 0.1);
    let labels = [3; 32];
    let (mut ws, mut optimizer, criterion) =
        (model.workspace(32)?, sgd()?, CrossEntropyLoss::default());
    let mut step = || -> Result<(), Error> {
        model.forward(&x, &mut ws, Mode::Train)?;
        let (a, mut da) = ws.output_and_gradient()?;
        criterion.backward(&a, Targets::Classes(&labels), &mut da)?;
        model.backward_params(&mut ws)?;
        optimizer.step(&mut model, &mut ws)
    };
    step()?;
    assert_eq!(measure(|| step().unwrap()).count_total, packing_buffers(3).1);

    let (mut logits, mut scratch) = (Array2::zeros((32, 10)), model.scratch(32)?);
    let allocations =
        measure(|| model.infer_into(&x, &mut logits, &mut scratch).unwrap()).count_total;
    assert_eq!(allocations, packing_buffers(3).0);
    Ok(())
}
