//! What all losses on arrays have in common: refusals, coefficients of columns, strides and widths.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use losses::{
    BceLoss, BceWithLogitsConfig, BceWithLogitsLoss, EachLoss, HuberLoss, Loss, MaeLoss, MseLoss,
    Reduction, RmseLoss, SampleWeighted, SmoothL1Loss,
};
use ndarray::{Array2, ArrayRef2, Axis, ShapeBuilder, array};
use tensor_core::Rng;

#[test]
fn nothing_is_broadcast() {
    let mse = MseLoss::default();
    let a = Array2::<f64>::zeros((3, 2));
    let mut da = Array2::from_elem((3, 2), 7.0);
    let mut odd = Array2::zeros((2, 3));
    let weighted = |w: &[f64]| SampleWeighted(mse).forward(&a, (&a, w));
    let messages = [
        (
            mse.forward(&a, &Array2::zeros((3, 1))),
            "mse: target: expected shape (3, 2), found (3, 1)",
        ),
        (
            mse.backward(&a, &Array2::zeros((1, 2)), &mut da),
            "mse: target: expected shape (3, 2), found (1, 2)",
        ),
        (mse.backward(&a, &a, &mut odd), "mse: gradient: expected shape (3, 2), found (2, 3)"),
        (
            mse.backward(&Array2::zeros((0, 2)), &a, &mut da),
            "mse: expected at least 1 row of predictions, found 0",
        ),
        (
            mse.backward(&Array2::zeros((3, 0)), &a, &mut da),
            "mse: expected at least 1 prediction in a row, found 0",
        ),
        (
            mse.forward_each(&a, &a, &mut odd).map(|()| 0.0),
            "mse: losses of the samples: expected shape (3, 2), found (2, 3)",
        ),
        (
            mse.backward_each(&a, &a, &odd, &mut da).map(|()| 0.0),
            "mse: gradient of the samples: expected shape (3, 2), found (2, 3)",
        ),
        (weighted(&[1.0; 2]), "mse: sample weights: expected shape (3), found (2)"),
        (
            weighted(&[1.0, -1.0, 1.0]),
            "mse: sample weights: expected a finite number ≥ 0 in row 1, found -1",
        ),
        (
            weighted(&[1.0, 1.0, f64::NAN]),
            "mse: sample weights: expected a finite number ≥ 0 in row 2, found NaN",
        ),
    ];
    for (result, message) in messages {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
    assert_eq!(da, Array2::from_elem((3, 2), 7.0), "a refused call writes nothing");
}

/// The sum of binary cross-entropies whose columns have these positive weights.
fn with_pos_weight(weights: &[f64]) -> BceWithLogitsLoss {
    let pos_weight = Some(weights.to_vec());
    BceWithLogitsLoss::new(BceWithLogitsConfig { pos_weight, reduction: Reduction::Sum }).unwrap()
}

/// Positive weights, predictions and targets of more columns than are computed side by side.
fn wide() -> (Vec<f64>, Array2<f64>, Array2<f64>) {
    let (mut rng, shape) = (Rng::new(5), (3, 21));
    let weights = (0..shape.1).map(|c| 0.5 + c as f64).collect();
    let a = Array2::from_shape_simple_fn(shape, || rng.normal());
    (weights, a, Array2::from_shape_simple_fn(shape, || rng.uniform()))
}

#[test]
fn every_column_has_its_own_positive_weight() {
    let (weights, a, y) = wide();
    let (mut da, mut each) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
    let loss = with_pos_weight(&weights).backward(&a, &y, &mut da).unwrap();
    with_pos_weight(&weights).forward_each(&a, &y, &mut each).unwrap();
    let mut sum = 0.0;
    for (c, &weight) in weights.iter().enumerate() {
        let column = |x: &Array2<f64>| x.select(Axis(1), &[c]);
        let mut d_column = Array2::zeros((3, 1));
        let loss = with_pos_weight(&[weight]);
        sum += loss.backward(&column(&a), &column(&y), &mut d_column).unwrap();
        assert_eq!(column(&da), d_column, "column {c}");
        let mut alone = Array2::zeros((3, 1));
        loss.forward_each(&column(&a), &column(&y), &mut alone).unwrap();
        assert_eq!(column(&each), alone, "column {c}");
    }
    assert!((loss - sum).abs() <= 1e-14 * sum, "{loss}, expected {sum}");
}

// Powers of two: their products with a gradient are exact.
#[test]
fn the_gradient_of_a_sample_is_a_factor() {
    let (weights, a, y) = wide();
    let d_each = Array2::from_shape_fn(a.dim(), |(n, c)| [2.0, -0.5, 0.0][(n + c) % 3]);
    let (mut da, mut plain) = (Array2::zeros(a.dim()), Array2::zeros(a.dim()));
    with_pos_weight(&weights).backward_each(&a, &y, &d_each, &mut da).unwrap();
    with_pos_weight(&weights).backward(&a, &y, &mut plain).unwrap();
    assert_eq!(da, plain * d_each);
}

#[test]
fn strides_do_not_matter_to_positive_weights() {
    let (weights, a, y) = wide();
    let (mut plain, mut da) = (Array2::zeros((3, 21)), Array2::zeros((21, 3)).reversed_axes());
    // Weights of 1/7, so that no derivative is left unscaled.
    let loss = SampleWeighted(with_pos_weight(&weights));
    let [a_t, y_t] = [&a, &y].map(|x| x.t().as_standard_layout().into_owned());
    let sevenths = [1.0 / 7.0; 3];
    let expected = loss.backward(&a, (&y, &sevenths), &mut plain).unwrap();
    let got = loss.backward(&a_t.t(), (&y_t.t(), &sevenths), &mut da).unwrap();
    assert_eq!((got, da), (expected, plain));
}

#[test]
fn strides_do_not_matter() {
    let (a, y) = (array![[1.0, 5.0], [2.0, 7.0]], array![[0.5, 1.0], [4.0, 7.0]]);
    let (mut da, mut db) = (Array2::zeros((2, 2)), Array2::zeros((2, 2)));
    let mse = MseLoss { reduction: Reduction::Sum };
    let loss = mse.backward(&a, &y, &mut da).unwrap();
    let flipped = a.t().as_standard_layout().into_owned();
    assert_eq!(mse.backward(&flipped.t(), &y, &mut db).unwrap(), loss);
    assert_eq!(da, db);
}

// Contiguous, both formulas of sixteen elements are computed together; otherwise one after the
// other.
#[test]
fn no_width_or_layout_changes_a_bit() {
    fn check<L: for<'a> Loss<f32, Target<'a> = &'a ArrayRef2<f32>>>(loss: &L) {
        let mut rng = Rng::new(6);
        for width in 1..=50 {
            let a = Array2::from_shape_simple_fn((3, width), || rng.uniform() as f32);
            let y = Array2::from_shape_simple_fn((3, width), || rng.uniform() as f32);
            let [mut a_t, mut y_t, mut da_t] = [(); 3].map(|()| Array2::zeros(a.dim().f()));
            a_t.assign(&a);
            y_t.assign(&y);
            let mut da = Array2::zeros(a.dim());
            let got = loss.backward(&a, &y, &mut da).unwrap();
            assert_eq!(got, loss.forward(&a, &y).unwrap(), "{width}");
            assert_eq!(got, loss.backward(&a_t, &y_t, &mut da_t).unwrap(), "{width}");
            assert_eq!(da, da_t, "{width}");
        }
    }
    check(&MseLoss::default());
    check(&MaeLoss::default());
    check(&HuberLoss::default());
    check(&SmoothL1Loss::default());
    check(&BceLoss::default());
    check(&BceWithLogitsLoss::default());
    check(&RmseLoss);
}
