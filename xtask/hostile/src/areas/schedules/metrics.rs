//! What looks at metrics: the state after each metric, from the state before it.

use optim::{
    EarlyStopping, EarlyStoppingConfig, EarlyStoppingState, Goal, PlateauState, Progress,
    ReduceLrOnPlateau, ReduceLrOnPlateauConfig, Threshold,
};

use crate::case::Case;
use crate::compare::Against;
use crate::num::Num;
use crate::wide::Wide;

fn goal(case: &mut Case) -> Goal {
    case.draw.one_of(&[Goal::Min, Goal::Max])
}

fn threshold(case: &mut Case) -> Threshold {
    let theta = case.draw.setting(&[0.0, 1e-4, 0.1, 0.5]);
    if case.draw.once_in(2) { Threshold::Relative(theta) } else { Threshold::Absolute(theta) }
}

/// Metrics of one kind: of one sign, of both, or anything.
fn metric(case: &mut Case, kind: usize) -> f64 {
    match kind {
        0 => case.draw.number(),
        1 => -1.0 - case.draw.uniform(),
        2 => case.draw.uniform() * 1e-300,
        _ => case.draw.ordinary(),
    }
}

/// Whether a metric beats the best one by the margin; `None` where rounding decides.
fn beats(goal: Goal, metric: f64, best: f64, threshold: Threshold) -> Option<bool> {
    if metric.is_nan() {
        return Some(false);
    }
    let sign = if goal == Goal::Min { 1.0 } else { -1.0 };
    let (metric, best) = (sign * metric, sign * best);
    if !metric.is_finite() || !best.is_finite() {
        return Some(metric < best);
    }
    let margin = match threshold {
        Threshold::Relative(theta) => Num::of(theta) * Num::of(best).abs(),
        Threshold::Absolute(theta) => Num::of(theta),
    };
    let ahead = Num::of(best) - margin - Num::of(metric);
    if ahead.value.abs() <= ahead.error.scaled(2) && !ahead.error.is_zero() {
        return None;
    }
    Some(ahead.value > Wide::ZERO)
}

pub(crate) fn plateau(case: &mut Case) {
    case.about("ReduceLrOnPlateau");
    let config = ReduceLrOnPlateauConfig {
        goal: goal(case),
        factor: case.draw.setting(&[0.1, 0.5, 0.0]),
        patience: case.draw.counter() % 1000,
        threshold: threshold(case),
        cooldown: case.draw.counter(),
        min_lr: case.draw.setting(&[0.0, 1e-3]),
        eps: case.draw.setting(&[1e-8, 0.0]),
    };
    let lr = case.draw.setting(&[0.1, 1.0]);
    case.note(|| format!("{lr:e} {config:?}"));
    let made = case.attempt("ReduceLrOnPlateau::new", || ReduceLrOnPlateau::new(lr, config));
    let Some(mut plateau) = made else { return };
    let kind = case.draw.below(5);
    for _ in 0..10 {
        if case.draw.once_in(6) {
            restore_plateau(case, &mut plateau);
        }
        let (before, metric) = (plateau.state(), metric(case, kind));
        case.note(|| format!("{before:?} metric {metric:e}"));
        let mut twin = plateau;
        let Some(rate) = case.call("step", || plateau.step(metric)) else { return };
        case.must(rate >= 0.0 && rate.is_finite(), "rate", || format!("{rate:e}"));
        let same = twin.step(metric).to_bits() == rate.to_bits() && twin == plateau;
        case.must(same || metric.is_nan(), "bits", || "a copy goes another way".into());
        judge_plateau(case, config, before, metric, plateau.state());
    }
}

fn judge_plateau(
    case: &mut Case,
    config: ReduceLrOnPlateauConfig,
    before: PlateauState,
    metric: f64,
    after: PlateauState,
) {
    let Some(better) = beats(config.goal, metric, before.best, config.threshold) else { return };
    let best = if better { metric } else { before.best };
    let mut bad = if better { 0 } else { before.n_bad.saturating_add(1) };
    let mut cooldown = before.cooldown_left;
    if cooldown > 0 {
        (cooldown, bad) = (cooldown - 1, 0);
    }
    let mut want = Num::of(before.lr);
    if bad > config.patience {
        (bad, cooldown) = (0, config.cooldown);
        let cut = (Num::of(before.lr) * Num::of(config.factor)).max(Num::of(config.min_lr));
        let fall = Num::of(before.lr) - cut - Num::of(config.eps);
        if fall.value.abs() <= fall.error.scaled(1) {
            return;
        }
        if fall.value > Wide::ZERO {
            want = cut;
        }
    }
    let seen = (after.best.to_bits(), after.n_bad, after.cooldown_left);
    let same = seen == (best.to_bits(), bad, cooldown);
    case.must(same, "state", || {
        format!("after {metric:e}: best {best:e}, bad {bad}, cooldown {cooldown}; found {after:?}")
    });
    if let Some(off) = Against::new().off(after.lr, want) {
        case.fault("number", format!("the rate: {off}"));
    }
}

fn restore_plateau(case: &mut Case, plateau: &mut ReduceLrOnPlateau) {
    let before = plateau.state();
    let mut state = before;
    for _ in 0..=case.draw.below(2) {
        match case.draw.below(6) {
            0 => state.lr = case.draw.number(),
            1 => state.best = case.draw.number(),
            2 => state.n_bad = case.draw.counter(),
            3 => state.steps = case.draw.counter(),
            4 => state.best_step = case.draw.counter(),
            _ => state.cooldown_left = case.draw.counter(),
        }
    }
    let ok = case.attempt("restore", || plateau.restore(state));
    let want = if ok.is_some() { state } else { before };
    let same = format!("{want:?}") == format!("{:?}", plateau.state());
    case.must(same, "changed by an error", || format!("{:?}", plateau.state()));
}

pub(crate) fn early_stopping(case: &mut Case) {
    case.about("EarlyStopping");
    let drawn = case.draw.number();
    let config = EarlyStoppingConfig {
        goal: goal(case),
        patience: case.draw.counter() % 100,
        threshold: threshold(case),
        start_from: if case.draw.once_in(3) { case.draw.counter() } else { 0 },
        baseline: case.draw.once_in(4).then_some(drawn),
    };
    case.note(|| format!("{config:?}"));
    let made = case.attempt("EarlyStopping::new", || EarlyStopping::new(config));
    let Some(mut stopping) = made else { return };
    let kind = case.draw.below(5);
    for _ in 0..10 {
        if case.draw.once_in(6) {
            restore_stopping(case, &mut stopping);
        }
        let (before, metric) = (stopping.state(), metric(case, kind));
        case.note(|| format!("{before:?} metric {metric:e}"));
        let Some(progress) = case.call("step", || stopping.step(metric)) else { return };
        judge_stopping(case, config, before, metric, (progress, stopping.state()));
    }
}

fn judge_stopping(
    case: &mut Case,
    config: EarlyStoppingConfig,
    before: EarlyStoppingState,
    metric: f64,
    (progress, after): (Progress, EarlyStoppingState),
) {
    let step = before.steps + 1;
    let better = beats(config.goal, metric, before.best, config.threshold);
    let beaten = config.baseline.map(|b| beats(config.goal, metric, b, config.threshold));
    let (Some(better), beaten) = (better, beaten.unwrap_or(Some(true))) else { return };
    let Some(beaten) = beaten else { return };
    let bad = before.n_bad + 1;
    let (want, best, n_bad) = match () {
        () if step <= config.start_from => (Progress::Waiting, before.best, before.n_bad),
        () if better => (Progress::Improved, metric, if beaten { 0 } else { bad }),
        () if bad > config.patience => (Progress::Stop, before.best, bad),
        () => (Progress::Waiting, before.best, bad),
    };
    let same = progress == want && after.best.to_bits() == best.to_bits() && after.n_bad == n_bad;
    case.must(same && after.steps == step, "state", || {
        format!(
            "after {metric:e}: {want:?}, best {best:e}, bad {n_bad}; found {progress:?} {after:?}"
        )
    });
}

fn restore_stopping(case: &mut Case, stopping: &mut EarlyStopping) {
    let before = stopping.state();
    let mut state = before;
    match case.draw.below(4) {
        0 => state.steps = case.draw.counter(),
        1 => state.best = case.draw.number(),
        2 => state.best_step = case.draw.counter(),
        _ => state.n_bad = case.draw.counter(),
    }
    let ok = case.attempt("restore", || stopping.restore(state));
    let want = if ok.is_some() { state } else { before };
    let same = format!("{want:?}") == format!("{:?}", stopping.state());
    case.must(same, "changed by an error", || format!("{:?}", stopping.state()));
}
