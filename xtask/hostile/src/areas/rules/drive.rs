//! Steps of a rule on a model of parameters, each beside the plain form.

use optim::{Descent, Group, Optimizer, Penalty, Rates, Rule, Select};
use tensor_core::Float;

use super::model::{Weights, name};
use super::plain::{Given, PlainRule};
use super::states;
use super::twin::Twin;
use crate::case::Case;
use crate::compare::Against;
use crate::laid::bits;
use crate::num::{Num, sum};
use crate::wide::Wide;

pub(crate) fn run<F: Float, R: Rule + PlainRule>(case: &mut Case, config: R) {
    case.note(|| format!("{config:?}"));
    let Some(optimizer) = case.attempt("Descent::new", || Descent::<F, R>::new(config)) else {
        return;
    };
    let mut model = Weights::<F>::draw(case);
    let group = group(case, model.values.len());
    let Some(mut optimizer) = with_group(case, optimizer, group) else { return };
    let initial = |_: &F| [Num::of(PlainRule::initial(&config)).rounded_to::<F>(); 3];
    let mut twin = Twin {
        buffers: model.values.iter().map(|v| v.iter().map(initial).collect()).collect(),
        t: 0,
        group,
    };
    for _ in 0..1 + case.draw.below(5) {
        let mut grads = model.gradients(case);
        case.note(|| format!("{model:?} gradients {grads:?}"));
        between(case, &optimizer, &mut model, &mut grads, &twin);
        if case.draw.once_in(8) {
            states::disturb(case, &mut optimizer, (&model, &grads), &twin);
        }
        if !step(case, &mut optimizer, &mut model, &mut grads, &mut twin) {
            return;
        }
    }
}

fn group(case: &mut Case, n: usize) -> Option<(usize, f64, Option<f64>)> {
    if !case.draw.once_in(3) {
        return None;
    }
    let factor = case.draw.setting(&[0.0, 0.5, 1.0, 2.0]);
    let decay = case.draw.setting(&[0.0, 0.1]);
    Some((case.draw.below(n), factor, case.draw.once_in(2).then_some(decay)))
}

fn with_group<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: Descent<F, R>,
    group: Option<(usize, f64, Option<f64>)>,
) -> Option<Descent<F, R>> {
    let Some((i, factor, decay)) = group else { return Some(optimizer) };
    let group = Group::new(Select::within(name(i))).lr_factor(factor);
    let group = match decay {
        Some(decay) => group.weight_decay(decay),
        None => group,
    };
    case.attempt("with_group", || optimizer.with_group(group))
}

/// One step of both; false where nothing more can be said.
fn step<F: Float, R: Rule + PlainRule>(
    case: &mut Case,
    optimizer: &mut Descent<F, R>,
    model: &mut Weights<F>,
    grads: &mut Vec<Vec<F>>,
    twin: &mut Twin,
) -> bool {
    if case.draw.once_in(4) {
        let lr = case.draw.setting(&[0.1, 0.01]);
        case.note(|| format!("rate {lr:e}"));
        case.attempt("set_lr", || optimizer.set_lr(lr));
    }
    let before = model.clone();
    let seen: Vec<_> = grads.iter().map(|g| bits(g.iter())).collect();
    let done =
        case.must_accept("step", "gradients for every parameter", || optimizer.step(model, grads));
    let now: Vec<_> = grads.iter().map(|g| bits(g.iter())).collect();
    case.must(seen == now, "input changed", || "the gradients, by a step".into());
    if done.is_none() {
        return false;
    }
    twin.t += 1;
    for i in 0..model.values.len() {
        if !judge(case, optimizer, (i, &before, model), grads, twin) {
            return false;
        }
    }
    // The next step starts from what is there, and from the plain form's buffers.
    true
}

fn judge<F: Float, R: Rule + PlainRule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    (i, before, model): (usize, &Weights<F>, &Weights<F>),
    grads: &[Vec<F>],
    twin: &mut Twin,
) -> bool {
    let group = twin.group.filter(|(place, ..)| *place == i);
    if before.frozen[i] || group.is_some_and(|(_, factor, _)| factor == 0.0) {
        let same = bits(before.values[i].iter()) == bits(model.values[i].iter());
        case.must(same, "frozen", || format!("parameter {} moved", name(i)));
        return true;
    }
    let rule = optimizer.config();
    let Rates { lr, weight_decay } = twin.rates(optimizer, i);
    for (j, &g) in grads[i].iter().enumerate() {
        let g = Num::from(g).computed_in::<F>();
        let w = Num::from(before.values[i][j]).computed_in::<F>();
        let given = Given { t: twin.t, lr, weight_decay, w, g };
        let want = rule.step::<F>(given, &mut twin.buffers[i][j]);
        let got = model.values[i][j];
        let most = Wide::of(F::max_value().as_f64());
        if R::LINEAR.iter().any(|&b| twin.buffers[i][j][b].value.abs() > most) {
            return false;
        }
        if let Some(off) = Against::new().off(got, want) {
            let (t, name, w, g) = (twin.t, name(i), before.values[i][j], grads[i][j]);
            case.fault("number", format!("step {t}, {name}[{j}] from {w:e} with {g:e}: {off}"));
            return false;
        }
    }
    true
}

/// Clipping and penalties, before the step.
fn between<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    model: &mut Weights<F>,
    grads: &mut Vec<Vec<F>>,
    twin: &Twin,
) {
    let frozen: Vec<_> = (0..model.values.len())
        .map(|i| {
            let group = twin.group.filter(|(place, ..)| *place == i);
            model.frozen[i] || group.is_some_and(|(_, factor, _)| factor == 0.0)
        })
        .collect();
    let before = grads.clone();
    let values = model.bits();
    match case.draw.below(6) {
        0 | 1 => clip_norm(case, optimizer, (model, grads), &frozen),
        2 => clip_value(case, optimizer, (model, grads), &frozen),
        3 => penalty(case, optimizer, (model, grads), &frozen),
        _ => return,
    }
    case.must(values == model.bits(), "changed", || "a parameter, before the step".into());
    for (i, frozen) in frozen.iter().enumerate() {
        let same = bits(before[i].iter()) == bits(grads[i].iter());
        case.must(same || !frozen, "frozen", || format!("gradient of {}", name(i)));
    }
}

type Both<'a, F> = (&'a mut Weights<F>, &'a mut Vec<Vec<F>>);

/// Bounds: ordinary ones, and those that the type cannot hold.
fn bound(case: &mut Case) -> f64 {
    case.draw.setting(&[1.0, 0.1, 100.0, f64::INFINITY, 1e-45, 1e-50, 1e39, 1e300])
}

fn clip_norm<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    (model, grads): Both<'_, F>,
    frozen: &[bool],
) {
    let (max, before) = (bound(case), grads.clone());
    case.note(|| format!("clip to the norm {max:e}"));
    let result = case.attempt("clip_grad_norm", || optimizer.clip_grad_norm(model, grads, max));
    let counted = || before.iter().zip(frozen).filter(|(_, frozen)| !**frozen);
    let all = || counted().flat_map(|(g, _)| g);
    let same = before.iter().flatten().zip(grads.iter().flatten());
    let Some(norm) = result else {
        let same = same.into_iter().all(|(a, b)| a.as_f64().to_bits() == b.as_f64().to_bits());
        return case.must(same, "changed by an error", || "gradients".into());
    };
    let want = sum(all(), |&g| Num::from(g).square()).sqrt();
    if let Some(off) = Against::new().off(norm, want.rounded_to::<F>()) {
        case.fault("number", format!("the norm: {off}"));
    }
    if !want.value.is_finite() {
        return;
    }
    let factor = Num::of(max) / want;
    let near = (factor.value - Wide::ONE).abs() < Wide::of(1e-6);
    let scale = factor.value < Wide::ONE;
    for (i, (g, frozen)) in before.iter().zip(frozen).enumerate() {
        for (j, &g) in g.iter().enumerate().filter(|_| !frozen && !near) {
            let own = Num::from(g).computed_in::<F>();
            let want = if scale { own * factor.rounded_to::<F>() } else { own };
            if let Some(off) = Against::new().off(grads[i][j], want) {
                return case.fault("number", format!("{g:e} clipped to norm {max:e}: {off}"));
            }
        }
    }
}

fn clip_value<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    (model, grads): Both<'_, F>,
    frozen: &[bool],
) {
    let (max, before) = (bound(case), grads.clone());
    case.note(|| format!("clip to the value {max:e}"));
    if case.attempt("clip_grad_value", || optimizer.clip_grad_value(model, grads, max)).is_none() {
        return;
    }
    for (i, (g, _)) in before.iter().zip(frozen).enumerate().filter(|(_, (_, f))| !**f) {
        for (&g, &got) in g.iter().zip(&grads[i]) {
            let (size, own) = (g.as_f64().abs(), got.as_f64().abs());
            // The bound as the type has it.
            let most = F::of(max).as_f64();
            let fine = match size {
                size if size.is_nan() => own.is_nan(),
                size if size <= max.min(most) => own == size,
                _ => own == most,
            };
            let signed = got.is_nan() || (got < F::zero()) == (g < F::zero()) || own == 0.0;
            if !(fine && signed) {
                return case.fault("number", format!("{g:e} clipped to {max:e} is {got:e}"));
            }
        }
    }
}

fn penalty<F: Float, R: Rule>(
    case: &mut Case,
    optimizer: &Descent<F, R>,
    (model, grads): Both<'_, F>,
    frozen: &[bool],
) {
    let (lambda, before) = (case.draw.setting(&[0.1, 0.0, 1e-4, 1e-50, 1e39]), grads.clone());
    let l1 = case.draw.once_in(2);
    case.note(|| format!("penalty {lambda:e}, l1 {l1}"));
    let made = case.attempt("Penalty::new", || match l1 {
        true => Penalty::l1(lambda, Select::all()),
        false => Penalty::l2(lambda, Select::all()),
    });
    let Some(penalty) = made else { return };
    let Some(value) = case.attempt("penalty", || optimizer.penalty(&penalty, model, grads)) else {
        return;
    };
    let again = case.attempt("add_penalty", || optimizer.add_penalty(&penalty, model, grads));
    case.must(bits(again.iter()) == bits([value].iter()), "bits", || "the penalty's value".into());
    let counted = model.values.iter().zip(frozen).filter(|(_, frozen)| !**frozen);
    let term = |w: &F| if l1 { Num::from(*w).abs() } else { Num::from(*w).square() };
    let total = sum(counted.flat_map(|(w, _)| w), term);
    let factor = if l1 { Num::of(lambda) } else { Num::of(0.5) * Num::of(lambda) };
    let want = if lambda == 0.0 { Num::zero() } else { factor * total };
    if let Some(off) = Against::new().off(value, want.rounded_to::<F>()) {
        case.fault("number", format!("the penalty: {off}"));
    }
    for (i, _) in frozen.iter().enumerate().filter(|(_, frozen)| !**frozen) {
        for (j, &w) in model.values[i].iter().enumerate() {
            let sign = if w == F::zero() || w.is_nan() { w } else { w.signum() };
            let slope = Num::of(lambda) * Num::from(if l1 { sign } else { w });
            let before = Num::from(before[i][j]);
            let want = if lambda == 0.0 { before } else { before + slope };
            if let Some(off) = Against::new().off(grads[i][j], want.rounded_to::<F>()) {
                return case.fault("number", format!("a penalty's gradient at {w:e}: {off}"));
            }
        }
    }
}
