//! Right gradients, corrupted on purpose.

use ndarray::ArrayD;

use crate::arrays::max_norm;
use crate::check::vjp::check_vjp;
use crate::config::Config;
use crate::outcome::verdict::Verdict;
use crate::self_test::catalog::{CATALOG, State};
use crate::self_test::table::{SelfTest, SelfTestRow};
use crate::subject::tensor::Tensor;

/// Checks the checker: corrupts the gradients `g` of a right `backward` in every known way, one
/// tensor at a time, and tells which corruptions the check detects and which of them the first hint
/// names.
///
/// The 29 corruptions ([`corruptions`]) are mistakes that people make, from a factor of `1 + 1e-6`
/// to a gradient of an earlier call. One that does not apply to a shape, or that changes the
/// gradient at this point by less than `1e-7 · max_i |g_i|`, is left out.
///
/// # Shapes
/// As for [`check_vjp`]: cotangents have the shapes of the outputs, gradients those of the inputs.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Tensor, self_test};
/// use ndarray::arr2;
/// let x = Tensor::new("x", arr2(&[[0.3, -0.7, 1.1], [0.9, 0.2, -1.4]]));
/// let table = self_test(
///     &[x],
///     |x| vec![x[0].mapv(f64::tanh)],
///     |x, v| vec![&v[0] * &x[0].mapv(|x| 1.0 - x.tanh().powi(2))],
///     &Config::default(),
/// );
/// table.assert_complete();
/// assert_eq!(table.n_detected(), table.rows.len());
/// ```
pub fn self_test<F, B>(inputs: &[Tensor], f: F, backward: B, config: &Config) -> SelfTest
where
    F: Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    let mut rows = Vec::new();
    for corruption in corruptions() {
        for tensor in 0..inputs.len() {
            rows.extend(self_test_row(corruption, tensor, inputs, &f, &backward, config));
        }
    }
    SelfTest { rows }
}

/// Names of all corruptions of a [`self_test`].
///
/// # Examples
/// ```
/// assert!(gradcheck::corruptions().any(|name| name == "transposed"));
/// assert_eq!(gradcheck::corruptions().count(), 29);
/// ```
pub fn corruptions() -> impl Iterator<Item = &'static str> {
    CATALOG.iter().map(|corruption| corruption.name)
}

/// One row of a [`self_test`]: one corruption of the gradient of one tensor, by its index. `None`
/// where there is no corruption of that name or it does not apply.
///
/// # Shapes
/// As for [`self_test`].
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mistake, Tensor, self_test_row};
/// use ndarray::{ArrayD, arr1};
/// let x = Tensor::new("x", arr1(&[0.3, -0.7, 1.1]));
/// let f = |x: &[ArrayD<f64>]| vec![x[0].mapv(f64::sin)];
/// let backward = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| vec![&v[0] * &x[0].mapv(f64::cos)];
/// let row = self_test_row("negated", 0, &[x], &f, &backward, &Config::default()).unwrap();
/// assert!(row.detected);
/// assert_eq!(row.first, Some(Mistake::Sign));
/// ```
pub fn self_test_row<F, B>(
    corruption: &str,
    tensor: usize,
    inputs: &[Tensor],
    f: &F,
    backward: &B,
    config: &Config,
) -> Option<SelfTestRow>
where
    F: Fn(&[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
    B: Fn(&[ArrayD<f64>], &[ArrayD<f64>]) -> Vec<ArrayD<f64>>,
{
    let corruption = CATALOG.iter().find(|entry| entry.name == corruption)?;
    let mut state = State::default();
    let mut effect = Effect::default();
    let wrong_backward = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
        let mut gradients = backward(x, v);
        let right = (f as &dyn Fn(&[ArrayD<f64>]) -> _, backward as &dyn Fn(&[_], &[_]) -> _);
        let wrong = (corruption.apply)(tensor, x, v, &gradients[tensor], &mut state, &right);
        // Other points, where the structural checks look, do not count: there a unit that is
        // inactive here may be active.
        let is_here = x.iter().zip(inputs).all(|(x, input)| x == input.value);
        if let Some(wrong) = effect.of(wrong, &gradients[tensor], is_here) {
            gradients[tensor] = wrong;
        }
        gradients
    };
    let report = check_vjp(corruption.name, inputs, f, wrong_backward, config);
    effect.is_visible().then(|| SelfTestRow {
        corruption: corruption.name,
        tensor: inputs[tensor].name.clone(),
        detected: matches!(report.verdict(), Verdict::Fail(_)),
        expected: corruption.expected,
        first: report.hints.first().map(|hint| hint.kind),
    })
}

/// How much a corruption changes the gradient, over all backward passes of a check.
#[derive(Default)]
struct Effect {
    /// Whether the corruption applies. The first pass decides, because later ones have other
    /// cotangents, zero among them.
    applies: Option<bool>,
    /// Largest change at the point of the check.
    change: f64,
    /// Largest gradient.
    size: f64,
}

impl Effect {
    /// The wrong gradient, where the corruption applies.
    fn of(
        &mut self,
        wrong: Option<ArrayD<f64>>,
        right: &ArrayD<f64>,
        is_here: bool,
    ) -> Option<ArrayD<f64>> {
        let applies = *self.applies.get_or_insert(wrong.is_some());
        let wrong = wrong.filter(|_| applies)?;
        let is_finite = wrong.iter().all(|g| g.is_finite());
        let change = if is_finite { max_norm(&(&wrong - right)) } else { f64::MAX };
        self.change = if is_here { self.change.max(change) } else { self.change };
        self.size = self.size.max(max_norm(right));
        Some(wrong)
    }

    fn is_visible(&self) -> bool {
        self.applies == Some(true) && self.size > 0.0 && self.change > 1e-7 * self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::rng::Rng;
    use ndarray::{Axis, Ix1, Ix2};

    #[test]
    fn corruptions_of_a_linear_layer_followed_by_tanh_are_detected_and_named() {
        let mut rng = Rng::new(4);
        let inputs = [
            Tensor::new("x", rng.normal_array(&[5, 3], 1.0)),
            Tensor::new("weight", rng.normal_array(&[4, 3], 1.0)),
            Tensor::new("bias", rng.normal_array(&[4], 1.0)),
        ];
        let two = |a: &ArrayD<f64>| a.clone().into_dimensionality::<Ix2>().unwrap();
        let f = |t: &[ArrayD<f64>]| {
            let bias = t[2].clone().into_dimensionality::<Ix1>().unwrap();
            vec![(two(&t[0]).dot(&two(&t[1]).t()) + bias).mapv(f64::tanh).into_dyn()]
        };
        let backward = |t: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
            let dz = two(&(&v[0] * &f(t)[0].mapv(|y| 1.0 - y * y)));
            let dx = dz.dot(&two(&t[1])).into_dyn();
            vec![dx, dz.t().dot(&two(&t[0])).into_dyn(), dz.sum_axis(Axis(0)).into_dyn()]
        };
        let table = self_test(&inputs, f, backward, &Config::default());
        table.assert_complete();
        assert!(table.rows.len() > 50, "{table}");
        assert!(table.n_diagnosed() * 10 >= table.rows.len() * 9, "{table}");
    }

    #[test]
    fn outputs_may_differ_in_their_first_axis() {
        let mut rng = Rng::new(4);
        let inputs = [
            Tensor::new("x", rng.normal_array(&[5, 3], 1.0)),
            Tensor::new("bias", rng.normal_array(&[3], 1.0)),
        ];
        let f = |t: &[ArrayD<f64>]| vec![&t[0] + &t[1], t[1].mapv(|b| b * b)];
        let backward = |_: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
            vec![v[0].clone(), v[0].sum_axis(Axis(0)) + &inputs[1].value * 2.0 * &v[1]]
        };
        let row = self_test_row("first sample only", 1, &inputs, &f, &backward, &Config::default());
        assert!(row.is_some_and(|row| row.detected));
    }
}
