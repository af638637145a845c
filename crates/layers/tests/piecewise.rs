//! Activations of straight pieces and parabolas, by hand: at z = −4, −3, …, 3 and far out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

mod evaluate;
mod limits;
mod table;

use layers::{Hardsigmoid, Hardswish, Threshold};
use limits::check_extremes;
use table::check;

// z (z + 3)/6 and (2z + 3)/6 between the corners: −2·1/6, −1·2/6, 0, 1·4/6, 2·5/6, and −1/6, 1/6,
// 3/6, 5/6, 7/6. At −3 the slope of the left side, 0, at 3 that of the right one, 1. Two roundings
// of the value, one of the derivative.
#[test]
fn hardswish() {
    let third = 1.0 / 3.0;
    check(
        Hardswish,
        3.0,
        [0.0, 0.0, -third, -third, 0.0, 2.0 * third, 5.0 / 3.0, 3.0],
        [0.0, 0.0, -1.0 / 6.0, 1.0 / 6.0, 0.5, 5.0 / 6.0, 7.0 / 6.0, 1.0],
    );
    check_extremes(Hardswish, |max, q| {
        [[0.0, 0.0, -4.0 * q, 4.0 * q, max, f64::INFINITY], [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]]
    });
}

// (z + 3)/6 and 1/6 between the corners, where the derivative is 0.
#[test]
fn hardsigmoid() {
    let sixth = 1.0 / 6.0;
    check(
        Hardsigmoid,
        2.0,
        [0.0, 0.0, sixth, 1.0 / 3.0, 0.5, 2.0 / 3.0, 5.0 / 6.0, 1.0],
        [0.0, 0.0, sixth, sixth, sixth, sixth, sixth, 0.0],
    );
    check_extremes(Hardsigmoid, |_, _| {
        [[0.0, 0.0, 0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 1.0 / 6.0, 1.0 / 6.0, 0.0, 0.0]]
    });
}

// z = 1 is not above the threshold 1.
#[test]
fn threshold() {
    let layer = Threshold::new(1.0, -7.0).unwrap();
    assert_eq!((layer.threshold(), layer.replacement()), (1.0, -7.0));
    check(
        layer,
        0.0,
        [-7.0, -7.0, -7.0, -7.0, -7.0, -7.0, 2.0, 3.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0],
    );
    check_extremes(layer, |max, _| {
        [[-7.0, -7.0, -7.0, -7.0, max, f64::INFINITY], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]]
    });
    let relu = Threshold::new(0.0, 0.0).unwrap();
    check_extremes(relu, |max, q| {
        [[0.0, 0.0, 0.0, 8.0 * q, max, f64::INFINITY], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]]
    });
}

// As an f32, 0.1 is 0.100000001490116…, above 0.1; and a threshold above every f32 is above every
// f32, although it rounds to ∞.
#[test]
fn a_threshold_is_not_rounded() {
    let tenth = f64::from(0.1_f32);
    let layer = Threshold::new(0.1, 0.0).unwrap();
    assert_eq!(evaluate::evaluate::<f32, _>(&layer, &[tenth]), (vec![tenth], vec![1.0]));
    assert_eq!(evaluate::evaluate::<f64, _>(&layer, &[0.1]), (vec![0.0], vec![0.0]));
    let max = f64::from(f32::MAX);
    let layer = Threshold::new(1e300, -0.5).unwrap();
    assert_eq!(evaluate::evaluate::<f32, _>(&layer, &[max]), (vec![-0.5], vec![0.0]));
}

#[test]
fn a_threshold_that_is_no_number_is_refused() {
    let message = |threshold, value| Threshold::new(threshold, value).unwrap_err().to_string();
    let expected = "Threshold: expected threshold to be a finite number, found NaN";
    assert_eq!(message(f64::NAN, 0.0), expected);
    for value in [f64::INFINITY, 1e39, 1e-40] {
        let message = message(0.0, value);
        assert!(
            message.starts_with("Threshold: expected value to be 0 or a number from"),
            "{message}"
        );
    }
}
