//! Every order of the public calls: what is allowed gives the numbers of a fresh workspace bit for
//! bit, everything else is refused by name and changes nothing.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::HashMap;

use layers::{BatchNorm1d, Linear, Mode};
use losses::{Loss, MseLoss};
use models::{Sequential, Workspace};
use ndarray::{Array2, ArrayViewD};
use optim::{Optimizer, Sgd, SgdConfig};
use tensor_core::{Error, Float, Rng, Tensor};

fn random<F: Float>(seed: u64, rows: usize, columns: usize) -> Array2<F> {
    let mut rng = Rng::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || F::of(rng.normal()))
}

/// A call of a training loop, right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Call {
    ForwardTrain,
    ForwardEval,
    ForwardOfOtherWidth,
    Seed,
    Loss,
    RefusedLoss,
    Backward,
    BackwardToInput,
    BackwardFrom,
    BackwardAdd,
    Clip,
    Step,
    Infer,
}

use Call::{
    Backward, BackwardAdd, BackwardFrom, BackwardToInput, Clip, ForwardEval, ForwardOfOtherWidth,
    ForwardTrain, Infer, RefusedLoss, Seed, Step,
};

const CALLS: [Call; 13] = [
    ForwardTrain,
    ForwardEval,
    ForwardOfOtherWidth,
    Seed,
    Call::Loss,
    RefusedLoss,
    Backward,
    BackwardToInput,
    BackwardFrom,
    BackwardAdd,
    Clip,
    Step,
    Infer,
];

/// A model of widths 2, 2, 2 in training.
struct Run<F: Float> {
    model: Sequential<F>,
    ws: Workspace<F>,
    sgd: Sgd<F>,
    x: [Array2<F>; 2],
}

/// All that can be read, as bits, or why it cannot.
type Reads = Vec<Result<Vec<u64>, String>>;

impl<F: Float> Run<F> {
    fn new() -> Self {
        let linear = |seed| Linear::new(2, 2, &mut Rng::new(seed)).unwrap();
        let norm = BatchNorm1d::new(2).unwrap();
        let model = Sequential::builder(2).push(linear(1)).push(norm).push(linear(2));
        let model = model.build().unwrap();
        let config = SgdConfig { lr: 0.1, momentum: 0.9, ..SgdConfig::default() };
        Self {
            ws: model.workspace(3).unwrap(),
            model,
            sgd: Sgd::new(config).unwrap(),
            x: [random(3, 3, 2), random(4, 2, 2)],
        }
    }

    fn call(&mut self, call: Call) -> Result<(), Error> {
        let Self { model, ws, sgd, x } = self;
        match call {
            ForwardTrain => model.forward(&x[0], ws, Mode::Train).map(drop),
            ForwardEval => model.forward(&x[1], ws, Mode::Eval).map(drop),
            ForwardOfOtherWidth => model.forward(&random(5, 2, 3), ws, Mode::Train).map(drop),
            Seed => ws.output_and_gradient().map(drop),
            Call::Loss => {
                let (a, mut da) = ws.output_and_gradient()?;
                MseLoss::default().backward(&a, &Array2::ones(a.dim()), &mut da).map(drop)
            }
            RefusedLoss => {
                let (a, mut da) = ws.output_and_gradient()?;
                let loss = MseLoss::default().backward(&a, &Array2::ones((1, 7)), &mut da);
                assert!(loss.is_err(), "whose error is ignored");
                Ok(())
            }
            Backward => model.backward(ws),
            BackwardToInput => model.backward_to_input(ws),
            BackwardFrom => {
                let dy = random(6, ws.rows().max(1), 2);
                model.backward_from(&dy, ws).map(drop)
            }
            BackwardAdd => model.backward_add(ws),
            Clip => sgd.clip_grad_norm(model, ws, 0.01).map(drop),
            Step => sgd.step(model, ws),
            Infer => model.infer(&x[1]).map(drop),
        }
    }

    fn reads(&self) -> Reads {
        let Self { model, ws, .. } = self;
        let mut reads = Vec::new();
        for i in 0..=model.n_layers() {
            reads.push(ws.activation(i).map(|a| bits(a.into_dyn())));
            reads.push(ws.activation_gradient(i).map(|a| bits(a.into_dyn())));
        }
        let all = |tensors: &mut dyn Iterator<Item = (String, Tensor<'_, F>)>| {
            tensors.flat_map(|(_, t)| bits(t.value)).collect::<Vec<_>>()
        };
        reads.push(Ok(all(&mut model.tensors())));
        reads.push(ws.parameter_gradients().map(|mut tensors| all(&mut tensors)));
        reads.push(ws.parameter_gradient("0.weight").map(bits));
        let inside = model.intermediates(ws);
        reads.push(inside.map(|list| list.iter().flat_map(|(_, a)| bits(a.view())).collect()));
        reads.push(model.infer(&self.x[1]).map(|y| bits(y.view().into_dyn())));
        reads.into_iter().map(|read| read.map_err(|error| error.to_string())).collect()
    }
}

fn bits<F: Float>(values: ArrayViewD<'_, F>) -> Vec<u64> {
    values.iter().map(|v| v.as_f64().to_bits()).collect()
}

/// How far the gradient of the output is.
#[derive(Clone, Copy, PartialEq)]
enum Gradient {
    None,
    Open,
    Written,
    Used,
}

/// What a careful reader of the documentation knows after some calls.
#[derive(Clone)]
struct Known {
    /// The shortest calls that make the same parameters.
    steps: Vec<Call>,
    /// Those of the passes whose gradients are added up, one list a forward pass.
    parts: Vec<Vec<Call>>,
    /// The last forward pass.
    pass: Option<Call>,
    /// Whether the last list of `parts` is that of the last forward pass.
    counts: bool,
    gradient: Gradient,
    /// Who has written it.
    seed: Call,
    /// Whether a step has used the gradients of the parameters.
    stepped: bool,
    /// Whether an optimizer has had the parameters since the pass, since the first part.
    moved: [bool; 2],
}

impl Known {
    fn new() -> Self {
        Self {
            steps: Vec::new(),
            parts: Vec::new(),
            pass: None,
            counts: false,
            gradient: Gradient::None,
            seed: Seed,
            stepped: false,
            moved: [false; 2],
        }
    }

    fn allows(&self, call: Call) -> bool {
        let pass = self.pass.is_some() && !self.stepped;
        let alone = !(self.counts && self.parts.len() > 1);
        let unmoved = pass && !self.moved[0];
        match call {
            ForwardTrain | ForwardEval | Infer => true,
            ForwardOfOtherWidth => false,
            Seed | Call::Loss | RefusedLoss => pass,
            Backward | BackwardToInput => {
                unmoved && alone && matches!(self.gradient, Gradient::Written | Gradient::Used)
            }
            BackwardFrom => unmoved && alone,
            BackwardAdd => {
                let first = self.parts.is_empty();
                unmoved && self.gradient == Gradient::Written && (first || !self.moved[1])
            }
            Clip | Step => pass && self.gradient == Gradient::Used,
        }
    }

    /// The state after an allowed call.
    fn after(&mut self, call: Call) {
        match call {
            ForwardOfOtherWidth | Infer => {}
            ForwardTrain | ForwardEval => {
                (self.pass, self.counts, self.gradient) = (Some(call), false, Gradient::None);
                (self.stepped, self.moved[0]) = (false, false);
            }
            Seed | RefusedLoss => self.gradient = Gradient::Open,
            Call::Loss => (self.gradient, self.seed) = (Gradient::Written, call),
            Backward | BackwardToInput | BackwardFrom => {
                self.seed = if call == BackwardFrom { call } else { self.seed };
                let begin = [self.pass.unwrap(), self.seed];
                self.parts = vec![begin.into_iter().chain([call]).collect()];
                (self.counts, self.gradient, self.moved[1]) = (true, Gradient::Used, false);
            }
            BackwardAdd => {
                if self.parts.is_empty() {
                    self.moved[1] = false;
                }
                if !self.counts {
                    self.parts.push(vec![self.pass.unwrap()]);
                }
                self.parts.last_mut().unwrap().extend([Call::Loss, call]);
                (self.counts, self.gradient) = (true, Gradient::Used);
            }
            Clip => {
                self.parts.last_mut().unwrap().push(call);
                self.moved = [true; 2];
            }
            Step => {
                self.steps.extend(self.parts.drain(..).flatten());
                self.steps.push(call);
                (self.stepped, self.moved) = (true, [true; 2]);
            }
        }
    }

    /// The shortest calls that lead here.
    fn calls(&self) -> Vec<Call> {
        let mut calls = self.steps.clone();
        calls.extend(self.parts.iter().flatten());
        if !self.stepped && !self.counts {
            calls.extend(self.pass);
        }
        match self.gradient {
            Gradient::Open => calls.push(Seed),
            Gradient::Written => calls.push(Call::Loss),
            Gradient::None | Gradient::Used => {}
        }
        calls
    }
}

/// What is read after the shortest calls, each step in a workspace of its own.
fn fresh<F: Float>(calls: &[Call]) -> Reads {
    let mut run = Run::<F>::new();
    for (i, &call) in calls.iter().enumerate() {
        if i > 0 && calls[i - 1] == Step {
            run.ws = run.model.workspace(3).unwrap();
        }
        run.call(call).unwrap();
    }
    run.reads()
}

/// Makes the calls and compares with what is known. Returns whether the last call has changed
/// anything.
fn check<F: Float>(calls: &[Call], expected: &mut HashMap<Vec<Call>, Reads>) -> bool {
    let (mut run, mut known, mut changes) = (Run::<F>::new(), Known::new(), false);
    for &call in calls {
        let (found, is_allowed) = (run.call(call), known.allows(call));
        changes = is_allowed && !matches!(call, Infer);
        match found {
            Ok(()) => assert!(is_allowed, "{call:?} was not refused in {calls:?}"),
            Err(Error::Order { .. }) => assert!(!is_allowed, "{call:?} in {calls:?}"),
            Err(error) => assert!(call == ForwardOfOtherWidth, "{error} in {calls:?}"),
        }
        if is_allowed {
            known.after(call);
        }
    }
    let shortest = known.calls();
    let reads = expected.entry(shortest).or_insert_with_key(|calls| fresh::<F>(calls));
    assert_eq!(run.reads(), *reads, "{calls:?}");
    changes
}

/// All sequences up to a length; beyond it, those in which each call has changed something.
fn check_all<F: Float>(everything: usize, effective: usize) -> usize {
    let (mut expected, mut n_sequences) = (HashMap::new(), 0);
    let mut open = vec![Vec::new()];
    while let Some(calls) = open.pop() {
        for call in CALLS {
            let mut calls: Vec<Call> = calls.clone();
            calls.push(call);
            n_sequences += 1;
            let changes = check::<F>(&calls, &mut expected);
            if calls.len() < everything || changes && calls.len() < effective {
                open.push(calls);
            }
        }
    }
    n_sequences
}

#[test]
fn every_order_in_f64() {
    // Σ 13ⁿ for n up to 4 is 30,940.
    assert!(check_all::<f64>(4, 5) > 30_940);
}

#[test]
fn every_order_in_f32() {
    assert!(check_all::<f32>(3, 5) > 2_379);
}

/// The instances of the report, with what they say.
#[test]
fn errors_name_the_call_that_is_missing() {
    let message = |calls: &[Call]| {
        let mut run = Run::<f64>::new();
        let (last, before) = calls.split_last().unwrap();
        before.iter().for_each(|&call| run.call(call).unwrap());
        run.call(*last).unwrap_err().to_string()
    };
    let whole = [ForwardTrain, Call::Loss, Backward];
    let unwritten = "backward: expected `Loss::backward` into all of `output_and_gradient` first, \
                     found elements that nobody has written";
    let table = [
        (vec![ForwardTrain, RefusedLoss, Backward], unwritten),
        (vec![ForwardTrain, Seed, Backward], unwritten),
        ([&whole[..], &[Seed, Backward]].concat(), unwritten),
        (
            [&whole[..], &[Step, Backward]].concat(),
            "backward: expected `forward` first, found gradients that a step has used",
        ),
        (
            [&whole[..], &[Step, Step]].concat(),
            "step: expected `forward` and `backward` first, found gradients that a step has used",
        ),
        (
            [&whole[..], &[Step, Clip]].concat(),
            "step: expected `forward` and `backward` first, found gradients that a step has used",
        ),
        (
            [&whole[..], &[Step, Seed]].concat(),
            "output_and_gradient: expected `forward` first, found gradients that a step has used",
        ),
        (
            [&whole[..], &[BackwardAdd]].concat(),
            "backward_add: expected `forward`, then a loss's `backward` into \
             `output_and_gradient`, first, found a finished backward pass",
        ),
        (
            [&whole[..], &[Clip, Backward]].concat(),
            "backward: expected `forward` first, found a forward pass of parameters that have \
             changed since",
        ),
        (
            [&whole[..], &[Clip, ForwardTrain, Call::Loss, BackwardAdd]].concat(),
            "backward_add: expected a step, or `backward` for the first part, first, found \
             gradients of parameters that have changed since",
        ),
        (
            [&whole[..], &[ForwardTrain, Call::Loss, BackwardAdd, Backward]].concat(),
            "backward: expected `forward` first, found a pass that `backward_add` has added to \
             others",
        ),
    ];
    for (calls, expected) in table {
        assert_eq!(message(&calls), expected, "{calls:?}");
    }
}

/// A change of the model between the passes, by the model's own calls.
#[test]
fn a_pass_of_other_parameters_is_refused() {
    let stale = "backward: expected `forward` first, found a forward pass of parameters that have \
                 changed since";
    let mut run = Run::<f64>::new();
    let seeded = |run: &mut Run<f64>| {
        run.call(ForwardTrain).unwrap();
        run.call(Call::Loss).unwrap();
    };
    seeded(&mut run);
    run.model.set_tensor("0.weight", &random(9, 2, 2)).unwrap();
    assert_eq!(run.call(Backward).unwrap_err().to_string(), stale);
    // A step in another workspace.
    seeded(&mut run);
    let other = run.model.workspace(3).unwrap();
    let first = std::mem::replace(&mut run.ws, other);
    for call in [ForwardTrain, Call::Loss, Backward, Step] {
        run.call(call).unwrap();
    }
    run.ws = first;
    assert_eq!(run.call(Backward).unwrap_err().to_string(), stale);
    // A clone has the same parameters until one of the two is changed.
    seeded(&mut run);
    let mut clone = run.model.clone();
    clone.backward(&mut run.ws).unwrap();
    clone.set_tensor("0.weight", &random(9, 2, 2)).unwrap();
    run.model.set_tensor("0.weight", &random(8, 2, 2)).unwrap();
    assert_eq!(clone.backward(&mut run.ws).unwrap_err().to_string(), stale);
    assert_eq!(run.call(Backward).unwrap_err().to_string(), stale);
    // Freezing changes no number.
    seeded(&mut run);
    run.model.freeze("0").unwrap();
    run.call(Backward).unwrap();
    // A name that is not there is no change.
    seeded(&mut run);
    assert!(run.model.set_tensor("7.weight", &random(9, 2, 2)).is_err());
    assert!(run.model.set_tensor("0.weight", &random(9, 2, 3)).is_err());
    run.call(Backward).unwrap();
    // Another layer may stand behind the reference.
    seeded(&mut run);
    run.model.layer_mut::<BatchNorm1d<f64>>("1").unwrap();
    assert!(matches!(run.call(Backward), Err(Error::ForeignWorkspace { .. })));
}
