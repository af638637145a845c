//! Cross-entropy: the full product of its options against the definition, extremes, and what is
//! refused.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

use approx::assert_relative_eq;
use losses::{
    CrossEntropyConfig, CrossEntropyLoss, EachLoss, Loss, Reduction, SampleWeighted, Targets,
};
use ndarray::{Array1, Array2, ArrayRef2, ShapeBuilder, array};
use tensor_core::Rng;

/// The definition as PyTorch's documentation has it: the softmax as a quotient of exponentials,
/// one-hot rows written out, the two terms of label smoothing apart. For moderate logits only.
/// Gives `ℓ_n`, what each row adds to the denominator of the mean, and `dℓ_n/dA`.
fn naive(
    config: &CrossEntropyConfig,
    a: &ArrayRef2<f64>,
    y: Targets<'_, f64>,
) -> (Vec<f64>, Vec<f64>, Array2<f64>) {
    let (n_rows, n_classes) = a.dim();
    let w = config.class_weights.clone().unwrap_or(vec![1.0; n_classes]);
    let eps = config.label_smoothing;
    let (mut losses, mut counts) = (vec![0.0; n_rows], vec![0.0; n_rows]);
    let mut gradient = Array2::zeros(a.dim());
    for n in 0..n_rows {
        let exp: Vec<f64> = (0..n_classes).map(|c| a[[n, c]].exp()).collect();
        let p: Vec<f64> = exp.iter().map(|e| e / exp.iter().sum::<f64>()).collect();
        let mut hard = vec![0.0; n_classes];
        match y {
            Targets::Classes(labels) if Some(labels[n] as i64) == config.ignore_index => continue,
            Targets::Classes(labels) => {
                hard[labels[n]] = 1.0;
                counts[n] = w[labels[n]];
            }
            Targets::Rows(rows) => {
                hard = rows.row(n).to_vec();
                counts[n] = 1.0;
            }
            Targets::Signed(_) | Targets::Signed32(_) => unreachable!("tested in labels.rs"),
        }
        for c in 0..n_classes {
            losses[n] -= (1.0 - eps) * w[c] * hard[c] * p[c].ln();
            losses[n] -= eps / n_classes as f64 * w[c] * p[c].ln();
            // d(−ln p_c)/da_k = p_k − [k = c]
            for k in 0..n_classes {
                let t = w[c] * ((1.0 - eps) * hard[c] + eps / n_classes as f64);
                gradient[[n, k]] += t * (p[k] - f64::from(u8::from(k == c)));
            }
        }
    }
    (losses, counts, gradient)
}

#[test]
fn every_combination_of_options_is_the_definition() {
    let mut rng = Rng::new(4);
    let mut n_cases = 0;
    // The last two are longer than a vector, and than what is kept of a row.
    let shapes = [(1, 1), (1, 4), (5, 2), (7, 3), (9, 9), (4, 37), (3, 515)];
    for (n_rows, n_classes) in shapes {
        let a = Array2::from_shape_simple_fn((n_rows, n_classes), || 2.0 * rng.normal());
        let rows = Array2::from_shape_simple_fn((n_rows, n_classes), || rng.uniform());
        let class_weights: Vec<f64> = (0..n_classes).map(|_| 0.2 + 2.8 * rng.uniform()).collect();
        let sample_weights: Vec<f64> =
            (0..n_rows).map(|n| if n % 3 == 1 { 0.0 } else { 0.1 + 1.9 * rng.uniform() }).collect();
        for ignored in [None, Some(0), Some(n_classes + 3)] {
            let labels: Vec<usize> = (0..n_rows)
                .map(|n| match ignored {
                    Some(label) if n % 2 == 1 => label,
                    _ => (n * 5 + 1) % n_classes,
                })
                .collect();
            for class_weights in [None, Some(class_weights.clone())] {
                for label_smoothing in [0.0, 0.1, 1.0] {
                    for reduction in [Reduction::Mean, Reduction::Sum] {
                        for kind in ["classes", "rows"] {
                            let y = match kind {
                                "classes" => Targets::Classes(&labels),
                                _ => Targets::Rows(&rows),
                            };
                            let config = CrossEntropyConfig {
                                class_weights: class_weights.clone(),
                                ignore_index: ignored.map(|label| label as i64),
                                label_smoothing,
                                reduction,
                            };
                            if kind == "rows" && ignored.is_some() {
                                continue;
                            }
                            let case = format!("{n_rows} × {n_classes}, {kind}, {config:?}");
                            check(&config, &a, y, &sample_weights, &case);
                            n_cases += 1;
                        }
                    }
                }
            }
        }
    }
    // Shapes × weights × smoothing × reduction × (classes with three kinds of ignored index + rows
    // with one).
    assert_eq!(n_cases, shapes.len() * 2 * 3 * 2 * (3 + 1));
}

fn check(
    config: &CrossEntropyConfig,
    a: &Array2<f64>,
    y: Targets<'_, f64>,
    sample_weights: &[f64],
    case: &str,
) {
    let ce = CrossEntropyLoss::new(config.clone()).unwrap();
    let (losses, counts, gradients) = naive(config, a, y);
    let close = |got: f64, want: f64, what: &str| {
        let bound = 1e-13 * want.abs().max(1.0);
        assert!((got - want).abs() <= bound, "{case}: {what}: {got:e}, expected {want:e}");
    };
    let mut da = Array2::from_elem(a.dim(), f64::NAN);

    let ones = vec![1.0; losses.len()];
    for (weights, plain) in [(&ones[..], true), (sample_weights, false)] {
        let total: f64 = weights.iter().zip(&losses).map(|(w, l)| w * l).sum();
        let count: f64 = weights.iter().zip(&counts).map(|(w, c)| w * c).sum();
        let denominator = match config.reduction {
            Reduction::Mean if count == 0.0 => 1.0,
            Reduction::Mean => count,
            Reduction::Sum => 1.0,
        };
        let (forward, backward) = if plain {
            (ce.forward(a, y).unwrap(), ce.backward(a, y, &mut da).unwrap())
        } else {
            let weighted = SampleWeighted(ce.clone());
            let y = (y, weights);
            (weighted.forward(a, y).unwrap(), weighted.backward(a, y, &mut da).unwrap())
        };
        assert_eq!(forward.to_bits(), backward.to_bits(), "{case}");
        close(forward, total / denominator, "loss");
        for ((n, c), &g) in da.indexed_iter() {
            close(g, weights[n] * gradients[[n, c]] / denominator, &format!("dLdA[{n}, {c}]"));
        }
    }

    // The same bits from columns that lie apart.
    let expected = ce.backward(a, y, &mut da).unwrap();
    let [mut a_t, mut y_t, mut da_t] = [(); 3].map(|()| Array2::zeros(a.dim().f()));
    a_t.assign(a);
    let y_t = match y {
        Targets::Rows(rows) => {
            y_t.assign(rows);
            Targets::Rows(&*y_t)
        }
        labels => labels,
    };
    assert_eq!(ce.backward(&a_t, y_t, &mut da_t).unwrap(), expected, "{case}");
    assert_eq!(da_t, da, "{case}");

    let mut each = Array1::from_elem(losses.len(), f64::NAN);
    ce.forward_each(a, y, &mut each).unwrap();
    let d_each = Array1::from_iter((0..losses.len()).map(|n| 1.5 - n as f64));
    ce.backward_each(a, y, &d_each, &mut da).unwrap();
    for ((n, c), &g) in da.indexed_iter() {
        close(each[n], losses[n], "one row");
        close(g, d_each[n] * gradients[[n, c]], &format!("one row's dLdA[{n}, {c}]"));
    }
}

// Logits [0 ln 3], softmax [¼ ¾], label 0, w = [2 1], ε = ½: T = [2·(½ + ¼), 1·¼] = [3/2, ¼],
// ℓ = 3/2·ln 4 + ¼·ln 4/3, dℓ/dA = 7/4·[¼ ¾] − [3/2 ¼] = [−17/16, 17/16]; the mean divides by
// w[0] = 2.
#[test]
fn weights_and_smoothing_by_hand() {
    let a = array![[0.0, 3.0_f64.ln()]];
    let config = CrossEntropyConfig {
        class_weights: Some(vec![2.0, 1.0]),
        label_smoothing: 0.5,
        ..CrossEntropyConfig::default()
    };
    let mut da = Array2::zeros((1, 2));
    let ce = CrossEntropyLoss::new(config).unwrap();
    let loss = ce.backward(&a, Targets::Classes(&[0]), &mut da).unwrap();
    let expected = (1.5 * 4.0_f64.ln() + 0.25 * (4.0_f64 / 3.0).ln()) / 2.0;
    assert_relative_eq!(loss, expected, epsilon = 0.0, max_relative = 1e-15);
    assert_relative_eq!(
        da,
        array![[-17.0 / 32.0, 17.0 / 32.0]],
        epsilon = 0.0,
        max_relative = 1e-15
    );
}

// Logits [100 0] with ε = 2e-12, label 0: T = [1 − 1e-12, 1e-12], dℓ/dA = ±(1e-12 − e^(−100)). The
// sum of T minus T[0], rounded, would leave 4 digits of it.
#[test]
fn smoothing_keeps_the_small_gradient_of_a_right_answer() {
    let config = CrossEntropyConfig { label_smoothing: 2e-12, ..CrossEntropyConfig::default() };
    let mut da = Array2::zeros((1, 2));
    let ce = CrossEntropyLoss::new(config).unwrap();
    ce.backward(&array![[100.0, 0.0]], Targets::Classes(&[0]), &mut da).unwrap();
    assert_relative_eq!(da, array![[1e-12, -1e-12]], epsilon = 0.0, max_relative = 1e-15);
}

#[test]
fn nothing_to_learn_from_is_a_loss_of_zero() {
    let a = array![[1.0, f64::NAN], [f64::NEG_INFINITY, 3.0]];
    for reduction in [Reduction::Mean, Reduction::Sum] {
        for label_smoothing in [0.0, 0.3] {
            let ignore_index = Some(1);
            let config = CrossEntropyConfig {
                class_weights: None,
                ignore_index,
                label_smoothing,
                reduction,
            };
            let mut da = Array2::from_elem((2, 2), f64::NAN);
            let ce = CrossEntropyLoss::new(config).unwrap();
            assert_eq!(ce.backward(&a, Targets::Classes(&[1, 1]), &mut da).unwrap(), 0.0);
            assert_eq!(da, Array2::zeros((2, 2)));
        }
    }
    let class_weights = Some(vec![0.0, 1.0]);
    let config = CrossEntropyConfig { class_weights, ..CrossEntropyConfig::default() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    // The only target's class has weight 0: the loss is 0, even where the class was ruled out.
    let mut da = Array2::from_elem((1, 2), f64::NAN);
    let ruled_out = array![[f64::NEG_INFINITY, 3.0]];
    assert_eq!(ce.backward(&ruled_out, Targets::Classes(&[0]), &mut da).unwrap(), 0.0);
    assert_eq!(da, array![[0.0, 0.0]]);
    // Smoothing gives class 1 a part of the target, and the mean over rows of weight 0 is still 0.
    let config = CrossEntropyConfig { label_smoothing: 0.5, ..ce.config().clone() };
    let ce = CrossEntropyLoss::new(config).unwrap();
    assert_eq!(ce.backward(&array![[2.0, 3.0]], Targets::Classes(&[0]), &mut da).unwrap(), 0.0);
    assert_eq!(da, array![[0.0, 0.0]]);
}

#[test]
fn one_class_is_never_wrong() {
    for label_smoothing in [0.0, 0.2] {
        let config = CrossEntropyConfig { label_smoothing, ..CrossEntropyConfig::default() };
        let ce = CrossEntropyLoss::new(config).unwrap();
        let mut da = Array2::from_elem((1, 1), f64::NAN);
        for a in [1e4, -1e4, 0.0, -0.0, 5e-324] {
            assert_eq!(ce.backward(&array![[a]], Targets::Classes(&[0]), &mut da).unwrap(), 0.0);
            assert_eq!(da, array![[0.0]]);
        }
    }
}

#[test]
fn far_logits_are_finite_and_right() {
    let a = array![[1e4_f32, -1e4], [1e4, -1e4]];
    let mut da = Array2::zeros((2, 2));
    let ce = CrossEntropyLoss::default();
    // Row 0 is right: loss e^(−2e4) = 0. Row 1 is wrong by 2e4.
    assert_eq!(ce.backward(&a, Targets::Classes(&[0, 1]), &mut da).unwrap(), 1e4);
    assert_eq!(da, array![[0.0, 0.0], [0.5, -0.5]]);
    // A right answer by a margin of 50: loss and gradient are e^(−50) to full relative accuracy,
    // not 0.
    let mut da = Array2::zeros((1, 2));
    let loss = ce.backward(&array![[50.0_f64, 0.0]], Targets::Classes(&[0]), &mut da).unwrap();
    let tiny = (-50.0_f64).exp();
    assert_relative_eq!(loss, tiny, epsilon = 0.0, max_relative = 1e-15);
    assert_relative_eq!(da, array![[-tiny, tiny]], epsilon = 0.0, max_relative = 1e-15);
}

#[test]
fn infinite_and_nan_logits() {
    let ce = CrossEntropyLoss::default();
    let mut da = Array2::zeros((1, 2));
    // A class that is ruled out costs nothing unless it is the answer.
    let ruled_out = array![[0.0, f64::NEG_INFINITY]];
    let one_hot = array![[1.0, 0.0]];
    assert_eq!(ce.backward(&ruled_out, Targets::Classes(&[0]), &mut da).unwrap(), 0.0);
    assert_eq!(ce.backward(&ruled_out, Targets::Rows(&one_hot), &mut da).unwrap(), 0.0);
    assert_eq!(da, array![[0.0, 0.0]]);
    assert_eq!(ce.forward(&ruled_out, Targets::Classes(&[1])).unwrap(), f64::INFINITY);
    for a in [array![[f64::NAN, 0.0]], array![[0.0, f64::NAN]]] {
        assert!(ce.backward(&a, Targets::Classes(&[0]), &mut da).unwrap().is_nan());
        assert!(ce.forward(&a, Targets::Rows(&one_hot)).unwrap().is_nan());
        assert!(da.iter().all(|g| g.is_nan()));
    }
}

#[test]
fn bad_targets_are_named() {
    let ce = CrossEntropyLoss::default();
    let a = Array2::<f64>::zeros((3, 2));
    let rows = Array2::zeros((3, 1));
    let messages = [
        (Targets::Classes(&[0, 1]), "cross-entropy: labels: expected shape (3), found (2)"),
        (
            Targets::Classes(&[0, 2, 5]),
            "cross-entropy: expected a class from 0 to 1 in row 1, found 2 \
             (to leave such rows out, set ignore_index)",
        ),
        (Targets::Rows(&rows), "cross-entropy: target rows: expected shape (3, 2), found (3, 1)"),
    ];
    for (y, message) in messages {
        let mut da = Array2::from_elem((3, 2), 7.0);
        assert_eq!(ce.forward(&a, y).unwrap_err().to_string(), message);
        assert_eq!(ce.backward(&a, y, &mut da).unwrap_err().to_string(), message);
        assert_eq!(da, Array2::from_elem((3, 2), 7.0), "a refused call writes nothing");
    }
}

#[test]
fn bad_options_are_named() {
    let default = CrossEntropyConfig::default;
    let refused = |config| CrossEntropyLoss::new(config).unwrap_err().to_string();
    for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let class_weights = Some(vec![1.0, bad]);
        assert_eq!(
            refused(CrossEntropyConfig { class_weights, ..default() }),
            format!(
                "cross-entropy: expected class_weights to be a finite number ≥ 0, found {found}"
            )
        );
    }
    for (label_smoothing, found) in [(-0.1, "-0.1"), (1.5, "1.5"), (f64::NAN, "NaN")] {
        assert_eq!(
            refused(CrossEntropyConfig { label_smoothing, ..default() }),
            format!("cross-entropy: expected label_smoothing to be from 0 to 1, found {found}")
        );
    }
    let a = Array2::<f64>::zeros((2, 2));
    let forward =
        |config, y| CrossEntropyLoss::new(config).unwrap().forward(&a, y).unwrap_err().to_string();
    assert_eq!(
        forward(
            CrossEntropyConfig { class_weights: Some(vec![1.0; 3]), ..default() },
            Targets::Classes(&[0, 1])
        ),
        "cross-entropy: class_weights: expected shape (2), found (3)"
    );
    assert_eq!(
        forward(CrossEntropyConfig { ignore_index: Some(1), ..default() }, Targets::Rows(&a)),
        "cross-entropy: expected ignore_index to be None with Targets::Rows \
         (to leave rows out, give them the sample weight 0), found 1"
    );
}
