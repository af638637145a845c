//! Every order of the public calls: what is allowed gives the numbers of a fresh workspace bit for
//! bit, everything else is refused by name and changes nothing.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::HashMap;

use layers::BatchNorm1d;
use tensor_core::{Error, Float};

mod run;

use run::Call::{
    Backward, BackwardAdd, BackwardFrom, BackwardToInput, Clip, ForwardEval, ForwardOfOtherWidth,
    ForwardTrain, Infer, RefusedLoss, Seed, Step,
};
use run::{CALLS, Call, Reads, Run, random};

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
