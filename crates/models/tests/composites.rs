//! Layers made of layers: against the same layers written out, and by hand.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use allocation_counter::measure;
use layers::{Dropout, Layer, Linear, Mode, Relu, Saved, Tanh, Tensors, Visitor};
use models::{Branches, Residual, Sequential};
use ndarray::{Array1, Array2, ArrayRef2, array};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Role};

use support::{linear, nested, parts, pass, random};

mod support;

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Residual<f32>>();
const _: () = assert_send_sync::<Branches<f32>>();

fn flat<F: Float>() -> Sequential<F> {
    let (first, norm, dropout, last) = parts();
    let model = Sequential::builder(3).push(first).push(norm).push(Tanh);
    model.push(dropout).push(last).build().unwrap()
}

#[test]
fn a_model_inside_a_model_computes_the_same_bits() {
    let (mut flat, mut nested) = (flat::<f32>(), nested::<f32>());
    let (mut ws, mut nested_ws) = (flat.workspace(8).unwrap(), nested.workspace(8).unwrap());
    let mut sgd = [(); 2].map(|()| Sgd::new(SgdConfig { lr: 0.1, ..Default::default() }).unwrap());
    for step in 0..3 {
        // A smaller batch in between uses the first rows.
        let n = 8 - 3 * (step % 2);
        let (x, dy) = (random(step as u64, n, 3), random(10 + step as u64, n, 2));
        let expected = pass(&flat, &mut ws, &x, &dy);
        assert_eq!(pass(&nested, &mut nested_ws, &x, &dy), expected, "step {step}");
        sgd[0].step(&mut flat, &mut ws).unwrap();
        sgd[1].step(&mut nested, &mut nested_ws).unwrap();
        assert_eq!(flat.infer(&x).unwrap(), nested.infer(&x).unwrap(), "step {step}");
    }
    // The running statistics, too, have moved alike, and dropout has counted the steps alike.
    for ((_, a), (_, b)) in flat.tensors().zip(nested.tensors()) {
        assert_eq!(a.value, b.value);
    }
    assert_eq!(nested.layer::<Dropout>("0.2.1").unwrap().step(), 3);
}

#[test]
fn names_are_paths() {
    let names: Vec<_> = nested::<f32>().tensors().map(|(name, _)| name).collect();
    let norm = ["weight", "bias", "running_mean", "running_var"].map(|leaf| format!("0.1.{leaf}"));
    assert_eq!(names[..2], ["0.0.weight", "0.0.bias"]);
    assert_eq!(names[2..6], norm);
    assert_eq!(names[6..], ["1.weight", "1.bias"]);
}

/// Reads columns 1 to 3 in one branch and 2 to 4 in another; column 0 is read by none.
fn branches() -> Sequential<f64> {
    let block = Sequential::builder(2).push(linear(3, 2, 2)).push(Tanh).build().unwrap();
    let block = Residual::new(block).unwrap();
    let both =
        Branches::builder(5).branch(1..4, linear(4, 3, 2)).branch(3..5, block).build().unwrap();
    Sequential::builder(5).push(both).push(linear(5, 4, 1)).build().unwrap()
}

#[test]
fn branches_are_their_layers_side_by_side() {
    let model = branches();
    let (x, dy) = (random::<f64>(1, 6, 5), random::<f64>(2, 6, 1));
    let mut ws = model.workspace(6).unwrap();
    let (y, dx, _) = pass(&model, &mut ws, &x, &dy);
    assert_eq!(model.infer(&x).unwrap(), y);

    // The same, one branch after the other.
    let last = model.layer::<Linear<f64>>("1").unwrap().weight();
    let d_both = dy.dot(last);
    let left = model.layer::<Linear<f64>>("0.0").unwrap();
    let d_left = d_both.slice(ndarray::s![.., ..2]).dot(left.weight());
    let inner = Sequential::builder(2)
        .push(model.layer::<Residual<f64>>("0.1").unwrap().clone())
        .build()
        .unwrap();
    let mut inner_ws = inner.workspace(6).unwrap();
    let right = x.slice(ndarray::s![.., 3..]).to_owned();
    let (_, d_right, _) =
        pass(&inner, &mut inner_ws, &right, &d_both.slice(ndarray::s![.., 2..]).to_owned());
    for (n, found) in dx.rows().into_iter().enumerate() {
        let expected = [
            0.0,
            d_left[[n, 0]],
            d_left[[n, 1]],
            d_left[[n, 2]] + d_right[[n, 0]],
            d_right[[n, 1]],
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-15 * (1.0 + expected.abs()), "{n}");
        }
    }
    // Without the input's gradient, those of the parameters are the same.
    let full: Vec<_> = ws.parameter_gradients().unwrap().map(|(_, t)| t.value.to_owned()).collect();
    model.forward(&x, &mut ws, Mode::Train).unwrap();
    ws.output_and_gradient().unwrap().1.assign(&dy);
    model.backward(&mut ws).unwrap();
    let found = ws.parameter_gradients().unwrap().map(|(_, t)| t.value.to_owned());
    assert!(found.eq(full));
}

// Columns 0 and 1 go through one branch, 2 through the other: each column of the input has the
// gradient of its branch, in a second pass as well.
#[test]
fn branches_that_share_no_column_write_every_gradient() {
    let both = Branches::builder(3).branch(0..2, Relu).branch(2..3, Relu).build().unwrap();
    let model = Sequential::builder(3).push(both).build().unwrap();
    let mut ws = model.workspace(1).unwrap();
    for (dy, expected) in [([1.0, 2.0, 3.0], [1.0, 0.0, 3.0]), ([4.0, 5.0, -6.0], [4.0, 0.0, -6.0])]
    {
        let (_, dx, _) = pass(&model, &mut ws, &array![[1.0, -1.0, 1.0]], &array![dy]);
        assert_eq!(dx, array![expected]);
    }
}

#[test]
fn what_does_not_fit_is_refused_when_built() {
    let message = |result: Result<Sequential<f64>, Error>| result.unwrap_err().to_string();
    let branch = |range| {
        let both = Branches::builder(4).branch(range, Relu).build()?;
        Sequential::builder(4).push(both).build()
    };
    let narrow = Sequential::builder(3).push(linear(1, 3, 2)).build().unwrap();
    let cases = [
        (message(branch(2..6)), "Branches: branch 0: expected an index below 4, found 5"),
        (message(branch(2..2)), "Branches: branch 0: expected at least 1 column, found 0"),
        (
            message(
                Branches::<f64>::builder(4)
                    .build()
                    .and_then(|b| Sequential::builder(4).push(b).build()),
            ),
            "Branches: expected at least 1 branch, found 0",
        ),
        (
            message(
                Residual::new(narrow.clone())
                    .and_then(|block| Sequential::builder(3).push(block).build()),
            ),
            "Residual: output of the inner layers: expected shape (3), found (2)",
        ),
        (
            message(Sequential::builder(4).push(narrow).build()),
            "layer 0: Sequential: expected 3 input features, found 4",
        ),
        (
            message(Sequential::builder(1).push(Twice(array![1.0], array![1.0])).build()),
            "Sequential: expected every tensor to have a name of its own, found two \"0.weight\"",
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

/// A layer that calls both of its tensors by one name.
#[derive(Debug, Clone)]
struct Twice(Array1<f64>, Array1<f64>);

impl Tensors<f64> for Twice {
    fn tensors<V: Visitor<Self, f64>>(v: &mut V) {
        v.parameter("weight", Role::Weight, |t| &t.0, |t| &mut t.0);
        v.parameter("weight", Role::Weight, |t| &t.1, |t| &mut t.1);
    }
}

impl Layer<f64> for Twice {
    type Cache = ();
    const NAME: &'static str = "Twice";

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<f64>, y: &mut ArrayRef2<f64>) {
        y.assign(x);
    }

    fn differentiate(
        &self,
        _: Saved<'_, f64, ()>,
        dy: &ArrayRef2<f64>,
        dx: Option<&mut ArrayRef2<f64>>,
        _: &mut Self,
    ) {
        if let Some(dx) = dx {
            dx.assign(dy);
        }
    }
}

/// A residual block beside a dropout, on enough columns for several threads.
fn large() -> Sequential<f32> {
    let block = Sequential::builder(256).push(linear(1, 256, 256)).push(Relu).build().unwrap();
    let both = Branches::builder(300)
        .branch(0..256, Residual::new(block).unwrap())
        .branch(200..300, Dropout::new(0.5, 3).unwrap())
        .build()
        .unwrap();
    Sequential::builder(300).push(both).push(linear(2, 356, 64)).build().unwrap()
}

#[test]
fn any_number_of_threads_computes_the_same_bits() {
    let (x, dy) = (random::<f32>(1, 128, 300), random::<f32>(2, 128, 64));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let model = large();
        pool.install(|| pass(&model, &mut model.workspace(128).unwrap(), &x, &dy))
    };
    let one = run(1);
    assert!(run(2) == one && run(8) == one);
}

#[test]
fn a_warm_step_through_layers_of_layers_allocates_nothing() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        let mut model = large();
        let (x, dy) = (random::<f32>(1, 32, 300), random::<f32>(2, 32, 64));
        let mut ws = model.workspace(32).unwrap();
        let mut sgd = Sgd::new(SgdConfig { lr: 0.1, momentum: 0.9, ..Default::default() }).unwrap();
        let mut step = || -> Result<(), Error> {
            model.forward(&x, &mut ws, Mode::Train)?;
            model.backward_from(&dy, &mut ws)?;
            sgd.step(&mut model, &mut ws)
        };
        step().unwrap();
        assert_eq!(measure(|| step().unwrap()).count_total, 0);

        let mut scratch = model.scratch(32).unwrap();
        let mut y = Array2::zeros((32, 64));
        model.infer_into(&x, &mut y, &mut scratch).unwrap();
        let warm = measure(|| model.infer_into(&x, &mut y, &mut scratch).unwrap());
        assert_eq!(warm.count_total, 0);
    });
}
