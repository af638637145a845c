//! What a self-test found.

use std::fmt;

use crate::outcome::hint::Mistake;

/// The outcome of [`self_test`](crate::self_test): one row for each corruption of each tensor.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Tensor, self_test};
/// use ndarray::arr1;
/// let table = self_test(
///     &[Tensor::new("x", arr1(&[0.3, -0.7, 1.1]))],
///     |x| vec![&x[0] * &x[0]],
///     |x, v| vec![&v[0] * &x[0] * 2.0],
///     &Config::default(),
/// );
/// assert_eq!(table.n_detected(), table.rows.len());
/// assert!(table.to_string().contains("doubled"));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SelfTest {
    /// The rows, in the order of [`corruptions`](crate::corruptions).
    pub rows: Vec<SelfTestRow>,
}

/// One corruption of one tensor's gradient: what [`self_test_row`](crate::self_test_row) returns.
///
/// # Examples
/// ```
/// use gradcheck::{Config, Mistake, Tensor, self_test};
/// use ndarray::arr1;
/// let table = self_test(
///     &[Tensor::new("x", arr1(&[0.3, -0.7, 1.1]))],
///     |x| vec![&x[0] * &x[0]],
///     |x, v| vec![&v[0] * &x[0] * 2.0],
///     &Config::default(),
/// );
/// let row = table.rows.iter().find(|row| row.corruption == "all zero").unwrap();
/// assert!(row.detected && row.expected == Mistake::Zero);
/// ```
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

    /// Panics with the table if any corruption was missed.
    ///
    /// # Panics
    /// If the table is empty, or a row was not detected.
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
