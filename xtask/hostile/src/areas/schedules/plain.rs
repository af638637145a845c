//! The plain forms of the schedules.

use optim::{Anneal, CycleMode, CyclicLrConfig, OneCycleLrConfig};

use crate::num::Num;

/// The quotient of two counters.
pub(crate) fn quotient(a: u64, b: u64) -> Num {
    let half = |n: u64| Num::of(n as f64);
    let whole = |n: u64| half(n >> 32) * Num::of(4_294_967_296.0) + half(n & u64::from(u32::MAX));
    whole(a) / whole(b)
}

/// `λ γᵗ` as `λ e^(t ln γ)`.
pub(crate) fn grown(lr: Num, gamma: f64, t: u64) -> Num {
    if t == 0 || lr.is_zero() {
        return lr;
    }
    lr * (Num::of(t as f64) * Num::of(gamma).ln()).exp()
}

/// `end + (start − end)(1 + cos πp)/2`.
pub(crate) fn half_cosine(start: Num, end: Num, p: Num) -> Num {
    end + (start - end) * (Num::of(1.0) + p.cos_pi()) / Num::of(2.0)
}

/// The part of its cycle that a step has behind it, by counting the cycles.
pub(crate) fn cycle(t: u64, t_0: u64, t_mult: u64) -> Num {
    let (mut since, mut length) = (u128::from(t), u128::from(t_0));
    if t_mult == 1 {
        since %= length;
    }
    while since >= length {
        since -= length;
        length *= u128::from(t_mult);
    }
    if length > u128::from(u64::MAX) {
        return quotient((since >> 64) as u64, (length >> 64) as u64)
            .off_by(since as f64 / length as f64);
    }
    quotient(since as u64, length as u64)
}

/// `λ (left/T)^p`.
pub(crate) fn polynomial(lr: f64, total: u64, power: f64, t: u64) -> Num {
    let left = total.saturating_sub(t);
    match (left, power) {
        (_, 0.0) => Num::of(lr),
        (0, _) => Num::zero(),
        _ => Num::of(lr) * (Num::of(power) * quotient(left, total).ln()).exp(),
    }
}

/// Up in one number of steps and down in another, again and again.
pub(crate) fn cyclic(base: f64, max: f64, config: CyclicLrConfig, t: u64) -> Num {
    let (up, down) = (config.step_size_up, config.step_size_down.unwrap_or(config.step_size_up));
    let length = u128::from(up) + u128::from(down);
    let (at, n) = (u128::from(t) % length, (u128::from(t) / length) as u64);
    let x = match at <= u128::from(up) {
        true => quotient(at as u64, up),
        false => quotient((length - at) as u64, down),
    };
    let scale = match config.mode {
        CycleMode::Triangular => Num::of(1.0),
        CycleMode::Triangular2 => grown(Num::of(1.0), 0.5, n),
        CycleMode::ExpRange { gamma } => grown(Num::of(1.0), gamma, t),
    };
    Num::of(base) + (Num::of(max) - Num::of(base)) * x * scale
}

/// Up, down, and further down; `None` near the end of a phase.
pub(crate) fn one_cycle(lr: f64, total: u64, config: OneCycleLrConfig, t: u64) -> Option<Num> {
    let OneCycleLrConfig { pct_start, anneal, div_factor, final_div_factor, three_phase, .. } =
        config;
    let peak = Num::of(lr);
    let start = peak / Num::of(div_factor);
    let bottom = start / Num::of(final_div_factor);
    let (t, total) = (t as f64, total as f64);
    let up = pct_start * total - 1.0;
    let mirror = 2.0 * pct_start * total - 2.0;
    let near = |a: f64, b: f64| (a - b).abs() <= 4.0 * f64::EPSILON * a.abs().max(b.abs()).max(1.0);
    if near(t, up) || near(t, mirror) || near(t, total - 1.0) {
        return None;
    }
    let (a, b, x, y) = match () {
        () if t <= up => (0.0, up, start, peak),
        () if three_phase && t <= mirror => (up, mirror, peak, start),
        () if three_phase => (mirror, total - 1.0, start, bottom),
        () => (up, total - 1.0, peak, bottom),
    };
    let q = if b > a && t < b {
        // The ends of a phase are rounded before their difference is taken.
        let end = |e: f64| Num::of(e).off_by(e.abs() * f64::EPSILON);
        (Num::of(t) - end(a)) / (end(b) - end(a))
    } else {
        Num::of(1.0)
    };
    Some(match anneal {
        Anneal::Cosine => half_cosine(x, y, q),
        Anneal::Linear => x + (y - x) * q,
    })
}
