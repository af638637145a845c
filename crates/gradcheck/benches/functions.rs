//! What it costs to check a small function: every element by itself, or all of them along a few
//! directions.
//!
//! An item's throughput is elements of the input a second.

use criterion::{BatchSize, Criterion, Throughput};
use gradcheck::{Config, Mode, Tensor, check_vjp};
use ndarray::{Array2, ArrayD};

#[path = "../../kernels/benches/support/suite.rs"]
#[expect(dead_code, reason = "an item of the other benches has operations and bytes")]
mod suite;

/// `(4, 8)`: 32 elements.
const SHAPE: (usize, usize) = (4, 8);

fn main() {
    let mut criterion = suite::criterion();
    check(&mut criterion, "every element", Mode::Exhaustive);
    check(&mut criterion, "3 directions", Mode::Directional);
    criterion.final_summary();
}

/// SiLU, `y = x σ(x)`.
fn check(criterion: &mut Criterion, how: &str, mode: Mode) {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let forward = move |t: &[ArrayD<f64>]| vec![t[0].mapv(|x| x * sigmoid(x))];
    let backward = move |t: &[ArrayD<f64>], dy: &[ArrayD<f64>]| {
        vec![&dy[0] * &t[0].mapv(|x| sigmoid(x) * (1.0 + x * (1.0 - sigmoid(x))))]
    };
    let config = Config { mode, ..Config::default() };
    let values = Array2::from_shape_fn(SHAPE, |(i, j)| 0.37 * (i as f64 - 1.3) + 0.11 * j as f64);

    let mut group = criterion.benchmark_group("gradcheck");
    group.throughput(Throughput::Elements((SHAPE.0 * SHAPE.1) as u64));
    group.bench_function(format!("SiLU {}×{}, {how}", SHAPE.0, SHAPE.1), |bencher| {
        bencher.iter_batched(
            || [Tensor::new("x", values.clone())],
            |x| check_vjp("silu", &x, forward, backward, &config),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}
