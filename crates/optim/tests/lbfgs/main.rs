//! L-BFGS: minima that are known, the Wolfe conditions of every step, and what it does where there
//! is no loss, no gradient or no fitting state.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod model;

use model::{Model, Pass};
use optim::{Lbfgs, LbfgsConfig, LbfgsOutcome, LbfgsPair, LbfgsState};
use tensor_core::{Error, Rng};

/// `Σ_i 100 (w_{i+1} − w_i²)² + (1 − w_i)²`, lowest at 1, 1, ….
fn rosenbrock(w: &[f64], grad: &mut [f64]) -> f64 {
    grad.fill(0.0);
    let mut loss = 0.0;
    for i in 0..w.len() - 1 {
        let (a, b) = (w[i + 1] - w[i] * w[i], 1.0 - w[i]);
        loss += 100.0 * a * a + b * b;
        grad[i] += -400.0 * a * w[i] - 2.0 * b;
        grad[i + 1] += 200.0 * a;
    }
    loss
}

/// `½ Σ_i a_i (w_i − c_i)²`.
fn quadratic<'a>(a: &'a [f64], c: &'a [f64]) -> impl Fn(&[f64], &mut [f64]) -> f64 + 'a {
    |w, grad| {
        let mut loss = 0.0;
        for (i, g) in grad.iter_mut().enumerate() {
            *g = a[i] * (w[i] - c[i]);
            loss += 0.5 * *g * (w[i] - c[i]);
        }
        loss
    }
}

fn many(max_iter: u64) -> LbfgsConfig {
    let max_eval = Some(10 * max_iter);
    LbfgsConfig {
        max_iter,
        max_eval,
        tolerance_grad: 1e-12,
        tolerance_change: 0.0,
        ..LbfgsConfig::default()
    }
}

// With n pairs H is the inverse of a quadratic's matrix if each search is exact; with searches that
// end early it takes a few more, here at most 4n + 4.
#[test]
fn quadratics_are_solved() {
    for seed in 0..50 {
        let rng = &mut Rng::new(seed);
        let n = 1 + rng.below(8);
        let mut numbers = |low: f64, high: f64| -> Vec<f64> {
            (0..n).map(|_| low + (high - low) * rng.uniform()).collect()
        };
        let (a, c, start) = (numbers(0.1, 10.0), numbers(-3.0, 3.0), numbers(-3.0, 3.0));
        let mut model = Model::<f64>::of(&start);
        let step = model.step(&mut Lbfgs::new(many(100)).unwrap(), quadratic(&a, &c)).unwrap();
        assert_eq!(step.outcome, LbfgsOutcome::Converged, "seed {seed}: {step:?}");
        assert!(step.iterations <= 4 * n as u64 + 4, "seed {seed}, n {n}: {step:?}");
        for (w, c) in model.w.iter().zip(&c) {
            assert!((w - c).abs() < 1e-10, "seed {seed}: {w}, {c}");
        }
    }
}

#[test]
fn rosenbrocks_valley_is_walked_to_its_end() {
    for start in [vec![-1.2, 1.0], vec![-1.2, 1.0, -1.2, 1.0, -1.2, 1.0], vec![0.0; 10]] {
        let mut model = Model::<f64>::of(&start);
        let step = model.step(&mut Lbfgs::new(many(200)).unwrap(), rosenbrock).unwrap();
        assert!(step.loss < 1e-20, "{step:?}");
        assert!(model.w.iter().all(|w| (w - 1.0).abs() < 1e-12), "{step:?}: {:?}", model.w);
    }
    // In f32 a loss near 0 is a sum of squares of differences that round by 6e-8.
    let mut model = Model::<f32>::of(&[-1.2, 1.0]);
    let step = model.step(&mut Lbfgs::new(many(200)).unwrap(), rosenbrock).unwrap();
    assert!(model.w.iter().all(|w| (w - 1.0).abs() < 1e-4), "{step:?}: {:?}", model.w);
}

/// `Σ_i b_i cos(a_i w_i + c_i) + ¼ (w_i − w_{i+1})² + ⅛ w_i⁴`: many minima, none at −∞.
fn waves<'a>(a: &'a [f64], b: &'a [f64], c: &'a [f64]) -> impl Fn(&[f64], &mut [f64]) -> f64 + 'a {
    |w, grad| {
        let (n, mut loss) = (w.len(), 0.0);
        grad.fill(0.0);
        for i in 0..n {
            let (angle, d) = (a[i] * w[i] + c[i], w[i] - w[(i + 1) % n]);
            loss += b[i] * angle.cos() + 0.25 * d * d + 0.125 * w[i].powi(4);
            grad[i] += -b[i] * a[i] * angle.sin() + 0.5 * d + 0.5 * w[i].powi(3);
            grad[(i + 1) % n] -= 0.5 * d;
        }
        loss
    }
}

// φ(t) ≤ φ(0) + c₁ t φ′(0) and |φ′(t)| ≤ c₂ |φ′(0)| along the displacement, for every step that is
// not the last of its run; the loss never rises, the last one included.
#[test]
fn every_step_satisfies_the_wolfe_conditions() {
    let mut steps = 0;
    for seed in 0..300 {
        let rng = &mut Rng::with_stream(seed, 1);
        let n = 1 + rng.below(6);
        let mut numbers = |size: f64| -> Vec<f64> { (0..n).map(|_| size * rng.normal()).collect() };
        let (a, b, c, start) = (numbers(3.0), numbers(2.0), numbers(3.0), numbers(4.0));
        let function = waves(&a, &b, &c);
        let mut model = Model::<f64>::of(&start);
        let config = LbfgsConfig { max_iter: 1, max_eval: Some(60), ..LbfgsConfig::default() };
        let mut lbfgs = Lbfgs::new(config).unwrap();
        for t in 0..40 {
            let at = format!("seed {seed}, step {t}");
            let [mut before, mut after] = [vec![0.0; n], vec![0.0; n]];
            let first = function(&model.w, &mut before);
            let step = model.step(&mut lbfgs, &function).unwrap();
            let last = function(&model.w, &mut after);
            assert_eq!((step.first_loss, step.loss), (first, last), "{at}");
            assert!(last <= first, "{at}: {step:?}");
            if step.outcome != LbfgsOutcome::Limit || step.evaluations == 60 {
                break;
            }
            let along = |g: &[f64]| -> f64 {
                g.iter().zip(&lbfgs.state().displacement).map(|(g, s)| g * s).sum()
            };
            let [from, to] = [along(&before), along(&after)]; // t φ′
            assert!(from < 0.0 && last <= first + 1e-4 * from + 1e-14, "{at}: {step:?}, {from}");
            assert!(to.abs() <= 0.9 * from.abs() * (1.0 + 1e-12), "{at}: {step:?}, {from}, {to}");
            steps += 1;
        }
    }
    assert!(steps > 2000, "{steps}");
}

// The loss of a barrier is NaN or ∞ beyond it; no step goes there, and its minimum is found.
// w − ln w has the derivative 1 − 1/w and is lowest at 1; √ of a negative number is NaN.
#[test]
fn where_there_is_no_loss_the_step_is_shortened() {
    let barrier = |w: &[f64], grad: &mut [f64]| {
        grad[0] = 1.0 - 1.0 / w[0];
        w[0] - w[0].ln()
    };
    for start in [1e-3, 0.5, 30.0, 1e6] {
        let mut model = Model::<f64>::of(&[start]);
        let step = model.step(&mut Lbfgs::new(many(200)).unwrap(), barrier).unwrap();
        assert!((model.w[0] - 1.0).abs() < 1e-9, "{start}: {step:?}, {:?}", model.w);
    }
}

#[test]
fn a_start_without_a_loss_moves_nothing() {
    for (loss, gradient) in
        [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, -f64::INFINITY)]
    {
        let mut model = Model::<f64>::of(&[2.0]);
        let mut lbfgs = Lbfgs::new(LbfgsConfig::default()).unwrap();
        let step = model.step(&mut lbfgs, |_, grad| {
            grad[0] = gradient;
            loss
        });
        assert_eq!(step.unwrap().outcome, LbfgsOutcome::NotFinite);
        assert_eq!((model.w[0], lbfgs.state()), (2.0, &LbfgsState::default()));
    }
}

// A loss of −∞ at a trial is no loss either; gradients of 1e200 have squares beyond f64. Nothing
// panics, nothing becomes NaN.
#[test]
fn numbers_beyond_the_range_are_no_minimum() {
    let cliff = |w: &[f64], grad: &mut [f64]| {
        grad[0] = -1.0;
        if w[0] > 0.5 { f64::NEG_INFINITY } else { -w[0] }
    };
    let mut model = Model::<f64>::of(&[0.0]);
    let _ = model.step(&mut Lbfgs::new(many(50)).unwrap(), cliff).unwrap();
    assert!((0.0..=0.5).contains(&model.w[0]), "{:?}", model.w);
    let mut model = Model::<f64>::of(&[1e120, -1e120]);
    let step = model.step(&mut Lbfgs::new(many(50)).unwrap(), quadratic(&[1e80, 1e80], &[0.0; 2]));
    let step = step.unwrap();
    assert!(model.w.iter().all(|w| w.is_finite()) && step.loss <= step.first_loss, "{step:?}");
}

#[test]
fn an_error_in_a_trial_takes_the_model_back() {
    let mut model = Model::<f64>::of(&[-1.2, 1.0]);
    let mut lbfgs = Lbfgs::new(LbfgsConfig { max_iter: 3, ..LbfgsConfig::default() }).unwrap();
    let _ = model.step(&mut lbfgs, rosenbrock).unwrap();
    let before = model.clone();
    let (mut pass, mut calls) = (Pass::of(&model), 0);
    let error = lbfgs.step(&mut model, &mut pass, |model, pass| {
        calls += 1;
        pass.ready = calls == 1;
        if calls > 1 {
            return Err(Error::empty("loss", "at least one row"));
        }
        Ok(rosenbrock(&model.w, &mut pass.w))
    });
    assert_eq!(error, Err(Error::empty("loss", "at least one row")));
    assert_eq!((calls, &model), (2, &before));
    // And it goes on from there.
    let step = model.step(&mut lbfgs, rosenbrock).unwrap();
    assert!(step.loss < step.first_loss);
}

#[test]
fn frozen_parameters_rest() {
    let rest = vec![7.0, f64::NAN];
    let mut model = Model { rest: rest.clone(), frozen: true, ..Model::<f64>::of(&[3.0]) };
    let mut pass = Pass::of(&model);
    pass.rest = vec![f64::NAN, 1e300];
    let mut lbfgs = Lbfgs::new(LbfgsConfig::default()).unwrap();
    let step = lbfgs.step(&mut model, &mut pass, |model, pass| {
        pass.ready = true;
        Ok(quadratic(&[2.0], &[1.0])(&model.w, &mut pass.w))
    });
    assert_eq!(step.unwrap().outcome, LbfgsOutcome::Converged);
    assert!((model.w[0] - 1.0).abs() < 1e-7 && model.rest[0] == 7.0 && model.rest[1].is_nan());
    assert_eq!(lbfgs.state().lengths, [1]);
    model.frozen = false; // the state was made without it
    assert_eq!(
        model.step(&mut lbfgs, quadratic(&[2.0], &[5.0])).unwrap_err().to_string(),
        "l-bfgs: lengths of the parameters: expected shape (1), found (1, 2)"
    );
}

#[test]
fn full_memory_allocates_nothing() {
    let config = LbfgsConfig { max_iter: 4, history_size: 3, ..LbfgsConfig::default() };
    let mut lbfgs = Lbfgs::<f64>::new(config).unwrap();
    let mut model = Model::<f64>::of(&[-1.2, 1.0, 0.3, 0.2, -0.5]);
    let mut pass = Pass::of(&model);
    let mut step = || {
        lbfgs.step(&mut model, &mut pass, |model, pass| {
            pass.ready = true;
            Ok(rosenbrock(&model.w, &mut pass.w))
        })
    };
    assert_eq!(step().unwrap().iterations, 4);
    assert_eq!(step().unwrap().iterations, 4);
    let count = allocation_counter::measure(|| assert_eq!(step().unwrap().iterations, 4));
    assert_eq!(count.count_total, 0);
}

#[test]
fn states_that_cannot_be_are_refused_whole() {
    let config = LbfgsConfig { history_size: 2, ..LbfgsConfig::default() };
    let mut lbfgs = Lbfgs::<f64>::new(config).unwrap();
    let pair = LbfgsPair { s: vec![1.0, 0.0], y: vec![2.0, 0.0] };
    let fits = LbfgsState {
        steps: 3,
        lengths: vec![2, 0],
        displacement: vec![0.5, 0.5],
        gradient: vec![1.0, -1.0],
        pairs: vec![pair.clone()],
        scale: 0.5,
    };
    lbfgs.restore(fits.clone()).unwrap();
    let down = LbfgsPair { s: vec![1.0, 0.0], y: vec![-2.0, 0.0] };
    let table = [
        (
            LbfgsState { steps: u64::MAX, ..fits.clone() },
            "steps to be below 2^63, found 18446744073709552000",
        ),
        (
            LbfgsState { steps: 0, ..fits.clone() },
            "pairs to be fewer than steps, and at most history_size, found 1",
        ),
        (
            LbfgsState { pairs: vec![pair.clone(), pair.clone(), pair], ..fits.clone() },
            "pairs to be fewer than steps, and at most history_size, found 3",
        ),
        (
            LbfgsState { scale: f64::NAN, ..fits.clone() },
            "scale to be a finite number > 0, found NaN",
        ),
        (
            LbfgsState { gradient: vec![1.0, f64::NAN], ..fits.clone() },
            "element to be a finite number, found NaN",
        ),
        (
            LbfgsState { pairs: vec![down], ..fits.clone() },
            "yᵀs to be positive and more than a rounding, found -2",
        ),
    ];
    for (state, message) in table {
        let error = lbfgs.restore(state).unwrap_err().to_string();
        assert_eq!(error, format!("l-bfgs: state: expected {message}"));
        assert_eq!(lbfgs.state(), &fits);
    }
    for lengths in [vec![3], vec![usize::MAX, 3]] {
        let error = lbfgs.restore(LbfgsState { lengths, ..fits.clone() }).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error}");
        assert_eq!(lbfgs.state(), &fits);
    }
    // It fits no model of one number.
    let mut model = Model::<f64>::of(&[1.0]);
    let error = model.step(&mut lbfgs, quadratic(&[2.0], &[5.0])).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    assert_eq!((model.w[0], lbfgs.state()), (1.0, &fits));
}

// Every state that steps lead to can be restored, and goes on to the same bits.
#[test]
fn a_saved_state_goes_on() {
    let config = LbfgsConfig { max_iter: 2, history_size: 3, ..LbfgsConfig::default() };
    let mut lbfgs = Lbfgs::new(config).unwrap();
    let mut model = Model::<f32>::of(&[-1.2, 1.0, 0.3]);
    for t in 0..12 {
        let mut copy = model.clone();
        let mut resumed = Lbfgs::new(config).unwrap();
        resumed.restore(lbfgs.state().clone()).unwrap();
        let reports = [
            model.step(&mut lbfgs, rosenbrock).unwrap(),
            copy.step(&mut resumed, rosenbrock).unwrap(),
        ];
        assert_eq!(reports[0], reports[1], "call {t}");
        assert_eq!((&model, lbfgs.state()), (&copy, resumed.state()), "call {t}");
    }
}

#[test]
fn numbers_are_checked() {
    let default = LbfgsConfig::default;
    let table = [
        (LbfgsConfig { lr: 0.0, ..default() }, "lr to be a finite number > 0, found 0"),
        (LbfgsConfig { max_iter: 0, ..default() }, "max_iter to be at least 1, found 0"),
        (LbfgsConfig { max_eval: Some(0), ..default() }, "max_eval to be at least 1, found 0"),
        (LbfgsConfig { history_size: 0, ..default() }, "history_size to be at least 1, found 0"),
        (
            LbfgsConfig { tolerance_grad: f64::NAN, ..default() },
            "tolerance_grad to be a finite number ≥ 0, found NaN",
        ),
        (
            LbfgsConfig { tolerance_change: -1.0, ..default() },
            "tolerance_change to be a finite number ≥ 0, found -1",
        ),
    ];
    for (config, message) in table {
        let error = Lbfgs::<f64>::new(config).unwrap_err().to_string();
        assert_eq!(error, format!("l-bfgs: expected {message}"));
    }
    // Neither is memory taken for what a configuration only allows.
    let huge = LbfgsConfig { history_size: usize::MAX, max_iter: u64::MAX, ..default() };
    let mut model = Model::<f64>::of(&[3.0]);
    let step = model.step(&mut Lbfgs::new(huge).unwrap(), quadratic(&[2.0], &[1.0])).unwrap();
    assert_eq!(step.outcome, LbfgsOutcome::Converged);
}
