//! The number of threads changes no bit.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

#[path = "../benches/support/data.rs"]
mod data;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use data::uniform;
use kernels::{Float, gemm, gemm_row, parallel};
use ndarray::{Array1, Array2};
use rayon::ThreadPoolBuilder;

fn random<F: Float>(numbers: &mut impl FnMut() -> f32, rows: usize, cols: usize) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, cols), || F::of(numbers().into()))
}

/// Every kind of product of a Linear layer: `X Wᵀ + b`, `dY W`, `dYᵀ X`.
fn products<F: Float>(batch: usize, inputs: usize, outputs: usize) -> [Array2<F>; 3] {
    let mut numbers = uniform(7);
    let x = random::<F>(&mut numbers, batch, inputs);
    let w = random::<F>(&mut numbers, outputs, inputs);
    let dy = random::<F>(&mut numbers, batch, outputs);
    let b = Array1::from_shape_simple_fn(outputs, || F::of(numbers().into()));
    let mut y = Array2::zeros((batch, outputs));
    let (mut dx, mut dw) = (Array2::zeros((batch, inputs)), Array2::zeros((outputs, inputs)));
    gemm_row(&x, &w.t(), &b, &mut y);
    gemm(F::one(), &dy, &w, F::zero(), &mut dx);
    gemm(F::one(), &dy.t(), &x, F::zero(), &mut dw);
    [y, dx, dw]
}

fn same_bits<F: Float>() {
    // Few rows, few columns, more rows than columns and the reverse, all large enough to be cut
    // even where every other thread sleeps.
    for (batch, inputs, outputs) in
        [(1, 1500, 1500), (3, 700, 1100), (300, 2900, 10), (130, 257, 301), (400, 300, 80)]
    {
        let run = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| products::<F>(batch, inputs, outputs))
        };
        let alone = run(1);
        for threads in [2, 4, 8] {
            assert_eq!(run(threads), alone, "{batch} × {inputs} × {outputs}, {threads} threads");
        }
    }
}

#[test]
fn f32_products() {
    same_bits::<f32>();
}

#[test]
fn f64_products() {
    same_bits::<f64>();
}

// From a thread of the pool and from another one, one product after the other and one within the
// other.
#[test]
fn every_part_runs_once() {
    for threads in [1, 2, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let rounds = || {
            for n in (0..40).chain([1, 0, 2]) {
                let runs = (0..n * n).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
                parallel::for_each(runs.chunks(n.max(1)), |row| {
                    parallel::for_each(row.iter(), |run| {
                        run.fetch_add(1, Ordering::Relaxed);
                    });
                });
                assert!(runs.iter().all(|run| run.load(Ordering::Relaxed) == 1), "{n} parts");
            }
        };
        pool.install(rounds);
        // Two at a time, which wait for each other's parts.
        pool.scope(|scope| (0..2).for_each(|_| scope.spawn(|_| rounds())));
    }
    let runs = AtomicUsize::new(0);
    parallel::for_each(0..5, |_| {
        runs.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(runs.into_inner(), 5, "on the global pool");
}

#[test]
fn a_panic_in_a_part_reaches_the_caller() {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for bad in 0..3 {
        let run = || parallel::for_each(0..3, |part| assert_ne!(part, bad, "part {part}"));
        let caught = catch_unwind(AssertUnwindSafe(|| pool.install(run)));
        assert!(caught.is_err(), "part {bad}");
    }
    pool.install(|| parallel::for_each(0..3, |_| ()));
}
