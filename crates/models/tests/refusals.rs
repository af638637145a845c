//! A call that is refused changes nothing: neither the model nor the workspace nor what the caller
//! handed over.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use layers::{BatchNorm1d, Dropout, Layer, Linear, Mode, Relu, Saved, Tanh, Tensors, Visitor};
use models::{Branches, Residual, Scratch, Sequential, Workspace};
use ndarray::{Array1, Array2, ArrayRef2, Zip, array};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng, Role};

fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

fn model<F: Float>() -> Sequential<F> {
    let linear = |seed, from, to| Linear::new(from, to, &mut Rng::new(seed)).unwrap();
    let norm = || BatchNorm1d::new(4).unwrap();
    let block = Sequential::builder(4).push(linear(1, 4, 4)).push(norm()).push(Tanh);
    let block = Residual::new(block.build().unwrap()).unwrap();
    let branches = Branches::builder(4).branch(0..4, norm()).branch(1..4, Relu).build().unwrap();
    let model = Sequential::builder(3).push(linear(2, 3, 4)).push(block).push(branches);
    model.push(Dropout::new(0.25, 1).unwrap()).push(linear(3, 7, 2)).build().unwrap()
}

/// A model in training, and what another model of the same widths has made.
struct Run<F: Float> {
    model: Sequential<F>,
    ws: Workspace<F>,
    scratch: Scratch<F>,
    sgd: Sgd<F>,
    foreign: (Workspace<F>, Scratch<F>),
    /// What `infer_into` writes.
    y: Array2<F>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    Fresh,
    Forward,
    Written,
    Backward,
    Summed,
    Stepped,
}

use Progress::{Backward, Forward, Fresh, Stepped, Summed, Written};

impl<F: Float> Run<F> {
    fn new(progress: Progress) -> Self {
        let (model, other) = (model::<F>(), model());
        let mut run = Self {
            ws: model.workspace(5).unwrap(),
            scratch: model.scratch(5).unwrap(),
            sgd: Sgd::new(SgdConfig { lr: 0.1, ..SgdConfig::default() }).unwrap(),
            foreign: (other.workspace(5).unwrap(), other.scratch(5).unwrap()),
            y: random(1, 4, 2),
            model,
        };
        if progress == Summed {
            run.train(2);
        }
        if progress != Fresh {
            run.model.forward(&random(3, 4, 3), &mut run.ws, Mode::Train).unwrap();
        }
        if !matches!(progress, Fresh | Forward) {
            run.ws.output_and_gradient().unwrap().1.assign(&random(4, 4, 2));
        }
        if matches!(progress, Backward | Summed | Stepped) {
            run.model.backward_add(&mut run.ws).unwrap();
        }
        if progress == Stepped {
            run.sgd.step(&mut run.model, &mut run.ws).unwrap();
        }
        run
    }

    fn train(&mut self, seed: u64) {
        self.model.forward(&random(seed, 5, 3), &mut self.ws, Mode::Train).unwrap();
        self.ws.output_and_gradient().unwrap().1.assign(&random(seed + 1, 5, 2));
        self.model.backward_add(&mut self.ws).unwrap();
    }

    /// Everything that can be read, then all that follows from what cannot: the step, masks and
    /// statistics of the passes after it.
    fn everything(mut self, progress: Progress) -> String {
        let before = self.reads();
        if progress == Written {
            self.model.backward_add(&mut self.ws).unwrap();
        }
        if matches!(progress, Written | Backward | Summed) {
            self.sgd.step(&mut self.model, &mut self.ws).unwrap();
        }
        let step = self.reads();
        for seed in 20..22 {
            self.train(seed);
        }
        self.sgd.step(&mut self.model, &mut self.ws).unwrap();
        let after = self.reads();
        // The other model's workspace has still no pass.
        format!("{before}\n{step}\n{after}\n{:?}", self.foreign.0.activation(0))
    }

    fn reads(&self) -> String {
        let Self { model, ws, y, .. } = self;
        let list: Vec<_> = (0..=model.n_layers())
            .map(|i| (ws.activation(i), ws.activation_gradient(i)))
            .map(|reads| format!("{reads:?}"))
            .collect();
        let gradients = ws.parameter_gradients().map(|g| format!("{:?}", g.collect::<Vec<_>>()));
        let tensors: Vec<_> = model.tensors().collect();
        format!("{y:?} {list:?} {tensors:?} {gradients:?} {:?}", model.intermediates(ws))
    }
}

type Refused<F> = fn(&mut Run<F>) -> Result<(), Error>;

/// Every public call of a model, wrongly.
fn refusals<F: Float>() -> Vec<(&'static str, Refused<F>)> {
    vec![
        ("forward: width", |r| r.model.forward(&random(1, 4, 2), &mut r.ws, Mode::Train).map(drop)),
        ("forward: no rows", |r| {
            r.model.forward(&random(1, 0, 3), &mut r.ws, Mode::Train).map(drop)
        }),
        ("forward: rows", |r| r.model.forward(&random(1, 6, 3), &mut r.ws, Mode::Eval).map(drop)),
        ("forward: one row", |r| {
            r.model.forward(&random(1, 1, 3), &mut r.ws, Mode::Train).map(drop)
        }),
        ("forward: foreign", |r| {
            r.model.forward(&random(1, 4, 3), &mut r.foreign.0, Mode::Train).map(drop)
        }),
        ("infer: width", |r| r.model.infer(&random(1, 4, 2)).map(drop)),
        ("infer: no rows", |r| r.model.infer(&random(1, 0, 3)).map(drop)),
        ("infer_into: width", |r| r.model.infer_into(&random(1, 4, 4), &mut r.y, &mut r.scratch)),
        ("infer_into: rows", |r| r.model.infer_into(&random(1, 6, 3), &mut r.y, &mut r.scratch)),
        ("infer_into: output", |r| r.model.infer_into(&random(1, 3, 3), &mut r.y, &mut r.scratch)),
        ("infer_into: foreign", |r| {
            r.model.infer_into(&random(1, 4, 3), &mut r.y, &mut r.foreign.1)
        }),
        ("backward: foreign", |r| r.model.backward(&mut r.foreign.0)),
        ("backward_to_input: foreign", |r| r.model.backward_to_input(&mut r.foreign.0)),
        ("backward_add: foreign", |r| r.model.backward_add(&mut r.foreign.0)),
        ("backward_from: foreign", |r| {
            r.model.backward_from(&random(1, 4, 2), &mut r.foreign.0).map(drop)
        }),
        ("backward_from: width", |r| r.model.backward_from(&random(1, 4, 3), &mut r.ws).map(drop)),
        ("backward_from: rows", |r| r.model.backward_from(&random(1, 3, 2), &mut r.ws).map(drop)),
        ("start_at: foreign", |r| r.model.start_at(&mut r.foreign.0, 3)),
        ("step: foreign", |r| r.sgd.step(&mut r.model, &mut r.foreign.0)),
        ("clip: foreign", |r| r.sgd.clip_grad_norm(&mut r.model, &mut r.foreign.0, 0.1).map(drop)),
        ("intermediates: foreign", |r| r.model.intermediates(&r.foreign.0).map(drop)),
        ("intermediate: name", |r| r.model.intermediate(&r.ws, "0.mean").map(drop)),
        ("activation: index", |r| r.ws.activation(6).map(drop)),
        ("activation_gradient: index", |r| r.ws.activation_gradient(6).map(drop)),
        ("parameter_gradient: name", |r| r.ws.parameter_gradient("0.scale").map(drop)),
        ("tensor: name", |r| r.model.tensor("weight").map(drop)),
        ("set_tensor: name", |r| r.model.set_tensor("0.weights", &random(1, 4, 3))),
        ("set_tensor: shape", |r| r.model.set_tensor("0.weight", &random(1, 3, 4))),
        ("set_tensor: dimensions", |r| r.model.set_tensor("0.bias", &random(1, 1, 4))),
        ("set_mode", |r| r.ws.set_mode("1.7", Mode::Eval)),
        ("freeze", |r| r.model.freeze("5")),
        ("freeze: spelling", |r| r.model.freeze("01")),
        ("unfreeze", |r| r.model.unfreeze("1.")),
        ("layer: path", |r| r.model.layer::<Relu>("0.0").map(drop)),
        ("layer_mut: path", |r| r.model.layer_mut::<Relu>("9").map(drop)),
        ("layer_mut: type", |r| r.model.layer_mut::<Relu>("0").map(drop)),
        ("workspace: no rows", |r| r.model.workspace(0).map(drop)),
        ("workspace: rows", |r| r.model.workspace(1 << 62).map(drop)),
        ("scratch: no rows", |r| r.model.scratch(0).map(drop)),
        ("scratch: rows", |r| r.model.scratch(usize::MAX).map(drop)),
    ]
}

fn refused_calls_change_nothing<F: Float>() {
    for progress in [Fresh, Forward, Written, Backward, Summed, Stepped] {
        let expected = Run::<F>::new(progress).everything(progress);
        for (name, call) in refusals::<F>() {
            let mut run = Run::new(progress);
            assert!(call(&mut run).is_err(), "{name} is not refused");
            assert!(run.everything(progress) == expected, "{name} has changed {progress:?}");
        }
    }
}

#[test]
fn a_refused_call_changes_nothing() {
    refused_calls_change_nothing::<f32>();
    refused_calls_change_nothing::<f64>();
}

/// `y = x·w`, refused for its values; two tensors, of one name if it is told so.
#[derive(Debug, Clone)]
struct Own {
    weight: Array1<f64>,
    other: Option<Array1<f64>>,
}

impl Tensors<f64> for Own {
    fn tensors<V: Visitor<Self, f64>>(v: &mut V) {
        v.parameter("weight", Role::Weight, |own| &own.weight, |own| &mut own.weight);
        v.optional_parameter(
            "weight",
            Role::Weight,
            |own| own.other.as_deref(),
            |own| own.other.as_deref_mut(),
        );
    }
}

impl Layer<f64> for Own {
    type Cache = ();
    const NAME: &'static str = "Own";

    fn cache(&self, _max_batch: usize, _in_features: usize) -> Result<(), Error> {
        Ok(())
    }

    fn compute(&self, x: &ArrayRef2<f64>, y: &mut ArrayRef2<f64>) {
        Zip::from(y).and(x).for_each(|y, &x| *y = x * self.weight[0]);
    }

    fn compute_training(
        &self,
        x: &ArrayRef2<f64>,
        y: &mut ArrayRef2<f64>,
        _cache: &mut (),
        _mode: Mode,
    ) -> Result<(), Error> {
        if x.iter().any(|&x| x <= 0.0) {
            return Err(Error::empty("Own", "positive values"));
        }
        self.compute(x, y);
        Ok(())
    }

    fn differentiate(
        &self,
        saved: Saved<'_, f64, ()>,
        dy: &ArrayRef2<f64>,
        dx: Option<&mut ArrayRef2<f64>>,
        grads: &mut Self,
    ) {
        grads.weight.fill(saved.x.iter().zip(dy).map(|(x, dy)| x * dy).sum());
        if let Some(dx) = dx {
            self.compute(dy, dx);
        }
    }
}

/// What only the values tell is told when earlier layers have run: the workspace then holds no
/// pass, rather than half of one.
#[test]
fn a_batch_refused_for_its_values_leaves_no_pass() {
    let own = Own { weight: array![2.0], other: None };
    let model = Sequential::builder(1).push(Tanh).push(own).build().unwrap();
    let mut ws = model.workspace(2).unwrap();
    model.forward(&array![[1.0], [2.0]], &mut ws, Mode::Train).unwrap();
    let error = model.forward(&array![[1.0], [-1.0]], &mut ws, Mode::Train).unwrap_err();
    assert_eq!(error.to_string(), "layer 1: Own: expected positive values, found 0");
    for read in [ws.activation(0), ws.activation(1), ws.activation_gradient(1)] {
        assert!(matches!(read, Err(Error::Order { .. })), "{read:?}");
    }
    assert!(ws.output_and_gradient().is_err() && model.backward(&mut ws).is_err());
    model.forward(&array![[1.0]], &mut ws, Mode::Train).unwrap();
}

#[test]
fn two_tensors_of_one_name_in_one_layer_are_refused() {
    let one = Own { weight: array![2.0], other: None };
    let two = Own { other: Some(array![3.0]), ..one.clone() };
    let twice = |place| format!("{place}: expected every tensor to have a name of its own, found");
    let build = |own: &Own| Sequential::builder(1).push(own.clone()).build();
    assert_eq!(
        build(&two).unwrap_err().to_string(),
        format!("{} two \"0.weight\"", twice("Sequential"))
    );
    // Inside a block, and put in place of another afterward.
    let block = Branches::builder(2).branch(0..1, one.clone()).branch(1..2, two.clone()).build();
    let model = block.and_then(|block| Sequential::builder(2).push(block).build());
    assert_eq!(
        model.unwrap_err().to_string(),
        format!("{} two \"0.1.weight\"", twice("Sequential"))
    );
    let mut model = build(&one).unwrap();
    *model.layer_mut::<Own>("0").unwrap() = two;
    assert_eq!(
        model.workspace(1).unwrap_err().to_string(),
        format!("{} two \"0.weight\"", twice("workspace"))
    );
}
