//! The plain forms of the layers, as the specification has them.

use crate::num::{Num, sum};

/// Of a row and its `dy`: the output and `dx`.
pub(crate) type Rows = fn(&[Num], &[Num]) -> (Vec<Num>, Vec<Num>);

/// What a layer computes.
pub(crate) enum Plain {
    Linear,
    /// Of each element: the value and the derivative.
    Map(Box<dyn Fn(Num) -> (Num, Num)>),
    /// Of each row and its `dy`: the output and `dx`.
    Rows(Rows),
    /// Each group of a row by its own mean and variance; `length` values a channel.
    Norm {
        group: usize,
        length: usize,
        eps: f64,
        about_zero: bool,
    },
    BatchNorm {
        eps: f64,
    },
    /// A slope for all features, or one for each.
    PRelu,
    /// Times the mask that was drawn.
    Dropout,
}

pub(crate) fn map(f: impl Fn(Num) -> (Num, Num) + 'static) -> Plain {
    Plain::Map(Box::new(f))
}

fn n(x: f64) -> Num {
    Num::of(x)
}

fn is_positive(z: Num) -> bool {
    z.value > crate::wide::Wide::ZERO
}

/// A number that is rounded to an `f64` of its own: below the smallest normal one it has an
/// absolute precision and no relative one.
pub(crate) fn own(x: Num) -> Num {
    x.off_by(5e-324)
}

pub(crate) fn identity(z: Num) -> (Num, Num) {
    (z, n(1.0))
}

pub(crate) fn relu(z: Num) -> (Num, Num) {
    leaky_relu(z, 0.0)
}

pub(crate) fn leaky_relu(z: Num, slope: f64) -> (Num, Num) {
    if z.is_nan() {
        (z, z)
    } else if is_positive(z) {
        (z, n(1.0))
    } else if slope == 0.0 {
        (n(0.0), n(0.0))
    } else {
        (n(slope) * z, n(slope))
    }
}

pub(crate) fn elu(z: Num, alpha: f64) -> (Num, Num) {
    if z.is_nan() {
        (z, z)
    } else if is_positive(z) {
        (z, n(1.0))
    } else {
        (n(alpha) * z.exp_m1(), n(alpha) * z.exp())
    }
}

pub(crate) fn selu(z: Num) -> (Num, Num) {
    // Klambauer et al., 2017: the fixed point of mean 0 and variance 1.
    let (alpha, scale) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
    let (value, slope) = elu(z, alpha);
    (n(scale) * value, n(scale) * slope)
}

/// `1/(1 + e⁻ᶻ)`, by whichever form divides by no infinity.
pub(crate) fn logistic(z: Num) -> Num {
    if is_positive(z) {
        n(1.0) / (n(1.0) + (-z).exp())
    } else {
        let e = z.exp();
        e / (n(1.0) + e)
    }
}

pub(crate) fn sigmoid(z: Num) -> (Num, Num) {
    (logistic(z), logistic(z) * logistic(-z))
}

pub(crate) fn tanh(z: Num) -> (Num, Num) {
    // tanh z = (e²ᶻ − 1)/(e²ᶻ + 1) for z ≤ 0, and tanh is odd; 1 − tanh² = 4 σ(2z) σ(−2z).
    let two = n(2.0);
    let positive = is_positive(z);
    let m = (if positive { -z } else { z } * two).exp_m1();
    let value = m / (m + two);
    let slope = n(4.0) * logistic(two * z) * logistic(-(two * z));
    (if positive { -value } else { value }, slope)
}

/// `ln(1 + eᶻ)`.
pub(crate) fn log_one_plus_exp(z: Num) -> Num {
    if is_positive(z) { z + (-z).exp().ln_1p() } else { z.exp().ln_1p() }
}

pub(crate) fn softplus(z: Num, beta: f64) -> (Num, Num) {
    let scaled = n(beta) * z;
    (log_one_plus_exp(scaled) / n(beta), logistic(scaled))
}

pub(crate) fn softsign(z: Num) -> (Num, Num) {
    let d = n(1.0) + z.abs();
    (z / d, n(1.0) / d.square())
}

pub(crate) fn silu(z: Num) -> (Num, Num) {
    let s = logistic(z);
    (z * s, s + z * s * logistic(-z))
}

pub(crate) fn gelu(z: Num) -> (Num, Num) {
    let (cdf, density) = z.normal();
    let (cdf, density) = (own(cdf), own(density));
    (z * cdf, cdf + z * density)
}

pub(crate) fn gelu_tanh(z: Num) -> (Num, Num) {
    // ½ z (1 + tanh u) = z σ(2u) with 2u = 2 √(2/π) (z + 0.044715 z³)
    let root = n(8.0 / std::f64::consts::PI).sqrt();
    let two_u = root * (z + n(0.044_715) * z * z * z);
    let slope = root * (n(1.0) + n(3.0 * 0.044_715) * z * z);
    let s = own(logistic(two_u));
    (z * s, s + z * own(s * logistic(-two_u)) * slope)
}

pub(crate) fn celu(z: Num, alpha: f64) -> (Num, Num) {
    if z.is_nan() {
        (z, z)
    } else if is_positive(z) {
        (z, n(1.0))
    } else {
        let q = z / n(alpha);
        (n(alpha) * q.exp_m1(), q.exp())
    }
}

/// Below −3, above 3, or between.
fn outer(z: Num) -> Option<bool> {
    let three = crate::wide::Wide::of(3.0);
    if z.value <= -three { Some(false) } else { (z.value >= three).then_some(true) }
}

pub(crate) fn hardsigmoid(z: Num) -> (Num, Num) {
    match outer(z) {
        _ if z.is_nan() => (z, z),
        Some(above) => (n(f64::from(u8::from(above))), n(0.0)),
        None => ((z + n(3.0)) / n(6.0), n(1.0) / n(6.0)),
    }
}

pub(crate) fn hardswish(z: Num) -> (Num, Num) {
    match outer(z) {
        _ if z.is_nan() => (z, z),
        Some(true) => (z, n(1.0)),
        Some(false) => (n(0.0), n(0.0)),
        None => (z * (z + n(3.0)) / n(6.0), (n(2.0) * z + n(3.0)) / n(6.0)),
    }
}

pub(crate) fn mish(z: Num) -> (Num, Num) {
    let (t, slope) = tanh(log_one_plus_exp(z));
    (z * t, t + z * slope * logistic(z))
}

pub(crate) fn threshold(z: Num, least: f64, value: f64) -> (Num, Num) {
    match () {
        () if z.is_nan() => (z, z),
        () if z.value <= crate::wide::Wide::of(least) => (n(value), n(0.0)),
        () => (z, n(1.0)),
    }
}

/// `X σ(B)` of the halves of a row.
pub(crate) fn glu(z: &[Num], dy: &[Num]) -> (Vec<Num>, Vec<Num>) {
    let (x, b) = z.split_at(z.len() / 2);
    let gate: Vec<_> = b.iter().map(|&b| sigmoid(b)).collect();
    let y = x.iter().zip(&gate).map(|(&x, &(s, _))| x * s).collect();
    let dx = dy.iter().zip(&gate).map(|(&dy, &(s, _))| dy * s);
    let db = dy.iter().zip(x).zip(&gate).map(|((&dy, &x), &(_, slope))| dy * x * own(slope));
    (y, dx.chain(db).collect())
}

/// `SiLU(G) X` of the halves of a row.
pub(crate) fn swiglu(z: &[Num], dy: &[Num]) -> (Vec<Num>, Vec<Num>) {
    let (g, x) = z.split_at(z.len() / 2);
    let gate: Vec<_> = g.iter().map(|&g| silu(g)).collect();
    let y = x.iter().zip(&gate).map(|(&x, &(s, _))| s * x).collect();
    let slope = |g: Num| {
        let s = logistic(g);
        own(s) + g * own(s * logistic(-g))
    };
    let dg = dy.iter().zip(x).zip(g).map(|((&dy, &x), &g)| dy * x * slope(g));
    let dx = dy.iter().zip(&gate).map(|(&dy, &(s, _))| dy * s);
    (y, dg.chain(dx).collect())
}

/// `eˣ − max` of a row, and their sum.
fn exponentials(x: &[Num]) -> (Vec<Num>, Num, Num) {
    let top = x.iter().copied().fold(n(f64::NEG_INFINITY), Num::max);
    let e: Vec<_> = x.iter().map(|&x| (x - top).exp()).collect();
    let total = sum(&e, |&e| e);
    (e, total, top)
}

pub(crate) fn softmax(x: &[Num], dy: &[Num]) -> (Vec<Num>, Vec<Num>) {
    let (e, total, _) = exponentials(x);
    let y: Vec<_> = e.iter().map(|&e| own(e / total)).collect();
    let inner = sum(y.iter().zip(dy), |(&y, &dy)| y * dy);
    let dx = y.iter().zip(dy).map(|(&y, &dy)| y * (dy - inner)).collect();
    (y, dx)
}

pub(crate) fn log_softmax(x: &[Num], dy: &[Num]) -> (Vec<Num>, Vec<Num>) {
    let (e, total, top) = exponentials(x);
    // Where one exponential stands out, total − 1 is what is left of the others.
    let log = total.ln();
    let y = x.iter().map(|&x| x - top - log).collect();
    let inner = sum(dy, |&dy| dy);
    let dx = e.iter().zip(dy).map(|(&e, &dy)| dy - own(e / total) * inner).collect();
    (y, dx)
}

/// What a normalization makes of one set of values with the factors `gamma`, and of their `dy`.
pub(crate) struct Normalized {
    pub(crate) normal: Vec<Num>,
    pub(crate) dx: Vec<Num>,
}

/// `(x − μ)/√(σ² + ε)` and its gradient for `dn = dL/dnormal`.
///
/// Mean and normalized values are numbers of their own, which layers show and gradients are
/// defined by: below the smallest normal number they have that one's absolute precision. So has
/// `dn`, by its caller. In another order of the sum, partial sums of the mean are as large as
/// `Σ |x|`.
pub(crate) fn normalize(x: &[Num], dn: &[Num], eps: f64, about_zero: bool) -> Normalized {
    let count = n(x.len() as f64);
    let size = sum(x, |&x| x.abs()).value.scaled(-53);
    let total = sum(x, |&x| x);
    let mean = if about_zero { n(0.0) } else { own(total.with_error(total.error + size) / count) };
    let centered: Vec<_> = x.iter().map(|&x| if about_zero { x } else { x - mean }).collect();
    let variance = sum(&centered, |c| c.square()) / count;
    let deviation = (variance + n(eps)).sqrt();
    let normal: Vec<_> = centered.iter().map(|&c| own(c / deviation)).collect();
    let mean_dn = if about_zero { n(0.0) } else { sum(dn, |&d| d) / count };
    let mean_product = sum(dn.iter().zip(&normal), |(&d, &y)| d * y) / count;
    let dx = dn.iter().zip(&normal);
    let dx = dx.map(|(&d, &y)| (d - mean_dn - y * mean_product) / deviation).collect();
    Normalized { normal, dx }
}
