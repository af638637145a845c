//! `a_i = ∂/∂x_i Σ_j v_j F_j(x)`? Every element of every tensor against its numeric derivative.

use ndarray::ArrayD;

use crate::decide::Answer;
use crate::report::{Counts, Element, Report, TensorReport};
use crate::run::{Entry, Run, element, max_norm, rms};
use crate::subject::Closures;
use crate::{
    Checkable, Config, Fault, Mode, Reason, Structural, Tensor, Verdict, diagnosis, directional,
    structural,
};

/// Checks the gradients of a [`Checkable`] for all of its tensors.
///
/// # Panics
/// Only if `subject` does.
///
/// # Examples
/// See [`Checkable`].
pub fn check(name: &str, subject: &mut dyn Checkable, config: &Config) -> Report {
    let mut run = Run::start(subject, config);
    let mut report = Report {
        name: name.to_string(),
        seed: config.seed,
        tensors: Vec::new(),
        directions: Vec::new(),
        probes: 0,
        findings: structural::shapes(&run),
        hints: Vec::new(),
        evaluations: 0,
        backward_calls: 0,
        min_observed: config.min_observed,
    };
    if report.findings.is_empty() {
        report.findings = structural::untouched(&mut run);
        let mut tensors: Vec<Measured> =
            (0..run.base.len()).map(|tensor| Measured::new(&run, tensor)).collect();
        match config.mode {
            Mode::Exhaustive => {
                for tensor in &mut tensors {
                    let all = 0..tensor.verdicts.len();
                    tensor.judge(&mut run, all);
                }
            }
            Mode::Directional => directional::run(&mut run, &mut tensors, 0, &mut report),
            Mode::Hybrid { sample_per_tensor } => {
                directional::run(&mut run, &mut tensors, sample_per_tensor, &mut report);
            }
        }
        report.findings.extend(structural::repeatable(&mut run));
        if config.structural == Structural::On {
            report.findings.extend(structural::all(&mut run));
        }
        report.hints = diagnosis::hints(&mut run, &tensors, &report.findings);
        report.tensors = tensors.into_iter().map(|tensor| tensor.report(config.keep)).collect();
    }
    (report.evaluations, report.backward_calls) = (run.evaluations, run.backward_calls);
    report
}

/// Checks a vector–Jacobian product. `f` maps the inputs to any number of outputs, and `backward`
/// maps inputs and one cotangent an output to one gradient an input. Both must be pure.
///
/// The cotangents are random and of both signs, so that a backward pass that ignores them, or
/// that is right only for ones, fails.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Tensor, check_vjp};
/// use ndarray::{arr2, ArrayD, Ix2};
/// let x = Tensor::new("x", arr2(&[[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]));
/// let w = Tensor::new("w", arr2(&[[1.0, 0.5], [-0.3, 2.0], [0.7, -1.1]]));
/// let two = |a: &ArrayD<f64>| a.clone().into_dimensionality::<Ix2>().unwrap();
/// let report = check_vjp(
///     "matmul",
///     &[x, w],
///     |t| vec![two(&t[0]).dot(&two(&t[1])).into_dyn()],
///     |t, v| {
///         let dx = two(&v[0]).dot(&two(&t[1]).t()).into_dyn();
///         let dw = two(&t[0]).t().dot(&two(&v[0])).into_dyn();
///         vec![dx, dw]
///     },
///     &Config::default(),
/// );
/// report.assert_pass();
/// ```
pub fn check_vjp<F, B>(name: &str, inputs: &[Tensor], f: F, backward: B, config: &Config) -> Report
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    check(name, &mut Closures::new(inputs, f, backward), config)
}

/// Checks the gradient of a scalar function of one array.
///
/// # Examples
/// ```
/// use gradcheck::{Config, check_gradient};
/// use ndarray::{ArrayD, arr1};
/// let x = arr1(&[0.3, -1.2, 4.0]).into_dyn();
/// let f = |x: &ArrayD<f64>| x.iter().map(|x| x.sin()).product();
/// let wrong = |x: &ArrayD<f64>| x.mapv(f64::cos);
/// assert!(check_gradient("Π sin", &x, f, wrong, &Config::default()).verdict().is_fail());
/// ```
pub fn check_gradient(
    name: &str,
    x: &ArrayD<f64>,
    mut f: impl FnMut(&ArrayD<f64>) -> f64,
    mut gradient: impl FnMut(&ArrayD<f64>) -> ArrayD<f64>,
    config: &Config,
) -> Report {
    check_vjp(
        name,
        &[Tensor::new("x", x.clone())],
        |x| vec![ndarray::arr0(f(&x[0])).into_dyn()],
        |x, v| vec![gradient(&x[0]) * v[0].sum()],
        config,
    )
}

/// The elements of one tensor while they are judged.
pub(crate) struct Measured {
    pub(crate) tensor: usize,
    pub(crate) name: String,
    pub(crate) x: ArrayD<f64>,
    pub(crate) analytic: ArrayD<f64>,
    pub(crate) numeric: ArrayD<f64>,
    pub(crate) verdicts: Vec<Option<Verdict>>,
    pub(crate) elements: Vec<Element>,
    atol: f64,
    g_max: f64,
}

impl Measured {
    pub(crate) fn new(run: &Run<'_>, tensor: usize) -> Self {
        let analytic = run.gradients[tensor].clone();
        let g_max = max_norm(&analytic);
        Self {
            tensor,
            name: run.names[tensor].0.clone(),
            x: run.base[tensor].clone(),
            numeric: ArrayD::from_elem(analytic.raw_dim(), f64::NAN),
            verdicts: vec![None; analytic.len()],
            elements: Vec::new(),
            atol: run.config.atol_ratio * run.config.rtol * g_max,
            g_max,
            analytic,
        }
    }

    /// Judges the elements at these flat indices.
    pub(crate) fn judge(&mut self, run: &mut Run<'_>, flats: impl IntoIterator<Item = usize>) {
        let rms = rms(&self.x);
        let mut noise = None;
        for flat in flats {
            if self.verdicts[flat].is_some() {
                continue;
            }
            if noise.is_none() {
                let around = directional::around(run, &[self.tensor], 1.0);
                noise = Some(run.noise(&around));
            }
            let entry = Entry { tensor: self.tensor, flat, d: 1.0 };
            let Some(noise) = &noise else { continue };
            let blind = if !run.y.iter().all(|y| y.is_finite()) {
                Some(Verdict::Inconclusive(Reason::NonFinite))
            } else if !element(&self.analytic, flat).is_finite() {
                Some(Verdict::Fail(Fault::NonFinite))
            } else {
                None
            };
            let mut answer = run.element(entry, rms, self.atol, noise);
            answer.verdict = blind.unwrap_or(answer.verdict);
            self.record(flat, &answer);
        }
    }

    fn record(&mut self, flat: usize, answer: &Answer) {
        let e = &answer.estimate;
        let half = if answer.kink { e.jump / 2.0 } else { 0.0 };
        if let Some(slot) = self.numeric.as_slice_mut() {
            slot[flat] = e.value;
        }
        self.verdicts[flat] = Some(answer.verdict);
        self.elements.push(Element {
            index: multi_index(flat, self.analytic.shape()),
            x: element(&self.x, flat),
            analytic: element(&self.analytic, flat),
            numeric: e.value,
            error: e.error,
            tolerance: answer.tolerance,
            slopes: (e.value - half, e.value + half),
            step: e.step,
            rates: e.rates.clone(),
            evaluations: answer.evaluations,
            verdict: answer.verdict,
        });
    }

    fn report(mut self, keep: usize) -> TensorReport {
        let mut counts = Counts::default();
        let mut worst_relative: f64 = 0.0;
        for e in &self.elements {
            counts.count(e.verdict);
            if e.verdict == Verdict::Pass || e.verdict.is_fail() {
                let size = e.analytic.abs().max(e.numeric.abs()).max(self.g_max / 10.0);
                let relative = (e.analytic - e.numeric).abs() / size;
                worst_relative = worst_relative.max(if size > 0.0 { relative } else { 0.0 });
            }
        }
        let badness = |e: &Element| (e.analytic - e.numeric).abs() / (e.tolerance + e.error);
        self.elements.sort_by(|p, q| {
            let severity = q.verdict.cmp(&p.verdict);
            severity.then_with(|| badness(q).total_cmp(&badness(p)))
        });
        self.elements.truncate(keep);
        TensorReport {
            name: self.name,
            shape: self.analytic.shape().to_vec(),
            counts,
            g_max: self.g_max,
            worst_relative,
            worst: self.elements,
        }
    }
}

/// Row-major coordinates of a flat index.
pub(crate) fn multi_index(flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    let mut rest = flat;
    for (place, &length) in index.iter_mut().zip(shape).rev() {
        *place = rest % length.max(1);
        rest /= length.max(1);
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Domain, Rng};
    use ndarray::arr1;

    #[test]
    fn one_wrong_element_is_named() {
        let x = Rng::new(5).normal_array(&[2, 3, 4], 1.0);
        let wrong = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
            let mut g = &v[0] * &x[0].mapv(f64::exp);
            g[[1, 0, 3]] *= 1.0 + 1e-7;
            vec![g]
        };
        let inputs = [Tensor::new("x", x)];
        let exp = |x: &[ArrayD<f64>]| vec![x[0].mapv(f64::exp)];
        let report = check_vjp("exp", &inputs, exp, wrong, &Config::default());
        let counts = report.counts();
        assert_eq!((counts.pass, counts.fail), (23, 1), "{report}");
        assert_eq!(report.tensors[0].worst[0].index, [1, 0, 3]);
    }

    #[test]
    fn a_domain_is_honoured_in_every_call() {
        let x = Tensor::new("p", arr1(&[1e-9, 0.5, 1.0])).within(Domain::new(0.0, 1.0));
        let f = |x: &[ArrayD<f64>]| {
            assert!(x[0].iter().all(|p| (0.0..=1.0).contains(p)), "{}", x[0]);
            vec![x[0].mapv(|p| (p * (2.0 - p)).sqrt())]
        };
        let g = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
            vec![&v[0] * &x[0].mapv(|p| (1.0 - p) / (p * (2.0 - p)).sqrt())]
        };
        let report = check_vjp("sqrt", &[x], f, g, &Config::default());
        assert!(!report.verdict().is_fail(), "{report}");
    }

    #[test]
    fn a_gradient_that_is_not_finite_fails() {
        let inputs = [Tensor::new("x", arr1(&[1.0, 2.0]))];
        let g = |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![v[0].mapv(|_| f64::NAN)];
        let report = check_vjp("nan", &inputs, |x| x.to_vec(), g, &Config::default());
        assert_eq!(report.verdict(), Verdict::Fail(Fault::NonFinite));
    }

    #[test]
    fn flat_indices() {
        assert_eq!(multi_index(23, &[2, 3, 4]), [1, 2, 3]);
        assert_eq!(multi_index(0, &[]), Vec::<usize>::new());
    }
}
