//! The checks of a gradient by differences, and what they add to it.

use ndarray::ArrayD;

use crate::config::{Config, Mode, Structural};
use crate::diagnosis::hints::hints;
use crate::outcome::report::Report;
use crate::run::directional::check_directions;
use crate::run::elements::Measured;
use crate::run::evaluation::Run;
use crate::run::structural;
use crate::subject::checkable::Checkable;
use crate::subject::closures::Closures;
use crate::subject::tensor::Tensor;

/// Checks the gradients of a [`Checkable`] for all of its tensors.
///
/// For outputs `y_j = F_j(x)` and random cotangents `v_j`, the backward pass has to return
/// `g_i = ∂/∂x_i Σ_j v_j F_j(x)`. The check
///
/// 1. runs forward and backward once;
/// 2. compares each `g_i` with a numeric derivative ([`derivative`](crate::derivative) says how it
///    is computed), or `Σ_i g_i d_i` with one along random directions `d`
///    ([`Mode`](crate::Mode)), which gives each a [`Verdict`](crate::Verdict);
/// 3. checks what needs no differences ([`Check`](crate::Check));
/// 4. compares the values of what failed with known mistakes ([`Mistake`](crate::Mistake)).
///
/// # Panics
/// Only if `subject` does.
///
/// # Examples
/// ```
/// use gradcheck::{Checkable, Config, Domain, check};
/// use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, arr1};
///
/// /// y_i = x_i²
/// struct Square(ArrayD<f64>);
///
/// impl Checkable for Square {
///     fn tensors(&self) -> Vec<(String, Domain)> { vec![("x".to_string(), Domain::REAL)] }
///     fn tensor(&self, _: usize) -> ArrayViewD<'_, f64> { self.0.view() }
///     fn tensor_mut(&mut self, _: usize) -> ArrayViewMutD<'_, f64> { self.0.view_mut() }
///     fn forward(&mut self) -> Vec<ArrayD<f64>> { vec![&self.0 * &self.0] }
///     fn backward(&mut self, v: &[ArrayD<f64>]) -> Vec<ArrayD<f64>> {
///         vec![&v[0] * &self.0] // forgot the 2
///     }
/// }
///
/// let mut square = Square(arr1(&[0.5, -1.5]).into_dyn());
/// let report = check("square", &mut square, &Config::default());
/// assert_eq!(report.counts().fail, 2);
/// assert_eq!(report.hints[0].to_string(), "x: off by a constant factor (a/n = 0.500000 = 1/2)");
/// ```
pub fn check(name: &str, subject: &mut dyn Checkable, config: &Config) -> Report {
    let mut run = Run::start(subject, config);
    let mut report = Report::new(name, config);
    report.findings = structural::shapes(&run);
    if report.findings.is_empty() {
        report.findings = structural::untouched(&mut run);
        let tensors = compare(&mut run, &mut report);
        report.findings.extend(structural::repeatable(&mut run));
        if config.structural == Structural::On {
            report.findings.extend(structural::of_the_gradient(&mut run));
        }
        report.hints = hints(&mut run, &tensors, &report.findings);
        report.tensors = tensors.into_iter().map(|tensor| tensor.report(config.keep)).collect();
    }
    (report.evaluations, report.backward_calls) = (run.evaluations, run.backward_calls);
    report
}

/// Compares analytic with numeric derivatives, in the way the mode says.
fn compare(run: &mut Run<'_>, report: &mut Report) -> Vec<Measured> {
    let mut tensors: Vec<Measured> =
        (0..run.base.len()).map(|tensor| Measured::new(run, tensor)).collect();
    match run.config.mode {
        Mode::Exhaustive => {
            for tensor in &mut tensors {
                let all = 0..tensor.verdicts.len();
                tensor.decide(run, all);
            }
        }
        Mode::Directional => check_directions(run, &mut tensors, 0, report),
        Mode::Hybrid { sample_per_tensor } => {
            check_directions(run, &mut tensors, sample_per_tensor, report);
        }
    }
    tensors
}

/// Checks a vector–Jacobian product.
///
/// `f` maps the inputs `x` to any number of outputs `y_j = f_j(x)`. `backward` maps the inputs and
/// one array of cotangents `v` for each output to one gradient for each input,
///
/// ```text
/// g_i = Σ_j v_j ∂y_j/∂x_i
/// ```
///
/// Both must be pure. Otherwise as [`check`].
///
/// The cotangents are random, of both signs and of magnitude ½ to 1½, so that a backward pass that
/// ignores them, or that is right for ones only, fails.
///
/// # Shapes
/// `v` has the shapes of the outputs, `g` those of the inputs.
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
/// assert_eq!(report.counts().pass, 12);
/// ```
pub fn check_vjp<F, B>(name: &str, inputs: &[Tensor], f: F, backward: B, config: &Config) -> Report
where
    F: FnMut(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: FnMut(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    check(name, &mut Closures::new(inputs, f, backward), config)
}

/// Checks the gradient `g_i = ∂f/∂x_i` of a scalar function `f` of one array. Otherwise as
/// [`check`].
///
/// # Shapes
/// The gradient has the shape of `x`, which may be any.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::verdict::{Fault, Verdict};
    use crate::random::rng::Rng;
    use crate::subject::domain::Domain;
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
    fn no_call_leaves_the_domain() {
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
}
