//! The largest value of a row where there is none, or an infinite one.

use kernels::exponentials::{Exponentials, MAX_PART};
use ndarray::Array2;

// A row without a largest value, and rows whose largest value is beside NaN or infinite.
#[test]
fn the_first_of_the_largest_is_found_beside_nan_and_where_it_is_infinite() {
    let (nan, infinite) = (f32::NAN, f32::INFINITY);
    for width in [3, 20, MAX_PART + 9] {
        let mut x = Array2::from_elem((6, width), 1.0);
        x.row_mut(0).fill(nan);
        x.row_mut(1).fill(-infinite);
        x[[2, 0]] = nan;
        (x[[3, width - 2]], x[[3, width - 1]]) = (infinite, infinite);
        (x[[4, 0]], x[[4, width - 1]]) = (nan, infinite);
        (x[[5, 0]], x[[5, 1]]) = (-infinite, infinite);
        let want = [0, 0, 1, width - 2, width - 1, 1];
        for x in [x.view(), x.t().as_standard_layout().t()] {
            let mut exponentials = Exponentials::new(&x);
            assert_eq!([0, 1, 2, 3, 4, 5].map(|n| exponentials.argmax(n)), want, "{width}");
            assert!((0..6).all(|n| exponentials.sums(n).0.is_nan()), "{width}");
        }
    }
}
