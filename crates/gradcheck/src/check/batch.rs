//! Whether a batch gives what its parts give.

use ndarray::{ArrayD, Axis};

use crate::arrays::gap;
use crate::outcome::finding::{Check, Finding};
use crate::random::rng::Rng;
use crate::subject::tensor::Tensor;

/// Checks that the samples of a batch do not depend on each other.
///
/// Evaluates forward and backward on the whole batch and on its two halves. For inputs `x` of which
/// those listed in `batched` have the samples along axis 0, as every output `y` has, and for the
/// gradients `g` of random cotangents:
///
/// ```text
/// y = [y of the first half; y of the second half]
/// g = [g of the first half; g of the second half]      for the inputs in `batched`
/// g =  g of the first half + g of the second half      for all others, such as parameters
/// ```
///
/// each to `rtol` times the largest element. Returns a [`Finding`] for each array and half that
/// differs; none for a batch of fewer than two samples.
///
/// # Shapes
/// Batched inputs and all outputs `(N, …)` with one `N`; gradients as their inputs.
///
/// # Examples
/// ```
/// use gradcheck::{Tensor, check_batch_split};
/// use ndarray::{ArrayD, arr2};
/// let x = Tensor::new("x", arr2(&[[1.0, 2.0], [3.0, 5.0], [4.0, -1.0]]));
/// let square = |x: &[ArrayD<f64>]| vec![&x[0] * &x[0]];
/// let vjp = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] * &x[0] * 2.0];
/// assert!(check_batch_split(&[x.clone()], &[0], square, vjp, 1e-14).is_empty());
///
/// // Divides by the number of rows, which a half has fewer of.
/// let mean = |x: &[ArrayD<f64>]| vec![&x[0] / x[0].shape()[0] as f64];
/// let vjp = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] / x[0].shape()[0] as f64];
/// // Outputs and gradients of both halves.
/// assert_eq!(check_batch_split(&[x], &[0], mean, vjp, 1e-14).len(), 4);
/// ```
pub fn check_batch_split<F, B>(
    inputs: &[Tensor],
    batched: &[usize],
    f: F,
    backward: B,
    rtol: f64,
) -> Vec<Finding>
where
    F: Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    compare_halves(inputs, batched, &f, &backward, rtol)
}

type Forward<'a> = &'a dyn Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>;
type Backward<'a> = &'a dyn Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>;

/// Compiled once, not for every function that is checked.
fn compare_halves(
    inputs: &[Tensor],
    batched: &[usize],
    f: Forward<'_>,
    backward: Backward<'_>,
    rtol: f64,
) -> Vec<Finding> {
    let x: Vec<ArrayD<f64>> = inputs.iter().map(|tensor| tensor.value.clone()).collect();
    let rows = batched.first().map_or(0, |i| x[*i].len_of(Axis(0)));
    if rows < 2 {
        return Vec::new();
    }
    let y = f(&x);
    let mut rng = Rng::new(0x5eed);
    let v: Vec<ArrayD<f64>> = y.iter().map(|y| rng.cotangent_array(y.shape())).collect();
    let g = backward(&x, &v);
    let batch = Batch { inputs, batched, cut: rows.div_ceil(2), y, g };
    let mut sums: Vec<ArrayD<f64>> = batch.g.iter().map(|g| g * 0.0).collect();
    let mut findings = Findings { rtol, found: Vec::new() };
    for half in [Half::First, Half::Second] {
        let mut x = x.clone();
        batched.iter().for_each(|i| x[*i] = half.of(&x[*i], batch.cut));
        let v: Vec<_> = v.iter().map(|v| half.of(v, batch.cut)).collect();
        batch.compare_outputs(half, &f(&x), &mut findings);
        batch.compare_gradients(half, &backward(&x, &v), &mut sums, &mut findings);
    }
    for i in (0..inputs.len()).filter(|i| !batched.contains(i)) {
        let what = format!("the summed gradient of {}", inputs[i].name);
        findings.compare(what, &batch.g[i], &sums[i]);
    }
    findings.found
}

/// What the whole batch gives.
struct Batch<'a> {
    inputs: &'a [Tensor],
    batched: &'a [usize],
    /// Rows of the first half.
    cut: usize,
    y: Vec<ArrayD<f64>>,
    g: Vec<ArrayD<f64>>,
}

impl Batch<'_> {
    fn compare_outputs(&self, half: Half, y: &[ArrayD<f64>], findings: &mut Findings) {
        for (k, (all, some)) in self.y.iter().zip(y).enumerate() {
            findings.compare(format!("output {k}"), &half.of(all, self.cut), some);
        }
    }

    /// Compares the gradients of batched inputs, and adds up the others.
    fn compare_gradients(
        &self,
        half: Half,
        g: &[ArrayD<f64>],
        sums: &mut [ArrayD<f64>],
        findings: &mut Findings,
    ) {
        for (i, some) in g.iter().enumerate() {
            if self.batched.contains(&i) {
                let what = format!("the gradient of {}", self.inputs[i].name);
                findings.compare(what, &half.of(&self.g[i], self.cut), some);
            } else {
                sums[i] += some;
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Half {
    First,
    Second,
}

impl Half {
    /// The rows of one half: the first `cut`, or the others.
    fn of(self, array: &ArrayD<f64>, cut: usize) -> ArrayD<f64> {
        let (first, second) = array.view().split_at(Axis(0), cut);
        match self {
            Self::First => first.to_owned(),
            Self::Second => second.to_owned(),
        }
    }
}

/// Where the halves differ from the batch.
struct Findings {
    rtol: f64,
    found: Vec<Finding>,
}

impl Findings {
    fn compare(&mut self, what: String, expected: &ArrayD<f64>, found: &ArrayD<f64>) {
        if let Some(gap) = gap(expected, found, self.rtol) {
            let detail = format!("{what} of a part differs from that of the batch by {gap}");
            self.found.push(Finding::fail(Check::BatchSplit, detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_over_the_batch_depends_on_all_samples() {
        let x = Tensor::new("x", Rng::new(1).normal_array(&[5, 2], 1.0));
        let centered = |x: &[ArrayD<f64>]| vec![&x[0] - x[0].mean().unwrap_or(0.0)];
        let vjp = |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] - v[0].mean().unwrap_or(0.0)];
        let findings = check_batch_split(&[x], &[0], centered, vjp, 1e-12);
        assert_eq!(findings.len(), 4, "{findings:?}");
    }

    #[test]
    fn gradients_of_parameters_add_up_over_the_halves() {
        let mut rng = Rng::new(2);
        let inputs = [
            Tensor::new("x", rng.normal_array(&[5, 2], 1.0)),
            Tensor::new("b", rng.normal_array(&[2], 1.0)),
        ];
        let add = |x: &[ArrayD<f64>]| vec![&x[0] + &x[1]];
        let vjp = |factor: f64| {
            move |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
                vec![v[0].clone(), v[0].sum_axis(Axis(0)) + factor]
            }
        };
        assert!(check_batch_split(&inputs, &[0], add, vjp(0.0), 1e-13).is_empty());
        assert_eq!(check_batch_split(&inputs, &[0], add, vjp(1.0), 1e-13).len(), 1);
    }
}
