//! The plain forms of the losses beyond the specification's.

use losses::{GaussianNllConfig, PoissonNllConfig};

use super::plain::{RowTarget, sign, times};
use crate::num::{Num, sum};
use crate::plain_layers::{log_one_plus_exp, logistic};
use crate::wide::Wide;

fn n(x: f64) -> Num {
    Num::of(x)
}

/// `x^γ`; 1 for `γ = 0`.
fn power(x: Num, gamma: f64) -> Num {
    match gamma {
        0.0 => n(1.0),
        _ if x.is_zero() => x,
        _ => (n(gamma) * x.ln()).exp(),
    }
}

pub(crate) fn pinball(a: Num, y: Num, tau: f64) -> (Num, Num) {
    let d = a - y;
    let above = n(1.0) - n(tau);
    match d.value.partial_cmp(&Wide::ZERO) {
        None => (d, d),
        Some(std::cmp::Ordering::Less) => (n(tau) * -d, n(-tau)),
        _ => (above * d, above * sign(d)),
    }
}

pub(crate) fn hinge(a: Num, y: Num, squared: bool) -> (Num, Num) {
    let m = n(1.0) - y * a;
    match m.value.partial_cmp(&Wide::ZERO) {
        None => (m, m),
        Some(std::cmp::Ordering::Greater) if squared => (m * m, n(-2.0) * y * m),
        Some(std::cmp::Ordering::Greater) => (m, -y),
        _ => (n(0.0), n(0.0)),
    }
}

/// A term `y (ln y − a)` of a row.
pub(crate) fn kl_div(a: Num, y: Num, log_target: bool) -> (Num, Num) {
    if a.is_nan() {
        return (a, a);
    }
    if log_target {
        let p = y.exp();
        return (times(y - a, p), -p);
    }
    (if y.is_zero() && !a.is_nan() { y } else { y * (y.ln() - a) }, -y)
}

pub(crate) fn poisson(a: Num, y: Num, config: PoissonNllConfig) -> (Num, Num) {
    let (loss, slope) = match config.log_input {
        true => (a.exp() - times(a, y), a.exp() - y),
        false => {
            let rate = a + n(config.eps);
            (a - times(rate.ln(), y), n(1.0) - y / rate)
        }
    };
    if !config.full || y.value <= Wide::ONE || y.is_nan() {
        return (loss, slope);
    }
    let tau = n(2.0 * std::f64::consts::PI);
    (loss + y * y.ln() - y + n(0.5) * (tau * y).ln(), slope)
}

/// `−(1 − σ)^γ ln σ` of an answer that is yes, and its slope.
fn yes(z: Num, gamma: f64) -> (Num, Num) {
    let (p, q, loss) = (logistic(z), logistic(-z), log_one_plus_exp(-z));
    let factor = power(q, gamma);
    (times(loss, factor), -(factor * (q + n(gamma) * times(loss, p))))
}

pub(crate) fn binary_focal(z: Num, y: Num, alpha: Option<f64>, gamma: f64) -> (Num, Num) {
    let (a, b) = alpha.map_or((n(1.0), n(1.0)), |a| (n(a), n(1.0) - n(a)));
    let (p, q) = (a * y, b * (n(1.0) - y));
    let ((own, slope), (other, back)) = (yes(z, gamma), yes(-z, gamma));
    (times(own, p) + times(other, q), times(slope, p) - times(back, q))
}

/// `−w (1 − p)^γ ln p` and its gradient.
pub(crate) fn focal(a: &[Num], target: &RowTarget, gamma: f64) -> (Num, Vec<Num>, Num) {
    let RowTarget::Class(class, weight) = target else {
        return (n(0.0), vec![n(0.0); a.len()], n(0.0));
    };
    let top = a.iter().copied().fold(n(f64::NEG_INFINITY), Num::max);
    let e: Vec<_> = a.iter().map(|&x| (x - top).exp()).collect();
    let total = sum(&e, |&e| e);
    let others = sum(e.iter().enumerate(), |(c, &e)| if c == *class { n(0.0) } else { e });
    let (p, q) = (e[*class] / total, others / total);
    let log = a[*class] - top - total.ln();
    let factor = power(q, gamma);
    // (1 − p)^γ (1 − p − γ p ln p), each share of it by its part of 1 − p.
    let slope = factor * (q - n(gamma) * times(log, p));
    let gradient = e.iter().enumerate().map(|(c, &e)| {
        let share = if c == *class { n(-1.0) } else { e / others };
        *weight * slope * share
    });
    (-(*weight * times(log, factor)), gradient.collect(), *weight)
}

/// Loss and slopes of a mean and a variance.
pub(crate) fn gaussian([m, v, y]: [Num; 3], config: GaussianNllConfig) -> (Num, [Num; 2]) {
    let constant = match config.full {
        true => n(0.5) * n(2.0 * std::f64::consts::PI).ln(),
        false => n(0.0),
    };
    let d = m - y;
    if config.log_variance {
        let (inverse, half) = ((-v).exp(), n(0.5));
        let square = times(d * d, inverse);
        let slopes = [times(d, inverse), half * (n(1.0) - square)];
        return (half * (v + square) + constant, slopes);
    }
    let v = if v.is_nan() { v } else { v.max(n(config.eps)) };
    let square = d * d / v;
    let slopes = [d / v, n(0.5) * (n(1.0) - square) / v];
    (n(0.5) * (v.ln() + square) + constant, slopes)
}
