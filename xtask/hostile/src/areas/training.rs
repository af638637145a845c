//! What goes around a training: a rate finder, averages of weights, and L-BFGS.

use models::{Average, Averaged, AveragedConfig, Mlp};
use optim::{Lbfgs, LbfgsConfig, LbfgsOutcome, LbfgsStep, RateFinder, RateFinderConfig};
use tensor_core::{Error, Float};

use crate::areas::layers::compare;
use crate::areas::rules::model::Weights;
use crate::case::Case;
use crate::compare::Against;
use crate::draw::Values;
use crate::laid::bits;
use crate::num::Num;

/// One of them.
pub(crate) fn run(case: &mut Case) {
    match case.draw.below(4) {
        0 => rate_finder(case),
        1 => averaged::<f32>(case).unwrap_or_default(),
        2 => averaged::<f64>(case).unwrap_or_default(),
        _ => lbfgs(case).unwrap_or_default(),
    }
}

fn rate_finder(case: &mut Case) {
    case.about("RateFinder");
    let divergence = case.draw.setting(&[4.0, 2.0]);
    let config = RateFinderConfig {
        start_lr: case.draw.setting(&[1e-7, 1e-3]),
        end_lr: case.draw.setting(&[10.0, 1.0]),
        num_it: case.draw.counter(),
        smoothing: case.draw.setting(&[0.98, 0.0, 0.5]),
        divergence: case.draw.once_in(2).then_some(divergence),
    };
    case.note(|| format!("{config:?}"));
    let Some(mut finder) = case.attempt("RateFinder::new", || RateFinder::new(config)) else {
        return;
    };
    let mut last = 0.0;
    for _ in 0..20 {
        let Some(rate) = case.call("lr", || finder.lr()) else { return };
        if let Some(rate) = rate {
            let fine = rate >= config.start_lr && rate <= config.end_lr && rate >= last;
            case.must(fine, "rate", || format!("{rate:e} after {last:e}"));
            last = rate;
        }
        let loss = if case.draw.once_in(8) { case.draw.number() } else { case.draw.ordinary() };
        case.call("record", || finder.record(loss));
        case.call("suggestion", || finder.suggestion());
    }
    let nan = finder.curve().iter().any(|point| point.smoothed.is_nan());
    let finite = finder.curve().iter().all(|point| point.loss.abs() < 1e300);
    case.must(!(nan && finite), "number", || format!("{:?}", finder.curve()));
}

fn averaged<F: Float>(case: &mut Case) -> Option<()> {
    case.about(format!("Averaged<{}>", F::NAME));
    let build = |seed: u64| Mlp::<F>::new(&[2, 3, 1]).seed(seed).build();
    let model = case.must_accept("build", "small widths", || build(1))?;
    let (decay, warm_up) = (case.draw.setting(&[0.9, 0.0, 1.0]), case.draw.once_in(2));
    let average = match case.draw.once_in(2) {
        true => Average::Equal,
        false => Average::Exponential { decay, warm_up },
    };
    let config = AveragedConfig { average, use_buffers: case.draw.once_in(2) };
    case.note(|| format!("{config:?}"));
    let updates = if case.draw.once_in(2) { 0 } else { case.draw.counter() };
    let start = model.clone();
    let made = case.attempt("resume", || Averaged::resume(start, updates, config));
    let mut averaged = made?;
    for n in 0..3 {
        let mut trained = case.must_accept("build", "small widths", || build(2 + n))?;
        let values = if case.draw.once_in(3) { case.draw.values() } else { Values::Scaled(1.0) };
        let weight = ndarray::Array2::from_shape_fn((3, 2), |_| case.draw.value::<F>(values));
        case.must_accept("set_tensor", "its shape", || trained.set_tensor("0.weight", &weight))?;
        let (before, n) = (averaged.model().clone(), averaged.updates());
        case.attempt("update", || averaged.update(&trained))?;
        let (old, new) =
            (before.tensor("0.weight").ok()?, averaged.model().tensor("0.weight").ok()?);
        let want = mixed(old.iter(), weight.iter(), keep(average, n));
        compare(case, "the average", Against::new(), new.iter(), &want);
    }
    other_shape(case, &mut averaged)
}

/// What the old average counts.
fn keep(average: Average, n: u64) -> Num {
    let [n, one, ten] = [n as f64, 1.0, 10.0].map(Num::of);
    match average {
        _ if n.is_zero() => n,
        Average::Equal => n / (n + one),
        Average::Exponential { decay, warm_up } => {
            let (warm, decay) = ((one + n) / (ten + n), Num::of(decay));
            if warm_up && warm.value < decay.value { warm } else { decay }
        }
    }
}

/// `keep·a + (1 − keep)·w`, without products that do not count.
fn mixed<'a, F: Float>(
    old: impl Iterator<Item = &'a F>,
    new: impl Iterator<Item = &'a F>,
    keep: Num,
) -> Vec<Num> {
    let take = Num::of(1.0) - keep;
    let part = |share: Num, x: &F| match share.is_zero() {
        true => Num::zero(),
        false => share * Num::from(*x),
    };
    old.zip(new).map(|(a, w)| part(keep, a) + part(take, w)).collect()
}

/// A model of another shape: refused, and nothing changes.
fn other_shape<F: Float>(case: &mut Case, averaged: &mut Averaged<F>) -> Option<()> {
    let other = case.must_accept("build", "other widths", || Mlp::<F>::new(&[2, 2, 1]).build())?;
    let before = bits(averaged.model().tensor("0.weight").ok()?.iter());
    case.must_refuse("update", "a model of another shape", || averaged.update(&other));
    let after = bits(averaged.model().tensor("0.weight").ok()?.iter());
    case.must(before == after, "changed by an error", || "the average".into());
    Some(())
}

fn lbfgs(case: &mut Case) -> Option<()> {
    case.about("Lbfgs<f64>");
    let max_eval = case.draw.counter() % 100;
    let config = LbfgsConfig {
        lr: case.draw.setting(&[1.0, 0.1]),
        max_iter: case.draw.counter() % 50,
        max_eval: case.draw.once_in(2).then_some(max_eval),
        tolerance_grad: case.draw.setting(&[1e-7, 0.0]),
        tolerance_change: case.draw.setting(&[1e-9, 0.0]),
        history_size: case.draw.argument(),
    };
    case.note(|| format!("{config:?}"));
    let mut lbfgs = case.attempt("Lbfgs::new", || Lbfgs::<f64>::new(config))?;
    let n = case.draw.width().min(6);
    let (start, scale): (Vec<f64>, Vec<f64>) = (case.draw.list(n), case.draw.list(n));
    case.note(|| format!("from {start:?}, curvatures {scale:?}"));
    let mut model = Weights::one(start);
    let mut grads = vec![vec![0.0; n]];
    for _ in 0..2 {
        let fails = case.draw.once_in(8);
        let step = case.attempt("step", || {
            lbfgs.step(&mut model, &mut grads, |model, grads| match fails {
                true => Err(Error::empty("closure", "anything")),
                false => Ok(bowl(&model.values[0], &scale, &mut grads[0])),
            })
        })?;
        judge(case, &config, &step, &model.values[0]);
        if step.outcome == LbfgsOutcome::NotFinite {
            return None;
        }
    }
    Some(())
}

/// `½ Σ |a| (w − 3)²`, and its gradient.
fn bowl(w: &[f64], scale: &[f64], grads: &mut [f64]) -> f64 {
    let terms = w.iter().zip(scale).zip(grads).map(|((&w, &a), g)| {
        *g = a.abs() * (w - 3.0);
        0.5 * *g * (w - 3.0)
    });
    terms.sum()
}

/// A call never ends higher than it began, nor at NaN, nor after more evaluations than it may make.
fn judge(case: &mut Case, config: &LbfgsConfig, step: &LbfgsStep, w: &[f64]) {
    case.note(|| format!("{step:?} at {w:?}"));
    let finite = step.first_loss.is_finite();
    case.must(!finite || step.loss <= step.first_loss, "number", || format!("{step:?}"));
    let nan = finite && w.iter().any(|w| w.is_nan());
    case.must(!nan, "number", || format!("NaN at the end of {step:?}"));
    let most = config.max_eval.unwrap_or(config.max_iter.saturating_mul(5) / 4).max(1);
    case.must(step.evaluations <= most, "budget", || format!("{step:?}"));
}
