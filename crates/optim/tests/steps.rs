//! What all optimizers share: visiting, groups, refusals, saved states, and no allocations after
//! the first step.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, AdamWConfig, Descent, Group, Optimizer,
    RmsProp, RmsPropConfig, Rule, Select, Sgd, SgdConfig, State,
};
use support::{Gradients, Vectors};
use tensor_core::{Error, Role};

fn plain(lr: f64) -> Sgd<f64> {
    Sgd::new(SgdConfig { lr, ..SgdConfig::default() }).unwrap()
}

/// A Linear, a ReLU (layer 1, without parameters), a BatchNorm and a Linear.
fn network() -> Vectors<f64> {
    Vectors(vec![
        (0, "weight", Role::Weight, vec![1.0, 2.0]),
        (0, "bias", Role::Bias, vec![3.0]),
        (2, "weight", Role::Norm, vec![4.0]),
        (2, "bias", Role::Bias, vec![5.0]),
        (3, "weight", Role::Weight, vec![6.0]),
    ])
}

fn gradients() -> Gradients<f64> {
    Gradients::of(&[&[1.0, -1.0], &[2.0], &[4.0], &[8.0], &[16.0]])
}

fn values(model: &Vectors<f64>) -> Vec<f64> {
    model.0.iter().flat_map(|p| p.3.clone()).collect()
}

/// Fault 3 of the course notes (see the page `course` of the crate `models`): their SGD walks over
/// layers and fails on ReLU. Fault 4: it never moves γ and β.
#[test]
fn faults_3_and_4_every_parameter_moves_and_layers_without_are_passed_over() {
    let (mut model, mut workspace) = (network(), gradients());
    plain(0.5).step(&mut model, &mut workspace).unwrap();
    assert_eq!(values(&model), [0.5, 2.5, 2.0, 2.0, 1.0, -2.0]);
    assert_eq!(workspace.1, [true; 5], "buffers are settled");
}

#[test]
fn groups_change_rate_and_decay_of_their_parameters() {
    // Without groups w ← w − ½(g + ¼w). Norms and biases do not decay, layer 3 moves at half the
    // rate. The bias of layer 2 is in both of the first two groups, and the first one counts.
    let config = SgdConfig { lr: 0.5, weight_decay: 0.25, ..SgdConfig::default() };
    let mut sgd = Sgd::new(config)
        .unwrap()
        .with_group(Group::new(Select::biases_and_norms()).weight_decay(0.0))
        .unwrap()
        .with_group(Group::new(Select::within("2")).lr_factor(0.0))
        .unwrap()
        .with_group(Group::new(Select::within("3")).lr_factor(0.5))
        .unwrap();
    let mut model = network();
    sgd.step(&mut model, &mut gradients()).unwrap();
    let expected = [1.0 - 0.625, 2.0 + 0.25, 3.0 - 1.0, 4.0 - 2.0, 5.0 - 4.0, 6.0 - 0.25 * 17.5];
    assert_eq!(values(&model), expected);
    // A schedule moves all groups alike: at rate 0 nothing moves any more.
    sgd.set_lr(0.0).unwrap();
    sgd.step(&mut model, &mut gradients()).unwrap();
    assert_eq!(values(&model), expected);

    let refused = |group| plain(0.5).with_group(group).unwrap_err().to_string();
    assert_eq!(
        refused(Group::new(Select::all()).lr_factor(f64::NAN)),
        "sgd: group: expected lr_factor to be a finite number ≥ 0, found NaN"
    );
    assert_eq!(
        refused(Group::new(Select::all()).weight_decay(-1.0)),
        "sgd: group: expected weight_decay to be a finite number ≥ 0, found -1"
    );
}

#[test]
fn a_refused_step_moves_nothing_and_does_not_count() {
    let mut adam = Adam::new(AdamConfig::default()).unwrap();
    let (mut model, mut none) = (network(), Gradients(None, Vec::new()));
    assert!(matches!(adam.step(&mut model, &mut none), Err(Error::Order { .. })));
    assert_eq!((adam.state().steps, &none.1[..]), (0, &[][..]));
    adam.step(&mut model, &mut gradients()).unwrap();

    let before = (values(&model), adam.state().clone());
    assert!(matches!(adam.step(&mut model, &mut none), Err(Error::Order { .. })));
    let mut other = Vectors::weight(&[1.0, 2.0]);
    let mut gradient = Gradients::of(&[&[1.0, 1.0]]);
    assert_eq!(
        adam.step(&mut other, &mut gradient).unwrap_err().to_string(),
        "adam: expected parameters of lengths [2, 1, 1, 1, 1], found [2]"
    );
    assert_eq!((values(&other), gradient.1), (vec![1.0, 2.0], Vec::new()));
    let mut longer = network();
    longer.0.push((4, "bias", Role::Bias, vec![7.0]));
    let mut six = gradients();
    six.0.as_mut().unwrap().push(vec![1.0]);
    assert!(matches!(adam.step(&mut longer, &mut six), Err(Error::ForeignState { .. })));
    assert_eq!(longer.0[5].3, [7.0]);
    assert_eq!((values(&model), adam.state().clone()), before);
}

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
    let State { steps, lengths, buffers } = first.0.state().clone();
    assert_eq!((steps, &lengths[..]), (5, &[2, 1, 1, 1, 1][..]));
    let mut second = Descent::new(config).unwrap();
    second.restore(State { steps, lengths, buffers }).unwrap();
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
}

// A buffer for each element of each parameter, and none that the rule has no use for.
#[test]
fn buffers_have_pytorchs_names() {
    fn check<R: Rule>(config: R, names: &[&str]) {
        assert_eq!(config.buffers(), names, "{config:?}");
        let mut optimizer = Descent::new(config).unwrap();
        optimizer.step(&mut network(), &mut gradients()).unwrap();
        let State { lengths, buffers, .. } = optimizer.state();
        let expected: Vec<usize> = lengths.iter().map(|n| n * names.len()).collect();
        assert_eq!(buffers.iter().map(Vec::len).collect::<Vec<_>>(), expected, "{config:?}");
    }
    check(SgdConfig::default(), &[]);
    check(SgdConfig { momentum: 0.9, ..SgdConfig::default() }, &["momentum_buffer"]);
    check(AdagradConfig::default(), &["sum"]);
    let rmsprop = RmsPropConfig::default();
    check(rmsprop, &["square_avg"]);
    check(RmsPropConfig { momentum: 0.9, ..rmsprop }, &["square_avg", "momentum_buffer"]);
    check(RmsPropConfig { centered: true, ..rmsprop }, &["square_avg", "grad_avg"]);
    let both = RmsPropConfig { centered: true, momentum: 0.9, ..rmsprop };
    check(both, &["square_avg", "grad_avg", "momentum_buffer"]);
    check(AdamConfig::default(), &["exp_avg", "exp_avg_sq"]);
    let amsgrad = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
    check(AdamConfig { amsgrad: true, ..AdamConfig::default() }, &amsgrad);
    check(AdamWConfig::default(), &["exp_avg", "exp_avg_sq"]);
    check(AdamWConfig { amsgrad: true, ..AdamWConfig::default() }, &amsgrad);
}

// One step with g = [2, −4] and all factors ½: means ½g, mean squares ½g², a sum g², velocities g
// or, in RMSprop with ε = 1, d = g/(√(½g² − ¼g²) + 1) = g/(½|g| + 1) = [1, −4/3].
#[test]
fn a_state_holds_what_its_names_say() {
    fn after_one_step<R: Rule>(config: R) -> Vec<f64> {
        let mut optimizer = Descent::new(config).unwrap();
        let mut model = Vectors::weight(&[0.0, 0.0]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[2.0, -4.0]])).unwrap();
        optimizer.state().buffers[0].clone()
    }
    let sgd = SgdConfig { momentum: 0.5, ..SgdConfig::default() };
    assert_eq!(after_one_step(sgd), [2.0, -4.0]);
    assert_eq!(after_one_step(AdagradConfig::default()), [4.0, 16.0]);
    let rmsprop = RmsPropConfig { alpha: 0.5, eps: 1.0, momentum: 0.5, ..Default::default() };
    let rmsprop = after_one_step(RmsPropConfig { centered: true, ..rmsprop });
    assert_eq!(rmsprop, [2.0, 8.0, 1.0, -2.0, 1.0, -4.0 / 3.0]);
    let adam = AdamConfig { betas: (0.5, 0.5), amsgrad: true, ..AdamConfig::default() };
    assert_eq!(after_one_step(adam), [1.0, -2.0, 2.0, 8.0, 2.0, 8.0]);
    let adamw = AdamWConfig { betas: (0.5, 0.5), ..AdamWConfig::default() };
    assert_eq!(after_one_step(adamw), [1.0, -2.0, 2.0, 8.0]);
}

#[test]
fn a_state_of_another_rule_is_refused() {
    let mut adam = Adam::new(AdamConfig::default()).unwrap();
    adam.step(&mut network(), &mut gradients()).unwrap();
    let mut sgd = plain(0.5);
    assert_eq!(
        sgd.restore(adam.state().clone()).unwrap_err().to_string(),
        "sgd: state: expected parameters of lengths [0, 0, 0, 0, 0], found [4, 2, 2, 2, 2]"
    );
    assert_eq!(sgd.state(), &State::default());
}

#[test]
fn the_second_step_allocates_nothing() {
    fn second_step<R: Rule>(config: R) -> u64 {
        let group = Group::new(Select::biases_and_norms()).weight_decay(0.0);
        let mut optimizer = Descent::new(config).unwrap().with_group(group).unwrap();
        let (mut model, mut workspace) = (network(), gradients());
        let mut step = || optimizer.step(&mut model, &mut workspace).unwrap();
        let first = allocation_counter::measure(&mut step);
        assert!(first.count_total > 0, "{}: the state is made by the first step", R::NAME);
        allocation_counter::measure(step).count_total
    }
    let counts = [
        second_step(SgdConfig { momentum: 0.9, ..SgdConfig::default() }),
        second_step(AdagradConfig::default()),
        second_step(RmsPropConfig { momentum: 0.9, centered: true, ..RmsPropConfig::default() }),
        second_step(AdamConfig { amsgrad: true, ..AdamConfig::default() }),
        second_step(AdamWConfig::default()),
    ];
    assert_eq!(counts, [0; 5]);
}

/// NaN goes through and stays where it was; an infinite gradient makes the adaptive rules NaN
/// (∞/∞), SGD infinite.
#[test]
fn numbers_that_are_none_stay_in_their_element() {
    fn one_step(mut optimizer: impl Optimizer<f64>, g: f64) -> Vec<f64> {
        let mut model = Vectors::weight(&[1.0, 1.0]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[g, 0.0]])).unwrap();
        model.values().to_vec()
    }
    for g in [f64::NAN, f64::INFINITY] {
        let paths = [
            one_step(Adagrad::new(AdagradConfig::default()).unwrap(), g),
            one_step(RmsProp::new(RmsPropConfig::default()).unwrap(), g),
            one_step(Adam::new(AdamConfig { amsgrad: true, ..Default::default() }).unwrap(), g),
            one_step(Adam::new(AdamConfig::default()).unwrap(), g),
        ];
        for path in paths {
            assert!(path[0].is_nan() && path[1] == 1.0, "{path:?}");
        }
        let adamw = one_step(AdamW::new(AdamWConfig::default()).unwrap(), g);
        assert!(adamw[0].is_nan() && adamw[1] == 1.0 - 1e-5, "{adamw:?}");
    }
    assert_eq!(one_step(plain(0.5), f64::INFINITY), [f64::NEG_INFINITY, 1.0]);
}

/// A centered RMSprop whose gradients never change: s − m² tends to 0 from above, but rounding may
/// take it below.
#[test]
fn a_variance_is_never_negative() {
    let config = RmsPropConfig { alpha: 0.5, centered: true, ..RmsPropConfig::default() };
    let mut rmsprop = RmsProp::new(config).unwrap();
    let mut model = Vectors::weight(&[1.0; 40]);
    let g: Vec<f64> = (1..=40).map(|i| 0.1 * f64::from(i)).collect();
    let mut negative = 0;
    for _ in 0..100 {
        rmsprop.step(&mut model, &mut Gradients::of(&[&g])).unwrap();
        let (square, mean) = rmsprop.state().buffers[0].split_at(40);
        negative += square.iter().zip(mean).filter(|(s, m)| **s - **m * **m < 0.0).count();
    }
    assert!(negative > 0, "the case is not met");
    assert!(model.values().iter().all(|w| w.is_finite()));
}

// 0.9ᵗ·1e−30 passes the smallest normal number, 1.2e−38, after some 170 steps. Rounding would keep
// it at 5 units of 1.4e−45 for ever: 0.9·5 = 4.5 goes to the even 4, and 0.9·4 = 3.6 to 4.
#[test]
fn the_state_of_an_element_without_gradients_becomes_zero() {
    fn decays_to_zero<R: Rule>(config: R, places: &[usize]) {
        let mut optimizer = Descent::new(config).unwrap();
        let mut model = Vectors::weight(&[1.0_f32]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[1e-30]])).unwrap();
        let mut largest = 0.0_f32;
        for _ in 0..400 {
            optimizer.step(&mut model, &mut Gradients::of(&[&[0.0]])).unwrap();
            for value in places.iter().map(|&place| optimizer.state().buffers[0][place]) {
                assert!(value == 0.0 || value.is_normal(), "{}: {value:e}", R::NAME);
                largest = largest.max(value);
            }
        }
        assert!(largest > 0.0, "{}: the state was never above 0", R::NAME);
        let last = places.iter().map(|&place| optimizer.state().buffers[0][place]);
        assert!(last.into_iter().all(|value| value == 0.0), "{}", R::NAME);
    }
    decays_to_zero(SgdConfig { momentum: 0.9, ..SgdConfig::default() }, &[0]);
    let rmsprop = RmsPropConfig { alpha: 0.9, momentum: 0.9, centered: true, ..Default::default() };
    decays_to_zero(rmsprop, &[1, 2]);
    decays_to_zero(AdamConfig::default(), &[0]);
    decays_to_zero(AdamWConfig::default(), &[0]);
}
