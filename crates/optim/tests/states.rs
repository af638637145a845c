//! Saved states: what they hold, and that they fit or are refused whole.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    AdagradConfig, AdamConfig, AdamWConfig, Descent, LionConfig, NAdamConfig, Optimizer,
    RAdamConfig, RmsPropConfig, Rule, SgdConfig, State,
};
use support::{Gradients, Vectors, gradients, network, values};

/// Ten steps at once, and five steps, saved, restored into a new optimizer, and five more, end in
/// the same bits.
fn resume<R: Rule>(config: R) {
    let step = |optimizer: &mut Descent<f64, R>, model: &mut Vectors<f64>| {
        for _ in 0..5 {
            optimizer.step(model, &mut gradients()).unwrap();
        }
    };
    let mut whole = (Descent::new(config).unwrap(), network());
    step(&mut whole.0, &mut whole.1);
    step(&mut whole.0, &mut whole.1);

    let mut first = (Descent::new(config).unwrap(), network());
    step(&mut first.0, &mut first.1);
    let State { rule, buffers, steps, parameters } = first.0.state().clone();
    assert_eq!((&rule[..], steps), (R::NAME, 5));
    let shapes: Vec<_> = parameters.iter().map(|p| (&p.name[..], p.length, p.steps)).collect();
    let names = [("0.weight", 2), ("0.bias", 1), ("2.weight", 1), ("2.bias", 1), ("3.weight", 1)];
    assert_eq!(shapes, names.map(|(name, length)| (name, length, 5)));
    let mut second = Descent::new(config).unwrap();
    second.restore(State { rule, buffers, steps, parameters }).unwrap();
    step(&mut second, &mut first.1);
    assert_eq!(values(&first.1), values(&whole.1), "{}", R::NAME);
    assert_eq!(second.state(), whole.0.state());
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    resume(SgdConfig { momentum: 0.9, dampening: 0.1, ..SgdConfig::default() });
    resume(AdagradConfig { lr_decay: 0.1, ..AdagradConfig::default() });
    resume(RmsPropConfig { momentum: 0.9, centered: true, ..RmsPropConfig::default() });
    resume(AdamConfig { amsgrad: true, ..AdamConfig::default() });
    resume(AdamWConfig::default());
    resume(NAdamConfig::default());
    resume(RAdamConfig { betas: (0.9, 0.9), ..RAdamConfig::default() });
    resume(LionConfig::default());
}

// A buffer for each element of each parameter, and none that the rule has no use for.
#[test]
fn buffers_have_their_names() {
    fn check<R: Rule>(config: R, names: &[&str]) {
        assert_eq!(config.buffers(), names, "{config:?}");
        let mut optimizer = Descent::new(config).unwrap();
        optimizer.step(&mut network(), &mut gradients()).unwrap();
        assert_eq!(optimizer.state().buffers, names);
        for p in &optimizer.state().parameters {
            assert_eq!(p.buffers.len(), p.length * names.len(), "{config:?}");
        }
    }
    check(SgdConfig::default(), &[]);
    check(SgdConfig { momentum: 0.9, ..SgdConfig::default() }, &["momentum_buffer"]);
    check(AdagradConfig::default(), &["root_sum"]);
    let rmsprop = RmsPropConfig::default();
    check(rmsprop, &["root_square_avg"]);
    check(RmsPropConfig { momentum: 0.9, ..rmsprop }, &["root_square_avg", "momentum_buffer"]);
    check(RmsPropConfig { centered: true, ..rmsprop }, &["deviation", "grad_avg"]);
    let both = RmsPropConfig { centered: true, momentum: 0.9, ..rmsprop };
    check(both, &["deviation", "grad_avg", "momentum_buffer"]);
    check(AdamConfig::default(), &["exp_avg", "root_exp_avg_sq"]);
    let amsgrad = ["exp_avg", "root_exp_avg_sq", "root_max_exp_avg_sq"];
    check(AdamConfig { amsgrad: true, ..AdamConfig::default() }, &amsgrad);
    check(AdamWConfig::default(), &["exp_avg", "root_exp_avg_sq"]);
    check(AdamWConfig { amsgrad: true, ..AdamWConfig::default() }, &amsgrad);
    check(NAdamConfig::default(), &["exp_avg", "root_exp_avg_sq"]);
    check(RAdamConfig::default(), &["exp_avg", "root_exp_avg_sq"]);
    check(LionConfig::default(), &["exp_avg"]);
}

// One step with g = [2, −4] and all factors ½: means ½g, root mean squares √½|g|, a root of the sum
// |g|, velocities g or, in RMSprop, where the deviation is √(½g² − ¼g²) = ½|g| and ε = 1,
// d = g/(½|g| + 1) = [1, −4/3].
#[test]
fn a_state_holds_what_its_names_say() {
    fn after_one_step<R: Rule>(config: R, expected: &[f64]) {
        let mut optimizer = Descent::new(config).unwrap();
        let mut model = Vectors::weight(&[0.0, 0.0]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[2.0, -4.0]])).unwrap();
        let state = optimizer.state();
        let found = &state.parameters[0].buffers;
        let close = |(x, want): (&f64, &f64)| (x - want).abs() <= 2.0 * f64::EPSILON * want.abs();
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(close));
        for (name, values) in state.buffers.iter().zip(found.chunks(2)) {
            assert_eq!(state.buffer("0.weight", name).unwrap(), values, "{name}");
        }
    }
    after_one_step(SgdConfig { momentum: 0.5, ..SgdConfig::default() }, &[2.0, -4.0]);
    after_one_step(AdagradConfig::default(), &[2.0, 4.0]);
    let rmsprop = RmsPropConfig { alpha: 0.5, eps: 1.0, momentum: 0.5, ..Default::default() };
    let rmsprop = RmsPropConfig { centered: true, ..rmsprop };
    after_one_step(rmsprop, &[1.0, 2.0, 1.0, -2.0, 1.0, -4.0 / 3.0]);
    let (two, four) = (2.0_f64.sqrt(), 8.0_f64.sqrt()); // √½ of 2 and of 4
    let adam = AdamConfig { betas: (0.5, 0.5), amsgrad: true, ..AdamConfig::default() };
    after_one_step(adam, &[1.0, -2.0, two, four, two, four]);
    let adamw = AdamWConfig { betas: (0.5, 0.5), ..AdamWConfig::default() };
    after_one_step(adamw, &[1.0, -2.0, two, four]);
}

/// A state of Adam for the network after one step.
fn adams_state() -> State<f64> {
    let mut adam = Descent::new(AdamConfig::default()).unwrap();
    adam.step(&mut network(), &mut gradients()).unwrap();
    adam.state().clone()
}

/// Each spoiled state with its message; the old state stays.
#[test]
fn a_state_fits_or_is_refused_whole() {
    let refused = |spoil: &dyn Fn(&mut State<f64>), message: &str| {
        let mut adam = Descent::<f64, _>::new(AdamConfig::default()).unwrap();
        let old = adam.state().clone();
        let mut state = adams_state();
        spoil(&mut state);
        assert_eq!(adam.restore(state).unwrap_err().to_string(), message);
        assert_eq!(adam.state(), &old);
    };
    let of_adam = "a state of adam with [exp_avg, root_exp_avg_sq]";
    let mut rmsprop =
        Descent::new(RmsPropConfig { centered: true, ..RmsPropConfig::default() }).unwrap();
    rmsprop.step(&mut network(), &mut gradients()).unwrap();
    refused(
        &|state| *state = rmsprop.state().clone(),
        &format!(
            "adam: state: expected {of_adam}, found a state of rmsprop with [deviation, grad_avg]"
        ),
    );
    refused(
        &|state| state.buffers.push("root_max_exp_avg_sq".into()),
        &format!(
            "adam: state: expected {of_adam}, found a state of adam with [exp_avg, \
             root_exp_avg_sq, root_max_exp_avg_sq]"
        ),
    );
    refused(
        &|state| _ = state.parameters[0].buffers.pop(),
        "adam: state: 0.weight: expected 2 buffers of 2 elements, found 3 elements",
    );
    refused(
        &|state| state.parameters[1].length = usize::MAX,
        &format!(
            "adam: state: 0.bias: expected 2 buffers of {} elements, found 2 elements",
            usize::MAX
        ),
    );
    // The next step would drop them silently.
    refused(
        &|state| state.parameters[1].steps = 0,
        "adam: state: 0.bias: expected no buffers at step 0, found 2 elements",
    );
    refused(&|state| state.steps = 0, "adam: state: 0.weight: expected at most 0 steps, found 1");
    for (bad, found) in [(-1e-300, "-0.000…"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let place = "adam: state: 2.bias: root_exp_avg_sq: expected finite numbers ≥ 0, found ";
        let found = if bad < 0.0 { bad.to_string() } else { found.into() };
        refused(&|state| state.parameters[3].buffers[1] = bad, &format!("{place}{found}"));
    }
    refused(
        &|state| state.parameters[3].buffers[0] = f64::NAN,
        "adam: state: 2.bias: exp_avg: expected finite numbers, found NaN",
    );
    refused(
        &|state| state.parameters[3].name = "0.bias".into(),
        "adam: state: expected every tensor to have a name of its own, found two \"0.bias\"",
    );
    for steps in [u64::MAX, (1 << 53) + 1] {
        refused(
            &|state| state.steps = steps,
            &format!("adam: state: expected at most 9007199254740992 steps, found {steps}"),
        );
        refused(
            &|state| state.parameters[4].steps = steps,
            &format!("adam: state: 3.weight: expected at most 1 steps, found {steps}"),
        );
    }
}

/// A counter at its end neither wraps nor moves anything.
#[test]
fn the_last_step_is_refused() {
    let mut adam = Descent::new(AdamConfig::default()).unwrap();
    let mut state = adams_state();
    state.steps = 1 << 53;
    for p in &mut state.parameters {
        p.steps = 1 << 53;
    }
    adam.restore(state.clone()).unwrap();
    let mut model = network();
    assert_eq!(
        adam.step(&mut model, &mut gradients()).unwrap_err().to_string(),
        "adam: state: expected at most 9007199254740991 steps, found 9007199254740992"
    );
    assert_eq!((values(&model), adam.state()), (values(&network()), &state));
}

/// A state of a model whose parameters have other names or lengths is refused by the next step,
/// which moves nothing.
#[test]
fn a_state_of_another_model_is_refused() {
    type Spoil<'a> = (&'a dyn Fn(&mut State<f64>), &'a str);
    let spoil: [Spoil<'_>; 3] = [
        (&|s| s.parameters.swap(3, 4), "expected 3.weight of 1 elements, found 2.bias of 1"),
        (&|s| s.parameters[0].name = "weight".into(), "expected weight of 2 elements, found 0.we"),
        (&|s| _ = s.parameters.pop(), "expected no more parameters, found 3.weight of 1 elements"),
    ];
    for (spoil, message) in spoil {
        let mut adam = Descent::new(AdamConfig::default()).unwrap();
        let mut state = adams_state();
        spoil(&mut state);
        adam.restore(state.clone()).unwrap();
        let mut model = network();
        let error = adam.step(&mut model, &mut gradients()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
        assert_eq!((values(&model), adam.state()), (values(&network()), &state));
    }
}

#[test]
fn buffers_are_found_by_name() {
    let state = adams_state();
    assert_eq!(state.buffer("0.weight", "exp_avg").unwrap().len(), 2);
    assert_eq!(
        state.buffer("1.weight", "exp_avg").unwrap_err().to_string(),
        "state of adam: expected one of 0.weight, 0.bias, 2.weight, 2.bias, 3.weight, found \
         \"1.weight\""
    );
    assert_eq!(
        state.buffer("0.weight", "exp_avg_sq").unwrap_err().to_string(),
        "state of adam: expected one of exp_avg, root_exp_avg_sq, found \"exp_avg_sq\""
    );
}
