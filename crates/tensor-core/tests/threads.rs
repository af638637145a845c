//! The number of threads changes no bit.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ndarray::{Array1, Array2};
use rayon::ThreadPoolBuilder;
use tensor_core::{Float, Rng, gemm, gemm_row};

fn random<F: Float>(rng: &mut Rng, rows: usize, cols: usize) -> Array2<F> {
    Array2::from_shape_simple_fn((rows, cols), || F::of(rng.normal()))
}

/// Every kind of product of a Linear layer: `X Wᵀ + b`, `dY W`, `dYᵀ X`.
fn products<F: Float>(batch: usize, inputs: usize, outputs: usize) -> [Array2<F>; 3] {
    let mut rng = Rng::new(7);
    let x = random::<F>(&mut rng, batch, inputs);
    let w = random::<F>(&mut rng, outputs, inputs);
    let dy = random::<F>(&mut rng, batch, outputs);
    let b = Array1::from_shape_simple_fn(outputs, || F::of(rng.normal()));
    let mut y = Array2::zeros((batch, outputs));
    let (mut dx, mut dw) = (Array2::zeros((batch, inputs)), Array2::zeros((outputs, inputs)));
    gemm_row(&x, &w.t(), &b, &mut y);
    gemm(F::one(), &dy, &w, F::zero(), &mut dx);
    gemm(F::one(), &dy.t(), &x, F::zero(), &mut dw);
    [y, dx, dw]
}

fn same_bits<F: Float>() {
    // Few rows, few columns, more rows than columns and the reverse, all large enough to be cut.
    for (batch, inputs, outputs) in
        [(1, 1500, 1100), (3, 700, 900), (300, 513, 10), (130, 257, 301), (400, 300, 70)]
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
