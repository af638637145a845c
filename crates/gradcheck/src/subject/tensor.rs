//! A named argument of a function under test.

use ndarray::ArrayD;

use crate::subject::domain::Domain;

/// A named argument of a function under test: the point `x` at which its derivative is checked.
///
/// # Examples
/// ```
/// use gradcheck::{Domain, Tensor};
/// use ndarray::arr1;
/// let p = Tensor::new("p", arr1(&[0.2, 0.8])).within(Domain::new(0.0, 1.0));
/// assert_eq!((p.name.as_str(), p.value.len()), ("p", 2));
/// ```
#[derive(Debug, Clone)]
pub struct Tensor {
    /// The name that reports use.
    pub name: String,
    /// The point at which to check.
    pub value: ArrayD<f64>,
    /// Where the function may be evaluated.
    pub domain: Domain,
}

impl Tensor {
    /// A tensor that may take any value.
    pub fn new<D: ndarray::Dimension>(
        name: impl Into<String>,
        value: ndarray::Array<f64, D>,
    ) -> Self {
        Self { name: name.into(), value: value.into_dyn(), domain: Domain::REAL }
    }

    /// The same tensor, whose elements must stay within `domain`.
    #[must_use]
    pub fn within(mut self, domain: Domain) -> Self {
        self.domain = domain;
        self
    }
}
