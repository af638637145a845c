//! Softmax of one row in numbers whose exponent does not run out.

use ndarray::ArrayView1;
use tensor_core::functions::ln_1p;
use tensor_core::{Float, Wide};

/// The exponentials `e^(x[c] − max)` of a row and their sum `S`, as
/// [`Exponentials`](tensor_core::functions::exponentials::Exponentials) has them: no exponential
/// vanishes here, and no difference of values is beyond the type. NaN, +∞, or nothing but −∞ make
/// all of it NaN.
pub(crate) struct WideSoftmax<'a, F> {
    x: ArrayView1<'a, F>,
    /// The first class with the largest value.
    pub(crate) top: usize,
    /// `S − 1`: the exponentials of all classes but `top`, whose own is 1.
    pub(crate) others: Wide,
    /// `ln S`.
    pub(crate) ln_sum: Wide,
}

impl<'a, F: Float> WideSoftmax<'a, F> {
    pub(crate) fn new(x: ArrayView1<'a, F>) -> Self {
        let larger = |top: usize, c: usize| if x[c] > x[top] { c } else { top };
        let top = (1..x.len()).fold(0, larger);
        let row = Self { x, top, others: Wide::ZERO, ln_sum: Wide::ZERO };
        let others = if x[top].is_finite() { row.sum_without(top) } else { f64::NAN.into() };
        let plain = others.value();
        let is_far_below = plain.abs() < f64::MIN_POSITIVE; // ln(1 + s) is s
        let ln_sum = if is_far_below { others } else { ln_1p::<F>(plain).into() };
        Self { others, ln_sum, ..row }
    }

    /// `x[c] − max`.
    pub(crate) fn shifted(&self, c: usize) -> Wide {
        Wide::from(self.x[c].as_f64()) - Wide::from(self.x[self.top].as_f64())
    }

    /// `e^(x[c] − max)`.
    pub(crate) fn exponential(&self, c: usize) -> Wide {
        Wide::exp(self.shifted(c).value())
    }

    /// The exponentials of all classes but `class`.
    pub(crate) fn sum_without(&self, class: usize) -> Wide {
        let classes = (0..self.x.len()).filter(|&c| c != class);
        Wide::sum(classes.map(|c| self.exponential(c)))
    }

    /// `S`.
    pub(crate) fn sum(&self) -> Wide {
        Wide::from(1.0) + self.others
    }
}
