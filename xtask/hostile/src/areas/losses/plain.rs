//! The plain forms of the losses: of one element or of one row, then of the batch.

use losses::Reduction;

use crate::num::{Num, sum};
use crate::plain_layers::{log_one_plus_exp, logistic};
use crate::wide::Wide;

/// The losses of all samples and their gradients.
pub(crate) struct Samples {
    /// Of each element, or of each row.
    pub(crate) losses: Vec<Num>,
    /// Of each sample, for the elements of its row or for itself: `(N, C)`.
    pub(crate) gradients: Vec<Num>,
    /// What a row counts in the mean.
    pub(crate) counts: Vec<Num>,
    pub(crate) columns: usize,
    pub(crate) reduction: Reduction,
    /// Rows that are left out.
    pub(crate) ignored: Vec<bool>,
    /// Whether a row's loss reads one of its elements, so that the others have no derivative.
    pub(crate) sparse: bool,
    /// Whether the loss is the root of the mean.
    pub(crate) root: bool,
}

/// The loss of a batch and its gradient.
pub(crate) struct Whole {
    pub(crate) loss: Num,
    pub(crate) gradient: Vec<Num>,
}

impl Samples {
    fn rows(&self) -> usize {
        self.counts.len()
    }

    /// Samples of a row: its elements, or itself.
    fn per_row(&self) -> usize {
        self.losses.len() / self.rows().max(1)
    }

    /// With a weight for each row; a row of weight 0 is not looked at.
    pub(crate) fn whole(&self, weights: &[Num]) -> Whole {
        let per_row = self.per_row();
        let counted: Vec<_> = (0..self.rows()).filter(|&n| !weights[n].is_zero()).collect();
        let total = sum(&counted, |&n| weights[n] * self.counts[n]);
        let of_row = |n: usize| sum(&self.losses[n * per_row..(n + 1) * per_row], |&l| l);
        let value = sum(&counted, |&n| weights[n] * of_row(n));
        let divide = |x: Num| match self.reduction {
            Reduction::Mean if total.is_zero() => Num::zero() * x,
            Reduction::Mean => x / total,
            Reduction::Sum => x,
        };
        let mut gradient = vec![Num::zero(); self.gradients.len()];
        for &n in &counted {
            let row = n * self.columns..(n + 1) * self.columns;
            for (g, &own) in gradient[row.clone()].iter_mut().zip(&self.gradients[row]) {
                *g = divide(weights[n] * own);
            }
        }
        let loss = divide(value);
        if !self.root {
            return Whole { loss, gradient };
        }
        let root = loss.sqrt();
        let slope = |(i, &g): (usize, &Num)| match root.is_zero()
            || !counted.contains(&(i / self.columns))
        {
            true => Num::zero() * g,
            false => g / (root + root),
        };
        let gradient = gradient.iter().enumerate().map(slope).collect();
        Whole { loss: root, gradient }
    }
}

fn n(x: f64) -> Num {
    Num::of(x)
}

/// `sign(d)`, 0 at 0, NaN of NaN.
pub(crate) fn sign(d: Num) -> Num {
    match d.value.partial_cmp(&Wide::ZERO) {
        None => d,
        Some(order) => n(f64::from(order as i8)),
    }
}

/// A product in which 0 wins.
pub(crate) fn times(x: Num, factor: Num) -> Num {
    if factor.is_zero() && !x.is_nan() { Num::zero().beside(x) } else { factor * x }
}

pub(crate) fn mse(a: Num, y: Num) -> (Num, Num) {
    let d = a - y;
    (d * d, d + d)
}

pub(crate) fn mae(a: Num, y: Num) -> (Num, Num) {
    let d = a - y;
    (d.abs(), sign(d))
}

pub(crate) fn huber(a: Num, y: Num, delta: f64) -> (Num, Num) {
    let d = a - y;
    let delta = n(delta);
    if d.value.abs() < delta.value {
        (n(0.5) * d * d, d)
    } else {
        (delta * (d.abs() - n(0.5) * delta), delta * sign(d))
    }
}

pub(crate) fn smooth_l1(a: Num, y: Num, beta: f64) -> (Num, Num) {
    let d = a - y;
    let beta = n(beta);
    if d.value.abs() < beta.value {
        (n(0.5) * d * (d / beta), d / beta)
    } else {
        (d.abs() - n(0.5) * beta, sign(d))
    }
}

pub(crate) fn bce(a: Num, y: Num) -> (Num, Num) {
    let least = n(-100.0);
    let one = n(1.0);
    let (ln, ln_1m) = (a.ln().max(least), (-a).ln_1p().max(least));
    let slope = (a - y) / (a * (one - a)).max(n(1e-12));
    (-(y * ln + (one - y) * ln_1m), slope)
}

pub(crate) fn bce_with_logits(z: Num, y: Num, w: f64) -> (Num, Num) {
    let (negative, weight) = (n(1.0) - y, n(w) * y);
    let loss = times(log_one_plus_exp(-z), weight) + times(log_one_plus_exp(z), negative);
    (loss, negative * logistic(z) - weight * logistic(-z))
}

/// What a row's target is.
pub(crate) enum RowTarget {
    Ignored,
    /// `T[n, c]`, and what the row counts.
    Terms(Vec<Num>, Num),
    /// A class, and its weight.
    Class(usize, Num),
}

/// `−Σ T ln P` and `(Σ T) P − T`.
pub(crate) fn cross_entropy(a: &[Num], target: &RowTarget) -> (Num, Vec<Num>, Num) {
    let RowTarget::Terms(t, count) = target else { return ignored(a.len()) };
    let top = a.iter().copied().fold(n(f64::NEG_INFINITY), Num::max);
    let e: Vec<_> = a.iter().map(|&x| (x - top).exp()).collect();
    let total = sum(&e, |&e| e);
    let log = total.ln();
    let loss = -sum(a.iter().zip(t), |(&a, &t)| times(a - top - log, t));
    let all = sum(t, |&t| t);
    let gradient = e.iter().zip(t).map(|(&e, &t)| all * (e / total) - t).collect();
    (loss, gradient, *count)
}

/// `−w A[n, y[n]]`, with the term of the one class.
pub(crate) fn nll(a: &[Num], target: &RowTarget) -> (Num, Vec<Num>, Num) {
    let RowTarget::Class(class, weight) = target else { return ignored(a.len()) };
    // The derivative is NaN where the input that is read is.
    let slope = |(c, &a): (usize, &Num)| match c == *class {
        true if a.is_nan() => a,
        true => -*weight,
        false => n(0.0),
    };
    let gradient = a.iter().enumerate().map(slope).collect();
    (times(-a[*class], *weight), gradient, *weight)
}

fn ignored(columns: usize) -> (Num, Vec<Num>, Num) {
    (n(0.0), vec![n(0.0); columns], n(0.0))
}
