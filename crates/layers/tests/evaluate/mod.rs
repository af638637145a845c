//! A layer at a row of points: what the tables are compared with.

use layers::{Layer, Mode, Saved};
use ndarray::Array2;
use tensor_core::Float;

/// Values and derivatives of `layer` at `z`.
pub(crate) fn evaluate<F: Float, L: Layer<F>>(layer: &L, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let x = Array2::from_shape_fn((1, z.len()), |(_, c)| F::of(z[c]));
    let nan = Array2::from_elem(x.dim(), F::nan());
    let (mut y, mut dx) = (nan.clone(), nan);
    let (mut cache, mut grads) = (layer.cache(1, z.len()).unwrap(), layer.gradient());
    layer.forward(&x, &mut y, &mut cache, Mode::Train).unwrap();
    let dy = Array2::from_elem(x.dim(), F::one());
    layer
        .backward(Saved { x: &x, y: &y, cache: &mut cache }, &dy, Some(&mut dx), &mut grads)
        .unwrap();
    let wide = |a: Array2<F>| a.iter().map(|v| v.as_f64()).collect();
    (wide(y), wide(dx))
}

#[allow(dead_code, reason = "not every test compares so")]
/// Relative difference in units of `F`'s rounding error, for the worst element.
pub(crate) fn worst<F: Float>(got: &[f64], want: &[f64]) -> f64 {
    let unit = F::epsilon().as_f64() / 2.0;
    let relative = |(got, want): (&f64, &f64)| {
        if got == want { 0.0 } else { ((got - want) / want).abs() / unit }
    };
    // A NaN wins, so that it is seen.
    let larger = |max: f64, d: f64| if d > max || d.is_nan() { d } else { max };
    got.iter().zip(want).map(relative).fold(0.0, larger)
}
