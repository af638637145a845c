//! Cross-entropy: numbers that can be worked out by hand, and the faults of the course notes (see
//! the page `course` of the crate `models`).

use approx::assert_relative_eq;
use losses::{CrossEntropyConfig, CrossEntropyLoss, Loss, Reduction, Targets};
use ndarray::{Array2, array};

/// Logits `ln 1, ln 3; ln 2, ln 2; ln 9, ln 1; 0, 0`: softmax `[¼ ¾; ½ ½; 9/10 1/10; ½ ½]`.
fn logits() -> Array2<f64> {
    array![[1.0, 3.0], [2.0, 2.0], [9.0, 1.0], [1.0, 1.0]].mapv(f64::ln)
}

// Labels 1, 0, 0, 1: L = (ln 4/3 + ln 2 + ln 10/9 + ln 2)/4 = ln(4/3 · 2 · 10/9 · 2)/4
// = ln(160/27)/4. dLdA = (softmax − one-hot)/4 = [¼ −¼; −½ ½; −1/10 1/10; ½ −½]/4.
#[test]
fn four_by_two_by_hand() {
    let one_hot = array![[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]];
    let gradient = array![[0.25, -0.25], [-0.5, 0.5], [-0.1, 0.1], [0.5, -0.5]];
    for y in [Targets::Classes(&[1, 0, 0, 1]), Targets::Rows(&one_hot)] {
        for (reduction, scale) in [(Reduction::Mean, 0.25), (Reduction::Sum, 1.0)] {
            let config = CrossEntropyConfig { reduction, ..CrossEntropyConfig::default() };
            let loss = CrossEntropyLoss::new(config).unwrap();
            let mut da = Array2::from_elem((4, 2), f64::NAN);
            let expected = (160.0_f64 / 27.0).ln() * scale;
            assert_relative_eq!(
                loss.forward(&logits(), y).unwrap(),
                expected,
                epsilon = 0.0,
                max_relative = 1e-15
            );
            assert_relative_eq!(
                loss.backward(&logits(), y, &mut da).unwrap(),
                expected,
                epsilon = 0.0,
                max_relative = 1e-15
            );
            assert_relative_eq!(da, &gradient * scale, epsilon = 0.0, max_relative = 1e-15);
        }
    }
}

// Row 0 of Y is [1 2], which does not sum to 1: ℓ = ln 4 + 2 ln 4/3,
// ∂ℓ/∂A = 3·[¼ ¾] − [1 2] = [−¼ ¼]. Row 1 of Y is 0: ℓ = 0, ∂ℓ/∂A = 0. N = 2.
#[test]
fn rows_need_not_sum_to_one() {
    let y = array![[1.0, 2.0], [0.0, 0.0]];
    let a = array![[1.0, 3.0], [2.0, 2.0]].mapv(f64::ln);
    let mut da = Array2::from_elem((2, 2), f64::NAN);
    let loss = CrossEntropyLoss::default().backward(&a, Targets::Rows(&y), &mut da).unwrap();
    assert_relative_eq!(
        loss,
        (4.0_f64.ln() + 2.0 * (4.0_f64 / 3.0).ln()) / 2.0,
        epsilon = 0.0,
        max_relative = 1e-15
    );
    assert_relative_eq!(
        da,
        array![[-0.125, 0.125], [0.0, 0.0]],
        epsilon = 0.0,
        max_relative = 1e-14
    );
}

/// Fault 1 of the course notes: their second forward fails, because the first one overwrote a
/// method with its result.
#[test]
fn fault_1_forward_may_be_called_any_number_of_times() {
    let ce = CrossEntropyLoss::default();
    let first = ce.forward(&logits(), Targets::Classes(&[1, 0, 0, 1])).unwrap();
    for _ in 0..3 {
        assert_eq!(
            ce.forward(&logits(), Targets::Classes(&[1, 0, 0, 1])).unwrap().to_bits(),
            first.to_bits()
        );
    }
}

/// Fault 2 of the course notes: `ln(softmax + 1e-15)` saturates at 34.5.
#[test]
fn fault_2_the_loss_does_not_saturate() {
    let loss =
        CrossEntropyLoss::default().forward(&array![[0.0, 100.0]], Targets::Classes(&[0])).unwrap();
    assert_eq!(loss, 100.0);
}

/// Fault 7 of the course notes: one line drops the 1/N of the gradient.
#[test]
fn fault_7_the_gradient_is_divided_by_n() {
    let mut da = Array2::zeros((4, 2));
    CrossEntropyLoss::default()
        .backward(&Array2::<f64>::zeros((4, 2)), Targets::Classes(&[0; 4]), &mut da)
        .unwrap();
    assert_eq!(da.row(0), array![-0.125, 0.125]);
}
