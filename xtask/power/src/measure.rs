//! Right and slightly wrong gradients, element by element, before our checker and the recipes.

use std::collections::BTreeMap;

use gradcheck::{Config, Element, Reason, Rng, Structural, Verdict, check_vjp};
use ndarray::ArrayD;

use super::cases::{Draw, PowerCase};
use super::recipes::RECIPES;

/// What became of one batch of elements.
#[derive(Default, Clone)]
pub(super) struct Tally {
    pub(super) elements: usize,
    pub(super) pass: usize,
    pub(super) fail: usize,
    /// Elements of unsaturated draws, and those among them that fail.
    pub(super) clear: usize,
    pub(super) clear_fail: usize,
    pub(super) unobserved: usize,
    /// Among the unobserved, those whose numeric derivative is not exactly 0.
    pub(super) below_noise: usize,
    pub(super) inconclusive: BTreeMap<Reason, usize>,
    pub(super) evaluations: usize,
    pub(super) evaluations_each: Vec<usize>,
    /// `|D − truth| / ‖g‖∞` on tame draws.
    pub(super) errors: Vec<f64>,
    /// `E / |D − truth|` on tame draws.
    pub(super) bars: Vec<f64>,
    /// Elements with `|D − truth| > E`, whatever the draw, among those that were decided.
    pub(super) bar_misses: usize,
    pub(super) worst_bar_miss: f64,
    pub(super) recipe_accepts: [usize; 4],
    pub(super) alarms: Vec<String>,
}

impl Tally {
    pub(super) fn n_inconclusive(&self) -> usize {
        self.inconclusive.values().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.elements += other.elements;
        self.pass += other.pass;
        self.fail += other.fail;
        self.clear += other.clear;
        self.clear_fail += other.clear_fail;
        self.unobserved += other.unobserved;
        self.below_noise += other.below_noise;
        for (reason, n) in &other.inconclusive {
            *self.inconclusive.entry(*reason).or_default() += n;
        }
        self.evaluations += other.evaluations;
        self.evaluations_each.extend(&other.evaluations_each);
        self.errors.extend(&other.errors);
        self.bars.extend(&other.bars);
        self.bar_misses += other.bar_misses;
        self.worst_bar_miss = self.worst_bar_miss.max(other.worst_bar_miss);
        for (sum, n) in self.recipe_accepts.iter_mut().zip(other.recipe_accepts) {
            *sum += n;
        }
        self.alarms.extend(other.alarms.iter().cloned());
    }

    fn count(&mut self, e: &Element) {
        self.elements += 1;
        match e.verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail(_) => self.fail += 1,
            Verdict::Unobserved => {
                self.unobserved += 1;
                self.below_noise += usize::from(e.numeric != 0.0 || e.analytic != 0.0);
            }
            Verdict::Inconclusive(reason) => *self.inconclusive.entry(reason).or_default() += 1,
        }
        self.evaluations_each.push(e.evaluations);
    }
}

/// What to do with the gradients before they are checked.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    /// Nothing.
    No,
    /// Add ±δ‖g‖∞ to every element. Elements are judged one by one, so that this is as good as
    /// one wrong element in each of many tensors.
    By(f64),
}

impl Wrong {
    fn applied(self, mut gradients: Vec<ArrayD<f64>>, seed: u64) -> Vec<ArrayD<f64>> {
        if let Self::By(delta) = self {
            let mut rng = Rng::new(seed ^ 0xbad);
            for g in &mut gradients {
                let size = delta * g.iter().fold(0.0_f64, |max, g| max.max(g.abs()));
                g.mapv_inplace(|g| if rng.bits() >> 63 == 0 { g + size } else { g - size });
            }
        }
        gradients
    }
}

/// Draws of `case` until `n` elements are judged.
pub(super) fn measure(
    case: &dyn PowerCase,
    first_seed: u64,
    n: usize,
    wrong: Wrong,
    with_recipes: bool,
) -> Tally {
    let mut tally = Tally::default();
    let mut seed = first_seed;
    while tally.elements < n {
        one(case, seed, wrong, with_recipes, &mut tally);
        seed += 1;
    }
    tally
}

fn one(case: &dyn PowerCase, seed: u64, wrong: Wrong, with_recipes: bool, tally: &mut Tally) {
    let draw = case.draw(seed);
    let config =
        Config { seed, keep: usize::MAX, structural: Structural::Off, ..Config::default() };
    let vjp = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| wrong.applied((draw.vjp)(x, v), seed);
    let report = check_vjp(&case.name(), &draw.inputs, &draw.f, vjp, &config);
    // The closures are pure, so that the recipes see the very same cotangents.
    let values: Vec<ArrayD<f64>> = draw.inputs.iter().map(|x| x.value.clone()).collect();
    let mut rng = Rng::new(seed);
    let v: Vec<ArrayD<f64>> =
        (draw.f)(&values).iter().map(|y| rng.cotangent_array(y.shape())).collect();
    let truth = draw.truth.as_ref().map(|truth| truth(&values, &v));
    for (k, tensor) in report.tensors.iter().enumerate() {
        if tensor.g_max == 0.0 && matches!(wrong, Wrong::By(_)) {
            continue; // Nothing was added.
        }
        for e in &tensor.worst {
            tally.count(e);
            tally.clear += usize::from(!draw.is_saturated);
            tally.clear_fail += usize::from(!draw.is_saturated && e.verdict.is_fail());
            if matches!(wrong, Wrong::No) && e.verdict.is_fail() {
                tally.alarms.push(format!("{} seed {seed} {}: {e}", case.name(), tensor.name));
            }
            if let Some(truth) = &truth {
                let truth = truth[k][e.index.as_slice()];
                accuracy(tally, e, truth, tensor.g_max, draw.is_smooth && !draw.is_saturated);
            }
            if with_recipes {
                recipes(tally, &draw, &values, &v, (k, e, tensor.g_max));
            }
        }
    }
    tally.evaluations += report.evaluations;
}

fn accuracy(tally: &mut Tally, e: &Element, truth: f64, g_max: f64, is_tame: bool) {
    let kink = e.verdict == Verdict::Inconclusive(Reason::Kink);
    if kink || !e.error.is_finite() || g_max == 0.0 {
        return;
    }
    let error = (e.numeric - truth).abs();
    // The truth itself is rounded to f64.
    if error > e.error + f64::EPSILON * truth.abs() {
        tally.bar_misses += 1;
        tally.worst_bar_miss = tally.worst_bar_miss.max(error / e.error);
    }
    if is_tame {
        tally.errors.push(error / g_max);
        tally.bars.push(e.error / error.max(f64::EPSILON / 2.0 * truth.abs()));
    }
}

fn recipes(
    tally: &mut Tally,
    draw: &Draw,
    values: &[ArrayD<f64>],
    v: &[ArrayD<f64>],
    (tensor, e, g_max): (usize, &Element, f64),
) {
    let phi = |t: f64| {
        let mut x = values.to_vec();
        x[tensor][e.index.as_slice()] += t;
        (draw.f)(&x).iter().zip(v).map(|(y, v)| (y * v).sum()).sum()
    };
    for (accepts, recipe) in tally.recipe_accepts.iter_mut().zip(&RECIPES) {
        *accepts += usize::from((recipe.accepts)(&phi, e.x, e.analytic, g_max));
    }
}

/// The `q`-quantile; 0 of nothing.
pub(super) fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((q * last as f64).round() as usize).copied().unwrap_or(0.0)
}
