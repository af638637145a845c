//! States that go from one optimizer to another, changed on the way.

use optim::{Descent, Optimizer, Rates, Rule, State};
use tensor_core::Float;

use super::model::Weights;
use super::twin::Twin;
use crate::case::Case;

/// Disturbs a copy of an optimizer; the original has to go on as if nothing had been.
pub(crate) fn disturb<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &mut Descent<F, R>,
    (model, grads): (&Weights<F>, &[Vec<F>]),
    twin: &Twin,
) {
    continued(case, optimizer, model, grads);
    let mut copy = optimizer.clone();
    let state = mutated(case, optimizer.state());
    let before = format!("{:?}", copy.state());
    case.note(|| format!("restore {state:?}"));
    let changed = format!("{state:?}");
    let ok = case.attempt("restore", || copy.restore(state));
    let now = format!("{:?}", copy.state());
    case.must(now == if ok.is_some() { changed } else { before }, "changed by an error", || {
        now.clone()
    });
    let (mut other, mut grads) = (model.clone(), grads.to_vec());
    for _ in 0..2 {
        let before = other.bits();
        let fits = fits(&copy, (&other, &grads), twin);
        match case.attempt("step", || copy.step(&mut other, &mut grads)) {
            None => case.must(before == other.bits(), "changed by an error", || "a weight".into()),
            Some(()) if ok.is_some() && fits && finite(copy.state()) => {
                let nan = other.values.iter().flatten().any(|w| w.is_nan());
                case.must(!nan, "number", || "NaN after a state that was accepted".into());
            }
            Some(()) => {}
        }
    }
    other_models(case, optimizer, model);
}

/// Whether all is finite from which a step is made, and what the step makes of it first: what lies
/// beyond the type is ±∞, as documented, and `∞ − ∞` or `0·∞` is NaN.
fn fits<F: Float, R: Rule>(
    optimizer: &Descent<F, R>,
    (model, grads): (&Weights<F>, &[Vec<F>]),
    twin: &Twin,
) -> bool {
    let parameters = model.values.iter().zip(grads).enumerate();
    let all_fit = parameters.into_iter().all(|(i, (w, g))| {
        let Rates { lr, weight_decay } = twin.rates(optimizer, i);
        let shrink = F::of(1.0 - lr * weight_decay);
        let fits = |(&w, &g): (&F, &F)| {
            (shrink * w).is_finite() && (g.abs() + F::of(weight_decay) * w.abs()).is_finite()
        };
        w.iter().zip(g).all(fits)
    });
    all_fit && finite(optimizer.state())
}

fn finite<F: Float>(state: &State<F>) -> bool {
    state.parameters.iter().flat_map(|p| &p.buffers).all(|x| x.is_finite())
}

/// A state that is saved and restored goes on with the same bits.
fn continued<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    model: &Weights<F>,
    grads: &[Vec<F>],
) {
    let mut first = optimizer.clone();
    let mut second = optimizer.clone();
    let saved = optimizer.state().clone();
    // What has left the finite numbers is refused by restore, as documented.
    if !finite(&saved) {
        return;
    }
    case.must_accept("restore", "the optimizer's own state", || second.restore(saved));
    let (mut one, mut two) = (model.clone(), model.clone());
    let (mut g, mut h) = (grads.to_vec(), grads.to_vec());
    for _ in 0..2 {
        case.attempt("step", || first.step(&mut one, &mut g));
        case.attempt("step", || second.step(&mut two, &mut h));
    }
    case.must(one.bits() == two.bits(), "bits", || "a restored run goes another way".into());
}

fn mutated<F: Float>(case: &mut Case, state: &State<F>) -> State<F> {
    let mut state = state.clone();
    for _ in 0..=case.draw.below(2) {
        let name = case.draw.one_of(&["adam", "sgd", "exp_avg", "", "momentum_buffer"]).to_owned();
        match case.draw.below(6) {
            0 => state.steps = case.draw.counter(),
            1 => state.rule = name,
            2 => drop(state.buffers.pop()),
            3 => state.buffers.push(name),
            4 => drop(state.parameters.pop()),
            _ => mutated_parameter(case, &mut state, name),
        }
    }
    state
}

fn mutated_parameter<F: Float>(case: &mut Case, state: &mut State<F>, name: String) {
    let i = case.draw.below(state.parameters.len());
    let (counter, length) = (case.draw.counter(), case.draw.argument());
    let (value, kind) = (F::of(case.draw.number()), case.draw.below(6));
    let Some(parameter) = state.parameters.get_mut(i) else { return };
    match kind {
        0 => parameter.name = name,
        1 => parameter.length = length,
        2 => parameter.steps = counter,
        3 => parameter.buffers.push(value),
        4 => drop(parameter.buffers.pop()),
        _ => {
            if let Some(x) = parameter.buffers.first_mut() {
                *x = value;
            }
        }
    }
}

/// Models of other shapes, and one that refuses: an error, and nothing moves.
fn other_models<F: Float, R: Rule>(case: &mut Case, optimizer: &Descent<F, R>, model: &Weights<F>) {
    let mut copy = optimizer.clone();
    let mut other = model.clone();
    let started = copy.state().steps > 0;
    match case.draw.below(3) {
        0 => other.refuses = true,
        1 => other.values[0].push(F::one()),
        _ => {
            other.values.push(vec![F::one()]);
            other.frozen.push(false);
        }
    }
    let mut grads: Vec<Vec<F>> = other.values.iter().map(|v| vec![F::one(); v.len()]).collect();
    let before = (other.bits(), format!("{:?}", copy.state()));
    let done = case.result("step", || copy.step(&mut other, &mut grads));
    if let Some(Ok(())) = done {
        case.must(!started && !other.refuses, "accepted", || "a model of another shape".into());
    } else {
        let now = (other.bits(), format!("{:?}", copy.state()));
        case.must(before == now, "changed by an error", || "a weight or the state".into());
    }
}
