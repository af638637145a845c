//! Differences first, then a sum that keeps its own rounding errors.

/// A running sum `s` with the rounding error `e` of every addition kept aside.
///
/// For each `term`, `s' = fl(s + term)`. Of `s` and `term` let `b` be the one of larger magnitude
/// and `c` the other. Then `e += (b − s') + c`: exactly what rounding took from this addition. The
/// result is `s + e`.
///
/// A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54
/// (1974), algorithm IV, <https://doi.org/10.1002/zamm.19740540106>.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    sum: f64,
    error: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let total = self.sum + term; // s' = fl(s + term)
        self.error += if self.sum.abs() >= term.abs() {
            (self.sum - total) + term
        } else {
            (term - total) + self.sum
        };
        self.sum = total;
    }

    pub(crate) fn value(self) -> f64 {
        self.sum + self.error
    }
}

/// `Σ_j v_j (a_j − b_j)` for outputs `a` and `b` at two points and their weights `v`.
///
/// The differences are taken first: `a_j − b_j` is exact where `b_j/2 ≤ a_j ≤ 2 b_j`, and outputs
/// that did not move add exactly nothing. A difference of two sums would have the rounding of all.
pub(crate) fn weighted_difference(a: &[f64], b: &[f64], weights: &[f64]) -> f64 {
    let mut sum = Sum::default();
    for ((a, b), v) in a.iter().zip(b).zip(weights) {
        if a != b {
            sum.add(v * (a - b));
        }
    }
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellation_is_exact() {
        let mut sum = Sum::default();
        [1.0, 1e100, 1.0, -1e100].iter().for_each(|t| sum.add(*t));
        assert_eq!(sum.value(), 2.0);
    }

    #[test]
    fn unmoved_outputs_add_nothing() {
        let d = weighted_difference(&[1e300, 1.5], &[1e300, 1.0], &[1.0, 2.0]);
        assert_eq!(d, 1.0);
    }
}
