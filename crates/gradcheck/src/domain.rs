//! `x ∈ [lo, hi]`: the box in which a function may be evaluated.

/// The closed interval every element of a tensor must stay in while it is perturbed.
///
/// # Examples
/// ```
/// use gradcheck::Domain;
/// let probability = Domain::new(0.0, 1.0);
/// assert_eq!(probability.room(0.25), (0.25, 0.75));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    lo: f64,
    hi: f64,
}

impl Domain {
    /// No bound at all.
    pub const REAL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    /// The interval `[lo, hi]`. Where a function is undefined at an end itself (`ln` at 0), the
    /// check notices the non-finite value there and takes a smaller step.
    pub fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    /// How far `x` may move down and up.
    pub fn room(&self, x: f64) -> (f64, f64) {
        ((x - self.lo).max(0.0), (self.hi - x).max(0.0))
    }

    /// Whether `x` lies inside.
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
    fn room_is_never_negative() {
        let unit = Domain::new(0.0, 1.0);
        assert_eq!(unit.room(2.0), (2.0, 0.0));
        assert!(unit.contains(1.0) && !unit.contains(1.0 + f64::EPSILON));
        assert!(Domain::default().contains(-1e300));
    }
}
