//! `a/n` constant? `a = nᵀ`? `n − a ∝ y`? What the wrong values of a tensor look like together.

use std::fmt;

use ndarray::{ArrayD, Axis};

use crate::check::{Measured, multi_index};
use crate::pattern;
use crate::run::{Run, max_norm};
use crate::structural::{Check, Finding};

/// What a failure looks like.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The kind of mistake.
    pub kind: Mistake,
    /// The tensor, or nothing where all are concerned.
    pub tensor: Option<String>,
    /// Numbers that support it.
    pub detail: String,
}

/// Kinds of mistake that can be told from their effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// NaN or infinite: never written, or 0/0.
    NotFinite,
    /// Each backward pass adds to what the last one left.
    Accumulates,
    /// The gradient belongs to an earlier call.
    Stale,
    /// Two calls give different gradients.
    NotRepeatable,
    /// A part of the buffer is not written.
    Unwritten,
    /// The cotangent is taken for ones.
    IgnoresCotangent,
    /// The gradient is no linear function of the cotangent.
    NotLinear,
    /// Zero where it should not be.
    Zero,
    /// The wrong sign.
    Sign,
    /// A constant factor.
    Scaled,
    /// Rows for columns.
    Transposed,
    /// Two elements changed places.
    Swapped,
    /// Everything is off by one place.
    Rolled,
    /// Right to single precision only.
    SinglePrecision,
    /// A sum lacks a term: a mean, a coupling through a normaliser, weight decay.
    MissingTerm,
    /// Only one part of the batch is summed.
    PartOfBatch,
    /// Wrong in one element only.
    Element,
    /// Wrong in one slice, or at every other index, only.
    Place,
    /// A wrong factor in each element: the local derivative.
    LocalDerivative,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Mistake::NotFinite => "not finite: a buffer never written, or 0/0?",
            Mistake::Accumulates => "backward adds to its last result instead of overwriting it",
            Mistake::Stale => "backward uses values of an earlier call",
            Mistake::NotRepeatable => "backward gives different gradients for the same input",
            Mistake::Unwritten => "a part of the gradient is never written",
            Mistake::IgnoresCotangent => {
                "backward ignores the cotangent: it is right for ones only"
            }
            Mistake::NotLinear => "the gradient is not linear in the cotangent",
            Mistake::Zero => "zero where the function does change",
            Mistake::Sign => "wrong sign",
            Mistake::Scaled => "off by a constant factor",
            Mistake::Transposed => "the transposed gradient would be right",
            Mistake::Swapped => "two elements are exchanged: a wrong arg max?",
            Mistake::Rolled => "right but for a shift by one place",
            Mistake::SinglePrecision => "right to single precision: is something stored as f32?",
            Mistake::MissingTerm => "a term of the sum is missing",
            Mistake::PartOfBatch => "only a part of the batch is summed",
            Mistake::Element => "a single element is wrong",
            Mistake::Place => "wrong at certain indices only: a border, a remainder, a stride?",
            Mistake::LocalDerivative => "a different factor in each element: the local derivative?",
        };
        match &self.tensor {
            Some(tensor) => write!(f, "{tensor}: {what} ({})", self.detail),
            None => write!(f, "{what} ({})", self.detail),
        }
    }
}

/// Hints for a check that failed, the surest first; none for one that did not.
pub(crate) fn hints(run: &mut Run<'_>, tensors: &[Measured], findings: &[Finding]) -> Vec<Hint> {
    let failing: Vec<&Measured> = tensors.iter().filter(|t| t.fails().next().is_some()).collect();
    let mut hints: Vec<Hint> = failing
        .iter()
        .filter(|t| t.fails().any(|flat| !t.a(flat).is_finite()))
        .map(|t| hint(Mistake::NotFinite, t, "NaN or infinity"))
        .collect();
    hints.extend(findings.iter().filter_map(structural));
    // A gradient that is not the same twice, or not one at all, needs no further reading.
    if !hints.is_empty() && hints[0].kind != Mistake::NotLinear {
        return hints;
    }
    if !failing.is_empty() || !hints.is_empty() {
        let ones: Vec<_> = run.cotangents.iter().map(|v| v.mapv(|_| 1.0)).collect();
        let for_ones = run.backward(&ones);
        let same = |t: &usize| for_ones[*t] == run.gradients[*t] && max_norm(&for_ones[*t]) > 0.0;
        if let Some(t) = (0..tensors.len()).find(same) {
            let tensor = Some(tensors[t].name.clone());
            let detail = "the same gradient for random cotangents and for ones".to_string();
            hints.insert(0, Hint { kind: Mistake::IgnoresCotangent, tensor, detail });
        }
    }
    hints.extend(failing.iter().map(|t| values(run, t)));
    hints
}

fn hint(kind: Mistake, tensor: &Measured, detail: impl Into<String>) -> Hint {
    Hint { kind, tensor: Some(tensor.name.clone()), detail: detail.into() }
}

fn structural(finding: &Finding) -> Option<Hint> {
    let kind = match finding.check {
        Check::Overwrites => Mistake::Accumulates,
        Check::NoStaleState => Mistake::Stale,
        Check::BackwardRepeatable => Mistake::NotRepeatable,
        Check::BuffersWritten => Mistake::Unwritten,
        Check::LinearInCotangent => Mistake::NotLinear,
        _ => return None,
    };
    Some(Hint { kind, tensor: None, detail: finding.detail.clone() })
}

/// The first pattern that the values of one tensor fit.
fn values(run: &mut Run<'_>, t: &Measured) -> Hint {
    let fails: Vec<usize> = t.fails().collect();
    let whole = t.verdicts.iter().all(Option::is_some);
    let n_max = max_norm(&t.numeric);
    let shown = |flat: &usize| t.n(*flat).abs() > 1e-2 * n_max;
    if fails.iter().all(|flat| t.a(*flat) == 0.0) {
        return hint(Mistake::Zero, t, format!("{} elements", fails.len()));
    }
    if whole && let Some((kind, detail)) = pattern::moved(&t.analytic, &t.numeric, &fails) {
        return hint(kind, t, detail);
    }
    let all = (0..t.verdicts.len()).filter(shown).all(|flat| fails.contains(&flat));
    let ratio = pattern::constant_ratio(fails.iter().filter(|f| shown(f)).map(|f| t.pair(*f)));
    if let (true, Some(ratio)) = (all, ratio) {
        return match ratio {
            r if (r + 1.0).abs() < 1e-6 => hint(Mistake::Sign, t, "a/n = −1"),
            r => hint(Mistake::Scaled, t, pattern::name_ratio(r, t.analytic.shape())),
        };
    }
    if fails.len() == 1 {
        let index = multi_index(fails[0], t.analytic.shape());
        let (a, n) = t.pair(fails[0]);
        return hint(Mistake::Element, t, format!("{index:?}, a/n = {:.6}", a / n));
    }
    if whole && pattern::is_single(&t.analytic, &t.numeric) {
        return hint(Mistake::SinglePrecision, t, "relative errors below 1e-6");
    }
    if let Some(detail) = pattern::place(&fails, t.analytic.shape()).filter(|_| whole && !all) {
        return hint(Mistake::Place, t, detail);
    }
    if let Some(detail) = part_of_batch(run, t) {
        return hint(Mistake::PartOfBatch, t, detail);
    }
    if whole {
        let outputs = run.y.clone();
        if let Some(detail) = pattern::missing(&t.analytic, &t.numeric, &t.x, &outputs) {
            return hint(Mistake::MissingTerm, t, detail);
        }
    }
    let place = pattern::place(&fails, t.analytic.shape());
    match place {
        Some(detail) if whole => hint(Mistake::Place, t, detail),
        _ => hint(Mistake::LocalDerivative, t, format!("{} elements", fails.len())),
    }
}

/// Whether the gradient is that of the first or last row of the outputs alone.
fn part_of_batch(run: &mut Run<'_>, t: &Measured) -> Option<String> {
    let rows = run.cotangents.first()?.shape().first().copied().unwrap_or(0);
    for row in if rows > 1 { vec![0, rows - 1] } else { Vec::new() } {
        let mut v = run.cotangents.clone();
        for v in v.iter_mut().filter(|v| v.shape().first() == Some(&rows)) {
            for other in (0..rows).filter(|other| *other != row) {
                v.index_axis_mut(Axis(0), other).fill(0.0);
            }
        }
        let part = run.backward(&v);
        let full = &run.gradients;
        // A backward pass that sums one row only gives the same with the others zeroed, where
        // the numeric gradient would change.
        let same =
            max_norm(&(&part[t.tensor] - &full[t.tensor])) <= 1e-12 * max_norm(&full[t.tensor]);
        if same {
            return Some(format!("row {row} of {rows} alone gives the same gradient"));
        }
    }
    None
}

impl Measured {
    fn fails(&self) -> impl Iterator<Item = usize> + '_ {
        let failed = |v: &Option<crate::Verdict>| v.is_some_and(|verdict| verdict.is_fail());
        self.verdicts.iter().enumerate().filter(move |(_, v)| failed(v)).map(|(flat, _)| flat)
    }
    fn a(&self, flat: usize) -> f64 {
        at(&self.analytic, flat)
    }
    fn n(&self, flat: usize) -> f64 {
        at(&self.numeric, flat)
    }
    fn pair(&self, flat: usize) -> (f64, f64) {
        (self.a(flat), self.n(flat))
    }
}

fn at(array: &ArrayD<f64>, flat: usize) -> f64 {
    crate::run::element(array, flat)
}
