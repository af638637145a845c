//! Every schedule, with constants from the whole range of `f64` and steps up to `u64::MAX`: refused
//! when it is made, or right at every step, against its formula in 31 digits.
//!
//! A new schedule joins by a line in [`items`]; a module without one fails a test.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

#[path = "../double_double/mod.rs"]
mod double_double;
mod draw;
mod exact;
mod metrics;

use optim::{
    Anneal, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CycleMode, CyclicLr,
    CyclicLrConfig, ExponentialLr, LambdaLr, LinearLr, LinearLrConfig, MultiStepLr, OneCycleLr,
    OneCycleLrConfig, PolynomialLr, Schedule, StepLr,
};
use tensor_core::{Error, Rng};

use draw::{count, factor, milestones, rate, share, step};
use exact::{Between, Exact, between, cosine, grown, line, ratio};

/// A schedule with drawn constants, and its formula: what it is at a step, and the unit in which
/// errors are judged.
type Drawn = Result<(Box<dyn Schedule>, Box<dyn Fn(u64) -> Exact>), Error>;

/// A module of the crate's `schedule`, and how to draw one of its schedules.
type Item = (&'static str, fn(&mut Rng) -> Drawn);

fn items() -> Vec<Item> {
    vec![
        ("constant", constant),
        ("step", steps),
        ("multi_step", multi_step),
        ("exponential", exponential),
        ("linear", linear),
        ("cosine", annealing),
        ("warm_restarts", restarts),
        ("one_cycle", one_cycle),
        ("polynomial", polynomial),
        ("cyclic", cyclic),
        ("lambda", lambda),
        ("then", then),
    ]
}

fn drawn(
    schedule: Result<impl Schedule + 'static, Error>,
    formula: impl Fn(u64) -> Exact + 'static,
) -> Drawn {
    Ok((Box::new(schedule?), Box::new(formula)))
}

fn constant(rng: &mut Rng) -> Drawn {
    let lr = rate(rng);
    drawn(ConstantLr::new(lr), move |_| Exact::of(lr))
}

fn steps(rng: &mut Rng) -> Drawn {
    let (lr, size, gamma) = (rate(rng), count(rng), factor(rng));
    drawn(StepLr::new(lr, size, gamma), move |t| grown(lr, gamma, t / size))
}

fn multi_step(rng: &mut Rng) -> Drawn {
    let (lr, milestones, gamma) = (rate(rng), milestones(rng), factor(rng));
    drawn(MultiStepLr::new(lr, &milestones, gamma), move |t| {
        let passed = milestones.iter().filter(|m| **m <= t).count();
        grown(lr, gamma, passed as u64)
    })
}

fn exponential(rng: &mut Rng) -> Drawn {
    let (lr, gamma) = (rate(rng), factor(rng));
    drawn(ExponentialLr::new(lr, gamma), move |t| grown(lr, gamma, t))
}

fn linear(rng: &mut Rng) -> Drawn {
    let (lr, total_iters) = (rate(rng), count(rng));
    let (start_factor, end_factor) = (factor(rng), factor(rng));
    let config = LinearLrConfig { start_factor, end_factor, total_iters };
    drawn(LinearLr::new(lr, config), move |t| {
        let ends = [lr * start_factor, lr * end_factor];
        let done = if total_iters == 0 {
            ratio(1, 1)
        } else {
            ratio(t.min(total_iters).into(), total_iters.into())
        };
        between(ends, line(done))
    })
}

fn annealing(rng: &mut Rng) -> Drawn {
    let (lr, t_max, eta_min) = (rate(rng), count(rng), rate(rng));
    drawn(CosineAnnealingLr::new(lr, t_max, eta_min), move |t| {
        let (t, t_max) = (u128::from(t), u128::from(t_max));
        let there = t % (2 * t_max);
        let t = if there <= t_max { there } else { 2 * t_max - there };
        between([lr, eta_min], cosine(ratio(t, t_max)))
    })
}

fn restarts(rng: &mut Rng) -> Drawn {
    let (lr, t_0, t_mult, eta_min) = (rate(rng), count(rng), count(rng), rate(rng));
    drawn(CosineAnnealingWarmRestarts::new(lr, t_0, t_mult, eta_min), move |t| {
        let (mut since, mut length) = (u128::from(t), u128::from(t_0));
        if t_mult == 1 {
            since %= length;
        }
        while since >= length {
            since -= length;
            length *= u128::from(t_mult);
        }
        between([lr, eta_min], cosine(ratio(since, length)))
    })
}

fn one_cycle(rng: &mut Rng) -> Drawn {
    let three_phase = rng.below(2) == 0;
    let linear = rng.below(2) == 0;
    let config = OneCycleLrConfig {
        pct_start: share(rng) / if three_phase { 2.0 } else { 1.0 },
        anneal: if linear { Anneal::Linear } else { Anneal::Cosine },
        div_factor: factor(rng),
        final_div_factor: factor(rng),
        three_phase,
        ..OneCycleLrConfig::default()
    };
    let (peak, total_steps) = (rate(rng), count(rng));
    drawn(OneCycleLr::new(peak, total_steps, config), move |step| {
        let start = exact::quotient(peak, &[config.div_factor]);
        let bottom = exact::quotient(peak, &[config.div_factor, config.final_div_factor]);
        let (t, total) = (step as f64, total_steps as f64);
        let (p, end) = (config.pct_start * total, total - 1.0);
        let mut phases = vec![([start, peak], 0.0, p - 1.0)];
        if three_phase {
            phases.push(([peak, start], p - 1.0, 2.0 * p - 2.0));
            phases.push(([start, bottom], 2.0 * p - 2.0, end));
        } else {
            phases.push(([peak, bottom], p - 1.0, end));
        }
        let last = phases.len() - 1;
        let i = phases.iter().position(|(_, _, b)| t <= *b).unwrap_or(last);
        let (ends, a, b) = phases[i];
        let done = if b > a && t < b { exact::progress(t, a, b) } else { ratio(1, 1) };
        between(ends, if linear { line(done) } else { cosine(done) })
    })
}

fn polynomial(rng: &mut Rng) -> Drawn {
    let (lr, total, power) = (rate(rng), count(rng), factor(rng));
    drawn(PolynomialLr::new(lr, total, power), move |t| {
        exact::power(lr, (total.saturating_sub(t), total), power)
    })
}

fn cyclic(rng: &mut Rng) -> Drawn {
    let (low, high) = (rate(rng), rate(rng));
    let (up, down, gamma) = (count(rng), count(rng), share(rng));
    let (mode, base, each_step) = match rng.below(3) {
        0 => (CycleMode::Triangular, 1.0, false),
        1 => (CycleMode::Triangular2, 0.5, false),
        _ => (CycleMode::ExpRange { gamma }, gamma, true),
    };
    let step_size_down = Some(down);
    let config =
        CyclicLrConfig { step_size_up: up, step_size_down, mode, ..CyclicLrConfig::default() };
    drawn(CyclicLr::new(low, high, config), move |t| {
        let [step, up, down] = [t, up, down].map(u128::from);
        let (cycle, at) = (step / (up + down), step % (up + down));
        let x = if at <= up { ratio(at, up) } else { ratio(up + down - at, down) };
        let n = if each_step { t } else { cycle as u64 };
        // Beside a large low end, which is a difference, it is the unit.
        let part = |end| between([0.0, grown(end, base, n).value], line(x)).value;
        let value = ((low - part(low)) + part(high)).min(f64::MAX);
        Exact { value, unit: low.max(high) }
    })
}

fn lambda(rng: &mut Rng) -> Drawn {
    let (lr, gamma) = (rate(rng), share(rng));
    drawn(LambdaLr::new(lr, move |t| gamma.powf(t.min(60) as f64)), move |t| {
        Exact::of(lr * gamma.powf(t.min(60) as f64))
    })
}

fn then(rng: &mut Rng) -> Drawn {
    let (first, at, later) = (rate(rng), count(rng), rate(rng));
    let gamma = factor(rng);
    let parts = (ConstantLr::new(first), ExponentialLr::new(later, gamma));
    drawn(parts.0.and_then(|first| Ok(first.then(at, parts.1?))), move |t| {
        if t < at { Exact::of(first) } else { grown(later, gamma, t - at) }
    })
}

#[test]
fn every_schedule_is_refused_or_right_at_every_step() {
    for (name, draw) in items() {
        let (mut made, mut compared) = (0, 0);
        for seed in 0..2000 {
            let mut rng = Rng::with_stream(seed, 16);
            let Ok((schedule, formula)) = draw(&mut rng) else { continue };
            made += 1;
            for _ in 0..12 {
                let t = step(&mut rng);
                let (found, exact) = (schedule.lr(t), formula(t));
                assert!(
                    found >= 0.0 && found.is_finite(),
                    "{name}, seed {seed}, step {t}: {found:e}"
                );
                assert!(
                    exact.is_near(found),
                    "{name}, seed {seed}, step {t}: {found:e}, right is {exact:?}"
                );
                compared += usize::from(found > 0.0 && found < f64::MAX);
            }
        }
        assert!(made > 300 && compared > 1000, "{name}: {made} made, {compared} compared");
    }
}

#[test]
fn every_schedule_is_in_the_list() {
    let listed: Vec<&str> = items().iter().map(|(name, _)| *name).collect();
    for line in include_str!("../../src/schedule.rs").lines() {
        if let Some(module) = line.strip_prefix("mod ").and_then(|line| line.strip_suffix(';')) {
            let known = listed.contains(&module) || ["curve", "plateau"].contains(&module);
            assert!(known, "{module}: a schedule without a line in items()");
        }
    }
}

#[test]
fn formulas_by_hand() {
    let third: Between = cosine(ratio(1, 3));
    assert!(between([4.0, 0.0], third).is_near(3.0)); // cos 60° = ½
    assert!(between([4.0, 8.0], line(ratio(1, 4))).is_near(5.0));
    assert!(grown(0.5, 0.5, 3).is_near(0.0625));
    assert!(grown(1e-300, 1e10, 40).is_near(1e100));
}
