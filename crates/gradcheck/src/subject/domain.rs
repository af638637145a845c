//! The box in which a function may be evaluated.

/// The closed interval `[lo, hi]` that every element of a tensor stays in while it is perturbed.
///
/// No number outside is given to the function: a step is at most as long as the distance to the
/// nearer bound, and at a bound itself all steps go to the other side. An element may be set to NaN
/// to see which outputs depend on it; if the function panics then, nothing is learned and the check
/// goes on.
///
/// # Examples
/// ```
/// use gradcheck::Domain;
/// let probability = Domain::new(0.0, 1.0);
/// assert!(probability.contains(1.0) && !probability.contains(1.5));
/// assert_eq!(probability.distances(0.25), (0.25, 0.75));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    lo: f64,
    hi: f64,
}

impl Domain {
    /// All of ℝ: no bound at all.
    pub const REAL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    /// The interval `[lo, hi]`. Where a function is undefined at a bound itself (`ln` at 0), the
    /// check notices the value that is not finite there and takes a smaller step.
    pub fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    /// `(x − lo, hi − x)`: how far `x` may move down and up. Never negative.
    pub fn distances(&self, x: f64) -> (f64, f64) {
        ((x - self.lo).max(0.0), (self.hi - x).max(0.0))
    }

    /// Whether `lo ≤ x ≤ hi`.
    pub fn contains(&self, x: f64) -> bool {
        (self.lo..=self.hi).contains(&x)
    }
}

impl Default for Domain {
    fn default() -> Self {
        Self::REAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_never_negative() {
        let unit = Domain::new(0.0, 1.0);
        assert_eq!(unit.distances(2.0), (2.0, 0.0));
        assert!(unit.contains(1.0) && !unit.contains(1.0 + f64::EPSILON));
        assert!(Domain::default().contains(-1e300));
    }
}
