//! A rate that is set is the rate of the next step.

#![allow(clippy::unwrap_used, reason = "a refused call is a failed test, in helpers as well")]

mod support;

use optim::{
    Adagrad, AdagradConfig, Adam, AdamConfig, AdamW, AdamWConfig, EarlyStopping,
    EarlyStoppingConfig, Group, Lion, LionConfig, NAdam, NAdamConfig, Optimizer, RAdam,
    RAdamConfig, RmsProp, RmsPropConfig, Select, Sgd, SgdConfig,
};
use support::{Gradients, Vectors};

/// How far the first step goes, with the rate as configured and after it has been set to another.
fn first_steps<O: Optimizer<f64> + Clone>(optimizer: &O) -> [f64; 2] {
    [None, Some(4.0 * optimizer.lr())].map(|lr| {
        let mut optimizer = optimizer.clone();
        if let Some(lr) = lr {
            optimizer.set_lr(lr).unwrap();
            assert_eq!(optimizer.lr(), lr);
        }
        let mut model = Vectors::weight(&[0.0]);
        optimizer.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
        model.values()[0]
    })
}

// From w = 0, so that decoupled decay does nothing, the first step of every rule is proportional to
// its rate; a rate of 2⁻⁴ and a factor of 4 change no rounding.
#[test]
fn a_rate_that_is_set_is_used() {
    let lr = 0.0625;
    let steps = [
        first_steps(&Sgd::new(SgdConfig { lr, ..SgdConfig::default() }).unwrap()),
        first_steps(&Adagrad::new(AdagradConfig { lr, ..AdagradConfig::default() }).unwrap()),
        first_steps(&RmsProp::new(RmsPropConfig { lr, ..RmsPropConfig::default() }).unwrap()),
        first_steps(&Adam::new(AdamConfig { lr, ..AdamConfig::default() }).unwrap()),
        first_steps(&AdamW::new(AdamWConfig { lr, ..AdamWConfig::default() }).unwrap()),
        first_steps(&NAdam::new(NAdamConfig { lr, ..NAdamConfig::default() }).unwrap()),
        first_steps(&RAdam::new(RAdamConfig { lr, ..RAdamConfig::default() }).unwrap()),
        first_steps(&Lion::new(LionConfig { lr, ..LionConfig::default() }).unwrap()),
    ];
    for [before, after] in steps {
        assert!(before < 0.0 && after == 4.0 * before, "{before} and {after}");
    }
}

#[test]
fn a_rate_that_is_set_leaves_the_configuration_as_it_was() {
    let config = SgdConfig { lr: 0.5, ..SgdConfig::default() };
    let mut sgd = Sgd::<f64>::new(config).unwrap();
    sgd.set_lr(0.25).unwrap();
    assert_eq!((sgd.lr(), sgd.config()), (0.25, config));
}

#[test]
fn early_stopping_goes_on_from_a_saved_state() {
    let config = EarlyStoppingConfig { patience: 2, ..EarlyStoppingConfig::default() };
    let mut first = EarlyStopping::new(config).unwrap();
    let _ = first.step(1.0);
    let _ = first.step(2.0);
    let mut second = EarlyStopping::new(config).unwrap();
    second.restore(first.state()).unwrap();
    assert_eq!(second.state(), first.state());
    assert_eq!(second.step(3.0), first.step(3.0));
}

// Two steps with the gradient 1 from w = 0, λ = ½: v = 1, w = −½; then μ = ¼ is set, v = ¼·1 + 1 =
// 5/4, w = −½ − 5/8 = −9/8. Adam with β₁ changed uses the powers of the new one, as PyTorch does:
// m = 0.1·1, then ½·0.1 + ½·1 = 0.55, m_hat = 0.55/(1 − ½²) = 11/15; v_hat = 1.
#[test]
fn a_momentum_that_is_set_is_used() {
    let mut sgd = Sgd::new(SgdConfig { lr: 0.5, momentum: 0.5, ..SgdConfig::default() }).unwrap();
    let mut model = Vectors::weight(&[0.0]);
    sgd.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
    sgd.set_momentum(0.25).unwrap();
    sgd.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
    assert_eq!(model.values(), [-1.125]);
    let mut adam = Adam::new(AdamConfig { lr: 0.5, eps: 1e-30, ..AdamConfig::default() }).unwrap();
    let mut model = Vectors::weight(&[0.0_f64]);
    adam.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
    adam.set_momentum(0.5).unwrap();
    adam.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
    assert!((model.values()[0] + 0.5 + 0.5 * 11.0 / 15.0).abs() < 1e-14, "{:?}", model.values());
}

#[test]
fn a_momentum_that_cannot_be_set_is_refused() {
    let mut sgd = Sgd::<f64>::new(SgdConfig { momentum: 0.5, ..SgdConfig::default() }).unwrap();
    for momentum in [f64::NAN, -0.1, f64::INFINITY, 0.0] {
        assert!(sgd.set_momentum(momentum).is_err(), "{momentum}");
        assert_eq!(sgd.config().momentum, 0.5);
    }
    let mut plain = Sgd::<f64>::new(SgdConfig::default()).unwrap();
    assert_eq!(
        plain.set_momentum(0.5).unwrap_err().to_string(),
        "sgd: expected momentum to be 0 if it was, and above 0 if it was, found 0.5"
    );
    let mut adagrad = Adagrad::<f64>::new(AdagradConfig::default()).unwrap();
    assert_eq!(
        adagrad.set_momentum(0.5).unwrap_err().to_string(),
        "adagrad: expected momentum to be left alone, as the rule has none, found 0.5"
    );
    let mut adam = Adam::<f64>::new(AdamConfig::default()).unwrap();
    assert!(adam.set_momentum(1.0).is_err());
    assert_eq!(adam.config().betas.0, 0.9);
}

// The group has a rate of its own, so the optimizer's does not matter to it any more; with the rate
// 0 it stays, but its velocity goes on: v = 1, then ½·1 + 1 = 3/2.
#[test]
fn a_group_follows_a_schedule_of_its_own() {
    let config = SgdConfig { lr: 0.5, momentum: 0.5, ..SgdConfig::default() };
    let group = Group::new(Select::weights()).lr_factor(0.5);
    let mut sgd = Sgd::new(config).unwrap().with_group(group).unwrap();
    let mut model = Vectors::weight(&[0.0]);
    assert_eq!(sgd.group_lr(0), Ok(0.25));
    for (lr, w) in [(0.0, 0.0), (2.0, -3.0)] {
        sgd.set_lr(100.0).unwrap();
        sgd.set_group_lr(0, lr).unwrap();
        sgd.step(&mut model, &mut Gradients::of(&[&[1.0]])).unwrap();
        assert_eq!((model.values()[0], sgd.group_lr(0)), (w, Ok(lr)));
    }
    for lr in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(sgd.set_group_lr(0, lr).is_err());
        assert_eq!(sgd.group_lr(0), Ok(2.0));
    }
    assert_eq!(
        sgd.set_group_lr(1, 0.1).unwrap_err().to_string(),
        "sgd: expected an index below 1, found 1"
    );
    let frozen = Group::new(Select::weights()).lr_factor(0.0);
    let mut sgd = Sgd::<f64>::new(config).unwrap().with_group(frozen).unwrap();
    assert_eq!(
        sgd.set_group_lr(0, 0.1).unwrap_err().to_string(),
        "sgd: expected lr_factor to be above 0, as the group is to move, found 0"
    );
}
