//! What all optimizers share: visiting, groups, refusals, and no allocations after the first step.

#![expect(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, AdamWConfig, Descent, Group, LionConfig,
    NAdam, NAdamConfig, Optimizer, RAdamConfig, RmsProp, RmsPropConfig, Rule, Select, Sgd,
    SgdConfig,
};
use support::{Gradients, Vectors, gradients, network, values};
use tensor_core::{Error, Role};

fn plain(lr: f64) -> Sgd<f64> {
    Sgd::new(SgdConfig { lr, ..SgdConfig::default() }).unwrap()
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
        "adam: state: expected 0.bias of 1 elements, found no more parameters"
    );
    assert_eq!((values(&other), gradient.1), (vec![1.0, 2.0], Vec::new()));
    let mut longer = network();
    longer.0.push((4, "bias", Role::Bias, vec![7.0]));
    let mut six = gradients();
    six.0.as_mut().unwrap().push(vec![1.0]);
    assert_eq!(
        adam.step(&mut longer, &mut six).unwrap_err().to_string(),
        "adam: state: expected no more parameters, found 4.bias of 1 elements"
    );
    assert_eq!(longer.0[5].3, [7.0]);
    assert_eq!((values(&model), adam.state().clone()), before);
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
        second_step(NAdamConfig::default()),
        second_step(RAdamConfig::default()),
        second_step(LionConfig::default()),
    ];
    assert_eq!(counts, [0; 8]);
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
            one_step(NAdam::new(NAdamConfig::default()).unwrap(), g),
        ];
        for path in paths {
            assert!(path[0].is_nan() && path[1] == 1.0, "{path:?}");
        }
        let adamw = one_step(AdamW::new(AdamWConfig::default()).unwrap(), g);
        assert!(adamw[0].is_nan() && adamw[1] == 1.0 - 1e-5, "{adamw:?}");
    }
    assert_eq!(one_step(plain(0.5), f64::INFINITY), [f64::NEG_INFINITY, 1.0]);
}

/// A centered RMSprop whose gradients never change: s − m² tends to 0 from above, and its root is
/// right to the last digits. From s_0 = m_0 = 0 with one g: s_t − m_t² = (1 − αᵗ)g² − (1 − αᵗ)²g² =
/// αᵗ(1 − αᵗ) g².
#[test]
fn a_variance_is_never_negative() {
    let config = RmsPropConfig { alpha: 0.5, centered: true, ..RmsPropConfig::default() };
    let mut rmsprop = RmsProp::new(config).unwrap();
    let mut model = Vectors::weight(&[1.0; 40]);
    let g: Vec<f64> = (1..=40).map(|i| 0.1 * f64::from(i)).collect();
    for t in 1..=100 {
        rmsprop.step(&mut model, &mut Gradients::of(&[&g])).unwrap();
        let left = 0.5_f64.powi(t);
        for (d, g) in rmsprop.state().buffer("0.weight", "deviation").unwrap().iter().zip(&g) {
            // A rounding of the mean, which is close to g, for each of the steps that count.
            let want = (left * (1.0 - left)).sqrt() * g;
            assert!((d - want).abs() <= 4.0 * f64::EPSILON * g, "step {t}: {d:e}, {want:e}");
        }
    }
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
        for _ in 0..800 {
            optimizer.step(&mut model, &mut Gradients::of(&[&[0.0]])).unwrap();
            for value in places.iter().map(|&place| optimizer.state().parameters[0].buffers[place])
            {
                assert!(value == 0.0 || value.is_normal(), "{}: {value:e}", R::NAME);
                largest = largest.max(value);
            }
        }
        assert!(largest > 0.0, "{}: the state was never above 0", R::NAME);
        let last = places.iter().map(|&place| optimizer.state().parameters[0].buffers[place]);
        assert!(last.into_iter().all(|value| value == 0.0), "{}", R::NAME);
    }
    decays_to_zero(SgdConfig { momentum: 0.9, ..SgdConfig::default() }, &[0]);
    let rmsprop = RmsPropConfig { alpha: 0.9, momentum: 0.9, centered: true, ..Default::default() };
    decays_to_zero(rmsprop, &[0, 1, 2]);
    decays_to_zero(AdamConfig::default(), &[0]);
    decays_to_zero(AdamWConfig::default(), &[0]);
    let betas = (0.9, 0.9);
    decays_to_zero(NAdamConfig { betas, ..Default::default() }, &[0, 1]);
    decays_to_zero(RAdamConfig { betas, ..Default::default() }, &[0, 1]);
    decays_to_zero(LionConfig { betas, ..Default::default() }, &[0]);
}
