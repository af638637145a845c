//! What the wrong values of each tensor look like together.

use ndarray::Axis;

use crate::arrays::{max_norm, multi_index};
use crate::diagnosis::missing_term::missing;
use crate::diagnosis::pattern;
use crate::outcome::finding::{Check, Finding};
use crate::outcome::hint::{Hint, Mistake};
use crate::run::elements::Measured;
use crate::run::evaluation::Run;

/// Hints for a check that failed, the surest first; none for one that did not.
pub(crate) fn hints(run: &mut Run<'_>, tensors: &[Measured], findings: &[Finding]) -> Vec<Hint> {
    let failing: Vec<&Measured> = tensors.iter().filter(|t| t.fails().next().is_some()).collect();
    let mut hints: Vec<Hint> = failing
        .iter()
        .filter(|t| t.fails().any(|flat| !t.pair(flat).0.is_finite()))
        .map(|t| hint(Mistake::NotFinite, t, "NaN or infinity"))
        .collect();
    hints.extend(findings.iter().filter_map(structural));
    // The values of a gradient that is not finite, or not the same twice, show nothing more.
    if !hints.is_empty() && hints[0].kind != Mistake::NotLinear {
        return hints;
    }
    if !failing.is_empty() || !hints.is_empty() {
        hints.splice(0..0, ignored_cotangent(run, tensors));
    }
    hints.extend(failing.iter().map(|t| by_values(run, t)));
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

/// Whether some gradient is the same when all cotangents are 1.
fn ignored_cotangent(run: &mut Run<'_>, tensors: &[Measured]) -> Option<Hint> {
    let ones: Vec<_> = run.cotangents.iter().map(|v| v.mapv(|_| 1.0)).collect();
    let for_ones = run.backward(&ones);
    let same = |t: &usize| for_ones[*t] == run.gradients[*t] && max_norm(&for_ones[*t]) > 0.0;
    let t = (0..tensors.len()).find(same)?;
    let detail = "the same gradient for random cotangents and for ones";
    Some(hint(Mistake::IgnoresCotangent, &tensors[t], detail))
}

/// The first pattern that the values of one tensor fit. Most patterns need all elements to be
/// decided.
fn by_values(run: &mut Run<'_>, t: &Measured) -> Hint {
    let fails: Vec<usize> = t.fails().collect();
    let whole = t.verdicts.iter().all(Option::is_some);
    if fails.iter().all(|flat| t.pair(*flat).0 == 0.0) {
        return hint(Mistake::Zero, t, format!("{} elements", fails.len()));
    }
    if whole && let Some((kind, detail)) = pattern::moved(&t.analytic, &t.numeric, &fails) {
        return hint(kind, t, detail);
    }
    // Whether every element fails but those too small to show it.
    let n_max = max_norm(&t.numeric);
    let is_large = |flat: &usize| t.pair(*flat).1.abs() > 1e-2 * n_max;
    let all = (0..t.verdicts.len()).filter(is_large).all(|flat| fails.contains(&flat));
    let large = fails.iter().filter(|flat| is_large(flat));
    let ratio = pattern::constant_ratio(large.map(|flat| t.pair(*flat)));
    if let Some(ratio) = ratio.filter(|_| all) {
        return match ratio {
            r if (r + 1.0).abs() < 1e-6 => hint(Mistake::Sign, t, "a/n = −1"),
            r => hint(Mistake::Scaled, t, pattern::name_ratio(r, t.analytic.shape())),
        };
    }
    if let [flat] = *fails {
        let index = multi_index(flat, t.analytic.shape());
        let (a, n) = t.pair(flat);
        return hint(Mistake::Element, t, format!("{index:?}, a/n = {:.6}", a / n));
    }
    if whole && pattern::is_single(&t.analytic, &t.numeric) {
        return hint(Mistake::SinglePrecision, t, "relative errors below 1e-6");
    }
    by_place(run, t, &fails, whole, all)
}

/// The patterns of failures that are neither one nor all elements, or have no common factor.
fn by_place(run: &mut Run<'_>, t: &Measured, fails: &[usize], whole: bool, all: bool) -> Hint {
    let place = pattern::place(fails, t.analytic.shape()).filter(|_| whole);
    if let Some(detail) = place.clone().filter(|_| !all) {
        return hint(Mistake::Place, t, detail);
    }
    if let Some(detail) = part_of_batch(run, t) {
        return hint(Mistake::PartOfBatch, t, detail);
    }
    if whole && let Some(detail) = missing(&t.analytic, &t.numeric, &t.x, &run.y) {
        return hint(Mistake::MissingTerm, t, detail);
    }
    match place {
        Some(detail) => hint(Mistake::Place, t, detail),
        None => hint(Mistake::LocalDerivative, t, format!("{} elements", fails.len())),
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
        // A backward pass that sums one row only gives the same when the others are 0; a right
        // one does not.
        let same =
            max_norm(&(&part[t.tensor] - &full[t.tensor])) <= 1e-12 * max_norm(&full[t.tensor]);
        if same {
            return Some(format!("row {row} of {rows} alone gives the same gradient"));
        }
    }
    None
}
