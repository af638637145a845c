//! What holds of every value, whatever the model: NaN in gives NaN out, and no number depends on
//! where it lies in memory.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use layers::{
    BatchNorm1d, Dropout, Elu, Gelu, GroupNorm, GroupNormConfig, Identity, InstanceNorm1d, Layer,
    LayerNorm, LeakyRelu, Linear, LogSoftmax, Mode, Relu, RmsNorm, Selu, Sigmoid, Silu, Softmax,
    Softplus, Softsign, Tanh,
};
use models::{Branches, Residual, Sequential};
use ndarray::{Array2, ArrayViewMut2, Axis, Slice};
use tensor_core::{Float, Rng};

const WIDTH: usize = 6;

fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

/// The layer between two that mix all columns.
fn around<F: Float>(layer: impl Layer<F>) -> Sequential<F> {
    let linear = |seed, from, to| Linear::new(from, to, &mut Rng::new(seed)).unwrap();
    let model = Sequential::builder(3).push(linear(1, 3, WIDTH)).push(layer);
    model.push(linear(2, WIDTH, 2)).build().unwrap()
}

/// A model for every layer.
fn models<F: Float>() -> Vec<Sequential<F>> {
    let groups = GroupNormConfig { length: 2, ..Default::default() };
    let inner = || Sequential::builder(WIDTH).push(Tanh).push(LayerNorm::new(WIDTH).unwrap());
    let inner = || inner().build().unwrap();
    let branches = Branches::builder(WIDTH).branch(0..4, Tanh).branch(4..6, Relu).build().unwrap();
    vec![
        around(Identity),
        around(Relu),
        around(LeakyRelu::new(0.1).unwrap()),
        around(Elu::new(1.0).unwrap()),
        around(Selu),
        around(Gelu::default()),
        around(Silu),
        around(Sigmoid),
        around(Softplus::new(1.0).unwrap()),
        around(Softsign),
        around(Tanh),
        around(Softmax),
        around(LogSoftmax),
        around(BatchNorm1d::new(WIDTH).unwrap()),
        around(LayerNorm::new(WIDTH).unwrap()),
        around(GroupNorm::with_config(1, 3, groups).unwrap()),
        around(InstanceNorm1d::new(3, 2).unwrap()),
        around(RmsNorm::new(WIDTH).unwrap()),
        around(Dropout::new(0.5, 3).unwrap()),
        around(Residual::new(inner()).unwrap()),
        around(branches),
        around(inner()),
    ]
}

/// Whether the output is linear in the input, so that its derivative is the same everywhere.
fn is_linear<F: Float>(model: &Sequential<F>, mode: Mode) -> bool {
    model.layer::<Identity>("1").is_ok()
        || model.layer::<Dropout>("1").is_ok()
        || mode == Mode::Eval && model.layer::<BatchNorm1d<F>>("1").is_ok()
}

/// NaN in one cell of the input: its row of the output is NaN, in every pass, and so are its row of
/// the input's gradient, where the derivative depends on the input, and the gradients of the first
/// weight. NaN in the gradient of the output reaches the input's.
fn nan_comes_through<F: Float>() {
    for (i, model) in models::<F>().iter().enumerate() {
        let mut ws = model.workspace(3).unwrap();
        for (n, c) in [(0, 0), (1, 2), (2, 1)] {
            let mut x = random(1, 3, 3);
            x[[n, c]] = F::nan();
            let all_nan = |y: &Array2<F>| y.row(n).iter().all(|y| y.is_nan());
            assert!(all_nan(&model.infer(&x).unwrap()), "model {i}");
            for mode in [Mode::Eval, Mode::Train] {
                let y = model.forward(&x, &mut ws, mode).unwrap().to_owned();
                assert!(all_nan(&y), "model {i}, {mode:?}");
                let dx = model.backward_from(&random(2, 3, 2), &mut ws).unwrap().to_owned();
                assert!(all_nan(&dx) || is_linear(model, mode), "model {i}, {mode:?}: {dx}");
                let dw = ws.parameter_gradient("0.weight").unwrap();
                assert!(dw.iter().any(|dw| dw.is_nan()), "model {i}, {mode:?}");
                // The other way.
                model.forward(&random(1, 3, 3), &mut ws, mode).unwrap();
                let mut dy = random(2, 3, 2);
                dy[[n, 1]] = F::nan();
                let dx = model.backward_from(&dy, &mut ws).unwrap().to_owned();
                assert!(all_nan(&dx), "model {i}, {mode:?}: {dx}");
            }
        }
    }
}

#[test]
fn nan_in_any_cell_comes_out() {
    nan_comes_through::<f32>();
    nan_comes_through::<f64>();
}

/// Calls `with` with a buffer for `(rows, columns)` values in other layouts.
fn in_layouts<F: Float>(
    (rows, columns): (usize, usize),
    mut with: impl FnMut(&str, ArrayViewMut2<'_, F>),
) {
    let fill = F::of(7.0);
    with("packed", Array2::from_elem((rows, columns), fill).view_mut());
    with("by columns", Array2::from_elem((columns, rows), fill).view_mut().reversed_axes());
    for axis in 0..2 {
        let mut shape = [rows, columns];
        shape[axis] *= 3;
        let mut gaps = Array2::from_elem(shape, fill);
        with("gaps", gaps.slice_axis_mut(Axis(axis), Slice::new(1, None, 3)));
        let mut turned = Array2::from_elem((rows, columns), fill);
        turned.invert_axis(Axis(axis));
        with("turned", turned.view_mut());
    }
}

fn numbers_do_not_depend_on_memory<F: Float>() {
    for (i, model) in models::<F>().iter().enumerate() {
        for n in [1, 2, 5] {
            let mut ws = model.workspace(5).unwrap();
            let mut scratch = model.scratch(5).unwrap();
            let (x, dy) = (random::<F>(1, n, 3), random::<F>(2, n, 2));
            let y = model.infer(&x).unwrap();
            assert_eq!(model.forward(&x, &mut ws, Mode::Eval).unwrap(), y, "model {i}");
            let dx = model.backward_from(&dy, &mut ws).unwrap().to_owned();
            in_layouts((n, 3), |layout, mut other| {
                other.assign(&x);
                let place = format!("model {i}, {n} rows, {layout}");
                assert_eq!(model.infer(&other).unwrap(), y, "{place}");
                assert_eq!(model.forward(&other, &mut ws, Mode::Eval).unwrap(), y, "{place}");
                in_layouts((n, 2), |layout, mut out| {
                    model.infer_into(&other, &mut out, &mut scratch).unwrap();
                    assert_eq!(out, y, "{place} into {layout}");
                });
                in_layouts((n, 2), |layout, mut other_dy| {
                    other_dy.assign(&dy);
                    let found = model.backward_from(&other_dy, &mut ws).unwrap();
                    assert_eq!(found, dx, "{place} and {layout}");
                });
            });
        }
    }
}

#[test]
fn no_number_depends_on_where_it_lies() {
    numbers_do_not_depend_on_memory::<f32>();
    numbers_do_not_depend_on_memory::<f64>();
}
