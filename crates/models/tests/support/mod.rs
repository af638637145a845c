//! Models inside models, and a pass through one.

use layers::{BatchNorm1d, Dropout, Linear, Mode, Tanh};
use models::{Sequential, Workspace};
use ndarray::Array2;
use tensor_core::{Float, Rng};

pub(crate) fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

pub(crate) fn linear<F: Float>(seed: u64, from: usize, to: usize) -> Linear<F> {
    Linear::new(from, to, &mut Rng::new(seed)).unwrap()
}

/// Output, gradient of the input, and gradients of the parameters in order.
pub(crate) fn pass<F: Float>(
    model: &Sequential<F>,
    ws: &mut Workspace<F>,
    x: &Array2<F>,
    dy: &Array2<F>,
) -> (Array2<F>, Array2<F>, Vec<Vec<F>>) {
    let y = model.forward(x, ws, Mode::Train).unwrap().to_owned();
    let dx = model.backward_from(dy, ws).unwrap().to_owned();
    let gradients = ws.parameter_gradients().unwrap();
    (y, dx, gradients.map(|(_, t)| t.value.iter().copied().collect()).collect())
}

/// Linear, BatchNorm, tanh, Dropout, Linear.
pub(crate) fn parts<F: Float>() -> (Linear<F>, BatchNorm1d<F>, Dropout, Linear<F>) {
    let dropout = Dropout::new(0.25, 9).unwrap();
    (linear(1, 3, 4), BatchNorm1d::new(4).unwrap(), dropout, linear(2, 4, 2))
}

pub(crate) fn nested<F: Float>() -> Sequential<F> {
    let (first, norm, dropout, last) = parts();
    let inner = Sequential::builder(4).push(Tanh).push(dropout).build().unwrap();
    let outer = Sequential::builder(3).push(first).push(norm).push(inner).build().unwrap();
    Sequential::builder(3).push(outer).push(last).build().unwrap()
}
