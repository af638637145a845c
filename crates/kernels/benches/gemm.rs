//! The three matrix products of a linear layer, `Y = X Wᵀ + b`: that of the forward pass, and those
//! of the two gradients.
//!
//! Shapes are `batch×in→out`: those of the compared workloads, then widths from 64 to 4096 with
//! batches from 1 to 1024. `sizes` covers that range closer, with one number for the three of them.

#[path = "support/data.rs"]
mod data;
#[path = "support/suite.rs"]
mod suite;
#[path = "../../../xtask/bench/src/workloads.rs"]
#[expect(dead_code, reason = "the shapes are all that matters here")]
mod workloads;

use criterion::Criterion;
use data::uniform;
use kernels::{gemm, gemm_row};
use ndarray::{Array1, Array2};
use suite::{Item, measure};

/// Widths of the square layers.
const WIDTHS: [usize; 4] = [64, 256, 1024, 4096];
/// Batches that go through each of them.
const BATCHES: [usize; 3] = [1, 32, 1024];

fn main() {
    let mut criterion = suite::criterion();
    for shape in shapes() {
        shape.measure(&mut criterion);
    }
    criterion.final_summary();
}

/// A linear layer and the rows that go through it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    batch: usize,
    n_in: usize,
    n_out: usize,
    /// Which of the two gradients are wanted: that of the input, those of the parameters.
    gradients: [bool; 2],
}

/// Every shape once.
fn shapes() -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    for workload in &workloads::WORKLOADS {
        let trains = workload.loss != "none";
        for (i, pair) in workload.widths.windows(2).enumerate() {
            let gradients = [trains && i > 0, trains];
            let shape = Shape { batch: workload.batch, n_in: pair[0], n_out: pair[1], gradients };
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
    }
    for width in WIDTHS {
        for batch in BATCHES {
            shapes.push(Shape { batch, n_in: width, n_out: width, gradients: [true; 2] });
        }
    }
    shapes
}

/// `X (N, C_in)`, `W (C_out, C_in)`, `b (C_out)`, `Y (N, C_out)`; gradients overwrite `x` and `dw`.
struct Matrices {
    x: Array2<f32>,
    w: Array2<f32>,
    b: Array1<f32>,
    y: Array2<f32>,
    dx: Array2<f32>,
    dw: Array2<f32>,
}

impl Shape {
    fn matrices(self) -> Matrices {
        let Self { batch, n_in, n_out, .. } = self;
        Matrices {
            x: Array2::from_shape_simple_fn((batch, n_in), uniform(1)),
            w: Array2::from_shape_simple_fn((n_out, n_in), uniform(2)),
            b: Array1::from_shape_simple_fn(n_out, uniform(3)),
            y: Array2::from_shape_simple_fn((batch, n_out), uniform(4)),
            dx: Array2::zeros((batch, n_in)),
            dw: Array2::zeros((n_out, n_in)),
        }
    }

    fn item(self, product: &str) -> Item {
        let Self { batch, n_in, n_out, .. } = self;
        let scalars = batch * n_in + n_in * n_out + batch * n_out;
        Item {
            group: format!("product {product}"),
            name: format!("{batch}×{n_in}→{n_out}"),
            flop: 2 * (batch * n_in * n_out) as u64,
            bytes: (size_of::<f32>() * scalars) as u64,
        }
    }

    fn measure(self, criterion: &mut Criterion) {
        let [input, parameters] = self.gradients;
        measure(
            criterion,
            self.item("X·Wᵀ+b"),
            || self.matrices(),
            |m| gemm_row(&m.x, &m.w.t(), &m.b, &mut m.y),
        );
        if input {
            measure(
                criterion,
                self.item("dY·W"),
                || self.matrices(),
                |m| gemm(1.0, &m.y, &m.w, 0.0, &mut m.dx),
            );
        }
        if parameters {
            measure(
                criterion,
                self.item("dYᵀ·X"),
                || self.matrices(),
                |m| gemm(1.0, &m.y.t(), &m.x, 0.0, &mut m.dw),
            );
        }
    }
}
