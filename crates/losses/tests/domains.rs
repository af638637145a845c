//! What a loss takes and what it refuses: every loss, every kind of target, every bad value, in
//! both types. What is refused changes nothing; NaN is not refused and comes out again.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use losses::{
    BceWithLogitsLoss, CrossEntropyConfig, CrossEntropyLoss, Labels, Loss, NllConfig, NllLoss,
    Targets,
};
use ndarray::{Array2, array};
use support::{COLUMNS, Case, IGNORED, Input, Values, cases, draw};
use tensor_core::{Error, Float, Rng};

const ROWS: usize = 5;
/// Where a bad value is put.
const PLACE: (usize, usize) = (3, 1);
const WEIGHTS: [f64; ROWS] = [1.0, 2.0, 0.5, 0.25, 1.0];

/// What is in `da` before a call.
fn before<F: Float>(case: &Case<F>) -> Array2<F> {
    let f = |(n, c)| F::of(7.0 + n as f64 - 3.0 * c as f64);
    Array2::from_shape_fn((ROWS, COLUMNS * case.columns), f)
}

/// The error of a call; that `da` is as it was.
fn refused<F: Float>(case: &Case<F>, input: Input<'_, F>) -> Error {
    let mut da = before(case);
    let error = (case.run)(input, &mut da).map(F::as_f64).unwrap_err();
    assert_eq!(da, before(case), "{}: a refused call writes nothing", case.name);
    error
}

fn check_values<F: Float>(case: &Case<F>) {
    let (a, y, labels) = draw(case, ROWS, &mut Rng::new(1));
    let weights = WEIGHTS.map(F::of);
    for weights in [None, Some(&weights[..])] {
        for (role, values) in [("predictions", case.predictions), ("target", case.targets)] {
            for &bad in values.refused() {
                let (mut a, mut y) = (a.clone(), y.clone());
                // Of the Gaussian, only variances have a range: the second half.
                let column = PLACE.1 + if role == "target" { 0 } else { a.ncols() - COLUMNS };
                let at = (PLACE.0, column);
                let array = if role == "target" { &mut y } else { &mut a };
                array[at] = F::of(bad);
                let error = refused(case, Input { a: &a, y: &y, labels: &labels, weights });
                let name = &case.name;
                let Error::Value { place, row, column, found, .. } = error else {
                    unreachable!("{name}: {bad}: {error}")
                };
                assert!(place.contains(role), "{name}: {place}");
                assert_eq!((row, column), (at.0, Some(at.1)), "{name}");
                assert_eq!(found, F::of(bad).as_f64(), "{name}");
            }
        }
    }
}

/// NaN in a prediction or a target is NaN in the loss, and in the gradient of that row alone.
fn check_nan<F: Float>(case: &Case<F>) {
    let (a, y, labels) = draw(case, ROWS, &mut Rng::new(2));
    let mut clean = before(case);
    (case.run)(Input { a: &a, y: &y, labels: &labels, weights: None }, &mut clean).unwrap();
    for in_target in [false, true] {
        // Labels cannot be NaN. Row 3 has the label 1.
        if in_target && case.targets == Values::Label {
            continue;
        }
        let (mut a, mut y, mut da) = (a.clone(), y.clone(), before(case));
        if in_target {
            y[PLACE] = F::nan()
        } else {
            a[PLACE] = F::nan()
        }
        let name = format!("{}, in target: {in_target}", case.name);
        let input = Input { a: &a, y: &y, labels: &labels, weights: None };
        let loss = (case.run)(input, &mut da).unwrap();
        assert!(loss.is_nan(), "{name}: {}", loss.as_f64());
        assert!(da[PLACE].is_nan(), "{name}");
        for ((n, c), &got) in da.indexed_iter() {
            if n != PLACE.0 && !name.starts_with("rmse") {
                assert_eq!(got, clean[[n, c]], "{name}: row {n}");
            }
        }
    }
}

/// A row of sample weight 0 is not looked at, whatever it holds.
fn check_weight_zero<F: Float>(case: &Case<F>) {
    let (a, y, mut labels) = draw(case, ROWS, &mut Rng::new(3));
    let mut weights = WEIGHTS.map(F::of);
    weights[PLACE.0] = F::zero();
    let (mut clean, mut da) = (before(case), before(case));
    let input = Input { a: &a, y: &y, labels: &labels, weights: Some(&weights) };
    let want = (case.run)(input, &mut clean).unwrap();
    labels[PLACE.0] = 99;
    for bad in [f64::NAN, f64::INFINITY, -7.0, 1e30] {
        let (mut a, mut y) = (a.clone(), y.clone());
        (a[PLACE], y[PLACE]) = (F::of(bad), F::of(bad));
        let input = Input { a: &a, y: &y, labels: &labels, weights: Some(&weights) };
        assert_eq!((case.run)(input, &mut da).unwrap(), want, "{}", case.name);
        assert_eq!(da, clean, "{}", case.name);
    }
}

fn check_shapes<F: Float>(case: &Case<F>) {
    let (a, y, labels) = draw(case, ROWS, &mut Rng::new(4));
    let weights = [F::one(); ROWS];
    let good = Input { a: &a, y: &y, labels: &labels, weights: None };
    let (none, narrow) = (Array2::zeros((0, COLUMNS)), Array2::zeros((ROWS, 0)));
    let (short, wide) = (Array2::zeros((ROWS - 1, COLUMNS)), Array2::zeros((ROWS, COLUMNS + 9)));
    let mut inputs = vec![Input { a: &none, ..good }, Input { a: &narrow, ..good }];
    if case.targets == Values::Label {
        inputs.push(Input { labels: &labels[1..], ..good });
        inputs.push(Input { labels: &[0; ROWS + 1], ..good });
        inputs.push(Input { labels: &[], ..good });
        for bad in [-1, COLUMNS as i64, i64::MIN, i64::MAX, IGNORED + 1] {
            let mut labels = labels.clone();
            labels[2] = bad;
            let error = refused(case, Input { labels: &labels, ..good });
            assert!(
                matches!(error, Error::Label { row: 2, found, .. } if found == i128::from(bad)),
                "{}: {error}",
                case.name
            );
        }
    } else {
        inputs.extend([&short, &wide, &none, &narrow].map(|y| Input { y, ..good }));
    }
    let more = vec![F::one(); ROWS + 1];
    inputs.extend([&weights[1..], &more, &[]].map(|w| Input { weights: Some(w), ..good }));
    for input in inputs {
        let error = refused(case, input);
        let is_of_shape = matches!(error, Error::Shape { .. } | Error::TooFew { .. });
        assert!(is_of_shape, "{}: {error}", case.name);
    }
    for bad in [-1.0, -1e-30, f64::NAN, f64::INFINITY] {
        let mut weights = weights;
        weights[4] = F::of(bad);
        let error = refused(case, Input { weights: Some(&weights), ..good });
        let is_right = matches!(error, Error::Value { row: 4, column: None, .. });
        assert!(is_right, "{}: {error}", case.name);
    }
}

fn check_all<F: Float>() {
    for case in &cases::<F>() {
        check_values(case);
        check_nan(case);
        check_weight_zero(case);
        check_shapes(case);
    }
}

#[test]
fn every_loss_checks_what_it_reads_and_a_refusal_writes_nothing() {
    check_all::<f32>();
    check_all::<f64>();
}

/// Reported as pytorch/pytorch#110865 and #123339: a target of 2 gave a loss of −0.0259 instead of
/// an error.
#[test]
fn a_target_that_is_no_probability_is_refused() {
    let mut da = array![[7.0, 7.0]];
    let y = array![[1.0, 2.0]];
    let error = BceWithLogitsLoss::default().backward(&array![[0.5, 0.5]], &y, &mut da);
    assert_eq!(
        error.unwrap_err().to_string(),
        "bce-with-logits: target: expected a probability from 0 to 1 in row 0, column 1, found 2"
    );
    assert_eq!(da, array![[7.0, 7.0]]);
}

#[test]
fn a_negative_probability_of_a_row_is_refused() {
    let y = array![[0.5, 0.5], [1.5, -0.5]];
    let error = CrossEntropyLoss::default().forward(&Array2::zeros((2, 2)), Targets::Rows(&y));
    assert_eq!(
        error.unwrap_err().to_string(),
        "cross-entropy: target rows: expected a finite number ≥ 0 in row 1, column 1, found -0.5"
    );
}

/// A label above every `i64` is no ignored index, not even the largest one.
#[test]
fn labels_at_the_end_of_their_types() {
    let a = Array2::<f64>::zeros((1, 2));
    for index in [i64::MAX, i64::MIN, 0] {
        let nll = NllConfig { ignore_index: Some(index), ..NllConfig::default() };
        let nll = NllLoss::new(nll).unwrap();
        let ce = CrossEntropyConfig { ignore_index: Some(index), ..Default::default() };
        let ce = CrossEntropyLoss::new(ce).unwrap();
        for label in [usize::MAX, usize::MAX / 2 + 1] {
            assert!(nll.forward(&a, Labels::Classes(&[label])).is_err(), "{label}, {index}");
            assert!(ce.forward(&a, Targets::Classes(&[label])).is_err(), "{label}, {index}");
        }
        for label in [i64::MAX, i64::MIN] {
            let is_ignored = label == index;
            assert_eq!(nll.forward(&a, Labels::Signed(&[label])).is_ok(), is_ignored);
            assert_eq!(ce.forward(&a, Targets::Signed(&[label])).is_ok(), is_ignored);
        }
        for label in [i32::MAX, i32::MIN] {
            assert!(nll.forward(&a, Labels::Signed32(&[label])).is_err());
            assert!(ce.forward(&a, Targets::Signed32(&[label])).is_err());
        }
    }
}
