//! Checks that need no differences.

use ndarray::ArrayD;

use crate::arrays::max_norm;
use crate::outcome::finding::{Check, Finding};
use crate::outcome::verdict::{Reason, Verdict};
use crate::random::rng::Rng;
use crate::run::evaluation::Run;
use crate::subject::domain::Domain;

/// Every tensor has a gradient of its own shape.
pub(crate) fn shapes(run: &Run<'_>) -> Vec<Finding> {
    if run.gradients.len() != run.base.len() {
        let detail = format!("{} gradients for {} tensors", run.gradients.len(), run.base.len());
        return vec![Finding::fail(Check::Shapes, detail)];
    }
    let pairs = run.gradients.iter().zip(&run.base).zip(&run.names);
    pairs
        .filter(|((g, x), _)| g.shape() != x.shape())
        .map(|((g, x), (name, _))| {
            let detail = format!("{name} is {:?}, its gradient {:?}", x.shape(), g.shape());
            Finding::fail(Check::Shapes, detail)
        })
        .collect()
}

/// One forward and one backward pass did not change the tensors.
pub(crate) fn untouched(run: &mut Run<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (i, base) in run.base.iter().enumerate() {
        if let Some(flat) = differing(base.iter(), run.subject.tensor(i).iter()) {
            let name = &run.names[i].0;
            let detail = format!("{name} changed at flat index {flat}");
            findings.push(Finding::fail(Check::InputsUntouched, detail));
            run.subject.tensor_mut(i).assign(base);
        }
    }
    findings
}

/// The forward pass gives the same bits as at the start.
pub(crate) fn repeatable(run: &mut Run<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let again = run.forward();
    if let Some(flat) = differing(run.y.iter(), again.iter()) {
        let detail = format!("output {flat} was {} and is {}", run.y[flat], again[flat]);
        let verdict = Verdict::Inconclusive(Reason::Nondeterministic);
        findings.push(Finding { check: Check::ForwardRepeatable, verdict, detail });
    }
    findings
}

/// The properties of the gradient `g(v)` for cotangents `v`: the same twice, the same after passes
/// at another point, linear in `v`, and written to every element of a buffer.
pub(crate) fn of_the_gradient(run: &mut Run<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let v = run.cotangents.clone();
    let second = run.backward(&v);
    if let Some(detail) = changed(&run.names, &run.gradients, &second) {
        let check = kind_of_change(run, &v, &second);
        findings.push(Finding::fail(check, detail));
        return findings;
    }
    stale(run, &mut findings);
    linear(run, &mut findings);
    buffers(run, &mut findings);
    findings
}

/// Why a second backward pass differs from the first.
fn kind_of_change(run: &mut Run<'_>, v: &[ArrayD<f64>], second: &[ArrayD<f64>]) -> Check {
    let third = run.backward(v);
    let mut pairs = run.gradients.iter().zip(second);
    if pairs.all(|(g, again)| g == again || close(&(g * 2.0), again)) {
        Check::Overwrites
    } else if changed(&run.names, second, &third).is_none() {
        Check::NoStaleState
    } else {
        Check::BackwardRepeatable
    }
}

/// Equal but for rounding.
fn close(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && max_norm(&(a - b)) <= 1e-12 * max_norm(a)
}

/// Passes at another point in between do not change the gradient at this one.
fn stale(run: &mut Run<'_>, findings: &mut Vec<Finding>) {
    let all: Vec<usize> = (0..run.base.len()).collect();
    let elsewhere = run.random_direction(&all, 0.125);
    let (below, above) = run.reach(&elsewhere);
    let t = above.min(1.0);
    let t = if t > 0.0 { t } else { -below.min(1.0) };
    run.write(&elsewhere, t);
    let v = run.cotangents.clone();
    let _ = run.backward(&v);
    run.write(&elsewhere, 0.0);
    let back = run.backward(&v);
    if let Some(detail) = changed(&run.names, &run.gradients, &back) {
        findings.push(Finding::fail(Check::NoStaleState, detail));
    }
}

/// `g(v + w) = g(v) + g(w)` to rounding, and `g(0) = 0`.
fn linear(run: &mut Run<'_>, findings: &mut Vec<Finding>) {
    let mut rng = Rng::new(run.config.seed ^ 0x11ea2);
    let v = run.cotangents.clone();
    let w: Vec<_> = v.iter().map(|v| rng.cotangent_array(v.shape())).collect();
    let sum: Vec<_> = v.iter().zip(&w).map(|(v, w)| v + w).collect();
    let zero: Vec<_> = v.iter().map(|v| v * 0.0).collect();
    let (gw, gsum, gzero) = (run.backward(&w), run.backward(&sum), run.backward(&zero));
    for (i, (name, _)) in run.names.iter().enumerate() {
        let size = max_norm(&run.gradients[i]).max(max_norm(&gw[i]));
        let gap = max_norm(&(&gsum[i] - &run.gradients[i] - &gw[i]));
        let allowed = size * linearity_slack(run, i);
        let at_zero = max_norm(&gzero[i]);
        let detail = if at_zero > 0.0 {
            format!("{name}: the gradient for a zero cotangent reaches {at_zero:.3e}")
        } else if gap > allowed {
            format!("{name}: g(v+w) − g(v) − g(w) reaches {gap:.3e}, ‖g‖∞ is {size:.3e}")
        } else {
            continue;
        };
        findings.push(Finding::fail(Check::LinearInCotangent, detail));
    }
}

/// `10⁴ u √n`: ample for the rounding of a sum of `n` terms, with `n` the number of outputs and of
/// the tensor's elements together.
fn linearity_slack(run: &Run<'_>, tensor: usize) -> f64 {
    let terms = (run.y.len() + run.base[tensor].len()) as f64;
    1e4 * run.config.precision.unit_roundoff() * terms.sqrt()
}

/// `backward_into` gives the same gradients whatever its buffers hold.
fn buffers(run: &mut Run<'_>, findings: &mut Vec<Finding>) {
    for garbage in [f64::NAN, 12345.0] {
        let mut out: Vec<_> = run.base.iter().map(|x| x.mapv(|_| garbage)).collect();
        run.forward();
        if !run.subject.backward_into(&run.cotangents, &mut out) {
            return;
        }
        run.backward_calls += 1;
        if let Some(detail) = changed(&run.names, &run.gradients, &out) {
            let detail = format!("with buffers full of {garbage}, {detail}");
            findings.push(Finding::fail(Check::BuffersWritten, detail));
        }
    }
}

/// Where gradients differ from what they were.
fn changed(
    names: &[(String, Domain)],
    before: &[ArrayD<f64>],
    after: &[ArrayD<f64>],
) -> Option<String> {
    before.iter().zip(after).zip(names).find_map(|((old, new), (name, _))| {
        let flat = differing(old.iter(), new.iter())?;
        let (old, new) = (old.iter().nth(flat)?, new.iter().nth(flat)?);
        let ratio = new / old;
        Some(format!("{name} at flat index {flat}: {old:e} became {new:e}, ratio {ratio:.6}"))
    })
}

/// First position at which two rows differ, or one ends.
fn differing<'a>(
    a: impl ExactSizeIterator<Item = &'a f64>,
    b: impl ExactSizeIterator<Item = &'a f64>,
) -> Option<usize> {
    if a.len() != b.len() {
        return Some(a.len().min(b.len()).saturating_sub(1));
    }
    // NaN equals NaN here, and zeros of either sign are one.
    let same = |a: &f64, b: &f64| a == b || (a.is_nan() && b.is_nan());
    a.zip(b).position(|(a, b)| !same(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkable, Config, check};
    use ndarray::{ArrayViewD, ArrayViewMutD, arr1};

    /// `y = x³` with one fault.
    #[derive(Default)]
    struct Cube {
        x: ArrayD<f64>,
        fault: &'static str,
        seen: ArrayD<f64>,
        total: ArrayD<f64>,
        calls: usize,
    }

    impl Checkable for Cube {
        fn tensors(&self) -> Vec<(String, Domain)> {
            vec![("x".to_string(), Domain::REAL)]
        }
        fn tensor(&self, _: usize) -> ArrayViewD<'_, f64> {
            self.x.view()
        }
        fn tensor_mut(&mut self, _: usize) -> ArrayViewMutD<'_, f64> {
            self.x.view_mut()
        }
        fn forward(&mut self) -> Vec<ArrayD<f64>> {
            self.calls += 1;
            let noise = if self.fault == "noise" { self.calls as f64 } else { 0.0 };
            vec![self.x.mapv(|x| x.powi(3)) + noise]
        }
        fn backward(&mut self, v: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
            let slope = |x: &ArrayD<f64>| x.mapv(|x| 3.0 * x * x);
            let mut g = &v[0] * &slope(&self.x);
            match self.fault {
                "stale" if !self.seen.is_empty() => g = &v[0] * &slope(&self.seen),
                "adds" => {
                    g = if self.total.is_empty() { g } else { g + &self.total };
                    self.total = g.clone();
                }
                "square" => g = v[0].mapv(|v| v * v) * slope(&self.x),
                "writes" => self.x[[0]] += 1.0,
                _ => {}
            }
            self.seen = self.x.clone();
            vec![g]
        }
        fn backward_into(&mut self, v: &[ArrayD<f64>], out: &mut [ArrayD<f64>]) -> bool {
            let g = self.backward(v).remove(0);
            let from = usize::from(self.fault == "skips");
            out[0].iter_mut().zip(&g).skip(from).for_each(|(out, g)| *out = *g);
            true
        }
    }

    #[test]
    fn each_fault_is_found_by_its_check() {
        let cases = [
            ("", None),
            ("noise", Some(Check::ForwardRepeatable)),
            ("stale", Some(Check::NoStaleState)),
            ("adds", Some(Check::Overwrites)),
            ("square", Some(Check::LinearInCotangent)),
            ("writes", Some(Check::InputsUntouched)),
            ("skips", Some(Check::BuffersWritten)),
        ];
        for (fault, expected) in cases {
            let x = arr1(&[0.5, -1.5, 2.0]).into_dyn();
            let mut cube = Cube { x, fault, ..Cube::default() };
            let report = check("cube", &mut cube, &Config::default());
            let found: Vec<Check> = report.findings.iter().map(|f| f.check).collect();
            match expected {
                None => assert!(found.is_empty(), "{fault}: {report}"),
                Some(check) => assert!(found.contains(&check), "{fault}: {report}"),
            }
        }
    }
}
