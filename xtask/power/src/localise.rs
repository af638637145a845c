//! k wrong elements among n, found by directions alone.

use gradcheck::{Config, Mode, Rng, Structural, Tensor, check_vjp};
use ndarray::ArrayD;
use serde_json::{Value, json};

/// The outcome for one k.
pub(super) struct Search {
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) found: usize,
    pub(super) extra: usize,
    pub(super) probes: usize,
    pub(super) worst_direction: usize,
}

/// `y = x³` with n elements, k of whose slopes are 1 % too large.
pub(super) fn search(n: usize, k: usize) -> Search {
    let mut rng = Rng::new(k as u64);
    let mut wrong: Vec<usize> = Vec::new();
    while wrong.len() < k {
        let flat = rng.below(n);
        if !wrong.contains(&flat) {
            wrong.push(flat);
        }
    }
    wrong.sort_unstable();
    let mut x = rng.normal_array(&[n], 1.0);
    wrong.iter().for_each(|i| x[*i] += x[*i].signum());
    let config = Config {
        mode: Mode::Directional,
        structural: Structural::Off,
        keep: usize::MAX,
        ..Config::default()
    };
    let vjp = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
        let mut g = &v[0] * &x[0].mapv(|x| 3.0 * x * x);
        wrong.iter().for_each(|i| g[[*i]] *= 1.01);
        vec![g]
    };
    let cube = |x: &[ArrayD<f64>]| vec![x[0].mapv(|x| x * x * x)];
    let report = check_vjp("cube", &[Tensor::new("x", x)], cube, vjp, &config);
    let mut found: Vec<usize> =
        report.elements().filter(|e| e.verdict.is_fail()).map(|e| e.index[0]).collect();
    found.sort_unstable();
    let right = found.iter().filter(|i| wrong.contains(i)).count();
    Search {
        n,
        k,
        found: right,
        extra: report.counts().total() - right,
        probes: report.probes,
        worst_direction: report.directions.iter().map(|d| d.evaluations).max().unwrap_or(0),
    }
}

impl Search {
    /// `4 k log₂ n`
    pub(super) fn allowed(&self) -> usize {
        (4.0 * self.k as f64 * (self.n as f64).log2()) as usize
    }

    /// The outcome for machines.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "n": self.n, "k": self.k, "found": self.found, "judged_though_right": self.extra,
            "probes": self.probes, "allowed": self.allowed(),
        })
    }
}
