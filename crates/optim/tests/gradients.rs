//! What changes gradients between the backward pass and the step: clipping and penalties.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{Descent, Optimizer, Penalty, Select, SgdConfig};
use support::{Gradients, Vectors};
use tensor_core::{Float, Role};

/// A weight of two elements and a bias of one.
fn model<F: Float>() -> Vectors<F> {
    let values = [2.0, -0.5, 4.0].map(F::of);
    Vectors(vec![
        (0, "weight", Role::Weight, values[..2].to_vec()),
        (0, "bias", Role::Bias, values[2..].to_vec()),
    ])
}

/// An optimizer without groups: nothing is frozen.
fn sgd<F: Float>() -> Descent<F, SgdConfig> {
    Descent::new(SgdConfig::default()).unwrap()
}

/// The norm that clipping returns, and the gradients that it leaves.
fn clipped<F: Float>(g: [F; 3], max_norm: f64) -> (F, [F; 3]) {
    let mut gradients = Gradients::of(&[&g[..2], &g[2..]]);
    let norm = sgd().clip_grad_norm(&mut model(), &mut gradients, max_norm).unwrap();
    let g = gradients.0.unwrap();
    (norm, [g[0][0], g[0][1], g[1][0]])
}

fn close<F: Float>(got: [F; 3], want: [f64; 3]) {
    for (got, want) in got.into_iter().zip(want) {
        let error = (got.as_f64() - want).abs();
        assert!(error <= 4.0 * F::epsilon().as_f64() * want.abs(), "{got:?}, expected {want:e}");
    }
}

// ‖[2, −3, 6]‖ = 7 over both parameters together; the factor is c/7, or 1.
#[test]
fn the_norm_is_that_of_all_parameters_together() {
    let g = [2.0, -3.0, 6.0];
    for unchanged in [7.5, 7.0, f64::INFINITY] {
        assert_eq!(clipped(g, unchanged), (7.0, g));
    }
    for max_norm in [3.5, 6.5, 0.0] {
        let (norm, scaled) = clipped(g, max_norm);
        assert_eq!(norm, 7.0);
        close(scaled, g.map(|g| g * (max_norm / 7.0)));
    }
}

// Squares of whole numbers are exact, and so are their sum and its root: 4 + 36 + 81 = 121, 4 + 100
// + 121 = 225.
#[test]
fn the_norm_of_whole_numbers_has_no_rounding() {
    let table = [([2.0, 6.0, 9.0], 11.0), ([2.0, -10.0, 11.0], 15.0), ([-8.0, 9.0, 12.0], 17.0)];
    for (g, norm) in table {
        assert_eq!(clipped(g, f64::INFINITY).0, norm);
        assert_eq!(clipped(g.map(|g| g as f32), f64::INFINITY).0, norm as f32);
    }
}

#[test]
fn no_square_overflows_or_vanishes() {
    // Squares of 1e200 are infinite, those of 1e-200 are 0.
    let (norm, scaled) = clipped([2e200_f64, -3e200, 6e200], 7.0);
    assert!((norm / 7e200 - 1.0).abs() < 1e-15);
    close(scaled, [2.0, -3.0, 6.0]);
    let (norm, scaled) = clipped([2e-200_f64, -3e-200, 6e-200], 1.0);
    assert!((norm / 7e-200 - 1.0).abs() < 1e-15);
    assert_eq!(scaled, [2e-200, -3e-200, 6e-200]);
    // The same in f32, at its own ends.
    let (norm, scaled) = clipped([2e30_f32, -3e30, 6e30], 7.0);
    assert!((norm / 7e30 - 1.0).abs() < 2e-7);
    close(scaled, [2.0, -3.0, 6.0]);
    assert_eq!(clipped([0.0, 3e-45_f32, 0.0], 1.0).0, 3e-45);
    // √3 times the largest number is no number any more, and the gradients still become [c c c]/√3,
    // here c = 5√3.
    let (norm, scaled) = clipped([f64::MAX; 3], 5.0 * 3.0_f64.sqrt());
    assert_eq!(norm, f64::INFINITY);
    close(scaled, [5.0; 3]);
    assert_eq!(clipped([f64::MAX; 3], f64::INFINITY).1, [f64::MAX; 3]);
    assert_eq!(clipped([0.0, -0.0, 0.0], 1.0), (0.0, [0.0; 3]));
}

/// 4096 gradients whose squares are 0 in f32, beside one whose square is just above the smallest
/// normal number: what is lost shows in the fifth digit of the norm.
#[test]
fn many_squares_that_vanish_count_together() {
    let (large, small) = (3.0 * 2.0_f32.powi(-64), 2.0_f32.powi(-76));
    assert!(large * large > f32::MIN_POSITIVE && small * small == 0.0);
    let mut model = Vectors(vec![
        (0, "weight", Role::Weight, vec![0.0; 4096]),
        (0, "bias", Role::Bias, vec![0.0]),
    ]);
    let mut gradients = Gradients::of(&[&[small; 4096], &[large]]);
    let norm = sgd().clip_grad_norm(&mut model, &mut gradients, f64::INFINITY).unwrap().as_f64();
    let want = (4096.0 * small.as_f64().powi(2) + large.as_f64().powi(2)).sqrt();
    assert!(want > large.as_f64() * (1.0 + 1e-5), "the case is not met");
    // Subtracting 1 is exact; the norm is a root of a sum, times the largest: four roundings.
    assert!((norm / want - 1.0).abs() <= 2.0 * f64::from(f32::EPSILON), "{norm:e}, {want:e}");
}

#[test]
fn numbers_that_are_none_show_in_the_norm_and_change_nothing() {
    let (norm, g) = clipped([1.0, f64::NEG_INFINITY, 2.0], 1.0);
    assert_eq!((norm, g), (f64::INFINITY, [1.0, f64::NEG_INFINITY, 2.0]));
    for g in [[f64::NAN, 1.0, 2.0], [1.0, f64::INFINITY, f64::NAN]] {
        let (norm, left) = clipped(g, 1.0);
        assert!(norm.is_nan() && left.map(f64::to_bits) == g.map(f64::to_bits));
    }
}

#[test]
fn values_are_clamped_one_by_one() {
    let mut gradients = Gradients::of(&[&[0.5, f64::NEG_INFINITY], &[f64::NAN]]);
    sgd().clip_grad_value(&mut model(), &mut gradients, 2.0).unwrap();
    let g = gradients.0.unwrap();
    assert_eq!(g[0], [0.5, -2.0]);
    assert!(g[1][0].is_nan());
}

#[test]
fn values_beyond_the_bound_are_moved_to_it_on_both_sides() {
    let g = [0.5, 2.0, 2.5, f64::INFINITY, -0.5, -2.0, -2.5, f64::NEG_INFINITY];
    let mut gradients = Gradients::of(&[&g]);
    sgd().clip_grad_value(&mut Vectors::weight(&[0.0; 8]), &mut gradients, 2.0).unwrap();
    assert_eq!(gradients.0.unwrap()[0], [0.5, 2.0, 2.0, 2.0, -0.5, -2.0, -2.0, -2.0]);
}

#[test]
fn bounds_and_workspaces_are_checked() {
    let (mut model, mut gradients) = (model::<f64>(), Gradients::of(&[&[1.0, 2.0], &[3.0]]));
    for (bad, found) in [(-1.0, "-1"), (f64::NAN, "NaN")] {
        let range = format!("to be a finite number ≥ 0, found {found}");
        let error = sgd().clip_grad_norm(&mut model, &mut gradients, bad).unwrap_err().to_string();
        assert_eq!(error, format!("clip_grad_norm: expected max_norm {range}"));
        let error = sgd().clip_grad_value(&mut model, &mut gradients, bad).unwrap_err().to_string();
        assert_eq!(error, format!("clip_grad_value: expected clip_value {range}"));
        let error = Penalty::l1(bad, Select::all()).unwrap_err().to_string();
        assert_eq!(error, format!("l1 penalty: expected lambda {range}"));
        let error = Penalty::l2(bad, Select::all()).unwrap_err().to_string();
        assert_eq!(error, format!("l2 penalty: expected lambda {range}"));
    }
    assert_eq!(gradients.0, Some(vec![vec![1.0, 2.0], vec![3.0]]));
    let mut none = Gradients(None, Vec::new());
    assert!(sgd().clip_grad_norm(&mut model, &mut none, 1.0).is_err());
    assert!(sgd().clip_grad_value(&mut model, &mut none, 1.0).is_err());
    assert!(
        sgd()
            .add_penalty(&Penalty::l1(1.0, Select::all()).unwrap(), &mut model, &mut none)
            .is_err()
    );
}

/// Bounds that the type cannot hold, subnormal ones and ones above every value: what they do not
/// reach stays bit for bit, what they reach is scaled rightly, and nothing is enlarged.
#[test]
fn bounds_at_the_ends_of_the_type() {
    fn table<F: Float>(sizes: &[f64]) {
        let bounds = [0.0, 5e-324, 1e-310, 1e-50, 1e-42, 1e-9, 1.0, 1e30, 1e39, 1e300, f64::MAX];
        for (&size, bound) in sizes.iter().flat_map(|s| bounds.map(|b| (s, b))) {
            let g = [2.0 * size, -3.0 * size, 6.0 * size].map(F::of); // of norm 7·size
            let ratio = bound / size / 7.0;
            let (_, scaled) = clipped(g, bound);
            if ratio >= 1.0 + 1e-6 {
                assert_eq!(scaled, g, "{size:e} to {bound:e}");
                continue;
            }
            for (scaled, g) in scaled.into_iter().zip(g.map(F::as_f64)) {
                // Half a step of subnormal numbers, and some roundings.
                let (scaled, want) = (scaled.as_f64(), g / size * (bound / 7.0));
                let smallest = if F::NARROW { 1.5e-45 } else { 5e-324 };
                let error = (scaled - want).abs();
                let bound = 8.0 * F::epsilon().as_f64() * want.abs() + smallest;
                assert!(error <= bound && scaled.abs() <= g.abs(), "{size:e}: {scaled:e} {want:e}");
            }
        }
    }
    table::<f32>(&[1e-40, 1e-30, 1e-9, 1.0, 1e20, 3e37]);
    table::<f64>(&[1e-310, 1e-300, 1e-40, 1.0, 1e40, 1e200, 2e307]);
    let clip = |bound, g: f32| {
        let mut gradients = Gradients::of(&[&[g]]);
        sgd().clip_grad_value(&mut Vectors::weight(&[0.0]), &mut gradients, bound).unwrap();
        gradients.0.unwrap()[0][0]
    };
    assert_eq!([clip(1e300, 3e38), clip(1e-50, 3e38), clip(1e-42, -1.0)], [3e38, 0.0, -1e-42]);
    assert_eq!(clip(1e300, f32::NEG_INFINITY), f32::NEG_INFINITY);
}

// λ = 1e300 and w = 1e-300: λ|w| = 1, ½λw² = ½·1e-300; λ = 1e-300 and w = 1e200: ½·1e100.
#[test]
fn penalties_are_right_where_squares_or_lambda_are_no_numbers_of_the_type() {
    fn check<F: Float>(l2: bool, lambda: f64, w: f64, value: f64, slope: f64) {
        let make = if l2 { Penalty::l2 } else { Penalty::l1 };
        let (mut model, mut gradients) =
            (Vectors::weight(&[F::of(w), F::zero()]), Gradients::of(&[&[F::zero(); 2]]));
        let penalty = make(lambda, Select::all()).unwrap();
        let got = sgd().add_penalty(&penalty, &mut model, &mut gradients).unwrap().as_f64();
        let [g, at_zero] = [0, 1].map(|i| gradients.0.as_ref().unwrap()[0][i].as_f64());
        let close = |got: f64, want: f64| {
            got == want || (got / want - 1.0).abs() <= 4.0 * F::epsilon().as_f64()
        };
        assert!(close(got, value) && close(g, slope), "λ {lambda:e}, w {w:e}: {got:e}, {g:e}");
        assert_eq!(at_zero, 0.0, "λ {lambda:e}");
    }
    check::<f64>(false, 1e300, 1e-300, 1.0, 1e300);
    check::<f64>(true, 1e300, 1e-300, 0.5e-300, 1.0);
    check::<f64>(true, 1e-300, 1e200, 0.5e100, 1e-100);
    // Unoptimized, powi is 1/2^−k, which is 0 below 2^−1023: so in two halves.
    let two = |k: i32| 2.0_f64.powi(k / 2) * 2.0_f64.powi(k - k / 2);
    check::<f64>(true, two(-1030), two(1020), two(1009), two(-10));
    check::<f64>(false, two(-1030), two(1020), two(-10), two(-1030));
    check::<f64>(true, 5e-324, two(1000), two(925), two(-74)); // λ = 2⁻¹⁰⁷⁴
    check::<f32>(true, 1e-30, two(80), 0.5e-30 * two(160), 1e-30 * two(80));
    check::<f32>(true, 1e50, two(-80), 0.5e50 * two(-160), 1e50 * two(-80));
    check::<f32>(true, 1e-50, two(120), 0.5e-50 * two(240), 1e-50 * two(120));
    check::<f32>(false, 1e39, 0.0, 0.0, 0.0);
    check::<f64>(false, 0.0, f64::INFINITY, 0.0, 0.0);
}

// w = [2 −½; 4]: Σ|w| = 5/2 over the weight, 13/2 with the bias; Σ w² = 17/4 over the weight, 81/4
// with the bias.
#[test]
fn penalties_by_hand() {
    let table = [
        (Penalty::l1(0.5, Select::weights()), 1.25, [0.5, -0.5, 0.0]),
        (Penalty::l1(0.5, Select::all()), 3.25, [0.5, -0.5, 0.5]),
        (Penalty::l2(0.5, Select::weights()), 1.0625, [1.0, -0.25, 0.0]),
        (Penalty::l2(0.5, Select::all()), 5.0625, [1.0, -0.25, 2.0]),
    ];
    for (penalty, value, added) in table {
        let penalty = penalty.unwrap();
        let mut gradients = Gradients::of(&[&[8.0, 8.0], &[8.0]]);
        let mut model = model::<f64>();
        assert_eq!(sgd().penalty(&penalty, &mut model, &mut gradients).unwrap(), value);
        assert_eq!(gradients.0, Some(vec![vec![8.0, 8.0], vec![8.0]]), "the value alone");
        assert_eq!(sgd().add_penalty(&penalty, &mut model, &mut gradients).unwrap(), value);
        assert_eq!(model.values(), [2.0, -0.5], "only gradients change");
        let g = gradients.0.unwrap();
        assert_eq!([g[0][0], g[0][1], g[1][0]], added.map(|g| 8.0 + g), "{penalty:?}");
    }
}

#[test]
fn penalties_at_zero_and_beyond_numbers() {
    let mut zero = Vectors::weight(&[0.0, -0.0, f64::NAN, f64::NEG_INFINITY]);
    let mut gradients = Gradients::of(&[&[0.0; 4]]);
    let l1 = Penalty::l1(1.0, Select::all()).unwrap();
    let value: f64 = sgd().add_penalty(&l1, &mut zero, &mut gradients).unwrap();
    let g = &gradients.0.unwrap()[0];
    assert!(value.is_nan() && g[2].is_nan());
    assert_eq!((g[0], g[1], g[3]), (0.0, 0.0, -1.0));
}

#[test]
fn neither_allocates() {
    let (mut model, mut gradients) = (model::<f32>(), Gradients::of(&[&[1e30, 2.0], &[3.0]]));
    let penalty = Penalty::l2(0.1, Select::weights()).unwrap();
    let sgd = sgd();
    let info = allocation_counter::measure(|| {
        sgd.add_penalty(&penalty, &mut model, &mut gradients).unwrap();
        sgd.clip_grad_norm(&mut model, &mut gradients, 1.0).unwrap();
        sgd.clip_grad_value(&mut model, &mut gradients, 0.1).unwrap();
    });
    assert_eq!(info.count_total, 0);
}
