//! `s + e = Σ v_j (a_j − b_j)`: differences first, then a sum that keeps its own rounding errors.

/// A running sum with the rounding error of every addition kept aside (Neumaier).
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let total = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - total) + term
        } else {
            (term - total) + self.sum
        };
        self.sum = total;
    }

    pub(crate) fn value(self) -> f64 {
        self.sum + self.lost
    }
}

/// `Σ v_j (a_j − b_j)`. Each difference of neighbouring values is exact, and outputs that did not
/// move add exactly nothing; a difference of two sums would have the rounding of all of them.
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
