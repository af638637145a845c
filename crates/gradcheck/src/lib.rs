//! Holds analytic gradients against numerical ones. Knows nothing of layers: it takes functions and arrays.
//!
//! For `f: Rⁿ → R` the central difference `(f(x + h eᵢ) − f(x − h eᵢ))/(2h)` has a truncation error of `f‴h²/6` and a rounding
//! error of about `u|f|/h`; with `h ~ u^(1/3)` both are near `u^(2/3) ≈ 4e-11` times the size of `f`.
//!
//! ```
//! use gradcheck::{compare, numerical_gradient};
//! use ndarray::array;
//!
//! let x = array![[0.3, -1.2]];
//! let numeric = numerical_gradient(|x| x[[0, 0]].sin() * x[[0, 1]], &x);
//! let analytic = array![[0.3_f64.cos() * -1.2, 0.3_f64.sin()]];
//! compare(&analytic, &numeric, 1e-8)?;
//!
//! let mut wrong = analytic;
//! wrong[[0, 1]] *= 2.0;
//! let mismatch = compare(&wrong, &numeric, 1e-8).unwrap_err();
//! assert_eq!(mismatch.index, [0, 1]);
//! # Ok::<(), gradcheck::Mismatch>(())
//! ```

use std::fmt;

use ndarray::{Array, ArrayRef, Dimension};

/// `df/dx` by central differences, one element after the other.
///
/// The step is `u^(1/3)·max(|x|, 1)`, and the difference is divided by the step that rounding really leaves.
pub fn numerical_gradient<D: Dimension>(
    mut f: impl FnMut(&ArrayRef<f64, D>) -> f64,
    x: &ArrayRef<f64, D>,
) -> Array<f64, D> {
    let mut point = x.to_owned();
    let mut gradient = x.to_owned();
    for (index, g) in gradient.iter_mut().enumerate() {
        let mut at = |value: f64| {
            if let Some(element) = point.iter_mut().nth(index) {
                *element = value;
            }
            f(&point)
        };
        let center = *g;
        let h = f64::EPSILON.cbrt() * center.abs().max(1.0);
        let (right, left) = (center + h, center - h);
        *g = (at(right) - at(left)) / (right - left);
        at(center);
    }
    gradient
}

/// The element in which two gradients disagree most.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Its index; empty if the shapes differ.
    pub index: Vec<usize>,
    /// The gradient under test.
    pub analytic: f64,
    /// The numerical one.
    pub numeric: f64,
    /// What their difference may be.
    pub bound: f64,
}

impl std::error::Error for Mismatch {}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, analytic, numeric, bound } = self;
        write!(
            f,
            "element {index:?}: analytic {analytic:e}, numeric {numeric:e}, may differ by {bound:e}"
        )
    }
}

/// `Ok` if no element differs by more than `rtol` times the larger of its own size and a hundredth of the largest element:
/// elements that are tiny against the others drown in the rounding of the function.
///
/// # Errors
/// The worst element otherwise. NaN never agrees.
pub fn compare<D: Dimension>(
    analytic: &ArrayRef<f64, D>,
    numeric: &ArrayRef<f64, D>,
    rtol: f64,
) -> Result<(), Mismatch> {
    if analytic.shape() != numeric.shape() {
        return Err(Mismatch {
            index: Vec::new(),
            analytic: f64::NAN,
            numeric: f64::NAN,
            bound: 0.0,
        });
    }
    let largest = numeric.iter().fold(0.0_f64, |max, n| max.max(n.abs()));
    let mut worst: Option<(f64, Mismatch)> = None;
    for ((index, &analytic), &numeric) in analytic.view().into_dyn().indexed_iter().zip(numeric) {
        let bound = rtol * numeric.abs().max(0.01 * largest);
        let difference = (analytic - numeric).abs();
        if difference > bound || difference.is_nan() {
            let excess = if difference.is_nan() { f64::INFINITY } else { difference / bound };
            if worst.as_ref().is_none_or(|(most, _)| excess > *most) {
                let index = ndarray::Dimension::slice(&index).to_vec();
                worst = Some((excess, Mismatch { index, analytic, numeric, bound }));
            }
        }
    }
    worst.map_or(Ok(()), |(_, mismatch)| Err(mismatch))
}
