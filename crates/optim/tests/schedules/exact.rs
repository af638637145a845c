//! Formulas of schedules in 31 digits, written once more and plainly.

use crate::double_double::Dd;

/// A rate up to a relative error of some 10⁻²⁸, rounded to `f64`, and the unit of its error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exact {
    pub(crate) value: f64,
    pub(crate) unit: f64,
}

impl Exact {
    pub(crate) fn of(value: f64) -> Self {
        Self { value, unit: value }
    }

    /// The longest formula has eight powers of one ulp and as many products: 16·2.2e-16 < 4e-15.
    /// Beside it stand four roundings of subnormal numbers.
    pub(crate) fn is_near(self, found: f64) -> bool {
        (found - self.value).abs() <= 4e-15 * self.unit + 4.0 * 5e-324
    }
}

fn dd(x: f64) -> Dd {
    Dd::from(x)
}

/// The 64 bits of `n` in two halves, each exact.
fn whole(n: u128) -> Dd {
    let low = n & ((1 << 48) - 1);
    let middle = (n >> 48) & ((1 << 48) - 1);
    let high = n >> 96;
    dd(high as f64) * dd(2.0_f64.powi(96))
        + dd(middle as f64) * dd(2.0_f64.powi(48))
        + dd(low as f64)
}

pub(crate) fn ratio(a: u128, b: u128) -> Dd {
    whole(a) / whole(b)
}

/// `(t − a)/(b − a)`.
pub(crate) fn progress(t: f64, a: f64, b: f64) -> Dd {
    (dd(t) - dd(a)) / (dd(b) - dd(a))
}

/// `ln 2` and π: the number and what rounding took from it.
fn ln_2() -> Dd {
    dd(std::f64::consts::LN_2) + dd(2.319_046_813_846_299_6e-17)
}

fn pi() -> Dd {
    dd(std::f64::consts::PI) + dd(1.224_646_799_147_353_2e-16)
}

/// `2^x = Σ_k (x ln 2)^k/k!` for `|x| ≤ 1`.
fn exp_2(x: Dd) -> Dd {
    let x = x * ln_2();
    let (mut sum, mut term) = (dd(1.0), dd(1.0));
    for k in 1..30 {
        term = term * x / dd(f64::from(k));
        sum = sum + term;
    }
    sum
}

/// For `|x| ≤ π/2`.
fn sin(x: Dd) -> Dd {
    let (mut sum, mut term) = (x, x);
    for k in 1..16 {
        let k = f64::from(2 * k);
        term = -(term * x * x / dd(k * (k + 1.0)));
        sum = sum + term;
    }
    sum
}

/// `log₂ x` for a positive, finite `x`: one step of Newton's iteration from the logarithm in `f64`;
/// near 1, for the digits of a small logarithm, `2 (z + z³/3 + z⁵/5 + …)/ln 2` with
/// `z = (x − 1)/(x + 1)`.
fn log_2(x: f64) -> Dd {
    if (x - 1.0).abs() < 0.1 {
        let z = (dd(x) - dd(1.0)) / (dd(x) + dd(1.0));
        let (mut sum, mut power) = (z, z);
        for k in 1..16 {
            power = power * z * z;
            sum = sum + power / dd(f64::from(2 * k + 1));
        }
        return dd(2.0) * sum / ln_2();
    }
    let up = if x < 1e-290 { 200 } else { 0 };
    let x = x * 2.0_f64.powi(up);
    let whole = x.log2().floor().min(1023.0);
    let fraction = x / 2.0_f64.powf(whole); // a power of two
    let first = dd(fraction.log2());
    let rest = (dd(fraction) * exp_2(-first) - dd(1.0)) / ln_2();
    first + rest + dd(whole) - dd(f64::from(up))
}

/// `2^x` rounded to `f64`, at most `f64::MAX`.
fn power_of_2(x: Dd) -> f64 {
    if x.to_f64() < -1080.0 {
        return 0.0;
    }
    if x.to_f64() > 1030.0 {
        return f64::MAX;
    }
    let whole = x.to_f64().round();
    let fraction = exp_2(x - dd(whole)).to_f64();
    let half = (whole / 2.0).floor();
    (fraction * 2.0_f64.powf(half) * 2.0_f64.powf(whole - half)).min(f64::MAX)
}

/// `λ γ^n`.
pub(crate) fn grown(lr: f64, gamma: f64, n: u64) -> Exact {
    if n == 0 || lr == 0.0 {
        return Exact::of(lr);
    }
    if gamma == 0.0 {
        return Exact::of(0.0);
    }
    Exact::of(power_of_2(log_2(lr) + whole(n.into()) * log_2(gamma)))
}

/// `λ (left/total)^p`.
pub(crate) fn power(lr: f64, (left, total): (u64, u64), p: f64) -> Exact {
    if lr == 0.0 || p == 0.0 {
        return Exact::of(lr);
    }
    if left == 0 {
        return Exact::of(0.0);
    }
    // log₂ of a quotient: that of its nearest f64, and log₂(1 + r) = (r − r²/2)/ln 2 of the rest.
    let near = left as f64 / total as f64;
    let rest = ratio(left.into(), total.into()) / dd(near) - dd(1.0);
    let log = log_2(near) + (rest - rest * rest / dd(2.0)) / ln_2();
    let log = if p > 1e30 { dd(if left == total { 0.0 } else { -1e30 }) } else { dd(p) * log };
    // Very large powers are computed by the logarithm, whose rounding is a relative error.
    let amplified = if p > 1e14 { 1.0 + log.to_f64().abs() } else { 1.0 };
    let value = power_of_2(log_2(lr) + log);
    Exact { value, unit: value * amplified }
}

/// `x/(a b …)`.
pub(crate) fn quotient(x: f64, divisors: &[f64]) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    power_of_2(divisors.iter().fold(log_2(x), |log, divisor| log - log_2(*divisor)))
}

/// What is left of the start, and what there is of the end.
pub(crate) type Between = [Dd; 2];

pub(crate) fn line(done: Dd) -> Between {
    [dd(1.0) - done, done]
}

/// `cos²(πd/2)` and `sin²(πd/2)`.
pub(crate) fn cosine(done: Dd) -> Between {
    let angle = |part: Dd| part * pi() / dd(2.0);
    [sin(angle(dd(1.0) - done)), sin(angle(done))].map(|s| s * s)
}

pub(crate) fn between(ends: [f64; 2], [left, done]: Between) -> Exact {
    let part = |end: f64, share: Dd| {
        // Far from the ends of f64.
        let scale = 2.0_f64.powi(if end > 1.0 { -200 } else { 500 });
        (dd(end * scale) * share).to_f64() / scale
    };
    Exact::of((part(ends[0], left) + part(ends[1], done)).min(f64::MAX))
}
