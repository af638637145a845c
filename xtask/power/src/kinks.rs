//! Kinks at known distances: which verdicts right and wrong values get, and how good slopes are.

use gradcheck::{Config, Element, Reason, Rng, Structural, Tensor, Verdict, check_vjp};
use ndarray::{ArrayD, Ix1, arr1};
use serde_json::{Value, json};

/// A function of the first element with a kink, and its slopes to both sides.
struct Kink {
    name: &'static str,
    at: f64,
    f: fn(&[f64]) -> f64,
    left: f64,
    right: f64,
}

const KINKS: [Kink; 6] = [
    Kink { name: "relu", at: 0.0, f: |x| x[0].max(0.0), left: 0.0, right: 1.0 },
    Kink { name: "abs", at: 0.0, f: |x| x[0].abs(), left: -1.0, right: 1.0 },
    Kink { name: "hinge", at: 1.0, f: |x| (1.0 - x[0]).max(0.0), left: -1.0, right: 0.0 },
    Kink { name: "clip", at: 1.0, f: |x| x[0].clamp(-1.0, 1.0), left: 1.0, right: 0.0 },
    Kink { name: "max tie", at: 0.75, f: |x| x[0].max(x[1]), left: 0.0, right: 1.0 },
    // The slope is continuous: a kink of the second derivative only.
    Kink {
        name: "huber",
        at: 1.0,
        f: |x| if x[0].abs() <= 1.0 { 0.5 * x[0] * x[0] } else { x[0].abs() - 0.5 },
        left: 1.0,
        right: 1.0,
    },
];

/// Counts at one distance.
#[derive(Default, Clone)]
pub(super) struct Row {
    pub(super) distance: f64,
    /// Right values: pass, inconclusive, fail.
    pub(super) right: [usize; 3],
    /// Values of the other side's slope: fail, inconclusive, pass.
    pub(super) wrong: [usize; 3],
    /// Values outside the interval of slopes: fail, others.
    pub(super) outside: [usize; 2],
    /// Verdicts with the reason Kink.
    pub(super) named: usize,
    /// Largest error of a slope among those.
    pub(super) slope_error: f64,
}

/// One row a distance: 10⁰ to 10⁻¹⁶, and 0.
pub(super) fn kinks(draws: u64) -> Vec<Row> {
    let distances = (0..=16).map(|k| 10.0_f64.powi(-k)).chain([0.0]);
    distances
        .map(|distance| {
            let mut row = Row { distance, ..Row::default() };
            for kink in &KINKS {
                for seed in 0..draws {
                    one(kink, seed, distance, &mut row);
                }
            }
            row
        })
        .collect()
}

fn one(kink: &Kink, seed: u64, distance: f64, row: &mut Row) {
    let mut rng = Rng::new(seed);
    let side = if seed.is_multiple_of(2) { 1.0 } else { -1.0 };
    // A clip is one kink only as long as the other end is far.
    let distance = if distance == 1.0 { 0.6 } else { distance };
    let mut x = rng.normal_array(&[6], 1.0);
    (x[0], x[1]) = (kink.at + side * distance, 0.75);
    let here = if x[0] >= kink.at { kink.right } else { kink.left };
    let other = kink.left + kink.right - here;
    let slope_here = if kink.name == "huber" { x[0].clamp(-1.0, 1.0) } else { here };
    if let Some(e) = judged(kink, &x, seed, slope_here) {
        row.right[rank(e.verdict)] += 1;
        if e.verdict == Verdict::Inconclusive(Reason::Kink) {
            row.named += 1;
            // Slopes of φ are those of the kink times its cotangent.
            let v = Rng::new(seed).cotangent_array(&[1])[0];
            let jump = (e.slopes.1 - e.slopes.0 - v * (kink.right - kink.left)).abs();
            row.slope_error = row.slope_error.max(jump);
        }
    }
    if kink.left != kink.right {
        if let Some(e) = judged(kink, &x, seed, other) {
            row.wrong[2 - rank(e.verdict)] += 1;
        }
        if let Some(e) = judged(kink, &x, seed, kink.left.max(kink.right) + 0.25) {
            row.outside[usize::from(!e.verdict.is_fail())] += 1;
        }
    }
}

/// What the checker says of the element with the kink if its slope is said to be `slope`.
fn judged(kink: &Kink, x: &ArrayD<f64>, seed: u64, slope: f64) -> Option<Element> {
    let report = check_vjp(
        kink.name,
        &[Tensor::new("x", x.clone())],
        |x| {
            let row = x[0].clone().into_dimensionality::<Ix1>().unwrap_or_default().to_vec();
            let others = row[1..].iter().map(|x| 0.5 * x).collect::<Vec<f64>>();
            vec![arr1(&[(kink.f)(&row)]).into_dyn(), arr1(&others).into_dyn()]
        },
        |x, v| {
            let mut g: ArrayD<f64> = x[0].mapv(|_| v[0][0] * slope);
            g.iter_mut().skip(1).zip(&v[1]).for_each(|(g, v)| *g = 0.5 * v);
            if kink.name == "max tie" {
                g[1] += v[0][0] * if x[0][0] >= x[0][1] { 0.0 } else { 1.0 };
            }
            vec![g]
        },
        &Config { seed, keep: 6, structural: Structural::Off, ..Config::default() },
    );
    report.elements().find(|e| e.index == [0]).cloned()
}

fn rank(verdict: Verdict) -> usize {
    match verdict {
        // Zero on a flat side, and so it is.
        Verdict::Pass | Verdict::Unobserved => 0,
        Verdict::Fail(_) => 2,
        _ => 1,
    }
}

impl Row {
    /// The row for machines.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "distance": self.distance,
            "right": { "pass": self.right[0], "inconclusive": self.right[1], "fail": self.right[2] },
            "wrong": { "fail": self.wrong[0], "inconclusive": self.wrong[1], "pass": self.wrong[2] },
            "outside": { "fail": self.outside[0], "other": self.outside[1] },
            "kinks_named": self.named,
            "slope_error": self.slope_error,
        })
    }
}
