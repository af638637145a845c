//! How a gradient that was handed out and never written is told.

use std::any::Any;

use ndarray::ArrayRef2;
use tensor_core::Float;

/// NaNs that nothing computes: of the many there are, processors make others. What copies them
/// keeps them.
const NARROW: f32 = f32::from_bits(0x7fd5_4e57);
const WIDE: f64 = f64::from_bits(0x7ffa_554e_5752_4954);

/// The value of an element that nobody has written.
fn unwritten<F: Float>() -> F {
    let mut nan = F::nan();
    let any: &mut dyn Any = &mut nan;
    // By type and not by a conversion, which may make another NaN of a NaN.
    if let Some(nan) = any.downcast_mut() {
        *nan = NARROW;
    } else if let Some(nan) = any.downcast_mut() {
        *nan = WIDE;
    }
    nan
}

/// Marks every element.
pub(crate) fn mark<F: Float>(gradient: &mut ArrayRef2<F>) {
    gradient.fill(unwritten());
}

/// Whether an element still bears the mark.
pub(crate) fn is_marked<F: Float>(gradient: &ArrayRef2<F>) -> bool {
    // A sum of NaNs and numbers is NaN: most gradients are told by one fast loop.
    if !gradient.sum().is_nan() {
        return false;
    }
    let bits = |x: F| (x.integer_decode().0, x.is_nan()); // but for the sign
    let mark = bits(unwritten());
    gradient.iter().any(|&x| bits(x) == mark)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice};
    use tensor_core::Float;

    use super::{is_marked, mark};

    fn check<F: Float>() {
        let mut gradient = Array2::<F>::zeros((3, 5));
        assert!(!is_marked(&gradient));
        // Every NaN but one is a number like any other.
        for nan in [F::nan(), -F::nan(), F::of(f64::NAN), F::infinity() - F::infinity()] {
            gradient[[1, 2]] = nan;
            assert!(!is_marked(&gradient));
        }
        mark(&mut gradient);
        for n in 0..3 {
            for c in 0..5 {
                assert!(is_marked(&gradient), "({n}, {c}) and what follows are not written");
                gradient[[n, c]] = F::infinity();
            }
        }
        assert!(!is_marked(&gradient));
        // Copies bear the mark as well, in any layout.
        mark(&mut gradient);
        let copy = gradient.t().to_owned();
        assert!(is_marked(&copy) && is_marked(&copy.view().reversed_axes()));
        let mut wide = Array2::<F>::zeros((3, 10));
        wide.slice_axis_mut(Axis(1), Slice::new(0, None, 2)).assign(&gradient);
        for (first, expected) in [(0, true), (1, false)] {
            assert_eq!(is_marked(&wide.slice_axis(Axis(1), Slice::new(first, None, 2))), expected);
        }
    }

    #[test]
    fn an_element_without_a_value_is_told() {
        check::<f32>();
        check::<f64>();
    }
}
