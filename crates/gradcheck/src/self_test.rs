//! Break a right gradient in every known way; count what the checker notices and names.

use std::fmt;

use ndarray::ArrayD;

use crate::corruption::{CATALOGUE, Memory};
use crate::run::max_norm;
use crate::{Config, Mistake, Tensor, Verdict, check_vjp};

/// The outcome of [`self_test`]: one row a corruption and tensor.
///
/// # Examples
/// See [`self_test`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SelfTest {
    /// The rows, in the catalogue's order.
    pub rows: Vec<SelfTestRow>,
}

/// One corruption of one tensor's gradient.
#[derive(Debug, Clone, PartialEq)]
pub struct SelfTestRow {
    /// What was done to the gradient.
    pub corruption: &'static str,
    /// The tensor it was done to.
    pub tensor: String,
    /// Whether the check failed, as it should.
    pub detected: bool,
    /// What a right diagnosis says.
    pub expected: Mistake,
    /// What the first hint said.
    pub first: Option<Mistake>,
}

impl SelfTest {
    /// Rows that were detected.
    pub fn n_detected(&self) -> usize {
        self.rows.iter().filter(|row| row.detected).count()
    }

    /// Rows whose first hint was right.
    pub fn n_diagnosed(&self) -> usize {
        self.rows.iter().filter(|row| row.first == Some(row.expected)).count()
    }

    /// Panics with the table if any corruption went unnoticed.
    ///
    /// # Panics
    /// See above.
    #[track_caller]
    pub fn assert_complete(&self) {
        assert!(!self.rows.is_empty() && self.n_detected() == self.rows.len(), "{self}");
    }
}

impl fmt::Display for SelfTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let detected = if row.detected { "detected" } else { "MISSED" };
            write!(f, "{:<28}{:<12}{detected}  ", row.corruption, row.tensor)?;
            match row.first {
                Some(first) if first == row.expected => writeln!(f, "{first:?}")?,
                first => writeln!(f, "{first:?} instead of {:?}", row.expected)?,
            }
        }
        let n = self.rows.len();
        writeln!(f, "{} of {n} detected, {} named", self.n_detected(), self.n_diagnosed())
    }
}

/// Runs the catalogue of corruptions against a function and its right `backward`, one tensor at a
/// time. A corruption that does not apply to a shape, or that changes the gradient by less than
/// 1e-7 of its norm at this point, is left out.
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

/// Names of all corruptions.
///
/// # Examples
/// ```
/// assert!(gradcheck::corruptions().any(|name| name == "transposed"));
/// ```
pub fn corruptions() -> impl Iterator<Item = &'static str> {
    CATALOGUE.iter().map(|corruption| corruption.name)
}

/// One row of a [`self_test`]; `None` where the corruption is unknown or does not apply.
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
    let corruption = CATALOGUE.iter().find(|entry| entry.name == corruption)?;
    let mut memory = Memory::default();
    // Decided by the first call: later ones come with other cotangents, zero among them.
    let mut applies = None;
    let mut change: f64 = 0.0;
    let mut size: f64 = 0.0;
    let broken = |x: &[ArrayD<f64>], v: &[ArrayD<f64>]| {
        let right = backward(x, v);
        let mut wrong = right.clone();
        let subject = (f as &dyn Fn(&[ArrayD<f64>]) -> _, backward as &dyn Fn(&[_], &[_]) -> _);
        let result = (corruption.apply)(tensor, x, v, &right[tensor], &mut memory, &subject);
        let applies = *applies.get_or_insert(result.is_some());
        // Elsewhere, where structural checks look, a dead unit may be alive: that does not count.
        let here = x.iter().zip(inputs).all(|(x, input)| x == input.value);
        if let Some(g) = result.filter(|_| applies) {
            let gap = max_norm(&(&g - &right[tensor]));
            let gap = if g.iter().all(|g| g.is_finite()) { gap } else { f64::MAX };
            change = if here { change.max(gap) } else { change };
            size = size.max(max_norm(&right[tensor]));
            wrong[tensor] = g;
        }
        wrong
    };
    let report = check_vjp(corruption.name, inputs, f, broken, config);
    (applies == Some(true) && size > 0.0 && change > 1e-7 * size).then(|| SelfTestRow {
        corruption: corruption.name,
        tensor: inputs[tensor].name.clone(),
        detected: matches!(report.verdict(), Verdict::Fail(_)),
        expected: corruption.expected,
        first: report.hints.first().map(|hint| hint.kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;
    use ndarray::{Axis, Ix1, Ix2};

    #[test]
    fn a_linear_layer_followed_by_tanh() {
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
}
