//! What cannot be scored is refused by name, and changes nothing; undefined scores are what their
//! pages say.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use metrics::{
    AbsoluteError, Average, BrierScore, ConfusionMatrix, Error, ErrorMean, ExplainedVariance,
    LogLoss, MedianAbsoluteError, OneVsRestAuc, PercentageError, PinballError, RocAuc, RocCurve,
    SquaredError, TopKAccuracy, accuracy, each_output, r2,
};
use ndarray::{Array1, array, aview1};

const NAN: f64 = f64::NAN;

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, message: &str) {
    assert_eq!(result.unwrap_err().to_string(), message);
}

#[test]
fn classes_that_do_not_fit() {
    let mut confusion = ConfusionMatrix::new(2);
    confusion.update(&[0, 1], &[0, 0]).unwrap();
    let before = confusion.clone();
    refused(
        confusion.update(&[0, 1, 1], &[0, 1]),
        "confusion matrix: expected 3 predictions, found 2",
    );
    refused(
        confusion.update(&[0, 2], &[0, 1]),
        "confusion matrix: expected a class from 0 to 1 in row 1, found 2",
    );
    refused(
        confusion.update(&[0, 1], &[usize::MAX, 1]),
        "confusion matrix: expected a class from 0 to 1 in row 0, found 18446744073709551615",
    );
    refused(
        confusion.update_weighted(&[0, 1], &[0, 1], &[1.0]),
        "confusion matrix: expected 2 weights, found 1",
    );
    for (weight, found) in [(-1.0, "-1"), (NAN, "NaN"), (f64::INFINITY, "inf")] {
        refused(
            confusion.update_weighted(&[0, 1], &[0, 1], &[1.0, weight]),
            &format!("confusion matrix: expected a finite weight ≥ 0 in row 1, found {found}"),
        );
    }
    refused(
        confusion.merge(&ConfusionMatrix::new(3)),
        "confusion matrix: expected 2 classes, found 3",
    );
    refused(
        confusion.report(&["only one"]),
        "classification report: expected 2 class names, found 1",
    );
    assert_eq!(confusion, before);
}

#[test]
fn nothing_counted() {
    let empty =
        |metric: &str| format!("{metric}: expected at least 1 row of positive weight, found none");
    let mut confusion = ConfusionMatrix::new(2);
    confusion.update_weighted(&[0, 1], &[0, 1], &[0.0, 0.0]).unwrap();
    refused(confusion.accuracy(), &empty("accuracy"));
    refused(confusion.balanced_accuracy(), &empty("balanced accuracy"));
    refused(confusion.matthews(), &empty("Matthews correlation"));
    refused(confusion.average(Average::Macro), &empty("average of scores"));
    refused(confusion.report(&["a", "b"]), &empty("classification report"));
    refused(ConfusionMatrix::new(0).accuracy(), &empty("accuracy"));
    refused(accuracy(&[], &[]), &empty("accuracy"));
    refused(TopKAccuracy::new(1).unwrap().value(), &empty("top-k accuracy"));
    refused(LogLoss::default().value(), &empty("log loss"));
    refused(BrierScore::default().value(), &empty("Brier score"));
    refused(ErrorMean::of(AbsoluteError).value(), &empty("mean absolute error"));
    refused(ErrorMean::of(SquaredError).root(), &empty("mean squared error"));
    refused(MedianAbsoluteError::default().value(), &empty("median absolute error"));
    refused(ExplainedVariance::default().r2(), &empty("R²"));
    refused(ExplainedVariance::default().explained_variance(), &empty("explained variance"));
    assert!(RocAuc::default().value().is_nan());
    assert!(OneVsRestAuc::new(3).value(Average::Micro).is_nan());
}

#[test]
fn probabilities_and_scores_outside_their_range() {
    let (mut loss, mut brier) = (LogLoss::default(), BrierScore::default());
    let mut top = TopKAccuracy::new(1).unwrap();
    let mut auc = OneVsRestAuc::new(2);
    let good = array![[0.25, 0.75]];
    loss.update(&[0], &good).unwrap();
    brier.update(&[0], &good).unwrap();
    let before = (loss.value(), brier.value());
    for (p, found) in [(-0.125, "-0.125"), (1.5, "1.5"), (NAN, "NaN")] {
        let rows = array![[0.5, 0.5], [0.5, p]];
        let message =
            format!("expected a probability from 0 to 1 in row 1, column 1, found {found}");
        refused(loss.update(&[0, 1], &rows), &format!("log loss: {message}"));
        refused(brier.update(&[0, 1], &rows), &format!("Brier score: {message}"));
    }
    let nan = array![[0.5, 0.5], [NAN, 0.5]];
    let message = "expected a number in row 1, column 0, found NaN";
    refused(top.update(&[0, 1], &nan), &format!("top-k accuracy: {message}"));
    refused(auc.update(&[0, 1], &nan), &format!("ROC AUC: {message}"));
    refused(loss.update(&[2], &good), "log loss: expected a class from 0 to 1 in row 0, found 2");
    refused(brier.update(&[], &good), "Brier score: expected 0 rows of predictions, found 1");
    refused(
        auc.update(&[0], &array![[1.0, 2.0, 3.0]]),
        "ROC AUC: expected 2 columns of scores, found 3",
    );
    refused(auc.merge(&OneVsRestAuc::new(3)), "ROC AUC: expected 2 classes, found 3");
    refused(TopKAccuracy::new(0), "top-k accuracy: expected k to be at least 1, found 0");
    refused(
        top.merge(&TopKAccuracy::new(2).unwrap()),
        "top-k accuracy: expected one that counts by the same rule, found another",
    );
    assert_eq!((loss.value(), brier.value()), before);
    refused(top.value(), "top-k accuracy: expected at least 1 row of positive weight, found none");
    assert!(auc.classes().iter().all(|area| area.is_nan()));

    let scores = array![0.5, 0.25];
    refused(RocCurve::new(&[0], &scores), "ROC AUC: expected 1 scores, found 2");
    refused(
        RocCurve::new(&[0, 2], &scores),
        "ROC AUC: expected a class from 0 to 1 in row 1, found 2",
    );
    refused(
        RocCurve::new(&[0, 1], &array![NAN, 0.5]),
        "ROC AUC: expected a number in row 0, found NaN",
    );
}

#[test]
fn numbers_that_do_not_fit() {
    let (truth, short) = (array![1.0, 2.0], array![1.0]);
    let mut mae = ErrorMean::of(AbsoluteError);
    refused(mae.update(&truth, &short), "mean absolute error: expected 2 predictions, found 1");
    refused(
        mae.update_weighted(&truth, &truth, &[1.0, -0.5]),
        "mean absolute error: expected a finite weight ≥ 0 in row 1, found -0.5",
    );
    refused(r2(&truth, &short), "explained variance: expected 2 predictions, found 1");
    refused(
        MedianAbsoluteError::default().update(&short, &truth),
        "median absolute error: expected 1 predictions, found 2",
    );
    for (alpha, found) in [(-0.125, "-0.125"), (1.5, "1.5"), (NAN, "NaN")] {
        refused(
            PinballError::new(alpha),
            &format!("mean pinball loss: expected alpha to be from 0 to 1, found {found}"),
        );
    }
    let pinball = |alpha| ErrorMean::of(PinballError::new(alpha).unwrap());
    refused(
        pinball(0.25).merge(&pinball(0.5)),
        "mean pinball loss: expected one that counts by the same rule, found another",
    );
    refused(
        each_output(&array![[1.0, 2.0]], &array![[1.0]], r2),
        "score of each output: expected 2 columns, found 1",
    );
}

#[test]
fn nan_among_numbers_gives_nan() {
    for (truth, predicted) in [
        (array![1.0, NAN, 3.0], array![1.0, 2.0, 3.0]),
        (array![1.0, 2.0, 3.0], array![1.0, NAN, 3.0]),
    ] {
        let mean = |value: Result<f64, Error>| assert!(value.unwrap().is_nan());
        let mut mae = ErrorMean::of(AbsoluteError);
        mae.update(&truth, &predicted).unwrap();
        mean(mae.value());
        let mut mse = ErrorMean::of(SquaredError);
        mse.update(&truth, &predicted).unwrap();
        mean(mse.root());
        let mut mape = ErrorMean::of(PercentageError);
        mape.update(&truth, &predicted).unwrap();
        mean(mape.value());
        let mut pinball = ErrorMean::of(PinballError::new(0.5).unwrap());
        pinball.update(&truth, &predicted).unwrap();
        mean(pinball.value());
        let mut median = MedianAbsoluteError::default();
        median.update(&truth, &predicted).unwrap();
        mean(median.value());
        let mut explained = ExplainedVariance::default();
        explained.update(&truth, &predicted).unwrap();
        mean(explained.r2());
        mean(explained.explained_variance());
    }
}

#[test]
fn rows_of_weight_0_do_not_count() {
    // Not even a NaN in them.
    let (truth, predicted) = (array![1.0, NAN, 3.0], array![2.0, 2.0, 3.0]);
    let weights = [1.0, 0.0, 1.0];
    let mut mae = ErrorMean::of(AbsoluteError);
    mae.update_weighted(&truth, &predicted, &weights).unwrap();
    assert_eq!(mae.value(), Ok(0.5));
    let mut median = MedianAbsoluteError::default();
    median.update_weighted(&truth, &predicted, &weights).unwrap();
    assert_eq!(median.value(), Ok(0.5));
    let mut explained = ExplainedVariance::default();
    explained.update_weighted(&truth, &predicted, &weights).unwrap();
    // Σ (y − p)² = 1, Σ (y − 2)² = 2.
    assert_eq!(explained.r2(), Ok(0.5));
}

#[test]
fn a_probability_of_0_costs_what_the_type_can_tell_from_1() {
    // −ln 2⁻²³ = 23 ln 2 and −ln 2⁻⁵² = 52 ln 2.
    let mut single = LogLoss::default();
    single.update(&[0], &array![[0.0_f32, 1.0]]).unwrap();
    assert!((single.value().unwrap() - 23.0 * std::f64::consts::LN_2).abs() < 1e-14);
    let mut double = LogLoss::default();
    double.update(&[0], &array![[0.0_f64, 1.0]]).unwrap();
    assert!((double.value().unwrap() - 52.0 * std::f64::consts::LN_2).abs() < 1e-14);
}

// Four weights are multiplied in the formula. In powers of two, which round nothing, the unit of
// the weights must not change a bit.
#[test]
fn matthews_does_not_depend_on_the_unit_of_the_weights() {
    let (truth, predicted) = ([0, 1, 1, 2, 2, 2, 0], [0, 1, 2, 2, 2, 1, 1]);
    let correlation = |exponent: i32| {
        let mut confusion = ConfusionMatrix::new(3);
        let weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0].map(|w: f64| w * 2.0_f64.powi(exponent));
        confusion.update_weighted(&truth, &predicted, &weights).unwrap();
        confusion.matthews().unwrap()
    };
    for exponent in [-1000, -330, 1, 330, 1000] {
        assert_eq!(correlation(exponent), correlation(0), "weights times 2^{exponent}");
    }
}

// Means of batches far from 0 differ by their rounding, which is 2⁻²² here: with δ² W₁W₂/W of
// rounded means the variance would have 6 digits. With the offset taken off it is exact.
#[test]
fn batches_far_from_0_lose_no_digits() {
    let offset = 2.0_f64.powi(30);
    let truth: Array1<f64> = (0..999).map(|i| f64::from(i * 37 % 101) / 64.0).collect();
    let predicted: Array1<f64> = (0..999).map(|i| f64::from(i * 53 % 89) / 64.0).collect();
    let near = r2(&truth, &predicted).unwrap();
    let mut far = ExplainedVariance::default();
    for rows in 0..333 {
        let part = |all: &Array1<f64>| -> Array1<f64> {
            all.iter().skip(3 * rows).take(3).map(|x| x + offset).collect()
        };
        far.update(&part(&truth), &part(&predicted)).unwrap();
    }
    let far = far.r2().unwrap();
    assert!((far - near).abs() <= 1e-13 * near.abs(), "{far}, near 0 {near}");
}

#[test]
fn any_layout_and_both_types() {
    let numbers = [1.0_f32, -7.0, 2.0, -7.0, 4.0, -7.0];
    let every_second = aview1(&numbers);
    let every_second =
        every_second.slice_axis(ndarray::Axis(0), ndarray::Slice::from(..).step_by(2));
    let mut mae = ErrorMean::of(AbsoluteError);
    mae.update(&every_second, &array![1.5_f32, 2.0, 3.0]).unwrap();
    assert_eq!(mae.value(), Ok(0.5)); // (½ + 0 + 1)/3
}
