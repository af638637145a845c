//! Elements by verdict.

use std::collections::BTreeMap;

use crate::outcome::verdict::{Reason, Verdict};

/// How many elements got which [`Verdict`]: of one tensor, or of a whole
/// [`Report`](crate::Report).
///
/// # Examples
/// ```
/// use gradcheck::Counts;
/// let mut all = Counts { pass: 2, fail: 1, ..Counts::default() };
/// all.add(&Counts { pass: 3, ..Counts::default() });
/// assert_eq!((all.pass, all.total(), all.n_inconclusive()), (5, 6, 0));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Right.
    pub pass: usize,
    /// Wrong.
    pub fail: usize,
    /// Zero within the rounding noise of the function.
    pub unobserved: usize,
    /// Undecided, by reason.
    pub inconclusive: BTreeMap<Reason, usize>,
}

impl Counts {
    /// Counts one more verdict.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail(_) => self.fail += 1,
            Verdict::Unobserved => self.unobserved += 1,
            Verdict::Inconclusive(reason) => *self.inconclusive.entry(reason).or_default() += 1,
        }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unobserved += other.unobserved;
        for (reason, n) in &other.inconclusive {
            *self.inconclusive.entry(*reason).or_default() += n;
        }
    }

    /// Undecided elements, whatever the reason.
    pub fn n_inconclusive(&self) -> usize {
        self.inconclusive.values().sum()
    }

    /// All elements.
    pub fn total(&self) -> usize {
        self.pass + self.fail + self.unobserved + self.n_inconclusive()
    }
}
