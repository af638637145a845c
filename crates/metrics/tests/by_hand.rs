//! Corners that the fixtures do not reach, computed by hand.

use metrics::{ConfusionMatrix, MedianAbsoluteError, RocAuc};
use ndarray::{Array1, array};

#[test]
fn a_rare_class_that_is_found_is_perfect_correlation() {
    let (mut truth, mut confusion) = (vec![0; 100_000], ConfusionMatrix::new(2));
    truth[7] = 1;
    confusion.update(&truth, &truth).unwrap();
    assert_eq!(confusion.matthews(), Ok(1.0));
}

#[test]
fn a_row_of_weight_0_is_no_point_of_the_curve() {
    let mut auc = RocAuc::default();
    auc.update_weighted(&[0, 1, 1], &array![0.25, 0.5, 0.75], &[1.0, 0.0, 1.0]).unwrap();
    assert_eq!(auc.curve().thresholds, [f64::INFINITY, 0.75, 0.25]);
}

#[test]
fn a_weighted_median_stops_where_more_than_half_is_below() {
    // Errors 1, 2, 3. Up to 2 the weights add up to 17/32, with 16/32 for half of all.
    let mut median = MedianAbsoluteError::default();
    let weights = [8.0, 9.0, 15.0].map(|w| w / 32.0);
    median.update_weighted(&array![0.0, 0.0, 0.0], &array![3.0, 1.0, 2.0], &weights).unwrap();
    // Sorted: 1 (9/32), 2 (15/32), 3 (8/32); 24/32 up to 2.
    assert_eq!(median.value(), Ok(2.0));
    let weights = [15.0, 8.0, 9.0].map(|w| w / 32.0);
    let mut median = MedianAbsoluteError::default();
    median.update_weighted(&Array1::zeros(3), &array![3.0, 1.0, 2.0], &weights).unwrap();
    // Sorted: 1 (8/32), 2 (9/32), 3 (15/32): 17/32 up to 2, by 1/32 more than half.
    assert_eq!(median.value(), Ok(2.0));
}

// In powers of two, which round nothing.
#[test]
fn the_median_does_not_depend_on_the_unit_of_the_weights() {
    for unit in [-1000, -60, 0, 60, 1000].map(|exponent| 2.0_f64.powi(exponent)) {
        let mut median = MedianAbsoluteError::default();
        let weights = [3.0, 1.0, 1.0].map(|w| w * unit);
        median.update_weighted(&Array1::zeros(3), &array![1.0, 2.0, 5.0], &weights).unwrap();
        assert_eq!(median.value(), Ok(1.0), "{unit}"); // 3 of 5 are more than half
        let weights = [2.0, 1.0, 1.0].map(|w| w * unit);
        let mut median = MedianAbsoluteError::default();
        median.update_weighted(&Array1::zeros(3), &array![1.0, 2.0, 5.0], &weights).unwrap();
        assert_eq!(median.value(), Ok(1.5), "{unit}"); // 2 of 4 are half: the mean of 1 and 2
    }
}
