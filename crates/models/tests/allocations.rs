//! A warm training step and `infer_into` allocate nothing of ours.
//!
//! On one thread nothing at all. On more the thread pool boxes each piece of work that it hands to
//! another thread: on two threads one allocation for each large product, which the tests count.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use allocation_counter::measure;
use layers::Mode;
use losses::{CrossEntropyLoss, Loss, MseLoss, Targets};
use models::{Mlp, Mlp4};
use ndarray::Array2;
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float};

/// What `work` allocates on the calling thread of a pool with that many threads, once it is warm.
fn allocations(threads: usize, work: impl FnMut() -> Result<(), Error> + Send) -> u64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut work = work;
    pool.install(move || {
        work().unwrap();
        measure(|| work().unwrap()).count_total
    })
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
        model.backward(&mut ws)?;
        optimizer.step(&mut model, &mut ws)
    };
    assert_eq!(allocations(1, &mut step), 0);
    assert_eq!(allocations(2, &mut step), 0, "too small for two threads");
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
        model.backward(&mut ws)?;
        optimizer.step(&mut model, &mut ws)
    };
    assert_eq!(allocations(1, &mut step), 0);
    // Three products forward, three for weights, two for inputs.
    assert!(allocations(2, &mut step) <= 8);

    let (mut logits, mut scratch) = (Array2::zeros((32, 10)), model.scratch(32)?);
    let mut infer = || model.infer_into(&x, &mut logits, &mut scratch);
    assert_eq!(allocations(1, &mut infer), 0);
    assert!(allocations(2, &mut infer) <= 3);
    Ok(())
}
